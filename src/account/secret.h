/* The server's secret for logins: makes the answers for unknown users stable and unpredictable, so that
 * nobody learns from them which accounts exist. Lives in DIR/keys/account.secret (mode 0600, 32 random bytes,
 * hex). It has no text form on purpose. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/str.h"

struct account_secret {
	uint8_t bytes[32];
};

/* Reads the file, or makes it when it is missing (its directory must be there). A file of another form or
 * readable by others is refused. 0 or negative; err names the file. */
[[nodiscard]] int account_secret_load_or_make(struct account_secret *out, const char *path, struct err *err);
void account_secret_wipe(struct account_secret *secret);

/* HMAC-SHA-256(secret, label 0x00 text): 32 bytes for one purpose. 0 or -EIO. */
[[nodiscard]] int account_secret_derive(
	const struct account_secret *secret, const char *label, struct str text, uint8_t out[32]);
