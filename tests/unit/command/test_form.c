/* Forms of commands: written, and read back. */
#include "check.h"

#include <stdio.h>

#include "command/form.h"
#include "stanza/ns.h"
#include "stanza/tokenizer.h"

static const struct xml_limits limits = {.stanza_bytes = 1 << 20,
	.depth = 50,
	.attributes = 50,
	.attribute_bytes = 50000,
	.name_bytes = 1000,
	.children = 2000,
	.nodes = 10000};

static struct arena *arena;

static const struct command *command(const char *name)
{
	char node[128];

	snprintf(node, sizeof(node), COMMAND_PREFIX "%s", name);
	return command_find(str_from(node));
}

/* The fields as a submitted form. */
static const char *read_form(const char *name, const char *fields, json_t **out)
{
	static const char head[] =
		"<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>";
	struct tokenizer *t = tokenizer_new(&limits);
	struct buf xml = BUF_INIT(0);
	struct node *node = NULL;
	const char *data = head, *fault = NULL;
	size_t len = sizeof(head) - 1;

	arena_free(arena);
	assert_int_equal(tokenizer_feed(t, &data, &len, &node, &arena), XML_STREAM_OPEN);
	arena_free(arena);
	arena = NULL;
	buf_printf(&xml, "<iq><x xmlns='jabber:x:data' type='submit'>%s</x></iq>", fields);
	data = xml.data;
	len = xml.len;
	assert_int_equal(tokenizer_feed(t, &data, &len, &node, &arena), XML_STANZA);
	*out = form_take(command(name), node_first_element(node), arena, &fault);
	tokenizer_free(t);
	buf_done(&xml);
	return fault;
}

static int tear_down(void **state)
{
	(void)state;
	arena = arena_free(arena);
	return 0;
}

static void what_is_filled_in_is_read(void **state)
{
	json_t *values;

	(void)state;
	assert_null(read_form("add-user",
		"<field var='FORM_TYPE'><value>http://jabber.org/protocol/admin</value></field>"
		"<field var='accountjid'><value> a@example.org </value></field>"
		"<field var='surname'><value>O&apos;Neil</value></field><field var='email'><value/></field>"
		"<field var='unknown'><value>x</value></field><field var='password'><value>x</value></field>",
		&values));
	assert_str(form_first(values, "accountjid"), "a@example.org");
	assert_str(form_first(values, "surname"), "O'Neil");
	assert_int_equal(json_object_size(values), 2);
	json_decref(values);
}

static void several_values(void **state)
{
	struct buf text = BUF_INIT(0);
	json_t *values;

	(void)state;
	assert_null(read_form("delete-user",
		"<field var='accountjids'><value>a@x</value><value/><value>b@x</value></field>", &values));
	assert_true(form_text(values, "accountjids", &text));
	assert_str(buf_view(&text), "a@x\nb@x");
	json_decref(values);
	buf_done(&text);
}

#define OTHER_TYPE "<field var='FORM_TYPE'><value>urn:other</value></field>"

static void what_is_no_form_of_ours(void **state)
{
	static const char *const bad[] = {
		"",
		"<field var='accountjid'><value/></field>",
		"<field var='accountjid'><value>a@x</value><value>b@x</value></field>",
		("<field var='accountjid'><value>a@x</value></field>" OTHER_TYPE),
		"<field var='FORM_TYPE'/><field var='accountjid'><value>a@x</value></field>",
	};
	json_t *values;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_non_null(read_form("add-user", bad[i], &values));
		assert_null(values);
	}
}

static void too_many_values(void **state)
{
	struct buf fields = BUF_INIT(0);
	json_t *values;

	(void)state;
	buf_lit(&fields, "<field var='accountjids'>");
	for (int i = 0; i < FORM_VALUES_MAX + 1; i++)
		buf_lit(&fields, "<value>a@x</value>");
	buf_lit(&fields, "</field>");
	assert_non_null(read_form("delete-user", buf_cstr(&fields), &values));
	buf_done(&fields);
}

/* Every form that can be asked for is XML, has its FORM_TYPE first, and marks what is required. */
static void forms_are_written(void **state)
{
	const struct command *c;
	struct buf out = BUF_INIT(0);

	(void)state;
	for (size_t i = 0; (c = command_at(i)); i++) {
		json_t *values = json_object();

		for (const struct field *f = c->fields; f && f->var; f++)
			json_object_set_new(values, f->var, json_pack("[s]", "<&'>"));
		buf_clear(&out);
		form_put(&out, c, values);
		assert_null(strstr(buf_cstr(&out), "<&"));
		for (const struct field *f = c->fields; f && f->var; f++)
			assert_non_null(strstr(buf_cstr(&out), f->var));
		json_decref(values);
		assert_true((c->fields != NULL) != (c->flags & COMMAND_AT_ONCE));
		buf_clear(&out);
		buf_printf(&out, "%s%s", command_prefix(c), c->name);
		assert_ptr_equal(command_find(buf_view(&out)), c);
	}
	assert_null(command("create-account"));
	buf_done(&out);
}

int main(void)
{
#define T(f) cmocka_unit_test_teardown(f, tear_down)
	const struct CMUnitTest tests[] = {T(what_is_filled_in_is_read), T(several_values), T(what_is_no_form_of_ours),
		T(too_many_values), T(forms_are_written)};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
