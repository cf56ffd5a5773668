/* Checkpoints: the body of C2SP tlog-checkpoint (origin, size, root) in a C2SP signed note with one Ed25519
 * signature whose key name is the origin. The public key is kept in the signed-note verifier form
 * NAME+ID+KEY. */
#pragma once

#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"
#include "record/tree.h"

enum {
	NOTE_ORIGIN_MAX = 255, /* bytes */
	NOTE_MAX = 1024,       /* bytes of a checkpoint of ours */
};

/* The signing key; `key` is an EVP_PKEY. */
struct note_key {
	void *key;
	unsigned char public_key[32];
};

struct checkpoint {
	struct str origin;
	uint64_t size;
	unsigned char root[TREE_HASH];
};

/* 1 to 255 bytes, printable ASCII without space and plus: a stricter form of what signed-note demands of key
 * names. */
bool note_origin_is_valid(struct str origin);

/* Reads a PKCS#8 PEM file or one of 32 raw bytes. -EINVAL when it holds anything but an Ed25519 key, -EPERM
 * when others may read it, or -errno. */
[[nodiscard]] int note_key_load(struct note_key *out, const char *path, struct err *err);

/* Makes a key and writes it as PEM, mode 0600; the file must not exist. */
[[nodiscard]] int note_key_create(struct note_key *out, const char *path, struct err *err);
void note_key_done(struct note_key *k);

/* ORIGIN+8 hex digits+base64(0x01 || public key). */
void note_put_verifier(struct buf *b, struct str origin, const unsigned char public_key[32]);

/* Appends the whole signed note. 0 or -EIO. */
[[nodiscard]] int note_sign(struct buf *b, const struct note_key *k, const struct checkpoint *c);

/* Reads a checkpoint and verifies our key's signature. 0; -EINVAL: not a checkpoint; -EKEYREJECTED: no valid
 * signature of this key. out->origin borrows from `note`. */
[[nodiscard]] int note_open(struct str note, const unsigned char public_key[32], struct checkpoint *out);
