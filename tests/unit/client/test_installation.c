/* Which row of the inventory a session belongs to. */
#include "check.h"

#include "client/installation.h"

static void expect(const struct judgement *j, const char *resource, const char *key)
{
	struct buf out = BUF_INIT(INSTALLATION_MAX);

	installation_put(&out, j, str_from(resource));
	assert_str(buf_view(&out), key);
	buf_done(&out);
}

static void words(void **state)
{
	static const char *const words[][2] = {{"gajim.K2J3", "gajim"}, {"phone", "phone"}, {"PC", ""}, {"ChatSecure1234", ""},
		{"Home2", "Home"}, {"home2234", ""}, {"aGdkQ", ""}, {"KJHGF-x", "KJHGF"}, {"desk (2)", "desk"}, {"7phone", ""}, {"", ""},
		{"abcdefghijklmnopqrstuvwxyzabcdefg", ""}, {"büro/2", "büro"}};

	(void)state;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		assert_str(installation_word(str_from(words[i][0])), words[i][1]);
}

static void what_tells_installations_apart(void **state)
{
	struct judgement j = {.class = CLIENT_NAMED, .product = STR("Gajim"), .os = STR("Linux")};

	(void)state;
	expect(&j, "gajim.K2J3", "gajim|linux|gajim");
	expect(&j, "gajim.9ZZ1", "gajim|linux|gajim");
	expect(&j, "k2j3aa81", "gajim|linux|");
	j.version = STR("1.8"); /* an update is no other installation */
	expect(&j, "gajim.K2J3", "gajim|linux|gajim");
	j.product = STR("a|b"); /* a name does not reach into the next part */
	expect(&j, "phone", "a/b|linux|phone");
	j.agent = STR("5F2E-11");
	expect(&j, "phone", "agent:5f2e-11");
}

static void who_says_nothing_has_a_row_too(void **state)
{
	struct judgement j = {.class = CLIENT_SILENT};

	(void)state;
	expect(&j, "", "silent:||");
	j = (struct judgement){.class = CLIENT_UNKNOWN, .caps = STR("sha-1 x")};
	expect(&j, "phone", "unknown:sha-1 x||phone");
	j.node = STR("https://x.example/");
	expect(&j, "phone", "unknown:https://x.example/||phone");
}

/* Whatever a client says, the key has room. */
static void keys_are_bounded(void **state)
{
	char text[1001];
	struct judgement j = {.class = CLIENT_NAMED};
	struct buf out = BUF_INIT(INSTALLATION_MAX);

	(void)state;
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	j.product = j.os = str_from(text);
	installation_put(&out, &j, str_from(text));
	assert_false(buf_failed(&out));
	buf_clear(&out);
	j.agent = str_from(text);
	installation_put(&out, &j, STR("x"));
	assert_false(buf_failed(&out));
	buf_done(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words),
		cmocka_unit_test(what_tells_installations_apart),
		cmocka_unit_test(who_says_nothing_has_a_row_too),
		cmocka_unit_test(keys_are_bounded),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
