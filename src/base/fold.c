/* ASCII goes sixteen bytes at a time; a block with anything else, character by character through the table.
 */
#include "base/fold.h"

#include <string.h>

#include "base/fold_table.h"
#include "base/text.h"

enum {
	HANGUL_FIRST = 0xac00,
	HANGUL_LAST = 0xd7a3,
};

typedef uint8_t bytes16 __attribute__((vector_size(16)));

struct view {
	const uint8_t *index;
	const uint16_t (*pages)[FOLD_PAGE];
	bool words;  /* small letters, and one space for any white space */
	bool narrow; /* one byte a character */
};

static const struct view word_view = {.index = fold_word_index, .pages = fold_word_pages, .words = true};
static const struct view light_view = {.index = fold_light_index, .pages = fold_light_pages};
static const struct view narrow_view = {.index = fold_light_index, .pages = fold_light_pages, .narrow = true};

static inline char ascii_lower(char c)
{
	return (uint8_t)(c - 'A') < 26 ? (char)(c | 0x20) : c;
}

static inline bool ascii_is_digit(char c)
{
	return (uint8_t)(c - '0') < 10;
}

static inline bool ascii_is_space(char c)
{
	return c == ' ' || (uint8_t)(c - '\t') < 5;
}

/* Adds up the bytes, each 0 or 1, of two halves: the top byte of the product is their sum. */
static inline unsigned halves_sum(const uint64_t half[2])
{
	return (unsigned)((half[0] + half[1]) * UINT64_C(0x0101010101010101) >> 56);
}

/* Two spaces side by side, the last byte before the block (`*space`) included. Leaves the last one in *space.
 */
static inline bool halves_touch(const uint64_t half[2], uint64_t *space)
{
	uint64_t touch = (half[0] & (half[0] << 8 | *space)) | (half[1] & (half[1] << 8 | half[0] >> 56));

	*space = half[1] >> 56;
	return touch;
}

/* Folds one block of the word view; adds the digits of its last `fresh` bytes. False, with nothing counted,
 * when it needs a closer look: a byte beyond ASCII, a tab or line end, two spaces in a row. */
static inline bool block_fold(const char *in, char *out, size_t fresh, uint64_t *space, unsigned *digits)
{
	static const uint8_t last[32] = {[16 ... 31] = 1};
	bytes16 v, upper, digit, blank, counted;
	uint64_t half[2];

	memcpy(&v, in, sizeof(v));
	/* below the space, and above 0x7f, the top bit of one of these is set */
	upper = v | (v - ' ');
	memcpy(half, &upper, sizeof(half));
	if ((half[0] | half[1]) & UINT64_C(0x8080808080808080))
		return false;
	blank = (bytes16)(v == ' ') & 1;
	memcpy(half, &blank, sizeof(half));
	if (halves_touch(half, space))
		return false;
	memcpy(&counted, last + fresh, sizeof(counted));
	digit = (bytes16)((v - '0') < 10) & counted;
	memcpy(half, &digit, sizeof(half));
	*digits += halves_sum(half);
	upper = (bytes16)((v - 'A') < 26);
	v |= upper & 0x20;
	memcpy(out, &v, sizeof(v));
	return true;
}

/* Less than a block, by way of a whole one. */
static bool short_fold(struct str text, char *out, uint64_t space, unsigned *digits)
{
	char block[sizeof(bytes16)];

	memset(block, 'x', sizeof(block));
	memcpy(block, text.data, text.len);
	if (!block_fold(block, block, sizeof(block), &space, digits))
		return false;
	memcpy(out, block, text.len);
	return true;
}

/* As much from the start as is plain, in blocks, the last of which may overlap; returns the length.
 * `after_space`: the byte before was a space. */
static size_t blocks_fold(struct str text, char *out, bool after_space, unsigned *digits)
{
	const size_t size = sizeof(bytes16);
	size_t at = 0;
	uint64_t space = after_space;

	if (text.len < size)
		return text.len && short_fold(text, out, space, digits) ? text.len : 0;
	for (; text.len - at >= size; at += size)
		if (!block_fold(text.data + at, out + at, size, &space, digits))
			return at;
	if (at == text.len)
		return at;
	space = 0; /* the byte before the overlapping block has been seen with its neighbours */
	return block_fold(text.data + text.len - size, out + text.len - size, text.len - at, &space, digits)
		       ? text.len
		       : at;
}

static size_t utf8_write(char *out, uint32_t c)
{
	out[0] = (char)(0xe0 | c >> 12);
	out[1] = (char)(0x80 | (c >> 6 & 0x3f));
	out[2] = (char)(0x80 | (c & 0x3f));
	return 3;
}

/* A syllable as its letters (Unicode 3.12), so that composed and decomposed Korean are one. */
static size_t hangul_fold(uint32_t c, char *out)
{
	uint32_t n = c - HANGUL_FIRST, tail = n % 28;
	size_t len = utf8_write(out, 0x1100 + n / 588);

	len += utf8_write(out + len, 0x1161 + n % 588 / 28);
	if (tail)
		len += utf8_write(out + len, 0x11a7 + tail);
	return len;
}

