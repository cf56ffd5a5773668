/* What is known of programs: the nodes of their capabilities, the names they give themselves, the resources they choose, the
 * TLS libraries they are built with (client/products.h, shipped), and which capabilities or fingerprints are whose: shipped
 * ones that were seen, and rows that the fleet or the administrator's catalogue adds. Immutable, counted with atomics; any thread. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/str.h"
#include "client/version.h"

/* Families of TLS libraries. Bits. */
enum tls_family {
	TLS_OPENSSL = 1,
	TLS_GNUTLS = 2,
	TLS_NSS = 4,
	TLS_BORING = 8, /* BoringSSL and Conscrypt */
	TLS_APPLE = 16,
	TLS_GO = 32,
	TLS_JAVA = 64,
	TLS_WINDOWS = 128,
};

/* A program as shipped. Texts; lists have their parts separated by '|'. */
struct product {
	const char *name;      /* canonical */
	const char *names;     /* others it gives itself; may be NULL, as the next two */
	const char *nodes;     /* without scheme, "www." and what follows: "dino.im" is also https://dino.im/#ver */
	const char *resources; /* how those begin that it makes itself */
	const char *kin;       /* products whose nodes and hashes it may show: libraries, what it was forked from */
	unsigned tls;          /* bits of enum tls_family; 0: not known */
	const char *os;        /* where it runs, when there is one such; else NULL */
	bool library;          /* others are built on it and show its nodes */
};

/* One thing known of a product: capabilities, or a fingerprint. Views; a table copies what it is given. */
struct client_row {
	struct str caps_hash, caps_ver; /* "sha-1", "QgayPKawpkPSDYmwT/WM94uAlu0="; empty: the row is of `ja4` */
	struct str ja4;
	struct str product;
	struct str version; /* what is meant when the client does not say; may be empty */
	struct str range;   /* (client/version.h) which versions show it; what the client says beside it counts for nothing. May be
	                       empty: whatever it says */
};

struct client_table;

enum { CLIENT_ROWS_MAX = 100000 };

/* Shipped rows and these; the later of two of the same thing wins, but a row without a range keeps that of an earlier one of the
 * same product. 0, -ENOMEM, -E2BIG, or -EINVAL: a range cannot be read (err). */
[[nodiscard]] int client_table_new(
	struct client_table **out, const struct client_row *rows, size_t count, struct err *err);
struct client_table *client_table_ref(struct client_table *t);   /* returns t; accepts NULL */
struct client_table *client_table_unref(struct client_table *t); /* returns NULL; accepts NULL; any thread */

/* A row as kept. */
struct client_known {
	struct str product, version;
	const struct version_range *range; /* NULL: none */
};
/* NULL: not known. Live as long as the table. */
const struct client_known *client_table_caps(const struct client_table *t, struct str hash, struct str ver);
const struct client_known *client_table_ja4(const struct client_table *t, struct str ja4);

/* Shipped products; NULL: none. By the node of capabilities (any spelling of the address), by a name as the program gives it
 * ("Profanity 0.13.1", "Gajim (Flatpak)"; `out_rest`: what stands behind the product's own name), by a resource. */
const struct product *client_table_node(const struct client_table *t, struct str node);
const struct product *client_table_name(const struct client_table *t, struct str name, struct str *out_rest);
const struct product *client_table_resource(const struct client_table *t, struct str resource, struct str *out_rest);

/* Whether a program may show signals of the other: the same, or related by `kin`. */
[[nodiscard]] bool product_is_kin(const struct product *a, const struct product *b);

/* The family that a fingerprint belongs to; 0: not known. */
unsigned tls_family_of(struct str ja4);
