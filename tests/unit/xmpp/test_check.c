/* Stage check: the sender is who logged in, the stanza is one RFC 6120 section 8 knows, and what only a server may write
 * is taken out. */
#include "check.h"
#include "porch.h"

static struct porch *porch;
static struct guest *alice;

static int set_up(void **state)
{
	(void)state;
	porch = porch_new("components:\n  outside: [gateway.example.org]\n");
	alice = guest_bound(porch, "alice@example.org");
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	guest_free(alice);
	porch_free(porch);
	return 0;
}

static bool stanza_has(const char *text)
{
	return strstr(buf_cstr(&porch->stanza), text) != NULL;
}

static void the_sender_is_who_logged_in(void **state)
{
	static const char *const own[] = {
			"",
			"from='alice@example.org/desk'",
			"from='alice@example.org'",
			"from='ALICE@Example.ORG/desk'",
			"from='alice@EXAMPLE.org'",
	};
	char text[256];

	(void)state;
	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++) {
		snprintf(text, sizeof(text), "<message %s to='bob@example.org'><body>x</body></message>", own[i]);
		guest_say(alice, text);
		assert_int_equal(porch->accepted, i + 1);
		assert_true(stanza_has(" from='alice@example.org/desk'"));
	}
}

/* Passwords in a form for the server itself leave the tree; in one for anybody else, at a domain too, they are content. */
static void passwords_leave_the_tree(void **state)
{
	static const char *const ours[] = {"", "to='example.org'", "to='second.example'", "to='alice@example.org'"};
	static const char *const others[] = {"bob@example.org/desk", "alice@example.org/phone", "conference.example.org",
			"gateway.example.org", "gateway.example.org/x", "elsewhere.example", "example.org/x"};
	static const char form[] =
			"<iq type='set' id='c' %s><command xmlns='http://jabber.org/protocol/commands' node='n'>"
			"<x xmlns='jabber:x:data' type='submit'><field var='password'><value>se</value><value>cret</value>"
			"</field><field var='pin' type='text-private'><value>secret</value></field>"
			"<field var='who'><value>bob</value></field></x></command></iq>";
	char text[1024];

	(void)state;
	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++) {
		snprintf(text, sizeof(text), form, ours[i]);
		guest_say(alice, text);
		assert_int_equal(porch->accepted, i + 1);
		assert_false(stanza_has("secret") || stanza_has(">se<") || stanza_has("cret<"));
		assert_true(stanza_has("bob") && stanza_has("var='password'"));
	}
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		char to[64];

		snprintf(to, sizeof(to), "to='%s'", others[i]);
		snprintf(text, sizeof(text), form, to);
		guest_say(alice, text);
		assert_int_equal(porch->accepted, sizeof(ours) / sizeof(ours[0]) + i + 1);
		assert_true(stanza_has(">se<") && stanza_has("cret<") && stanza_has("secret"));
		assert_int_equal(porch->class, CLASS_CONTENT);
	}
}

/* XEP-0077, likewise. */
static void a_password_of_a_registration_does(void **state)
{
	static const char form[] = "<iq type='set' id='r' to='%s'><query xmlns='jabber:iq:register'><username>alice</username>"
				   "<password>secret</password></query></iq>";
	char text[512];

	(void)state;
	snprintf(text, sizeof(text), form, "example.org");
	guest_say(alice, text);
	assert_true(porch->accepted == 1 && stanza_has("<password/>") && !stanza_has("secret"));
	snprintf(text, sizeof(text), form, "gateway.example.org");
	guest_say(alice, text);
	assert_true(porch->accepted == 2 && stanza_has("<password>secret</password>"));
	snprintf(text, sizeof(text), form, "conference.example.org");
	guest_say(alice, text);
	assert_true(porch->accepted == 3 && stanza_has("<password>secret</password>"));
	assert_int_equal(porch->class, CLASS_CONTENT);
}

static void another_sender_ends_the_stream(void **state)
{
	static const char *const others[] = {
			"bob@example.org",
			"alice@example.org/phone",
			"alice@second.example",
			"example.org",
			"alice@example.org/desk/",
			"alice@example.org/DESK",
			"",
			"@",
	};
	char text[256];

	(void)state;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		struct guest *g = guest_bound(porch, "alice@example.org");

		snprintf(text, sizeof(text), "<message from='%s' to='bob@example.org'><body>x</body></message>", others[i]);
		guest_say(g, text);
		assert_got(g, "<invalid-from");
		assert_false(guest_got(g, "<message")); /* the stream has ended: no stanza error */
		assert_true(g->closed && porch->refusal.silent);
		assert_int_equal(porch->gone, i + 1);
		assert_int_equal(porch->reason, GONE_ERROR);
		guest_free(g);
	}
	assert_int_equal(porch->accepted, 0);
}

