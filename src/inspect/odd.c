/* Sixty-four bytes at a time as bit masks, overlapping by the longest thing looked for. */
#include "inspect/odd.h"

#include <string.h>
#ifdef __SSE2__
#include <immintrin.h>
#endif

enum {
	BLOCK = 64,
	BEFORE = 1, /* bytes that are looked at around the one where something odd begins */
	BEHIND = 6,
	STEP = BLOCK - BEFORE - BEHIND,
};

/* Enough to tell that most blocks have nothing odd. Bit i: what the byte at i is. */
struct glance {
	uint64_t letter;
	uint64_t same;   /* a letter that the next byte repeats */
	uint64_t blank;  /* white space, quotes, round brackets */
	uint64_t ending; /* ! , - . / : ; < = > ? */
};

/* The closer look. Bit i: what the byte at i is. Bytes of characters beyond ASCII are none of these. */
struct masks {
	uint64_t letter;
	uint64_t same;  /* a letter that the next byte repeats */
	uint64_t space; /* also quotes and brackets */
	uint64_t line;  /* of these, what is between two texts */
	uint64_t sign;  /* what can stand for a letter or between letters: all but quotes and brackets */
	uint64_t wide;  /* first byte of a character beyond ASCII that may be a sign */
	uint64_t joint; /* of these, what is put between two letters on purpose rather than by punctuation */
	uint64_t leet;  /* of these, what stands for a letter even at the end of a word: not . , ! ? and the
			   like */
};

/* Bits where something odd begins; letters alone only within one text. */
static inline uint64_t masks_odd(const struct masks *m, uint64_t start)
{
	uint64_t read = m->letter | m->leet, sign = m->sign & ~m->leet, edge = m->space | sign;
	uint64_t alone = read & (edge << 1 | start) & edge >> 1, line = m->line;
	uint64_t odd = (m->letter & m->joint >> 1 & read >> 2) | (m->leet & m->joint >> 1 & m->letter >> 2);

	odd |= (m->leet & m->letter >> 1) | (m->letter & (m->leet | m->wide) >> 1);
	odd |= m->same & (m->same >> 1 | m->same >> 2 | (m->same >> 3 & ~(line >> 2)) |
				 (m->same >> 4 & ~(line >> 2 | line >> 3)));
	odd |= alone & alone >> 2 & ~(line >> 1) & ((alone >> 4 & ~(line >> 3)) | sign << 1 | sign >> 1);
	return odd | (alone & alone >> 3 & alone >> 6 & ~(line >> 1 | line >> 2 | line >> 4 | line >> 5));
}

/* Whether masks_odd() could have a bit. Knows less of signs, so that it allows for more: each term there has
 * one here that it implies. */
static inline bool glance_is_odd(const struct glance *g)
{
	uint64_t other = ~(g->letter | g->blank), edge = ~g->letter;
	uint64_t alone = ~g->blank & (edge << 1 | 1) & edge >> 1;

	if ((other & g->letter >> 1) || (g->letter & other >> 1 & (other >> 2 | ~g->ending >> 1)))
		return true;
	if (g->same & (g->same >> 1 | g->same >> 2 | g->same >> 3 | g->same >> 4))
		return true;
	return alone & ((alone >> 2 & (alone >> 4 | other << 1 | other >> 1)) | (alone >> 3 & alone >> 6));
}

typedef signed char bytes16 __attribute__((vector_size(16)));

static inline uint64_t bits_of16(bytes16 v)
{
#ifdef __SSE2__
	return (uint32_t)_mm_movemask_epi8((__m128i)v);
#else
	uint64_t bits = 0;

	for (unsigned i = 0; i < sizeof(v); i++)
		bits |= (uint64_t)(v[i] < 0) << i;
	return bits;
#endif
}

#define BYTES bytes16
#define BITS_OF bits_of16
#define BLOCK_FN(name) name##16
#define TARGET
#include "inspect/odd_block.h"

#ifdef __SSE2__
typedef signed char bytes32 __attribute__((vector_size(32)));

#define BYTES bytes32
#define BITS_OF(v) ((uint64_t)(uint32_t)_mm256_movemask_epi8((__m256i)(v)))
#define BLOCK_FN(name) name##32
#define TARGET __attribute__((target("avx2")))
#include "inspect/odd_block.h"
#endif

bool odd_mark(struct str folded, uint64_t *bits)
{
	memset(bits, 0, (folded.len / ODD_WORD + 2) * sizeof(*bits));
#ifdef __SSE2__
	if (__builtin_cpu_supports("avx2"))
		return blocks_mark32(folded, bits);
#endif
	return blocks_mark16(folded, bits);
}

size_t odd_next(const uint64_t *bits, size_t from, size_t to)
{
	for (size_t word = from / ODD_WORD; word * ODD_WORD < to; word++) {
		uint64_t left = bits[word];
		size_t at;

		if (word == from / ODD_WORD)
			left &= ~UINT64_C(0) << from % ODD_WORD;
		if (!left)
			continue;
		at = word * ODD_WORD + (size_t)__builtin_ctzll(left);
		return at < to ? at : to;
	}
	return to;
}
