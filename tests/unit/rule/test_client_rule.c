#include "check.h"

#include <errno.h>

#include "base/clock.h"
#include "client_dir.h"

#define RULE(id, rest) "- {id: " id ", purpose: p, mode: enforce, " rest "}\n"
#define OLD "clients: {product: Gajim, versions: '<1.8'}, "

static const struct str groups[] = {STR("Sales"), STR("it")};

static const struct subject ann = {.jid = STR("ann@example.org"), .domain = STR("example.org"), .groups = groups,
	.group_count = 1, .inside = true};
static const struct subject bob = {.jid = STR("bob@example.org"), .domain = STR("example.org"), .groups = groups + 1,
	.group_count = 1, .inside = true};

static struct client_decision decide_at(
	const struct policy_set *set, const struct judgement *j, const struct subject *person, const char *date)
{
	struct client_case c = {.client = j, .person = person, .now_us = day(date), .address = STR("192.0.2.7"),
		.mechanism = STR("PLAIN"), .tls = STR("TLSv1.2 ECDHE-RSA-AES128-GCM-SHA256"), .help = STR("https://help.example.org/")};
	struct client_decision d;

	client_decide(set, &c, &d);
	return d;
}

#define NOW "2026-06-01T12:00:00Z"

static enum client_effect effect_of(const char *rules, const struct judgement *j, const struct subject *person)
{
	struct policy_set *set = clients_load(rules);
	struct client_decision d = decide_at(set, j, person, NOW);

	policy_set_unref(set);
	return d.effect;
}

/* ---- matching ---- */

static void no_rules_allow_all(void **state)
{
	struct judgement j = client_named("Gajim", "1.7.3", "Linux");
	struct client_case c = {.client = &j, .person = &ann};
	struct client_decision d;

	(void)state;
	client_decide(NULL, &c, &d);
	assert_int_equal(d.effect, CLIENT_ALLOW);
	assert_int_equal(effect_of("rules: []\n", &j, &ann), CLIENT_ALLOW);
	assert_int_equal(effect_of("", &j, &ann), CLIENT_ALLOW);
	assert_int_equal(client_next_change_us(NULL, 0), 0);
}

static const struct {
	const char *clients, *product, *version, *os;
	bool holds;
} matches[] = {
	{"any", "X", "1", "", true},
	{"{product: Gajim}", "gajim", "1", "", true},
	{"{product: Gajim}", "Gajim 2", "1", "", false},
	{"{product: 'Psi*'}", "psi+", "1", "", true},
	{"{product: '*im'}", "Gajim", "1", "", true},
	{"{product: 'G*j*m'}", "Gajim", "1", "", true},
	{"{product: 'G*j*m'}", "Gajimx", "1", "", false},
	{"{product: [Dino, Gajim]}", "Gajim", "1", "", true},
	{"{product: [Dino, Gajim]}", "Psi", "1", "", false},
	{"{product: Gajim, os: Windows}", "Gajim", "1", "Windows", true},
	{"{product: Gajim, os: Windows}", "Gajim", "1", "Linux", false},
	{"{product: Gajim, os: Windows}", "Gajim", "1", "", false},
	{"{os: 'Win*'}", "X", "", "Windows", true},
	{"{product: Gajim, versions: '<1.8.4'}", "Gajim", "1.8.3", "", true},
	{"{product: Gajim, versions: '<1.8.4'}", "Gajim", "1.8.4", "", false},
	{"{product: Gajim, versions: '<1.8.4'}", "Gajim", "1.8.4-rc1", "", true},
	{"{product: Gajim, versions: '<1.8.4'}", "Gajim", "", "", false},
	{"{product: Gajim, versions: '<1.8.4 || unknown'}", "Gajim", "", "", true},
	{"{class: silent}", "", "", "", false},
	{"{class: [unknown, named]}", "Gajim", "1", "", true},
	{"{network: 192.0.2.0/24}", "X", "", "", true},
	{"{network: [10.0.0.0/8, '2001:db8::/32']}", "X", "", "", false},
	{"{network: '::ffff:192.0.2.0/120'}", "X", "", "", true},
	{"{mechanism: PLAIN}", "X", "", "", true},
	{"{mechanism: 'SCRAM-*'}", "X", "", "", false},
	{"{tls: TLSv1.2}", "X", "", "", true},
	{"{tls: '*-SHA256'}", "X", "", "", true},
	{"{tls: TLSv1.3}", "X", "", "", false},
	{"{caps: 'QgayPKawpkPSDYmwT/WM94uAlu0='}", "X", "", "", false},
};

static void a_rule_holds_for_what_it_names(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(matches) / sizeof(*matches); i++) {
		struct judgement j = client_named(matches[i].product, matches[i].version, matches[i].os);
		char text[512];

		snprintf(text, sizeof(text), "rules:\n" RULE("a", "effect: deny, clients: %s"), matches[i].clients);
		if ((effect_of(text, &j, &ann) == CLIENT_DENY) != matches[i].holds)
			fail_msg("case %zu: %s", i, matches[i].clients);
	}
}

/* ---- before there is a session ---- */

