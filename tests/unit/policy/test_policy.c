#include "check.h"

#include "../rule/policy_dir.h"
#include "../rule/tree.h"
#include "policy/limit.h"
#include "policy/policy.h"
#include "rule/wall.h"
#include "rule/namespace.h"
#include "stanza/ns.h"
#include "stanza/xml_out.h"

static const char walls[] = "rules:\n"
			    "- id: wall-both\n"
			    "  type: wall\n"
			    "  purpose: p\n"
			    "  from: 'group:research'\n"
			    "  to: 'group:trading'\n"
			    "  direction: both\n"
			    "  action: block\n"
			    "  mode: enforce\n"
			    "  notice: {en: there is a wall}\n"
			    "- id: wall-out\n"
			    "  type: wall\n"
			    "  purpose: p\n"
			    "  from: inside\n"
			    "  to: outside\n"
			    "  not_from: 'group:sales'\n"
			    "  kinds: [message, subscription]\n"
			    "  action: block\n"
			    "  mode: enforce\n"
			    "  notice: {en: not outside}\n"
			    "- id: wall-seen\n"
			    "  type: wall\n"
			    "  purpose: p\n"
			    "  from: 'group:sales'\n"
			    "  to: 'group:research'\n"
			    "  action: block\n"
			    "  mode: observe\n"
			    "  notice: {en: seen}\n"
			    "- id: door\n"
			    "  type: wall\n"
			    "  purpose: p\n"
			    "  from: 'group:compliance'\n"
			    "  to: anyone\n"
			    "  direction: both\n"
			    "  action: allow\n"
			    "  mode: enforce\n";

enum person {
	RESEARCHER,
	TRADER,
	SELLER,
	OFFICER,
	STRANGER,
};

static const struct str groups[] = {STR("research"), STR("trading"), STR("sales"), STR("compliance")};

static struct subject person_of(enum person p)
{
	struct subject s = subject_of(STR("x@example.org"), p != STRANGER);

	if (p == STRANGER)
		return s;
	s.groups = &groups[p];
	s.group_count = 1;
	return s;
}

static const struct {
	enum person from, to;
	const char *name, *type;
	bool blocked;
	size_t findings;
} cases[] = {
	{RESEARCHER, TRADER, "message", "chat", true, 1},
	{TRADER, RESEARCHER, "message", "chat", true, 1},
	{TRADER, RESEARCHER, "presence", "subscribe", true, 1},
	{TRADER, RESEARCHER, "presence", NULL, true, 1},
	{TRADER, RESEARCHER, "iq", "get", true, 1},
	{TRADER, TRADER, "message", "chat", false, 0},
	{RESEARCHER, STRANGER, "message", NULL, true, 1},
	{RESEARCHER, STRANGER, "presence", "unsubscribed", true, 1},
	{RESEARCHER, STRANGER, "presence", NULL, false, 0},
	{RESEARCHER, STRANGER, "iq", "get", false, 0},
	{STRANGER, RESEARCHER, "message", NULL, false, 0},
	{SELLER, STRANGER, "message", NULL, false, 0},
	{SELLER, RESEARCHER, "message", NULL, false, 1},
	{RESEARCHER, SELLER, "message", NULL, false, 0},
	{OFFICER, STRANGER, "message", NULL, false, 0},
	{STRANGER, OFFICER, "message", NULL, false, 0},
};

static void walls_stand_where_the_rules_say(void **state)
{
	struct policy_dir d = policy_dir_make(walls);
	struct policy_set *set = NULL;
	struct err err = {};

	(void)state;
	if (policy_set_load(&set, d.path, NULL, &err))
		fail_msg("%s", err.text);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct arena *arena = arena_new(0);
		struct node *n = node_new(arena, str_from(cases[i].name), NS_CLIENT);
		struct subject from = person_of(cases[i].from), to = person_of(cases[i].to);
		struct verdict v = {};

		if (cases[i].type)
			node_set_attr(arena, n, STR("type"), str_from(cases[i].type));
		policy_stanza(set, n, &from, &to, arena, &v);
		if (verdict_blocks(&v) != cases[i].blocked || v.count != cases[i].findings)
			fail_msg("case %zu: action %d, %zu findings", i, v.action, v.count);
		assert_int_equal(wall_stands(set, &from, &to, policy_kind(n)), cases[i].blocked);
		assert_string_equal(v.policy_version, policy_set_version(set));
		arena_free(arena);
	}
	policy_set_unref(set);
	policy_dir_remove(&d);
}

