/* Nodes without a server: requests, configuration, who may look in, capabilities, pictures. Conversations as clients see them
 * are in tests/scenario/test_pep.py. */
#include "check.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "pubsub/avatar.h"
#include "pubsub/bookmarks.h"
#include "pubsub/caps.h"
#include "pubsub/place.h"
#include "pubsub/request.h"
#include "stanza/ns.h"
#include "stanza/tokenizer.h"

static const struct xml_limits limits = {.stanza_bytes = 1 << 20,
	.depth = 50,
	.attributes = 50,
	.attribute_bytes = 50000,
	.name_bytes = 1000,
	.children = 1000,
	.nodes = 1000};

static struct node *read_xml(const char *text, struct arena **arena)
{
	struct tokenizer *t = tokenizer_new(&limits);
	const char *head = "<s:stream xmlns='jabber:client' xmlns:s='http://etherx.jabber.org/streams'>";
	size_t head_len = strlen(head), len = strlen(text);
	struct node *n = NULL;

	assert_int_equal(tokenizer_feed(t, &head, &head_len, &n, arena), XML_STREAM_OPEN);
	arena_free(*arena);
	assert_int_equal(tokenizer_feed(t, &text, &len, &n, arena), XML_STANZA);
	tokenizer_free(t);
	return n;
}

/* ---- requests ---- */

#define P(inner) "<pubsub xmlns='http://jabber.org/protocol/pubsub'>" inner "</pubsub>"
#define O(inner) "<pubsub xmlns='http://jabber.org/protocol/pubsub#owner'>" inner "</pubsub>"

static const struct {
	const char *xml;
	bool set;
	enum pubsub_fault fault;
	enum pubsub_verb verb;
} requests[] = {
	{P("<publish node='n'><item id='i'><a xmlns='u'/></item></publish>"), true, PUBSUB_OK, VERB_PUBLISH},
	{P("<publish node='n'/>"), true, PUBSUB_OK, VERB_PUBLISH},
	{P("<publish node='n'><item/><item/></publish>"), true, PUBSUB_E_BAD, 0},
	{P("<publish node='n'><item><a xmlns='u'/><b xmlns='u'/></item></publish>"), true, PUBSUB_E_PAYLOAD, 0},
	{P("<publish/>"), true, PUBSUB_E_NO_NODE, 0},
	{P("<publish node='n'><item/></publish><publish-options/>"), true, PUBSUB_E_BAD, 0},
	{P("<publish node='n'/>"), false, PUBSUB_E_UNKNOWN, 0},
	{P("<retract node='n'><item id='i'/></retract>"), true, PUBSUB_OK, VERB_RETRACT},
	{P("<retract node='n'/>"), true, PUBSUB_E_NO_ITEM, 0},
	{P("<items node='n' max_items='3'/>"), false, PUBSUB_OK, VERB_ITEMS},
	{P("<items node='n' max_items='0'/>"), false, PUBSUB_E_BAD, 0},
	{P("<items node='n' max_items='-1'/>"), false, PUBSUB_E_BAD, 0},
	{P("<items node='n'><item/></items>"), false, PUBSUB_E_BAD, 0},
	{P("<subscribe node='n'/>"), true, PUBSUB_E_NO_JID, 0},
	{P("<subscribe node='n' jid='a@b'/>"), true, PUBSUB_OK, VERB_SUBSCRIBE},
	{P("<subscriptions/>"), false, PUBSUB_OK, VERB_SUBSCRIPTIONS},
	{P("<options node='n' jid='a@b'/>"), false, PUBSUB_E_SUBSCRIPTION_OPTIONS, 0},
	{P("<create/>"), true, PUBSUB_OK, VERB_CREATE},
	{P("<create node='n'/><configure/>"), true, PUBSUB_OK, VERB_CREATE},
	{P("<create node='n'/><configure node='n'/>"), true, PUBSUB_E_BAD, 0},
	{P("<configure/><create node='n'/>"), true, PUBSUB_E_BAD, 0},
	{P("<publish-options/><publish node='n'/>"), true, PUBSUB_E_BAD, 0},
	{P(""), true, PUBSUB_E_BAD, 0},
	{P("<publish xmlns='u' node='n'/>"), true, PUBSUB_E_BAD, 0},
	{O("<configure node='n'/>"), false, PUBSUB_OK, VERB_CONFIGURATION},
	{O("<configure node='n'/>"), true, PUBSUB_E_BAD, 0},
	{O("<configure/>"), false, PUBSUB_E_NO_NODE, 0},
	{O("<delete node='n'/>"), true, PUBSUB_OK, VERB_DELETE},
	{O("<publish node='n'/>"), true, PUBSUB_E_UNKNOWN, 0},
	{O("<affiliations node='n'/>"), true, PUBSUB_OK, VERB_AFFILIATE},
	{"<x xmlns='u'><publish node='n'/></x>", true, PUBSUB_E_UNAVAILABLE, 0},
};

