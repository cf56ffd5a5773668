/* A room without a server: stanzas in, what is said out. Conversations as clients see them are in
 * tests/scenario. */
#include "check.h"

#include <stdio.h>
#include <stdlib.h>

#include "room/applicants.h"
#include "room/ask.h"
#include "room/history.h"
#include "room/voices.h"
#include "stanza/ns.h"
#include "stanza/tokenizer.h"

static const struct xml_limits limits = {.stanza_bytes = 1 << 20,
	.depth = 50,
	.attributes = 50,
	.attribute_bytes = 50000,
	.name_bytes = 1000,
	.children = 1000,
	.nodes = 1000};

/* ---- a sink that notes what it hears ---- */

struct ear {
	struct room_sink sink;
	struct buf heard; /* a line for each seat: "address <stanza>\n" */
	unsigned sent, shared, results, cards;
	bool walls;
};

static void on_send(struct room_sink *sink, const struct seat *const *seats, size_t len, struct str xml,
	const struct room_stamp *stamp, enum room_goods goods)
{
	struct ear *e = container_of(sink, struct ear, sink);

	(void)stamp;
	(void)goods;
	e->sent++;
	e->shared += (unsigned)len;
	for (size_t i = 0; i < len; i++) {
		buf_str(&e->heard, seats[i]->jid.full);
		buf_putc(&e->heard, ' ');
		buf_str(&e->heard, xml);
		buf_putc(&e->heard, '\n');
	}
}

static void on_post(struct room_sink *sink, struct str bare, struct str xml, const struct room_stamp *stamp)
{
	struct ear *e = container_of(sink, struct ear, sink);

	(void)stamp;
	buf_str(&e->heard, bare);
	buf_putc(&e->heard, ' ');
	buf_str(&e->heard, xml);
	buf_putc(&e->heard, '\n');
}

static void on_result(struct room_sink *sink, struct str payload)
{
	struct ear *e = container_of(sink, struct ear, sink);

	e->results++;
	buf_str(&e->heard, payload);
}

static void on_answer(struct room_sink *sink, struct str xml)
{
	buf_str(&container_of(sink, struct ear, sink)->heard, xml);
}

static void on_card(struct room_sink *sink)
{
	container_of(sink, struct ear, sink)->cards++;
}

static bool on_meet(struct room_sink *sink, struct str a, struct str b)
{
	(void)a;
	(void)b;
	return !container_of(sink, struct ear, sink)->walls;
}

static bool on_account(struct room_sink *sink, struct str bare)
{
	(void)sink;
	return !str_starts(bare, STR("nobody"));
}

/* ---- a room with people ---- */

struct stage {
	struct room *room;
	struct ear ear;
	uint64_t seq, now;
	const char *recipient; /* NULL: nobody */
};

static int stage_open(void **state)
{
	struct stage *s = calloc(1, sizeof(*s));

	s->room = room_new(STR("tea@rooms.x"));
	assert_non_null(s->room);
	s->ear.sink = (struct room_sink){.send = on_send,
		.post = on_post,
		.result = on_result,
		.answer = on_answer,
		.card = on_card,
		.may_meet = on_meet,
		.is_account = on_account};
	*state = s;
	return 0;
}

static int stage_close(void **state)
{
	struct stage *s = *state;

	room_free(s->room);
	buf_done(&s->ear.heard);
	free(s);
	return 0;
}

static struct node *parse(struct tokenizer *t, struct str text, struct arena **arena)
{
	struct str head =
		STR("<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>");
	struct node *root = NULL, *stanza = NULL;
	struct arena *first = NULL;

	assert_int_equal(tokenizer_feed(t, &head.data, &head.len, &root, &first), XML_STREAM_OPEN);
	arena_free(first);
	assert_int_equal(tokenizer_feed(t, &text.data, &text.len, &stanza, arena), XML_STANZA);
	return stanza;
}

/* What follows when `from` sends the stanza; what is heard is in the ear. */
static enum room_outcome send(struct stage *s, const char *from, const char *text)
{
	struct tokenizer *t = tokenizer_new(&limits);
	struct arena *arena = NULL;
	struct node *stanza = parse(t, str_from(text), &arena);
	struct room_request rq = {.stanza = stanza, .arena = arena, .from = jid_split(str_from(from))};
	bool answer = str_is(node_attr(stanza, STR("type")), "result");
	enum room_outcome result;