static const struct {
	const char *rules, *product, *version;
	enum client_effect early, later;
} logins[] = {
	{RULE("a", "effect: deny, clients: {product: Evil}"), "Evil", "", CLIENT_DENY, CLIENT_DENY},
	{RULE("a", "effect: deny, clients: {product: Evil, versions: '<2'}"), "Evil", "1", CLIENT_DENY, CLIENT_DENY},
	{RULE("a", "effect: deny, clients: {product: Evil, versions: '<2 || unknown'}"), "Evil", "", CLIENT_ALLOW, CLIENT_DENY},
	{RULE("a", "effect: deny, clients: {class: [silent, unknown]}"), "", "", CLIENT_ALLOW, CLIENT_DENY},
	{RULE("a", "effect: deny, clients: {class: [named]}"), "Evil", "", CLIENT_DENY, CLIENT_DENY},
	{RULE("a", "effect: deny, clients: {ja4: 't13*'}"), "", "", CLIENT_DENY, CLIENT_DENY},
	{RULE("a", "effect: deny, clients: {mechanism: PLAIN}"), "", "", CLIENT_DENY, CLIENT_DENY},
	/* what could lift it must be excluded */
	{RULE("a", "effect: deny, clients: {mechanism: PLAIN}") RULE("b", "effect: allow, clients: {product: Good}"), "", "",
		CLIENT_ALLOW, CLIENT_DENY},
	{RULE("a", "effect: deny, clients: {mechanism: PLAIN}") RULE("b", "effect: allow, clients: {product: Good}"), "Evil", "",
		CLIENT_DENY, CLIENT_DENY},
	{RULE("a", "effect: deny, clients: {product: Evil}") RULE("b", "effect: allow, clients: {product: Evil, versions: '>=2'}"),
		"Evil", "", CLIENT_ALLOW, CLIENT_DENY},
	{RULE("a", "effect: deny, clients: {product: Evil}") RULE("b", "effect: allow, clients: {product: Evil, versions: '>=2'}"),
		"Evil", "1", CLIENT_DENY, CLIENT_DENY},
	{RULE("a", "effect: deny, clients: {product: Evil}") RULE("b", "effect: allow, clients: {os: Linux}"), "Evil", "",
		CLIENT_ALLOW, CLIENT_DENY},
	{RULE("a", "effect: deny, clients: {product: Evil}") RULE("b", "effect: allow, clients: {class: silent}"), "Evil", "",
		CLIENT_DENY, CLIENT_DENY},
	{RULE("a", "effect: deny, emergency: true, clients: {product: Evil}") RULE("b", "effect: allow, clients: {os: Linux}"), "Evil", "",
		CLIENT_DENY, CLIENT_DENY},
	{RULE("a", "effect: deny, clients: {mechanism: PLAIN}") RULE("b", "effect: allow, clients: {network: 10.0.0.0/8}"), "Evil", "",
		CLIENT_DENY, CLIENT_DENY},
};

static void before_a_session_only_what_is_certain_is_decided(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(logins) / sizeof(*logins); i++) {
		struct judgement j = client_named(logins[i].product, logins[i].version, "");
		struct client_case c = {.client = &j, .person = &ann, .now_us = day(NOW), .address = STR("192.0.2.7"),
			.mechanism = STR("PLAIN"), .early = true};
		struct policy_set *set;
		struct client_decision d;
		char text[512];

		snprintf(text, sizeof(text), "rules:\n%s", logins[i].rules);
		set = clients_load(text);
		j.class = j.product.len ? CLIENT_NAMED : CLIENT_SILENT;
		j.basis = j.product.len ? BASIS_AGENT : BASIS_NONE;
		j.ja4 = STR("t13d1516h2_8daaf6152771_02713d6af862");
		client_decide(set, &c, &d);
		if (d.effect != logins[i].early)
			fail_msg("case %zu, early: %s", i, client_effect_names[d.effect]);
		c.early = false;
		client_decide(set, &c, &d);
		if (d.effect != logins[i].later)
			fail_msg("case %zu, later: %s", i, client_effect_names[d.effect]);
		policy_set_unref(set);
	}
}

/* A library of TLS is many programs'. */
static void a_product_that_tls_hints_at_is_none_before_a_session(void **state)
{
	struct policy_set *set = clients_load("rules:\n" RULE("a", "effect: deny, clients: {product: Evil}"));
	struct judgement j = client_named("Evil", "1", "");
	struct client_case c = {.client = &j, .person = &ann, .now_us = day(NOW), .early = true};
	struct client_decision d;

	(void)state;
	j.basis = BASIS_TLS;
	client_decide(set, &c, &d);
	assert_int_equal(d.effect, CLIENT_ALLOW);
	j.basis = BASIS_AGENT;
	client_decide(set, &c, &d);
	assert_int_equal(d.effect, CLIENT_DENY);
	policy_set_unref(set);
}