static void each_request_is_what_it_says(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		struct arena *arena;
		struct node *n = read_xml(requests[i].xml, &arena);
		struct pubsub_request rq;
		enum pubsub_fault fault = pubsub_request_read(&rq, n, requests[i].set, arena);

		if (fault != requests[i].fault)
			fail_msg("%s: %d", requests[i].xml, fault);
		if (fault == PUBSUB_OK)
			assert_int_equal(rq.verb, requests[i].verb);
		arena_free(arena);
	}
}

/* ---- configuration ---- */

#define FORM(type, fields)                                                                                   \
	"<x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'><value>" type "</value></field>" fields "</x>"
#define CONFIG "http://jabber.org/protocol/pubsub#node_config"
#define WANTED "http://jabber.org/protocol/pubsub#publish-options"
#define FIELD(var, value) "<field var='pubsub#" var "'><value>" value "</value></field>"

static enum pubsub_fault take(struct node_options *o, const char *xml, bool preconditions)
{
	struct arena *arena;
	struct node *form = read_xml(xml, &arena);
	enum pubsub_fault fault =
		preconditions ? options_take_preconditions(o, form, arena) : options_take_form(o, form, arena);

	arena_free(arena);
	return fault;
}

static void a_configuration_is_taken_and_comes_back(void **state)
{
	struct node_options o, copy;
	struct place *p = place_new(STR("n")), *again = place_new(STR("n"));
	struct buf text = BUF_INIT(0);

	(void)state;
	options_init(&o);
	assert_int_equal(take(&o, FORM(CONFIG, FIELD("access_model", "roster") FIELD("max_items", "max") "<field "
						"var='pubsub#roster_groups_allowed'><value>a</value><value>b c</value></field>"
						FIELD("no_such", "1")), false), PUBSUB_OK);
	assert_int_equal(o.access, ACCESS_ROSTER);
	assert_int_equal(o.items_max, 0);
	assert_true(list_holds(o.groups, STR("b c")) && !list_holds(o.groups, STR("b")));
	assert_true(options_copy(&copy, &o) && options_equal(&copy, &o));
	copy.persist = false;
	assert_false(options_equal(&copy, &o));
	options_done(&copy);
	options_done(&p->options);
	p->options = o;
	assert_int_equal(place_affiliate(p, STR("m@x"), STANDING_MEMBER), PUBSUB_OK);
	assert_int_equal(place_subscribe(p, STR("s@x/r"), true), PUBSUB_OK);
	place_put_text(&text, p);
	assert_true(place_take_text(again, buf_view(&text)));
	assert_true(options_equal(&again->options, &o));
	assert_int_equal(place_standing(again, STR("m@x"))->kind, STANDING_MEMBER);
	assert_true(place_standing(again, STR("s@x/r"))->subscribed);
	buf_done(&text);
	place_free(p);
	place_free(again);
}

