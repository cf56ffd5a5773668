#include "check.h"

#include "rule/policy_set.h"
#include "rule/warning.h"
#include "rule/who.h"

static struct notice german = {.lang = STR("de"), .text = STR("nein")};
static struct notice english = {.next = &german, .lang = STR("en"), .text = STR("no")};

static void the_strongest_enforced_action_counts(void **state)
{
	static const struct {
		enum action action;
		enum mode mode;
		enum action then;
	} steps[] = {
		{ACTION_BLOCK, MODE_OBSERVE, ACTION_ALLOW},
		{ACTION_LOG, MODE_ENFORCE, ACTION_LOG},
		{ACTION_ALLOW, MODE_ENFORCE, ACTION_LOG},
		{ACTION_BLOCK, MODE_ENFORCE, ACTION_BLOCK},
		{ACTION_LOG, MODE_ENFORCE, ACTION_BLOCK},
	};
	struct arena *arena = arena_new(0);
	struct verdict v = {};

	(void)state;
	for (size_t i = 0; i < sizeof(steps) / sizeof(*steps); i++) {
		struct finding f = {.rule = STR("r"), .action = steps[i].action, .mode = steps[i].mode};

		verdict_add(&v, arena, &f, &english);
		assert_int_equal(v.action, steps[i].then);
	}
	assert_int_equal(v.count, 5);
	assert_true(verdict_blocks(&v));
	assert_str(v.rule, "r");
	assert_str(v.notice->next->text, "nein");
	arena_free(arena);
}

static void many_findings_keep_the_strongest(void **state)
{
	struct arena *arena = arena_new(0);
	struct verdict v = {};

	(void)state;
	for (int i = 0; i < VERDICT_FINDINGS_MAX + 10; i++)
		verdict_add(&v, arena, &(struct finding){.rule = STR("weak"), .action = ACTION_LOG}, NULL);
	verdict_add(&v, arena,
		&(struct finding){.rule = STR("strong"), .action = ACTION_BLOCK, .mode = MODE_ENFORCE},
		&english);
	assert_int_equal(v.count, VERDICT_FINDINGS_MAX);
	assert_int_equal(v.dropped, 11);
	assert_str(v.rule, "strong");
	assert_str(v.last->rule, "strong");
	arena_free(arena);
}

static void a_full_arena_cannot_tell_and_blocks(void **state)
{
	struct arena *arena = arena_new(16);
	struct verdict v = {};

	(void)state;
	verdict_add(&v, arena, &(struct finding){.rule = STR("a rule of some length"), .action = ACTION_LOG},
		NULL);
	assert_int_equal(v.cannot_tell, CANNOT_TELL_MEMORY);
	policy_set_cannot_tell(NULL, CANNOT_TELL_MEMORY, &v, arena);
	assert_true(verdict_blocks(&v));
	arena_free(arena);
}

static void notices_are_chosen_by_language(void **state)
{
	static const struct {
		const char *lang, *text;
	} cases[] = {{"de", "nein"}, {"DE-at", "nein"}, {"en-GB", "no"}, {"fr", "no"}, {"", "no"}};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_str(notice_choose(&english, str_from(cases[i].lang))->text, cases[i].text);
	assert_null(notice_choose(NULL, STR("en")));
}

static void the_verdict_as_json(void **state)
{
	struct arena *arena = arena_new(0);
	struct buf out = BUF_INIT(0);
	struct verdict v = {.policy_version = "0123456789abcdef"};
	struct finding f = {.rule = STR("cards"),
		.action = ACTION_BLOCK,
		.mode = MODE_ENFORCE,
		.kind = KIND_MESSAGE,
		.offset = 3,
		.length = 16,
		.detail = STR("visa")};

	(void)state;
	verdict_add(&v, arena, &f, NULL);
	verdict_put_json(&out, &v);
	assert_string_equal(buf_cstr(&out), "{\"action\":\"block\",\"policy\":\"0123456789abcdef\",\"rule\":"
					    "\"cards\",\"findings\":[{\"rule\":\"cards\","
					    "\"action\":\"block\",\"mode\":\"enforce\",\"kind\":\"message\","
					    "\"offset\":3,\"length\":16,\"detail\":\"visa\"}]}");
	buf_done(&out);
	arena_free(arena);
}

static void terms_of_people(void **state)
{
	static const struct str groups[] = {STR("Sales"), STR("Board")};
	static const struct {
		const char *term;
		bool parses, has;
	} cases[] = {
		{"anyone", true, true},
		{"inside", true, true},
		{"outside", true, false},
		{"person:alice@example.org", true, true},
		{"person:bob@example.org", true, false},
		{"group:sales", true, true},
		{"group:Sale", true, false},
		{"domain:example.org", true, true},
		{"domain:org", true, false},
		{"everyone", false, false},
		{"group:", false, false},
		{"alice@example.org", false, false},
		{"", false, false},
		{"Anyone", false, false},
	};
	struct subject alice = subject_of(STR("alice@example.org"), true);

	(void)state;
	alice.groups = groups;
	alice.group_count = 2;
	assert_str(alice.domain, "example.org");
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct who_term term = {};
		struct who who = {.terms = &term, .count = 1};

		assert_int_equal(who_term_parse(str_from(cases[i].term), &term), cases[i].parses);
		if (cases[i].parses && who_has(&who, &alice) != cases[i].has)
			fail_msg("%s", cases[i].term);
	}
	assert_false(who_has(&(struct who){}, &alice));
}

static void whom_a_date_is_coming_for_is_told_in_his_language(void **state)
{
	static const struct {
		const char *lang, *text, *in;
	} tellings[] = {
		{"de-CH", "Ab 2027-10-15 wird hier etwas abgelehnt, was Ihr Programm eben benutzt hat. nein", "de"},
		{"fr", "From 2027-10-15 on, something that your program has just used will be refused here. no", "en"},
		{"", "From 2027-10-15 on, something that your program has just used will be refused here. no", "en"},
	};
	struct warning first = {.rule = STR("r"), .date = STR("2027-10-15"), .notice = &english};
	struct arena *arena = arena_new(0);
	struct verdict v = {};

	(void)state;
	verdict_warn(&v, arena, &first);
	first.date = STR("2028-01-01");
	verdict_warn(&v, arena, &first);
	assert_non_null(v.warnings);
	assert_null(v.warnings->next);
	for (size_t i = 0; i < sizeof(tellings) / sizeof(*tellings); i++) {
		struct buf text = BUF_INIT(0);

		assert_str(warning_put_text(&text, v.warnings, str_from(tellings[i].lang)), tellings[i].in);
		assert_str(buf_view(&text), tellings[i].text);
		buf_done(&text);
	}
	arena_free(arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_strongest_enforced_action_counts),
		cmocka_unit_test(many_findings_keep_the_strongest),
		cmocka_unit_test(a_full_arena_cannot_tell_and_blocks),
		cmocka_unit_test(notices_are_chosen_by_language),
		cmocka_unit_test(whom_a_date_is_coming_for_is_told_in_his_language),
		cmocka_unit_test(the_verdict_as_json),
		cmocka_unit_test(terms_of_people),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
