/* The proven sender of a parcel: one per bound stream, made when binding succeeds, immutable, shared by the stream,
 * its session and all parcels that came from it. Nothing in it was written by the client but the resource it asked for. */
#pragma once

#include "jid/jid.h"
#include "parcel/port.h"

struct person;

struct origin {
	_Atomic unsigned refs;
	struct arena *arena;    /* holds everything below and the origin itself */
	struct jid jid;         /* full, canonical */
	struct person *person;  /* counted reference (account/directory.h) */
	struct str session;     /* public session id, 22 characters; also names the stream in the record */
	struct str address;     /* the client's network address and port as text: never leaves the server */
	struct str tls;         /* "TLSv1.3 TLS_AES_128_GCM_SHA256", "" on a plaintext test listener */
	struct str mechanism;   /* SASL mechanism used */
	struct loop *home;      /* where the user's state lives */
};

struct origin *origin_ref(struct origin *o);
struct origin *origin_unref(struct origin *o); /* accepts NULL; any thread */
