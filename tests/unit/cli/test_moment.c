/* cli/moment: times as people write them, and what is none. */
#include "check.h"

#include <stdio.h>

#include "base/clock.h"
#include "cli/moment.h"

static void expect(const char *text, const char *expected)
{
	struct buf out = BUF_INIT(0);

	buf_lit(&out, "at ");
	assert_true(moment_put(&out, text));
	assert_true(str_starts(buf_view(&out), STR("at ")));
	assert_true(str_eq(str_cut(buf_view(&out), 3, out.len), str_from(expected)));
	buf_done(&out);
}

static void a_time_and_a_day_are_taken_as_they_are(void **state)
{
	(void)state;
	expect("2026-11-22T15:00:00Z", "2026-11-22T15:00:00Z");
	expect("2026-11-22T15:00:00+02:00", "2026-11-22T13:00:00Z");
	expect("2026-11-22T23:59:59.999Z", "2026-11-22T23:59:59Z");
	expect("2026-11-22", "2026-11-22T00:00:00Z");
	expect("2024-02-29", "2024-02-29T00:00:00Z");
	expect("1970-01-01", "1970-01-01T00:00:00Z");
}

/* So long before now, to a second. */
static void expect_ago(const char *text, uint64_t seconds)
{
	uint64_t before = clock_utc_us() / 1000000 - seconds, us = 0;
	struct buf out = BUF_INIT(0);

	assert_true(moment_put(&out, text));
	assert_true(clock_parse(buf_view(&out), &us));
	assert_in_range(us / 1000000, before, clock_utc_us() / 1000000 - seconds);
	buf_done(&out);
}

static void a_span_is_before_now(void **state)
{
	(void)state;
	expect_ago("0s", 0);
	expect_ago("90s", 90);
	expect_ago("5min", 300);
	expect_ago("24h", 86400);
	expect_ago("30d", 30 * 86400);
	expect("100000d", "1970-01-01T00:00:00Z"); /* before there was any time */
}

static void what_is_none_is_refused_and_nothing_is_written(void **state)
{
	static const char *const bad[] = {"", " ", "now", "30", "d", "-1d", "1 d", "1y", "30D", "1.5h", "999999999999d", "2026", "2026-11", "2026-13-01",
		"2025-02-29", "2026-11-31", "2026-11-22T", "2026-11-22T15:00", "2026-11-22T25:00:00Z", "2026-11-22 15:00:00Z", "22.11.2026",
		"2026-11-22Z", "2026-11-22T15:00:00", "2026-11-22x", "x2026-11-22"};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct buf out = BUF_INIT(0);

		if (moment_put(&out, bad[i]))
			fail_msg("'%s' was taken", bad[i]);
		assert_int_equal(out.len, 0);
		buf_done(&out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_time_and_a_day_are_taken_as_they_are),
		cmocka_unit_test(a_span_is_before_now),
		cmocka_unit_test(what_is_none_is_refused_and_nothing_is_written),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
