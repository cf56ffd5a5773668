/* Programs as shipped with the server: names, nodes of capabilities and resources as their sources have them or as they were
 * seen, TLS families as they can be built. docs/client-control.md says how to add to it at run time. */
#pragma once

#include "client/table.h"

extern const struct product client_products[];
extern const size_t client_products_count;

/* Hashes that were seen with a version, each with the versions it stands for; from programs that were run against this server. */
struct shipped_hash {
	const char *ver; /* sha-1 */
	const char *product, *version, *range;
};
extern const struct shipped_hash client_hashes[];
extern const size_t client_hashes_count;

/* The middle of a fingerprint (the suites alone) of libraries with their defaults. */
struct shipped_suites {
	const char *digits; /* 12 */
	unsigned family;
};
extern const struct shipped_suites client_suites[];
extern const size_t client_suites_count;
