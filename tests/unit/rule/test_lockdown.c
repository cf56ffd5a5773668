#include "check.h"

#include <errno.h>

#include "rule/lockdown.h"
#include "rule/matter.h"

static const struct str groups[] = {STR("Sales"), STR("IT"), STR("Watch")};

enum someone { SELLER, ADMIN, WATCHMAN, NOBODY, STRANGER };

static struct subject person_of(enum someone who)
{
	static const char *const jids[] = {
		"sue@example.org", "adam@example.org", "wes@example.org", "ned@example.org", "x@example.net"};
	struct subject s = subject_of(str_from(jids[who]), who != STRANGER);

	s.resource = STR("desk");
	if (who < NOBODY) {
		s.groups = &groups[who];
		s.group_count = 1;
	}
	return s;
}

#define SWITCH(w, s, n, e) ((struct lockdown_switch){.id = STR("L-1"), .what = w, .scope = s, .name = STR(n), .except = STR(e)})

static struct lockdown *one(struct lockdown_switch s)
{
	struct lockdown *l = NULL;

	assert_int_equal(lockdown_new(&l, &s, 1, STR("it")), 0);
	return l;
}

static bool bars(struct lockdown_switch s, enum someone who, struct str agent, const struct judgement *client)
{
	struct lockdown *l = one(s);
	struct subject person = person_of(who);
	struct lockdown_party party = {&person, agent, client};
	bool barred = lockdown_bars(l, &party) != NULL;

	lockdown_unref(l);
	return barred;
}

static void whom_a_switch_is_for(void **state)
{
	struct judgement gajim = {.product = STR("Gajim"), .version = STR("1.7.3")}, dino = {.product = STR("Dino")};

	(void)state;
#define EVERYTHING(scope, name, except) SWITCH(LOCKDOWN_EVERYTHING, scope, name, except)
	assert_true(bars(EVERYTHING(LOCKDOWN_ALL, "", ""), SELLER, STR(""), NULL));
	assert_true(bars(EVERYTHING(LOCKDOWN_ALL, "", ""), NOBODY, STR(""), NULL));
	assert_false(bars(EVERYTHING(LOCKDOWN_ALL, "", ""), ADMIN, STR(""), NULL));
	assert_false(bars(EVERYTHING(LOCKDOWN_ALL, "", "watch"), WATCHMAN, STR(""), NULL));
	assert_true(bars(EVERYTHING(LOCKDOWN_GROUP, "sales", ""), SELLER, STR(""), NULL));
	assert_false(bars(EVERYTHING(LOCKDOWN_GROUP, "sales", ""), NOBODY, STR(""), NULL));
	assert_false(bars(EVERYTHING(LOCKDOWN_GROUP, "it", ""), ADMIN, STR(""), NULL));
	/* narrow ones catch the security team, too */
	assert_true(bars(EVERYTHING(LOCKDOWN_ACCOUNT, "adam@example.org", ""), ADMIN, STR(""), NULL));
	assert_false(bars(EVERYTHING(LOCKDOWN_ACCOUNT, "adam@example.org", ""), SELLER, STR(""), NULL));
	assert_false(bars(EVERYTHING(LOCKDOWN_ACCOUNT, "adam@example.org", "it"), ADMIN, STR(""), NULL));
	assert_true(bars(EVERYTHING(LOCKDOWN_DEVICE, "adam@example.org/desk", ""), ADMIN, STR(""), NULL));
	assert_false(bars(EVERYTHING(LOCKDOWN_DEVICE, "adam@example.org/phone", ""), ADMIN, STR(""), NULL));
	assert_false(bars(EVERYTHING(LOCKDOWN_DEVICE, "sue@example.org/desk", ""), ADMIN, STR(""), NULL));
	assert_true(bars(EVERYTHING(LOCKDOWN_DEVICE, "D4565FA7-4D72-4749-B3D3-740EDBF87770", ""), SELLER,
		STR("d4565fa7-4d72-4749-b3d3-740edbf87770"), NULL));
	assert_false(bars(EVERYTHING(LOCKDOWN_DEVICE, "d4565fa7-4d72-4749-b3d3-740edbf87770", ""), SELLER, STR(""), NULL));
	assert_true(bars(EVERYTHING(LOCKDOWN_PRODUCT, "gajim", ""), ADMIN, STR(""), &gajim));
	assert_false(bars(EVERYTHING(LOCKDOWN_PRODUCT, "gajim", ""), ADMIN, STR(""), &dino));
	assert_false(bars(EVERYTHING(LOCKDOWN_PRODUCT, "gajim", ""), ADMIN, STR(""), NULL));
	assert_false(bars(SWITCH(LOCKDOWN_MESSAGES, LOCKDOWN_ALL, "", ""), SELLER, STR(""), NULL));
}