	rq.now = s->now;
	rq.recipient = s->recipient ? str_from(s->recipient) : STR("");
	assert_int_equal(jid_parse(&rq.to, node_attr(stanza, STR("to")), arena), 0);
	rq.stamp = (struct room_stamp){
		.seq = ++s->seq, .time_us = s->seq * 1000000, .id = "id0000000000000000000"};
	buf_clear(&s->ear.heard);
	s->ear.sent = s->ear.shared = s->ear.results = 0;
	if (str_is(stanza->name, "message"))
		result = room_message(s->room, &rq, &s->ear.sink);
	else if (str_is(stanza->name, "presence"))
		result = room_presence(s->room, &rq, &s->ear.sink);
	else
		result = answer ? ROOM_OK : room_iq(s->room, &rq, &s->ear.sink);
	if (answer)
		room_answer(s->room, &rq, &s->ear.sink);
	arena_free(arena);
	tokenizer_free(t);
	return result;
}

static bool heard(struct stage *s, const char *text)
{
	const char *all = buf_cstr(&s->ear.heard);

	return strstr(all, text) != NULL;
}

#define ENTER(nick)                                                                                          \
	"<presence to='tea@rooms.x/" nick "'><x xmlns='http://jabber.org/protocol/muc'/></presence>"
#define SAY(text) "<message to='tea@rooms.x' type='groupchat'><body>" text "</body></message>"
#define ADMIN(item)                                                                                          \
	"<iq to='tea@rooms.x' type='set' id='1'><query xmlns='http://jabber.org/protocol/muc#admin'>" item   \
	"</query></iq>"

static void three_people(struct stage *s)
{
	assert_true(room_affiliate(s->room, STR("a@x"), AFFILIATION_OWNER, STR(""), STR("")));
	assert_int_equal(send(s, "a@x/1", ENTER("ann")), ROOM_OK);
	assert_int_equal(send(s, "b@x/1", ENTER("bob")), ROOM_OK);
	assert_int_equal(send(s, "c@x/1", ENTER("cat")), ROOM_OK);
}

/* ---- */

static void who_enters_is_shown(void **state)
{
	struct stage *s = *state;

	three_people(s);
	assert_int_equal(s->room->occupant_count, 3);
	assert_true(heard(s, "a@x/1 <presence from='tea@rooms.x/cat'>"));
	assert_true(heard(s, "jid='c@x/1'"));
	assert_true(heard(s, "c@x/1 <presence from='tea@rooms.x/ann'>"));
	assert_false(heard(s, "jid='a@x/1'")); /* Cat is no moderator */
	assert_true(heard(s, "<subject></subject>"));
}

static void what_is_said_is_one_text_for_all(void **state)
{
	struct stage *s = *state;

	three_people(s);
	assert_int_equal(send(s, "b@x/1", SAY("hello")), ROOM_OK);
	assert_int_equal(s->ear.sent, 1);
	assert_int_equal(s->ear.shared, 3);
	assert_true(heard(s, "<message from='tea@rooms.x/bob' type='groupchat'><body>hello</body>"));
	assert_int_equal(send(s, "d@x/1", SAY("hello")), ROOM_E_NOT_OCCUPANT);
	assert_int_equal(s->ear.sent, 0);
}

static void two_seats_of_one_occupant(void **state)
{
	struct stage *s = *state;

	three_people(s);
	assert_int_equal(send(s, "b@x/2", ENTER("bob")), ROOM_OK);
	assert_int_equal(s->room->occupant_count, 3);
	assert_int_equal(send(s, "a@x/1", SAY("x")), ROOM_OK);
	assert_int_equal(s->ear.shared, 4);
	buf_clear(&s->ear.heard);
	room_leave(s->room, STR("b@x/1"), &s->ear.sink);
	assert_false(heard(s, "a@x/1 <presence from='tea@rooms.x/bob' type='unavailable'>"));
	room_leave(s->room, STR("b@x/2"), &s->ear.sink);
	assert_true(heard(s, "a@x/1 <presence from='tea@rooms.x/bob' type='unavailable'>"));
	assert_null(room_occupant(s->room, STR("bob")));
	assert_int_equal(send(s, "e@x/1", ENTER("cat")), ROOM_E_CONFLICT);
}

