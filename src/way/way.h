/* The way of a parcel: the ordered table of stages and its runner, the one place that knows all of them. Stages return what
 * happened and never call each other. Everything up to the receipt runs on the connection's loop.
 *
 *   NEXT    the next stage
 *   WAIT    somebody will call parcel->resume(p, result)
 *   DONE    taken over for good: the sender's stream counts it as handled
 *   REFUSE  (charge, check; policy when its session is being ended; record when it has no space) the sender gets parcel->refusal as stanza error
 *
 * A stream's stanzas stay in order: one that need not wait for the record still waits for an earlier one of its stream
 * that does, unless it is a question to the server itself. */
#pragma once

#include "base/durations.h"
#include "parcel/loops.h"
#include "parcel/parcel.h"
#include "rule/policy_set.h"

struct way;
struct errand;
struct xmpp;
struct route;
struct record;
struct directory;
struct settings;
struct denials;
struct outbreak;
struct traffic;
struct turnstile;

/* Borrowed; all outlive the way. record[i] belongs to loop i. xmpp is set by way_set_xmpp: it needs the way first. */
struct way_env {
	const struct loops *loops;
	struct directory *directory;
	struct record **record;
	struct route *route;
	struct turnstile *turnstile; /* account/turnstile.h; NULL: nobody is held off */
	struct denials *denials;     /* account/denials.h; NULL: nobody counts */
	struct outbreak *outbreak;   /* account/outbreak.h; NULL: nobody looks for one */
};

[[nodiscard]] int way_new(struct way **out, const struct way_env *env, const struct settings *settings,
		struct policy_set *policy);
struct way *way_free(struct way *w); /* after the loops have stopped */
void way_set_xmpp(struct way *w, struct xmpp *x);

/* On the connection's loop; takes the reference. */
void way_submit(void *way, struct parcel *p);

/* On the connection's loop; takes the errand and hands it to route/. A resource that policy forbids is not asked for: others
 * would see it in every address. The server makes one instead (RFC 6120 section 7.7.1), and the wish is recorded. */
void way_errand(void *way, struct errand *e);

/* Does policy forbid a new account to be called so? Others would read the name in every address. If so it is recorded;
 * `address`: of the connection, on whose loop it is asked. */
[[nodiscard]] bool way_forbids_name(void *way, struct str bare, struct str address);

/* Do the rules about clients deny a login (xmpp.h: denies)? The client is judged by what shows itself so early. */
struct xmpp_visitor;
[[nodiscard]] bool way_denies_client(void *way, const struct xmpp_visitor *v, struct arena *arena, struct str *text,
		struct str *rule);

/* Does a switch leave this one no session now (lockdown_bars)? Then *text is what people are told, in that language, and *id which it
 * is, both in the arena. On the loop of the connection. */
[[nodiscard]] bool way_bars(void *way, const struct subject *who, struct str agent, struct str lang, struct arena *arena,
		struct str *text, struct str *id);

/* Each loop uses the new ones from its next pass on. Loop 0. The policy is referenced, the settings are borrowed. */
void way_set_policy(struct way *w, struct policy_set *policy);
void way_set_settings(struct way *w, const struct settings *settings);

enum quota { /* way/quota.h */
	QUOTA_CONTENT,
	QUOTA_ROOMS,
	QUOTA_NICKS,
	QUOTA_REQUESTS,
	QUOTAS,
};
extern const char *const quota_names[QUOTAS]; /* "content", "rooms", "nicks", "requests" */

struct way_stats {
	uint64_t content, events, signals; /* by class */
	uint64_t blocked, refused;
	uint64_t waiting; /* for the record, now */
	uint64_t kinds[3];                       /* by enum parcel_kind */
	uint64_t verdicts[ACTION_COUNT];         /* of what was inspected */
	uint64_t refusals[STANZA_CONDITIONS];    /* by what the sender was told */
	uint64_t over[QUOTAS];                   /* of them: of an account that was over what it may */
	uint64_t held_off; /* logins, because their client was denied again and again */
	struct durations receipts;               /* how long they were waited for; in whole milliseconds */
};
void way_stats(const struct way *w, struct way_stats *out); /* any thread, approximate */
/* What each loop has counted (way/traffic.h); any thread. */
void way_traffic(const struct way *w, void (*each)(void *owner, const struct traffic *t), void *owner);
