/* What is held to be true of a session's client. Immutable, counted with atomics, one block of memory; made once from the
 * signals (client/signals.h), and again when more of them are known. It is as good as what it rests on: `basis`. */
#pragma once

#include <stdbool.h>

#include "base/buf.h"
#include "base/str.h"

enum client_class {
	CLIENT_NAMED,   /* the product is known to us, or says its name */
	CLIENT_UNKNOWN, /* it answers, but says nothing that leads to a product */
	CLIENT_SILENT,  /* it has said nothing, and not answered in time */
	CLIENT_CLASSES,
};

/* What the product and version rest on, from the least worth to the most. */
enum client_basis {
	BASIS_NONE,
	BASIS_TLS,      /* the family of its TLS library */
	BASIS_RESOURCE, /* the pattern of its resource */
	BASIS_VERSION,  /* XEP-0092 */
	BASIS_AGENT,    /* XEP-0388 */
	BASIS_NODE,     /* the node of its capabilities, not verified */
	BASIS_IDENTITY, /* what a verified hash stands for: identity, XEP-0232 */
	BASIS_CAPS,     /* the verified hash itself is in the table */
	CLIENT_BASES,
};

/* Signals that speak of different products. Bits. */
enum client_contradiction {
	CONTRADICTS_CAPS = 1,     /* the hash belongs to another product than the name says */
	CONTRADICTS_NODE = 2,     /* the node of the capabilities does */
	CONTRADICTS_AGENT = 4,    /* SASL2's software does */
	CONTRADICTS_RESOURCE = 8, /* the resource does */
	CONTRADICTS_TLS = 16,     /* the TLS library is none that product is built with */
	CONTRADICTS_VERSION = 32, /* versions differ between signals of one product */
	CONTRADICTS_DISCO = 64,   /* what it answers does not hash to what it shows */
};

enum { CLIENT_CONTRADICTIONS = 7 };

struct judgement {
	_Atomic unsigned refs;
	enum client_class class;
	enum client_basis basis;
	unsigned confidence;     /* percent */
	unsigned contradictions; /* bits of enum client_contradiction */
	struct str product; /* canonical ("Gajim"), else as it says itself; empty: unknown */
	struct str version; /* empty: unknown */
	struct str os;      /* "Linux", "Windows", "Android", ..; empty: unknown */
	struct str device;  /* as it says itself (XEP-0388); empty: unknown */
	struct str caps;    /* "sha-1 VER"; empty: none shown, or not verified */
	struct str node;    /* of its capabilities */
	struct str agent;   /* id of the installation (XEP-0388), a UUID; empty: none */
	struct str ja4;
	char text[];        /* what the views point into */
};

/* Copies all strings of `like`; one reference. NULL when memory is out. */
[[nodiscard]] struct judgement *judgement_new(const struct judgement *like);
struct judgement *judgement_ref(struct judgement *j);   /* returns j; accepts NULL */
struct judgement *judgement_unref(struct judgement *j); /* returns NULL; accepts NULL; any thread */

[[nodiscard]] bool judgement_is_same(const struct judgement *a, const struct judgement *b);

extern const char *const client_class_names[CLIENT_CLASSES]; /* "named", "unknown", "silent" */
extern const char *const client_contradiction_names[CLIENT_CONTRADICTIONS]; /* by bit: "caps", "node", .. */
extern const char *const client_basis_names[CLIENT_BASES];   /* "none", "tls", "resource", .. */

/* {"class":"named","product":"Gajim","version":"1.7.3","os":"Linux","basis":"caps","confidence":90,
 *  "contradictions":["node"],..}; empty parts are left out. */
void judgement_put_json(struct buf *out, const struct judgement *j);