static void walls_keep_people_out(void **state)
{
	struct stage *s = *state;

	three_people(s);
	s->ear.walls = true;
	assert_int_equal(send(s, "d@x/1", ENTER("dan")), ROOM_E_WALL);
	assert_int_equal(s->room->occupant_count, 3);
	assert_int_equal(s->ear.sent, 0);
}

static void a_wall_that_went_up_hides_who_is_in(void **state)
{
	struct stage *s = *state;
	const char *ask = "<iq to='tea@rooms.x' type='get' id='1'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>";

	three_people(s);
	s->room->config.whois = WHOIS_ANYONE;
	assert_int_equal(
		send(s, "a@x/1", "<message to='tea@rooms.x' type='groupchat'><subject>biscuits</subject></message>"), ROOM_OK);
	assert_int_equal(send(s, "b@x/1", ENTER("bob")), ROOM_OK);
	assert_true(heard(s, "b@x/1 <presence from='tea@rooms.x/ann'>"));
	assert_int_equal(send(s, "b@x/1", ask), ROOM_OK);
	assert_true(heard(s, "biscuits") && heard(s, "<value>a@x</value>"));
	s->ear.walls = true;
	assert_int_equal(send(s, "b@x/1", ENTER("bob")), ROOM_OK);
	assert_true(heard(s, "b@x/1 <presence from='tea@rooms.x/bob'>"));
	assert_false(heard(s, "b@x/1 <presence from='tea@rooms.x/ann'>"));
	assert_int_equal(send(s, "b@x/1", ask), ROOM_OK);
	assert_true(heard(s, "muc_nonanonymous"));
	assert_false(heard(s, "biscuits") || heard(s, "<value>a@x</value>"));
}

static void all_items_or_none(void **state)
{
	struct stage *s = *state;

	three_people(s);
	assert_int_equal(
		send(s, "a@x/1",
			ADMIN("<item nick='bob' role='none'/><item jid='a@x' affiliation='outcast'/>")),
		ROOM_E_CONFLICT);
	assert_non_null(room_occupant(s->room, STR("bob")));
	assert_int_equal(send(s, "a@x/1", ADMIN("<item nick='bob' role='none'><reason>rude</reason></item>")),
		ROOM_OK);
	assert_true(heard(s, "<actor nick='ann'/><reason>rude</reason>"));
	assert_int_equal(send(s, "c@x/1", ADMIN("<item nick='ann' role='none'/>")), ROOM_E_FORBIDDEN);
}

static void what_a_list_keeps_is_short(void **state)
{
	struct stage *s = *state;
	char text[4096];

	three_people(s);
	snprintf(text, sizeof(text), ADMIN("<item jid='d@x' affiliation='outcast'><reason>%01024d</reason></item>"), 1);
	assert_int_equal(send(s, "a@x/1", text), ROOM_OK);
	snprintf(text, sizeof(text), ADMIN("<item jid='e@x' affiliation='outcast'><reason>%01025d</reason></item>"), 1);
	assert_int_equal(send(s, "a@x/1", text), ROOM_E_NOT_ACCEPTABLE);
	snprintf(text, sizeof(text), ADMIN("<item jid='e@x' affiliation='member' nick='%01024d'/>"), 1);
	assert_int_equal(send(s, "a@x/1", text), ROOM_E_JID);
	assert_int_equal(room_affiliation(s->room, STR("e@x")), AFFILIATION_NONE);
	assert_int_equal(send(s, "a@x/1", ADMIN("<item jid='e@x' affiliation='member' nick='e&#x301;ve'/>")), ROOM_OK);
	assert_str(room_nick_owner(s->room, STR("\u00e9ve")), "e@x"); /* as one enters with it */
}

static void who_is_not_on_the_list_loses_it(void **state)
{
	struct stage *s = *state;
	struct buf text = BUF_INIT(0);
	char jid[32];

	three_people(s);
	for (unsigned i = 0; i < 300; i++) {
		snprintf(jid, sizeof(jid), "p%u@x", i);
		assert_true(room_affiliate(s->room, str_from(jid), AFFILIATION_ADMIN, STR(""), STR("")));
	}
	buf_lit(&text, "<iq to='tea@rooms.x' type='set' id='1'><query xmlns='http://jabber.org/protocol/muc#owner'>"
		       "<x xmlns='jabber:x:data' type='submit'><field var='muc#roomconfig_roomadmins'>"
		       "<value> P7@X </value><value>q@x</value></field></x></query></iq>");
	assert_int_equal(send(s, "a@x/1", buf_cstr(&text)), ROOM_OK);
	assert_int_equal(room_affiliation(s->room, STR("p7@x")), AFFILIATION_ADMIN);
	assert_int_equal(room_affiliation(s->room, STR("q@x")), AFFILIATION_ADMIN);
	for (unsigned i = 0; i < 300; i++) {
		snprintf(jid, sizeof(jid), "p%u@x", i);
		assert_int_equal(room_affiliation(s->room, str_from(jid)), i == 7 ? AFFILIATION_ADMIN : AFFILIATION_NONE);
	}
	buf_done(&text);
}

