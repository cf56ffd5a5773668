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

#ifdef __SSE2__
static uint64_t bits_of(__m128i v)
{
	return (uint32_t)_mm_movemask_epi8(v);
}

static __m128i equals(__m128i v, char c)
{
	return _mm_cmpeq_epi8(v, _mm_set1_epi8(c));
}

/* first <= v <= last, all below 0x80 */
static __m128i between(__m128i v, char first, char last)
{
	return _mm_and_si128(_mm_cmpgt_epi8(v, _mm_set1_epi8((char)(first - 1))),
		_mm_cmplt_epi8(v, _mm_set1_epi8((char)(last + 1))));
}

static __m128i either(__m128i a, __m128i b)
{
	return _mm_or_si128(a, b);
}

static void glance_add(struct glance *g, const char *bytes, unsigned at)
{
	__m128i v = _mm_loadu_si128((const __m128i *)(const void *)bytes);
	__m128i next = _mm_loadu_si128((const __m128i *)(const void *)(bytes + 1));
	__m128i letter = between(v, 'a', 'z');

	g->letter |= bits_of(letter) << at;
	g->same |= bits_of(_mm_and_si128(letter, _mm_cmpeq_epi8(v, next))) << at;
	g->blank |= bits_of(either(either(equals(v, ' '), equals(v, '\n')),
			    either(equals(v, '"'), between(v, '\'', ')'))))
		    << at;
	g->ending |= bits_of(either(either(between(v, ',', '/'), between(v, ':', '?')), equals(v, '!')))
		     << at;
}

static void glance_narrow(struct glance *g, const char *bytes)
{
	for (unsigned i = 0; i < BLOCK; i += 16)
		glance_add(g, bytes + i, i);
}

/* The same, 32 bytes at a time. */
#define AVX2 __attribute__((target("avx2")))

AVX2 static inline __m256i equals32(__m256i v, char c)
{
	return _mm256_cmpeq_epi8(v, _mm256_set1_epi8(c));
}

AVX2 static inline __m256i between32(__m256i v, char first, char last)
{
	return _mm256_and_si256(_mm256_cmpgt_epi8(v, _mm256_set1_epi8((char)(first - 1))),
		_mm256_cmpgt_epi8(_mm256_set1_epi8((char)(last + 1)), v));
}

AVX2 static inline uint64_t bits_of32(__m256i v)
{
	return (uint32_t)_mm256_movemask_epi8(v);
}

AVX2 static inline void glance_add32(struct glance *g, const char *bytes, unsigned at)
{
	__m256i v = _mm256_loadu_si256((const __m256i *)(const void *)bytes);
	__m256i next = _mm256_loadu_si256((const __m256i *)(const void *)(bytes + 1));
	__m256i letter = between32(v, 'a', 'z');

	g->letter |= bits_of32(letter) << at;
	g->same |= bits_of32(_mm256_and_si256(letter, _mm256_cmpeq_epi8(v, next))) << at;
	g->blank |= bits_of32(_mm256_or_si256(_mm256_or_si256(equals32(v, ' '), equals32(v, '\n')),
			    _mm256_or_si256(equals32(v, '"'), between32(v, '\'', ')'))))
		    << at;
	g->ending |=
		bits_of32(_mm256_or_si256(
			_mm256_or_si256(between32(v, ',', '/'), between32(v, ':', '?')), equals32(v, '!')))
		<< at;
}

AVX2 static void glance_wide(struct glance *g, const char *bytes)
{
	glance_add32(g, bytes, 0);
	glance_add32(g, bytes + 32, 32);
}

static void glance(struct glance *g, const char *bytes)
{
	if (__builtin_cpu_supports("avx2"))
		glance_wide(g, bytes);
	else
		glance_narrow(g, bytes);
}