static void versions_of_a_product(void **state)
{
	struct lockdown_switch s = SWITCH(LOCKDOWN_EVERYTHING, LOCKDOWN_PRODUCT, "Gajim", "");
	struct judgement old = {.product = STR("Gajim"), .version = STR("1.7.3")},
			 new = {.product = STR("Gajim"), .version = STR("1.8.0")}, unknown = {.product = STR("Gajim")};
	struct lockdown *l = NULL;

	(void)state;
	s.versions = STR("<1.8");
	assert_true(bars(s, SELLER, STR(""), &old));
	assert_false(bars(s, SELLER, STR(""), &new));
	assert_false(bars(s, SELLER, STR(""), &unknown));
	s.versions = STR("<1.8 || unknown");
	assert_true(bars(s, SELLER, STR(""), &unknown));
	s.versions = STR("about 2");
	assert_int_equal(lockdown_new(&l, &s, 1, STR("")), -EINVAL);
}

static const struct {
	enum lockdown_what what;
	enum lockdown_scope scope;
	const char *name;
	unsigned matter;
	enum someone from, to;
	bool stopped;
} cases[] = {
	{LOCKDOWN_MESSAGES, LOCKDOWN_ALL, "", MATTER_SPEECH, SELLER, NOBODY, true},
	{LOCKDOWN_MESSAGES, LOCKDOWN_ALL, "", MATTER_CALL, SELLER, NOBODY, false},
	{LOCKDOWN_MESSAGES, LOCKDOWN_ALL, "", MATTER_SPEECH, ADMIN, NOBODY, false},
	{LOCKDOWN_MESSAGES, LOCKDOWN_ALL, "", MATTER_SPEECH, NOBODY, ADMIN, false},
	{LOCKDOWN_FILES, LOCKDOWN_ALL, "", MATTER_SPEECH, SELLER, NOBODY, false},
	{LOCKDOWN_FILES, LOCKDOWN_ALL, "", MATTER_SPEECH | MATTER_FILE, SELLER, NOBODY, true},
	{LOCKDOWN_FILES, LOCKDOWN_ALL, "", MATTER_PICTURE, SELLER, NOBODY, true},
	{LOCKDOWN_FILES, LOCKDOWN_ALL, "", MATTER_FILE, ADMIN, NOBODY, false},
	{LOCKDOWN_FILES, LOCKDOWN_ALL, "", MATTER_FILE, NOBODY, ADMIN, true},
	{LOCKDOWN_LINKS, LOCKDOWN_GROUP, "sales", MATTER_LINK, NOBODY, SELLER, true},
	{LOCKDOWN_LINKS, LOCKDOWN_GROUP, "sales", MATTER_LINK, SELLER, NOBODY, true},
	{LOCKDOWN_LINKS, LOCKDOWN_GROUP, "sales", MATTER_LINK, NOBODY, WATCHMAN, false},
	{LOCKDOWN_LINKS, LOCKDOWN_GROUP, "sales", MATTER_LINK, ADMIN, SELLER, false},
	{LOCKDOWN_LINKS, LOCKDOWN_ALL, "", MATTER_HISTORY, SELLER, SELLER, true},
	{LOCKDOWN_CALLS, LOCKDOWN_ACCOUNT, "sue@example.org", MATTER_CALL, NOBODY, SELLER, true},
	{LOCKDOWN_ROOMS, LOCKDOWN_ALL, "", MATTER_ROOM, SELLER, NOBODY, true},
	{LOCKDOWN_OUTSIDE, LOCKDOWN_ALL, "", MATTER_OUTSIDE, STRANGER, NOBODY, true},
	{LOCKDOWN_OUTSIDE, LOCKDOWN_ALL, "", MATTER_SPEECH, SELLER, NOBODY, false},
	{LOCKDOWN_EVERYTHING, LOCKDOWN_GROUP, "sales", MATTER_SPEECH, SELLER, NOBODY, true},
	/* it waits for him */
	{LOCKDOWN_EVERYTHING, LOCKDOWN_GROUP, "sales", MATTER_SPEECH, NOBODY, SELLER, false},
};

static void what_a_switch_stops(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct lockdown_switch s = {
			.id = STR("L-1"), .what = cases[i].what, .scope = cases[i].scope, .name = str_from(cases[i].name)};
		struct lockdown *l = one(s);
		struct subject a = person_of(cases[i].from), b = person_of(cases[i].to);
		struct lockdown_party from = {.person = &a}, to = {.person = &b};

		if ((lockdown_stops(l, cases[i].matter, &from, &to) != NULL) != cases[i].stopped)
			fail_msg("case %zu", i);
		lockdown_unref(l);
	}
}

