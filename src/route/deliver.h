/* The one place where a session or a component is handed a stanza. Another person's content comes here with the receipt that
 * says the record has it; what the server makes itself, and signals, with a signal's receipt. */
#pragma once

#include "route/session.h"

/* What is handed over. References stay the caller's. */
struct goods {
	struct blob *blob;      /* one whole stanza */
	struct origin *keep;    /* who sent it, if it must not get lost: goes offline if need be; else NULL */
	struct hold *hold;      /* NULL: nothing waits for it */
	struct fan *fan;        /* NULL: goes to one session only, or is no content */
	struct parcel *request; /* an IQ get or set, else NULL */
	bool note;              /* its delivery is an event of the record */
	uint8_t calm;           /* enum calm (quiet.h): may it wait for a client that is not looking? */
	struct str sender;      /* where calm: who it is from */
	struct str author;      /* bare address of whose words it brings, where the stanza is from somebody else, as a room's are */
	bool stored;            /* is in the store until the client has it */
	bool own;               /* an answer or push of the server's to this client: also before it is judged. Without a receipt of
				   somebody's content no patch touches it */
};

void deliver(struct session *s, const struct goods *goods, const struct receipt *receipt);

/* The same where there are others who may get it. False: this session cannot have it (its client would stumble over it, it is
 * switched off for him, or there is no room to wait for a judgement), and nothing has been done. deliver() turns it away then, as when the session had gone:
 * content goes offline unless others have it, a question is answered with an error. */
[[nodiscard]] bool deliver_offer(struct session *s, const struct goods *goods, const struct receipt *receipt);
void deliver_turn_away(struct session *s, const struct goods *goods, const struct receipt *receipt);

/* The same to a component's connection, which acknowledges nothing; `who` (full) is the address it is for. Only blob,
 * hold and note of the goods mean something. `h`: the home that runs now. */
void deliver_outside(
	struct home *h, struct port *port, struct str who, const struct goods *goods, const struct receipt *receipt);

/* What has come for a session that has not been judged yet waits, in order, up to clients.held_max stanzas and LOBBY_BYTES.
 * What is beyond that goes the way of what comes for nobody: content offline, questions back. */
enum { LOBBY_BYTES = 512 << 10 };
/* The session has been judged: hands over what waits. */
void deliver_waiting(struct session *s);

/* An answer or push of the server itself to its own client. */
void deliver_own_bytes(struct session *s, struct str bytes);

/* Writes n to scratch and makes a blob of it. NULL: memory is out. */
struct blob *blob_of_scratch(struct home *h);

/* Acknowledgements (XEP-0198). False: the session has been ended. */
bool deliver_acked(struct session *s, uint32_t handled);
/* Sends again what is unacknowledged, on a new connection. */
void deliver_again(struct session *s);
/* Once a second: asks for acknowledgements, spools what stays unacknowledged. */
void deliver_tick(struct home *h);
/* The session ends: content nobody has got goes to the offline queue. */
void deliver_rest(struct session *s);
/* The store has this one in the spool now. `ok` false: it has not, and it is tried again. */
void deliver_spooled(struct session *s, struct str id, bool ok);
