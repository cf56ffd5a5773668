/* The two messages a SCRAM client sends, taken apart by the grammar of RFC 5802 section 7 and nothing looser.
 * All views point into the message. Private to src/account. */
#pragma once

#include <stdbool.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/str.h"

struct scram_first {
	char flag;          /* 'n', 'y' or 'p' */
	struct str cb_name; /* with 'p' */
	struct str authzid; /* still escaped; empty: none */
	struct str gs2;     /* the whole gs2-header with its last comma */
	struct str bare;    /* client-first-message-bare */
	struct str user;    /* still escaped */
	struct str nonce;
};

struct scram_final {
	struct str binding; /* base64 */
	struct str nonce;
	struct str proof; /* base64 */
	struct str without_proof;
};

/* 0, SCRAM_E_MALFORMED or SCRAM_E_EXTENSION. */
[[nodiscard]] int scram_first_parse(struct scram_first *out, struct str message);
[[nodiscard]] int scram_final_parse(struct scram_final *out, struct str message);

/* saslname: =2C and =3D become , and =; anything else behind a = is an error. 0, SCRAM_E_MALFORMED or
 * -ENOMEM. */
[[nodiscard]] int scram_unescape(struct str *out, struct str name, struct arena *arena);

/* Appends the server's half of the nonce: 18 random bytes as 24 printable characters. */
void scram_nonce_put(struct buf *out);