static void what_is_no_value_is_refused_as_what_it_is(void **state)
{
	struct node_options o;

	(void)state;
	options_init(&o);
	assert_int_equal(take(&o, FORM(CONFIG, FIELD("access_model", "authorize")), false), PUBSUB_E_ACCESS_MODEL);
	assert_int_equal(take(&o, FORM(CONFIG, FIELD("max_items", "0")), false), PUBSUB_E_OPTIONS);
	assert_int_equal(take(&o, FORM(CONFIG, FIELD("persist_items", "maybe")), false), PUBSUB_E_OPTIONS);
	assert_int_equal(take(&o, FORM(CONFIG, FIELD("title", "a\nsubscriber evil@x")), false), PUBSUB_E_OPTIONS);
	assert_int_equal(take(&o, FORM(WANTED, FIELD("title", "a")), false), PUBSUB_E_BAD);
	assert_int_equal(take(&o, FORM(WANTED, FIELD("no_such", "1")), true), PUBSUB_E_PRECONDITION);
	assert_int_equal(take(&o, FORM(WANTED, FIELD("max_items", "max")), true), PUBSUB_OK);
	options_done(&o);
}

/* ---- who may look in ---- */

static void who_may_look_in(void **state)
{
	struct onlooker stranger = {.bare = STR("s@x")}, contact = {.bare = STR("c@x"), .subscribed = true},
			colleague = {.bare = STR("k@x"), .subscribed = true, .groups = STR("friends\x1fwork")},
			owner = {.bare = STR("o@x"), .owner = true}, member = {.bare = STR("m@x")},
			outcast = {.bare = STR("z@x"), .subscribed = true};
	struct place *p = place_new(STR("n"));

	(void)state;
	assert_int_equal(place_affiliate(p, member.bare, STANDING_MEMBER), PUBSUB_OK);
	assert_int_equal(place_affiliate(p, outcast.bare, STANDING_OUTCAST), PUBSUB_OK);
	assert_int_equal(place_admits(p, &stranger), PUBSUB_E_PRESENCE);
	assert_int_equal(place_admits(p, &contact), PUBSUB_OK);
	assert_int_equal(take(&p->options, FORM(CONFIG, FIELD("access_model", "roster") FIELD("roster_groups_allowed", "work")),
				 false), PUBSUB_OK);
	assert_int_equal(place_admits(p, &contact), PUBSUB_E_GROUP);
	assert_int_equal(place_admits(p, &colleague), PUBSUB_OK);
	p->options.access = ACCESS_WHITELIST;
	assert_int_equal(place_admits(p, &colleague), PUBSUB_E_CLOSED);
	assert_int_equal(place_admits(p, &member), PUBSUB_OK);
	assert_int_equal(place_admits(p, &owner), PUBSUB_OK);
	p->options.access = ACCESS_OPEN;
	assert_int_equal(place_admits(p, &stranger), PUBSUB_OK);
	assert_int_equal(place_admits(p, &outcast), PUBSUB_E_OUTCAST);
	stranger.widest = contact.widest = member.widest = owner.widest = ACCESS_PRESENCE;
	assert_int_equal(place_admits(p, &stranger), PUBSUB_E_PRESENCE);
	assert_int_equal(place_admits(p, &contact), PUBSUB_OK);
	contact.widest = member.widest = owner.widest = ACCESS_WHITELIST;
	assert_int_equal(place_admits(p, &contact), PUBSUB_E_CLOSED);
	assert_int_equal(place_admits(p, &member), PUBSUB_OK);
	assert_int_equal(place_admits(p, &owner), PUBSUB_OK);
	assert_int_equal(place_allows(p, &p->options, ACCESS_OPEN), PUBSUB_OK);
	assert_int_equal(place_allows(p, &p->options, ACCESS_PRESENCE), PUBSUB_E_ACCESS_MODEL);
	place_free(p);
}

