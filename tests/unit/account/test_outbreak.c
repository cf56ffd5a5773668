#include <stdio.h>

#include "check.h"

#include "account/outbreak.h"

static const struct outbreak_limits limits = {.recipients = 20, .relayed = 6, .seconds = 60};
static const struct str link = STR("evil.example/x");

/* Of person `from` to person `to`. */
static bool sends(struct outbreak *o, struct str payload, unsigned from, unsigned to, uint64_t now, struct outbreak_sight *out)
{
	char sender[40], recipient[40];

	snprintf(sender, sizeof(sender), "%u@example.org", from);
	snprintf(recipient, sizeof(recipient), "%u@example.org", to);
	return outbreak_count(o, &limits, payload, str_from(sender), str_from(recipient), now, out);
}

static void one_who_sends_to_many_is_seen_once(void **state)
{
	struct outbreak *o = outbreak_new();
	struct outbreak_sight s;

	(void)state;
	for (unsigned round = 0; round < 3; round++)
		for (unsigned i = 1; i < 20; i++)
			assert_false(sends(o, link, 0, i, 1000 + i, &s));
	assert_true(sends(o, link, 0, 20, 2000, &s));
	assert_int_equal(s.recipients, 20);
	assert_int_equal(s.senders, 1);
	assert_int_equal(s.relays, 0);
	for (unsigned i = 21; i < 300; i++)
		assert_false(sends(o, link, 0, i, 2000 + i, &s));
	outbreak_free(o);
}

static void it_is_seen_sooner_when_those_who_got_it_pass_it_on(void **state)
{
	struct outbreak *o = outbreak_new();
	struct outbreak_sight s;

	(void)state;
	assert_false(sends(o, link, 0, 1, 1000, &s));
	assert_false(sends(o, link, 0, 2, 1000, &s));
	assert_false(sends(o, link, 1, 3, 2000, &s));
	assert_false(sends(o, link, 1, 4, 2000, &s));
	assert_false(sends(o, link, 1, 5, 2000, &s));
	assert_false(sends(o, link, 9, 6, 2000, &s)); /* has not got it from anybody */
	assert_int_equal(s.recipients, 6);
	assert_true(sends(o, link, 2, 6, 3000, &s));
	assert_int_equal(s.relays, 2);
	assert_int_equal(s.senders, 4);
	outbreak_free(o);
}

static void what_spreads_slowly_or_not_at_all_is_none(void **state)
{
	struct outbreak *o = outbreak_new();
	struct outbreak_sight s;

	(void)state;
	for (unsigned i = 1; i < 200; i++)
		assert_false(sends(o, link, 0, i, i * 4000ULL, &s)); /* 15 in a minute */
	for (unsigned i = 0; i < 200; i++)
		assert_false(sends(o, STR("other.example"), 0, i % 19 + 1, i, &s));
	assert_false(sends(o, STR("mine.example"), 5, 5, 10, &s));
	assert_int_equal(s.recipients, 0);
	outbreak_free(o);
}

static void clocks_that_are_apart_lose_nobody(void **state)
{
	struct outbreak *o = outbreak_new();
	unsigned seen = 0;

	(void)state;
	for (unsigned i = 1; i <= 20; i++)
		seen += sends(o, link, 0, i, 1000 - i, NULL);
	assert_int_equal(seen, 1);
	outbreak_free(o);
}

static void after_silence_it_is_a_new_one(void **state)
{
	struct outbreak *o = outbreak_new();
	struct outbreak_sight s;
	unsigned seen = 0;

	(void)state;
	for (unsigned i = 1; i <= 30; i++)
		seen += sends(o, link, 0, i, 1000, &s);
	for (unsigned i = 1; i <= 30; i++)
		seen += sends(o, link, 0, i, 61001, &s);
	assert_int_equal(seen, 1 + (61001 - 1000 > 60000));
	outbreak_free(o);
}

static void memory_is_bounded_and_the_oldest_are_forgotten(void **state)
{
	struct outbreak *o = outbreak_new();
	struct outbreak_sight s;
	char payload[40];

	(void)state;
	assert_false(sends(o, link, 0, 1, 1000, &s));
	for (unsigned i = 0; i < OUTBREAK_PAYLOADS; i++) {
		snprintf(payload, sizeof(payload), "p%u.example", i);
		assert_false(sends(o, str_from(payload), 0, 1, 1000, &s));
	}
	assert_false(sends(o, link, 0, 20, 1000, &s));
	assert_int_equal(s.recipients, 1);
	outbreak_free(o);
}

