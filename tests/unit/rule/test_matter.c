#include "check.h"

#include "rule/matter.h"
#include "tree.h"

enum {
	ALL = ~0u,
	OWN = 1,
	TO_ROOM = 2,
	FAR = 4,
	SIGNAL = 8, /* no content */
};

#define JINGLE(inside) "<iq type='set' id='1'><jingle xmlns='urn:xmpp:jingle:1' action='session-initiate' sid='s'>" inside "</jingle></iq>"
#define CONTENT(inside) "<content creator='initiator' name='c'>" inside "</content>"
#define RTP "<description xmlns='urn:xmpp:jingle:apps:rtp:1' media='audio'/>"
#define FILES "<description xmlns='urn:xmpp:jingle:apps:file-transfer:5'/>"
#define DTLS "<fingerprint xmlns='urn:xmpp:jingle:apps:dtls:0' hash='sha-256' setup='actpass'>AA</fingerprint>"
#define ICE(inside) "<transport xmlns='urn:xmpp:jingle:transports:ice-udp:1' pwd='p' ufrag='u'>" inside "</transport>"
#define S5B "<transport xmlns='urn:xmpp:jingle:transports:s5b:1' sid='x'/>"
#define OOB(url) "<message><body>x</body><x xmlns='jabber:x:oob'><url>" url "</url></x></message>"
#define FORM(var, value) \
	"<iq type='set' id='1'><query xmlns='http://jabber.org/protocol/muc#owner'><x xmlns='jabber:x:data' type='submit'>" \
	"<field var='" var "'><value>" value "</value></field></x></query></iq>"