static void a_hash_leads_to_product_and_version(void **state)
{
	static const char *text = "catalogue:\n- product: Dino\n  minimum: '0.5'\n  link: https://dino.im/\n"
				  "  caps: {'aaa=': '0.4.2', 'sha-1 bbb=': '0.5.1'}\n"
				  "rules:\n" RULE("a", "effect: deny, clients: {product: Dino, versions: '<0.5'}");
	struct policy_set *set = clients_load(text);
	struct judgement j = {.class = CLIENT_UNKNOWN, .caps = STR("sha-1 aaa=")};
	struct client_decision d = decide_at(set, &j, &ann, NOW);
	struct str product, version, minimum;

	(void)state;
	assert_int_equal(d.effect, CLIENT_DENY);
	assert_str(d.link, "https://dino.im/");
	assert_str(d.help, "https://help.example.org/");
	assert_int_equal(client_posture(set, &j, &minimum), POSTURE_BELOW);
	assert_str(minimum, "0.5");
	j.caps = STR("sha-1 bbb=");
	assert_int_equal(decide_at(set, &j, &ann, NOW).effect, CLIENT_ALLOW);
	assert_int_equal(client_posture(set, &j, NULL), POSTURE_ABOVE);
	assert_true(client_hash_known(set, STR("sha-1 aaa="), &product, &version));
	assert_str(product, "Dino");
	assert_str(version, "0.4.2");
	assert_false(client_hash_known(set, STR("sha-1 ccc="), &product, &version));
	/* what the catalogue says of the hash counts, not what the client says of itself */
	j = client_named("Dino", "9.9", "");
	j.caps = STR("sha-1 aaa=");
	assert_int_equal(decide_at(set, &j, &ann, NOW).effect, CLIENT_DENY);
	j = client_named("Dino", "", "");
	assert_int_equal(client_posture(set, &j, NULL), POSTURE_UNKNOWN);
	j = client_named("Gajim", "1", "");
	assert_int_equal(client_posture(set, &j, NULL), POSTURE_NO_BASELINE);
	policy_set_unref(set);
}

static void before_the_judgement_only_the_connection_counts(void **state)
{
	static const char *text = "rules:\n" RULE("a", "effect: deny, clients: {product: '*'}")
		RULE("b", "effect: deny, clients: {class: unknown}") RULE("c", "effect: warn, clients: {mechanism: PLAIN}")
		"default: deny\n";
	struct policy_set *set = clients_load(text);
	struct client_decision d = decide_at(set, NULL, &ann, NOW);

	(void)state;
	assert_int_equal(d.effect, CLIENT_WARN);
	assert_str(d.rule, "c");
	policy_set_unref(set);
}

static void whoever_is_not_in_the_catalogue_meets_the_default(void **state)
{
	static const char *text = "catalogue:\n- {product: Gajim, os: Linux}\n- {product: Gajim, os: Windows}\n- {product: Dino}\n"
				  "default: deny\n"
				  "rules:\n" RULE("it", "effect: allow, from: group:it, clients: {product: Psi}");
	struct judgement gajim = client_named("GAJIM", "1", "Linux"), mac = client_named("Gajim", "1", "macOS"),
			 quiet = client_named("Gajim", "1", ""), dino = client_named("Dino", "", "Android"),
			 psi = client_named("Psi", "1", ""), silent = {.class = CLIENT_SILENT};

	(void)state;
	assert_int_equal(effect_of(text, &gajim, &ann), CLIENT_ALLOW);
	assert_int_equal(effect_of(text, &mac, &ann), CLIENT_DENY);
	assert_int_equal(effect_of(text, &quiet, &ann), CLIENT_ALLOW);
	assert_int_equal(effect_of(text, &dino, &ann), CLIENT_ALLOW);
	assert_int_equal(effect_of(text, &psi, &ann), CLIENT_DENY);
	assert_int_equal(effect_of(text, &psi, &bob), CLIENT_ALLOW);
	assert_int_equal(effect_of(text, &silent, &ann), CLIENT_DENY);
	assert_int_equal(effect_of("default: allow\n", &silent, &ann), CLIENT_ALLOW);
	assert_int_equal(effect_of("default: {effect: deny, mode: observe}\n", &silent, &ann), CLIENT_ALLOW);
	assert_int_equal(effect_of("default: {effect: deny, mode: enforce, from: group:it}\n", &silent, &ann), CLIENT_ALLOW);
	assert_int_equal(effect_of("default: {effect: deny, mode: enforce, from: group:it}\n", &silent, &bob), CLIENT_DENY);
}

/* ---- dates ---- */

#define CAMPAIGN                                                                                                          \
	"rules:\n" RULE("a", OLD "effect: deny, reference: 'https://cve.example/1', reason: Weak keys., campaign: {notice_from: 2026-09-01, warn_from: "           \
			     "'2026-10-01T08:00:00+02:00', deny_from: 2026-10-15, remind_days: 3}, exceptions: [{who: "    \
			     "'group:it', until: 2026-11-01, owner: Eve, reason: Build machine.}]")

