/* The secrets that external components share with the server (XEP-0114 section 3), by domain. Filled by one
 * thread, then shared by reference count and only read. It has no text form on purpose; freed memory is wiped. */
#pragma once

#include <stdbool.h>

#include "base/str.h"

enum {
	COMPONENT_SECRET_MIN = 16, /* characters: what is guessed offline from one handshake is a short one */
	COMPONENT_SECRET_MAX = 1000,
};

struct component_secrets;

[[nodiscard]] struct component_secrets *component_secrets_new(void); /* NULL: memory is out */
struct component_secrets *component_secrets_ref(struct component_secrets *s);   /* accepts NULL */
struct component_secrets *component_secrets_unref(struct component_secrets *s); /* accepts NULL, returns NULL */

/* The secret of a file: white space around it is no part of it. STR_NONE: too short, too long, or with control
 * characters. */
struct str component_secret_of(struct str file);

/* Adds or replaces. 0 or -ENOMEM. */
[[nodiscard]] int component_secrets_put(struct component_secrets *s, struct str domain, struct str secret);

size_t component_secrets_count(const struct component_secrets *s); /* accepts NULL */

/* Is `proof` the SHA-1 of stream id and secret, in small hexadecimal digits? The comparison takes the same time
 * wherever they differ. False also for a domain that has no secret. */
[[nodiscard]] bool component_secrets_prove(
	const struct component_secrets *s, struct str domain, struct str stream_id, struct str proof);
