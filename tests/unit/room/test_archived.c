/* A message as the archive of a room holds it, and what is left of it. */
#include "check.h"

#include "room/archived.h"

#define ID "31yp9lPc9N2G2fmc14qS6tJN713a14CSY-NOKOmuGe0"
#define OCCUPANT "<occupant-id xmlns='urn:xmpp:occupant-id:0' id='" ID "'/>"
#define X "<x xmlns='http://jabber.org/protocol/muc#user'><item affiliation='none' jid='bob@x/a&gt;b' role='participant'/></x>"
#define SAID "<message from='tea@rooms.x/b&apos;o>b' id='1' type='groupchat'><body>hello</body>" OCCUPANT X "</message>"
/* Somebody writes what a room writes. */
#define FORGED                                                                                                 \
	"<message from='tea@rooms.x/eve' type='groupchat'><y xmlns='e'>" X "</y>" OCCUPANT "<body>no</body>" OCCUPANT X         \
	"</message>"

static struct str str(const char *text)
{
	return str_from(text);
}

static void parts_are_found(void **state)
{
	struct archived a;

	(void)state;
	assert_true(archived_read(str(SAID), &a));
	assert_true(str_is(a.start, "<message from='tea@rooms.x/b&apos;o>b' id='1' type='groupchat'>"));
	assert_true(str_is(a.inside, "<body>hello</body>"));
	assert_true(str_is(a.id, OCCUPANT));
	assert_true(str_is(a.x, X));
	assert_true(str_is(a.bare, "bob@x"));
	assert_true(archived_is_shown(&a));
}

static void the_last_ends_are_the_rooms(void **state)
{
	struct archived a;

	(void)state;
	assert_true(archived_read(str(FORGED), &a));
	assert_true(str_is(a.inside, "<y xmlns='e'>" X "</y>" OCCUPANT "<body>no</body>"));
}

static void other_text_is_none(void **state)
{
	static const char *const bad[] = {"", "<message/>", "<message a='1'/>", "<presence a='></message>",
		"<message a='1'", "<message a='></message>", "<messages a='1'></message>"};
	struct archived a;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(archived_read(str(bad[i]), &a));
}

static void the_author_takes_it_back_once_and_nobody_else(void **state)
{
	struct room_retraction t = {.by_id = STR("r'1"), .author_id = STR(ID)};
	struct buf out = BUF_INIT(0), again = BUF_INIT(0);

	(void)state;
	assert_true(archived_put_tombstone(&out, str(SAID), &t));
	assert_null(strstr(buf_cstr(&out), "hello"));
	assert_non_null(strstr(buf_cstr(&out), "<retracted xmlns='urn:xmpp:message-retract:1' id='r&apos;1' stamp='"));
	assert_non_null(strstr(buf_cstr(&out), OCCUPANT X "</message>"));
	assert_false(archived_put_tombstone(&again, buf_view(&out), &t));
	t.author_id = STR("41yp9lPc9N2G2fmc14qS6tJN713a14CSY-NOKOmuGe0");
	assert_false(archived_put_tombstone(&again, str(SAID), &t));
	t.author_id = STR_NONE;
	assert_false(archived_put_tombstone(&again, str(SAID), &t));
	buf_done(&out);
	buf_done(&again);
}

/* What a room itself says names a moderator, inside. */
static void what_a_room_says_is_taken_back_by_nobody(void **state)
{
	static const char said[] = "<message from='tea@rooms.x' type='groupchat' id='m'><retract xmlns="
				   "'urn:xmpp:message-retract:1' id='1'><moderated xmlns='urn:xmpp:message-moderate:1' by="
				   "'tea@rooms.x/ann'>" OCCUPANT "</moderated></retract>%s</message>";
	struct room_retraction t = {.by_id = STR("r"), .moderator = STR("tea@rooms.x/ann"), .moderator_id = STR(ID)};
	struct archived a;

	(void)state;
	for (unsigned live = 0; live < 2; live++) {
		struct buf xml = BUF_INIT(0), out = BUF_INIT(0);

		buf_printf(&xml, said, live ? "<stanza-id xmlns='urn:xmpp:sid:0' by='tea@rooms.x' id='m'/>" : "");
		assert_true(archived_read(buf_view(&xml), &a));
		assert_int_equal(a.id.len, 0);
		assert_false(archived_put_tombstone(&out, buf_view(&xml), &t));
		buf_done(&xml);
		buf_done(&out);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parts_are_found),
		cmocka_unit_test(the_last_ends_are_the_rooms),
		cmocka_unit_test(other_text_is_none),
		cmocka_unit_test(the_author_takes_it_back_once_and_nobody_else),
		cmocka_unit_test(what_a_room_says_is_taken_back_by_nobody),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