static void no_recipient_meets_no_wall(void **state)
{
	struct policy_dir d = policy_dir_make(walls);
	struct policy_set *set = NULL;
	struct arena *arena = arena_new(0);
	struct subject from = person_of(RESEARCHER);
	struct verdict v = {};

	(void)state;
	assert_int_equal(policy_set_load(&set, d.path, NULL, NULL), 0);
	policy_stanza(set, node_new(arena, STR("presence"), NS_CLIENT), &from, NULL, arena, &v);
	assert_int_equal(v.count, 0);
	policy_set_unref(set);
	arena_free(arena);
	policy_dir_remove(&d);
}

static void without_a_policy_nothing_passes(void **state)
{
	struct arena *arena = arena_new(0);
	struct subject from = person_of(SELLER), to = person_of(TRADER);
	struct verdict v = {};

	(void)state;
	policy_stanza(NULL, node_new(arena, STR("message"), NS_CLIENT), &from, &to, arena, &v);
	assert_true(verdict_blocks(&v));
	assert_int_equal(v.cannot_tell, CANNOT_TELL_NO_POLICY);
	arena_free(arena);
}

static struct policy_set *set_of(const char *rules)
{
	struct policy_dir d = policy_dir_make(rules);
	struct policy_set *set = NULL;
	struct err err = {};

	if (policy_set_load(&set, d.path, NULL, &err))
		fail_msg("%s", err.text);
	policy_dir_remove(&d);
	return set;
}

/* ---- namespaces ---- */

static const char extensions[] =
	"rules:\n"
	"- id: no-calls\n  type: namespace\n  purpose: p\n  from: group:sales\n  action: strip\n  mode: enforce\n"
	"  notice: {en: no calls}\n  match: {namespaces: ['urn:xmpp:jingle*', 'urn:bad']}\n"
	"- id: no-rpc\n  type: namespace\n  purpose: p\n  action: block\n  mode: enforce\n"
	"  notice: {en: no rpc}\n  match: {namespaces: 'jabber:iq:rpc'}\n"
	"- id: watched\n  type: namespace\n  purpose: p\n  action: block\n  mode: observe\n"
	"  notice: {en: x}\n  match: {namespaces: 'urn:watched'}\n"
	"- id: lab\n  type: namespace\n  purpose: p\n  to: group:trading\n  action: allow\n  mode: enforce\n"
	"  match: {namespaces: 'urn:xmpp:jingle:apps*'}\n";

static const struct {
	const char *stanza, *delivered; /* NULL: refused */
	enum person from;
} sent[] = {
	{"<message><body>x</body></message>", "<message><body>x</body></message>", SELLER},
	{"<message><body>x</body><j xmlns='urn:xmpp:jingle:1'><d/></j></message>", "<message><body>x</body></message>", SELLER},
	{"<message><j xmlns='urn:xmpp:jingle:1'/></message>", "<message><j xmlns='urn:xmpp:jingle:1'/></message>", TRADER},
	{"<message><a xmlns='urn:a'><b xmlns='urn:bad'/><c/></a><b xmlns='urn:bad'/></message>",
		"<message><a xmlns='urn:a'><c/></a></message>", SELLER},
	{"<message><j xmlns='urn:xmpp:jingle:apps:rtp:1'/></message>", "<message><j xmlns='urn:xmpp:jingle:apps:rtp:1'/></message>",
		SELLER},
	{"<message><a xmlns='urn:a'><q xmlns='jabber:iq:rpc'/></a></message>", NULL, TRADER},
	{"<iq type='set'><j xmlns='urn:xmpp:jingle:1'/></iq>", NULL, SELLER},
	{"<iq type='result'><j xmlns='urn:xmpp:jingle:1'/></iq>", "<iq type='result'/>", SELLER},
	{"<iq type='set'><a xmlns='urn:a'><b xmlns='urn:bad'/></a></iq>", "<iq type='set'><a xmlns='urn:a'/></iq>", SELLER},
	{"<message><w xmlns='urn:watched'/></message>", "<message><w xmlns='urn:watched'/></message>", SELLER},
};