static void count_it(struct str payload, const struct outbreak_sight *sight, void *owner)
{
	assert_true(str_eq(payload, link));
	assert_int_equal(sight->recipients, 20);
	++*(unsigned *)owner;
}

/* One person sends thousands of others meanwhile, and somebody has excused one. */
static void nobody_makes_it_forgotten_by_sending_others(void **state)
{
	static const struct str excused = STR("harmless.example");
	struct outbreak *o = outbreak_new();
	unsigned n = 0;
	char other[40];
	bool begun = false;

	(void)state;
	outbreak_excuse(o, excused, 1000000);
	assert_false(sends(o, link, 0, 1, 1000, NULL));
	for (unsigned i = 2; i <= 20; i++) {
		begun = sends(o, link, 0, i, 1000 + i, NULL);
		for (unsigned j = 0; j < OUTBREAK_PAYLOADS; j++) {
			snprintf(other, sizeof(other), "noise%u.example", n++);
			assert_false(sends(o, str_from(other), 500, 501, 1000 + i, NULL));
		}
	}
	assert_true(begun);
	for (unsigned i = 1; i <= 20; i++)
		assert_false(sends(o, excused, 0, i, 2000 + i, NULL));
	outbreak_free(o);
}

static void who_asks_hears_of_each_once(void **state)
{
	struct outbreak *o = outbreak_new();
	unsigned heard = 0;

	(void)state;
	for (unsigned i = 1; i < 30; i++)
		sends(o, link, 0, i, 1000, NULL);
	outbreak_take(o, count_it, &heard);
	outbreak_take(o, count_it, &heard);
	assert_int_equal(heard, 1);
	outbreak_free(o);
}

static void count_any(struct str payload, const struct outbreak_sight *sight, void *owner)
{
	assert_true(payload.len && sight->recipients);
	++*(unsigned *)owner;
}

static void those_for_whom_there_is_no_room_begin_later(void **state)
{
	struct outbreak *o = outbreak_new();
	unsigned heard = 0;
	char payload[40];

	(void)state;
	for (unsigned i = 0; i <= OUTBREAK_WAITING; i++)
		for (unsigned to = 1; to <= 20; to++) {
			snprintf(payload, sizeof(payload), "p%u.example", i);
			sends(o, str_from(payload), 0, to, 1000, NULL);
		}
	outbreak_take(o, count_any, &heard);
	assert_int_equal(heard, OUTBREAK_WAITING);
	assert_true(sends(o, str_from(payload), 0, 21, 1000, NULL));
	outbreak_free(o);
}

static void what_is_excused_is_none_for_a_while(void **state)
{
	struct outbreak *o = outbreak_new();

	(void)state;
	outbreak_excuse(o, link, 5000);
	for (unsigned i = 1; i < 50; i++)
		assert_false(sends(o, link, 0, i, 1000, NULL));
	assert_true(sends(o, link, 0, 50, 5000, NULL));
	outbreak_free(o);
}

static void without_a_limit_nothing_is_counted(void **state)
{
	const struct outbreak_limits off = {.seconds = 60};
	struct outbreak *o = outbreak_new();
	struct outbreak_sight s;

	(void)state;
	assert_false(outbreak_count(o, &off, link, STR("a@example.org"), STR("b@example.org"), 1, &s));
	outbreak_free(o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_who_sends_to_many_is_seen_once),
		cmocka_unit_test(it_is_seen_sooner_when_those_who_got_it_pass_it_on),
		cmocka_unit_test(what_spreads_slowly_or_not_at_all_is_none),
		cmocka_unit_test(clocks_that_are_apart_lose_nobody),
		cmocka_unit_test(after_silence_it_is_a_new_one),
		cmocka_unit_test(memory_is_bounded_and_the_oldest_are_forgotten),
		cmocka_unit_test(nobody_makes_it_forgotten_by_sending_others),
		cmocka_unit_test(who_asks_hears_of_each_once),
		cmocka_unit_test(those_for_whom_there_is_no_room_begin_later),
		cmocka_unit_test(what_is_excused_is_none_for_a_while),
		cmocka_unit_test(without_a_limit_nothing_is_counted),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
