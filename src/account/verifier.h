/* Passwords become SCRAM verifiers here (RFC 5802 section 3, RFC 7677) and are forgotten; new people get
 * their immutable id. Deriving costs milliseconds (PBKDF2): in the server it runs on a worker thread, never
 * on a loop. Thread-safe. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"
#include "store/rows.h"

enum {
	VERIFIER_E_WRONG = 1, /* not this password */
	VERIFIER_E_CHARS, /* holds characters a password may not hold (OpaqueString, RFC 8265 section 4.2) */
	VERIFIER_E_SHORT, /* fewer characters than asked for */
	VERIFIER_E_LONG,  /* more than PASSWORD_MAX bytes */
	VERIFIER_E_WEAK,  /* one character repeated, or the user's own name */
};

enum {
	PASSWORD_MIN = 8,               /* characters */
	PASSWORD_MAX = 1023,            /* bytes */
	VERIFIER_SALT = 16,             /* bytes of a new salt */
	VERIFIER_ITERATIONS_MIN = 4096, /* RFC 5802 section 5.1 */
	PERSON_ID_LEN = 26,
};

/* Kinds to make, for verifier_make: all, so that an account has what any mechanism needs (docs/decisions/0041). */
enum {
	VERIFIER_SHA_1 = 1 << STORE_SHA_1,
	VERIFIER_SHA_256 = 1 << STORE_SHA_256,
	VERIFIER_SHA_512 = 1 << STORE_SHA_512,
	VERIFIER_DEFAULT = VERIFIER_SHA_1 | VERIFIER_SHA_256 | VERIFIER_SHA_512,
};

/* One sentence for people: what is wrong with the password ("has too few characters"). */
const char *verifier_text(int outcome);

/* Whether a new password may be used by `jid`, with `min` characters (the setting sasl.password_min; never fewer than
 * PASSWORD_MIN): 0 or VERIFIER_E_CHARS, _SHORT, _LONG, _WEAK. */
[[nodiscard]] int verifier_policy(struct str password, struct str jid, size_t min);

/* New verifiers with fresh salts for the kinds in `kinds`; the others are zeroed. Does not apply
 * verifier_policy. 0, VERIFIER_E_CHARS, VERIFIER_E_LONG, or negative. */
[[nodiscard]] int verifier_make(struct store_verifier out[STORE_VERIFIER_KINDS], struct str password,
	uint32_t iterations, unsigned kinds);

/* One verifier from a given salt (1 to STORE_SALT_MAX bytes) and iteration count. The same returns. */
[[nodiscard]] int verifier_derive(struct store_verifier *out, enum store_verifier_kind kind,
	struct str password, struct str salt, uint32_t iterations);

/* Checks a password as PLAIN brings it: derives with the stored salt, compares in constant time. 0,
 * VERIFIER_E_WRONG or negative. A password that cannot be prepared takes as long as a wrong one. */
[[nodiscard]] int verifier_check(
	const struct store_verifier *v, enum store_verifier_kind kind, struct str password);

void verifier_wipe(struct store_verifier *v, size_t count);

/* Bytes of the hash: 20, 32, 64. */
size_t verifier_key_len(enum store_verifier_kind kind);

/* 128 random bits as 26 lower-case characters (base32, RFC 4648 section 6, no padding) and a NUL. */
void person_id_new(char out[PERSON_ID_LEN + 1]);