static void people_of_a_node_are_limited_and_forgotten(void **state)
{
	struct place *p = place_new(STR("n"));
	char jid[32];

	(void)state;
	for (int i = 0; i < PLACE_PEOPLE_MAX; i++) {
		snprintf(jid, sizeof(jid), "p%d@x", i);
		assert_int_equal(place_subscribe(p, str_from(jid), true), PUBSUB_OK);
	}
	assert_int_equal(place_subscribe(p, STR("more@x"), true), PUBSUB_E_SUBSCRIPTIONS);
	assert_int_equal(place_affiliate(p, STR("p1@x"), STANDING_OUTCAST), PUBSUB_OK);
	assert_false(place_standing(p, STR("p1@x"))->subscribed);
	assert_int_equal(place_subscribe(p, STR("p0@x"), false), PUBSUB_OK);
	assert_null(place_standing(p, STR("p0@x")));
	assert_int_equal(place_subscribe(p, STR("more@x"), true), PUBSUB_OK);
	place_free(p);
}

/* ---- capabilities: the examples of XEP-0115 5.2 and 5.3 ---- */

#define INFO(inner) "<query xmlns='http://jabber.org/protocol/disco#info'>" inner "</query>"
#define SIMPLE                                                                                               \
	"<identity category='client' type='pc' name='Exodus 0.9.1'/>"                                        \
	"<feature var='http://jabber.org/protocol/caps'/><feature var='http://jabber.org/protocol/muc'/>"    \
	"<feature var='http://jabber.org/protocol/disco#info'/><feature "                                    \
	"var='http://jabber.org/protocol/disco#items'/>"
#define PSI                                                                                                  \
	"<identity xml:lang='en' category='client' name='Psi 0.11' type='pc'/>"                              \
	"<identity xml:lang='el' category='client' name='\xCE\xA8 0.11' type='pc'/>"                         \
	"<feature var='http://jabber.org/protocol/caps'/><feature "                                          \
	"var='http://jabber.org/protocol/disco#info'/><feature "                                             \
	"var='http://jabber.org/protocol/disco#items'/><feature var='http://jabber.org/protocol/muc'/>"
#define SOFTWARE(fields)                                                                                         \
	"<x xmlns='jabber:x:data' type='result'><field var='FORM_TYPE' type='hidden'>"                       \
	"<value>urn:xmpp:dataforms:softwareinfo</value></field>" fields "</x>"
#define COMPLEX                                                                                              \
	PSI SOFTWARE("<field var='ip_version' type='text-multi'><value>ipv4</value><value>ipv6</value></field>"  \
		 "<field var='os'><value>Mac</value></field><field var='os_version'><value>10.5.1</value></field>" \
		 "<field var='software'><value>Psi</value></field>"                                          \
		 "<field var='software_version'><value>0.11</value></field>")

static bool verified(const char *info, const char *ver)
{
	struct arena *arena;
	struct node *n = read_xml(info, &arena);
	struct caps caps = {.hash = STR("sha-1"), .ver = str_from(ver)};
	bool ok = caps_verify(&caps, n, arena);

	arena_free(arena);
	return ok;
}

static void capabilities_hash_as_the_examples_do(void **state)
{
	(void)state;
	assert_true(verified(INFO(SIMPLE), "QgayPKawpkPSDYmwT/WM94uAlu0="));
	assert_true(verified(INFO(COMPLEX), "q07IKJEyjvHSyhy//CH0CxmKi8w="));
	assert_false(verified(INFO(SIMPLE "<feature var='more'/>"), "QgayPKawpkPSDYmwT/WM94uAlu0="));
	assert_false(verified(INFO(SIMPLE "<feature var='http://jabber.org/protocol/muc'/>"), "QgayPKawpkPSDYmwT/WM94uAlu0="));
	/* a form without a hidden type is passed over (5.4) */
	assert_true(verified(INFO(SIMPLE "<x xmlns='jabber:x:data' type='result'><field var='a'/></x>"),
		"QgayPKawpkPSDYmwT/WM94uAlu0="));
}

