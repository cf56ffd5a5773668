/* Terms of Erlang: what a dump of tables has is read, what is none is refused with its place. */
#include "check.h"

#include <errno.h>

#include "cli/erlang.h"

static struct arena *arena;

static int read_one(struct str text, struct erlang *out)
{
	size_t at = 0;

	arena = arena_free(arena);
	arena = arena_new(1 << 20);
	return erlang_next(text, &at, arena, out);
}

static void test_a_row_of_a_table(void **state)
{
	static const char text[] = "{muc_room,\n    {<<\"balcony\">>,<<\"rooms.example.org\">>},\n    [{title,<<\"A \\\"balcony\\\"\">>},\n"
				   "     {public,false},\n     {max_users,200},{subject,[]}]}.\n";
	struct erlang v;
	const struct erlang *options;

	(void)state;
	assert_int_equal(read_one(str_from(text), &v), 1);
	assert_true(v.kind == ERLANG_TUPLE && v.len == 3 && erlang_is(erlang_item(&v, 0), "muc_room"));
	assert_str(erlang_text(erlang_item(erlang_item(&v, 1), 1)), "rooms.example.org");
	options = erlang_item(&v, 2);
	assert_str(erlang_text(erlang_property(options, "title")), "A \"balcony\"");
	assert_true(erlang_is(erlang_property(options, "public"), "false"));
	assert_true(erlang_property(options, "max_users")->integer == 200);
	assert_true(erlang_property(options, "subject")->len == 0);
	assert_null(erlang_property(options, "description"));
	assert_null(erlang_item(&v, 3));
}

static void test_binaries_are_bytes(void **state)
{
	struct erlang v;

	(void)state;
	assert_int_equal(read_one(STR("<<99,97,102,195,169>>."), &v), 1);
	assert_str(erlang_text(&v), "caf\303\251");
	assert_int_equal(read_one(STR("<<\"caf\303\251\">>."), &v), 1);
	assert_str(erlang_text(&v), "caf\303\251");
	assert_int_equal(read_one(STR("<<\"caf\351\"/utf8>>."), &v), 1);
	assert_str(erlang_text(&v), "caf\303\251");
	assert_int_equal(read_one(STR("<<\"caf\\x{e9}\">>."), &v), 1);
	assert_str(erlang_text(&v), "caf\351");
	assert_int_equal(read_one(STR("<<\"one \"\n   \"two\\n\\t\\e\\101\">>."), &v), 1);
	assert_str(erlang_text(&v), "one two\n\t\x1b\x41");
	assert_int_equal(read_one(STR("<<>>."), &v), 1);
	assert_true(v.kind == ERLANG_BINARY && v.text.len == 0);
	assert_int_equal(read_one(STR("<<1,2:3>>."), &v), 1);
	assert_true(v.kind == ERLANG_OTHER);
	assert_null(erlang_text(&v).data);
}

static void test_all_that_is_printed(void **state)
{
	static const char text[] =
		"{x,#{a => 1,\"str\" => [1,2,3]},\n   <0.9.0>,#Ref<0.94.2184183809.2151>,fun lists:map/2,1.5,-3,1.0e300,\n"
		"   'Quoted atom',\"string \351\",\n   [a|b],16#ff,123456789012345678901234567890,#Fun<a.0.59625582>,ab@cd,97}. % end\n";
	static const enum erlang_kind kinds[] = {ERLANG_ATOM, ERLANG_MAP, ERLANG_OTHER, ERLANG_OTHER, ERLANG_OTHER, ERLANG_FLOAT,
		ERLANG_INTEGER, ERLANG_FLOAT, ERLANG_ATOM, ERLANG_STRING, ERLANG_LIST, ERLANG_INTEGER, ERLANG_FLOAT, ERLANG_OTHER,
		ERLANG_ATOM, ERLANG_INTEGER};
	struct erlang v;

	(void)state;
	assert_int_equal(read_one(str_from(text), &v), 1);
	assert_int_equal(v.len, sizeof(kinds) / sizeof(kinds[0]));
	for (size_t i = 0; i < v.len; i++)
		assert_int_equal(erlang_item(&v, i)->kind, kinds[i]);
	assert_int_equal(erlang_item(&v, 1)->len, 4);
	assert_true(erlang_item(&v, 5)->number == 1.5 && erlang_item(&v, 6)->integer == -3 && erlang_item(&v, 11)->integer == 255);
	assert_true(erlang_item(&v, 12)->number > 1e29);
	assert_str(erlang_item(&v, 8)->text, "Quoted atom");
	assert_str(erlang_item(&v, 14)->text, "ab@cd");
}

static void test_terms_follow_each_other(void **state)
{
	struct str text = STR("a.\n%% comment.\n{b}.\n1.\n");
	struct erlang v;
	size_t at = 0;

	(void)state;
	arena = arena_free(arena);
	arena = arena_new(1 << 20);
	assert_int_equal(erlang_next(text, &at, arena, &v), 1);
	assert_true(erlang_is(&v, "a"));
	assert_int_equal(erlang_next(text, &at, arena, &v), 1);
	assert_true(v.kind == ERLANG_TUPLE && v.len == 1);
	assert_int_equal(erlang_next(text, &at, arena, &v), 1);
	assert_true(v.kind == ERLANG_INTEGER && v.integer == 1);
	assert_int_equal(erlang_next(text, &at, arena, &v), 0);
}

static void test_what_is_no_term_is_refused(void **state)
{
	static const char *const bad[] = {"a", "{a", "{a,", "[a}.", "<<\"a\">.", "<<256>>.", "<<\"a", "\"a", "'a", "#{a}.", "#{a => }.",
		"{a b}.", "1.5e.", "37#1.", "\"\\x{110000}\".", "\"\\xg\".", "<0.1", "..", "<<1:>>.", "-.", "{a}", "[a|"};
	struct erlang v;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (read_one(str_from(bad[i]), &v) != -EBADMSG)
			fail_msg("accepted: %s", bad[i]);
}

static void test_depth_and_memory_are_bounded(void **state)
{
	char deep[4 * ERLANG_DEPTH];
	struct erlang v;
	size_t at = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(deep); i++)
		deep[i] = '[';
	assert_int_equal(read_one(str_of(deep, sizeof(deep)), &v), -EBADMSG);
	arena = arena_free(arena);
	arena = arena_new(100);
	assert_int_equal(erlang_next(STR("[1,2,3,4,5,6,7,8,9]."), &at, arena, &v), -ENOMEM);
	arena = arena_free(arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_row_of_a_table),
		cmocka_unit_test(test_binaries_are_bytes),
		cmocka_unit_test(test_all_that_is_printed),
		cmocka_unit_test(test_terms_follow_each_other),
		cmocka_unit_test(test_what_is_no_term_is_refused),
		cmocka_unit_test(test_depth_and_memory_are_bounded),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
