/* Conversations over the whole of route/. Connections and homes are on three loops. */
#include "check.h"
#include "record_fake.h"
#include "town.h"

#include <stdio.h>

#define ALICE "alice@example.org"
#define BOB "bob@example.org"
#define CAROL "carol@second.example"

static int set_up(void **state)
{
	struct town *t = town_new();

	town_add(t, ALICE);
	town_add(t, BOB);
	town_add(t, CAROL);
	*state = t;
	return 0;
}

static int tear_down(void **state)
{
	town_free(*state);
	return 0;
}

static void leave(struct client *c)
{
	if (!c->closed) {
		client_gone(c, GONE_CLOSED);
		town_settle(c->town);
	}
	client_free(c);
}

static void befriend(struct client *a, const char *a_jid, struct client *b, const char *b_jid)
{
	client_send(a, "<presence type='subscribe' to='%s'/>", b_jid);
	client_send(b, "<presence type='subscribed' to='%s'/>", a_jid);
	client_send(b, "<presence type='subscribe' to='%s'/>", a_jid);
	client_send(a, "<presence type='subscribed' to='%s'/>", b_jid);
	client_forget(a);
	client_forget(b);
}

static void a_message_arrives_with_its_stanza_id(void **state)
{
	struct town *t = *state;
	struct client *a = client_online(t, 0, ALICE, "desk"), *b = client_online(t, 1, BOB, "phone");

	client_forget(a);
	client_forget(b);
	client_send(a, "<message to='" BOB "' type='chat' id='m1'><body>hello</body></message>");
	assert_got(b, "from='" ALICE "/desk'");
	assert_got(b, "<body>hello</body><stanza-id xmlns='urn:xmpp:sid:0' id='id");
	assert_got(b, "by='" BOB "'");
	assert_silent(a);
	leave(a);
	leave(b);
}

static void a_blocked_message_comes_back_with_the_notice(void **state)
{
	struct town *t = *state;
	struct client *a = client_online(t, 0, ALICE, "desk"), *b = client_online(t, 1, BOB, "phone");

	client_forget(a);
	client_forget(b);
	client_block(a, "<message to='" BOB "' type='chat' id='m1'><body>secret</body></message>");
	assert_got(a, "<policy-violation");
	assert_got(a, "Not this word.");
	assert_silent(b);
	leave(a);
	leave(b);
}

static void nobody_is_answered_with_an_error(void **state)
{
	struct town *t = *state;
	struct client *a = client_online(t, 0, ALICE, "desk");

	client_forget(a);
	client_send(a, "<message to='nobody@example.org' type='chat' id='m1'><body>x</body></message>");
	assert_got(a, "<service-unavailable");
	client_forget(a);
	client_send(a, "<message to='nobody@example.org' type='error' id='m1'><body>x</body></message>");
	client_send(a, "<presence to='nobody@example.org'/>");
	assert_silent(a);
	client_send(a, "<message to='x@elsewhere.example' id='m1'><body>x</body></message>");
	assert_got(a, "<remote-server-not-found");
	leave(a);
}

static void offline_messages_come_once_in_order_with_a_delay(void **state)
{
	struct town *t = *state;
	struct client *a = client_online(t, 0, ALICE, "desk"), *b;

	for (int i = 0; i < 6; i++)
		client_send(a, "<message to='" BOB "' type='chat' id='m%d'><body>number %d</body></message>",
			i, i);
	assert_got(a, "<resource-constraint"); /* offline.max is 5 */
	b = client_online(t, 1, BOB, "phone");
	assert_int_equal(client_count(b, "<delay xmlns='urn:xmpp:delay' from='example.org'"), 5);
	assert_int_equal(client_count(b, "<stanza-id "), 5);
	for (int i = 0; i < 4; i++) {
		char one[32], next[32];

		snprintf(one, sizeof(one), "number %d<", i);
		snprintf(next, sizeof(next), "number %d<", i + 1);
		assert_true(strstr(buf_cstr(&b->got), one) < strstr(buf_cstr(&b->got), next));
	}
	leave(b);
	b = client_online(t, 1, BOB, "phone");
	assert_int_equal(client_count(b, "number"), 0);
	leave(a);
	leave(b);
}

