#include "record/quote.h"

#include <endian.h>
#include <stdbool.h>
#include <stdint.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "base/text.h"

#define ONES 0x0101010101010101u
#define HIGHS 0x8080808080808080u

/* Odd is what cannot be copied as it is: a control character, a quote, a backslash, DEL, or not ASCII. The
 * high bit of each odd one of eight bytes; exact for the lowest one set (borrows run upwards only). */
static inline uint64_t odd_bytes(uint64_t w)
{
	uint64_t quote = w ^ (ONES * '"'), slash = w ^ (ONES * '\\'), del = w ^ (ONES * 0x7f);

	return (w | (w - ONES * 0x20) | (quote - ONES) | (slash - ONES) | (del - ONES)) & HIGHS;
}

enum { STEP = 16 };

/* Copies STEP bytes and returns how many of them stand before the first odd one. */
static inline unsigned copy_step(char *to, const unsigned char *p)
{
#ifdef __SSE2__
	__m128i v = _mm_loadu_si128((const __m128i *)(const void *)p);
	__m128i odd = _mm_cmplt_epi8(v, _mm_set1_epi8(0x20)); /* signed: those from 0x80 on as well */

	odd = _mm_or_si128(odd, _mm_cmpeq_epi8(v, _mm_set1_epi8('"')));
	odd = _mm_or_si128(odd, _mm_cmpeq_epi8(v, _mm_set1_epi8('\\')));
	odd = _mm_or_si128(odd, _mm_cmpeq_epi8(v, _mm_set1_epi8(0x7f)));
	_mm_storeu_si128((__m128i *)(void *)to, v);
	return (unsigned)__builtin_ctz((unsigned)_mm_movemask_epi8(odd) | 1u << STEP);
#else
	uint64_t low, high;

	memcpy(&low, p, 8);
	memcpy(&high, p + 8, 8);
	memcpy(to, &low, 8);
	memcpy(to + 8, &high, 8);
	low = odd_bytes(le64toh(low));
	if (low)
		return (unsigned)__builtin_ctzll(low) / 8;
	high = odd_bytes(le64toh(high));
	return high ? 8 + (unsigned)__builtin_ctzll(high) / 8 : STEP;
#endif
}

/* Copies n bytes, fewer than STEP, by two words that overlap. False, and nothing is copied, when one is odd. */
static inline bool copy_short(char *to, const unsigned char *p, size_t n)
{
	uint64_t low = 0, high = 0;

	if (n >= 8) {
		memcpy(&low, p, 8);
		memcpy(&high, p + n - 8, 8);
		if (odd_bytes(low) | odd_bytes(high))
			return false;
		memcpy(to, &low, 8);
		memcpy(to + n - 8, &high, 8);
		return true;
	}
	if (n >= 4) {
		memcpy(&low, p, 4);
		memcpy((char *)&low + 4, p + n - 4, 4);
		if (odd_bytes(low))
			return false;
		memcpy(to, &low, 4);
		memcpy(to + n - 4, (char *)&low + 4, 4);
		return true;
	}
	return false;
}

static char *escape(char *to, unsigned char c)
{
	static const char digits[] = "0123456789abcdef";
	char letter = c == '"' || c == '\\' ? (char)c
		      : c == '\n'           ? 'n'
		      : c == '\t'           ? 't'
		      : c == '\r'           ? 'r'
					    : 0;

	*to++ = '\\';
	if (letter) {
		*to++ = letter;
		return to;
	}
	memcpy(to, "u00", 3);
	to[3] = digits[c >> 4];
	to[4] = digits[c & 15];
	return to + 5;
}

/* One character at *p. False: not UTF-8. */
static bool put_character(char **to, const unsigned char **p, const unsigned char *end)
{
	unsigned char c = **p;
	size_t n;

	if (c >= 0x80) {
		n = utf8_length(str_of((const char *)*p, (size_t)(end - *p)), 0);
		memcpy(*to, *p, n);
		*to += n;
		*p += n;
		return n > 0;
	}
	*p += 1;
	if (c < 0x20 || c == '"' || c == '\\' || c == 0x7f)
		*to = escape(*to, c);
	else
		*(*to)++ = (char)c;
	return true;
}

char *quote_into(char *to, struct str s)
{
	const unsigned char *p = (const unsigned char *)s.data, *end = p + s.len;
	unsigned n;

	while (p < end) {
		if (end - p >= STEP) {
			n = copy_step(to, p);
			p += n;
			to += n;
			if (n == STEP)
				continue;
		} else if (copy_short(to, p, (size_t)(end - p))) {
			return to + (end - p);
		}
		do
			if (!put_character(&to, &p, end))
				return NULL;
		while (p < end && *p >= 0x80);
	}
	return to;
}