static void an_address_is_made_canonical_or_refused(void **state)
{
	(void)state;
	guest_say(alice, "<message to='BOB@Example.ORG/Phone'><body>x</body></message>");
	assert_string_equal(porch->to, "bob@example.org/Phone");
	assert_true(stanza_has(" to='bob@example.org/Phone'"));
	guest_say(alice, "<message><body>x</body></message>");
	assert_false(porch->has_to);
	assert_string_equal(porch->to, "alice@example.org"); /* RFC 6120 10.3.1 */
	assert_int_equal(porch->refused, 0);
	guest_say(alice, "<message to='@example.org'><body>x</body></message>");
	assert_int_equal(porch->result, STAGE_REFUSE);
	assert_int_equal(porch->refusal.condition, STANZA_JID_MALFORMED);
	guest_say(alice, "<message to='a b@example.org'><body>x</body></message>");
	assert_int_equal(porch->refused, 2);
}

static const struct {
	const char *stanza;
	bool passes;
} shapes[] = {
		{"<iq type='get' id='1'><a xmlns='urn:a'/></iq>", true},
		{"<iq type='result' id='1' to='bob@example.org/x'/>", true},
		{"<iq type='result' id='1' to='bob@example.org/x'><a xmlns='urn:a'/></iq>", true},
		{"<iq type='error' id='1' to='bob@example.org/x'><a xmlns='urn:a'/><error/></iq>", true},
		{"<iq type='get'><a xmlns='urn:a'/></iq>", false},
		{"<iq id='1'><a xmlns='urn:a'/></iq>", false},
		{"<iq type='ask' id='1'><a xmlns='urn:a'/></iq>", false},
		{"<iq type='GET' id='1'><a xmlns='urn:a'/></iq>", false},
		{"<iq type='get' id='1'/>", false},
		{"<iq type='set' id='1'>text</iq>", false},
		{"<iq type='set' id='1'><a xmlns='urn:a'/><b xmlns='urn:a'/></iq>", false},
		{"<iq type='result' id='1'><a xmlns='urn:a'/><b xmlns='urn:a'/></iq>", false},
		{"<iq type='get' id='1' to='r@conference.example.org'><occupant-id xmlns='urn:xmpp:occupant-id:0'/></iq>", false},
		{"<iq type='set' id='1' to='bob@example.org/x'><delay xmlns='urn:xmpp:delay'/></iq>", false},
		{"<iq type='result' id='1' to='bob@example.org/x'><sent xmlns='urn:xmpp:carbons:2'/></iq>", true},
		{"<presence/>", true},
		{"<presence type='unavailable'/>", true},
		{"<presence type='subscribe' to='bob@example.org'/>", true},
		{"<presence type='available'/>", false},
		{"<presence type='away'/>", false},
		{"<message to='bob@example.org' type='novel'><body>x</body></message>", true}, /* RFC 6121 5.2.2 */
};

static void stanzas_have_the_shape_the_rfc_wants(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
		guest_say(alice, shapes[i].stanza);
		assert_int_equal(porch->accepted + porch->refused, i + 1);
		if ((porch->result == STAGE_NEXT) != shapes[i].passes)
			fail_msg("%s", shapes[i].stanza);
		if (!shapes[i].passes)
			assert_int_equal(porch->refusal.condition, STANZA_BAD_REQUEST);
	}
}

/* A child, and what must be left of it: "" for nothing. */
static const struct {
	const char *child, *left;
} children[] = {
		{"<stanza-id xmlns='urn:xmpp:sid:0' by='example.org' id='x'/>", ""},
		{"<stanza-id xmlns='urn:xmpp:sid:0' by='alice@EXAMPLE.org' id='x'/>", ""},
		{"<stanza-id xmlns='urn:xmpp:sid:0' by='bob@second.example' id='x'/>", ""},
		{"<stanza-id xmlns='urn:xmpp:sid:0' id='x'/>", ""},
		{"<stanza-id xmlns='urn:xmpp:sid:0' by='elsewhere.example' id='x'/>", "elsewhere.example"},
		{"<origin-id xmlns='urn:xmpp:sid:0' id='x'/>", "<origin-id"},
		{"<sent xmlns='urn:xmpp:carbons:2'><forwarded xmlns='urn:xmpp:forward:0'/></sent>", ""},
		{"<received xmlns='urn:xmpp:carbons:2'><forwarded xmlns='urn:xmpp:forward:0'/></received>", ""},
		{"<private xmlns='urn:xmpp:carbons:2'/>", "<private"},
		{"<delay xmlns='urn:xmpp:delay' from='example.org' stamp='2001-01-01T00:00:00Z'/>", ""},
		{"<delay xmlns='urn:xmpp:delay' stamp='2001-01-01T00:00:00Z'/>", ""},
		{"<delay xmlns='urn:xmpp:delay' from='elsewhere.example' stamp='2001-01-01T00:00:00Z'/>", "<delay"},
		{"<x xmlns='jabber:x:delay' stamp='20010101T00:00:00'/>", ""},
		{"<occupant-id xmlns='urn:xmpp:occupant-id:0' id='x'/>", ""},
		{"<received xmlns='urn:xmpp:receipts' id='x'/>", "<received"},
};