static void friends_see_each_other(void **state)
{
	struct town *t = *state;
	struct client *a = client_online(t, 0, ALICE, "desk"), *b = client_online(t, 1, BOB, "phone");

	client_forget(a);
	client_forget(b);
	client_send(a, "<presence type='subscribe' to='" BOB "'><status>me</status></presence>");
	assert_got(a, "ask='subscribe'");
	assert_got(b, "type='subscribe'");
	assert_got(b, "from='" ALICE "'");
	client_send(b, "<presence type='subscribed' to='" ALICE "'/>");
	assert_got(a, "type='subscribed'");
	assert_got(a, "subscription='to'");
	assert_got(a, "from='" BOB "/phone'");
	client_forget(a);
	client_send(b, "<presence><show>away</show></presence>");
	assert_got(a, "<show>away</show>");
	client_forget(a);
	leave(b);
	assert_got(a, "type='unavailable'");
	leave(a);
}

static void a_request_waits_and_keeps_its_text(void **state)
{
	struct town *t = *state;
	struct client *a = client_online(t, 0, ALICE, "desk"), *b;

	client_send(a, "<presence type='subscribe' to='" CAROL "'><status>it is me</status></presence>");
	for (int i = 0; i < 2; i++) {
		b = client_online(t, 2, CAROL, "x");
		assert_got(b, "<status>it is me</status>");
		leave(b);
	}
	leave(a);
}

static void rosters_are_pushed_and_answered(void **state)
{
	struct town *t = *state;
	struct client *a = client_online(t, 0, ALICE, "desk");

	client_forget(a);
	client_send(a, "<iq type='set' id='s'><query xmlns='jabber:iq:roster'><item jid='" BOB
		       "' name='B&amp;b'><group>G</group></item></query></iq>");
	assert_got(a, "<item jid='" BOB "' name='B&amp;b' subscription='none'><group>G</group></item>");
	assert_got(a, "type='result'");
	client_forget(a);
	client_send(a, "<iq type='set' id='s'><query xmlns='jabber:iq:roster'><item jid='" BOB
		       "' subscription='remove'/></query></iq>");
	assert_got(a, "subscription='remove'");
	client_forget(a);
	client_send(a, "<iq type='set' id='s'><query xmlns='jabber:iq:roster'><item jid='" BOB
		       "' subscription='remove'/></query></iq>");
	assert_got(a, "<item-not-found");
	leave(a);
}

static void removing_a_friend_ends_both_subscriptions(void **state)
{
	struct town *t = *state;
	struct client *a = client_online(t, 0, ALICE, "desk"), *b = client_online(t, 1, BOB, "phone");

	befriend(a, ALICE, b, BOB);
	client_send(a, "<iq type='set' id='s'><query xmlns='jabber:iq:roster'><item jid='" BOB
		       "' subscription='remove'/></query></iq>");
	assert_got(b, "type='unsubscribe'");
	assert_got(b, "type='unsubscribed'");
	assert_got(b, "type='unavailable'");
	assert_got(b, "subscription='none'");
	leave(a);
	leave(b);
}

static void carbons_show_what_the_other_client_does(void **state)
{
	struct town *t = *state;
	struct client *a = client_online(t, 0, ALICE, "desk"), *a2 = client_online(t, 1, ALICE, "phone");
	struct client *b = client_online(t, 2, BOB, "b");

	client_send(a2, "<iq type='set' id='c'><enable xmlns='urn:xmpp:carbons:2'/></iq>");
	client_forget(a2);
	client_send(a, "<message to='" BOB "/b' type='chat'><body>one</body></message>");
	assert_got(a2, "<sent xmlns='urn:xmpp:carbons:2'><forwarded xmlns='urn:xmpp:forward:0'><message "
		       "xmlns='jabber:client'");
	client_forget(a2);
	client_send(b, "<message to='" ALICE "/desk' type='chat'><body>two</body></message>");
	assert_got(a2, "<received xmlns='urn:xmpp:carbons:2'>");
	client_forget(a2);
	client_send(b, "<message to='" ALICE
		       "/desk' type='chat'><body>3</body><private xmlns='urn:xmpp:carbons:2'/></message>");
	assert_silent(a2);
	assert_int_equal(client_count(a, "<private"), 0);
	leave(a);
	leave(a2);
	leave(b);
}

