/* Memory is out while a session's client is judged: where a rule could matter the session ends, cleanly; nobody slips through. */
#include "check.h"
#include "../rule/client_dir.h"
#include "client/judge.h"
#include "client/seen.h"
#include "conf/settings.h"
#include "parcel/standing.h"
#include "record_fake.h"
#include "rule/client_patch.h"
#include "town.h"

#define ALICE "alice@example.org"
#define RULES "rules:\n- {id: a, purpose: p, mode: enforce, effect: deny, clients: {product: Evil}}\n"
#define WIDER "rules:\n- {id: b, purpose: p, mode: enforce, effect: deny, clients: {class: silent}}\n"

enum scarce { NOTHING, SEEN, JUDGEMENT, STANDING, PATCHES };

static enum scarce scarce;

struct seen *__real_seen_new(const struct client_signals *s);
struct seen *__wrap_seen_new(const struct client_signals *s);
struct judgement *__real_client_judge(const struct client_table *table, const struct client_signals *signals);
struct judgement *__wrap_client_judge(const struct client_table *table, const struct client_signals *signals);
struct standing *__real_standing_new(
	struct judgement *client, const struct client_decision *d, struct str text, struct str lang);
struct standing *__wrap_standing_new(
	struct judgement *client, const struct client_decision *d, struct str text, struct str lang);
struct client_patches *__real_client_patches_new(
	struct policy_set *set, const struct client_case *c, bool *failed);
struct client_patches *__wrap_client_patches_new(
	struct policy_set *set, const struct client_case *c, bool *failed);

struct seen *__wrap_seen_new(const struct client_signals *s)
{
	return scarce == SEEN ? NULL : __real_seen_new(s);
}

struct judgement *__wrap_client_judge(const struct client_table *table, const struct client_signals *signals)
{
	return scarce == JUDGEMENT ? NULL : __real_client_judge(table, signals);
}

struct standing *__wrap_standing_new(struct judgement *client, const struct client_decision *d, struct str text, struct str lang)
{
	return scarce == STANDING ? NULL : __real_standing_new(client, d, text, lang);
}

struct client_patches *__wrap_client_patches_new(struct policy_set *set, const struct client_case *c, bool *failed)
{
	if (scarce != PATCHES)
		return __real_client_patches_new(set, c, failed);
	*failed = true;
	return NULL;
}

static void set_policy(struct town *t, void *arg)
{
	route_set_policy(t->route, arg);
}

static void policy(struct town *t, const char *rules)
{
	struct policy_set *set = clients_load(rules);

	town_do(t, set_policy, set);
	policy_set_unref(set);
	town_settle(t);
}

static struct town *town(const char *rules)
{
	struct town *t = town_new();

	t->settings->clients_wait_seconds = 1;
	town_add(t, ALICE);
	policy(t, rules);
	return t;
}

static const enum scarce all[] = {SEEN, JUDGEMENT, STANDING, PATCHES};

static void a_session_that_cannot_be_judged_ends(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		struct town *t = town(RULES);
		struct client *c = client_new(t, 0);

		scarce = all[i];
		(void)client_bind(c, ALICE, "r");
		town_wait(t, 1500);
		assert_non_null(c->closed);
		assert_string_equal(c->closed, "resource-constraint");
		assert_int_equal(route_session_count(t->route), 0);
		scarce = NOTHING;
		town_free(t);
		client_free(c);
	}
}

static void where_no_rule_asks_nobody_is_sent_away(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		struct town *t = town("rules: []\n");
		struct client *c = client_new(t, 0);

		scarce = all[i];
		assert_true(client_bind(c, ALICE, "r"));
		town_wait(t, 100);
		if (c->closed)
			fail_msg("case %zu: %s", i, c->closed);
		assert_int_equal(route_session_count(t->route), 1);
		scarce = NOTHING;
		town_free(t);
		client_free(c);
	}
}

/* A session that stands well when the rules become others is not kept for want of memory. */
static void a_session_that_cannot_be_judged_again_ends(void **state)
{
	static const enum scarce again[] = {STANDING, PATCHES};

	(void)state;
	for (size_t i = 0; i < sizeof(again) / sizeof(again[0]); i++) {
		struct town *t = town(RULES);
		struct client *c = client_new(t, 0);

		assert_true(client_bind(c, ALICE, "r"));
		town_wait(t, 1500);
		if (c->closed)
			fail_msg("case %zu: %s", i, c->closed);
		scarce = again[i];
		policy(t, WIDER);
		assert_non_null(c->closed);
		assert_string_equal(c->closed, "resource-constraint");
		scarce = NOTHING;
		town_free(t);
		client_free(c);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_session_that_cannot_be_judged_ends),
		cmocka_unit_test(where_no_rule_asks_nobody_is_sent_away),
		cmocka_unit_test(a_session_that_cannot_be_judged_again_ends),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