/* Puts one byte in the place of each character that is not ASCII; returns the bytes left. */
static size_t narrow(char *bytes, size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++)
		if (((uint8_t)bytes[i] & 0xc0) != 0x80)
			bytes[n++] = (uint8_t)bytes[i] < 0x80 ? bytes[i] : FOLD_WIDE;
	return n;
}

/* Folds the character at *at, which is not ASCII, and moves on; returns the bytes written. */
static size_t char_fold(const struct view *view, struct str text, size_t *at, char *out)
{
	size_t from = *at;
	uint32_t c = utf8_next(text, at);
	uint16_t entry = view->pages[view->index[c / FOLD_PAGE]][c % FOLD_PAGE];

	if (entry == FOLD_DROP)
		return 0;
	if (entry != FOLD_KEEP) {
		memcpy(out, fold_pool + entry + 1, fold_pool[entry]);
		return fold_pool[entry];
	}
	if (view->words && c >= HANGUL_FIRST && c <= HANGUL_LAST)
		return hangul_fold(c, out);
	memcpy(out, text.data + from, *at - from);
	return *at - from;
}

/* The next character, folded to out[0 .. result). `*space`: the last byte before was a space (word view). */
static inline size_t step(const struct view *view, struct str text, size_t *at, char *out, bool *space)
{
	size_t n = 1;

	if ((uint8_t)text.data[*at] >= 0x80)
		n = view->narrow ? narrow(out, char_fold(view, text, at, out))
				 : char_fold(view, text, at, out);
	else
		out[0] = view->words ? ascii_lower(text.data[(*at)++]) : text.data[(*at)++];
	if (!view->words || n == 0)
		return n;
	if (n == 1 && ascii_is_space(out[0])) {
		out[0] = ' ';
		n = !*space;
		*space = true;
	} else {
		*space = false;
	}
	return n;
}

/* As many bytes as a block (the light view: all) character by character. */
static size_t steps_fold(const struct view *view, struct str text, size_t *at, char *out, bool *space,
	unsigned *digits, uint8_t *bits)
{
	size_t len = 0, end = *at + sizeof(bytes16);

	while (*at < text.len && (!view->words || *at < end)) {
		*bits |= (uint8_t)text.data[*at];
		for (size_t n = step(view, text, at, out + len, space); n > 0; n--)
			*digits += ascii_is_digit(out[len++]);
	}
	return len;
}

static size_t text_fold(const struct view *view, struct str text, char *out, struct fold_stats *stats)
{
	unsigned digits = 0;
	size_t at = 0, len = 0;
	bool space = false;
	uint8_t bits = 0;

	while (at < text.len) {
		size_t n =
			view->words ? blocks_fold(str_cut(text, at, text.len), out + len, space, &digits) : 0;

		at += n;
		len += n;
		space = n ? out[len - 1] == ' ' : space;
		len += steps_fold(view, text, &at, out + len, &space, &digits, &bits);
	}
	stats->ascii = bits < 0x80;
	stats->same = stats->ascii && len == text.len;
	stats->digits = digits;
	return len;
}

static size_t text_origin(const struct view *view, struct str text, size_t offset)
{
	char piece[FOLD_GROWTH * 4];
	size_t at = 0, len = 0;
	bool space = false;

	while (at < text.len) {
		size_t from = at;

		len += step(view, text, &at, piece, &space);
		if (len > offset)
			return from;
	}
	return text.len;
}

size_t fold_word(struct str text, char *out, struct fold_stats *stats)
{
	return text_fold(&word_view, text, out, stats);
}

size_t fold_light(struct str text, char *out, struct fold_stats *stats)
{
	return text_fold(&light_view, text, out, stats);
}

size_t fold_narrow(struct str text, char *out, struct fold_stats *stats)
{
	return text_fold(&narrow_view, text, out, stats);
}

size_t fold_word_origin(struct str text, size_t offset)
{
	return text_origin(&word_view, text, offset);
}

size_t fold_light_origin(struct str text, size_t offset)
{
	return text_origin(&light_view, text, offset);
}

size_t fold_narrow_origin(struct str text, size_t offset)
{
	return text_origin(&narrow_view, text, offset);
}

static bool char_is_word(uint32_t c)
{
	size_t low = 0, high = fold_words_count;

	if (c < 0x80)
		return (c - '0') < 10 || ((c | 0x20) - 'a') < 26;
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (c > fold_words[middle].last)
			low = middle + 1;
		else
			high = middle;
	}
	return low < fold_words_count && c >= fold_words[low].first;
}

bool fold_is_word_at(struct str s, size_t at)
{
	if (at >= s.len)
		return false;
	return char_is_word(utf8_next(s, &at));
}

bool fold_is_word_before(struct str s, size_t at)
{
	if (at == 0 || at > s.len)
		return false;
	do
		at--;
	while (at > 0 && ((uint8_t)s.data[at] & 0xc0) == 0x80);
	return char_is_word(utf8_next(s, &at));
}