#define CONFIGURE(fields)                                                                                    \
	"<iq to='tea@rooms.x' type='set' id='1'><query xmlns='http://jabber.org/protocol/muc#owner'>"                       \
	"<x xmlns='jabber:x:data' type='submit'>" fields "</x></query></iq>"

static void a_form_is_taken_whole_or_not_at_all(void **state)
{
	struct stage *s = *state;

	three_people(s);
	s->room->affiliations_max = 2;
	assert_int_equal(send(s, "a@x/1", CONFIGURE("<field var='muc#roomconfig_roomname'><value>New</value></field>"
		"<field var='muc#roomconfig_roomowners'><value>d@x</value><value>e@x</value></field>")), ROOM_E_LIMIT);
	assert_int_equal(s->room->config.name.len, 0);
	assert_int_equal(s->ear.heard.len, 0);
	assert_int_equal(room_affiliation(s->room, STR("a@x")), AFFILIATION_OWNER);
	assert_int_equal(send(s, "a@x/1", CONFIGURE("<field var='muc#roomconfig_roomname'><value>New</value></field>"
		"<field var='muc#roomconfig_roomowners'><value>b@x</value></field>")), ROOM_OK);
	assert_str(s->room->config.name, "New");
	assert_int_equal(room_affiliation(s->room, STR("a@x")), AFFILIATION_NONE);
	assert_int_equal(room_affiliation(s->room, STR("b@x")), AFFILIATION_OWNER);
}

static void voice_is_remembered_of_a_bounded_number(void **state)
{
	struct stage *s = *state;
	struct occupant o = {.room = s->room, .role = ROLE_PARTICIPANT, .affiliation = AFFILIATION_NONE};
	char jid[20];

	o.bare = STR("first@x");
	voice_keep(s->room, &o);
	assert_int_equal(s->room->voice_count, 0); /* nobody needs it here */
	s->room->config.moderated = true;
	voice_keep(s->room, &o);
	assert_int_equal(voice_role(s->room, o.bare, AFFILIATION_NONE), ROLE_PARTICIPANT);
	assert_int_equal(voice_role(s->room, o.bare, AFFILIATION_ADMIN), ROLE_MODERATOR);
	for (unsigned i = 0; i < VOICES_MAX; i++) {
		snprintf(jid, sizeof(jid), "p%u@x", i);
		o.bare = str_from(jid);
		voice_keep(s->room, &o);
	}
	assert_int_equal(s->room->voice_count, VOICES_MAX);
	assert_int_equal(voice_role(s->room, STR("first@x"), AFFILIATION_NONE), ROLE_VISITOR);
	assert_int_equal(voice_role(s->room, o.bare, AFFILIATION_NONE), ROLE_PARTICIPANT);
	o.role = ROLE_VISITOR; /* as it is without */
	voice_keep(s->room, &o);
	assert_int_equal(s->room->voice_count, VOICES_MAX - 1);
	voice_drop(s->room, STR("p0@x"));
	assert_int_equal(voice_role(s->room, STR("p0@x"), AFFILIATION_NONE), ROLE_VISITOR);
}

static void a_list_has_its_ceiling(void **state)
{
	struct stage *s = *state;

	s->room->affiliations_max = 2;
	assert_true(room_affiliate(s->room, STR("a@x"), AFFILIATION_OWNER, STR(""), STR("")));
	assert_true(room_affiliate(s->room, STR("b@x"), AFFILIATION_MEMBER, STR("bee"), STR("")));
	assert_false(room_affiliate(s->room, STR("c@x"), AFFILIATION_MEMBER, STR(""), STR("")));
	assert_true(room_affiliate(s->room, STR("b@x"), AFFILIATION_ADMIN, STR(""), STR("")));
	assert_str(room_nick_owner(s->room, STR("bee")), "b@x"); /* kept */
	assert_true(room_affiliate(s->room, STR("b@x"), AFFILIATION_NONE, STR(""), STR("")));
	room_saved(s->room);
	assert_true(room_affiliate(s->room, STR("c@x"), AFFILIATION_MEMBER, STR(""), STR("")));
}

