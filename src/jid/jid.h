/* Addresses (RFC 7622): localpart@domainpart/resourcepart, always in canonical form, so that two addresses
 * are the same exactly when their bytes are. The localpart is prepared with UsernameCaseMapped (RFC 8265
 * section 3.3) without " & ' / : < > @, the resourcepart with OpaqueString (RFC 8265 section 4.2), the
 * domainpart becomes lower-case U-labels (IDNA2008, RFC 5890) without a trailing dot, or an IP literal. Each
 * part is at most 1023 bytes. Characters that look alike stay different characters. Thread-safe; nothing is
 * kept between calls. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/str.h"

enum {
	JID_E_MALFORMED = 1, /* not an address: answer jid-malformed (RFC 6120 section 8.3.3.8) */
};

enum {
	JID_PART_MAX = 1023,
	JID_MAX = 3 * JID_PART_MAX + 2, /* bytes of the longest address */
};

/* All five are views into one run of bytes in the arena: "local@domain/resource". local and resource are
 * empty when absent (no part that is present can be empty). */
struct jid {
	struct str full;
	struct str bare; /* without the resource: the account, or a domain */
	struct str local;
	struct str domain;
	struct str resource;
};

/* Parses and prepares. 0, JID_E_MALFORMED, or -ENOMEM when the arena is full. *out is touched only on
 * success. */
[[nodiscard]] int jid_parse(struct jid *out, struct str text, struct arena *arena);

/* The same from parts that are not prepared yet; local and resource may be empty (absent). */
[[nodiscard]] int jid_make(
	struct jid *out, struct str local, struct str domain, struct str resource, struct arena *arena);

/* bare (already canonical) with another resource, which is prepared here (resource binding, RFC 6120 section
 * 7). */
[[nodiscard]] int jid_with_resource(
	struct jid *out, const struct jid *bare, struct str resource, struct arena *arena);

/* Views into an address that is canonical already (read from the store or another parcel). Copies nothing,
 * checks nothing. */
struct jid jid_split(struct str canonical);

/* Copies the bytes and points the views at the copy. All views are empty when the arena is full. */
struct jid jid_dup(struct arena *arena, const struct jid *jid);

/* Prepares a localpart alone (the user name of SASL, RFC 6120 section 6.3.7). 0, JID_E_MALFORMED, -ENOMEM. */
[[nodiscard]] int jid_prepare_local(struct str *out, struct str text, struct arena *arena);
/* Prepares a domain alone (configuration, the `to` of a stream). The same returns. */
[[nodiscard]] int jid_prepare_domain(struct str *out, struct str text, struct arena *arena);

static inline bool jid_is_empty(const struct jid *j)
{
	return j->domain.len == 0;
}

static inline bool jid_is_bare(const struct jid *j)
{
	return j->resource.len == 0;
}

/* A server or service: no localpart. */
static inline bool jid_is_domain(const struct jid *j)
{
	return j->local.len == 0;
}

static inline bool jid_eq(const struct jid *a, const struct jid *b)
{
	return str_eq(a->full, b->full);
}

static inline bool jid_eq_bare(const struct jid *a, const struct jid *b)
{
	return str_eq(a->bare, b->bare);
}

/* The loop (0 .. n-1) on which the account's state lives. `bare` is canonical. The same on every machine and
 * in every run for equal n; n must not be 0. */
unsigned jid_home(struct str bare, unsigned n);
