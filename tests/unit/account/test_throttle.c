#include "check.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>

#include "account/throttle.h"

union address {
	struct sockaddr any;
	struct sockaddr_in four;
	struct sockaddr_in6 six;
};

static union address address(const char *text)
{
	union address a = {};

	if (inet_pton(AF_INET, text, &a.four.sin_addr) == 1)
		a.any.sa_family = AF_INET;
	else if (inet_pton(AF_INET6, text, &a.six.sin6_addr) == 1)
		a.any.sa_family = AF_INET6;
	return a;
}

static const struct throttle_settings settings = {.account_failures = 5,
	.account_refill_s = 30,
	.address_failures = 8,
	.address_refill_s = 10,
	.delay_ms_max = 4000,
	.entries = 1024};

static struct throttle *start(void)
{
	struct throttle *t;

	assert_int_equal(throttle_new(&t, &settings), 0);
	return t;
}

static void an_address_is_refused_after_its_failures_and_recovers(void **state)
{
	struct throttle *t = start();
	union address a = address("192.0.2.1"), b = address("192.0.2.2");
	uint64_t now = 1000;
	char account[32];

	(void)state;
	for (int i = 0; i < 8; i++) {
		snprintf(account, sizeof(account), "user%d@x", i); /* one password for many users */
		assert_int_equal(throttle_ask(t, str_from(account), &a.any, now), THROTTLE_PASS);
		throttle_failed(t, str_from(account), &a.any, now);
	}
	assert_int_equal(throttle_ask(t, STR("other@x"), &a.any, now), THROTTLE_ADDRESS);
	assert_int_equal(throttle_ask(t, STR("other@x"), &b.any, now), THROTTLE_PASS);
	assert_int_equal(throttle_ask(t, STR("other@x"), &a.any, now + 9999), THROTTLE_ADDRESS);
	assert_int_equal(throttle_ask(t, STR("other@x"), &a.any, now + 10000), THROTTLE_PASS);
	throttle_failed(t, STR("other@x"), &a.any, now + 10000); /* one try each interval */
	assert_int_equal(throttle_ask(t, STR("other@x"), &a.any, now + 10000), THROTTLE_ADDRESS);
	assert_int_equal(throttle_ask(t, STR("other@x"), &a.any, now + 100000), THROTTLE_PASS);
	throttle_free(t);
}

static void an_attacked_account_stays_open_to_its_owner(void **state)
{
	struct throttle *t = start();
	union address home = address("198.51.100.7"), a;
	char text[32];

	(void)state;
	throttle_succeeded(t, STR("alice@x"), &home.any, 1000);
	for (int i = 0; i < 20; i++) { /* from many addresses */
		snprintf(text, sizeof(text), "203.0.113.%d", i);
		a = address(text);
		throttle_failed(t, STR("alice@x"), &a.any, 2000);
	}
	a = address("203.0.113.99");
	assert_int_equal(throttle_ask(t, STR("alice@x"), &a.any, 2000), THROTTLE_ACCOUNT);
	assert_int_equal(throttle_ask(t, STR("bob@x"), &a.any, 2000), THROTTLE_PASS);
	assert_int_equal(throttle_ask(t, STR("alice@x"), &home.any, 2000), THROTTLE_PASS);
	throttle_succeeded(t, STR("alice@x"), &home.any, 2000);
	assert_int_equal(throttle_ask(t, STR("alice@x"), &a.any, 2000), THROTTLE_ACCOUNT);
	/* The count stops at twice the limit, so an attack that ends is over in 6 of its intervals. */
	assert_int_equal(throttle_ask(t, STR("alice@x"), &a.any, 2000 + 6 * 30000), THROTTLE_PASS);
	/* What was known a month ago is forgotten. */
	for (int i = 0; i < 20; i++)
		throttle_failed(t, STR("alice@x"), &a.any, 3000000000);
	assert_int_equal(throttle_ask(t, STR("alice@x"), &home.any, 3000000000), THROTTLE_ACCOUNT);
	throttle_free(t);
}

static void delays_double_up_to_the_longest(void **state)
{
	static const unsigned expected[] = {0, 0, 0, 0, 0, 250, 500, 1000, 2000, 4000, 4000};
	struct throttle *t = start();
	union address a = address("192.0.2.1");

	(void)state;
	for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++)
		assert_int_equal(throttle_failed(t, STR("nobody@x"), &a.any, 1000), expected[i]);
	throttle_free(t);
}

static void networks_of_ipv6_count_as_one_address(void **state)
{
	struct throttle *t = start();
	union address a = address("2001:db8::1"), same = address("2001:db8::ffff:2"),
		      other = address("2001:db8:0:1::1");
	union address four = address("192.0.2.1"), mapped = address("::ffff:192.0.2.1");

	(void)state;
	for (int i = 0; i < 8; i++) {
		throttle_failed(t, STR(""), &a.any, 1000);
		throttle_failed(t, STR(""), &mapped.any, 1000);
	}
	assert_int_equal(throttle_ask(t, STR("u@x"), &same.any, 1000), THROTTLE_ADDRESS);
	assert_int_equal(throttle_ask(t, STR("u@x"), &other.any, 1000), THROTTLE_PASS);
	assert_int_equal(throttle_ask(t, STR("u@x"), &four.any, 1000), THROTTLE_ADDRESS);
	throttle_free(t);
}

static void a_flood_of_keys_takes_no_more_memory_and_the_strongest_stay(void **state)
{
	struct throttle *t = start();
	union address worst = address("192.0.2.1"), a = {};

	(void)state;
	for (int i = 0; i < 100; i++)
		throttle_failed(t, STR("x@x"), &worst.any, 1000);
	a.any.sa_family = AF_INET;
	for (uint32_t i = 1; i < 100000; i++) {
		a.four.sin_addr.s_addr = i;
		throttle_failed(t, STR("x@x"), &a.any, 1000);
	}
	assert_int_equal(throttle_ask(t, STR("y@x"), &worst.any, 1000), THROTTLE_ADDRESS);
	throttle_free(t);
}

static void limits_change_at_run_time(void **state)
{
	struct throttle *t = start();
	struct throttle_settings looser = settings;
	union address a = address("192.0.2.1");

	(void)state;
	for (int i = 0; i < 8; i++)
		throttle_failed(t, STR("x@x"), &a.any, 1000);
	assert_int_equal(throttle_ask(t, STR("y@x"), &a.any, 1000), THROTTLE_ADDRESS);
	looser.address_failures = 100;
	throttle_set(t, &looser);
	assert_int_equal(throttle_ask(t, STR("y@x"), &a.any, 1000), THROTTLE_PASS);
	looser = (struct throttle_settings){.entries = 16}; /* nonsense is taken as one */
	throttle_set(t, &looser);
	assert_int_equal(throttle_ask(t, STR("z@x"), NULL, 1000), THROTTLE_PASS);
	throttle_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_address_is_refused_after_its_failures_and_recovers),
		cmocka_unit_test(an_attacked_account_stays_open_to_its_owner),
		cmocka_unit_test(delays_double_up_to_the_longest),
		cmocka_unit_test(networks_of_ipv6_count_as_one_address),
		cmocka_unit_test(a_flood_of_keys_takes_no_more_memory_and_the_strongest_stay),
		cmocka_unit_test(limits_change_at_run_time),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