static void extensions_are_refused_or_taken_out(void **state)
{
	struct policy_set *set = set_of(extensions);
	struct subject to = person_of(TRADER);

	(void)state;
	for (size_t i = 0; i < sizeof(sent) / sizeof(*sent); i++) {
		struct subject from = person_of(sent[i].from);
		struct arena *arena = NULL;
		struct node *n = tree_of(sent[i].stanza, &arena);
		struct buf out = BUF_INIT(0);
		struct verdict v = {};

		policy_stanza(set, n, &from, &to, arena, &v);
		assert_int_equal(verdict_blocks(&v), !sent[i].delivered);
		namespace_strip(&v, n);
		xml_put(&out, n, NS_CLIENT);
		if (!str_eq(buf_view(&out), str_from(sent[i].delivered ? sent[i].delivered : sent[i].stanza)))
			fail_msg("case %zu: %s", i, buf_cstr(&out));
		buf_done(&out);
		arena_free(arena);
	}
	policy_set_unref(set);
}

/* More namespaces than a verdict has room for are not let through unseen. */
static void what_cannot_be_told_apart_is_refused(void **state)
{
	struct policy_set *set = set_of("rules:\n- id: few\n  type: namespace\n  purpose: p\n  action: strip\n"
					"  mode: enforce\n  notice: {en: x}\n  match: {not_namespaces: ['urn:x']}\n");
	struct subject from = person_of(SELLER), to = person_of(TRADER);
	struct arena *arena = arena_new(0);
	struct node *n = node_new(arena, STR("message"), NS_CLIENT);
	struct verdict v = {};

	(void)state;
	for (int i = 0; i < VERDICT_FINDINGS_MAX + 1; i++)
		node_add(arena, n, STR("x"), arena_printf(arena, "urn:n:%d", i));
	policy_stanza(set, n, &from, &to, arena, &v);
	assert_true(verdict_blocks(&v));
	assert_int_equal(v.cannot_tell, CANNOT_TELL_HITS);
	policy_set_unref(set);
	arena_free(arena);
}

