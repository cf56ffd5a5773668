/* Times as clients write them (XEP-0082). */
#include "check.h"

#include "base/clock.h"

static const struct {
	const char *text;
	uint64_t us;
} good[] = {
	{"1970-01-01T00:00:01Z", 1000000},
	{"2000-02-29T12:00:00Z", UINT64_C(951825600000000)},
	{"2026-11-22T19:00:00.5Z", UINT64_C(1795374000500000)},
	{"2026-11-22T19:00:00.123456789Z", UINT64_C(1795374000123456)},
	{"2026-11-22T20:30:00+01:30", UINT64_C(1795374000000000)},
	{"2026-11-22T17:30:00-01:30", UINT64_C(1795374000000000)},
	{"1969-07-21T02:56:15Z", 1},
	{"0001-01-01T00:00:00Z", 1},
};

static const char *const bad[] = {
	"",
	"2026-11-22",
	"2026-11-22T19:00:00",
	"2026-11-22 19:00:00Z",
	"2026-13-01T00:00:00Z",
	"2026-00-01T00:00:00Z",
	"2026-02-29T00:00:00Z",
	"2026-04-31T00:00:00Z",
	"2026-12-32T00:00:00Z",
	"2026-11-22T24:00:00Z",
	"2026-11-22T19:60:00Z",
	"2026-11-22T19:00:00.Z",
	"2026-11-22T19:00:00+1:00",
	"2026-11-22T19:00:00Zx",
	"20261122T19:00:00Z",
};

static void times_are_read(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		uint64_t us = 0;

		assert_true(clock_parse(str_from(good[i].text), &us));
		assert_int_equal(us, good[i].us);
	}
}

static void people_read_minutes(void **state)
{
	struct buf b = BUF_INIT(0);

	(void)state;
	clock_put_minute(&b, UINT64_C(1795374059999999));
	assert_string_equal(buf_cstr(&b), "2026-11-22 19:00 UTC");
	buf_done(&b);
}

static void what_is_no_time_is_not(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		uint64_t us = 7;

		if (clock_parse(str_from(bad[i]), &us))
			fail_msg("%s was read", bad[i]);
		assert_int_equal(us, 7);
	}
}

static void what_is_written_is_read(void **state)
{
	struct buf b = BUF_INIT(0);
	uint64_t us = UINT64_C(1795374000123456), again = 0;

	(void)state;
	clock_put_us(&b, us);
	assert_true(clock_parse(buf_view(&b), &again));
	assert_int_equal(again, us);
	buf_done(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(times_are_read),
		cmocka_unit_test(people_read_minutes),
		cmocka_unit_test(what_is_no_time_is_not),
		cmocka_unit_test(what_is_written_is_read),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
