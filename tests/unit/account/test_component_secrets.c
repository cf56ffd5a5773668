/* Secrets of components: what a file may hold, and the proof of XEP-0114. */
#include "check.h"

#include "account/component_secrets.h"

static void test_what_a_file_holds(void **state)
{
	static const struct {
		struct str file, secret;
	} rows[] = {
		{STR("0123456789abcdef\n"), STR("0123456789abcdef")},
		{STR("  two words, long enough\r\n\n"), STR("two words, long enough")},
		{STR("0123456789abcde\n"), STR("")},       /* one too few */
		{STR("0123456789abcdef\nsecond\n"), STR("")}, /* two lines */
		{STR("0123456789abcdef\xff"), STR("")},
		{STR("p\xc3\xa4ssword-with-umlaut"), STR("p\xc3\xa4ssword-with-umlaut")},
		{STR(""), STR("")},
	};
	char large[COMPONENT_SECRET_MAX + 1];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_str(component_secret_of(rows[i].file), rows[i].secret.data);
	memset(large, 'a', sizeof(large));
	assert_int_equal(component_secret_of(str_of(large, sizeof(large) - 1)).len, COMPONENT_SECRET_MAX);
	assert_int_equal(component_secret_of(str_of(large, sizeof(large))).len, 0);
}

/* printf '%s' 3BF96D32correct-horse-battery | sha1sum */
#define ID STR("3BF96D32")
#define SECRET STR("correct-horse-battery")
#define PROOF STR("e787a0dbeeb8fcb341d618deafc1c0c52b2aeccd")

static void test_the_proof(void **state)
{
	struct component_secrets *s = component_secrets_new();

	(void)state;
	assert_non_null(s);
	assert_false(component_secrets_prove(NULL, STR("a.example"), ID, PROOF));
	assert_false(component_secrets_prove(s, STR("a.example"), ID, PROOF));
	assert_int_equal(component_secrets_put(s, STR("a.example"), SECRET), 0);
	assert_int_equal(component_secrets_put(s, STR("b.example"), STR("another secret, too")), 0);
	assert_int_equal(component_secrets_count(s), 2);
	assert_true(component_secrets_prove(s, STR("a.example"), ID, PROOF));
	assert_false(component_secrets_prove(s, STR("b.example"), ID, PROOF));
	assert_false(component_secrets_prove(s, STR("a.example"), STR("3BF96D33"), PROOF));
	assert_false(component_secrets_prove(s, STR("a.example"), ID, str_cut(PROOF, 0, 39)));
	assert_false(component_secrets_prove(s, STR("a.example"), ID, STR("")));
	assert_int_equal(component_secrets_put(s, STR("a.example"), STR("a new one for the first")), 0);
	assert_int_equal(component_secrets_count(s), 2);
	assert_false(component_secrets_prove(s, STR("a.example"), ID, PROOF));
	assert_ptr_equal(component_secrets_ref(s), s);
	assert_null(component_secrets_unref(s));
	assert_true(component_secrets_prove(s, STR("a.example"), ID, STR("6966017647443e30c874a5d48708cc838cd26e0e")));
	component_secrets_unref(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_a_file_holds),
		cmocka_unit_test(test_the_proof),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