static void the_oldest_is_forgotten(void **state)
{
	struct stage *s = *state;
	struct history_wish wish;

	s->room->config.history = HISTORY_MAX;
	three_people(s);
	for (int i = 0; i < HISTORY_MAX + 20; i++)
		assert_int_equal(send(s, "b@x/1", SAY("again")), ROOM_OK);
	assert_int_equal(s->room->history_len, HISTORY_MAX);
	wish = history_wish(s->room, NULL);
	s->ear.sent = 0;
	history_show(s->room, &wish, room_seat(s->room, STR("c@x/1")), &s->ear.sink);
	assert_int_equal(s->ear.sent, HISTORY_MAX);
}

/* Bytes of what is shown to Cat now. */
static size_t shown(struct stage *s)
{
	struct history_wish wish = history_wish(s->room, NULL);

	buf_clear(&s->ear.heard);
	s->ear.sent = 0;
	history_show(s->room, &wish, room_seat(s->room, STR("c@x/1")), &s->ear.sink);
	return s->ear.heard.len - s->ear.sent * strlen("c@x/1 \n");
}

static void what_is_remembered_and_shown_has_a_size(void **state)
{
	struct stage *s = *state;
	char text[3000], words[2000] = {0};
	unsigned before;

	s->room->config.history = HISTORY_MAX;
	s->room->history_bytes_max = 2000;
	three_people(s);
	for (int i = 0; i < 30; i++) {
		assert_int_equal(send(s, "b@x/1", SAY("again")), ROOM_OK);
		assert_true(s->room->history_bytes <= 2000);
	}
	before = s->room->history_len;
	assert_in_range(before, 5, 29);
	assert_in_range(shown(s), 1, 2000);
	assert_true(s->ear.sent < before); /* with their delays they are longer */
	memset(words, 'w', sizeof(words) - 1);
	snprintf(text, sizeof(text), SAY("%s"), words);
	assert_int_equal(send(s, "b@x/1", text), ROOM_OK); /* too long for all of it: the others stay */
	assert_int_equal(s->room->history_len, before);
	s->room->history_bytes_max = 500; /* by a reload */
	assert_in_range(shown(s), 1, 500);
	assert_int_equal(send(s, "b@x/1", SAY("again")), ROOM_OK);
	assert_true(s->room->history_bytes <= 500);
	room_forget(s->room);
	assert_int_equal(s->room->history_bytes, 0);
	assert_int_equal(shown(s), 0);
}

static void what_presence_holds_has_a_size(void **state)
{
	struct stage *s = *state;
	char text[400], status[101] = {0};

	s->room->presence_bytes_max = 100;
	three_people(s);
	memset(status, 's', sizeof(status) - 1);
	snprintf(text, sizeof(text),
		"<presence to='tea@rooms.x/dan'><x xmlns='http://jabber.org/protocol/muc'/><status>%s</status></presence>", status);
	assert_int_equal(send(s, "d@x/1", text), ROOM_E_LARGE);
	assert_int_equal(s->room->occupant_count, 3);
	snprintf(text, sizeof(text), "<presence to='tea@rooms.x/cat'><status>%s</status></presence>", status);
	assert_int_equal(send(s, "c@x/1", text), ROOM_E_LARGE);
	snprintf(text, sizeof(text), "<presence to='tea@rooms.x/kitten'><status>%s</status></presence>", status);
	assert_int_equal(send(s, "c@x/1", text), ROOM_E_LARGE); /* nor is anybody renamed */
	assert_int_equal(s->ear.sent, 0);
	assert_non_null(room_occupant(s->room, STR("cat")));
	assert_int_equal(send(s, "c@x/1", "<presence to='tea@rooms.x/cat'><status>s</status></presence>"), ROOM_OK);
}

