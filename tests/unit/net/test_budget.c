/* Places for connections: in all, by address, and for those that have not logged in. */
#include "check.h"

#include <arpa/inet.h>

#include "net/budget.h"

static struct sockaddr_storage address(const char *text)
{
	struct sockaddr_storage a = {0};
	struct sockaddr_in *v4 = (void *)&a;
	struct sockaddr_in6 *v6 = (void *)&a;

	if (inet_pton(AF_INET, text, &v4->sin_addr) == 1)
		v4->sin_family = AF_INET;
	else if (inet_pton(AF_INET6, text, &v6->sin6_addr) == 1)
		v6->sin6_family = AF_INET6;
	return a;
}

static enum budget_answer enter(struct budget *b, const char *text, struct budget_entry **out)
{
	struct sockaddr_storage a = address(text);

	return budget_enter(b, (struct sockaddr *)&a, out);
}

static struct budget *with(unsigned all, unsigned per_address, unsigned unauthenticated)
{
	struct budget_limits limits = {all, per_address, unauthenticated};
	struct budget *b = budget_new(&limits);

	assert_non_null(b);
	return b;
}

static void all_places_are_counted(void **state)
{
	struct budget *b = with(2, 10, 10);
	struct budget_entry *one, *two, *three;

	(void)state;
	assert_int_equal(enter(b, "192.0.2.1", &one), BUDGET_OK);
	assert_int_equal(enter(b, "192.0.2.2", &two), BUDGET_OK);
	assert_int_equal(enter(b, "192.0.2.3", &three), BUDGET_TOTAL);
	budget_leave(b, one, false);
	assert_int_equal(enter(b, "192.0.2.3", &three), BUDGET_OK);
	budget_leave(b, two, false);
	budget_leave(b, three, false);
	budget_free(b);
}

static void one_address_cannot_take_all(void **state)
{
	struct budget *b = with(10, 2, 10);
	struct budget_entry *one, *two, *other;

	(void)state;
	assert_int_equal(enter(b, "192.0.2.1", &one), BUDGET_OK);
	assert_int_equal(enter(b, "192.0.2.1", &two), BUDGET_OK);
	assert_int_equal(enter(b, "192.0.2.1", &other), BUDGET_ADDRESS);
	assert_int_equal(enter(b, "::ffff:192.0.2.1", &other), BUDGET_ADDRESS);
	assert_int_equal(enter(b, "192.0.2.2", &other), BUDGET_OK);
	budget_leave(b, one, false);
	budget_leave(b, two, false);
	budget_leave(b, other, false);
	budget_free(b);
}

static void logging_in_frees_the_place_for_strangers(void **state)
{
	struct budget *b = with(10, 10, 1);
	struct budget_entry *one, *two;

	(void)state;
	assert_int_equal(enter(b, "192.0.2.1", &one), BUDGET_OK);
	assert_int_equal(enter(b, "192.0.2.1", &two), BUDGET_UNAUTHENTICATED);
	budget_login(b, one);
	assert_int_equal(enter(b, "192.0.2.1", &two), BUDGET_OK);
	budget_leave(b, one, true);
	budget_leave(b, two, false);
	budget_free(b);
}

static void a_network_of_ipv6_is_one_address(void **state)
{
	struct budget *b = with(10, 1, 10);
	struct budget_entry *one, *two;

	(void)state;
	assert_int_equal(enter(b, "2001:db8:0:1::1", &one), BUDGET_OK);
	assert_int_equal(enter(b, "2001:db8:0:1:ffff::2", &two), BUDGET_ADDRESS);
	assert_int_equal(enter(b, "2001:db8:0:2::1", &two), BUDGET_OK);
	budget_leave(b, one, false);
	budget_leave(b, two, false);
	budget_free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(all_places_are_counted),
			cmocka_unit_test(one_address_cannot_take_all),
			cmocka_unit_test(logging_in_frees_the_place_for_strangers),
			cmocka_unit_test(a_network_of_ipv6_is_one_address),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
