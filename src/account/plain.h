/* PLAIN (RFC 4616), inside TLS and only where the setting allows it. Parsing is cheap and runs on the loop;
 * the check costs a whole PBKDF2 and runs on a worker thread. Outcomes and their conditions are those of
 * account/scram.h. */
#pragma once

#include "account/secret.h"
#include "base/arena.h"
#include "base/str.h"
#include "store/rows.h"

enum {
	PLAIN_MESSAGE_MAX = 3072,
};

/* All in the arena; the password is wiped with plain_wipe(). */
struct plain {
	struct str jid;  /* bare; empty: no possible account, pass NULL to plain_check */
	struct str user; /* the prepared localpart, or the text as sent */
	char *password;  /* as sent, not prepared */
	size_t password_len;
};

/* 0, SCRAM_E_MALFORMED, SCRAM_E_AUTHZID or -ENOMEM. */
[[nodiscard]] int plain_parse(struct plain *out, struct str message, struct str domain, struct arena *arena);

/* `v` NULL: unknown user, takes as long as a wrong password. `kind` is that of v (and of the made-up one). 0,
 * SCRAM_E_UNKNOWN_USER, SCRAM_E_WRONG_PASSWORD or negative. Any thread. */
[[nodiscard]] int plain_check(const struct plain *p, const struct store_verifier *v,
	enum store_verifier_kind kind, const struct account_secret *secret, uint32_t iterations);

void plain_wipe(struct plain *p);
