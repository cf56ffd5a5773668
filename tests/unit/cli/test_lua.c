/* Lua tables: what Prosody writes is read, what is no data is refused with its place. */
#include "check.h"

#include <errno.h>

#include "cli/lua.h"

static struct arena *arena;

static int read_one(const char *text, struct lua *out)
{
	size_t at = 0;

	arena = arena_free(arena);
	arena = arena_new(1 << 20);
	return lua_next(str_from(text), &at, arena, out);
}

static void test_an_account(void **state)
{
	struct lua v;
	const struct lua *rounds;

	(void)state;
	assert_int_equal(read_one("return {\n\t[\"iteration_count\"] = 10000;\n\t[\"salt\"] = \"a\\0101\\n\\\"\\\\\";\n};\n", &v), 1);
	rounds = lua_get(&v, STR("iteration_count"));
	assert_non_null(rounds);
	assert_true(rounds->kind == LUA_NUMBER && rounds->number == 10000);
	assert_str(lua_text(&v, STR("salt")), "a\n1\n\"\\");
	assert_null(lua_get(&v, STR("password")));
	assert_null(lua_text(&v, STR("iteration_count")).data);
}

static void test_lists_count_from_one(void **state)
{
	struct lua v;
	double n = 0;

	(void)state;
	assert_int_equal(read_one("return { 'a', name = \"m\"; {}, [false] = true, -2.5 }", &v), 1);
	for (const struct lua_pair *p = v.pairs; p; p = p->next)
		if (p->key.kind == LUA_NUMBER) {
			n++;
			assert_true(p->key.number == n);
		}
	assert_true(n == 3);
	assert_str(lua_text(&v, STR("name")), "m");
}

static void test_items_follow_each_other(void **state)
{
	static const char text[] = "item({ name = \"a\" });\nitem({ name = \"b\" });\n";
	struct lua v;
	size_t at = 0;

	(void)state;
	arena = arena_free(arena);
	arena = arena_new(1 << 20);
	assert_int_equal(lua_next(str_from(text), &at, arena, &v), 1);
	assert_str(lua_text(&v, STR("name")), "a");
	assert_int_equal(lua_next(str_from(text), &at, arena, &v), 1);
	assert_str(lua_text(&v, STR("name")), "b");
	assert_int_equal(lua_next(str_from(text), &at, arena, &v), 0);
}

static void test_what_is_no_data(void **state)
{
	static const char *const bad[] = {"x", "return", "return {", "return { 1 2 }", "return os.exit()", "return \"a", "return \"a\nb\"",
		"return \"\\q\"", "return \"\\999\"", "return \"\\xg0\"", "return { [1] }", "item({}", "item {}", "return function() end",
		"return { [\"a\"] = b }", "return \"\\", "return \"\\x4"};
	struct lua v;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(read_one(bad[i], &v), -EBADMSG);
	assert_int_equal(read_one(" -- nothing\n ", &v), 0);
	arena = arena_free(arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_an_account),
		cmocka_unit_test(test_lists_count_from_one),
		cmocka_unit_test(test_items_follow_each_other),
		cmocka_unit_test(test_what_is_no_data),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