/* One hash, several lists: the bounds between the parts of what is hashed are moved. */
static void capabilities_are_hashed_by_no_other_list(void **state)
{
	(void)state;
	assert_false(verified(INFO("<identity category='client' type='pc' name='Exodus 0.9.1&lt;http://jabber.org/protocol/caps'/>"
				   "<feature var='http://jabber.org/protocol/disco#info'/>"
				   "<feature var='http://jabber.org/protocol/disco#items'/>"
				   "<feature var='http://jabber.org/protocol/muc'/>"),
		"QgayPKawpkPSDYmwT/WM94uAlu0="));
	assert_false(verified(INFO("<identity category='client' type='pc' name='Exodus 0.9.1'/>"
				   "<feature var='http://jabber.org/protocol/caps&lt;http://jabber.org/protocol/disco#info'/>"
				   "<feature var='http://jabber.org/protocol/disco#items&lt;http://jabber.org/protocol/muc'/>"),
		"QgayPKawpkPSDYmwT/WM94uAlu0="));
	/* the version has gone into a value that nobody reads */
	assert_false(verified(INFO(PSI SOFTWARE("<field var='ip_version'><value>ipv4&lt;ipv6&lt;os&lt;Mac&lt;os_version&lt;10.5.1&lt;software"
					    "&lt;Psi&lt;software_version&lt;0.11</value></field>")),
		"q07IKJEyjvHSyhy//CH0CxmKi8w="));
	assert_false(verified(INFO(PSI SOFTWARE("<field var='ip_version&lt;ipv4&lt;ipv6&lt;os&lt;Mac&lt;os_version&lt;10.5.1&lt;software&lt;Psi"
					    "&lt;software_version'><value>0.11</value></field>")),
		"q07IKJEyjvHSyhy//CH0CxmKi8w="));
}

#define FIELDS(type)                                                                                         \
	"<identity category='client' type='pc' xml:lang='en-GB' name='A'/>"                                  \
	"<identity category='client' type='pc' xml:lang='en' name='A'/>"                                     \
	"<feature var='http://jabber.org/protocol/disco#info'/><x xmlns='jabber:x:data' type='result'>"      \
	"<field var='FORM_TYPE' type='hidden'>" type "</field><field var='os-x'><value>1</value></field>"     \
	"<field var='os'><value>L</value></field></x>"

/* By category, type and language, and by the names of fields: not by what these are joined to. */
static void capabilities_are_sorted_part_by_part(void **state)
{
	(void)state;
	assert_true(verified(INFO(FIELDS("<value>urn:x</value>")), "lyF3hLMO1FDcBcq/oUV6HdZOJTs="));
	assert_true(verified(INFO(FIELDS("<value>urn:x</value><value>urn:x</value>")), "lyF3hLMO1FDcBcq/oUV6HdZOJTs="));
	assert_false(verified(INFO(FIELDS("<value>urn:x</value><value>urn:y</value>")), "lyF3hLMO1FDcBcq/oUV6HdZOJTs="));
}

static void interests_are_what_ends_in_notify(void **state)
{
	struct arena *arena;
	struct node *n = read_xml(INFO("<feature var='a+notify'/><feature var='b'/><feature var='+notify'/><feature "
				       "var='c+notify'/>"),
		&arena);
	struct buf out = BUF_INIT(0);

	(void)state;
	caps_put_interests(&out, n);
	assert_true(str_is(buf_view(&out), "a\x1f" "c"));
	buf_done(&out);
	arena_free(arena);
}

