/* Rules about clients: which programs may connect, and what they may do (policy/clients/NAME.yaml). The strongest effect of
 * the rules that apply and are enforced counts; a rule that allows, and an exception that has not run out, lifts the others
 * for whom it names. A rule with dates is a campaign: its effect is the one of the stage it is in at `now_us`, so that a
 * restart changes nothing. Any thread; sets are immutable. */
#pragma once

#include <stdint.h>

#include "base/arena.h"
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
};

/* Of a session, or of a login that shows its client before there is one. */
struct client_case {
	const struct judgement *client; /* NULL: nothing is known yet; only rules on mechanism, TLS and network can apply */
	const struct subject *person;
	struct str address;   /* network address as text, without port; empty: unknown */
	struct str mechanism; /* of SASL */
	struct str tls;       /* "TLSv1.3 TLS_AES_128_GCM_SHA256" */
	uint64_t now_us;      /* UTC */
};

struct client_decision {
	enum client_effect effect;
	unsigned limits;             /* bits of enum client_limit; with CLIENT_RESTRICT */
	struct str rule;             /* id of what decided; empty: no rule did */
	const struct notice *notice; /* what the person is told, by language; borrowed from the set; NULL with CLIENT_ALLOW */
	struct str link, help;       /* where the new one is, whom to ask; may be empty */
	uint64_t deny_from_us;       /* of its campaign; 0: no date */
	struct str observed;         /* id of the strongest rule that only observes; empty: none */
	enum client_effect observed_effect;
};

/* With no rule that applies: CLIENT_ALLOW. `set` NULL: the same. Strings are borrowed from the set. */
void client_decide(const struct policy_set *set, const struct client_case *c, struct client_decision *out);

/* When a decision may become another one by itself: the next date of a campaign or an exception after now_us; 0: never. */
[[nodiscard]] uint64_t client_next_change_us(const struct policy_set *set, uint64_t now_us);

/* The text for the person, in that language: the notice with its reason, date, link and help desk filled in, and where it
 * denies, that trying again will not help. On the arena; empty: there is nothing to say, or memory is out. */
struct str client_decision_text(const struct client_decision *d, struct str lang, struct arena *arena);

extern const char *const client_effect_names[CLIENT_EFFECTS]; /* "allow", "advise", "warn", "restrict", "deny" */