/* 7.2.14: complete stanzas, as they come. */
static void what_is_shown_is_no_longer_than_asked(void **state)
{
	struct stage *s = *state;
	struct history_wish wish;
	size_t one;

	three_people(s);
	for (int i = 0; i < 3; i++)
		assert_int_equal(send(s, "b@x/1", SAY("again")), ROOM_OK);
	wish = history_wish(s->room, NULL);
	wish.stanzas = 1;
	buf_clear(&s->ear.heard);
	history_show(s->room, &wish, room_seat(s->room, STR("c@x/1")), &s->ear.sink);
	one = strlen(strchr(buf_cstr(&s->ear.heard), '<')) - 1; /* without the end of the line */
	wish.stanzas = HISTORY_MAX;
	for (unsigned n = 0; n < 6; n++) {
		wish.chars = n * one / 2;
		s->ear.sent = 0;
		history_show(s->room, &wish, room_seat(s->room, STR("c@x/1")), &s->ear.sink);
		assert_int_equal(s->ear.sent, n / 2);
	}
	wish.chars = 2 * one - 1;
	s->ear.sent = 0;
	history_show(s->room, &wish, room_seat(s->room, STR("c@x/1")), &s->ear.sink);
	assert_int_equal(s->ear.sent, 1);
}

static void times(void **state)
{
	unsigned long long us;

	(void)state;
	assert_true(history_parse_time(STR("2001-09-09T01:46:40Z"), &us));
	assert_true(us == 1000000000000000ULL);
	assert_true(history_parse_time(STR("2001-09-09T03:46:40.5+02:00"), &us));
	assert_true(us == 1000000000000000ULL);
	assert_false(history_parse_time(STR("2001-09-09T01:46:40"), &us));
	assert_false(history_parse_time(STR("1969-12-31T23:59:59Z"), &us));
	assert_false(history_parse_time(STR("yesterday"), &us));
}

#define ASK(id) "<iq to='tea@rooms.x/cat' type='get' id='" id "'><q xmlns='u'/></iq>"
#define CARD "<iq to='tea@rooms.x/cat' type='get' id='1'><vCard xmlns='vcard-temp'/></iq>"

/* Nobody answers what was not asked of him, and only once. */
static void a_request_comes_back_once(void **state)
{
	struct stage *s = *state;
	char answer[300];
	const struct ask *a;

	three_people(s);
	assert_int_equal(send(s, "b@x/1", ASK("1")), ROOM_E_NOT_FOUND); /* policy thought of nobody */
	assert_int_equal(send(s, "b@x/1", CARD), ROOM_E_NOT_FOUND);
	s->recipient = "c@x";
	assert_int_equal(send(s, "b@x/1", CARD), ROOM_OK);
	assert_int_equal(s->ear.cards, 1);
	assert_int_equal(send(s, "b@x/1", ASK("1")), ROOM_OK);
	assert_true(heard(s, "c@x/1 <iq from='tea@rooms.x/bob' to='c@x/1' id='"));
	assert_int_equal(s->room->ask_count, 1);
	a = container_of(s->room->asks.next, struct ask, link);
	snprintf(answer, sizeof(answer), "<iq to='tea@rooms.x/bob' type='result' id='%.*s'/>", ASK_TOKEN, a->token);
	s->recipient = "b@x";
	(void)send(s, "a@x/1", answer);
	assert_int_equal(s->ear.sent, 0);
	(void)send(s, "c@x/1", answer);
	assert_true(heard(s, "b@x/1 <iq from='tea@rooms.x/cat' to='b@x/1' id='1' type='result'></iq>"));
	(void)send(s, "c@x/1", answer);
	assert_int_equal(s->ear.sent, 0);
	assert_int_equal(s->room->ask_count, 0);
}

static void a_private_message_goes_to_whom_policy_thought_of(void **state)
{
	struct stage *s = *state;
	const char *text = "<message to='tea@rooms.x/cat' type='chat'><body>hello</body></message>";

	three_people(s);
	assert_int_equal(send(s, "b@x/1", text), ROOM_E_NOT_FOUND);
	s->recipient = "a@x";
	assert_int_equal(send(s, "b@x/1", text), ROOM_E_NOT_FOUND);
	assert_int_equal(s->ear.sent, 0);
	s->recipient = "c@x";
	assert_int_equal(send(s, "b@x/1", text), ROOM_OK);
	assert_true(heard(s, "c@x/1 <message from='tea@rooms.x/bob' type='chat'><body>hello</body>"));
	assert_int_equal(s->ear.sent, 1);
}