static void what_only_a_server_writes_is_taken_out(void **state)
{
	char text[512];

	(void)state;
	for (size_t i = 0; i < sizeof(children) / sizeof(children[0]); i++) {
		snprintf(text, sizeof(text),
				"<message to='bob@example.org'>%s<body>before</body>%s<subject>after</subject></message>",
				children[i].child, children[i].child);
		guest_say(alice, text);
		assert_int_equal(porch->accepted, i + 1);
		assert_true(stanza_has("<body>before</body>") && stanza_has("<subject>after</subject>"));
		if (children[i].left[0] ? !stanza_has(children[i].left) : stanza_has("xmlns="))
			fail_msg("%s\nbecame %s", children[i].child, buf_cstr(&porch->stanza));
	}
}

static void only_the_children_of_the_stanza_itself_are_the_servers_word(void **state)
{
	(void)state;
	guest_say(alice, "<message to='bob@example.org'><x xmlns='urn:x'><stanza-id xmlns='urn:xmpp:sid:0' by='example.org' "
			 "id='deep'/></x></message>");
	assert_true(stanza_has("id='deep'"));
}

static void nobody_pushes_anothers_lists(void **state)
{
	static const char *const payloads[] = {
			"<query xmlns='jabber:iq:roster'><item jid='x@example.org'/></query>",
			"<block xmlns='urn:xmpp:blocking'><item jid='x@example.org'/></block>",
			"<unblock xmlns='urn:xmpp:blocking'/>",
	};
	char text[256];

	(void)state;
	for (size_t i = 0; i < sizeof(payloads) / sizeof(payloads[0]); i++) {
		snprintf(text, sizeof(text), "<iq type='set' id='1' to='bob@example.org/desk'>%s</iq>", payloads[i]);
		guest_say(alice, text);
		assert_int_equal(porch->result, STAGE_REFUSE);
		assert_int_equal(porch->refusal.condition, STANZA_SERVICE_UNAVAILABLE);
		snprintf(text, sizeof(text), "<iq type='set' id='1'>%s</iq>", payloads[i]);
		guest_say(alice, text);
		assert_int_equal(porch->result, STAGE_NEXT);
	}
}

static void the_class_is_that_of_the_stanza_after_the_forgeries_are_out(void **state)
{
	(void)state;
	guest_say(alice, "<message to='bob@example.org'><body>x</body></message>");
	assert_int_equal(porch->class, CLASS_CONTENT);
	guest_say(alice, "<message to='bob@example.org'><composing xmlns='http://jabber.org/protocol/chatstates'/></message>");
	assert_int_equal(porch->class, CLASS_SIGNAL);
	guest_say(alice, "<message to='bob@example.org'><composing xmlns='http://jabber.org/protocol/chatstates'/>"
			 "<sent xmlns='urn:xmpp:carbons:2'>hidden</sent></message>");
	assert_int_equal(porch->class, CLASS_SIGNAL);
	guest_say(alice, "<presence><show>away</show></presence>");
	assert_int_equal(porch->class, CLASS_SIGNAL);
	guest_say(alice, "<presence><status>gone fishing</status></presence>");
	assert_int_equal(porch->class, CLASS_CONTENT);
	guest_say(alice, "<iq type='get' id='1' to='example.org'><ping xmlns='urn:xmpp:ping'/></iq>");
	assert_int_equal(porch->class, CLASS_SIGNAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test_setup_teardown(the_sender_is_who_logged_in, set_up, tear_down),
			cmocka_unit_test_setup_teardown(passwords_leave_the_tree, set_up, tear_down),
			cmocka_unit_test_setup_teardown(a_password_of_a_registration_does, set_up, tear_down),
			cmocka_unit_test_setup_teardown(another_sender_ends_the_stream, set_up, tear_down),
			cmocka_unit_test_setup_teardown(an_address_is_made_canonical_or_refused, set_up, tear_down),
			cmocka_unit_test_setup_teardown(stanzas_have_the_shape_the_rfc_wants, set_up, tear_down),
			cmocka_unit_test_setup_teardown(what_only_a_server_writes_is_taken_out, set_up, tear_down),
			cmocka_unit_test_setup_teardown(
					only_the_children_of_the_stanza_itself_are_the_servers_word, set_up, tear_down),
			cmocka_unit_test_setup_teardown(nobody_pushes_anothers_lists, set_up, tear_down),
			cmocka_unit_test_setup_teardown(
					the_class_is_that_of_the_stanza_after_the_forgeries_are_out, set_up, tear_down),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
