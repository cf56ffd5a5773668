/* A switch for everything, and many whom it ends: in force for all of them in one pass, brought to them in shares. */
#include "check.h"
#include "record_fake.h"
#include "town.h"

#include <stdio.h>
#include <stdlib.h>

#include "route/home.h"
#include "route/share.h"
#include "rule/lockdown.h"

enum {
	AT_HOME = 6 * SHARE_SESSIONS, /* people of the first home */
	PEOPLE = AT_HOME + SHARE_SESSIONS,
	PASSES = 10 * PEOPLE,
};

struct crowd {
	struct town *town;
	struct lockdown *lockdown;
	struct client *client[PEOPLE];
	char bare[PEOPLE][40];
	unsigned told, ended, answers, open; /* `open`: when the answer came */
};

/* A name that lives on the first home, or on another one. */
static void name_of(struct crowd *c, unsigned i)
{
	struct route *r = c->town->route;
	unsigned n = 0;

	do
		snprintf(c->bare[i], sizeof(c->bare[i]), "p%u-%u@example.org", i, n++);
	while ((home_of(r, str_from(c->bare[i])) == &r->home[0]) != (i < AT_HOME));
}

static struct client *come(struct crowd *c, const char *bare, unsigned loop)
{
	struct client *client = client_new(c->town, loop);

	town_add(c->town, bare);
	assert_true(client_bind(client, bare, "r"));
	return client;
}

static int crowd_set_up(void **state)
{
	struct crowd *c = calloc(1, sizeof(*c));
	struct lockdown_switch off = {.id = STR("L-test"),
		.what = LOCKDOWN_EVERYTHING,
		.scope = LOCKDOWN_ALL,
		.reason = STR("A test."),
		.by = STR("somebody")};

	c->town = town_new();
	for (unsigned i = 0; i < PEOPLE; i++) {
		name_of(c, i);
		c->client[i] = come(c, c->bare[i], i % TOWN_LOOPS);
	}
	assert_int_equal(lockdown_new(&c->lockdown, &off, 1, STR("")), 0);
	*state = c;
	return 0;
}

static int crowd_tear_down(void **state)
{
	struct crowd *c = *state;

	for (unsigned i = 0; i < PEOPLE; i++)
		client_free(c->client[i]);
	lockdown_unref(c->lockdown);
	town_free(c->town);
	free(c);
	return 0;
}

static unsigned still_open(const struct crowd *c)
{
	unsigned n = 0;

	for (unsigned i = 0; i < PEOPLE; i++)
		n += !c->client[i]->closed;
	return n;
}

static void on_reached(void *owner, unsigned told, unsigned ended)
{
	struct crowd *c = owner;

	c->answers++;
	c->told += told;
	c->ended += ended;
	c->open = still_open(c);
}

static void turn(struct crowd *c, bool on)
{
	route_lockdown(c->town->route, c->lockdown, STR("L-test"), on, on_reached, c);
}

static void pass(struct crowd *c)
{
	for (unsigned i = 0; i < TOWN_LOOPS; i++)
		loop_run(c->town->loop[i]);
}

/* Until it is in force on all homes. */
static void begin(struct crowd *c)
{
	turn(c, true);
	for (unsigned i = 0; i < 5 && !c->client[0]->origin->ending; i++)
		pass(c);
	for (unsigned i = 0; i < PEOPLE; i++)
		assert_true(c->client[i]->origin->ending);
	assert_true(still_open(c) >= PEOPLE - 2 * SHARE_SESSIONS);
	assert_int_equal(c->answers, 0);
}

static void end(struct crowd *c, unsigned answers)
{
	for (unsigned i = 0; i < PASSES && c->answers < answers; i++)
		pass(c);
	assert_int_equal(c->answers, answers);
	town_settle(c->town);
	assert_int_equal(still_open(c), 0);
}

/* Whose turn is last. */
static struct client *last_open(const struct crowd *c)
{
	struct map_slot *slot;
	const struct user *last = NULL;

	for (size_t i = 0; (slot = map_next(&c->town->route->home[0].users, &i));)
		last = slot->value;
	for (unsigned i = 0; i < AT_HOME; i++)
		if (c->client[i]->origin->user == last)
			return c->client[i];
	fail_msg("nobody is there any more");
	return NULL;
}

static void all_of_them_end_share_by_share_and_the_answer_comes_last(void **state)
{
	struct crowd *c = *state;
	unsigned left = PEOPLE;

	begin(c);
	for (unsigned i = 0; i < PASSES && !c->answers; i++) {
		unsigned now = still_open(c);

		assert_true(left - now <= 2 * SHARE_SESSIONS);
		left = now;
		pass(c);
	}
	end(c, 1);
	assert_int_equal(c->told, PEOPLE);
	assert_int_equal(c->ended, PEOPLE);
	assert_true(c->open <= 2 * SHARE_SESSIONS); /* whose last words are on their way to another loop */
	for (unsigned i = 0; i < PEOPLE; i++) {
		assert_str(str_from(c->client[i]->closed), "policy-violation");
		assert_got(c->client[i], "A test.");
	}
}

static void who_waits_for_the_end_gets_nothing_more_and_it_is_not_lost(void **state)
{
	struct crowd *c = *state;
	struct client *last, *again;
	char xml[200], bare[40];

	begin(c);
	last = last_open(c);
	snprintf(bare, sizeof(bare), "%.*s", STR_FMT(last->origin->jid.bare));
	snprintf(xml, sizeof(xml), "<message to='%s/r' type='chat' id='m1'><body>late</body></message>", bare);
	client_post(last, xml);
	pass(c);
	assert_null(last->closed);
	end(c, 1);
	assert_int_equal(client_count(last, "late"), 0);
	again = client_online(c->town, 1, bare, "new");
	assert_got(again, "late");
	client_gone(again, GONE_CLOSED);
	town_settle(c->town);
	client_free(again);
}

static void what_is_over_or_begins_meanwhile_changes_nothing_for_them(void **state)
{
	struct crowd *c = *state;
	struct client *last;

	begin(c);
	last = last_open(c);
	turn(c, false);
	turn(c, true);
	end(c, 3);
	assert_int_equal(c->told, PEOPLE);
	assert_int_equal(c->ended, PEOPLE);
	assert_got(last, "Switched off");
	assert_int_equal(client_count(last, "Switched on again"), 0);
}

static void who_leaves_meanwhile_is_not_waited_for(void **state)
{
	struct crowd *c = *state;
	struct client *last;

	begin(c);
	last = last_open(c);
	last->closed = "";
	client_gone(last, GONE_LOST);
	end(c, 1);
	assert_int_equal(client_count(last, "A test."), 0);
}


#define crowd_test(f) cmocka_unit_test_setup_teardown(f, crowd_set_up, crowd_tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		crowd_test(all_of_them_end_share_by_share_and_the_answer_comes_last),
		crowd_test(who_waits_for_the_end_gets_nothing_more_and_it_is_not_lost),
		crowd_test(what_is_over_or_begins_meanwhile_changes_nothing_for_them),
		crowd_test(who_leaves_meanwhile_is_not_waited_for),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
