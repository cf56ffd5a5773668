/* <user-agent/> (XEP-0388 section 2.3): what is taken of it, and what is no such thing. */
#include "base/buf.h"
#include "check.h"
#include "stanza/ns.h"
#include "xmpp/agent.h"

#define ID "d4565fa7-4d72-4749-b3d3-740edbf87770"

static struct arena *arena;

static int setup(void **state)
{
	(void)state;
	arena = arena_new(0);
	return arena ? 0 : -1;
}

static int teardown(void **state)
{
	(void)state;
	arena_free(arena);
	return 0;
}

static struct node *element(const char *id)
{
	struct node *n = node_new(arena, STR("user-agent"), NS_SASL2);

	if (id)
		node_set_attr(arena, n, STR("id"), str_from(id));
	return n;
}

static struct node *add(struct node *n, const char *name, const char *text)
{
	struct node *child = node_add(arena, n, str_from(name), NS_SASL2);

	node_add_text(arena, child, str_from(text));
	return child;
}

static struct agent *parsed(const struct node *n)
{
	struct agent *a;

	assert_int_equal(agent_parse(&a, n, arena), 0);
	return a;
}

static void only_a_uuid_of_version_4_is_an_id(void **state)
{
	static const char *const bad[] = {"", "me", "D4565FA7-4D72-1749-B3D3-740EDBF87770", "d4565fa7-4d72-4749-c3d3-740edbf87770",
			"d4565fa74d724749b3d3740edbf87770", "d4565fa7-4d72-4749-b3d3-740edbf8777g",
			"d4565fa7-4d72-4749-b3d3-740edbf877700", "d4565fa7-4d72-4749-b3d3_740edbf87770",
			"00000000-0000-0000-0000-000000000000", "{d4565fa7-4d72-4749-b3d3-740edbf877}"};
	struct agent *a;

	(void)state;
	assert_true(agent_id_is_good(STR(ID)));
	assert_true(agent_id_is_good(STR("D4565FA7-4D72-4749-B3D3-740EDBF87770")));
	assert_false(agent_id_is_good(str_of("d4565fa7-4d72-4749-\0" "3d3-740edbf87770", 36)));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_false(agent_id_is_good(str_from(bad[i])));
		assert_int_equal(agent_parse(&a, element(bad[i]), arena), AGENT_E_MALFORMED);
	}
}

static void ids_are_kept_in_lower_case(void **state)
{
	struct agent *a = parsed(element("D4565FA7-4D72-4749-B3D3-740EDBF87770"));

	(void)state;
	assert_true(str_is(a->id, ID));
	agent_free(a);
}

static void nothing_needs_to_be_said(void **state)
{
	struct agent *a = parsed(element(NULL));

	(void)state;
	assert_true(a->id.len == 0 && a->software.len == 0 && a->device.len == 0);
	agent_free(a);
}

static void texts_are_words_that_can_be_shown(void **state)
{
	struct node *n = element(ID);
	struct agent *a;

	(void)state;
	add(n, "software", "  Awesome\n\tXMPP \xE2\x80\xAE" "evil\x7F ");
	add(n, "device", "Kiva\xE2\x80\x99s \xF0\x9F\x93\xB1");
	a = parsed(n);
	assert_true(str_is(a->software, "Awesome XMPP evil"));
	assert_true(str_is(a->device, "Kiva\xE2\x80\x99s \xF0\x9F\x93\xB1"));
	agent_free(a);
}

static void long_texts_are_cut_between_characters(void **state)
{
	struct buf text = BUF_INIT(0);
	struct node *n = element(ID);
	struct agent *a;

	(void)state;
	buf_putc(&text, 'x');
	for (int i = 0; i < 100; i++)
		buf_lit(&text, "\xC3\xA4");
	add(n, "device", buf_cstr(&text));
	a = parsed(n);
	assert_int_equal(a->device.len, AGENT_TEXT_MAX - 1);
	assert_memory_equal(a->device.data, text.data, a->device.len);
	agent_free(a);
	buf_done(&text);
}

static void twice_or_with_children_it_is_malformed(void **state)
{
	struct node *twice = element(ID), *deep = element(ID);
	struct agent *a;

	(void)state;
	add(twice, "software", "one");
	add(twice, "software", "two");
	assert_int_equal(agent_parse(&a, twice, arena), AGENT_E_MALFORMED);
	node_add(arena, add(deep, "device", "a"), STR("b"), NS_SASL2);
	assert_int_equal(agent_parse(&a, deep, arena), AGENT_E_MALFORMED);
}

static void what_is_of_another_namespace_says_nothing(void **state)
{
	struct node *n = element(ID);
	struct agent *a;

	(void)state;
	node_add_text(arena, node_add(arena, n, STR("software"), STR("urn:example:other")), STR("x"));
	a = parsed(n);
	assert_int_equal(a->software.len, 0);
	agent_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test_setup_teardown(only_a_uuid_of_version_4_is_an_id, setup, teardown),
			cmocka_unit_test_setup_teardown(ids_are_kept_in_lower_case, setup, teardown),
			cmocka_unit_test_setup_teardown(nothing_needs_to_be_said, setup, teardown),
			cmocka_unit_test_setup_teardown(texts_are_words_that_can_be_shown, setup, teardown),
			cmocka_unit_test_setup_teardown(long_texts_are_cut_between_characters, setup, teardown),
			cmocka_unit_test_setup_teardown(twice_or_with_children_it_is_malformed, setup, teardown),
			cmocka_unit_test_setup_teardown(what_is_of_another_namespace_says_nothing, setup, teardown),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
