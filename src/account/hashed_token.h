/* Hashed tokens (draft-schmaus-kitten-sasl-ht, as XEP-0484 uses it): a device that was given a token proves in one message that it
 * has it, and the server answers with the same proof. Only SHA-256. A token is made from the server's secret and a random
 * seed; the store holds the seed and so nothing that lets anybody in. Outcomes are those of account/scram.h. Any thread. */
#pragma once

#include "account/secret.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/str.h"

/* The stronger the larger. tls-unique is not among them: TLS 1.3 does not have it. */
enum ht_mechanism {
	HT_NONE,      /* bound to nothing */
	HT_END_POINT, /* to the server's certificate (RFC 5929) */
	HT_EXPORTER,  /* to the connection (RFC 9266) */
	HT_MECHANISMS,
};

enum {
	HT_HASH = 32,  /* bytes */
	HT_TOKEN = 47, /* characters */
	HT_SEED = 22,  /* characters */
	HT_MESSAGE_MAX = 1024 + HT_HASH,
};

/* "HT-SHA-256-EXPR" */
[[nodiscard]] bool ht_mechanism_parse(struct str name, enum ht_mechanism *out);
const char *ht_mechanism_name(enum ht_mechanism m);

struct ht_message {
	struct str jid; /* bare, in the arena; empty: no possible account */
	uint8_t proof[HT_HASH];
};

/* 0, SCRAM_E_MALFORMED or -ENOMEM. */
[[nodiscard]] int ht_parse(struct ht_message *out, struct str message, struct str domain, struct arena *arena);

/* A new seed: 128 random bits. */
void ht_seed_new(char out[HT_SEED + 1]);

/* Whose token is meant. */
struct ht_name {
	struct str owner, key, mechanism, seed;
};

/* The token: the same for the same name as long as the secret stays. 0 or -EIO. */
[[nodiscard]] int ht_token(char out[HT_TOKEN + 1], const struct account_secret *secret, const struct ht_name *name);

/* Does the message prove this token, on a connection with that binding data? 0: `answer` is the server's proof;
 * SCRAM_E_WRONG_PASSWORD; -EIO. In constant time. */
[[nodiscard]] int ht_check(const char *token, struct str binding, const uint8_t proof[HT_HASH], uint8_t answer[HT_HASH]);
