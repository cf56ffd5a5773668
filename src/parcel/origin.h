/* The proven sender of a parcel: one per bound stream, made when binding succeeds, immutable but for `ending`, shared by the stream,
 * its session and all parcels that came from it. Nothing in it was written by the client but the resource it asked for
 * and the agent it says it is.
 * One block of memory: there is one for each idle session. */
#pragma once

#include "jid/jid.h"
#include "loop/loop.h"
#include "parcel/port.h"

struct person;

struct origin {
	_Atomic unsigned refs;
	struct jid jid;               /* full, canonical */
	uint64_t hash;                /* map_hash() of jid.bare */
	const struct person *person;  /* counted reference (account/directory.h); NULL: an external component speaks, for
	                                 this address of its domain (XEP-0114) */
	struct str session;           /* public session id, 22 characters; also names the stream in the record */
	struct str address;           /* the client's network address and port as text: never leaves the server */
	struct str tls;               /* "TLSv1.3 TLS_AES_128_GCM_SHA256", "" on a plaintext test listener */
	struct str mechanism;         /* SASL mechanism used */
	struct str ja4;               /* fingerprint of the ClientHello (client/ja4.h), "" without TLS */
	struct str agent_id;          /* XEP-0388 <user-agent/>, as the client claims: of the installation (UUID, lower */
	struct str agent_software;    /*   case), what it is and runs on (bounded, printable); empty: not said. For */
	struct str agent_device;      /*   the person and administrators alone, never for other people (section 2.3) */
	struct loop *home;            /* where the user's state lives */
	_Atomic bool ending;          /* set there: its session is about to be ended; nothing more is taken from it */
	/* Hands the session behind it a stanza of the server's, so that it is counted (XEP-0198); from any loop. `port` is
	 * where it goes when there is no such session any more. Set by route/ before the origin is shared. */
	void (*answer)(struct origin *o, struct port *port, struct blob *stanza);
	void *owner;                  /* of `answer` */
	struct user *user;            /* route/'s: while the session lives; only on the home loop */
	char text[];                  /* what the views above point into */
};

struct origin_parts {
	const struct jid *jid;
	const struct person *person; /* the origin takes a reference of its own */
	struct str session, address, tls, mechanism, ja4;
	struct str agent_id, agent_software, agent_device;
	struct loop *home;
};

/* Copies all strings. One reference. NULL when memory is out. */
[[nodiscard]] struct origin *origin_new(const struct origin_parts *parts);
struct origin *origin_ref(struct origin *o);
struct origin *origin_unref(struct origin *o); /* accepts NULL; any thread */