static void a_campaign_walks_through_its_stages(void **state)
{
	static const struct {
		const char *at;
		enum client_effect ann, bob;
		const char *next;
	} dates[] = {
		{"2026-08-31T23:59:59Z", CLIENT_ALLOW, CLIENT_ALLOW, "2026-09-01T00:00:00Z"},
		{"2026-09-01T00:00:00Z", CLIENT_ADVISE, CLIENT_ALLOW, "2026-10-01T06:00:00Z"},
		{"2026-10-01T05:59:59Z", CLIENT_ADVISE, CLIENT_ALLOW, "2026-10-01T06:00:00Z"},
		{"2026-10-01T06:00:00Z", CLIENT_WARN, CLIENT_ALLOW, "2026-10-15T00:00:00Z"},
		{"2026-10-14T23:59:59Z", CLIENT_WARN, CLIENT_ALLOW, "2026-10-15T00:00:00Z"},
		{"2026-10-15T00:00:00Z", CLIENT_DENY, CLIENT_ALLOW, "2026-11-01T00:00:00Z"},
		{"2026-10-31T23:59:59Z", CLIENT_DENY, CLIENT_ALLOW, "2026-11-01T00:00:00Z"},
		{"2026-11-01T00:00:00Z", CLIENT_DENY, CLIENT_DENY, NULL},
		{"2036-11-01T00:00:00Z", CLIENT_DENY, CLIENT_DENY, NULL},
	};
	struct judgement j = client_named("Gajim", "1.7.3", "Linux");
	struct policy_set *set = clients_load(CAMPAIGN);

	(void)state;
	for (size_t i = 0; i < sizeof(dates) / sizeof(*dates); i++) {
		uint64_t next = client_next_change_us(set, day(dates[i].at));

		assert_int_equal(decide_at(set, &j, &ann, dates[i].at).effect, dates[i].ann);
		assert_int_equal(decide_at(set, &j, &bob, dates[i].at).effect, dates[i].bob);
		assert_int_equal(next, dates[i].next ? day(dates[i].next) : 0);
	}
	policy_set_unref(set);
}

static void a_rule_may_expire(void **state)
{
	struct judgement j = client_named("Gajim", "1.7.3", "Linux");
	struct policy_set *set = clients_load("rules:\n" RULE("a", OLD "effect: deny, expires: 2026-07-01"));

	(void)state;
	assert_int_equal(decide_at(set, &j, &ann, "2026-06-30T23:59:59Z").effect, CLIENT_DENY);
	assert_int_equal(decide_at(set, &j, &ann, "2026-07-01T00:00:00Z").effect, CLIENT_ALLOW);
	assert_int_equal(client_next_change_us(set, day(NOW)), day("2026-07-01T00:00:00Z"));
	policy_set_unref(set);
}

/* ---- order ---- */

static const struct {
	const char *rules;
	enum client_effect effect;
	const char *rule;
	unsigned limits;
} orders[] = {
	{RULE("a", OLD "effect: warn") RULE("b", OLD "effect: deny"), CLIENT_DENY, "b", 0},
	{RULE("b", OLD "effect: deny") RULE("a", OLD "effect: deny"), CLIENT_DENY, "a", 0},
	{RULE("b", OLD "effect: deny, emergency: true") RULE("a", OLD "effect: deny"), CLIENT_DENY, "b", 0},
	{RULE("b", OLD "effect: warn, emergency: true") RULE("a", OLD "effect: deny"), CLIENT_DENY, "a", 0},
	{RULE("a", OLD "effect: deny") RULE("z", "clients: any, effect: allow"), CLIENT_ALLOW, "z", 0},
	{RULE("a", OLD "effect: deny, emergency: true") RULE("z", "clients: any, effect: allow"), CLIENT_DENY, "a", 0},
	{RULE("a", OLD "effect: deny, emergency: true") RULE("b", OLD "effect: deny")
			RULE("z", "clients: any, effect: allow, emergency: true"),
		CLIENT_ALLOW, "z", 0},
	{RULE("a", OLD "effect: warn, emergency: true") RULE("b", OLD "effect: deny") RULE("z", "clients: any, effect: allow"),
		CLIENT_WARN, "a", 0},
	{RULE("a", OLD "effect: deny") "- {id: z, purpose: p, mode: observe, clients: any, effect: allow}\n", CLIENT_DENY, "a", 0},
	{RULE("a", OLD "effect: restrict, restrict: files") RULE("b", OLD "effect: restrict, restrict: [outside, files]"),
		CLIENT_RESTRICT, "a", LIMIT_FILES | LIMIT_OUTSIDE},
	{RULE("a", OLD "effect: restrict, restrict: speak") RULE("b", OLD "effect: deny"), CLIENT_DENY, "b", 0},
	{RULE("a", OLD "effect: deny, not_from: group:sales"), CLIENT_ALLOW, "", 0},
	{RULE("a", OLD "effect: deny, from: [group:nobody, 'person:ann@example.org']"), CLIENT_DENY, "a", 0},
	{RULE("a", OLD "effect: deny, exceptions: [{who: inside, until: 2026-06-01, owner: x, reason: y}]"), CLIENT_DENY, "a", 0},
	{RULE("a", OLD "effect: deny, exceptions: [{who: inside, until: 2026-06-02, owner: x, reason: y}]"), CLIENT_ALLOW, "", 0},
};

static void the_order_is_the_documented_one(void **state)
{
	struct judgement j = client_named("Gajim", "1.7.3", "Linux");

	(void)state;
	for (size_t i = 0; i < sizeof(orders) / sizeof(*orders); i++) {
		char text[2048];
		struct policy_set *set;
		struct client_decision d;

		snprintf(text, sizeof(text), "rules:\n%s", orders[i].rules);
		set = clients_load(text);
		d = decide_at(set, &j, &ann, NOW);
		if (d.effect != orders[i].effect || d.limits != orders[i].limits || !str_eq(d.rule, str_from(orders[i].rule)))
			fail_msg("case %zu: %s by '%.*s'", i, client_effect_names[d.effect], STR_FMT(d.rule));
		policy_set_unref(set);
	}
}