static void a_blocked_person_is_kept_out(void **state)
{
	struct town *t = *state;
	struct client *a = client_online(t, 0, ALICE, "desk"), *b = client_online(t, 1, BOB, "phone");

	befriend(a, ALICE, b, BOB);
	client_send(a,
		"<iq type='set' id='x'><block xmlns='urn:xmpp:blocking'><item jid='" BOB "'/></block></iq>");
	assert_got(b, "type='unavailable'");
	client_forget(a);
	client_forget(b);
	client_send(b, "<message to='" ALICE "' type='chat'><body>x</body></message>");
	assert_got(b, "<service-unavailable");
	assert_silent(a);
	client_send(a, "<message to='" BOB "' type='chat'><body>x</body></message>");
	assert_got(a, "<blocked xmlns='urn:xmpp:blocking:errors'/>");
	client_forget(b);
	client_send(a, "<iq type='set' id='x'><unblock xmlns='urn:xmpp:blocking'/></iq>");
	assert_got(b, "from='" ALICE "/desk'");
	leave(a);
	leave(b);
}

struct removing {
	struct store_req req;
	struct town *town;
};

static void on_removed(struct store_req *req, int result)
{
	struct removing *x = req->owner;

	assert_int_equal(result, 0);
	directory_remove(x->town->directory, STR(ALICE));
	route_account_removed(x->town->route, STR(ALICE), req->roster);
}

static void remove_alice(struct town *t, void *arg)
{
	struct removing *x = arg;

	x->town = t;
	store_req_init(&x->req, on_removed, x);
	assert_int_equal(store_account_remove(t->store, &x->req, STR(ALICE)), 0);
}

static void with_an_account_its_subscriptions_end(void **state)
{
	struct town *t = *state;
	struct client *a = client_online(t, 0, ALICE, "desk"), *b = client_online(t, 1, BOB, "phone");
	struct client *c = client_online(t, 2, CAROL, "sofa");
	struct removing x;

	befriend(a, ALICE, b, BOB);
	befriend(a, ALICE, c, CAROL);
	leave(c); /* stays in memory for a while */
	client_forget(a);
	client_forget(b);
	town_do(t, remove_alice, &x);
	store_req_release(&x.req);
	assert_got(b, "type='unavailable'");
	assert_got(b, "type='unsubscribe'");
	assert_got(b, "type='unsubscribed'");
	assert_got(b, "jid='" ALICE "' subscription='none'");
	assert_int_equal(client_count(a, "<iq"), 0);
	c = client_online(t, 2, CAROL, "sofa");
	assert_got(c, "jid='" ALICE "' subscription='none'");
	leave(a);
	assert_int_equal(client_count(b, "type='unavailable'"), 1); /* nobody sees it any more */
	leave(b);
	leave(c);
}

static void an_iq_needs_shared_presence(void **state)
{
	struct town *t = *state;
	struct client *a = client_online(t, 0, ALICE, "desk"), *b = client_online(t, 1, BOB, "phone");

	client_forget(a);
	client_forget(b);
	client_send(a, "<iq type='get' id='g' to='" BOB "/phone'><q xmlns='urn:x'/></iq>");
	assert_got(a, "<service-unavailable");
	assert_silent(b);
	client_send(b, "<presence to='" ALICE "/desk'/>");
	client_send(a, "<iq type='get' id='g' to='" BOB "/phone'><q xmlns='urn:x'/></iq>");
	assert_got(b, "id='g'");
	client_send(b, "<iq type='result' id='g' to='" ALICE "/desk'/>");
	assert_got(a, "type='result'");
	leave(a);
	leave(b);
}

