/* Walls where one presence goes to many: the stage before judges what has one recipient, so nothing here carries a
 * verdict. */
#include "check.h"
#include "../rule/policy_dir.h"
#include "record_fake.h"
#include "rule/policy_set.h"
#include "town.h"

#define ALICE "alice@example.org"
#define BOB "bob@example.org"
#define CAROL "carol@second.example"

#define WALL(id, from, to, more)                                                                             \
	"- id: " id "\n  type: wall\n  purpose: p\n  from: " from "\n  to: " to "\n" more                    \
	"  action: block\n  mode: enforce\n  notice: {en: a wall}\n"
#define BOTH WALL("both", "'person:" ALICE "'", "'person:" BOB "'", "  direction: both\n")
#define ONE_WAY WALL("one", "'person:" ALICE "'", "'person:" BOB "'", "")
#define DOOR                                                                                                 \
	"- id: door\n  type: wall\n  purpose: p\n  from: 'person:" BOB                                       \
	"'\n  to: anyone\n  direction: both\n"                                                               \
	"  action: allow\n  mode: enforce\n"

struct three {
	struct town *town;
	struct client *a, *b, *c;
};

static void set_policy(struct town *t, void *arg)
{
	route_set_policy(t->route, arg);
}

/* NULL: no rules at all. */
static void policy(struct three *s, const char *rules)
{
	char text[4000];
	struct policy_dir d;
	struct policy_set *set;
	struct err err;

	snprintf(text, sizeof(text), "rules:\n%s", rules ? rules : "");
	d = policy_dir_make(rules ? text : NULL);
	if (policy_set_load(&set, d.path, NULL, &err))
		fail_msg("%s", err.text);
	policy_dir_remove(&d);
	town_do(s->town, set_policy, set);
	policy_set_unref(set);
}

static void forget(struct three *s)
{
	client_forget(s->a);
	client_forget(s->b);
	client_forget(s->c);
}

static void befriend(struct client *a, const char *a_jid, struct client *b, const char *b_jid)
{
	client_send(a, "<presence type='subscribe' to='%s'/>", b_jid);
	client_send(b, "<presence type='subscribed' to='%s'/>", a_jid);
	client_send(b, "<presence type='subscribe' to='%s'/>", a_jid);
	client_send(a, "<presence type='subscribed' to='%s'/>", b_jid);
}

static int set_up(void **state)
{
	struct three *s = calloc(1, sizeof(*s));
	const char *jids[] = {ALICE, BOB, CAROL};

	s->town = town_new();
	for (unsigned i = 0; i < 3; i++)
		town_add(s->town, jids[i]);
	s->a = client_online(s->town, 0, ALICE, "desk");
	s->b = client_online(s->town, 1, BOB, "phone");
	s->c = client_online(s->town, 2, CAROL, "sofa");
	*state = s;
	return 0;
}

static void leave(struct client *c)
{
	if (!c->closed)
		client_gone(c, GONE_CLOSED);
	town_settle(c->town);
	client_free(c);
}

static int tear_down(void **state)
{
	struct three *s = *state;

	leave(s->a);
	leave(s->b);
	leave(s->c);
	town_free(s->town);
	free(s);
	return 0;
}

static void friends(struct three *s)
{
	befriend(s->a, ALICE, s->b, BOB);
	befriend(s->a, ALICE, s->c, CAROL);
	forget(s);
}

static void a_broadcast_reaches_all_but_those_beyond_the_wall(void **state)
{
	struct three *s = *state;

	friends(s);
	policy(s, BOTH);
	forget(s);
	client_send(s->a, "<presence><show>away</show><status>secret</status></presence>");
	assert_silent(s->b);
	assert_got(s->c, "secret");
	client_send(s->b, "<presence><show>dnd</show></presence>");
	assert_int_equal(client_count(s->a, BOB), 0);
	client_forget(s->c);
	client_forget(s->b);
	client_send(s->a, "<presence type='unavailable'><status>gone</status></presence>");
	assert_silent(s->b);
	assert_got(s->c, "gone");
}

static void a_newcomer_neither_shows_himself_nor_sees_anybody_beyond_the_wall(void **state)
{
	struct three *s = *state;
	struct client *second;

	friends(s);
	policy(s, BOTH);
	forget(s);
	second = client_online(s->town, 2, ALICE, "second");
	assert_silent(s->b);
	assert_got(s->c, ALICE "/second");
	assert_int_equal(client_count(second, BOB "/phone"), 0);
	assert_int_equal(client_count(second, "<presence to='" ALICE "/second' from='" CAROL "/sofa'"), 1);
	leave(second);
	assert_silent(s->b);
}

static void a_probe_across_a_wall_is_not_answered_and_no_subscription_is_lost(void **state)
{
	struct three *s = *state;

	friends(s);
	policy(s, BOTH);
	forget(s);
	client_send(s->a, "<presence type='probe' to='" BOB "'/>");
	assert_silent(s->a);
	policy(s, NULL);
	client_forget(s->a);
	client_send(s->a, "<presence type='probe' to='" BOB "'/>");
	assert_got(s->a, "from='" BOB "/phone'");
}