static void what_observes_is_told_and_changes_nothing(void **state)
{
	struct judgement j = client_named("Gajim", "1.7.3", "Linux");
	struct policy_set *set = clients_load("rules:\n" RULE("a", OLD "effect: warn")
		"- {id: o, purpose: p, mode: observe, effect: deny, " OLD "}\n");
	struct client_decision d = decide_at(set, &j, &ann, NOW);

	(void)state;
	assert_int_equal(d.effect, CLIENT_WARN);
	assert_str(d.rule, "a");
	assert_str(d.observed, "o");
	assert_int_equal(d.observed_effect, CLIENT_DENY);
	policy_set_unref(set);
}

/* ---- the order of rules never matters ---- */

static unsigned draw(uint64_t *seed, unsigned below)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(*seed >> 33) % below;
}

static void rule_make(uint64_t *seed, unsigned id, char *out, size_t size)
{
	static const char *const clients[] = {"any", "{product: Gajim}", "{product: 'G*'}", "{versions: '<1.8'}",
		"{product: [Dino, Gajim], os: Linux}", "{network: 192.0.2.0/24}", "{mechanism: PLAIN}", "{class: named}"};
	static const char *const effects[] = {"allow", "advise", "warn", "restrict, restrict: files",
		"restrict, restrict: [speak, outside]", "deny", "deny, campaign: {warn_from: 2026-05-01, deny_from: 2026-07-01}",
		"deny, expires: 2026-05-01"};
	static const char *const people[] = {"anyone", "group:sales", "group:it", "inside"};

	snprintf(out, size, "- {id: r%u, purpose: p, clients: %s, effect: %s, mode: %s, from: '%s', emergency: %s}\n", id,
		clients[draw(seed, 8)], effects[draw(seed, 8)], draw(seed, 4) ? "enforce" : "observe", people[draw(seed, 4)],
		draw(seed, 5) ? "false" : "true");
}

enum { RULES = 12, SHUFFLES = 4, ROUNDS = 60 };

static struct policy_set *load_shuffled(char rules[RULES][256], uint64_t *seed)
{
	unsigned order[RULES];
	char text[RULES * 256 + 64] = "rules:\n";

	for (unsigned i = 0; i < RULES; i++)
		order[i] = i;
	for (unsigned i = RULES - 1; i > 0; i--) {
		unsigned other = draw(seed, i + 1), kept = order[i];

		order[i] = order[other];
		order[other] = kept;
	}
	for (unsigned i = 0; i < RULES; i++)
		strcat(text, rules[order[i]]);
	return clients_load(text);
}

static void the_order_of_rules_never_matters(void **state)
{
	struct judgement clients[] = {client_named("Gajim", "1.7.3", "Linux"), client_named("Dino", "0.4", "Linux"),
		client_named("Gajim", "2.0", "Windows"), {.class = CLIENT_SILENT}};
	unsigned effects[CLIENT_EFFECTS] = {};
	uint64_t seed = 20261123;

	(void)state;
	for (unsigned round = 0; round < ROUNDS; round++) {
		char rules[RULES][256];
		struct client_decision first[4];
		struct policy_set *sets[SHUFFLES];

		for (unsigned i = 0; i < RULES; i++)
			rule_make(&seed, i, rules[i], sizeof(rules[i]));
		for (unsigned s = 0; s < SHUFFLES; s++) {
			sets[s] = load_shuffled(rules, &seed);
			for (unsigned c = 0; c < 4; c++) {
				struct client_decision d = decide_at(sets[s], &clients[c], c % 2 ? &ann : &bob, NOW);

				if (s == 0)
					first[c] = d;
				assert_int_equal(d.effect, first[c].effect);
				assert_int_equal(d.limits, first[c].limits);
				assert_true(str_eq(d.rule, first[c].rule) && str_eq(d.observed, first[c].observed));
				assert_int_equal(d.observed_effect, first[c].observed_effect);
				effects[d.effect]++;
			}
		}
		for (unsigned s = 0; s < SHUFFLES; s++)
			policy_set_unref(sets[s]);
	}
	for (int e = 0; e < CLIENT_EFFECTS; e++)
		assert_true(effects[e] > 0 || e == CLIENT_ADVISE); /* the draw has seen them */
}

/* ---- what the person reads ---- */

static struct str text_at(
	const struct policy_set *set, const struct judgement *j, const char *date, const char *lang, struct arena *arena)
{
	struct client_decision d = decide_at(set, j, &ann, date);

	return client_decision_text(&d, str_from(lang), arena);
}