static void a_session_is_resumed_with_what_it_missed(void **state)
{
	struct town *t = *state;
	struct client *a = client_online(t, 0, ALICE, "desk"), *b = client_online(t, 1, BOB, "phone");
	struct client *again = client_new(t, 2);

	client_forget(b);
	client_sm_enable(b);
	assert_got(b, "<enabled xmlns='urn:xmpp:sm:3' id='");
	client_send(a, "<message to='" BOB "' type='chat'><body>one</body></message>");
	client_send(a, "<message to='" BOB "' type='chat'><body>two</body></message>");
	client_gone(b, GONE_LOST);
	client_send(a, "<message to='" BOB "' type='chat'><body>three</body></message>");
	assert_false(client_resume(again, b, ALICE, 0));
	assert_false(again->has_handled);
	assert_true(client_resume(again, b, BOB, 1));
	assert_int_equal(again->handled, b->number);
	assert_got(again, "<resumed xmlns='urn:xmpp:sm:3' h='");
	assert_int_equal(client_count(again, "<body>one"), 0);
	assert_got(again, "<body>two");
	assert_got(again, "<body>three");
	client_ack(again, 3);
	assert_null(again->closed);
	client_ack(again, 9);
	assert_got(again, "<handled-count-too-high xmlns='urn:xmpp:sm:3' h='9' send-count='3'/>");
	leave(a);
	client_free(b);
	leave(again);
}

static void a_session_is_taken_over_while_its_connection_is_open(void **state)
{
	struct town *t = *state;
	struct client *b = client_online(t, 1, BOB, "phone"), *again = client_new(t, 2);

	client_sm_enable(b);
	assert_true(client_resume(again, b, BOB, 0));
	assert_string_equal(b->closed, "conflict");
	client_free(b);
	leave(again);
}

/* The old connection ends when the session is about to, because its client has acknowledged nothing: nobody gets it, or who gets it is
 * cut off. */
static void a_session_that_is_about_to_end_is_not_taken_over(void **state)
{
	struct town *t = *state;

	for (unsigned i = 0; i < TOWN_LOOPS * 7; i++) { /* on the home loop it comes to order */
		char bare[] = "nobodyA@example.org";
		struct client *a = client_online(t, i % TOWN_LOOPS, ALICE, "desk"), *b, *again = client_new(t, i % TOWN_LOOPS);
		struct origin *origin;

		bare[6] = (char)('a' + i);
		town_add(t, bare);
		b = client_online(t, i % TOWN_LOOPS, bare, "phone");
		client_sm_enable(b);
		for (unsigned j = 0; j < 20; j++)
			client_send(a, "<message to='%s/phone' type='chat'><body>%u</body></message>", bare, j);
		origin = b->origin;
		b->origin = NULL; /* its connection is closed, and does not say yet that it has gone */
		client_ask_resume(again, b, bare, 0);
		assert_false(again->answered);
		b->origin = origin;
		client_send_while_gone(a, b, i / TOWN_LOOPS);
		if (client_count(again, "<resumed ") && !again->closed)
			fail_msg("it was told that its session goes on, and there is none");
		leave(a);
		client_free(b);
		client_free(again);
	}
}

static void what_was_not_acknowledged_waits_offline(void **state)
{
	struct town *t = *state;
	struct client *a = client_online(t, 0, ALICE, "desk"), *b = client_online(t, 1, BOB, "phone");

	client_sm_enable(b);
	client_send(a, "<message to='" BOB "' type='chat'><body>one</body></message>");
	client_send(a, "<message to='" BOB "' type='chat'><body>two</body></message>");
	client_ack(b, 1);
	client_gone(b, GONE_LOST);
	town_wait(t, 3500);
	client_free(b);
	b = client_online(t, 1, BOB, "new");
	assert_int_equal(client_count(b, "<body>one"), 0);
	assert_got(b, "<body>two");
	assert_got(b, "<delay ");
	leave(a);
	leave(b);
}

static void another_resource_gets_what_a_lost_one_did_not_acknowledge(void **state)
{
	struct town *t = *state;
	struct client *a = client_online(t, 0, ALICE, "desk"), *b = client_online(t, 1, BOB, "phone");
	struct client *c = client_online(t, 2, BOB, "other");

	client_sm_enable(b);
	client_send(a, "<message to='" BOB "/phone' type='chat'><body>one</body></message>");
	client_send(a, "<message to='" BOB "' type='chat'><body>both</body></message>");
	client_gone(b, GONE_CLOSED);
	town_settle(t);
	assert_got(c, "<body>one");
	assert_got(c, "<body>both"); /* it had that one already */
	leave(a);
	client_free(b);
	leave(c);
}

