/* Connections and logins that were over before there was a session, on their way into the list of who was refused: counted here
 * until somebody writes them down. One place for the whole process, bounded; any thread. */
#pragma once

#include <stdint.h>
#include <sys/socket.h>

#include "base/str.h"

enum {
	REJECTIONS_KEPT = 512,     /* different ones between two looks; of more only the number is kept */
	REJECTION_TEXT_MAX = 120,  /* bytes of what a client calls itself */
	REJECTION_REASON_MAX = 8192,
};

struct rejection {
	struct str kind;    /* "tls", "mechanism", "client", "held", "throttle", "switch" */
	struct str address; /* without port; empty: of many */
	struct str owner;   /* bare; empty: he has not said who he is */
	struct str product, version; /* empty: not known */
	struct str rule;    /* or the id of a switch */
	struct str reason;
	uint64_t count;     /* in answers */
};

/* Those that differ in nothing but the reason are one; the last reason stays. */
void rejection_note(const struct rejection *r);
/* A TLS handshake with `from` (NULL: not known) came to nothing. */
void rejection_note_tls(const struct sockaddr *from, const char *reason);

/* Hands over and forgets what there is. `each` may call rejection_note(). */
void rejections_take(void (*each)(void *owner, const struct rejection *r), void *owner);