static void the_person_reads_what_is_needed(void **state)
{
	struct arena *arena = arena_new(0);
	struct judgement j = client_named("Gajim", "1.7.3", "Linux");
	struct policy_set *set = clients_load("help: desk@example.org\ncatalogue:\n- {product: Gajim, link: 'https://gajim.org/'}\n" CAMPAIGN);

	(void)state;
	assert_str(text_at(set, &j, "2026-09-02T00:00:00Z", "en", arena),
		"From 2026-10-15 on, Gajim 1.7.3 will no longer be accepted here. Reason: Weak keys. "
		"Download: https://gajim.org/ Help: desk@example.org");
	assert_str(text_at(set, &j, "2026-10-16T00:00:00Z", "en", arena),
		"Gajim 1.7.3 is not accepted here. Reason: Weak keys. Download: https://gajim.org/ Help: desk@example.org "
		"Trying again with the same program will not help.");
	assert_str(text_at(set, &j, "2026-10-16T00:00:00Z", "de-CH", arena),
		"Gajim 1.7.3 wird hier nicht angenommen. Grund: Weak keys. Herunterladen: https://gajim.org/ Hilfe: "
		"desk@example.org Es mit demselben Programm noch einmal zu versuchen, hilft nicht.");
	assert_str(text_at(set, &j, "2026-09-02T00:00:00Z", "fi", arena),
		"2026-10-15 alkaen Gajim 1.7.3 ei enää kelpaa täällä. Syy: Weak keys. Lataa: https://gajim.org/ Apua: "
		"desk@example.org");
	assert_true(text_at(set, &j, "2026-10-16T00:00:00Z", "xx", arena).len > 0);
	assert_int_equal(text_at(set, &j, "2026-01-01T00:00:00Z", "en", arena).len, 0);
	policy_set_unref(set);
	set = clients_load("rules:\n- {id: a, purpose: p, mode: enforce, effect: restrict, restrict: [speak, files], clients: "
			   "any, notice: {en: 'Use {product}? No {limits}. {unclosed', de: 'Nein, wegen {reason}'}, reason: {en: Why., de: Darum.}}\n");
	assert_str(text_at(set, &j, NOW, "en", arena),
		"Use Gajim? No nothing can be sent to other people, no files. {unclosed Reason: Why. Help: https://help.example.org/");
	assert_str(text_at(set, &j, NOW, "de", arena), "Nein, wegen Darum. Hilfe: https://help.example.org/");
	j.product = STR_NONE;
	policy_set_unref(set);
	set = clients_load("rules:\n- {id: a, purpose: p, mode: enforce, effect: deny, clients: any}\n");
	assert_str(text_at(set, &j, NOW, "fr", arena),
		"Le logiciel que vous utilisez n'est pas accepté ici. Aide : https://help.example.org/ Réessayer avec le même "
		"logiciel ne servira à rien.");
	policy_set_unref(set);
	arena_free(arena);
}

/* ---- what is refused ---- */

#define ONE "rules:\n- id: a\n  purpose: p\n  clients: any\n  effect: deny\n  mode: enforce\n"