/* Whoever it is from: it is decided about whom it is for, and about his program. */
static void what_a_switch_keeps_from_somebody(void **state)
{
	struct judgement gajim = {.product = STR("Gajim"), .version = STR("1.7.3")};
	struct subject seller = person_of(SELLER), admin = person_of(ADMIN), nobody = person_of(NOBODY);
	struct lockdown_party from = {.person = &seller}, team = {.person = &admin}, here = {.person = &nobody, .client = &gajim},
			      elsewhere = {.person = &nobody};
	struct lockdown *program = one(SWITCH(LOCKDOWN_FILES, LOCKDOWN_PRODUCT, "Gajim", "it")),
			*group = one(SWITCH(LOCKDOWN_FILES, LOCKDOWN_GROUP, "sales", "")),
			*everything = one(SWITCH(LOCKDOWN_EVERYTHING, LOCKDOWN_ALL, "", ""));

	(void)state;
	assert_non_null(lockdown_keeps(program, MATTER_FILE, &from, &here));
	assert_null(lockdown_keeps(program, MATTER_FILE, &from, &elsewhere));
	assert_null(lockdown_keeps(program, MATTER_FILE, &team, &here));
	assert_null(lockdown_keeps(program, MATTER_SPEECH, &from, &here));
	assert_null(lockdown_keeps(group, MATTER_FILE, &from, &here));
	assert_non_null(lockdown_keeps(group, MATTER_FILE, &here, &from));
	assert_null(lockdown_keeps(everything, ~0u, &from, &here));
	assert_null(lockdown_keeps(NULL, ~0u, &from, &here));
	assert_true(lockdown_kept_matters(program) & MATTER_FILE);
	assert_int_equal(lockdown_kept_matters(everything), 0);
	lockdown_unref(program);
	lockdown_unref(group);
	lockdown_unref(everything);
}

static void without_switches_nothing_is_stopped(void **state)
{
	struct subject s = person_of(SELLER);
	struct lockdown_party party = {.person = &s};
	struct lockdown *none = NULL;

	(void)state;
	assert_int_equal(lockdown_new(&none, NULL, 0, STR("it")), 0);
	assert_null(lockdown_stops(none, ~0u, &party, NULL));
	assert_null(lockdown_stops(NULL, ~0u, &party, NULL));
	assert_null(lockdown_bars(NULL, &party));
	assert_int_equal(lockdown_matters(NULL), 0);
	assert_false(lockdown_is_same(NULL, none));
	assert_true(lockdown_is_same(none, none));
	lockdown_unref(none);
	assert_null(lockdown_unref(NULL));
}

static void no_more_than_there_is_room_for(void **state)
{
	static struct lockdown_switch many[LOCKDOWN_MAX + 1];
	struct lockdown *l = NULL;

	(void)state;
	assert_int_equal(lockdown_new(&l, many, LOCKDOWN_MAX + 1, STR("")), -E2BIG);
	assert_int_equal(lockdown_new(&l, many, LOCKDOWN_MAX, STR("")), 0);
	assert_int_equal(lockdown_len(l), LOCKDOWN_MAX);
	lockdown_unref(l);
}

static void people_are_told_in_their_language(void **state)
{
	static const struct {
		const char *lang, *text;
		uint64_t end_us;
	} texts[] = {
		{"", "Switched off until 2026-11-23 10:21 UTC: links. Reason: a worm", 1795429201000000},
		{"de-CH", "Abgeschaltet bis 2026-11-23 10:20 UTC: Links. Grund: a worm", 1795429200000000},
		{"fi-FI", "Poissa käytöstä 2026-11-23 10:20 UTC asti: linkit. Syy: a worm", 1795429200000000},
		{"nl", "Switched off until further notice: links. Reason: a worm", 0},
	};
	struct lockdown_switch s = SWITCH(LOCKDOWN_LINKS, LOCKDOWN_ALL, "", "");
	struct arena *arena = arena_new(0);
	struct verdict v = {};

	(void)state;
	s.reason = STR("a worm");
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		struct buf out = BUF_INIT(0);

		s.end_us = texts[i].end_us;
		lockdown_put_text(&out, &s, str_from(texts[i].lang));
		assert_string_equal(buf_cstr(&out), texts[i].text);
		buf_done(&out);
	}
	lockdown_decide(&s, arena, &v);
	assert_true(verdict_blocks(&v));
	assert_true(str_is(v.rule, "L-1"));
	assert_true(str_starts(notice_choose(v.notice, STR("fr"))->text, STR("Désactivé")));
	arena_free(arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whom_a_switch_is_for),
		cmocka_unit_test(versions_of_a_product),
		cmocka_unit_test(what_a_switch_stops),
		cmocka_unit_test(what_a_switch_keeps_from_somebody),
		cmocka_unit_test(without_switches_nothing_is_stopped),
		cmocka_unit_test(no_more_than_there_is_room_for),
		cmocka_unit_test(people_are_told_in_their_language),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
