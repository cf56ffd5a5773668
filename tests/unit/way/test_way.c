/* The runner of the stages: what a stream said stays in order, nothing is routed before its receipt, refusals are
 * answered and noted, and a gate that stops neither delivers nor acknowledges what waits. */
#include "check.h"
#include "desk.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/log.h"
#include "record/link.h"

#define RULES                                                                                                          \
	"rules:\n- {id: word, purpose: p, match: {words: [bluebird]}, action: block, mode: enforce, notice: {en: 'no'}}\n"
#define MESSAGE(id) "<message to='bob@example.org' type='chat' id='" id "'><body>hello</body></message>"
#define TYPING(id)                                                                                                     \
	"<message to='bob@example.org' type='chat' id='" id "'>"                                                       \
	"<composing xmlns='http://jabber.org/protocol/chatstates'/></message>"

struct room {
	struct desk *desk;
	struct speaker *alice, *bob;
};

static struct room room_new(const char *rules)
{
	struct room r = {.desk = desk_new(rules)};

	r.alice = speaker_new(r.desk, "alice@example.org");
	r.bob = speaker_new(r.desk, "bob@example.org");
	return r;
}

static void room_free(struct room *r)
{
	speaker_free(r->alice);
	speaker_free(r->bob);
	desk_free(r->desk);
}

static bool got(struct speaker *s, const char *text)
{
	return strstr(buf_cstr(&s->got), text) != NULL;
}

static uint64_t waiting(const struct desk *d)
{
	struct way_stats stats;

	way_stats(d->way, &stats);
	return stats.waiting;
}

static void content_goes_on_with_its_receipt_and_not_before(void **state)
{
	struct room r = room_new(RULES);
	struct parcel *p = speaker_say(r.alice, MESSAGE("a"));

	(void)state;
	assert_string_equal(p->waits_for, "record");
	assert_int_equal(waiting(r.desk), 1);
	assert_string_equal(desk_line(r.desk, "a")->action, "allow");
	assert_string_equal(desk_line(r.desk, "a")->kind, "message");
	assert_string_equal(r.desk->routed, "");
	assert_string_equal(r.desk->handled, "");
	desk_grant(r.desk, 1);
	assert_string_equal(r.desk->routed, " a");
	assert_string_equal(r.desk->handled, " a");
	assert_int_equal(waiting(r.desk), 0);
	assert_int_equal(r.alice->got.len, 0);
	room_free(&r);
}

static void what_one_stream_says_stays_in_order(void **state)
{
	struct room r = room_new(RULES);

	(void)state;
	speaker_say(r.alice, MESSAGE("a"));
	speaker_say(r.alice, TYPING("b"));
	speaker_say(r.alice, "<iq type='set' id='c'><block xmlns='urn:xmpp:blocking'><item jid='x@example.org'/></block></iq>");
	speaker_say(r.alice, MESSAGE("d"));
	speaker_say(r.alice, "<presence id='e'><show>away</show></presence>");
	assert_int_equal(desk_lines(r.desk, EVENT_CONTENT), 2);
	assert_int_equal(desk_lines(r.desk, EVENT_ROSTER), 1); /* recorded at once, though it has to wait its turn */
	assert_string_equal(r.desk->routed, "");
	desk_grant(r.desk, 1);
	assert_string_equal(r.desk->routed, " a b c");
	assert_string_equal(r.desk->handled, " a b c");
	desk_grant(r.desk, 2);
	assert_string_equal(r.desk->routed, " a b c d e");
	assert_string_equal(r.desk->handled, " a b c d e");
	assert_true(list_is_empty(&r.alice->pending));
	room_free(&r);
}

static void a_stream_does_not_wait_for_another(void **state)
{
	struct room r = room_new(RULES);

	(void)state;
	speaker_say(r.alice, MESSAGE("a"));
	speaker_say(r.bob, "<message to='alice@example.org' id='b'><composing xmlns='http://jabber.org/protocol/chatstates'/>"
			   "</message>");
	assert_string_equal(r.desk->routed, " b");
	speaker_say(r.bob, "<presence id='c'/>");
	desk_grant(r.desk, 1);
	assert_string_equal(r.desk->routed, " b c a");
	room_free(&r);
}

