/* An advisory as somebody may publish it: JSON or YAML. Holds: what is refused says why; of what is accepted the proposed rule
 * is a text that the policy's YAML reader takes, with this id and only observing, and that `enforce` and `drop` can change. */
#include <stdint.h>
#include <stdlib.h>

#include "cli/advisory.h"
#include "cli/rule_text.h"
#include "conf/yaml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void need(bool holds)
{
	if (!holds)
		abort();
}

static void rule_check(struct str text, struct str slug)
{
	const struct yml_node *rule;
	struct yml *tree = NULL;
	struct err err = {};

	need(yml_parse(&tree, text, "rule", &err) == 0);
	rule = yml_get(yml_root(tree), "rules")->first;
	need(rule && str_eq(yml_get(rule, "id")->text, slug) && str_is(yml_get(rule, "mode")->text, "observe"));
	need(yml_get(yml_get(rule, "clients"), "product") && yml_get(yml_get(rule, "clients"), "versions"));
	yml_free(tree);
}

static void changes_check(struct str text, struct str slug)
{
	const struct rule_dates dates = {.deny_from = STR("2027-10-15")};
	struct buf enforced = BUF_INIT(8 << 20), dropped = BUF_INIT(8 << 20);
	struct yml *tree = NULL;
	struct err err = {};
	bool empty;

	need(rule_text_enforce(text, slug, &dates, &enforced, &err) == 0);
	need(yml_parse(&tree, buf_view(&enforced), "rule", &err) == 0);
	need(str_is(yml_get(yml_get(yml_root(tree), "rules")->first, "mode")->text, "enforce"));
	need(yml_get(yml_get(yml_root(tree), "rules")->first, "campaign") != NULL);
	yml_free(tree);
	need(rule_text_drop(text, slug, &dropped, &empty, &err) == 0 && !empty);
	need(rule_text_drop(buf_view(&dropped), slug, &enforced, &empty, &err) != 0);
	buf_done(&enforced);
	buf_done(&dropped);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = str_of((const char *)data, size);
	struct arena *arena = arena_new(64 << 20);
	struct buf rule = BUF_INIT(8 << 20);
	struct advisory a;
	struct err err = {};
	struct str slug;

	if (advisory_read(&a, text, "advisory", STR_NONE, STR_NONE, arena, &err)) {
		need(err.text[0]);
	} else {
		need(a.id.len && a.count && a.packages[0].affected.len);
		slug = advisory_slug(a.id, arena);
		advisory_put_rule(&rule, &a, slug, STR("2026-11-23T00:00:00Z"), STR("root"));
		need(!buf_failed(&rule));
		rule_check(buf_view(&rule), slug);
		changes_check(buf_view(&rule), slug);
	}
	buf_done(&rule);
	arena_free(arena);
	return 0;
}
