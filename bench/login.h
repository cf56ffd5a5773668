/* What a client says from the first byte until it may chat, and when it goes: the stream (RFC 6120),
 * STARTTLS, SASL, resource binding, roster and presence (RFC 6121); for the floor only its hello. One request
 * at a time, as clients do, but roster and presence together. */
#ifndef BENCH_LOGIN_H
#define BENCH_LOGIN_H

#include "client.h"

enum login_step {
	LOGIN_NONE,
	LOGIN_OFFER,    /* waiting for the features that offer STARTTLS */
	LOGIN_PROCEED,  /* for <proceed/> */
	LOGIN_HELLO,    /* for the floor's answer */
	LOGIN_FEATURES, /* for the features that offer mechanisms */
	LOGIN_SASL,     /* for challenge, success or failure */
	LOGIN_FEATURES_2,
	LOGIN_BIND,
	LOGIN_SETTLING, /* for the roster and the echo of the own presence */
	LOGIN_READY,
	LOGIN_LEAVING, /* for the server's end of the stream */
};

/* Called by client.c: the socket is connected; TLS is there; a piece has come. */
void login_connected(struct client *c);
void login_secured(struct client *c);
void login_frame(struct client *c, enum frame_kind kind, struct str piece);

/* Says goodbye; the duty's gone() follows when the server has answered. */
void login_leave(struct client *c);

/* Asks for the roster again; c->contacts is counted when it comes. */
void login_ask_roster(struct client *c);

#endif
