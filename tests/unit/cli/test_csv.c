/* cli/csv: RFC 4180 good and bad, line numbers, going on behind a bad line. */
#include "check.h"

#include <stdio.h>
#include <stdlib.h>

#include "cli/csv.h"

/* Rows as "a|b;c|d", a bad row as "!line". */
static void expect(const char *text, const char *expected)
{
	size_t len = strlen(text);
	char *data = malloc(len ? len : 1), out[1024] = "";
	struct csv csv;
	struct csv_row row;

	memcpy(data, text, len);
	csv_init(&csv, data, len);
	while (csv_next(&csv, &row)) {
		size_t at = strlen(out);

		if (at)
			out[at++] = ';';
		if (row.problem) {
			snprintf(out + at, sizeof(out) - at, "!%u", csv.line);
			continue;
		}
		for (size_t i = 0; i < row.len; i++) {
			at += (size_t)snprintf(
				out + at, sizeof(out) - at, "%s%.*s", i ? "|" : "", STR_FMT(row.fields[i]));
		}
	}
	free(data);
	assert_string_equal(out, expected);
}

static void test_good(void **state)
{
	(void)state;
	expect("", "");
	expect("a,b\nc,d\n", "a|b;c|d");
	expect("a,b\r\nc,d\r\n", "a|b;c|d");
	expect("a,b", "a|b");
	expect("a,,b,\n", "a||b|");
	expect("\xef\xbb\xbf"
	       "a,b\n",
		"a|b");
	expect("\"a,1\",\"b\"\"2\"\"\",\"c\n3\"\n", "a,1|b\"2\"|c\n3");
	expect("\"\",x\n", "|x");
	expect("\n\r\na\n\nb\n", "a;b");
	expect(" a , b \n", " a | b ");
	expect("\"\"\"\"\n", "\"");
}

static void test_bad_lines_are_named(void **state)
{
	(void)state;
	expect("a\nb\"c\nd\n", "a;!2;d");
	expect("\"a\"b\nc\n", "!1;c");
	expect("x\n\"a\nb\n", "x;!2;b");
	expect("\"a\"\"\nb\n", "!1;b");
	expect("a\rb\nc\n", "!1;c");
	expect("a\n\xff\nc\n", "a;!2;c");
	expect("\"1\n2\",x\n\"3\"4\n5\n", "1\n2|x;!3;5");
	expect("1,2,3,4,5,6,7,8,9,0,1,2,3,4,5,6,7,8,9,0,1,2,3,4,5,6,7,8,9,0,1,2,3\nb\n", "!1;b");
}

static void test_written(void **state)
{
	static const char *const fields[] = {"", "a", "a,b", "say \"x\"", "two\nlines", "=1+1", "+49", "-x", "@x", " space"};
	struct buf out = BUF_INIT(0);
	struct csv csv;
	struct csv_row row;

	(void)state;
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		csv_put(&out, str_from(fields[i]));
	csv_put_end(&out);
	csv_put(&out, STR("next"));
	csv_put_end(&out);
	assert_str(buf_view(&out), "\"\",a,\"a,b\",\"say \"\"x\"\"\",\"two\nlines\",'=1+1,'+49,'-x,'@x,\" space\"\r\nnext\r\n");
	csv_init(&csv, out.data, out.len); /* and read again */
	assert_true(csv_next(&csv, &row));
	assert_int_equal(row.len, sizeof(fields) / sizeof(fields[0]));
	assert_str(row.fields[3], "say \"x\"");
	assert_str(row.fields[5], "'=1+1");
	assert_true(csv_next(&csv, &row) && row.len == 1);
	assert_false(csv_next(&csv, &row));
	buf_done(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_bad_lines_are_named),
		cmocka_unit_test(test_written),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
