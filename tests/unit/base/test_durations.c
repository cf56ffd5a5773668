/* Each duration is in one step, and the steps are what their names say. */
#include "check.h"

#include <stdlib.h>

#include "base/durations.h"

static void each_is_in_one_step(void **state)
{
	struct durations d = {}, sum = {};

	(void)state;
	durations_add(&d, 0);
	durations_add(&d, 100);
	durations_add(&d, 101);
	durations_add(&d, 2500000);
	durations_add(&d, 2500001);
	durations_add(&d, 3600000000);
	assert_int_equal(d.step[0], 2);
	assert_int_equal(d.step[1], 1);
	assert_int_equal(d.step[DURATIONS_STEPS - 1], 1);
	assert_int_equal(d.step[DURATIONS_STEPS], 2);
	assert_int_equal(durations_count(&d, 1), 2);
	assert_int_equal(durations_count(&d, DURATIONS_STEPS), 4);
	assert_int_equal(durations_count(&d, DURATIONS_STEPS + 1), 6);
	assert_true(d.sum_us == 100 + 101 + 2500000 + 2500001 + 3600000000);
	durations_gather(&sum, &d);
	durations_gather(&sum, &d);
	assert_true(sum.sum_us == 2 * d.sum_us && durations_count(&sum, DURATIONS_STEPS + 1) == 12);
}

static void steps_rise_and_bear_their_names(void **state)
{
	(void)state;
	for (size_t i = 0; i < DURATIONS_STEPS; i++) {
		assert_true(i == 0 || durations_us[i] > durations_us[i - 1]);
		assert_int_equal((uint32_t)(strtod(durations_seconds[i], NULL) * 1e6 + 0.5), durations_us[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_is_in_one_step),
		cmocka_unit_test(steps_rise_and_bear_their_names),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
