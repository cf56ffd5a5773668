/* Folding and inspection. The input is made valid UTF-8 first (a byte that is none becomes U+FFFD), as the
 * tokenizer does it for us. Its first byte chooses the kind of text and whether it is cut into two texts of a
 * stanza. Holds: folded text is valid, within its bound and stays as it is when folded again; places lead
 * back in order and inside the text; what is found lies inside the text; gates lose nothing; the same text
 * has the same verdict a second time. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fold.h"
#include "inspect/inspect_private.h"
#include "stanza/ns.h"
#include "valid_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct policy_set *set;
static struct inspect_scratch *scratch;

static void write_file(const char *dir, const char *name, const char *text)
{
	char path[200];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "w");
	need(f && fputs(text, f) >= 0 && fclose(f) == 0);
}

static const char rules[] =
	"rules:\n"
	"- {id: words, purpose: p, match: {words: [bluebird, kill, 'open*', '*left', nightfall project, "
	"\u0432\u0440\u0430\u0433,\n"
	"   \u6697\u6740], evasions: true}, action: block, mode: enforce, notice: {en: no}}\n"
	"- {id: expressions, purpose: p, match: {regex: ['\\d{3}-\\d{4}', '[a-z.]+@x\\.y', 'sell "
	".{0,20}before', '^top$',\n"
	"   '[0-9a-f]{24}', 'a.+b']}, action: log, mode: enforce}\n"
	"- {id: cards, purpose: p, match: {detector: payment-card}, action: block, mode: enforce, notice: "
	"{en: no}}\n"
	"- {id: allowed, purpose: p, match: {words: [free bluebird]}, action: allow, mode: enforce}\n";

static void prepare(void)
{
	char dir[] = "/tmp/gatehouse-fuzz-XXXXXX", path[64], command[80];

	if (set)
		return;
	need(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/rules", dir);
	need(mkdir(path, 0700) == 0);
	write_file(dir, "policy.yaml", "on_error: block\ninspect_bytes: 4096\nnotice: {en: no}\n");
	write_file(dir, "rules/r.yaml", rules);
	need(policy_set_load(&set, dir, &inspect_engine, NULL) == 0);
	scratch = inspect_scratch_new();
	need(scratch);
	snprintf(command, sizeof(command), "rm -r %s", dir);
	need(system(command) == 0);
}

typedef size_t fold_fn(struct str text, char *out, struct fold_stats *stats);
typedef size_t origin_fn(struct str text, size_t offset);

static void check_fold(struct str text, fold_fn *fold, origin_fn *origin)
{
	/* exactly as large as promised, so that a byte too many shows */
	char *once = malloc(text.len * FOLD_GROWTH + 1), *twice;
	struct fold_stats stats;
	size_t n = fold(text, once, &stats), last = 0;

	need(n <= text.len * FOLD_GROWTH && utf8_is_valid(str_of(once, n)));
	need(!stats.same || n == text.len);
	twice = malloc(n * FOLD_GROWTH + 1);
	need(fold(str_of(once, n), twice, &stats) == n && memcmp(once, twice, n) == 0);
	for (size_t i = 0; i <= n; i += 1 + n / 64) {
		size_t at = origin(text, i);

		need(at >= last && at <= text.len);
		last = at;
	}
	for (size_t i = 0; i <= n; i++) {
		if (i < n && ((uint8_t)once[i] & 0xc0) == 0x80)
			continue;
		(void)fold_is_word_at(str_of(once, n), i);
		(void)fold_is_word_before(str_of(once, n), i);
	}
	free(once);
	free(twice);
}

static void check_find(struct str text, enum text_kind kind)
{
	const struct hits *hits;
	enum cannot_tell why = inspect_find(policy_set_engine(set), scratch, kind, text, true, &hits);
	size_t count = hits->count;

	need((why == CANNOT_TELL_CEILING) == (text.len >= 4096 - 1));
	for (size_t i = 0; i < hits->count; i++) {
		struct finding f = inspect_finding(policy_set_engine(set), scratch, &hits->list[i]);

		need(f.offset <= text.len && f.length <= text.len - f.offset);
	}
	need(inspect_find(policy_set_engine(set), scratch, kind, text, false, &hits) == why &&
		hits->count == count);
}

static void check_stanza(struct str text, bool two)
{
	struct arena *arena = arena_new(0);
	struct node *m = node_new(arena, STR("message"), NS_CLIENT);
	struct node *body = node_add(arena, m, STR("body"), NS_CLIENT);
	size_t half = text.len / 2;
	struct verdict first = {}, second = {};

	while (half < text.len && ((uint8_t)text.data[half] & 0xc0) == 0x80)
		half++;
	node_add_text(arena, body, str_cut(text, 0, half));
	if (two)
		body = node_add(arena, m, STR("subject"), NS_CLIENT);
	node_add_text(arena, body, str_cut(text, half, text.len));
	inspect_stanza(set, scratch, m, NULL, NULL, arena, &first);
	inspect_stanza(set, scratch, m, NULL, NULL, arena, &second);
	need(first.action == second.action && first.count == second.count &&
		first.cannot_tell == second.cannot_tell);
	arena_free(arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf valid = BUF_INIT(0);
	struct str text;

	prepare();
	if (size == 0)
		return 0;
	text = valid_text(data + 1, size - 1, &valid);
	check_fold(text, fold_word, fold_word_origin);
	check_fold(text, fold_light, fold_light_origin);
	check_find(text, (enum text_kind)(1 + data[0] % (KIND_COUNT - 1)));
	check_stanza(text, data[0] & 0x80);
	buf_done(&valid);
	return 0;
}
