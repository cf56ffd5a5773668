/* What waits for its receipt and what does not. */
#include "check.h"
#include <stdio.h>

#include "parcel/class.h"
#include "stanza/tokenizer.h"

static const struct xml_limits limits = {.stanza_bytes = 100000,
	.depth = 30,
	.attributes = 50,
	.attribute_bytes = 50000,
	.name_bytes = 1000,
	.children = 1000,
	.nodes = 1000};

static enum parcel_class classify(const char *xml, bool between_users)
{
	static const char head[] =
		"<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>";
	struct tokenizer *t = tokenizer_new(&limits);
	struct node *node = NULL;
	struct arena *arena = NULL;
	const char *data = head;
	size_t len = sizeof(head) - 1;
	enum parcel_kind kind = xml[1] == 'm' ? PARCEL_MESSAGE : xml[1] == 'p' ? PARCEL_PRESENCE : PARCEL_IQ;
	enum parcel_class class;

	assert_int_equal(tokenizer_feed(t, &data, &len, &node, &arena), XML_STREAM_OPEN);
	arena_free(arena);
	data = xml;
	len = strlen(xml);
	assert_int_equal(tokenizer_feed(t, &data, &len, &node, &arena), XML_STANZA);
	class = parcel_classify(kind, node, between_users);
	arena_free(arena);
	tokenizer_free(t);
	return class;
}

struct row {
	const char *xml;
	bool between_users;
	enum parcel_class class;
};

static const struct row rows[] = {
	{"<message><body>hello</body></message>", true, CLASS_CONTENT},
	{"<message><subject/></message>", true, CLASS_CONTENT},
	{"<message/>", true, CLASS_SIGNAL},
	{"<message>text between</message>", true, CLASS_CONTENT},
	{"<message><composing xmlns='http://jabber.org/protocol/chatstates'/></message>", true, CLASS_SIGNAL},
	{"<message><composing xmlns='http://jabber.org/protocol/chatstates'>hidden</composing></message>",
		true, CLASS_CONTENT},
	{"<message><composing xmlns='http://jabber.org/protocol/chatstates' a='hidden'/></message>", true,
		CLASS_CONTENT},
	{"<message><composing xmlns='http://jabber.org/protocol/chatstates'><x/></composing></message>", true,
		CLASS_CONTENT},
	{"<message><active xmlns='http://jabber.org/protocol/chatstates'/><body>b</body></message>", true,
		CLASS_CONTENT},
	{"<message><received xmlns='urn:xmpp:receipts' id='abc'/></message>", true, CLASS_SIGNAL},
	{"<message><displayed xmlns='urn:xmpp:chat-markers:0' id='abc'/><thread>1</thread></message>", true,
		CLASS_SIGNAL},
	{"<message><received xmlns='urn:xmpp:receipts' id='abc'/><x xmlns='urn:unknown'/></message>", true,
		CLASS_CONTENT},
	{"<message type='error'><error type='cancel'/></message>", true, CLASS_CONTENT},
	{"<presence/>", false, CLASS_SIGNAL},
	{"<presence type='unavailable'/>", false, CLASS_SIGNAL},
	{"<presence><show>away</show><priority>5</priority></presence>", false, CLASS_SIGNAL},
	{"<presence><show>secret words</show></presence>", false, CLASS_CONTENT},
	{"<presence><status>lunch</status></presence>", false, CLASS_CONTENT},
	{"<presence><c xmlns='http://jabber.org/protocol/caps' node='n' ver='v' hash='sha-1'/></presence>",
		false, CLASS_SIGNAL},
	{"<presence><nick xmlns='http://jabber.org/protocol/nick'>n</nick></presence>", false, CLASS_CONTENT},
	{"<presence><x xmlns='vcard-temp:x:update'><photo>abc</photo></x></presence>", false, CLASS_SIGNAL},
	{"<presence type='unavailable'><x xmlns='vcard-temp:x:update'><photo>words</photo></x></presence>", false,
		CLASS_CONTENT},
	{"<presence type='error'><x xmlns='vcard-temp:x:update'>words</x></presence>", true, CLASS_CONTENT},
	{"<message><active xmlns='http://jabber.org/protocol/chatstates' x:a='' xmlns:x='said in a namespace'/></message>",
		true, CLASS_CONTENT},
	{"<message><active xmlns='http://jabber.org/protocol/chatstates' said-in-the-name-of-an-attribute=''/></message>",
		true, CLASS_CONTENT},
	{"<message><said-in-the-name-of-an-element xmlns='http://jabber.org/protocol/chatstates'/></message>", true,
		CLASS_CONTENT},
	{"<message><no-permanent-storage xmlns='urn:xmpp:hints'/></message>", true, CLASS_SIGNAL},
	{"<message><received xmlns='urn:xmpp:receipts' id='1' a='' b='' c='' d='' e=''/></message>", true, CLASS_SIGNAL},
	{"<message><received xmlns='urn:xmpp:receipts' id='1' a='' b='' c='' d='' e='' f=''/></message>", true,
		CLASS_CONTENT},
	{"<presence type='subscribe'/>", true, CLASS_CONTENT},
	{"<presence type='unsubscribed'/>", true, CLASS_CONTENT},
	{"<presence type='probe'/>", true, CLASS_SIGNAL},
	{"<iq type='get' id='1'><ping xmlns='urn:xmpp:ping'/></iq>", false, CLASS_SIGNAL},
	{"<iq type='get' id='1'><ping xmlns='urn:xmpp:ping'/></iq>", true, CLASS_SIGNAL},
	{"<iq type='get' id='1'><ping xmlns='urn:xmpp:ping'>x</ping></iq>", true, CLASS_CONTENT},
	{"<iq type='set' id='1'><ping xmlns='urn:xmpp:ping'/></iq>", true, CLASS_CONTENT},
	{"<iq type='get' id='1'><query xmlns='jabber:iq:version'/></iq>", true, CLASS_CONTENT},
	{"<iq type='result' id='1' to='b'><query xmlns='jabber:iq:version'><name>n</name></query></iq>", false, CLASS_SIGNAL},
	{"<iq type='result' id='1' to='b'><query xmlns='jabber:iq:version'><name>n</name></query></iq>", true, CLASS_CONTENT},
	{"<iq type='result' id='1' to='b'><query xmlns='jabber:iq:version'/><x xmlns='y'/></iq>", false, CLASS_CONTENT},
	{"<iq type='result' id='1'><x xmlns='y'/></iq>", true, CLASS_CONTENT},
	{"<iq type='result' id='1'/>", false, CLASS_SIGNAL},
	{"<iq type='result' id='1'/>", true, CLASS_SIGNAL},
	{"<iq type='set' id='1'><query xmlns='jabber:iq:roster'><item jid='a@b' name='n'/></query></iq>",
		false, CLASS_CONTENT},
	{"<iq type='get' id='1'><query xmlns='jabber:iq:roster'/></iq>", false, CLASS_SIGNAL},
	{"<iq type='set' id='1'><block xmlns='urn:xmpp:blocking'><item jid='a@b'/></block></iq>", false,
		CLASS_EVENT},
	{"<iq type='set' id='1'><query xmlns='urn:xmpp:mam:2' queryid='f27'><x xmlns='jabber:x:data'/></query></iq>",
		false, CLASS_SIGNAL},
	{"<iq type='set' id='1'><command xmlns='http://jabber.org/protocol/commands' node='n' action='cancel'/></iq>",
		false, CLASS_SIGNAL},
	{"<iq type='set' id='1'><command xmlns='http://jabber.org/protocol/commands' node='n'>"
	 "<x xmlns='jabber:x:data'/></command></iq>", false, CLASS_CONTENT},
	{"<iq type='set' id='1'><command xmlns='http://jabber.org/protocol/commands' node='n'/></iq>", true,
		CLASS_CONTENT},
	{"<iq type='get' id='1'><prefs xmlns='urn:xmpp:mam:2'/></iq>", false, CLASS_SIGNAL},
	{"<iq type='set' id='1'><prefs xmlns='urn:xmpp:mam:2' default='never'/></iq>", false, CLASS_EVENT},
	{"<iq type='set' id='1' to='a@b'><query xmlns='urn:xmpp:mam:2'/></iq>", true, CLASS_CONTENT},
	{"<iq type='set' id='1'><query xmlns='jabber:iq:private'><x xmlns='y'/></query></iq>", false,
		CLASS_CONTENT},
	{"<iq type='get' id='1'><unknown xmlns='urn:unknown'/></iq>", false, CLASS_CONTENT},
};

