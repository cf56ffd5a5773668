/* The rules that look at a character's neighbours: RFC 5892 appendix A and RFC 5893 section 2. */
#include "jid/precis_table.h"

static bool is_virama_before(const uint32_t *text, size_t at)
{
	return at > 0 && (precis_word(text[at - 1]) & PRECIS_VIRAMA);
}

static bool is_script(uint32_t code_point, enum precis_script script)
{
	return precis_word_script(precis_word(code_point)) == script;
}

/* A.1: (L|D) T* U+200C T* (R|D). */
static bool is_between_joining(const uint32_t *text, size_t len, size_t at)
{
	size_t before = at, after = at + 1;
	enum precis_joining j;

	while (before > 0 && precis_word_joining(precis_word(text[before - 1])) == JOINING_T)
		before--;
	while (after < len && precis_word_joining(precis_word(text[after])) == JOINING_T)
		after++;
	if (before == 0 || after == len)
		return false;
	j = precis_word_joining(precis_word(text[before - 1]));
	if (j != JOINING_L && j != JOINING_D)
		return false;
	j = precis_word_joining(precis_word(text[after]));
	return j == JOINING_R || j == JOINING_D;
}

static bool has_in(const uint32_t *text, size_t len, uint32_t from, uint32_t to)
{
	for (size_t i = 0; i < len; i++)
		if (text[i] >= from && text[i] <= to)
			return true;
	return false;
}

static bool has_east_asian(const uint32_t *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (is_script(text[i], SCRIPT_EAST_ASIAN))
			return true;
	return false;
}

bool precis_context_allows(const uint32_t *text, size_t len, size_t at)
{
	switch (text[at]) {
	case 0x200C: /* A.1 zero width non-joiner */
		return is_virama_before(text, at) || is_between_joining(text, len, at);
	case 0x200D: /* A.2 zero width joiner */
		return is_virama_before(text, at);
	case 0x00B7: /* A.3 middle dot, Catalan */
		return at > 0 && at + 1 < len && text[at - 1] == 'l' && text[at + 1] == 'l';
	case 0x0375: /* A.4 Greek lower numeral sign */
		return at + 1 < len && is_script(text[at + 1], SCRIPT_GREEK);
	case 0x05F3: /* A.5, A.6 Hebrew geresh and gershayim */
	case 0x05F4:
		return at > 0 && is_script(text[at - 1], SCRIPT_HEBREW);
	case 0x30FB: /* A.7 Katakana middle dot */
		return has_east_asian(text, len);
	default: /* A.8, A.9: the two rows of Arabic digits do not mix */
		if (text[at] >= 0x0660 && text[at] <= 0x0669)
			return !has_in(text, len, 0x06F0, 0x06F9);
		return text[at] >= 0x06F0 && text[at] <= 0x06F9 && !has_in(text, len, 0x0660, 0x0669);
	}
}

#define BIT(bidi) (1u << (bidi))

enum {
	BIDI_RIGHT = BIT(BIDI_R) | BIT(BIDI_AL) | BIT(BIDI_AN),
	BIDI_NEUTRAL = BIT(BIDI_EN) | BIT(BIDI_ES) | BIT(BIDI_CS) | BIT(BIDI_ET) | BIT(BIDI_ON) |
		       BIT(BIDI_BN) | BIT(BIDI_NSM),
};

bool precis_bidi_allows(const uint32_t *text, size_t len)
{
	unsigned seen = 0, last = 0, first = 0;

	for (size_t i = 0; i < len; i++) {
		unsigned bit = BIT(precis_word_bidi(precis_word(text[i])));

		if (i == 0)
			first = bit;
		if (bit != BIT(BIDI_NSM))
			last = bit;
		seen |= bit;
	}
	if (!(seen & BIDI_RIGHT))
		return true;
	if (!(first & (BIT(BIDI_R) | BIT(BIDI_AL))))
		return false; /* condition 1; a label that starts with L fails 5 by what it has seen */
	if (seen & ~(unsigned)(BIDI_RIGHT | BIDI_NEUTRAL))
		return false; /* 2 */
	if (!(last & (BIDI_RIGHT | BIT(BIDI_EN))))
		return false;                                                           /* 3 */
	return (seen & (BIT(BIDI_EN) | BIT(BIDI_AN))) != (BIT(BIDI_EN) | BIT(BIDI_AN)); /* 4 */
}