static const struct {
	const char *text, *wants; /* a piece of one of the errors */
} bad[] = {
	{"rule: []\n", "clients/test.yaml:1:7: file of clients: found 'rule'; did you mean 'rules'?"},
	{"rules: {}\n", "rules: found a map; accepted: a list"},
	{"rules:\n- id: a\n", "the rule has no 'purpose'"},
	{"rules:\n- {id: a, purpose: p}\n", "the rule has no 'clients'"},
	{"rules:\n- {id: a, purpose: p, clients: any}\n", "the rule has no 'effect'; accepted: allow"},
	{"rules:\n- {id: a, purpose: p, clients: any, effect: deny}\n", "the rule has no 'mode'; accepted: observe"},
	{"rules:\n- {id: a, purpose: p, clients: any, effect: restrict, mode: observe}\n", "the rule has no 'restrict'"},
	{"rules:\n- {id: A}\n", "id: found 'A'; accepted: small letters"},
	{"rules:\n- {id: default, purpose: p, clients: any, effect: deny, mode: observe}\n", "take another"},
	{ONE "- id: a\n  purpose: p\n  clients: any\n  effect: deny\n  mode: enforce\n", "'a' is taken by the rule at clients/test.yaml:2"},
	{ONE "  efect: warn\n", "did you mean 'effect'?"},
	{"rules:\n- {id: a, purpose: p, clients: any, effect: den, mode: enforce}\n", "did you mean 'deny'?"},
	{"rules:\n- {id: a, purpose: p, clients: {}, effect: deny, mode: enforce}\n", "clients: found an empty map"},
	{"rules:\n- {id: a, purpose: p, clients: all, effect: deny, mode: enforce}\n", "clients: found scalar; accepted: any"},
	{"rules:\n- {id: a, purpose: p, clients: {produkt: x}, effect: deny, mode: enforce}\n", "did you mean 'product'?"},
	{"rules:\n- {id: a, purpose: p, clients: {product: []}, effect: deny, mode: enforce}\n", "product: found an empty list"},
	{"rules:\n- {id: a, purpose: p, clients: {versions: '<'}, effect: deny, mode: enforce}\n", "versions: "},
	{"rules:\n- {id: a, purpose: p, clients: {class: quiet}, effect: deny, mode: enforce}\n", "accepted: named, unknown, silent"},
	{"rules:\n- {id: a, purpose: p, clients: {network: 10.0.0.1/8}, effect: deny, mode: enforce}\n", "network: found '10.0.0.1/8'"},
	{"rules:\n- {id: a, purpose: p, clients: {network: 10.0.0.0/33}, effect: deny, mode: enforce}\n", "accepted: a network"},
	{"rules:\n- {id: a, purpose: p, clients: {caps: 'a b c'}, effect: deny, mode: enforce}\n", "caps: found 'a b c'"},
	{ONE "  restrict: files\n", "'restrict' is for 'effect: restrict'"},
	{ONE "  from: alice\n", "found 'alice'; accepted: anyone"},
	{ONE "  emergency: often\n", "emergency: found 'often'"},
	{ONE "  expires: 2026-02-30\n", "expires: found '2026-02-30'; accepted: a day of the calendar"},
	{ONE "  campaign: {deny_from: tomorrow}\n", "deny_from: found 'tomorrow'"},
	{ONE "  campaign: {warn_from: 2026-10-01}\n", "the campaign has no 'deny_from'"},
	{ONE "  campaign: {warn_from: 2026-10-15, deny_from: 2026-10-15}\n", "warn_from is not before deny_from"},
	{ONE "  campaign: {notice_from: 2026-10-02, warn_from: 2026-10-01, deny_from: 2026-10-15}\n", "notice_from is not before warn_from"},
	{ONE "  campaign: {notice_from: 2026-11-01, deny_from: 2026-10-15}\n", "notice_from is not before deny_from"},
	{ONE "  campaign: {deny_form: 2026-10-15}\n", "did you mean 'deny_from'?"},
	{ONE "  campaign: {deny_from: 2026-10-15, remind_days: often}\n", "remind_days: found 'often'"},
	{ONE "  campaign: {deny_from: 2026-10-15}\n  expires: 2026-10-01\n", "expires before its campaign"},
	{"rules:\n- {id: a, purpose: p, clients: any, effect: warn, mode: enforce, campaign: {deny_from: 2026-10-15}}\n",
		"a campaign ends in 'effect: restrict'"},
	{ONE "  exceptions: [{who: inside, until: 2026-10-15, owner: x}]\n", "the exception has no 'reason'"},
	{ONE "  exceptions: [{who: inside, until: never, owner: x, reason: y}]\n", "until: found 'never'"},
	{ONE "  exceptions: {}\n", "exceptions: found map"},
	{"rules:\n- {id: a, purpose: p, clients: any, effect: allow, mode: enforce, exceptions: [{who: inside, until: 2026-10-15, "
	 "owner: x, reason: y}]}\n",
		"has no exceptions; use 'not_from'"},
	{ONE "  notice: {en: 'Get it at {lnik}'}\n", "notice: found '{lnik}'; did you mean '{link}'?"},
	{ONE "  samples: [{product: Gajim}]\n", "the sample has no 'effect'"},
	{ONE "  samples: [{product: Gajim, effect: refuse}]\n", "effect: found 'refuse'"},
	{"default: never\n", "accepted: allow, deny"},
	{"default: {effect: deny}\n", "the rule has no 'mode'"},
	{"default: {effect: deny, mode: observe, clients: any}\n", "'clients' does not belong in the default"},
	{"catalogue:\n- {os: Linux}\n", "the entry has no 'product'"},
	{"catalogue:\n- {product: Gajim}\n- {product: gajim}\n", "stands at clients/test.yaml:2 already"},
	{"catalogue:\n- {product: 'Ga*'}\n", "accepted: one product's whole name"},
	{"catalogue:\n- {product: Gajim, minimum: new}\n", "found 'new'; accepted: a version"},
	{"catalogue:\n- {product: Gajim, sha256: abc}\n", "the 64 hexadecimal digits"},
	{"catalogue:\n- {product: Gajim, caps: {'a=': '1'}}\n- {product: Dino, caps: {'a=': '1'}}\n", "is in the catalogue already"},
	{"baseline: [Gajim]\n", "baseline: found a list"},
	{"baseline: {Gajim: '1', gajim: '2'}\n", "'gajim' has one already"},
	{"patches:\n- {id: a}\n", "the patch has no 'purpose'"},
	{"patches:\n- {id: a, purpose: p, clients: any, elements: ['jabber:client'], action: strip, mode: enforce}\n",
		"cannot be taken out as a whole"},
	{"patches:\n- {id: a, purpose: p, clients: any, elements: [], action: strip, mode: enforce}\n", "elements: found 0"},
	{"patches:\n- {id: a, purpose: p, clients: any, elements: x, action: drop, mode: enforce}\n", "accepted: strip, refuse"},
	{"advisories:\n- {summary: x}\n", "the advisory has no 'id'"},
};

static void bad_files_are_refused_with_place_and_remedy(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct policy_dir d = policy_dir_make(NULL);
		struct arena *arena = arena_new(0);
		struct problems problems = {.arena = arena};
		struct policy_set *set = NULL;
		struct err err = {};
		bool found = false;

		policy_dir_write(&d, "clients/test.yaml", bad[i].text);
		assert_int_equal(policy_set_load_all(&set, d.path, NULL, &problems), -EINVAL);
		for (const struct problem *p = problems.first; p; p = p->next) {
			struct problems one = {.arena = arena, .count = 1, .first = (struct problem *)(uintptr_t)p};

			assert_int_equal(problems_to_err(&one, &err), -EINVAL);
			assert_true(p->line > 0);
			found |= strstr(err.text, bad[i].wants) != NULL;
		}
		if (!found)
			fail_msg("case %zu: '%s' has no '%s'", i, err.text, bad[i].wants);
		arena_free(arena);
		policy_dir_remove(&d);
	}
}