static void a_question_to_the_server_overtakes_and_no_other_does(void **state)
{
	struct room r = room_new(RULES);

	(void)state;
	speaker_say(r.alice, MESSAGE("a"));
	speaker_say(r.alice, "<iq type='get' id='b'><query xmlns='jabber:iq:roster'/></iq>");
	speaker_say(r.alice, "<iq type='get' id='c' to='example.org'><ping xmlns='urn:xmpp:ping'/></iq>");
	speaker_say(r.alice, "<iq type='get' id='d' to='alice@example.org'><ping xmlns='urn:xmpp:ping'/></iq>");
	speaker_say(r.alice, "<iq type='get' id='e' to='bob@example.org/desk'><ping xmlns='urn:xmpp:ping'/></iq>");
	speaker_say(r.alice, "<iq type='set' id='f'><enable xmlns='urn:xmpp:carbons:2'/></iq>");
	assert_string_equal(r.desk->routed, " b c d");
	assert_string_equal(r.desk->handled, " b c d");
	desk_grant(r.desk, 1);
	assert_string_equal(r.desk->routed, " b c d a e f");
	room_free(&r);
}

static void one_that_only_waits_for_its_turn_says_so(void **state)
{
	struct room r = room_new(RULES);
	struct parcel *p;

	(void)state;
	speaker_say(r.alice, MESSAGE("a"));
	p = speaker_say(r.alice, TYPING("b"));
	assert_string_equal(p->waits_for, "an earlier stanza of the same stream");
	desk_grant(r.desk, 1);
	assert_string_equal(r.desk->routed, " a b");
	room_free(&r);
}

static void what_check_refuses_is_answered_and_noted_once_a_second(void **state)
{
	struct room r = room_new(RULES);

	(void)state;
	for (int i = 0; i < 20; i++)
		speaker_say(r.alice, MESSAGE("bad"));
	assert_true(got(r.alice, "<bad-request") && got(r.alice, "Not so.") && got(r.alice, "id='bad'"));
	assert_string_equal(r.desk->routed, "");
	assert_true(list_is_empty(&r.alice->pending));
	assert_in_range(desk_lines(r.desk, EVENT_REFUSED), 1, 2);
	assert_int_equal(desk_lines(r.desk, EVENT_CONTENT), 0);
	assert_string_equal(r.desk->lines[0].reason, "bad-request");
	assert_int_equal(r.desk->lines[0].count, 1);
	room_free(&r);
}

static void a_refusal_may_be_silent_and_an_error_is_never_answered(void **state)
{
	struct room r = room_new(RULES);

	(void)state;
	speaker_say(r.alice, MESSAGE("silent"));
	speaker_say(r.alice, "<message to='bob@example.org' type='error' id='bad'><body>x</body></message>");
	speaker_say(r.alice, "<iq to='bob@example.org/desk' type='result' id='bad2'/>");
	assert_int_equal(r.alice->got.len, 0);
	assert_string_equal(r.desk->routed, "");
	assert_string_equal(r.desk->handled, " silent bad bad2");
	room_free(&r);
}

static void from_a_session_that_is_being_ended_nothing_passes(void **state)
{
	struct room r = room_new(RULES);

	(void)state;
	r.alice->origin->ending = true;
	speaker_say(r.alice, MESSAGE("a"));
	speaker_say(r.alice, TYPING("b"));
	speaker_say(r.alice, "<iq to='example.org' type='get' id='c'><query xmlns='jabber:iq:version'/></iq>");
	assert_true(got(r.alice, "<policy-violation") && got(r.alice, "id='a'") && got(r.alice, "id='c'"));
	assert_string_equal(r.desk->routed, "");
	assert_string_equal(r.desk->handled, " a b c");
	assert_in_range(desk_lines(r.desk, EVENT_REFUSED), 1, 2);
	assert_int_equal(desk_lines(r.desk, EVENT_CONTENT), 0);
	room_free(&r);
}

