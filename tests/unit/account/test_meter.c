#include "check.h"

#include <stdio.h>

#include "account/meter.h"

static struct meter *start(void)
{
	struct meter *m;

	assert_int_equal(meter_new(&m, 1024), 0);
	return m;
}

static void a_bucket_gives_what_it_holds_and_fills_with_time(void **state)
{
	struct meter *m = start();
	uint64_t a = meter_key(STR("a@x"), STR("")), b = meter_key(STR("b@x"), STR("")), now = 1000000;

	(void)state;
	for (int i = 0; i < 10; i++)
		assert_int_equal(meter_take(m, a, 100, 1000, now), 0);
	assert_int_equal(meter_take(m, a, 100, 1000, now), 100);
	assert_int_equal(meter_take(m, b, 100, 1000, now), 0);
	assert_int_equal(meter_look(m, a, 1000, now), 100);
	assert_int_equal(meter_look(m, a, 1000, now + 100), 0);
	assert_int_equal(meter_take(m, a, 100, 1000, now + 200), 0);
	assert_int_equal(meter_look(m, meter_key(STR("c@x"), STR("")), 1000, now), 0);
	meter_free(m);
}

static void what_is_owed_is_bounded(void **state)
{
	struct meter *m = start();
	uint64_t a = meter_key(STR("a@x"), STR("")), now = 1000000;

	(void)state;
	for (int i = 0; i < 1000; i++)
		meter_take(m, a, 100, 1000, now);
	assert_int_equal(meter_take(m, a, 100, 1000, now), 1000);
	assert_int_equal(meter_look(m, a, 1000, now + 1000), 0);
	meter_free(m);
}

static void a_note_is_kept_for_its_time(void **state)
{
	struct meter *m = start();
	uint64_t ab = meter_key(STR("a@x"), STR("b@x"));

	(void)state;
	assert_int_not_equal(ab, meter_key(STR("b@x"), STR("a@x")));
	assert_false(meter_note(m, ab, 100, 1000));
	assert_true(meter_note(m, ab, 100, 1099));
	assert_true(meter_note(m, ab, 100, 1198));
	assert_false(meter_note(m, ab, 100, 1298));
	meter_free(m);
}

/* A hundred thousand keys in a table of a thousand: what is overdrawn most stays. */
static void a_flood_of_keys_pushes_out_the_emptiest(void **state)
{
	struct meter *m = start();
	uint64_t victim = meter_key(STR("victim@x"), STR("")), now = 1000000;
	char name[32];

	(void)state;
	for (int i = 0; i < 30; i++)
		meter_take(m, victim, 100, 1000, now);
	for (int i = 0; i < 100000; i++) {
		snprintf(name, sizeof(name), "user%d@x", i);
		assert_int_equal(meter_take(m, meter_key(str_from(name), STR("")), 100, 1000, now), 0);
	}
	assert_int_equal(meter_look(m, victim, 1000, now), 1000);
	meter_free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_bucket_gives_what_it_holds_and_fills_with_time),
		cmocka_unit_test(what_is_owed_is_bounded),
		cmocka_unit_test(a_note_is_kept_for_its_time),
		cmocka_unit_test(a_flood_of_keys_pushes_out_the_emptiest),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