static void of_many_interests_some_are_taken(void **state)
{
	struct buf xml = BUF_INIT(0), out = BUF_INIT(0);
	struct str rest, name;
	struct arena *arena;
	struct node *n;
	unsigned len = 0;

	(void)state;
	buf_lit(&xml, "<query xmlns='http://jabber.org/protocol/disco#info'>");
	for (unsigned i = 0; i < 2 * CAPS_NAMES_MAX; i++)
		buf_printf(&xml, "<feature var='n%u+notify'/>", i);
	buf_lit(&xml, "</query>");
	n = read_xml(buf_cstr(&xml), &arena);
	caps_put_interests(&out, n);
	for (rest = buf_view(&out); list_next(&rest, &name);)
		len++;
	assert_int_equal(len, CAPS_NAMES_MAX);
	assert_true(list_holds(buf_view(&out), STR("n0")) && list_holds(buf_view(&out), STR("n255")));
	assert_false(list_holds(buf_view(&out), STR("n256")) || list_holds(buf_view(&out), STR("n")));
	assert_false(list_holds(buf_view(&out), STR("")));
	buf_done(&out);
	buf_done(&xml);
	arena_free(arena);
}

/* ---- pictures ---- */

static void the_picture_of_a_card(void **state)
{
	struct arena *arena;
	struct node *n = read_xml("<vCard xmlns='vcard-temp'><PHOTO><TYPE>image/png</TYPE><BINVAL>\n YW\n Jj\n</BINVAL></PHOTO></vCard>",
		&arena);
	struct avatar a;

	(void)state;
	assert_true(avatar_of_vcard(&a, n, arena));
	assert_true(str_is(a.id, "a9993e364706816aba3e25717850c26c9cd0d89d") && str_is(a.text, "YWJj") && a.bytes == 3);
	arena_free(arena);
	n = read_xml("<vCard xmlns='vcard-temp'><PHOTO><BINVAL>no base64!</BINVAL></PHOTO></vCard>", &arena);
	assert_false(avatar_of_vcard(&a, n, arena));
	arena_free(arena);
}

static void metadata_names_what_is_here(void **state)
{
	struct arena *arena;
	struct node *n = read_xml("<metadata xmlns='urn:xmpp:avatar:metadata'><info id='a9993e364706816aba3e25717850c26c9cd0d89d' url='u'/>"
		"<info id='b9993e364706816aba3e25717850c26c9cd0d89d' type='image/gif'/></metadata>", &arena);
	struct avatar a;

	(void)state;
	assert_true(avatar_of_metadata(&a, n) && a.id.data[0] == 'b' && str_is(a.type, "image/gif"));
	arena_free(arena);
	n = read_xml("<metadata xmlns='urn:xmpp:avatar:metadata'/>", &arena);
	assert_true(avatar_of_metadata(&a, n) && a.id.len == 0);
	arena_free(arena);
	n = read_xml("<metadata xmlns='urn:xmpp:avatar:metadata'><info id='no hash'/></metadata>", &arena);
	assert_false(avatar_of_metadata(&a, n));
	arena_free(arena);
}

#define CARD(inner) "<vCard xmlns='vcard-temp'>" inner "</vCard>"

static void a_card_and_its_picture_come_apart_and_together(void **state)
{
	static const struct {
		const char *card;
		bool apart;
	} cards[] = {{CARD(""), false}, {CARD("<PHOTO><TYPE>image/png</TYPE></PHOTO>"), true},
		{CARD("<PHOTO><TYPE>image/png</TYPE><BINVAL>YQ==</BINVAL></PHOTO>"), false},
		{CARD("<PHOTO><EXTVAL>u</EXTVAL></PHOTO>"), false}, {CARD("<PHOTO><TYPE>x</TYPE></PHOTO><FN>f</FN>"), false}};
	struct arena *arena;
	struct node *n = read_xml(CARD("<PHOTO><TYPE>image/gif</TYPE><BINVAL>YWJj</BINVAL></PHOTO><FN>f</FN>"), &arena);
	struct buf out = BUF_INIT(0), whole = BUF_INIT(0);
	struct avatar a;

	(void)state;
	for (size_t i = 0; i < sizeof(cards) / sizeof(cards[0]); i++)
		assert_int_equal(avatar_is_apart(str_from(cards[i].card)), cards[i].apart);
	assert_true(avatar_of_vcard(&a, n, arena) && avatar_put_card(&out, n, &a, arena));
	assert_true(str_is(buf_view(&out), CARD("<FN>f</FN><PHOTO><TYPE>image/gif</TYPE></PHOTO>")));
	avatar_join_card(&whole, buf_view(&out), STR("<data xmlns='urn:xmpp:avatar:data'>YWJj</data>"));
	assert_true(str_is(buf_view(&whole), CARD("<FN>f</FN><PHOTO><TYPE>image/gif</TYPE><BINVAL>YWJj</BINVAL></PHOTO>")));
	buf_clear(&whole);
	avatar_join_card(&whole, buf_view(&out), STR(""));
	assert_true(str_is(buf_view(&whole), CARD("<FN>f</FN>")));
	buf_done(&out);
	buf_done(&whole);
	arena_free(arena);
}

