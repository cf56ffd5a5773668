/* How many columns of a terminal a cell takes. */
#include "check.h"

#include <locale.h>

#include "cli/table.h"

static void letters_are_as_wide_as_they_are_shown(void **state)
{
	static const struct {
		const char *text;
		size_t columns;
	} cells[] = {
		{"", 0}, {"alice", 5}, {"J\xc3\xbcrgen", 6}, {"Ju\xcc\x88rgen", 6}, /* one letter, and a letter with dots put on it */
		{"\xe7\x8e\x8b\xe5\xb0\x8f\xe6\x98\x8e", 6}, {"\xea\xb9\x80", 2}, {"\xef\xbc\xa1", 2},
		{"\xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d", 4}, {"a\xe2\x80\x8b", 1},
	};

	(void)state;
	setlocale(LC_ALL, "C"); /* as a command run by cron */
	for (size_t i = 0; i < sizeof(cells) / sizeof(*cells); i++)
		if (table_width(str_from(cells[i].text)) != cells[i].columns)
			fail_msg("'%s' takes %zu, not %zu", cells[i].text, table_width(str_from(cells[i].text)), cells[i].columns);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(letters_are_as_wide_as_they_are_shown),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
