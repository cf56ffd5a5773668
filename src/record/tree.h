/* The Merkle tree over all lines of a record (RFC 9162 section 2.1.1, SHA-256), kept as its frontier: the
 * roots of the complete subtrees that the size's binary digits name, largest first. Appending costs one node
 * hash on average. One thread; hashing fails only for lack of memory, which ends the process. */
#pragma once

#include <stdint.h>

#include "base/str.h"

enum {
	TREE_HASH = 32,
	TREE_PEAKS = 64,
};

struct tree {
	uint64_t size; /* leaves */
	unsigned char peaks[TREE_PEAKS][TREE_HASH];
	unsigned peaks_len; /* number of ones in `size` */
};

void tree_init(struct tree *t);

/* SHA-256(0x00 || line): the line without its newline. */
void tree_leaf(struct str line, unsigned char out[TREE_HASH]);
void tree_append(struct tree *t, const unsigned char leaf[TREE_HASH]);

/* The root at the present size. */
void tree_root(const struct tree *t, unsigned char out[TREE_HASH]);

/* The frontier from its parts. False when their number does not fit the size. */
[[nodiscard]] bool tree_resume(
	struct tree *t, uint64_t size, const unsigned char (*peaks)[TREE_HASH], unsigned n);

/* SHA-256 of some bytes, with the same context. */
void tree_sha256(struct str data, unsigned char out[TREE_HASH]);

/* Frees what the calling thread keeps for hashing; called when a thread ends. */
void tree_drain(void);
