#include "check.h"

#include "stanza/ns.h"
#include "stanza/node.h"
#include "tree_dump.h"

static struct node *sample(struct arena *arena)
{
	struct node *n = node_new(arena, STR("a"), STR("u"));

	node_add_text(arena, n, STR("x"));
	node_add(arena, n, STR("b"), STR("u"));
	node_add_text(arena, n, STR("y"));
	node_add(arena, n, STR("b"), STR("v"));
	node_add_text(arena, node_add(arena, n, STR("c"), STR("v")), STR("z"));
	return n;
}

static void check_dump(const struct node *n, const char *expected)
{
	struct buf b = BUF_INIT(0);

	tree_dump(&b, n);
	assert_str(buf_view(&b), expected);
	buf_done(&b);
}

static void finding(void **state)
{
	struct arena *arena = arena_new(0);
	struct node *n = sample(arena), *b;

	(void)state;
	check_dump(n, "{u}a(\"x\"{u}b()\"y\"{v}b(){v}c(\"z\"))");
	assert_str(node_child(n, STR("b"), STR("v"))->ns, "v");
	assert_null(node_child(n, STR("b"), STR("")));
	assert_null(node_child(n, STR("x"), STR("u")));
	b = node_first_element(n);
	assert_true(node_is(b, STR("b"), STR("u")));
	b = node_next_element(b);
	assert_true(node_is(b, STR("b"), STR("v")));
	b = node_next_element(node_next_element(b));
	assert_null(b);
	assert_false(node_is(n->first, STR(""), STR("")));
	assert_str(node_text(n, arena), "xy");
	assert_str(node_text(node_child(n, STR("c"), STR("v")), arena), "z");
	assert_str(node_text(node_first_element(n), arena), "");
	arena_free(arena);
}

static void attributes(void **state)
{
	struct arena *arena = arena_new(0);
	struct node *n = node_new(arena, STR("a"), STR("u"));

	(void)state;
	assert_null(node_attr(n, STR("to")).data);
	node_set_attr(arena, n, STR("to"), STR("1"));
	node_set_attr_ns(arena, n, STR("lang"), NS_XML, STR("de"));
	node_set_attr(arena, n, STR("lang"), STR_NONE);
	node_set_attr(arena, n, STR("to"), STR("2"));
	check_dump(n, "{u}a to=\"2\" {http://www.w3.org/XML/1998/namespace}lang=\"de\" lang=\"\"()");
	assert_non_null(node_attr(n, STR("lang")).data);
	assert_str(node_attr_ns(n, STR("lang"), NS_XML), "de");
	node_del_attr(n, STR("lang"));
	node_del_attr(n, STR("none"));
	node_del_attr(n, STR("to"));
	check_dump(n, "{u}a {http://www.w3.org/XML/1998/namespace}lang=\"de\"()");
	arena_free(arena);
}

static void moving(void **state)
{
	struct arena *arena = arena_new(0);
	struct node *n = sample(arena), *first = n->first, *last = n->last, *b = node_first_element(n);

	(void)state;
	node_remove(b);
	node_remove(b); /* detached: nothing happens */
	assert_null(b->parent);
	node_remove(first);
	node_remove(last);
	check_dump(n, "{u}a(\"y\"{v}b())");
	node_prepend(n, last);
	node_append(n, b);
	check_dump(n, "{u}a({v}c(\"z\")\"y\"{v}b(){u}b())");
	assert_ptr_equal(n->last, b);
	while (n->first)
		node_remove(n->first);
	assert_null(n->last);
	node_prepend(n, b);
	assert_ptr_equal(n->last, b);
	arena_free(arena);
}

static void removing_all_of_a_kind(void **state)
{
	struct arena *arena = arena_new(0);
	struct node *n = sample(arena), *b = node_next_element(node_first_element(n));

	(void)state;
	node_add(arena, n, STR("b"), STR("v"));
	node_remove_each(n, STR("b"), STR("v"));
	assert_null(b->parent);
	assert_null(node_child(n, STR("b"), STR("v")));
	assert_non_null(node_child(n, STR("b"), STR("u")));
	node_add(arena, n, STR("d"), STR("v")); /* the end is known */
	assert_str(n->last->name, "d");
	assert_ptr_equal(node_child(n, STR("d"), STR("v")), n->last);
	n = node_new(arena, STR("a"), STR("u"));
	node_add(arena, n, STR("b"), STR("v"));
	node_add(arena, n, STR("b"), STR("v"));
	node_remove_each(n, STR("b"), STR("v"));
	assert_null(n->first);
	assert_null(n->last);
	arena_free(arena);
}

static void copying(void **state)
{
	struct arena *arena = arena_new(0), *other = arena_new(0), *small = arena_new(300);
	struct node *n = sample(arena), *copy;

	(void)state;
	node_set_attr(arena, node_child(n, STR("c"), STR("v")), STR("empty"), STR(""));
	copy = node_copy(other, node_child(n, STR("c"), STR("v")));
	check_dump(copy, "{v}c empty=\"\"(\"z\")");
	assert_null(copy->parent);
	assert_null(copy->next);
	assert_non_null(node_attr(copy, STR("empty")).data);
	assert_null(node_attr(copy, STR("missing")).data);
	copy = node_copy(other, n);
	assert_null(node_copy(small, n));
	arena_free(arena);
	check_dump(copy, "{u}a(\"x\"{u}b()\"y\"{v}b(){v}c empty=\"\"(\"z\"))");
	arena_free(other);
	arena_free(small);
}

static void every_failure_of_memory_is_survived(void **state)
{
	unsigned long n;

	(void)state;
	for (n = 1;; n++) {
		struct arena *arena = arena_new(0);
		struct node *top, *copy;
		bool full;

		arena_fail_nth(n);
		top = sample(arena);
		node_set_attr(arena, top, STR("a"), STR("b"));
		copy = top ? node_copy(arena, top) : NULL;
		full = arena_is_full(arena);
		arena_fail_nth(0);
		assert_int_equal(copy == NULL, full);
		arena_free(arena);
		if (!full)
			break;
	}
	assert_true(n > 15);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finding),
		cmocka_unit_test(attributes),
		cmocka_unit_test(moving),
		cmocka_unit_test(removing_all_of_a_kind),
		cmocka_unit_test(copying),
		cmocka_unit_test(every_failure_of_memory_is_survived),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