static void masks_add(struct masks *m, const char *bytes, unsigned at)
{
	__m128i v = _mm_loadu_si128((const __m128i *)(const void *)bytes);
	__m128i next = _mm_loadu_si128((const __m128i *)(const void *)(bytes + 1));
	__m128i letter = between(v, 'a', 'z');
	__m128i leet = either(either(between(v, '0', '9'), between(v, '#', '$')),
		either(either(between(v, '*', '+'), equals(v, '@')), either(equals(v, '|'), equals(v, '_'))));
	__m128i wide = either(equals(v, (char)0xc2), either(equals(v, (char)0xc3), equals(v, (char)0xe2)));
	__m128i sign = either(either(leet, equals(v, '!')),
		either(between(v, '%', '&'),
			either(between(v, ',', '/'),
				either(between(v, ':', ';'),
					either(between(v, '=', '?'),
						either(equals(v, '~'), equals(v, '^')))))));

	m->letter |= bits_of(letter) << at;
	m->same |= bits_of(_mm_and_si128(letter, _mm_cmpeq_epi8(v, next))) << at;
	m->space |= bits_of(either(either(equals(v, ' '), between(v, '\t', '\r')),
			    either(equals(v, '"'),
				    either(between(v, '\'', ')'), either(equals(v, '['), equals(v, ']'))))))
		    << at;
	m->line |= bits_of(equals(v, '\n')) << at;
	m->sign |= bits_of(sign) << at;
	m->joint |=
		bits_of(either(either(leet, between(v, '-', '/')), either(equals(v, '!'), equals(v, '~'))))
		<< at;
	m->leet |= bits_of(leet) << at;
	m->wide |= bits_of(wide) << at;
}
#else
static void glance_add(struct glance *g, const char *bytes, unsigned at)
{
	for (unsigned i = 0; i < 16; i++) {
		bool letter = bytes[i] >= 'a' && bytes[i] <= 'z';

		g->letter |= (uint64_t)letter << (at + i);
		g->same |= (uint64_t)(letter && bytes[i + 1] == bytes[i]) << (at + i);
		g->blank |= (uint64_t)(bytes[i] && strchr(" \n\"'()", bytes[i])) << (at + i);
		g->ending |= (uint64_t)(bytes[i] && strchr("!,-./:;<=>?", bytes[i])) << (at + i);
	}
}

static void glance(struct glance *g, const char *bytes)
{
	for (unsigned i = 0; i < BLOCK; i += 16)
		glance_add(g, bytes + i, i);
}

static void masks_add(struct masks *m, const char *bytes, unsigned at)
{
	for (unsigned i = 0; i < 16; i++) {
		char c = bytes[i];
		bool letter = c >= 'a' && c <= 'z';
		bool leet = c && strchr("0123456789#$*+@|_", c);
		bool wide = (uint8_t)c == 0xc2 || (uint8_t)c == 0xc3 || (uint8_t)c == 0xe2;

		m->letter |= (uint64_t)letter << (at + i);
		m->same |= (uint64_t)(letter && bytes[i + 1] == c) << (at + i);
		m->space |= (uint64_t)((c && strchr(" \"'()[]", c)) || (c >= '\t' && c <= '\r')) << (at + i);
		m->line |= (uint64_t)(c == '\n') << (at + i);
		m->sign |= (uint64_t)(leet || (c && strchr("!%&,-./:;=>?~^", c))) << (at + i);
		m->joint |= (uint64_t)(leet || (c && strchr("-./!~", c))) << (at + i);
		m->leet |= (uint64_t)leet << (at + i);
		m->wide |= (uint64_t)wide << (at + i);
	}
}
#endif

/* Bits where something odd begins; letters alone only within one text. */
static uint64_t masks_odd(const struct masks *m, uint64_t start)
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
static bool glance_is_odd(const struct glance *g)
{
	uint64_t other = ~(g->letter | g->blank), edge = ~g->letter;
	uint64_t alone = ~g->blank & (edge << 1 | 1) & edge >> 1;

	if ((other & g->letter >> 1) || (g->letter & other >> 1 & (other >> 2 | ~g->ending >> 1)))
		return true;
	if (g->same & (g->same >> 1 | g->same >> 2 | g->same >> 3 | g->same >> 4))
		return true;
	return alone & ((alone >> 2 & (alone >> 4 | other << 1 | other >> 1)) | (alone >> 3 & alone >> 6));
}

/* The odd bits of the 64 bytes there, the byte behind them readable too. */
static uint64_t block_odd(const char *bytes, uint64_t start)
{
	struct glance g = {};
	struct masks m = {};

	glance(&g, bytes);
	if (!glance_is_odd(&g))
		return 0;
	for (unsigned i = 0; i < BLOCK; i += 16)
		masks_add(&m, bytes + i, i);
	return masks_odd(&m, start);
}

/* Each block answers for STEP bytes behind its first, which only the first block answers for too. */
bool odd_mark(struct str folded, uint64_t *bits)
{
	bool any = false;

	memset(bits, 0, (folded.len / ODD_WORD + 2) * sizeof(*bits));
	for (size_t at = 0; at < folded.len; at += STEP) {
		uint64_t odd = block_odd(folded.data + at, at == 0);
		unsigned shift = at % ODD_WORD;

		odd &= (UINT64_C(1) << (STEP + BEFORE)) - (at ? 2 : 1);
		bits[at / ODD_WORD] |= odd << shift;
		if (shift)
			bits[at / ODD_WORD + 1] |= odd >> (ODD_WORD - shift);
		any |= odd != 0;
	}
	return any;
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
