#include "check.h"

#include <stdio.h>

#include "account/denials.h"

struct seen {
	size_t rows;
	uint64_t a, b, others;
};

static void look(void *owner, struct str rule, uint64_t count)
{
	struct seen *s = owner;

	s->rows++;
	if (str_is(rule, "a"))
		s->a = count;
	else if (str_is(rule, "b"))
		s->b = count;
	else if (str_is(rule, "others"))
		s->others = count;
}

static void each_rule_is_counted_by_itself(void **state)
{
	struct denials *d = denials_new();
	struct seen s = {};

	(void)state;
	denials_each(d, look, &s);
	assert_int_equal(s.rows, 0);
	denials_count(d, STR("a"));
	denials_count(d, STR("b"));
	denials_count(d, STR("a"));
	denials_count(NULL, STR("a"));
	denials_each(d, look, &s);
	assert_int_equal(s.rows, 2);
	assert_int_equal(s.a, 2);
	assert_int_equal(s.b, 1);
	denials_free(d);
}

static void what_is_too_much_is_counted_together(void **state)
{
	struct denials *d = denials_new();
	struct seen s = {};
	char name[80];

	(void)state;
	for (int i = 0; i < DENIALS_RULES + 10; i++) {
		snprintf(name, sizeof(name), "rule-%d", i);
		denials_count(d, str_from(name));
	}
	memset(name, 'x', sizeof(name));
	denials_count(d, str_of(name, 65));
	denials_count(d, STR("rule-0"));
	denials_each(d, look, &s);
	assert_int_equal(s.rows, DENIALS_RULES + 1);
	assert_int_equal(s.others, 11);
	denials_free(d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_rule_is_counted_by_itself),
		cmocka_unit_test(what_is_too_much_is_counted_together),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
