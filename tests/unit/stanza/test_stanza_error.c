#include "check.h"

#include "stanza/ns.h"
#include "stanza/stanza_error.h"
#include "stanza/xml_out.h"

static struct node *message(struct arena *arena)
{
	struct node *n = node_new(arena, STR("message"), NS_CLIENT);

	node_set_attr(arena, n, STR("type"), STR("chat"));
	node_set_attr(arena, n, STR("to"), STR("b@x"));
	node_set_attr(arena, n, STR("from"), STR("a@x/r"));
	node_set_attr(arena, n, STR("id"), STR("7"));
	node_add_text(arena, node_add(arena, n, STR("body"), NS_CLIENT), STR("secret"));
	return n;
}

static void check_xml(const struct node *n, const char *expected)
{
	struct buf out = BUF_INIT(0);

	assert_non_null(n);
	xml_put(&out, n, NS_CLIENT);
	assert_str(buf_view(&out), expected);
	buf_done(&out);
}

static void an_error_goes_back_without_the_content(void **state)
{
	struct arena *arena = arena_new(0), *other = arena_new(0);
	struct node *n = message(arena), *answer, *app = node_new(other, STR("rule"), STR("urn:x"));

	(void)state;
	answer = stanza_error_reply(
		other, n, STANZA_POLICY_VIOLATION, STANZA_TYPE_DEFAULT, STR("no <way>"), STR("de"), app);
	arena_free(arena);
	check_xml(answer,
		"<message to='a@x/r' from='b@x' id='7' type='error'><error type='modify'>"
		"<policy-violation xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>"
		"<text xmlns='urn:ietf:params:xml:ns:xmpp-stanzas' xml:lang='de'>no &lt;way&gt;</text>"
		"<rule xmlns='urn:x'/></error></message>");
	arena_free(other);
}

static void the_type_may_be_overridden_and_the_rest_left_out(void **state)
{
	struct arena *arena = arena_new(0);
	struct node *iq = node_new(arena, STR("iq"), NS_SERVER);

	(void)state;
	check_xml(stanza_error_reply(arena, iq, STANZA_RESOURCE_CONSTRAINT, STANZA_TYPE_CANCEL, STR_NONE,
			  STR_NONE, NULL),
		"<iq xmlns='jabber:server' type='error'><error type='cancel'>"
		"<resource-constraint xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>");
	check_xml(stanza_error_node(
			  arena, NS_CLIENT, STANZA_NOT_AUTHORIZED, STANZA_TYPE_DEFAULT, STR("x"), STR_NONE),
		"<error type='auth'><not-authorized xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>"
		"<text xmlns='urn:ietf:params:xml:ns:xmpp-stanzas' xml:lang='en'>x</text></error>");
	arena_free(arena);
}

static void a_result_is_empty(void **state)
{
	struct arena *arena = arena_new(0);
	struct node *iq = node_new(arena, STR("iq"), NS_CLIENT);

	(void)state;
	node_set_attr(arena, iq, STR("type"), STR("get"));
	node_set_attr(arena, iq, STR("id"), STR("1"));
	node_set_attr(arena, iq, STR("from"), STR("a@x"));
	node_add(arena, iq, STR("query"), NS_ROSTER);
	check_xml(stanza_iq_result(arena, iq), "<iq to='a@x' id='1' type='result'/>");
	arena_free(arena);
}

/* RFC 6120 8.3.3: the type each condition is associated with. */
static void conditions_have_names_and_types(void **state)
{
	(void)state;
	for (int i = 0; i < STANZA_CONDITIONS; i++) {
		assert_true(stanza_condition_name((enum stanza_condition)i).len > 0);
		assert_true(stanza_condition_type((enum stanza_condition)i) > STANZA_TYPE_DEFAULT);
	}
	assert_str(stanza_condition_name(STANZA_BAD_REQUEST), "bad-request");
	assert_str(stanza_condition_name(STANZA_UNEXPECTED_REQUEST), "unexpected-request");
	assert_int_equal(stanza_condition_type(STANZA_FORBIDDEN), STANZA_TYPE_AUTH);
	assert_int_equal(stanza_condition_type(STANZA_RECIPIENT_UNAVAILABLE), STANZA_TYPE_WAIT);
}

static void errors_and_results_are_not_answered(void **state)
{
	static const struct {
		const char *name, *type;
		bool may;
	} cases[] = {
		{"message", "error", false},
		{"presence", "error", false},
		{"iq", "error", false},
		{"iq", "result", false},
		{"iq", "get", true},
		{"iq", "set", true},
		{"message", "chat", true},
		{"message", NULL, true},
		{"presence", "result", true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct arena *arena = arena_new(0);
		struct node *n = node_new(arena, str_from(cases[i].name), NS_CLIENT);

		if (cases[i].type)
			node_set_attr(arena, n, STR("type"), str_from(cases[i].type));
		assert_int_equal(stanza_may_be_answered(n), cases[i].may);
		arena_free(arena);
	}
}

static void a_full_arena_gives_nothing(void **state)
{
	unsigned long n;

	(void)state;
	for (n = 1;; n++) {
		struct arena *arena = arena_new(0);
		struct node *stanza = message(arena), *answer;

		arena_fail_nth(n);
		answer = stanza_error_reply(
			arena, stanza, STANZA_CONFLICT, STANZA_TYPE_DEFAULT, STR("t"), STR("en"), NULL);
		arena_fail_nth(0);
		assert_int_equal(answer == NULL, arena_is_full(arena));
		arena_free(arena);
		if (answer)
			break;
	}
	assert_true(n > 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_error_goes_back_without_the_content),
		cmocka_unit_test(the_type_may_be_overridden_and_the_rest_left_out),
		cmocka_unit_test(a_result_is_empty),
		cmocka_unit_test(conditions_have_names_and_types),
		cmocka_unit_test(errors_and_results_are_not_answered),
		cmocka_unit_test(a_full_arena_gives_nothing),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
