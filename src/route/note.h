/* What the record is told of sessions. */
#pragma once

#include "base/buf.h"
#include "route/session.h"

/* One more word of a list, as an entry takes it (record/event.h, VALUE_LIST). */
void note_list_add(struct buf *out, struct str word);

struct waiter;

void note_session_open(const struct session *s);
void note_session_resumed(const struct session *s, const struct errand *e);
/* What is held of its client, and what that rests on. */
struct client_signals;
void note_client(const struct session *s, const struct judgement *client, const struct client_signals *seen);
/* How the rules about clients treat it from now on, where that changes something. */
void note_client_rule(const struct session *s, const struct standing *standing);
/* What a patch has changed in a stanza for this session, or (`kept`) that it did not get it; `seq`: the stanza's line, 0: none. */
struct patch_finding;
void note_client_patch(const struct session *s, const struct patch_finding *found, bool kept, uint64_t seq);
/* A device of the account, as far as it was known when it came (newcomer.h). Views. */
struct newcome {
	struct str id;         /* of its row in `gatehouse devices list`, where it says which device it is */
	struct str untold_key; /* the store's */
	struct str product, device, address;
	uint64_t utc_us;
};
/* `command`: new, told. `told`: how many sessions of other devices are there to be told; `text`: what they are told when the line's
 * receipt is there. False: it could not be, and the waiter is not called. */
[[nodiscard]] bool note_device(const struct user *u, const struct origin *o, const char *command, const struct newcome *n,
	unsigned told, struct str text, struct waiter *waiter);
/* The person has revoked a device's access. */
struct route_device;
void note_access(const struct user *u, const struct origin *o, const struct route_device *d);
/* `reason` in a few words. */
void note_session_close(const struct session *s, const char *reason);
