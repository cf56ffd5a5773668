/* conf/yaml: what is accepted, what is refused and where. */
#include "check.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "conf/yaml.h"

struct bad {
	const char *text;
	const char *error; /* a part of it */
};

static const struct bad bads[] = {
	{"a: 1\na: 2\n", "f:2: 'a' stands here twice (first in line 1)"},
	{"a: &x 1\n", "f:1: anchors"},
	{"a: &x [1]\n", "f:1: anchors"},
	{"a: 1\nb: *a\n", "f:2: aliases"},
	{"a: !int 1\n", "f:1: tags"},
	{"a: !!map {}\n", "f:1: tags"},
	{"a: 1\n---\nb: 2\n", "f:2: a second document"},
	{"? [a, b]\n: 1\n", "f:1: a list cannot be a key"},
	{"a:\n\tb: 1\n", "never tabs"},
	{"a: [1\nb: 2\n", "is not YAML"},
	{"a: \"\\0\"\n", "NUL"},
	{"a: \xff\n", "save the file as UTF-8"},
	{"[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]", "nested deeper than 16"},
};

static void test_refused_with_place(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(bads) / sizeof(bads[0]); i++) {
		struct yml *y = NULL;
		struct err err = {};

		if (yml_parse(&y, str_from(bads[i].text), "f", &err) == 0)
			fail_msg("accepted: %s", bads[i].text);
		if (!strstr(err.text, bads[i].error))
			fail_msg("'%s' does not hold '%s'", err.text, bads[i].error);
	}
}

static void test_tree_knows_lines(void **state)
{
	struct str text = STR("# head\nname: x\nlist:\n  - one\n  - 'two'\nmap:\n  key:\n    deep: 1_000\n");
	const struct yml_node *root, *list, *deep;
	struct yml *y = NULL;
	unsigned long long v;

	(void)state;
	assert_int_equal(yml_parse(&y, text, "f", NULL), 0);
	root = yml_root(y);
	assert_int_equal(root->kind, YML_MAP);
	assert_int_equal(root->len, 3);
	assert_str(yml_get(root, "name")->text, "x");
	assert_int_equal(yml_get(root, "name")->line, 2);
	list = yml_get(root, "list");
	assert_int_equal(list->len, 2);
	assert_int_equal(list->first->next->line, 5);
	assert_true(list->first->next->quoted);
	assert_false(list->first->quoted);
	deep = yml_get(yml_get(yml_get(root, "map"), "key"), "deep");
	assert_int_equal(deep->key_line, 8);
	assert_int_equal(deep->column, 11);
	assert_true(yml_u64(deep, 1000, &v));
	assert_int_equal(v, 1000);
	assert_false(yml_u64(deep, 999, &v));
	assert_null(yml_get(deep, "x"));
	assert_null(yml_get(NULL, "x"));
	yml_free(y);
}

static void test_empty_is_a_map(void **state)
{
	static const char *const texts[] = {"", "# only a comment\n", "---\n", "~\n"};

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		struct yml *y = NULL;

		assert_int_equal(yml_parse(&y, str_from(texts[i]), "f", NULL), 0);
		assert_int_equal(yml_root(y)->kind, YML_MAP);
		assert_int_equal(yml_root(y)->len, 0);
		yml_free(y);
	}
}

static void test_scalars(void **state)
{
	struct yml_node n = {.kind = YML_SCALAR, .text = STR("yes")};
	unsigned long long v;
	bool b = false;

	(void)state;
	assert_true(yml_bool(&n, &b));
	assert_true(b);
	n.quoted = true;
	assert_false(yml_bool(&n, &b));
	n = (struct yml_node){.kind = YML_SCALAR, .text = STR("off")};
	assert_true(yml_bool(&n, &b));
	assert_false(b);
	static const char *const bad_numbers[] = {
		"", "_1", "1_", "1__0", "-1", "0x1", "1.5", " 1", "99999999999999999999999999999999999999"};

	for (size_t i = 0; i < sizeof(bad_numbers) / sizeof(bad_numbers[0]); i++) {
		n.text = str_from(bad_numbers[i]);
		if (yml_u64(&n, ~0ull, &v))
			fail_msg("accepted: %s", bad_numbers[i]);
	}
}

static void test_missing_file(void **state)
{
	struct yml *y = NULL;
	struct err err = {};

	(void)state;
	assert_int_equal(yml_load(&y, "/nonexistent/file.yaml", &err), -ENOENT);
	assert_non_null(strstr(err.text, "/nonexistent/file.yaml"));
}

static void test_too_large(void **state)
{
	size_t len = YML_MAX_BYTES + 1;
	char *text = malloc(len);
	struct yml *y = NULL;
	struct err err = {};

	(void)state;
	memset(text, '#', len);
	assert_int_equal(yml_parse(&y, str_of(text, len), "f", &err), -EFBIG);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refused_with_place),
		cmocka_unit_test(test_tree_knows_lines),
		cmocka_unit_test(test_empty_is_a_map),
		cmocka_unit_test(test_scalars),
		cmocka_unit_test(test_missing_file),
		cmocka_unit_test(test_too_large),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
