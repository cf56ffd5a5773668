/* Which of a component's addresses somebody sees as available. */
#include "check.h"

#include "base/buf.h"
#include "route/components_shown.h"

static void note(void *owner, struct str from, struct str to)
{
	struct buf *b = owner;

	buf_str(b, from);
	buf_putc(b, '>');
	buf_str(b, to);
	buf_putc(b, ' ');
}

static void test_pairs_are_remembered_once(void **state)
{
	struct buf out = BUF_INIT(0);
	struct shown s;

	(void)state;
	components_shown_init(&s);
	assert_true(components_shown_add(&s, STR("a@c/x"), STR("p@d"), 2));
	assert_true(components_shown_add(&s, STR("a@c/x"), STR("p@d"), 2));
	assert_int_equal(s.pairs.len, 1);
	components_shown_clear(&s, note, &out);
	assert_str(buf_view(&out), "a@c/x>p@d ");
	assert_int_equal(s.pairs.len, 0);
	buf_done(&out);
}

static void test_there_is_a_ceiling(void **state)
{
	struct shown s;

	(void)state;
	components_shown_init(&s);
	assert_true(components_shown_add(&s, STR("a@c"), STR("p@d"), 2));
	assert_true(components_shown_add(&s, STR("a@c"), STR("p@d/r"), 2));
	assert_false(components_shown_add(&s, STR("b@c"), STR("p@d"), 2));
	assert_true(components_shown_add(&s, STR("a@c"), STR("p@d"), 2)); /* known already */
	components_shown_remove(&s, STR("a@c"), STR("p@d"));
	components_shown_remove(&s, STR("never"), STR("there"));
	assert_true(components_shown_add(&s, STR("b@c"), STR("p@d"), 2));
	components_shown_clear(&s, NULL, NULL);
}

/* The two addresses are kept apart. */
static void test_a_pair_is_its_two_halves(void **state)
{
	struct shown s;

	(void)state;
	components_shown_init(&s);
	assert_true(components_shown_add(&s, STR("ab"), STR("c"), 9));
	assert_true(components_shown_add(&s, STR("a"), STR("bc"), 9));
	assert_int_equal(s.pairs.len, 2);
	components_shown_clear(&s, NULL, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pairs_are_remembered_once),
		cmocka_unit_test(test_there_is_a_ceiling),
		cmocka_unit_test(test_a_pair_is_its_two_halves),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