static void an_id_is_one_of_all_rules(void **state)
{
	struct policy_dir d = policy_dir_make("rules:\n- {id: a, purpose: p, action: log, mode: enforce, match: {words: [x]}}\n");
	struct policy_set *set = NULL;
	struct err err = {};

	(void)state;
	policy_dir_write(&d, "clients/test.yaml", ONE);
	assert_int_equal(policy_set_load(&set, d.path, NULL, &err), -EINVAL);
	assert_non_null(strstr(err.text, "'a' is taken by the rule at clients/test.yaml:2"));
	policy_dir_remove(&d);
}

static void a_change_is_judged_before_it_is_made(void **state)
{
	struct policy_dir d = policy_dir_make(NULL);
	struct policy_change change = {.file = STR("clients/new.yaml"), .text = STR(ONE)};
	struct arena *arena = arena_new(0);
	struct problems problems = {.arena = arena};
	struct policy_set *before = NULL, *after = NULL;

	(void)state;
	assert_int_equal(policy_set_load_all(&before, d.path, NULL, &problems), 0);
	assert_int_equal(policy_set_load_changed(&after, d.path, &change, NULL, &problems), 0);
	assert_null(client_set_rule(client_set_of(before), STR("a")));
	assert_non_null(client_set_rule(client_set_of(after), STR("a")));
	assert_string_not_equal(policy_set_version(before), policy_set_version(after));
	policy_set_unref(after);
	policy_dir_write(&d, "clients/new.yaml", ONE);
	assert_int_equal(policy_set_load_all(&after, d.path, NULL, &problems), 0);
	policy_set_unref(after);
	change.gone = true;
	assert_int_equal(policy_set_load_changed(&after, d.path, &change, NULL, &problems), 0);
	assert_string_equal(policy_set_version(before), policy_set_version(after));
	policy_set_unref(after);
	change = (struct policy_change){.file = STR("clients/new.yaml"), .text = STR("rules: 1\n")};
	after = NULL;
	assert_int_equal(policy_set_load_changed(&after, d.path, &change, NULL, &problems), -EINVAL);
	assert_null(after);
	policy_set_unref(before);
	arena_free(arena);
	policy_dir_remove(&d);
}

/* ---- samples ---- */

static void samples_are_run(void **state)
{
	struct policy_set *set = clients_load(ONE
		"  campaign: {warn_from: 2026-09-01, deny_from: 2026-10-15}\n"
		"  not_from: group:it\n"
		"  samples:\n"
		"  - {product: Gajim, at: 2026-09-01, effect: warn}\n"
		"  - {product: Gajim, at: 2026-08-01, effect: none}\n"
		"  - {product: Gajim, at: 2026-08-01, effect: allow}\n"
		"  - {product: Gajim, at: 2026-10-15, from: [person:ann@example.org, group:it], effect: none}\n"
		"  - {class: login, at: 2026-10-15, effect: deny}\n"
		"  - {product: Gajim, at: 2026-10-15, effect: warn}\n"
		"- {id: b, purpose: p, clients: {product: X}, effect: allow, mode: enforce, samples: [{product: X, effect: allow}, "
		"{product: Y, effect: allow}]}\n");
	struct arena *arena = arena_new(0);
	struct problems errors = {.arena = arena}, warnings = {.arena = arena};
	size_t passed = 0, failed = 0;

	(void)state;
	client_set_check(client_set_of(set), day(NOW), &errors, &warnings, &passed, &failed);
	assert_int_equal(passed, 6);
	assert_int_equal(failed, 2);
	assert_int_equal(errors.count, 2);
	assert_str(errors.first->text, "rule 'a': the sample says warn, but the rule says deny");
	assert_int_equal(errors.first->line, 15);
	assert_str(errors.last->text, "rule 'b': the sample says allow, but the rule says none");
	assert_int_equal(policy_set_counts(set).samples, 8);
	assert_int_equal(policy_set_counts(set).clients, 2);
	arena_free(arena);
	policy_set_unref(set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_rules_allow_all),
		cmocka_unit_test(a_rule_holds_for_what_it_names),
		cmocka_unit_test(before_a_session_only_what_is_certain_is_decided),
		cmocka_unit_test(a_product_that_tls_hints_at_is_none_before_a_session),
		cmocka_unit_test(a_hash_leads_to_product_and_version),
		cmocka_unit_test(before_the_judgement_only_the_connection_counts),
		cmocka_unit_test(whoever_is_not_in_the_catalogue_meets_the_default),
		cmocka_unit_test(a_campaign_walks_through_its_stages),
		cmocka_unit_test(a_rule_may_expire),
		cmocka_unit_test(the_order_is_the_documented_one),
		cmocka_unit_test(what_observes_is_told_and_changes_nothing),
		cmocka_unit_test(the_order_of_rules_never_matters),
		cmocka_unit_test(the_person_reads_what_is_needed),
		cmocka_unit_test(bad_files_are_refused_with_place_and_remedy),
		cmocka_unit_test(an_id_is_one_of_all_rules),
		cmocka_unit_test(a_change_is_judged_before_it_is_made),
		cmocka_unit_test(samples_are_run),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
