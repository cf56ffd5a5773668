/* The files policy/clients/NAME.yaml as read: rules about clients, virtual patches, the catalogue, baselines, advisories. In
 * the rule set's arena, immutable, part of its version. Whoever decides uses rule/client_rule.h; this is for who lists and
 * walks through them. */
#pragma once

#include "client/judgement.h"
#include "client/version.h"
#include "rule/client_rule.h"
#include "base/network.h"
#include "rule/problem.h"
#include "rule/verdict.h"
#include "rule/who.h"

enum {
	CLIENT_RULES_MAX = 1000,
	CLIENT_PATCHES_MAX = 200,
	CLIENT_PRODUCTS_MAX = 500,   /* of the catalogue */
	CLIENT_HASHES_MAX = 5000,    /* of all its entries together */
	CLIENT_LIST_MAX = 200,       /* items of one list */
	CLIENT_EXCEPTIONS_MAX = 500, /* of one rule */
	CLIENT_REMIND_DAYS_DEFAULT = 7,
};

/* In order of strength; see rule/client_rule.h. */
enum client_rank {
	CLIENT_RANK_DEFAULT,
	CLIENT_RANK_ORDINARY,
	CLIENT_RANK_EMERGENCY,
	CLIENT_RANKS,
};

extern const char *const client_rank_names[CLIENT_RANKS]; /* "default", "ordinary", "emergency" */

/* Patterns: ASCII case does not matter, a `*` stands for any run of characters. */
struct client_names {
	const struct str *list;
	size_t count;
};

/* All parts that are there must hold; of a list one item. */
struct client_match {
	struct client_names products, systems, caps, ja4, mechanisms, tls;
	const struct version_range *versions; /* NULL: any, also none */
	struct str versions_text;
	unsigned classes; /* bits of 1 << enum client_class; 0: any */
	const struct network *networks;
	size_t network_count;
	bool unapproved; /* of the policy's default: no entry of the catalogue is about it */
};

/* 0: no such date. In order, the last one is there. */
struct client_campaign {
	uint64_t notice_us, warn_us, deny_us;
	struct str deny_from; /* as written */
	unsigned remind_days; /* how often mail is sent again; 0: once */
};

struct client_exception {
	struct who who;
	uint64_t until_us;
	struct str until, owner, reason;
	unsigned line;
};

struct client_sample {
	struct judgement *client; /* its views are the file's */
	struct str address, mechanism, tls;
	const struct subject *person; /* NULL: anybody, for whom every `from` holds and no exception */
	uint64_t at_us;               /* 0: when the sample is run */
	enum client_effect effect;    /* expected of this rule alone, as if it were enforced */
	bool none;                    /* expected: it says nothing */
	bool login;                   /* nothing is known of the client yet */
	unsigned line;
};

struct client_rule {
	struct str id, purpose, file;
	unsigned line;
	struct client_match match;
	struct who from, not_from;
	enum client_effect effect; /* in the end */
	unsigned limits;
	enum mode mode;
	enum client_rank rank;
	bool dated;
	struct client_campaign campaign;
	uint64_t expires_us; /* 0: never */
	struct str expires;
	struct str reference, link, help;
	const struct notice *reason, *notice;
	const struct client_exception *exceptions;
	size_t exception_count;
	const struct client_sample *samples;
	size_t sample_count;
};

struct client_hash {
	struct str hash, version; /* "sha-1 VER" */
	const struct client_product *product;
};

/* An approved client. */
struct client_product {
	struct str product, os, minimum, link, sha256;
	struct client_hash *hashes;
	size_t hash_count;
	struct str file;
	unsigned line;
};

struct client_advisory {
	struct str id, aliases, summary, severity, product, affected, fixed, reference, published, modified, imported, by;
	struct str file;
	unsigned line;
};

enum patch_action { PATCH_STRIP, PATCH_REFUSE };

struct patch_element {
	struct str ns;   /* may end in '*' */
	struct str name; /* empty: any */
};

struct client_patch {
	struct str id, purpose, file, reference, expires;
	unsigned line;
	struct client_match match;
	struct who from, not_from;
	enum patch_action action;
	enum mode mode;
	uint64_t expires_us;
	const struct patch_element *elements;
	size_t element_count;
};

struct client_set;

/* Of a policy; NULL: `set` is NULL. */
const struct client_set *client_set_of(const struct policy_set *set);

size_t client_set_rules(const struct client_set *set, const struct client_rule **out);
const struct client_rule *client_set_rule(const struct client_set *set, struct str id); /* or NULL */
size_t client_set_patches(const struct client_set *set, const struct client_patch **out);
size_t client_set_products(const struct client_set *set, const struct client_product **out);
/* Is it shipped, or in the catalogue, or a pattern? If not, *out_near is the name that is nearest, or NULL.
 * `set` may be NULL. */
[[nodiscard]] bool client_product_is_known(
	const struct client_set *set, struct str product, struct arena *arena, const char **out_near);
struct str client_set_help(
	const struct client_set *set); /* whom to ask, where a rule does not say it; may be empty */
size_t client_set_advisories(const struct client_set *set, const struct client_advisory **out);

/* A date ("2026-10-15": its begin in UTC) or an RFC 3339 time, as rules write them. */
[[nodiscard]] bool client_date_parse(struct str text, uint64_t *out_us);

/* What a rule asks of its clients at this time: CLIENT_ALLOW where its campaign has not begun, or it has expired. Of a rule
 * that allows always CLIENT_ALLOW. Whether it observes or enforces does not matter here. */
enum client_effect client_rule_stage(const struct client_rule *r, uint64_t now_us);

/* Does this rule apply to the case (first sentence of the order in client_rule.h)? Mode does not matter. */
[[nodiscard]] bool client_rule_applies(
	const struct client_set *set, const struct client_rule *r, const struct client_case *c);

/* Runs the samples of all rules; what fails is added to `errors`, rules without any to `warnings`. */
void client_set_check(const struct client_set *set, uint64_t now_us, struct problems *errors, struct problems *warnings,
	size_t *out_passed, size_t *out_failed);

extern const char *const client_limit_names[6];    /* by bit: "speak", "files", "outside", "history", "hear", "account" */
extern const char *const patch_action_names[2];
