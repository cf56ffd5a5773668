#include "check.h"

#include <errno.h>
#include <stdlib.h>

#include "cli/rule_text.h"

#define FILE_TEXT                                                                                                         \
	"# About clients.\n"                                                                                              \
	"rules:\n"                                                                                                        \
	"  # The first one.\n"                                                                                            \
	"  - id: one # odd\n"                                                                                             \
	"    purpose: p\n"                                                                                                \
	"    clients: { product: Gajim }\n"                                                                               \
	"    effect: deny\n"                                                                                              \
	"    mode: observe # still\n"                                                                                     \
	"    samples:\n"                                                                                                  \
	"      - { product: Gajim, effect: deny }\n"                                                                      \
	"\n"                                                                                                              \
	"  # The second one.\n"                                                                                           \
	"  - { id: two, purpose: p, clients: any, effect: deny, mode: observe }\n"                                        \
	"  - id: three\n"                                                                                                 \
	"    mode: observe\n"                                                                                             \
	"    campaign:\n"                                                                                                 \
	"      deny_from: 2026-01-01\n"                                                                                   \
	"      remind_days: 3\n"                                                                                          \
	"    effect: deny\n"                                                                                              \
	"help: desk\n"

static char *enforced(const char *text, const char *id, const char *warn, const char *deny, int expected)
{
	struct rule_dates dates = {.warn_from = str_from(warn), .deny_from = str_from(deny)};
	struct buf out = BUF_INIT(65536);
	struct err err = {.text = ""};
	int r = rule_text_enforce(str_from(text), str_from(id), &dates, &out, &err);
	char *copy;

	if (r != expected)
		fail_msg("%d: %s", r, err.text);
	copy = str_dupz(buf_view(&out));
	buf_done(&out);
	return copy;
}

static void the_mode_is_changed_where_it_stands(void **state)
{
	char *text = enforced(FILE_TEXT, "one", NULL, NULL, 0);

	(void)state;
	assert_non_null(strstr(text, "    mode: enforce # still\n"));
	assert_int_equal(strlen(text), strlen(FILE_TEXT));
	assert_non_null(strstr(text, "effect: deny, mode: observe }"));
	free(text);
	text = enforced(FILE_TEXT, "two", NULL, NULL, 0);
	assert_non_null(strstr(text, "effect: deny, mode: enforce }"));
	assert_non_null(strstr(text, "mode: observe # still\n"));
	free(text);
}

static void dates_become_a_campaign(void **state)
{
	char *text = enforced(FILE_TEXT, "one", "2026-10-01", "2026-10-15", 0);

	(void)state;
	assert_non_null(strstr(text, "    campaign: { warn_from: \"2026-10-01\", deny_from: \"2026-10-15\" }\n    mode: enforce # still\n"));
	free(text);
	text = enforced(FILE_TEXT, "three", NULL, "2026-10-15", 0);
	assert_non_null(strstr(text, "    mode: enforce\n    campaign: { deny_from: \"2026-10-15\" }\n    effect: deny\nhelp: desk\n"));
	assert_null(strstr(text, "remind_days"));
	free(text);
}

static void what_cannot_be_changed_is_said(void **state)
{
	(void)state;
	free(enforced(FILE_TEXT, "two", NULL, "2026-10-15", -EINVAL));
	free(enforced(FILE_TEXT, "four", NULL, NULL, -ENOENT));
	free(enforced("rules:\n- {id: a}\n", "a", NULL, NULL, -EINVAL));
	free(enforced("rules: [\n", "a", NULL, NULL, -EINVAL));
	free(enforced("rules:\n- mode: observe\n  id: a\n", "a", NULL, "2026-10-15", -EINVAL));
}

static char *dropped(const char *text, const char *id, bool expected_empty, int expected)
{
	struct buf out = BUF_INIT(65536);
	struct err err = {.text = ""};
	bool empty = false;
	int r = rule_text_drop(str_from(text), str_from(id), &out, &empty, &err);
	char *copy;

	if (r != expected)
		fail_msg("%d: %s", r, err.text);
	assert_int_equal(empty, expected_empty);
	copy = str_dupz(buf_view(&out));
	buf_done(&out);
	return copy;
}

static void a_rule_goes_with_its_lines(void **state)
{
	char *text = dropped(FILE_TEXT, "two", false, 0);

	(void)state;
	assert_null(strstr(text, "id: two"));
	assert_non_null(strstr(text, "  - id: three\n    mode: observe\n    campaign:\n"));
	free(text);
	text = dropped(FILE_TEXT, "one", false, 0);
	assert_null(strstr(text, "Gajim"));
	assert_non_null(strstr(text, "  # The second one.\n  - { id: two"));
	free(text);
	text = dropped(FILE_TEXT, "three", false, 0);
	assert_null(strstr(text, "remind_days"));
	assert_non_null(strstr(text, "mode: observe }\nhelp: desk\n"));
	free(text);
}

static void a_file_may_be_empty_then(void **state)
{
	(void)state;
	free(dropped("# x\nrules:\n  - id: a\n    mode: observe\n", "a", true, 0));
	free(dropped("rules:\n- id: a\npatches: []\n", "a", true, 0));
	free(dropped("patches:\n- id: a\nrules:\n- id: b\n", "a", false, 0));
	free(dropped("rules: [{id: a}]\n", "a", false, -EINVAL));
	free(dropped("rules: []\n", "a", false, -ENOENT));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_mode_is_changed_where_it_stands),
		cmocka_unit_test(dates_become_a_campaign),
		cmocka_unit_test(what_cannot_be_changed_is_said),
		cmocka_unit_test(a_rule_goes_with_its_lines),
		cmocka_unit_test(a_file_may_be_empty_then),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
