/* Rules about clients: which programs may connect, and what they may do (policy/clients/NAME.yaml; rules/README.md has the
 * format). A rule with dates is a campaign: its effect is the one of the stage it is in at `now_us`, so that a restart changes
 * nothing. What is decided is a function of the set, the case and the time, never of the order in which rules stand:
 *
 *   1. A rule applies when its match holds, the person is in `from` and not in `not_from`, none of its exceptions that have
 *      not run out names the person, it has not expired, and its campaign, if any, has begun.
 *   2. There are three ranks: emergency, ordinary, and the policy's default. A rule that allows lifts all rules that apply
 *      of its own rank and of those below.
 *   3. Of what is not lifted the strongest effect counts; between alike ones the higher rank, then the smaller id (bytes).
 *      With `restrict` the limits of all of them hold together.
 *   4. Rules that observe are weighed alike among themselves, below what enforced ones lift, and change nothing.
 *
 * Any thread; sets are immutable. */
#pragma once

#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "client/judgement.h"
#include "rule/policy_set.h"
#include "rule/subject.h"

/* In order of strength. */
enum client_effect {
	CLIENT_ALLOW,
	CLIENT_ADVISE,   /* mail, once; and again by the campaign's schedule */
	CLIENT_WARN,     /* and a headline at each login */
	CLIENT_RESTRICT, /* and only what is left by `limits` */
	CLIENT_DENY,     /* no session */
	CLIENT_EFFECTS,
};

/* What a restricted client may not do. Bits. */
enum client_limit {
	LIMIT_SPEAK = 1,   /* read only: it sends nothing to other people */
	LIMIT_FILES = 2,
	LIMIT_OUTSIDE = 4, /* nothing to, nothing from other domains */
	LIMIT_HISTORY = 8, /* nothing old: no archive, no history of rooms, no messages that waited */
	LIMIT_HEAR = 16,   /* nothing that people write reaches it, new or old */
	LIMIT_ACCOUNT = 32, /* it administers nothing: neither the account (password, devices, who is blocked, what is kept) nor the server */
};

/* Of a session, or of a login that shows its client before there is one. */
struct client_case {
	const struct judgement *client; /* NULL: nothing is known yet; only rules on mechanism, TLS and network can apply */
	const struct subject *person;
	struct str address;   /* network address as text, without port; empty: unknown */
	struct str mechanism; /* of SASL */
	struct str tls;       /* "TLSv1.3 TLS_AES_128_GCM_SHA256" */
	uint64_t now_us;      /* UTC */
	struct str help;      /* whom to ask where no rule says it (contact.support); may be empty */
	bool unexcepted;      /* as if no exception named the person */
	bool early;           /* there is no session yet: what the client has not shown by now it may still show */
};

struct client_decision {
	enum client_effect effect;
	unsigned limits;             /* bits of enum client_limit; with CLIENT_RESTRICT */
	struct str rule;             /* id of what decided; empty: no rule did. With CLIENT_ALLOW: of what lifted the others */
	const struct notice *notice; /* of the rule, by language; NULL: the built-in one */
	const struct notice *reason; /* by language; NULL: none is given */
	struct str reference;        /* of the rule: an advisory's address; may be empty */
	struct str link, help;       /* where the new one is, whom to ask; may be empty */
	uint64_t deny_from_us;       /* of its campaign; 0: no date */
	struct str deny_from;        /* the same as the rule writes it: "2026-10-15" */
	enum client_effect coming;   /* what that date brings; without one: `effect` */
	unsigned coming_limits;
	const struct judgement *client; /* of the case, borrowed; may be NULL */
	struct str way;              /* the mechanism or version of TLS, where the rule is about that and about no program; or empty */
	struct str observed;         /* id of the strongest rule that only observes; empty: none */
	enum client_effect observed_effect;
};

/* Is there any rule? Without one each decision is CLIENT_ALLOW, whatever the client is. */
[[nodiscard]] bool client_has_rules(const struct policy_set *set);

/* With no rule that applies: CLIENT_ALLOW. `set` NULL: the same. Strings are borrowed from the set and the case. Early, only what is
 * certain is decided: a product below BASIS_AGENT is none, what has not been shown fits no rule, and any that allows. */
void client_decide(const struct policy_set *set, const struct client_case *c, struct client_decision *out);

/* When a decision may become another one by itself: the next date of a campaign or an exception after now_us; 0: never. */
[[nodiscard]] uint64_t client_next_change_us(const struct policy_set *set, uint64_t now_us);

/* The strongest effect that enforced rules could have on this person at c->now_us, whatever client it is; a virtual patch that
 * could hold counts as CLIENT_RESTRICT. CLIENT_ALLOW: nobody need know the client. c->client is not looked at. */
enum client_effect client_worst(const struct policy_set *set, const struct client_case *c);

/* Does an enforced rule or patch that could be about this person ask which system a client runs on? c->client is not looked at. */
[[nodiscard]] bool client_system_matters(const struct policy_set *policy, const struct client_case *c);

/* The text for the person, in that language: the notice with its reason, date, link and help desk filled in, and where it
 * denies, that trying again will not help. What the notice gives no place is added behind it. On the arena; empty: there is
 * nothing to say, or memory is out. */
struct str client_decision_text(const struct client_decision *d, struct str lang, struct arena *arena);

/* What the limits take, in that language: "no files, nothing to or from other domains". */
void client_limits_put(struct buf *out, unsigned limits, struct str lang);

/* How a client stands with the minimum version that baseline or catalogue name for its product: for the posture. */
enum client_posture {
	POSTURE_NO_BASELINE, /* none is named for this product, or the product is not known */
	POSTURE_UNKNOWN,     /* one is, but the version is not known */
	POSTURE_BELOW,
	POSTURE_ABOVE, /* or at it */
};
/* *out_minimum (unless NULL) borrows from the set; empty: none. */
enum client_posture client_posture(const struct policy_set *set, const struct judgement *j, struct str *out_minimum);

/* What the catalogue says of a verified hash ("sha-1 VER"): product and version, borrowed from the set; version may be empty.
 * False: it is not in it. */
[[nodiscard]] bool client_hash_known(
	const struct policy_set *set, struct str hash, struct str *out_product, struct str *out_version);

extern const char *const client_effect_names[CLIENT_EFFECTS]; /* "allow", "advise", "warn", "restrict", "deny" */
