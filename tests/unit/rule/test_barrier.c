#include "check.h"

#include <errno.h>

#include "policy_dir.h"
#include "rule/barrier.h"
#include "rule/wall.h"

enum side { INSIDE, OUTSIDE };

static struct subject person(const char *bare, const char *resource, enum side side)
{
	struct subject s = subject_of(str_from(bare), side == INSIDE);

	s.resource = str_from(resource);
	return s;
}

static struct barrier *barrier_of(const char *black, const char *white)
{
	struct barrier *b;

	assert_int_equal(barrier_new(&b, (struct str[]){str_from(black), str_from(white)}), 0);
	return b;
}

/* What the lists make of one outside (or inside) and somebody inside who is on none, in both directions. */
static enum barrier_list asked(const struct barrier *b, const char *bare, const char *resource, enum side side)
{
	struct subject a = person("bob@example.org", "desk", INSIDE), c = person(bare, resource, side);
	enum barrier_list there = barrier_between(b, &a, &c);

	assert_int_equal(barrier_between(b, &c, &a), there);
	return there;
}

static void an_entry_is_an_address_of_any_form(void **state)
{
	static const struct {
		const char *bare, *resource;
		bool black;
	} cases[] = {
		{"carol@example.org", "x", true},
		{"carol@example.org", "", true},
		{"dave@example.org", "phone", true},
		{"dave@example.org", "desk", false},
		{"dave@example.org", "", false},
		{"marlowe.lit", "", true},
		{"anybody@marlowe.lit", "x", true},
		{"anybody@sub.marlowe.lit", "x", false},
		{"denmark.lit", "a/b", true},
		{"denmark.lit", "", false},
		{"hamlet@denmark.lit", "a/b", false},
		{"alice@example.org", "x", false},
	};
	struct barrier *b = barrier_of("marlowe.lit\ncarol@example.org\ndenmark.lit/a/b\ndave@example.org/phone", "");

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		if ((asked(b, cases[i].bare, cases[i].resource, INSIDE) == BARRIER_BLACK) != cases[i].black)
			fail_msg("%s/%s", cases[i].bare, cases[i].resource);
	barrier_unref(b);
}

static void a_white_list_is_about_those_outside(void **state)
{
	struct barrier *b = barrier_of("bad@friends.lit", "friends.lit\nromeo@other.lit");

	(void)state;
	assert_int_equal(asked(b, "carol@example.org", "x", INSIDE), BARRIER_LISTS);
	assert_int_equal(asked(b, "good@friends.lit", "x", OUTSIDE), BARRIER_LISTS);
	assert_int_equal(asked(b, "romeo@other.lit", "x", OUTSIDE), BARRIER_LISTS);
	assert_int_equal(asked(b, "bad@friends.lit", "x", OUTSIDE), BARRIER_BLACK);
	assert_int_equal(asked(b, "juliet@other.lit", "x", OUTSIDE), BARRIER_WHITE);
	barrier_unref(b);
}

static void empty_lists_stop_nobody(void **state)
{
	struct barrier *b = barrier_of("", ""), *other = barrier_of("a.lit", "");

	(void)state;
	assert_int_equal(asked(b, "x@any.lit", "", OUTSIDE), BARRIER_LISTS);
	assert_int_equal(asked(NULL, "x@any.lit", "", OUTSIDE), BARRIER_LISTS);
	assert_true(barrier_is_empty(b) && barrier_is_empty(NULL) && !barrier_is_empty(other));
	assert_true(barrier_is_same(b, NULL) && !barrier_is_same(b, other));
	assert_true(str_is(barrier_text(other, BARRIER_BLACK), "a.lit") && barrier_text(NULL, BARRIER_WHITE).len == 0);
	barrier_unref(other);
	barrier_unref(b);
}

static void a_list_is_bounded(void **state)
{
	struct buf text = BUF_INIT(0);
	struct barrier *b;

	(void)state;
	for (int i = 0; i <= BARRIER_ENTRIES_MAX; i++)
		buf_printf(&text, "a%d.lit\n", i);
	assert_int_equal(barrier_new(&b, (struct str[]){STR(""), buf_view(&text)}), -E2BIG);
	buf_done(&text);
}

/* The same rules with lists: they are decided first, for every kind, and no door opens them. */
static void the_policy_asks_the_lists_first(void **state)
{
	static const char door[] = "rules:\n- {id: door, type: wall, purpose: p, from: anyone, to: anyone, direction: both, "
				   "action: allow, mode: enforce}\n";
	struct policy_dir d = policy_dir_make(door);
	struct subject from = person("bob@example.org", "", INSIDE), to = person("x@marlowe.lit", "", OUTSIDE);
	struct barrier *b = barrier_of("marlowe.lit", "");
	struct policy_set *plain, *with, *again;
	struct verdict v = {};
	struct arena *arena = arena_new(0);
	struct err err = {};

	(void)state;
	assert_int_equal(policy_set_load(&plain, d.path, NULL, &err), 0);
	with = policy_set_with(plain, b, NULL);
	again = policy_set_with(with, NULL, NULL);
	policy_set_unref(plain);
	barrier_unref(b);
	assert_true(wall_stands(with, &from, &to, WALL_IQ) && !wall_stands(again, &from, &to, WALL_IQ));
	assert_true(wall_kinds_stopped(with) == WALL_ANY && wall_kinds_stopped(again) == 0);
	assert_false(walls_are_same(with, again));
	wall_decide(with, &from, &to, WALL_MESSAGE, arena, &v);
	assert_true(v.action == ACTION_BLOCK && str_is(v.rule, "blacklist"));
	v = (struct verdict){};
	wall_decide(again, &from, &to, WALL_MESSAGE, arena, &v);
	assert_int_equal(v.action, ACTION_ALLOW);
	arena_free(arena);
	policy_set_unref(with);
	policy_set_unref(again);
	policy_dir_remove(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_entry_is_an_address_of_any_form),
		cmocka_unit_test(a_white_list_is_about_those_outside),
		cmocka_unit_test(empty_lists_stop_nobody),
		cmocka_unit_test(a_list_is_bounded),
		cmocka_unit_test(the_policy_asks_the_lists_first),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
