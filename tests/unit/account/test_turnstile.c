#include "check.h"

#include <stdio.h>

#include "account/turnstile.h"

static struct comer comer(const char *account, const char *agent)
{
	return (struct comer){
		.account = str_from(account), .address = STR("192.0.2.1"), .agent = str_from(agent)};
}

static bool is_held(struct turnstile *t, const struct comer *c, uint64_t now)
{
	struct arena *arena = arena_new(0);
	struct str rule = STR_NONE, text = STR_NONE;
	bool held = turnstile_holds(t, c, now, arena, &rule, &text);

	if (held) {
		assert_str(rule, "rule");
		assert_str(text, "Use another.");
	}
	arena_free(arena);
	return held;
}

static void deny(struct turnstile *t, const struct comer *c, uint64_t now)
{
	turnstile_denied(t, c, STR("rule"), STR("Use another."), now);
}

static void test_the_first_denials_hold_nobody_off(void **state)
{
	struct turnstile *t = turnstile_new();
	struct comer ann = comer("ann@example.org", "");

	(void)state;
	for (int i = 0; i < TURNSTILE_FREE; i++) {
		deny(t, &ann, 1000);
		assert_false(is_held(t, &ann, 1000));
	}
	turnstile_free(t);
}

static void test_further_ones_hold_off_longer_and_longer(void **state)
{
	struct turnstile *t = turnstile_new();
	struct comer ann = comer("ann@example.org", "");
	uint64_t now = 1000, wait = TURNSTILE_FIRST_MS;

	(void)state;
	for (int i = 0; i < TURNSTILE_FREE; i++)
		deny(t, &ann, now);
	for (int i = 0; i < 10; i++) {
		deny(t, &ann, now);
		assert_true(is_held(t, &ann, now + wait - 1));
		assert_false(is_held(t, &ann, now + wait));
		now += wait;
		wait = wait * 2 < TURNSTILE_MOST_MS ? wait * 2 : TURNSTILE_MOST_MS;
	}
	turnstile_free(t);
}

static void test_others_and_other_programs_are_not_meant(void **state)
{
	struct turnstile *t = turnstile_new();
	struct comer ann = comer("ann@example.org", ""), bob = comer("bob@example.org", ""),
		     other = comer("ann@example.org", "x");
	struct comer library = ann, mechanism = ann;

	(void)state;
	library.ja4 = STR("t13i291200_723694b0fccc_2cc26d266019");
	mechanism.mechanism = STR("PLAIN");
	for (int i = 0; i <= TURNSTILE_FREE; i++)
		deny(t, &ann, 1000);
	assert_true(is_held(t, &ann, 1001));
	assert_false(is_held(t, &bob, 1001));
	assert_false(is_held(t, &other, 1001));
	assert_false(is_held(t, &library, 1001));
	assert_false(is_held(t, &mechanism, 1001));
	turnstile_free(t);
}

static void test_who_is_let_in_is_forgotten_and_all_are_when_rules_change(void **state)
{
	struct turnstile *t = turnstile_new();
	struct comer ann = comer("ann@example.org", "");

	(void)state;
	for (int i = 0; i <= TURNSTILE_FREE; i++)
		deny(t, &ann, 1000);
	turnstile_passed(t, &ann);
	assert_false(is_held(t, &ann, 1001));
	for (int i = 0; i <= TURNSTILE_FREE; i++)
		deny(t, &ann, 1000);
	turnstile_clear(t);
	assert_false(is_held(t, &ann, 1001));
	deny(t, &ann, 2000);
	assert_false(is_held(t, &ann, 2000));
	turnstile_free(t);
}

static void test_what_is_long_ago_does_not_count(void **state)
{
	struct turnstile *t = turnstile_new();
	struct comer ann = comer("ann@example.org", "");

	(void)state;
	for (int i = 0; i < TURNSTILE_FREE; i++)
		deny(t, &ann, 1000);
	deny(t, &ann, 1001 + TURNSTILE_FORGET_MS);
	assert_false(is_held(t, &ann, 1002 + TURNSTILE_FORGET_MS));
	turnstile_free(t);
}

static void test_it_does_not_grow(void **state)
{
	struct turnstile *t = turnstile_new();
	char name[32];

	(void)state;
	for (int i = 0; i < 20000; i++) {
		struct comer c;

		snprintf(name, sizeof(name), "a%d@example.org", i);
		c = comer(name, "");
		for (int j = 0; j <= TURNSTILE_FREE; j++)
			deny(t, &c, (uint64_t)i + 1);
		assert_true(is_held(t, &c, (uint64_t)i + 1));
	}
	turnstile_free(t);
}

static void test_who_has_a_network_of_addresses_is_one(void **state)
{
	struct turnstile *t = turnstile_new();
	struct comer ann = comer("ann@example.org", "");
	char address[40];

	(void)state;
	for (int i = 0; i <= TURNSTILE_FREE; i++) {
		snprintf(address, sizeof(address), "2001:db8::%x", i + 1);
		ann.address = str_from(address);
		deny(t, &ann, 1000);
	}
	ann.address = STR("2001:db8::ffff");
	assert_true(is_held(t, &ann, 1000));
	ann.address = STR("2001:db8:0:1::1");
	assert_false(is_held(t, &ann, 1000));
	turnstile_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_who_has_a_network_of_addresses_is_one),
		cmocka_unit_test(test_the_first_denials_hold_nobody_off),
		cmocka_unit_test(test_further_ones_hold_off_longer_and_longer),
		cmocka_unit_test(test_others_and_other_programs_are_not_meant),
		cmocka_unit_test(test_who_is_let_in_is_forgotten_and_all_are_when_rules_change),
		cmocka_unit_test(test_what_is_long_ago_does_not_count),
		cmocka_unit_test(test_it_does_not_grow),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