static void the_table_of_classes(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (classify(rows[i].xml, rows[i].between_users) != rows[i].class)
			fail_msg("%s is class %d", rows[i].xml, classify(rows[i].xml, rows[i].between_users));
}

static void a_long_identifier_is_content(void **state)
{
	char xml[1000];

	(void)state;
	snprintf(xml, sizeof(xml),
		"<message id='%0128d'><active xmlns='http://jabber.org/protocol/chatstates'/></message>", 1);
	assert_int_equal(classify(xml, true), CLASS_SIGNAL);
	snprintf(xml, sizeof(xml),
		"<message id='%0129d'><active xmlns='http://jabber.org/protocol/chatstates'/></message>", 1);
	assert_int_equal(classify(xml, true), CLASS_CONTENT);
}

static void a_signal_has_few_children(void **state)
{
	const char *one = "<received xmlns='urn:xmpp:receipts' id='1'/>";
	char xml[1000];

	(void)state;
	snprintf(xml, sizeof(xml), "<message>%s%s%s%s%s%s%s%s</message>", one, one, one, one, one, one, one, one);
	assert_int_equal(classify(xml, true), CLASS_SIGNAL);
	snprintf(xml, sizeof(xml), "<message>%s%s%s%s%s%s%s%s%s</message>", one, one, one, one, one, one, one, one, one);
	assert_int_equal(classify(xml, true), CLASS_CONTENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_table_of_classes),
		cmocka_unit_test(a_long_identifier_is_content),
		cmocka_unit_test(a_signal_has_few_children),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