static const struct {
	const char *xml;
	unsigned where, matter;
} cases[] = {
	{"<message><body>hello</body></message>", 0, MATTER_SPEECH},
	{"<message><body>hello</body></message>", FAR, MATTER_SPEECH | MATTER_OUTSIDE},
	{"<message type='groupchat'><body>hello</body></message>", TO_ROOM, MATTER_SPEECH | MATTER_ROOM},
	{"<message><composing xmlns='http://jabber.org/protocol/chatstates'/></message>", SIGNAL, 0},
	{"<presence/>", SIGNAL, 0},
	{"<presence type='unavailable'/>", TO_ROOM | SIGNAL, 0},
	{"<presence><x xmlns='http://jabber.org/protocol/muc'/></presence>", TO_ROOM | SIGNAL, MATTER_ROOM},
	{"<presence type='unsubscribe'/>", FAR, 0},
	{"<presence type='subscribe'/>", FAR, MATTER_OUTSIDE},
	{"<iq type='set' id='1'><query xmlns='jabber:iq:roster'/></iq>", OWN, 0},
	/* links */
	{"<message><body>see https://example.org</body></message>", 0, MATTER_SPEECH | MATTER_LINK},
	{"<message><body>ht&#x74;p&#58;//example.org</body></message>", 0, MATTER_SPEECH | MATTER_LINK},
	{"<message><subject>www.example.org</subject></message>", 0, MATTER_SPEECH | MATTER_LINK},
	{"<message><body>see</body><body xml:lang='de'>https://[::1]/</body></message>", 0, MATTER_SPEECH | MATTER_LINK},
	{"<message><html xmlns='http://jabber.org/protocol/xhtml-im'><body xmlns='http://www.w3.org/1999/xhtml'>"
	 "<a href='https://example.org'>x</a></body></html></message>", 0, MATTER_SPEECH | MATTER_LINK},
	{"<message><a xmlns='urn:x' href='xmpp:bob@example.org'/></message>", 0, MATTER_SPEECH},
	{"<message><body>http:</body><x xmlns='urn:x'>//example</x></message>", 0, MATTER_SPEECH},
	{"<presence><status>http://example.org</status></presence>", 0, MATTER_SPEECH | MATTER_LINK},
	{FORM("FORM_TYPE", "http://jabber.org/protocol/muc#roomconfig"), TO_ROOM, MATTER_SPEECH | MATTER_ROOM},
	{FORM("muc#roomconfig_roomdesc", "http://example.org"), TO_ROOM, MATTER_SPEECH | MATTER_ROOM | MATTER_LINK},
	/* files */
	{"<iq type='get' id='1'><request xmlns='urn:xmpp:http:upload:0' filename='a' size='1'/></iq>", 0, MATTER_FILE},
	{OOB("https://example.org/f"), 0, MATTER_SPEECH | MATTER_FILE | MATTER_LINK},
	{OOB("http://example.org/f"), 0, MATTER_SPEECH | MATTER_FILE | MATTER_LINK | MATTER_WEAK_FILE},
	{"<iq type='result' id='1'><slot xmlns='urn:xmpp:http:upload:0'><put url='http://h/f'/><get url='https://h/f'/></slot></iq>",
	 SIGNAL, MATTER_FILE | MATTER_LINK | MATTER_WEAK_FILE},
	{JINGLE(CONTENT(FILES ICE(""))), 0, MATTER_FILE},
	{JINGLE(CONTENT(FILES S5B)), 0, MATTER_FILE | MATTER_WEAK_FILE},
	{JINGLE(CONTENT(FILES "<transport xmlns='urn:xmpp:jingle:transports:ibb:1' block-size='4096' sid='x'/>")), 0,
	 MATTER_FILE | MATTER_IN_BAND},
	{"<iq type='set' id='1'><si xmlns='http://jabber.org/protocol/si' id='a' profile='http://jabber.org/protocol/si/profile/"
	 "file-transfer'/></iq>", 0, MATTER_FILE | MATTER_IN_BAND},
	{"<iq type='set' id='1'><query xmlns='http://jabber.org/protocol/bytestreams' sid='a'/></iq>", 0,
	 MATTER_FILE | MATTER_WEAK_FILE},
	{"<message><data xmlns='http://jabber.org/protocol/ibb' sid='a' seq='0'>AA==</data></message>", 0,
	 MATTER_SPEECH | MATTER_FILE | MATTER_IN_BAND},
	{"<message><a xmlns='urn:a'><sources xmlns='urn:xmpp:sfs:0'><url-data xmlns='http://jabber.org/protocol/url-data' "
	 "target='http://h/f'/></sources></a></message>", 0, MATTER_SPEECH | MATTER_FILE | MATTER_LINK | MATTER_WEAK_FILE},
	{"<iq type='error' id='1'><si xmlns='http://jabber.org/protocol/si' id='a'/></iq>", SIGNAL, 0},
	/* pictures */
	{"<iq type='set' id='1'><pubsub xmlns='http://jabber.org/protocol/pubsub'><publish node='urn:xmpp:avatar:data'><item>"
	 "<data xmlns='urn:xmpp:avatar:data'>AA==</data></item></publish></pubsub></iq>", OWN, MATTER_SPEECH | MATTER_PICTURE},
	{"<iq type='get' id='1'><pubsub xmlns='http://jabber.org/protocol/pubsub'><items node='urn:xmpp:avatar:data'/></pubsub></iq>",
	 SIGNAL, MATTER_PICTURE},
	{"<iq type='set' id='1'><vCard xmlns='vcard-temp'><PHOTO><BINVAL>AA==</BINVAL></PHOTO></vCard></iq>", OWN,
	 MATTER_SPEECH | MATTER_PICTURE},
	{"<iq type='set' id='1'><pubsub xmlns='http://jabber.org/protocol/pubsub'><publish node='urn:xmpp:bookmarks:1'/></pubsub></iq>",
	 OWN, 0},
	{"<iq type='set' id='1'><query xmlns='urn:xmpp:mam:2'/></iq>", OWN | SIGNAL, MATTER_HISTORY},
	/* calls */
	{JINGLE(CONTENT(RTP ICE(DTLS))), 0, MATTER_CALL},
	{JINGLE(CONTENT(RTP ICE(""))), 0, MATTER_CALL | MATTER_WEAK_CALL},
	{JINGLE(CONTENT(RTP) ICE(DTLS)), 0, MATTER_CALL | MATTER_WEAK_CALL},
	{JINGLE(CONTENT(RTP DTLS)), 0, MATTER_CALL | MATTER_WEAK_CALL},
	{JINGLE(CONTENT(RTP ICE(DTLS)) CONTENT(RTP ICE(""))), 0, MATTER_CALL | MATTER_WEAK_CALL},
	{JINGLE(CONTENT(RTP ICE(DTLS)) CONTENT(RTP ICE("")) "<group xmlns='urn:xmpp:jingle:apps:grouping:0' semantics='BUNDLE'/>"), 0,
	 MATTER_CALL},
	{JINGLE(CONTENT("<description xmlns='urn:x:remote-control'/>" ICE(""))), 0, MATTER_CALL},
	{"<iq type='set' id='1'><jingle xmlns='urn:xmpp:jingle:1' action='session-terminate' sid='s'><reason><success/></reason>"
	 "</jingle></iq>", 0, 0},
	{"<message><propose xmlns='urn:xmpp:jingle-message:0' id='c'>" RTP "</propose></message>", 0, MATTER_SPEECH | MATTER_CALL},
	{"<message><propose xmlns='urn:xmpp:jingle-message:0' id='c'>" FILES "</propose></message>", 0, MATTER_SPEECH | MATTER_FILE},
	{"<message><propose xmlns='urn:xmpp:jingle-message:0' id='c'>" FILES RTP "</propose></message>", 0,
	 MATTER_SPEECH | MATTER_FILE | MATTER_CALL},
	{"<message><finish xmlns='urn:xmpp:jingle-message:0' id='c'/></message>", 0, MATTER_SPEECH},
	{"<message><invite xmlns='urn:xmpp:call-invites:0'><jingle sid='s'/></invite></message>", 0, MATTER_SPEECH | MATTER_CALL},
	{"<message><left xmlns='urn:xmpp:call-invites:0' id='s'/></message>", 0, MATTER_SPEECH},
	{"<iq type='set' id='1'><session xmlns='http://www.google.com/session' type='initiate'/></iq>", 0,
	 MATTER_CALL | MATTER_WEAK_CALL},
	/* rooms */
	{"<message><x xmlns='jabber:x:conference' jid='r@rooms.example.org'/></message>", 0, MATTER_SPEECH | MATTER_ROOM},
};

static struct matter_case case_of(const struct node *n, unsigned where)
{
	return (struct matter_case){.stanza = n, .content = !(where & SIGNAL), .own = where & OWN, .room = where & TO_ROOM,
		.outside = where & FAR};
}

static void each_stanza_is_what_it_is(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct arena *arena = NULL;
		struct matter_case c = case_of(tree_of(cases[i].xml, &arena), cases[i].where);
		unsigned m = matter_of(&c, ALL);

		if (m != cases[i].matter)
			fail_msg("%s: %#x instead of %#x", cases[i].xml, m, cases[i].matter);
		for (unsigned bit = 1; bit <= MATTER_WEAK_FILE; bit <<= 1)
			assert_int_equal(matter_of(&c, bit), m & bit);
		arena_free(arena);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_stanza_is_what_it_is),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
