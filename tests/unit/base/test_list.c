#include "check.h"

#include "base/list.h"

struct item {
	int number;
	struct list link;
};

static void check_order(const struct list *head, const char *expected)
{
	char got[16];
	size_t n = 0;

	list_each (it, head)
		got[n++] = (char)('0' + container_of(it, struct item, link)->number);
	assert_str(str_of(got, n), expected);
}

static void adding_removing_splicing(void **state)
{
	struct list a = LIST_INIT(a), b = LIST_INIT(b);
	struct item items[6];

	(void)state;
	for (int i = 0; i < 6; i++) {
		items[i].number = i;
		list_init(&items[i].link);
		list_remove(&items[i].link); /* in no list: nothing happens */
	}
	assert_true(list_is_empty(&a));
	list_append(&a, &items[1].link);
	list_append(&a, &items[2].link);
	list_prepend(&a, &items[0].link);
	check_order(&a, "012");
	list_splice(&a, &b);
	check_order(&a, "012");
	for (int i = 3; i < 6; i++)
		list_append(&b, &items[i].link);
	list_splice(&a, &b);
	assert_true(list_is_empty(&b));
	check_order(&a, "012345");
	list_splice(&b, &a);
	assert_true(list_is_empty(&a));
	list_each_safe (it, &b)
		if (container_of(it, struct item, link)->number % 2)
			list_remove(it);
	check_order(&b, "024");
	list_remove(&items[1].link);
	check_order(&b, "024");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(adding_removing_splicing),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
