/* Sixty-four bytes at a time as bit masks, overlapping by the longest thing looked for. */
#include "inspect/odd.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

enum {
	BLOCK = 64,
	OVERLAP = 8,
};

/* Enough to tell that most blocks have nothing odd. Bit i: what the byte at i is. */
struct glance {
	uint64_t letter;
	uint64_t same;   /* a letter that the next byte repeats */
	uint64_t blank;  /* ' ' */
	uint64_t ending; /* ! , - . / : ; < = > ? */
};

/* The closer look. Bit i: what the byte at i is. Bytes of characters beyond ASCII are none of these. */
struct masks {
	uint64_t letter;
	uint64_t same;  /* a letter that the next byte repeats */
	uint64_t space; /* also quotes and brackets */
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
	g->blank |= bits_of(equals(v, ' ')) << at;
	g->ending |= bits_of(either(either(between(v, ',', '/'), between(v, ':', '?')), equals(v, '!')))
		     << at;
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
		g->blank |= (uint64_t)(bytes[i] == ' ') << (at + i);
		g->ending |= (uint64_t)(bytes[i] && strchr("!,-./:;<=>?", bytes[i])) << (at + i);
	}
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
		m->sign |= (uint64_t)(leet || (c && strchr("!%&,-./:;=>?~^", c))) << (at + i);
		m->joint |= (uint64_t)(leet || (c && strchr("-./!~", c))) << (at + i);
		m->leet |= (uint64_t)leet << (at + i);
		m->wide |= (uint64_t)wide << (at + i);
	}
}
#endif

/* Bits where something odd begins. */
static uint64_t masks_odd(const struct masks *m, uint64_t start)
{
	uint64_t read = m->letter | m->leet, sign = m->sign & ~m->leet, edge = m->space | sign;
	uint64_t alone = read & (edge << 1 | start) & edge >> 1;
	uint64_t odd = (m->letter & m->joint >> 1 & read >> 2) | (m->leet & m->joint >> 1 & m->letter >> 2);

	odd |= (m->leet & m->letter >> 1) | (m->letter & (m->leet | m->wide) >> 1);
	odd |= m->same & (m->same >> 1 | m->same >> 2 | m->same >> 3 | m->same >> 4);
	odd |= alone & alone >> 2 & (alone >> 4 | sign << 1 | sign >> 1);
	return odd | (alone & alone >> 3 & alone >> 6);
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

	for (unsigned i = 0; i < BLOCK; i += 16)
		glance_add(&g, bytes + i, i);
	if (!glance_is_odd(&g))
		return 0;
	for (unsigned i = 0; i < BLOCK; i += 16)
		masks_add(&m, bytes + i, i);
	return masks_odd(&m, start);
}

size_t odd_next(struct str folded, size_t from)
{
	char bytes[BLOCK + 1];

	for (size_t at = from; at < folded.len; at += BLOCK - OVERLAP) {
		const char *block = folded.data + at;
		size_t left = folded.len - at;
		uint64_t odd;

		if (left < sizeof(bytes)) {
			memset(bytes, ' ', sizeof(bytes));
			memcpy(bytes, block, left < BLOCK ? left : BLOCK);
			block = bytes;
		}
		odd = block_odd(block, at == 0);
		if (odd)
			return at + (size_t)__builtin_ctzll(odd);
		if (left < BLOCK)
			break;
	}
	return folded.len;
}