/* The text with the first `from` replaced. */
static const char *edited(const char *text, const char *from, const char *to)
{
	static char out[4000];
	const char *at = strstr(text, from);

	assert_non_null(at);
	snprintf(out, sizeof(out), "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
	return out;
}

static void walls_are_compared_by_whom_they_part(void **state)
{
	static const struct {
		const char *from, *to;
		bool same;
	} edits[] = {
		{"wall-both", "another-name", true},
		{"there is a wall", "go away", true},
		{"group:trading", "group:traders", false},
		{"from: inside", "from: anyone", false},
		{"  direction: both\n", "", false},
		{"mode: enforce", "mode: observe", false},
		{"group:sales'\n  kinds", "group:sailors'\n  kinds", false},
		{"[message, subscription]", "[message]", false},
		{"action: allow", "action: log", false},
	};
	struct policy_set *set = set_of(walls);

	(void)state;
	assert_true(walls_are_same(set, set));
	assert_true(walls_are_same(NULL, NULL));
	assert_false(walls_are_same(NULL, set));
	for (size_t i = 0; i < sizeof(edits) / sizeof(*edits); i++) {
		struct policy_set *other = set_of(edited(walls, edits[i].from, edits[i].to));

		if (walls_are_same(set, other) != edits[i].same)
			fail_msg("'%s' to '%s'", edits[i].from, edits[i].to);
		policy_set_unref(other);
	}
	policy_set_unref(set);
}

static void only_enforced_walls_that_block_stop_a_kind(void **state)
{
	static const char one[] = "rules:\n- {id: w, type: wall, purpose: p, from: inside, to: outside, kinds: [iq, "
				  "message], action: block, mode: enforce, notice: {en: x}}\n";
	struct policy_set *set = set_of(one), *seen = set_of(edited(one, "enforce", "observe")), *none = set_of(NULL),
			  *noted = set_of(edited(one, "block", "log"));

	(void)state;
	assert_int_equal(wall_kinds_stopped(set), 1U << WALL_IQ | 1U << WALL_MESSAGE);
	assert_int_equal(wall_kinds_stopped(seen), 0);
	assert_int_equal(wall_kinds_stopped(noted), 0);
	assert_int_equal(wall_kinds_stopped(none), 0);
	assert_int_equal(wall_kinds_stopped(NULL), 0);
	policy_set_unref(set);
	policy_set_unref(seen);
	policy_set_unref(noted);
	policy_set_unref(none);
}

#define IN_MODE(id, ns, mode, campaign)                                                                                   \
	"- id: " id "\n  type: namespace\n  purpose: p\n  action: block\n  mode: " mode "\n  notice: {en: x}\n"            \
	"  match: {namespaces: '" ns "'}\n  campaign: {" campaign "}\n"
#define DATED(id, ns, campaign) IN_MODE(id, ns, "enforce", campaign)
#define OBSERVED(id, ns, campaign) IN_MODE(id, ns, "observe", campaign)

static void an_extension_is_retired_by_dates(void **state)
{
	static const struct {
		const char *stanza;
		bool blocked;
		size_t findings;
		const char *warns; /* of this date */
	} dated[] = {
		{"<message><x xmlns='urn:gone'/></message>", true, 1, NULL},
		{"<message><x xmlns='urn:watched'/></message>", false, 1, NULL},
		{"<message><x xmlns='urn:warned'/><a><x xmlns='urn:warned'/></a></message>", false, 1, "2999-01-01"},
		{"<message><x xmlns='urn:seen'/></message>", false, 1, NULL},
		{"<message><x xmlns='urn:later'/></message>", false, 0, NULL},
	};
	struct policy_set *set = set_of("rules:\n" DATED("gone", "urn:gone", "warn_from: 2000-01-01, deny_from: 2001-01-01")
			DATED("watched", "urn:watched", "notice_from: 2000-01-01, deny_from: 2999-01-01")
				DATED("warned", "urn:warned", "warn_from: 2000-01-01, deny_from: 2999-01-01")
				OBSERVED("seen", "urn:seen", "warn_from: 2000-01-01, deny_from: 2999-01-01")
				DATED("later", "urn:later", "warn_from: 2998-01-01, deny_from: 2999-01-01"));
	const struct rule *rule = rule_set_find(policy_set_rules(set), STR("later"));
	struct subject from = person_of(SELLER), to = person_of(TRADER);
	enum mode mode;

	(void)state;
	for (size_t i = 0; i < sizeof(dated) / sizeof(*dated); i++) {
		struct arena *arena = NULL;
		struct node *n = tree_of(dated[i].stanza, &arena);
		struct verdict v = {};

		policy_stanza(set, n, &from, &to, arena, &v);
		assert_int_equal(verdict_blocks(&v), dated[i].blocked);
		assert_int_equal(v.count, dated[i].findings);
		assert_int_equal(v.warnings != NULL, dated[i].warns != NULL);
		if (v.warnings) {
			assert_str(v.warnings->date, dated[i].warns);
			assert_str(v.warnings->notice->text, "x");
			assert_null(v.warnings->next);
		}
		arena_free(arena);
	}
	assert_false(rule_mode_at(rule, rule->watch_us - 1, &mode));
	assert_true(rule_mode_at(rule, rule->watch_us, &mode) && mode == MODE_OBSERVE);
	assert_true(rule_mode_at(rule, rule->begin_us - 1, &mode) && mode == MODE_OBSERVE);
	assert_true(rule_mode_at(rule, rule->begin_us, &mode) && mode == MODE_ENFORCE);
	policy_set_unref(set);
}

/* ---- limits ---- */

static const struct {
	const char *stanza;
	bool content, room, blocked;
} read_only[] = {
	{"<message to='bob@example.org'><body>x</body></message>", true, false, true},
	{"<message to='bob@example.org'><composing xmlns='http://jabber.org/protocol/chatstates'/></message>", false, false, false},
	{"<presence/>", false, false, false},
	{"<presence><show>away</show><idle xmlns='urn:xmpp:idle:1' since='x'/></presence>", true, false, false},
	{"<presence><status>x</status></presence>", true, false, true},
	{"<presence to='bob@example.org'><x xmlns='urn:x'>y</x></presence>", true, false, true},
	{"<presence to='room@rooms.example.org/nick'><x xmlns='http://jabber.org/protocol/muc'/></presence>", true, true, false},
	{"<presence to='bob@example.org' type='subscribe'/>", false, false, true},
	{"<presence to='bob@example.org' type='subscribed'/>", false, false, false},
	{"<presence to='room@rooms.example.org/nick'><status>x</status></presence>", true, true, true},
};

static void who_only_reads_shows_that_he_is_there_without_a_word(void **state)
{
	const struct limit_rule rule = {.limits = LIMIT_SPEAK, .rule = STR("reads")};

	(void)state;
	for (size_t i = 0; i < sizeof(read_only) / sizeof(read_only[0]); i++) {
		struct arena *arena = NULL;
		struct matter_case c = {
			.stanza = tree_of(read_only[i].stanza, &arena), .content = read_only[i].content, .room = read_only[i].room};
		struct verdict v = {};

		policy_limit(&rule, &c, matter_of(&c, limit_wanted(rule.limits)), arena, &v);
		if (verdict_blocks(&v) != read_only[i].blocked)
			fail_msg("%s: %s", read_only[i].stanza, read_only[i].blocked ? "passed" : "blocked");
		arena_free(arena);
	}
}

static void who_may_not_administer_asks_and_changes_nothing(void **state)
{
	static const struct {
		const char *stanza;
		bool blocked;
	} requests[] = {
		{"<iq type='set'><query xmlns='jabber:iq:register'><password>x</password></query></iq>", true},
		{"<iq type='get'><query xmlns='jabber:iq:register'/></iq>", false},
		{"<iq type='set'><revoke xmlns='urn:xmpp:cam:0' id='x'/></iq>", true},
		{"<iq type='get'><list xmlns='urn:xmpp:cam:0'/></iq>", false},
		{"<iq type='set' to='example.org'><command xmlns='http://jabber.org/protocol/commands' node='x'/></iq>", true},
		{"<iq type='set'><block xmlns='urn:xmpp:blocking'><item jid='a@b'/></block></iq>", true},
		{"<iq type='set'><pubsub xmlns='http://jabber.org/protocol/pubsub#owner'><delete node='x'/></pubsub></iq>", true},
		{"<iq type='set'><pubsub xmlns='http://jabber.org/protocol/pubsub'><retract node='x'/></pubsub></iq>", true},
		{"<iq type='set'><pubsub xmlns='http://jabber.org/protocol/pubsub'><retract node='urn:xmpp:bookmarks:1'/></pubsub></iq>", false},
		{"<iq type='get'><pubsub xmlns='http://jabber.org/protocol/pubsub'><items node='x'/></pubsub></iq>", false},
		{"<iq type='set'><prefs xmlns='urn:xmpp:mam:2' default='never'/></iq>", true},
		{"<iq type='set'><query xmlns='urn:xmpp:mam:2'/></iq>", false},
		{"<iq type='set'><query xmlns='jabber:iq:roster'/></iq>", false},
	};
	const struct limit_rule rule = {.limits = LIMIT_ACCOUNT, .rule = STR("waits")};

	(void)state;
	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		struct arena *arena = NULL;
		struct matter_case c = {.stanza = tree_of(requests[i].stanza, &arena), .own = true};
		struct verdict v = {};

		policy_limit(&rule, &c, 0, arena, &v);
		if (verdict_blocks(&v) != requests[i].blocked)
			fail_msg("%s: %s", requests[i].stanza, requests[i].blocked ? "passed" : "blocked");
		arena_free(arena);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_extension_is_retired_by_dates),
		cmocka_unit_test(walls_stand_where_the_rules_say),
		cmocka_unit_test(no_recipient_meets_no_wall),
		cmocka_unit_test(without_a_policy_nothing_passes),
		cmocka_unit_test(extensions_are_refused_or_taken_out),
		cmocka_unit_test(what_cannot_be_told_apart_is_refused),
		cmocka_unit_test(walls_are_compared_by_whom_they_part),
		cmocka_unit_test(only_enforced_walls_that_block_stop_a_kind),
		cmocka_unit_test(who_may_not_administer_asks_and_changes_nothing),
		cmocka_unit_test(who_only_reads_shows_that_he_is_there_without_a_word),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