static void a_refused_one_does_not_hold_up_what_follows_and_keeps_its_place(void **state)
{
	struct room r = room_new(RULES);

	(void)state;
	speaker_say(r.alice, MESSAGE("a"));
	speaker_say(r.alice, MESSAGE("bad"));
	speaker_say(r.alice, TYPING("b"));
	assert_string_equal(r.desk->handled, " bad");
	desk_grant(r.desk, 1);
	assert_string_equal(r.desk->routed, " a b");
	room_free(&r);
}

static void what_is_blocked_is_recorded_too_and_reaches_route_with_its_verdict(void **state)
{
	struct room r = room_new(RULES);

	(void)state;
	speaker_say(r.alice, "<message to='bob@example.org' id='a'><body>the bluebird sings</body></message>");
	assert_string_equal(desk_line(r.desk, "a")->action, "block");
	assert_string_equal(r.desk->routed, "");
	desk_grant(r.desk, 1);
	assert_string_equal(r.desk->routed, " a");
	assert_string_equal(r.desk->blocked, " a");
	room_free(&r);
}

static void without_a_policy_all_is_recorded_as_blocked(void **state)
{
	struct room r = room_new(NULL);

	(void)state;
	speaker_say(r.alice, MESSAGE("a"));
	speaker_say(r.bob, TYPING("b"));
	assert_string_equal(desk_line(r.desk, "a")->action, "block");
	desk_grant(r.desk, 1);
	assert_string_equal(r.desk->routed, " b a");
	assert_string_equal(r.desk->blocked, " b a");
	room_free(&r);
}

static void without_space_the_sender_is_told_to_wait(void **state)
{
	struct room r = room_new(RULES);

	(void)state;
	desk_tell(r.desk, LINK_FULL);
	speaker_say(r.alice, MESSAGE("a"));
	assert_true(got(r.alice, "<resource-constraint") && got(r.alice, "type='wait'"));
	assert_string_equal(r.desk->handled, " a");
	assert_int_equal(r.desk->len, 0); /* nor is it noted as refused: there is no space */
	speaker_say(r.alice, TYPING("b"));
	assert_string_equal(r.desk->routed, " b");
	desk_tell(r.desk, LINK_READY);
	speaker_say(r.alice, MESSAGE("c"));
	desk_grant(r.desk, 1);
	assert_string_equal(r.desk->routed, " b c");
	room_free(&r);
}

static void without_memory_for_its_receipt_it_is_not_routed(void **state)
{
	struct room r = room_new(RULES);

	(void)state;
	speaker_say(r.alice, MESSAGE("a"));
	speaker_say(r.alice, TYPING("b"));
	arena_fail_nth(1);
	desk_grant(r.desk, 1);
	arena_fail_nth(0);
	assert_string_equal(r.desk->routed, " b");
	assert_string_equal(r.desk->handled, " a b");
	room_free(&r);
}

static void a_gate_that_stops_neither_delivers_nor_acknowledges_what_waits(void **state)
{
	struct room r = room_new(RULES);

	(void)state;
	speaker_say(r.alice, MESSAGE("a"));
	speaker_say(r.alice, TYPING("b"));
	speaker_say(r.bob, MESSAGE("c"));
	desk_stop(r.desk);
	desk_settle(r.desk);
	assert_string_equal(r.desk->routed, "");
	assert_string_equal(r.desk->handled, "");
	assert_int_equal(r.alice->got.len + r.bob->got.len, 0);
	assert_int_equal(waiting(r.desk), 0);
	room_free(&r);
}

/* What the log says meanwhile. */
struct log_catch {
	int pipe[2], saved;
	char text[4096];
	size_t len;
};

static void log_catch_begin(struct log_catch *c)
{
	c->len = 0;
	assert_int_equal(pipe2(c->pipe, O_NONBLOCK | O_CLOEXEC), 0);
	c->saved = dup(STDERR_FILENO);
	dup2(c->pipe[1], STDERR_FILENO);
	log_set_level(LOG_INFO);
}