/* ---- bookmarks ---- */

#define LIST(inner) "<storage xmlns='storage:bookmarks'>" inner "</storage>"
#define ITEM(id, inner) "<item id='" id "'><conference xmlns='urn:xmpp:bookmarks:1'" inner "</conference></item>"

static void a_list_and_items_are_compared(void **state)
{
	struct arena *one, *two;
	struct node *items = read_xml("<items xmlns='http://jabber.org/protocol/pubsub'>" ITEM("a@r.example", " name='A'>")
		ITEM("b@r.example", " autojoin='1'><nick>n</nick><extensions><x xmlns='u:x' y='1'/></extensions>")
		ITEM("c@r.example", ">") "<item id='odd'><x xmlns='u:x'/></item></items>", &one);
	struct node *list = read_xml(LIST("<conference jid='A@R.example' name='A'/><conference jid='b@r.example' autojoin='true'>"
		"<nick>m</nick></conference><conference jid='d@r.example'/><conference jid='d@r.example' name='again'/>"
		"<url name='u'/>"), &two);
	struct bookmarks now, wanted, all;
	struct bookmarks_change c;

	(void)state;
	assert_true(bookmarks_of_items(&now, items, one) && bookmarks_of_list(&wanted, list, two));
	assert_int_equal(now.len, 3);
	assert_int_equal(wanted.len, 3);
	assert_true(bookmarks_diff(&c, &now, &wanted, true, two));
	assert_int_equal(c.len, 2);
	assert_true(str_is(c.ids[0], "b@r.example") && str_is(c.ids[1], "d@r.example"));
	assert_true(str_is(c.payloads[0], "<conference xmlns='urn:xmpp:bookmarks:1' autojoin='true'><nick>m</nick>"
		"<extensions><x xmlns='u:x' y='1'/></extensions></conference>"));
	assert_int_equal(c.gone_len, 1);
	assert_true(str_is(c.gone[0], "c@r.example") && c.total == 3);
	assert_true(bookmarks_diff(&c, &now, &wanted, false, two) && c.gone_len == 0 && c.total == 4);
	assert_true(bookmarks_join(&all, &now, &wanted, two) && all.len == 4);
	arena_free(one);
	arena_free(two);
}

enum {
	ROOMS = 30000,
};

static struct bookmarks rooms_called(const char *start, struct arena *arena)
{
	struct bookmarks all = {.rows = arena_zalloc(arena, ROOMS * sizeof(*all.rows)), .len = ROOMS};

	for (size_t i = 0; i < ROOMS; i++)
		all.rows[i].id = all.rows[i].key = arena_printf(arena, "%s%zu@rooms.example", start, i);
	return all;
}

/* On the loop that everybody else waits for: pairs would be a thousand million, and seconds. */
static void many_bookmarks_are_compared_at_once(void **state)
{
	struct arena *arena = arena_new(100 << 20);
	struct bookmarks now = rooms_called("a", arena), wanted = rooms_called("b", arena), all;
	struct bookmarks_change c;
	clock_t begun = clock();

	(void)state;
	assert_true(bookmarks_join(&all, &now, &wanted, arena) && all.len == 2 * ROOMS);
	assert_true(bookmarks_diff(&c, &now, &wanted, true, arena));
	assert_true(c.len == ROOMS && c.gone_len == ROOMS && c.total == ROOMS);
	assert_true(bookmarks_diff(&c, &now, &now, true, arena) && c.len == 0 && c.gone_len == 0);
	assert_true(clock() - begun < 2 * CLOCKS_PER_SEC);
	arena_free(arena);
}