static void a_wall_of_one_direction_lets_the_other_see(void **state)
{
	struct three *s = *state;

	friends(s);
	policy(s, ONE_WAY);
	forget(s);
	client_send(s->a, "<presence><show>away</show></presence>");
	assert_silent(s->b);
	client_forget(s->a);
	client_send(s->b, "<presence><show>xa</show></presence>");
	assert_got(s->a, "<show>xa</show>");
	client_forget(s->a);
	client_send(s->a, "<presence type='probe' to='" BOB "'/>");
	assert_got(s->a, "<show>xa</show>");
	client_forget(s->b);
	client_send(s->b, "<presence type='probe' to='" ALICE "'/>");
	assert_silent(s->b);
}

static void going_up_a_wall_takes_presence_away_and_coming_down_brings_it_back(void **state)
{
	struct three *s = *state;

	friends(s);
	policy(s, BOTH);
	assert_got(s->b, "<presence to='" BOB "' from='" ALICE "/desk' type='unavailable'/>");
	assert_got(s->a, "<presence to='" ALICE "' from='" BOB "/phone' type='unavailable'/>");
	assert_silent(s->c);
	forget(s);
	policy(s, BOTH WALL("other", "outside", "inside", ""));
	assert_silent(s->a); /* nothing new between these */
	assert_silent(s->b);
	client_send(s->a, "<presence><status>lately</status></presence>");
	forget(s);
	policy(s, BOTH DOOR);
	assert_got(s->b, "<status>lately</status>");
	assert_got(s->a, "from='" BOB "/phone'");
	assert_silent(s->c);
}

static void going_up_a_wall_takes_directed_presence_away(void **state)
{
	struct three *s = *state;

	client_send(s->a, "<presence to='" BOB "/phone'/>");
	client_send(s->a, "<presence to='" CAROL "'/>");
	forget(s);
	policy(s, BOTH);
	assert_got(s->b, "from='" ALICE "/desk' type='unavailable'/>");
	assert_silent(s->c);
	client_forget(s->b);
	client_send(s->a, "<presence type='unavailable'/>");
	assert_silent(s->b);
	assert_got(s->c, "type='unavailable'");
}

static void a_wall_for_messages_only_hides_nobody(void **state)
{
	struct three *s = *state;

	friends(s);
	policy(s, WALL("message", "anyone", "anyone", "  kinds: [message]\n"));
	assert_silent(s->a);
	assert_silent(s->b);
	client_send(s->a, "<presence><show>away</show></presence>");
	assert_got(s->b, "<show>away</show>");
}

static void one_sees_oneself_whatever_walls_stand(void **state)
{
	struct three *s = *state;
	struct client *second;

	policy(s, WALL("all", "anyone", "anyone", ""));
	second = client_online(s->town, 1, ALICE, "second");
	assert_got(s->a, ALICE "/second");
	assert_true(client_count(second, "from='" ALICE "/desk'") == 1);
	leave(second);
	assert_got(s->a, "type='unavailable'");
}

static void a_request_waits_while_a_wall_stands(void **state)
{
	struct three *s = *state;
	struct client *second;

	client_send(s->a, "<presence type='subscribe' to='" BOB "'/>");
	policy(s, ONE_WAY);
	second = client_online(s->town, 1, BOB, "second");
	assert_int_equal(client_count(second, "type='subscribe'"), 0);
	leave(second);
	policy(s, NULL);
	second = client_online(s->town, 1, BOB, "second");
	assert_int_equal(client_count(second, "type='subscribe'"), 1);
	leave(second);
}

static void an_approval_given_beforehand_does_not_cross_a_wall(void **state)
{
	struct three *s = *state;

	client_send(s->b, "<presence type='subscribed' to='" ALICE "'/>");
	forget(s);
	policy(s, WALL("back", "'person:" BOB "'", "'person:" ALICE "'", ""));
	client_send(s->a, "<presence type='subscribe' to='" BOB "'/>");
	assert_int_equal(client_count(s->a, "type='subscribed'"), 0);
	assert_int_equal(client_count(s->a, BOB "/phone"), 0);
	assert_got(s->b, "type='subscribe'");
}

static void who_removes_a_contact_beyond_the_wall_ends_it_on_both_sides_without_a_word(void **state)
{
	struct three *s = *state;

	friends(s);
	policy(s, BOTH);
	forget(s);
	client_send(s->a,
		"<iq type='set' id='x'><query xmlns='jabber:iq:roster'><item jid='" BOB
		"' subscription='remove'/></query></iq>");
	assert_int_equal(client_count(s->b, "<presence"), 0);
	policy(s, NULL);
	forget(s);
	client_send(s->a, "<presence><show>away</show></presence>");
	client_send(s->b, "<presence><show>away</show></presence>");
	assert_int_equal(client_count(s->b, ALICE), 0);
	assert_int_equal(client_count(s->a, BOB), 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_broadcast_reaches_all_but_those_beyond_the_wall),
		TEST(a_newcomer_neither_shows_himself_nor_sees_anybody_beyond_the_wall),
		TEST(a_probe_across_a_wall_is_not_answered_and_no_subscription_is_lost),
		TEST(a_wall_of_one_direction_lets_the_other_see),
		TEST(going_up_a_wall_takes_presence_away_and_coming_down_brings_it_back),
		TEST(going_up_a_wall_takes_directed_presence_away),
		TEST(a_wall_for_messages_only_hides_nobody),
		TEST(one_sees_oneself_whatever_walls_stand),
		TEST(a_request_waits_while_a_wall_stands),
		TEST(an_approval_given_beforehand_does_not_cross_a_wall),
		TEST(who_removes_a_contact_beyond_the_wall_ends_it_on_both_sides_without_a_word),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