static void who_never_acknowledges_is_cut_off_and_loses_nothing(void **state)
{
	struct town *t = *state;
	struct client *a = client_online(t, 0, ALICE, "desk"), *b = client_online(t, 1, BOB, "phone");

	client_sm_enable(b);
	for (int i = 0; i < 21; i++)
		client_send(a, "<message to='" BOB "' type='chat'><body>number %d</body></message>", i);
	assert_string_equal(b->closed, "policy-violation");
	town_settle(t);
	client_free(b);
	b = client_new(t, 1);
	assert_true(client_bind(b, BOB, "phone"));
	client_sm_enable(b);
	client_send(b, "<presence/>");
	assert_int_equal(client_count(b, "<body>number"), 10); /* half of what may be unacknowledged */
	client_send(a, "<message to='" BOB "' type='chat'><body>late</body></message>");
	assert_int_equal(client_count(b, "late"), 0);
	assert_got(a, "<resource-constraint"); /* offline.max is 5 */
	client_ack(b, 11);                     /* with the presence */
	assert_int_equal(client_count(b, "<body>number"), 20);
	client_ack(b, 21);
	assert_int_equal(client_count(b, "<body>number"), 21);
	client_send(a, "<message to='" BOB "' type='chat'><body>direct</body></message>");
	assert_got(b, "direct");
	leave(a);
	leave(b);
}

static void applied_seq_follows(void **state)
{
	struct town *t = *state;
	struct client *a = client_online(t, 0, ALICE, "desk"), *b = client_online(t, 1, BOB, "phone");
	uint64_t before = record_fake.seq;

	client_sm_enable(b);
	client_send(a, "<message to='" BOB "' type='chat'><body>one</body></message>");
	for (int i = 0; i < 3; i++) {
		route_tick(t->route);
		town_wait(t, 1000);
	}
	assert_true(route_applied_seq(t->route) <= before); /* not acknowledged */
	client_ack(b, 1);
	for (int i = 0; i < 2; i++) {
		route_tick(t->route);
		town_settle(t);
	}
	assert_int_equal(route_applied_seq(t->route), before + 1);
	leave(a);
	leave(b);
}

static void slow_clients_do_not_hold_it_back_for_ever(void **state)
{
	struct town *t = *state;
	struct client *a = client_online(t, 0, ALICE, "desk"), *b = client_online(t, 1, BOB, "phone");

	client_sm_enable(b);
	client_send(a, "<message to='" BOB "' type='chat'><body>slow</body></message>");
	town_wait(t, 6500);
	route_tick(t->route);
	town_settle(t);
	assert_int_equal(route_applied_seq(t->route), record_fake.seq);
	client_gone(b, GONE_CLOSED);
	town_settle(t);
	client_free(b);
	b = client_online(t, 1, BOB, "phone");
	assert_got(b, "<body>slow");
	leave(a);
	leave(b);
}

static void replay(struct town *t, void *entry)
{
	route_replay(t->route, entry);
	route_replay(t->route, entry);
	route_replay_count(t->route, STR("session-0000000000000x"), 7);
}

static void what_is_replayed_waits_once(void **state)
{
	struct town *t = *state;
	struct client *b;
	struct route_replayed entry = {.seq = 1000000,
		.utc_us = 1700000000000000,
		.id = STR("replayed-id-0000000000"),
		.from = STR(ALICE "/desk"),
		.to = STR(BOB),
		.stanza = STR("<message from='" ALICE "/desk' to='" BOB
			      "' type='chat'><body>again</body></message>")};

	town_restart(t);
	town_do(t, replay, &entry);
	town_replay_end(t);
	b = client_online(t, 1, BOB, "phone");
	assert_got(b, "<body>again");
	assert_got(b, "id='replayed-id-0000000000'");
	assert_got(b, "<delay ");
	leave(b);
}

static void a_conflict_ends_the_older_session(void **state)
{
	struct town *t = *state;
	struct client *one = client_online(t, 0, BOB, "phone"), *two = client_new(t, 1);

	assert_true(client_bind(two, BOB, "phone"));
	assert_string_equal(one->closed, "conflict");
	client_free(one);
	leave(two);
}

