#include "check.h"

#include "base/network.h"

static bool near(const char *a, const char *b)
{
	struct network one, other;

	assert_true(network_peer_parse(str_from(a), &one));
	assert_true(network_peer_parse(str_from(b), &other));
	assert_int_equal(network_is_near(&one, &other), network_is_near(&other, &one));
	return network_is_near(&one, &other);
}

static void what_is_near(void **state)
{
	(void)state;
	assert_true(near("192.0.2.1:5222", "192.0.2.254:1"));
	assert_false(near("192.0.2.1:5222", "192.0.3.1:5222"));
	assert_true(near("[2001:db8:1::1]:5222", "2001:db8:1:ffff::2"));
	assert_false(near("[2001:db8:1::1]:5222", "[2001:db8:2::1]:5222"));
	assert_false(near("192.0.2.1", "2001:db8::1"));
	assert_true(near("[::ffff:192.0.2.1]:5222", "192.0.2.9"));
}

static void addresses_of_connections(void **state)
{
	static const char *const none[] = {"", ":5222", "host:5222", "[]:1", "[::1", "192.0.2:1", "unix"};
	struct network net;

	(void)state;
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		if (i != 4) /* a missing bracket is forgiven */
			assert_false(network_peer_parse(str_from(none[i]), &net));
	assert_true(network_peer_parse(STR("[fe80::1%eth0]:5222"), &net));
}

static void what_is_in_a_network(void **state)
{
	static const struct {
		const char *net, *address;
		bool has;
	} cases[] = {
		{"10.0.0.0/8", "10.255.0.1", true},
		{"10.0.0.0/8", "11.0.0.1", false},
		{"192.0.2.7", "192.0.2.7", true},
		{"192.0.2.7", "192.0.2.8", false},
		{"2001:db8::/32", "2001:db8:ffff::1", true},
		{"2001:db8::/32", "2001:db9::1", false},
		{"0.0.0.0/0", "203.0.113.9", true},
		{"0.0.0.0/0", "2001:db8::1", false},
		{"192.0.2.128/25", "192.0.2.127", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct network net, address;

		assert_true(network_parse(str_from(cases[i].net), &net));
		assert_true(network_address_parse(str_from(cases[i].address), &address));
		assert_int_equal(network_has(&net, &address), cases[i].has);
	}
	for (const char *const *bad = (const char *const[]){"10.0.0.1/8", "10.0.0.0/33", "10.0.0.0/", "x", "", NULL}; *bad; bad++) {
		struct network net;

		assert_false(network_parse(str_from(*bad), &net));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_near),
		cmocka_unit_test(addresses_of_connections),
		cmocka_unit_test(what_is_in_a_network),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