/* Who does not answer is answered for, unless nobody waits for it any more. */
static void requests_have_their_time_and_number(void **state)
{
	struct stage *s = *state;

	three_people(s);
	s->recipient = "c@x";
	for (int i = 0; i < ASKS_EACH_MAX; i++)
		assert_int_equal(send(s, "b@x/1", ASK("1")), ROOM_OK);
	assert_int_equal(send(s, "b@x/1", ASK("1")), ROOM_E_LIMIT);
	s->now = 1;
	assert_int_equal(send(s, "a@x/1", ASK("2")), ROOM_OK);
	room_asks_settle(s->room, ASK_SECONDS - 1, &s->ear.sink);
	assert_int_equal(s->room->ask_count, ASKS_EACH_MAX + 1);
	room_leave(s->room, STR("b@x/1"), &s->ear.sink);
	buf_clear(&s->ear.heard);
	room_asks_settle(s->room, ASK_SECONDS, &s->ear.sink);
	assert_int_equal(s->room->ask_count, 1);
	assert_int_equal(s->ear.heard.len, 0);
	room_asks_settle(s->room, ASK_SECONDS + 1, &s->ear.sink);
	assert_true(heard(s, "a@x/1 <iq from='tea@rooms.x/cat' to='a@x/1' id='2' type='error'>"));
	assert_true(heard(s, "remote-server-timeout"));
	assert_int_equal(s->room->ask_count, 0);
}

#define REGISTER(nick)                                                                                       \
	"<iq to='tea@rooms.x' type='set' id='1'><query xmlns='jabber:iq:register'><x xmlns='jabber:x:data' type='submit'>"  \
	"<field var='muc#register_roomnick'><value>" nick "</value></field></x></query></iq>"

static void who_waits_is_one_of_a_bounded_number(void **state)
{
	struct stage *s = *state;
	char from[20];

	three_people(s);
	assert_int_equal(send(s, "d@x/1", REGISTER("dan")), ROOM_OK);
	assert_true(heard(s, "a@x/1 <message from='tea@rooms.x'><x xmlns='jabber:x:data' type='form'>"));
	assert_false(heard(s, "b@x/1")); /* is no admin */
	assert_int_equal(send(s, "e@x/1", REGISTER("dan")), ROOM_E_CONFLICT);
	for (int i = 0; i < APPLICANTS_MAX; i++) {
		char request[400];

		snprintf(from, sizeof(from), "p%d@x/1", i);
		snprintf(request, sizeof(request), REGISTER("n%d"), i);
		assert_int_equal(send(s, from, request), ROOM_OK);
	}
	assert_int_equal(s->room->applicant_count, APPLICANTS_MAX);
	assert_int_equal(send(s, "e@x/1", REGISTER("dan")), ROOM_OK); /* the oldest has been forgotten */
	s->ear.walls = true;
	assert_int_equal(send(s, "f@x/1", REGISTER("fay")), ROOM_E_NOT_ALLOWED);
}

static void every_refusal_has_its_error(void **state)
{
	(void)state;
	for (int i = ROOM_OK + 1; i < ROOM_OUTCOMES; i++)
		assert_int_not_equal(room_fault((enum room_outcome)i)->type, STANZA_TYPE_DEFAULT);
}

#define STAGED(test) cmocka_unit_test_setup_teardown(test, stage_open, stage_close)

int main(void)
{
	const struct CMUnitTest tests[] = {
		STAGED(who_enters_is_shown),
		STAGED(what_is_said_is_one_text_for_all),
		STAGED(two_seats_of_one_occupant),
		STAGED(walls_keep_people_out),
		STAGED(a_wall_that_went_up_hides_who_is_in),
		STAGED(all_items_or_none),
		STAGED(what_a_list_keeps_is_short),
		STAGED(who_is_not_on_the_list_loses_it),
		STAGED(a_form_is_taken_whole_or_not_at_all),
		STAGED(voice_is_remembered_of_a_bounded_number),
		STAGED(a_list_has_its_ceiling),
		STAGED(the_oldest_is_forgotten),
		STAGED(what_is_remembered_and_shown_has_a_size),
		STAGED(what_presence_holds_has_a_size),
		STAGED(what_is_shown_is_no_longer_than_asked),
		STAGED(a_request_comes_back_once),
		STAGED(a_private_message_goes_to_whom_policy_thought_of),
		STAGED(requests_have_their_time_and_number),
		STAGED(who_waits_is_one_of_a_bounded_number),
		cmocka_unit_test(times),
		cmocka_unit_test(every_refusal_has_its_error),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
