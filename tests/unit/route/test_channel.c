#include "check.h"

#include "route/channel.h"

static const struct {
	const char *tls, *mechanism;
} ladder[] = {
	{"", "PLAIN"},
	{"TLSv1.2 ECDHE-ECDSA-AES128-GCM-SHA256", "PLAIN"},
	{"TLSv1.2 ECDHE-ECDSA-AES128-GCM-SHA256", "HT-SHA-256-NONE"},
	{"TLSv1.2 ECDHE-ECDSA-AES128-GCM-SHA256", "HT-SHA-256-ENDP"},
	{"TLSv1.3 TLS_AES_256_GCM_SHA384", "SCRAM-SHA-512-PLUS"},
};

static struct channel step(size_t i)
{
	return (struct channel){.tls = str_from(ladder[i].tls), .mechanism = str_from(ladder[i].mechanism)};
}

static void less_is_weaker_and_more_is_not(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(ladder) / sizeof(ladder[0]); i++)
		for (size_t j = 0; j < sizeof(ladder) / sizeof(ladder[0]); j++) {
			struct channel now = step(i), then = step(j);

			assert_int_equal(channel_is_weaker(&now, &then), i < j);
		}
}

static void one_kind_of_proof_is_as_good_as_another(void **state)
{
	static const char *const same[][2] = {{"EXTERNAL", "HT-SHA-256-EXPR"}, {"SCRAM-SHA-1-PLUS", "SCRAM-SHA-512-PLUS"},
		{"SCRAM-SHA-1", "HT-SHA-256-NONE"}};

	(void)state;
	for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
		struct channel a = {.tls = STR("TLSv1.3 X"), .mechanism = str_from(same[i][0])}, b = a;

		b.mechanism = str_from(same[i][1]);
		assert_false(channel_is_weaker(&a, &b));
		assert_false(channel_is_weaker(&b, &a));
	}
}

static void a_better_login_does_not_make_up_for_a_weaker_tls(void **state)
{
	struct channel then = {.tls = STR("TLSv1.3 X"), .mechanism = STR("SCRAM-SHA-256")};
	struct channel now = {.tls = STR("TLSv1.2 X"), .mechanism = STR("SCRAM-SHA-256-PLUS")};

	(void)state;
	assert_true(channel_is_weaker(&now, &then));
	assert_true(channel_is_weaker(&then, &now));
}

static void the_organisations_networks_are_one(void **state)
{
	struct str own[] = {STR("10.0.0.0/8"), STR("2001:db8:7::/48")};
	struct settings settings = {.clients_networks = {.items = own, .len = 2}};

	(void)state;
	assert_true(channel_is_known(&settings, STR("10.1.2.3:5222")));
	assert_false(channel_is_known(&settings, STR("11.1.2.3:5222")));
	assert_false(channel_is_known(&settings, STR("")));
	assert_false(channel_is_far(&settings, STR("10.1.2.3:5222"), STR("[2001:db8:7::1]:5222")));
	assert_true(channel_is_far(&settings, STR("10.1.2.3:5222"), STR("192.0.2.1:5222")));
	assert_false(channel_is_far(&settings, STR("192.0.2.200:5222"), STR("192.0.2.1:5222")));
	assert_false(channel_is_far(&settings, STR("somewhere:1"), STR("somewhere:2")));
	assert_int_equal(channel_network(STR("192.0.2.200:5222")), channel_network(STR("192.0.2.1:80")));
	assert_int_not_equal(channel_network(STR("192.0.2.200:5222")), channel_network(STR("192.0.3.1:80")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(less_is_weaker_and_more_is_not),
		cmocka_unit_test(one_kind_of_proof_is_as_good_as_another),
		cmocka_unit_test(a_better_login_does_not_make_up_for_a_weaker_tls),
		cmocka_unit_test(the_organisations_networks_are_one),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