static void a_list_keeps_what_is_no_room(void **state)
{
	struct arena *arena;
	struct node *list = read_xml(LIST("<url name='u'/><conference jid='a@r.example'/><conference jid='@'/>"), &arena);
	struct bookmarks all;
	struct buf out = BUF_INIT(0);

	(void)state;
	assert_true(bookmarks_of_list(&all, list, arena) && all.len == 1);
	bookmarks_put_list(&out, &(struct bookmarks){.len = 0}, list, STR("jabber:iq:private"));
	assert_true(str_is(buf_view(&out), LIST("<url name='u'/><conference jid='@'/>")));
	buf_done(&out);
	arena_free(arena);
}

/* ---- pages ---- */

static void a_page_is_cut(void **state)
{
	static const struct {
		const char *set;
		bool ok;
		size_t from, to;
	} pages[] = {{"", true, 0, 4}, {"<max>2</max>", true, 0, 2}, {"<max>2</max><after>a</after>", true, 1, 3},
		{"<before>c</before>", true, 0, 2}, {"<max>1</max><before/>", true, 3, 4}, {"<index>9</index>", true, 4, 4},
		{"<after>d</after><before>b</before>", true, 4, 4}, {"<after>x</after>", false, 0, 0},
		{"<before>x</before>", false, 0, 0}};
	struct str ids[] = {STR("a"), STR("b"), STR("c"), STR("d")};
	struct page gone = {.max = 2, .after = STR("bb"), .before = STR(""), .sorted = true};
	size_t first, end;

	(void)state;
	assert_true(page_cut(&gone, ids, 4, &first, &end)); /* was between b and c */
	assert_true(first == 2 && end == 4);
	gone = (struct page){.max = 1, .after = STR(""), .before = STR("bb"), .backwards = true, .sorted = true};
	assert_true(page_cut(&gone, ids, 4, &first, &end));
	assert_true(first == 1 && end == 2);
	for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
		char xml[200];
		struct arena *arena;
		struct page p;
		size_t from = 0, to = 0;

		snprintf(xml, sizeof(xml), "<set xmlns='http://jabber.org/protocol/rsm'>%s</set>", pages[i].set);
		assert_true(page_read(&p, read_xml(xml, &arena)));
		assert_int_equal(page_cut(&p, ids, 4, &from, &to), pages[i].ok);
		assert_int_equal(from, pages[i].from);
		assert_int_equal(to, pages[i].to);
		arena_free(arena);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_request_is_what_it_says),
		cmocka_unit_test(a_configuration_is_taken_and_comes_back),
		cmocka_unit_test(what_is_no_value_is_refused_as_what_it_is),
		cmocka_unit_test(who_may_look_in),
		cmocka_unit_test(people_of_a_node_are_limited_and_forgotten),
		cmocka_unit_test(capabilities_hash_as_the_examples_do),
		cmocka_unit_test(capabilities_are_hashed_by_no_other_list),
		cmocka_unit_test(capabilities_are_sorted_part_by_part),
		cmocka_unit_test(interests_are_what_ends_in_notify),
		cmocka_unit_test(of_many_interests_some_are_taken),
		cmocka_unit_test(the_picture_of_a_card),
		cmocka_unit_test(metadata_names_what_is_here),
		cmocka_unit_test(a_card_and_its_picture_come_apart_and_together),
		cmocka_unit_test(a_page_is_cut),
		cmocka_unit_test(a_list_and_items_are_compared),
		cmocka_unit_test(many_bookmarks_are_compared_at_once),
		cmocka_unit_test(a_list_keeps_what_is_no_room),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
