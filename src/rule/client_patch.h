/* Virtual patches (policy/clients/NAME.yaml, `patches`): what is taken out of stanzas, or which stanzas are kept back, on their
 * way to a client that is known to stumble over them. They are about what is delivered to that client; the record and what
 * others get are not touched.
 *
 *   session, when it is judged and when the policy changes:   patches = client_patches_new(set, &case);
 *   at delivery of a stanza to it:                            client_patches_apply(patches, copy, &found) */
#pragma once

#include "rule/client_rule.h"
#include "stanza/node.h"

/* Which patches hold for one session. Immutable, counted with atomics; keeps its policy_set. */
struct client_patches;

/* Patches do not depend on dates but for expiry (client_next_change_us() tells of it). NULL: none holds (the usual case), or
 * memory is out (*out_failed, unless NULL). */
struct client_patches *client_patches_new(struct policy_set *set, const struct client_case *c, bool *out_failed);
struct client_patches *client_patches_ref(struct client_patches *p);   /* returns p; accepts NULL */
struct client_patches *client_patches_unref(struct client_patches *p); /* returns NULL; accepts NULL; any thread */

enum patch_outcome {
	PATCH_UNTOUCHED,
	PATCH_STRIPPED, /* the stanza is another one now */
	PATCH_REFUSED,  /* it must not be delivered to this client; who sent a question gets service-unavailable */
};

/* The strongest patch that found something, for the record; borrowed from the patches. */
struct patch_finding {
	struct str rule;     /* id; empty: nothing was found */
	struct str observed; /* id of one that only observes, and found something */
};

/* Would client_patches_apply() do something, or observe something? Reads only: ask before a stanza is copied. `patches` NULL:
 * false. */
[[nodiscard]] bool client_patches_touch(const struct client_patches *patches, const struct node *stanza);

/* Strips, at whatever depth, or refuses. A question (an IQ of type get or set) whose payload would have to go is refused; of
 * its stanza it keeps what is there, also when it refuses. `stanza` is the receiver's own copy. `out` may be NULL. */
enum patch_outcome client_patches_apply(
	const struct client_patches *patches, struct node *stanza, struct patch_finding *out);
