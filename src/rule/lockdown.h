/* The switches in force: what is shut off at the moment, for whom, why and until when. Immutable, counted with atomics, shared by
 * all loops; part of a policy_set, so that every stage decides by the same policy. Whoever holds one asks no clock: a switch
 * that has ended is taken out by making another one (proc/gate_lockdown.c).
 *
 *   everything   no session, no login, no resumption, no registration; what arrives for those it is for waits until the end
 *   messages     whatever people are to read, and their history
 *   files        files and pictures of people, and the history they may stand in
 *   links        what has a link in it, and the history likewise
 *   calls        offers of calls and their acceptance
 *   rooms        rooms and invitations into them
 *   outside      what comes from other domains or goes there
 *
 * A switch is about a stanza if it is for the sender or, but for `everything`, for the recipient: what cannot be delivered to
 * somebody because of `everything` waits for him instead.
 *
 * Break-glass. Members of the group that the settings name (lockdown.break_glass_group) are left out of switches for all and for
 * groups; the group that a switch excepts is left out of it, whatever it is for. So a switch for a product, an account or a
 * device catches also the security team, if it is not excepted by name. Who is left out writes to whom he likes; a switch
 * for messages lets everybody answer him; files, links, calls and what is outside reach him no more than others: he is who
 * must not be hit. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/str.h"
#include "client/judgement.h"
#include "rule/subject.h"
#include "rule/verdict.h"
#include "stanza/node.h"

enum lockdown_what {
	LOCKDOWN_EVERYTHING,
	LOCKDOWN_MESSAGES,
	LOCKDOWN_FILES,
	LOCKDOWN_LINKS,
	LOCKDOWN_CALLS,
	LOCKDOWN_ROOMS,
	LOCKDOWN_OUTSIDE,
	LOCKDOWN_WHATS,
};

enum lockdown_scope {
	LOCKDOWN_ALL,
	LOCKDOWN_GROUP,
	LOCKDOWN_PRODUCT, /* by its name, as clients are judged; perhaps some versions of it */
	LOCKDOWN_ACCOUNT, /* bare JID */
	LOCKDOWN_DEVICE,  /* full JID, or the id of an installation (XEP-0388) */
	LOCKDOWN_PAYLOAD, /* one link or file (rule/payload.h), whoever sends it: for nobody in particular; of `links` or `files` */
	LOCKDOWN_SCOPES,
};

enum {
	LOCKDOWN_MAX = 100, /* switches at a time */
	LOCKDOWN_ID = 6,    /* bytes of an id */
	LOCKDOWN_REASON_MAX = 500,
	LOCKDOWN_NAME_MAX = 3071,
};

extern const char *const lockdown_what_names[LOCKDOWN_WHATS];   /* "everything", "messages", .. */
extern const char *const lockdown_scope_names[LOCKDOWN_SCOPES]; /* "all", "group", .. */

struct lockdown_switch {
	struct str id; /* "L-7kq2" */
	enum lockdown_what what;
	enum lockdown_scope scope;
	struct str name;     /* of the scope; empty for LOCKDOWN_ALL */
	struct str versions; /* LOCKDOWN_PRODUCT: a range; empty: all of them */
	struct str reason, by;
	struct str except;   /* a group; empty: none */
	uint64_t start_us, end_us; /* UTC; end 0: until it is switched off */
};

struct lockdown;

/* Copies. `break_glass`: a group, or empty. 0, -ENOMEM, -E2BIG, or -EINVAL: a range of versions that cannot be
 * read. */
[[nodiscard]] int lockdown_new(
	struct lockdown **out, const struct lockdown_switch *switches, size_t len, struct str break_glass);
struct lockdown *lockdown_ref(struct lockdown *l);   /* returns l; NULL is accepted: nothing is switched off */
struct lockdown *lockdown_unref(struct lockdown *l); /* returns NULL; accepts NULL; any thread */

/* NULL: 0, none. */
size_t lockdown_len(const struct lockdown *l);
const struct lockdown_switch *lockdown_at(const struct lockdown *l, size_t i);
const struct lockdown_switch *lockdown_find(const struct lockdown *l, struct str id);
struct str lockdown_break_glass(const struct lockdown *l);
/* The same switches and group? */
[[nodiscard]] bool lockdown_is_same(const struct lockdown *a, const struct lockdown *b);

/* One end of a conversation. */
struct lockdown_party {
	const struct subject *person;    /* with the resource, where there is one */
	struct str agent;                /* id of the installation; empty: unknown */
	const struct judgement *client;  /* NULL: not known, or not yet */
};

/* Bits of enum matter (rule/matter.h) that a switch is about; of all there are. */
[[nodiscard]] unsigned lockdown_matter(enum lockdown_what what);
[[nodiscard]] unsigned lockdown_matters(const struct lockdown *l);
/* Of those alone that keep something from whom it is for: all but `everything`. */
[[nodiscard]] unsigned lockdown_kept_matters(const struct lockdown *l);

/* Is the switch, one of this lockdown's, for this one? */
[[nodiscard]] bool lockdown_is_for(
	const struct lockdown *l, const struct lockdown_switch *s, const struct lockdown_party *who);

/* The switch that leaves him no session, login, resumption or token; NULL: none. What is not known of him (the device before
 * it is bound, the client before it is judged) is asked again when it is. */
[[nodiscard]] const struct lockdown_switch *lockdown_bars(const struct lockdown *l, const struct lockdown_party *who);

/* The switch that stops a stanza of this matter on its way; NULL: none. `to` NULL: it goes to nobody in particular. */
[[nodiscard]] const struct lockdown_switch *lockdown_stops(const struct lockdown *l, unsigned matter,
	const struct lockdown_party *from, const struct lockdown_party *to);

/* The switch that keeps a stanza of this matter from him to whom it is handed now, whatever was decided when it was sent; NULL:
 * none. `from` may be somebody of whom no more is known than the address. */
[[nodiscard]] const struct lockdown_switch *lockdown_keeps(const struct lockdown *l, unsigned matter,
	const struct lockdown_party *from, const struct lockdown_party *to);

/* The switch that stops it for a link or file that it carries; NULL: none. */
[[nodiscard]] const struct lockdown_switch *lockdown_stops_payload(const struct lockdown *l, unsigned matter,
	const struct node *stanza, const struct lockdown_party *from);

/* Writes into the verdict that the switch stops it, with the notice for the sender. */
void lockdown_decide(const struct lockdown_switch *s, struct arena *arena, struct verdict *v);

/* What people are told: what is off, until when, why; or, at the end, that it is on again. `lang` is a BCP 47 tag or empty;
 * returns the language it is in (static). */
struct str lockdown_put_text(struct buf *out, const struct lockdown_switch *s, struct str lang);
struct str lockdown_put_over(struct buf *out, const struct lockdown_switch *s, struct str lang);

/* "group sales", "product Gajim <1.8", "account bob@example.org"; "all" */
void lockdown_put_scope(struct buf *out, const struct lockdown_switch *s);