static bool log_catch_has(struct log_catch *c, const char *text)
{
	ssize_t n = read(c->pipe[0], c->text + c->len, sizeof(c->text) - c->len - 1);

	c->len += n > 0 ? (size_t)n : 0;
	c->text[c->len] = '\0';
	return strstr(c->text, text) != NULL;
}

static void log_catch_end(struct log_catch *c)
{
	log_set_level(LOG_ERROR);
	dup2(c->saved, STDERR_FILENO);
	close(c->saved);
	close(c->pipe[0]);
	close(c->pipe[1]);
}

/* Turns the loop until the log has the text; real time, because deadlines are. */
static bool log_comes(struct desk *d, struct log_catch *c, const char *text)
{
	for (int i = 0; i < 600 && !log_catch_has(c, text); i++) {
		desk_settle(d);
		usleep(10000);
	}
	return log_catch_has(c, text);
}

static void waiting_beyond_the_deadline_is_said_once_and_so_is_its_end(void **state)
{
	static struct log_catch c;
	struct room r = room_new(RULES);
	bool said, over;

	(void)state;
	speaker_say(r.alice, MESSAGE("a"));
	log_catch_begin(&c);
	said = log_comes(r.desk, &c, "stanzas wait for the record");
	desk_grant(r.desk, 1);
	over = log_comes(r.desk, &c, "the record answers again");
	log_catch_end(&c);
	assert_true(said && over);
	assert_null(strstr(strstr(c.text, "stanzas wait") + 1, "stanzas wait"));
	assert_string_equal(r.desk->routed, " a");
	room_free(&r);
}

static void a_resource_that_policy_forbids_is_not_asked_for(void **state)
{
	struct room r = room_new(
			"rules:\n- {id: word, purpose: p, kinds: [resource], match: {words: [bluebird]}, action: block, "
			"mode: enforce, notice: {en: 'no'}}\n");

	(void)state;
	desk_errand(r.desk, "alice@example.org", "phone");
	assert_string_equal(r.desk->resource, "phone");
	assert_int_equal(r.desk->len, 0);
	desk_errand(r.desk, "alice@example.org", "bluebird");
	assert_string_equal(r.desk->resource, "");
	assert_int_equal(desk_lines(r.desk, EVENT_REFUSED), 1);
	assert_string_equal(r.desk->lines[0].kind, "resource");
	room_free(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(content_goes_on_with_its_receipt_and_not_before),
			cmocka_unit_test(what_one_stream_says_stays_in_order),
			cmocka_unit_test(a_stream_does_not_wait_for_another),
			cmocka_unit_test(a_question_to_the_server_overtakes_and_no_other_does),
			cmocka_unit_test(one_that_only_waits_for_its_turn_says_so),
			cmocka_unit_test(what_check_refuses_is_answered_and_noted_once_a_second),
			cmocka_unit_test(a_refusal_may_be_silent_and_an_error_is_never_answered),
			cmocka_unit_test(from_a_session_that_is_being_ended_nothing_passes),
		cmocka_unit_test(a_refused_one_does_not_hold_up_what_follows_and_keeps_its_place),
			cmocka_unit_test(what_is_blocked_is_recorded_too_and_reaches_route_with_its_verdict),
			cmocka_unit_test(without_a_policy_all_is_recorded_as_blocked),
			cmocka_unit_test(without_space_the_sender_is_told_to_wait),
			cmocka_unit_test(without_memory_for_its_receipt_it_is_not_routed),
			cmocka_unit_test(a_gate_that_stops_neither_delivers_nor_acknowledges_what_waits),
			cmocka_unit_test(waiting_beyond_the_deadline_is_said_once_and_so_is_its_end),
			cmocka_unit_test(a_resource_that_policy_forbids_is_not_asked_for),
	};

	log_set_level(LOG_ERROR);
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