/* Of one device there is one session; one that is not bound ends none. */
static void a_login_that_fails_leaves_the_device_its_session(void **state)
{
	struct town *t = *state;
	struct client *one = client_new(t, 0), *two = client_new(t, 1), *three = client_new(t, 0);

	assert_true(client_log_in(one, BOB, "device-1", false));
	assert_false(client_log_in(two, BOB, "device-1", true));
	assert_null(one->closed);
	assert_true(client_log_in(three, BOB, "device-1", false));
	assert_string_equal(one->closed, "conflict");
	client_free(one);
	client_free(two);
	leave(three);
}

static void on_closed(void *owner, unsigned count)
{
	*(unsigned *)owner = count;
}

static void an_administrator_closes_sessions(void **state)
{
	struct town *t = *state;
	struct client *one = client_online(t, 0, BOB, "one"), *two = client_online(t, 1, BOB, "two");
	unsigned count = 0;

	route_close_sessions(t->route, STR(BOB "/one"), "Because.", on_closed, &count);
	town_settle(t);
	assert_int_equal(count, 1);
	assert_string_equal(one->closed, "policy-violation");
	assert_null(two->closed);
	route_close_sessions(t->route, STR(BOB), "Because.", on_closed, &count);
	town_settle(t);
	assert_int_equal(count, 1);
	assert_int_equal(route_session_count(t->route), 0);
	client_free(one);
	client_free(two);
}

static void allow(struct town *t, const char *jid, bool yes)
{
	const struct person *p = directory_get(t->directory, str_from(jid));
	struct store_account row = {.person_id = p->id, .jid = p->jid, .name = p->name, .disabled = !yes};

	assert_int_equal(directory_put(t->directory, &row), 0);
	person_unref(p);
}

/* The store still works on what the closed session left behind when the account is there again. */
static void an_account_that_is_enabled_again_at_once_can_bind(void **state)
{
	struct town *t = *state;
	struct client *a = client_online(t, 0, ALICE, "desk"), *b = client_online(t, 1, BOB, "one");
	struct client *again = client_new(t, 2);
	unsigned count = 0;

	client_sm_enable(b);
	client_send(a, "<message to='" BOB "' type='chat' id='m1'><body>unacknowledged</body></message>");
	allow(t, BOB, false);
	route_close_sessions(t->route, STR(BOB), "Because.", on_closed, &count);
	for (unsigned i = 0; i < 10 * TOWN_LOOPS && !b->closed; i++)
		loop_run(t->loop[i % TOWN_LOOPS]);
	assert_non_null(b->closed);
	allow(t, BOB, true);
	assert_true(client_bind(again, BOB, "two"));
	client_send(again, "<iq type='get' id='r'><query xmlns='jabber:iq:roster'/></iq>");
	assert_got(again, "<iq type='result' id='r'");
	client_send(again, "<presence/>");
	assert_got(again, "unacknowledged");
	leave(again);
	leave(a);
	client_free(b);
}

#define town_test(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		town_test(a_message_arrives_with_its_stanza_id),
		town_test(a_blocked_message_comes_back_with_the_notice),
		town_test(nobody_is_answered_with_an_error),
		town_test(offline_messages_come_once_in_order_with_a_delay),
		town_test(friends_see_each_other),
		town_test(a_request_waits_and_keeps_its_text),
		town_test(rosters_are_pushed_and_answered),
		town_test(removing_a_friend_ends_both_subscriptions),
		town_test(carbons_show_what_the_other_client_does),
		town_test(a_blocked_person_is_kept_out),
		town_test(with_an_account_its_subscriptions_end),
		town_test(an_iq_needs_shared_presence),
		town_test(a_session_is_resumed_with_what_it_missed),
		town_test(a_session_is_taken_over_while_its_connection_is_open),
		town_test(a_session_that_is_about_to_end_is_not_taken_over),
		town_test(what_was_not_acknowledged_waits_offline),
		town_test(another_resource_gets_what_a_lost_one_did_not_acknowledge),
		town_test(who_never_acknowledges_is_cut_off_and_loses_nothing),
		town_test(applied_seq_follows),
		town_test(slow_clients_do_not_hold_it_back_for_ever),
		town_test(what_is_replayed_waits_once),
		town_test(a_conflict_ends_the_older_session),
		town_test(a_login_that_fails_leaves_the_device_its_session),
		town_test(an_administrator_closes_sessions),
		town_test(an_account_that_is_enabled_again_at_once_can_bind),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
