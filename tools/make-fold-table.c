/* Writes src/base/fold_table.c: what base/fold.c makes of each character above ASCII.
 *
 *   meson compile -C build make-fold-table && build/src/base/make-fold-table > src/base/fold_table.c
 *
 * The table is committed, not made at build time: a verdict must not change because a machine has another
 * ICU. The test `fold table` compares the committed file with a fresh one where the ICU is the one named in
 * the file.
 *
 * Word view, in this order: ignorable characters and the marks of alphabets go; white space, dashes, quotes,
 * bullets and digits of every script become the ASCII one; else NFKC_Casefold, decomposed, marks taken away;
 * then each character that looks like ASCII letters becomes those (ICU's confusables, for the alphabets that
 * look like Latin, and the list below). Light view: ignorable characters go; white space, dashes, digits and
 * what NFKC makes ASCII become ASCII. Hangul syllables are taken apart by arithmetic in fold.c. */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <unicode/uchar.h>
#include <unicode/unorm2.h>
#include <unicode/uscript.h>
#include <unicode/uspoof.h>
#include <unicode/ustring.h>
#include <unicode/utf16.h>

enum {
	CODE_POINTS = 0x110000,
	PAGE = 128,
	PAGES = CODE_POINTS / PAGE,
	KEEP = 0,
	DROP = 1,
	POOL_MAX = 65536,
	GROWTH = 4, /* FOLD_GROWTH */
	TEXT_MAX = 128,
};

/* Look-alikes that ICU's data does not have, or has as something else than the letter a reader sees. */
static const struct {
	uint32_t first, last; /* a range is numbered on from `ascii`'s letter */
	const char *ascii;
} look_alikes[] = {
	{0x1f1e6, 0x1f1ff, "a"}, /* regional indicators */
	{0x1f150, 0x1f169, "a"}, /* negative circled */
	{0x1f170, 0x1f189, "a"}, /* negative squared */
	{0x1f110, 0x1f129, "a"}, /* parenthesised capitals */
	{0x249c, 0x24b5, "a"},   /* parenthesised small */
	{0x1d00, 0x1d00, "a"},
	{0x0299, 0x0299, "b"},
	{0x1d04, 0x1d04, "c"},
	{0x1d05, 0x1d05, "d"},
	{0x1d07, 0x1d07, "e"},
	{0xa730, 0xa730, "f"},
	{0x0262, 0x0262, "g"},
	{0x029c, 0x029c, "h"},
	{0x026a, 0x026a, "i"},
	{0x1d0a, 0x1d0a, "j"},
	{0x1d0b, 0x1d0b, "k"},
	{0x029f, 0x029f, "l"},
	{0x1d0d, 0x1d0d, "m"},
	{0x0274, 0x0274, "n"},
	{0x1d0f, 0x1d0f, "o"},
	{0x1d18, 0x1d18, "p"},
	{0x01eb, 0x01eb, "q"},
	{0x0280, 0x0280, "r"},
	{0xa731, 0xa731, "s"},
	{0x1d1b, 0x1d1b, "t"},
	{0x1d1c, 0x1d1c, "u"},
	{0x1d20, 0x1d20, "v"},
	{0x1d21, 0x1d21, "w"},
	{0x028f, 0x028f, "y"},
	{0x1d22, 0x1d22, "z"},
	{0x0250, 0x0250, "a"},
	{0x0251, 0x0251, "a"},
	{0x01dd, 0x01dd, "e"},
	{0x0259, 0x0259, "e"},
	{0x025b, 0x025b, "e"},
	{0x0254, 0x0254, "c"},
	{0x025f, 0x025f, "f"},
	{0x0192, 0x0192, "f"},
	{0x0261, 0x0261, "g"},
	{0x0265, 0x0265, "h"},
	{0x0266, 0x0266, "h"},
	{0x0131, 0x0131, "i"},
	{0x0268, 0x0268, "i"},
	{0x029e, 0x029e, "k"},
	{0x026b, 0x026d, "l"},
	{0x026f, 0x026f, "m"},
	{0x0271, 0x0271, "m"},
	{0x0272, 0x0273, "n"},
	{0x014b, 0x014b, "n"},
	{0x0279, 0x0279, "r"},
	{0x027e, 0x027e, "r"},
	{0x0282, 0x0282, "s"},
	{0x017f, 0x017f, "s"},
	{0x0287, 0x0288, "t"},
	{0x0289, 0x0289, "u"},
	{0x028c, 0x028c, "v"},
	{0x028d, 0x028d, "w"},
	{0x028e, 0x028e, "y"},
	{0x0290, 0x0291, "z"},
	{0x00f0, 0x00f0, "d"},
	{0x00de, 0x00de, "p"},
	{0x00fe, 0x00fe, "p"},
	{0x00df, 0x00df, "ss"},
	{0x1e9e, 0x1e9e, "ss"},
	{0x00b5, 0x00b5, "u"},
	/* Greek */
	{0x0391, 0x0391, "a"},
	{0x0392, 0x0392, "b"},
	{0x0395, 0x0395, "e"},
	{0x0396, 0x0396, "z"},
	{0x0397, 0x0397, "h"},
	{0x0399, 0x0399, "i"},
	{0x039a, 0x039a, "k"},
	{0x039b, 0x039b, "a"},
	{0x039c, 0x039c, "m"},
	{0x039d, 0x039d, "n"},
	{0x039f, 0x039f, "o"},
	{0x03a1, 0x03a1, "p"},
	{0x03a3, 0x03a3, "e"},
	{0x03a4, 0x03a4, "t"},
	{0x03a5, 0x03a5, "y"},
	{0x03a7, 0x03a7, "x"},
	{0x03b1, 0x03b1, "a"},
	{0x03b2, 0x03b2, "b"},
	{0x03b3, 0x03b3, "y"},
	{0x03b5, 0x03b5, "e"},
	{0x03b7, 0x03b7, "n"},
	{0x03b8, 0x03b8, "o"},
	{0x03b9, 0x03b9, "i"},
	{0x03ba, 0x03ba, "k"},
	{0x03bb, 0x03bb, "l"},
	{0x03bc, 0x03bc, "u"},
	{0x03bd, 0x03bd, "v"},
	{0x03bf, 0x03bf, "o"},
	{0x03c0, 0x03c0, "n"},
	{0x03c1, 0x03c1, "p"},
	{0x03c2, 0x03c2, "s"},
	{0x03c3, 0x03c3, "o"},
	{0x03c4, 0x03c4, "t"},
	{0x03c5, 0x03c5, "u"},
	{0x03c7, 0x03c7, "x"},
	{0x03c9, 0x03c9, "w"},
	{0x0398, 0x0398, "o"},
	{0x03a9, 0x03a9, "w"},
	/* Cyrillic */
	{0x0432, 0x0432, "b"},
	{0x0433, 0x0433, "r"},
	{0x0437, 0x0437, "3"},
	{0x0417, 0x0417, "3"},
	{0x0438, 0x0438, "u"},
	{0x0418, 0x0418, "n"},
	{0x043a, 0x043a, "k"},
	{0x043c, 0x043c, "m"},
	{0x043d, 0x043d, "h"},
	{0x043f, 0x043f, "n"},
	{0x041f, 0x041f, "n"},
	{0x0442, 0x0442, "t"},
	{0x0443, 0x0443, "y"},
	{0x0423, 0x0423, "y"},
	{0x0446, 0x0446, "u"},
	{0x0448, 0x0448, "w"},
	{0x0428, 0x0428, "w"},
	{0x0449, 0x0449, "w"},
	{0x0429, 0x0429, "w"},
	{0x044c, 0x044c, "b"},
	{0x042c, 0x042c, "b"},
	{0x044a, 0x044a, "b"},
	{0x042f, 0x042f, "r"},
	{0x044f, 0x044f, "r"},
	{0x0454, 0x0454, "e"},
	{0x0404, 0x0404, "e"},
	{0x0491, 0x0491, "r"},
	{0x0406, 0x0406, "i"},
	{0x0407, 0x0407, "i"},
	{0x04c0, 0x04c0, "i"},
	{0x04cf, 0x04cf, "i"},
	{0x04bb, 0x04bb, "h"},
	{0x0501, 0x0501, "d"},
	{0x051b, 0x051b, "q"},
	{0x051d, 0x051d, "w"},
	{0x0475, 0x0475, "v"},
	/* Armenian */
	{0x0578, 0x0578, "n"},
	{0x057d, 0x057d, "u"},
	{0x0585, 0x0585, "o"},
	{0x0581, 0x0581, "g"},
	{0x0566, 0x0566, "q"},
	{0x0570, 0x0570, "h"},
	{0x0575, 0x0575, "j"},
	{0x0584, 0x0584, "f"},
};

/* Punctuation that stands for ASCII punctuation. */
static const struct {
	uint32_t first, last;
	char ascii;
} punctuation[] = {
	{0x2018, 0x201b, '\''},
	{0x02bc, 0x02bc, '\''},
	{0x2032, 0x2032, '\''},
	{0x00b4, 0x00b4, '\''},
	{0x201c, 0x201f, '"'},
	{0x00ab, 0x00ab, '"'},
	{0x00bb, 0x00bb, '"'},
	{0x2212, 0x2212, '-'},
	{0x00b7, 0x00b7, '.'},
	{0x2022, 0x2022, '.'},
	{0x2027, 0x2027, '.'},
	{0x2219, 0x2219, '.'},
	{0x22c5, 0x22c5, '.'},
	{0x30fb, 0x30fb, '.'},
	{0x2217, 0x2217, '*'},
	{0x204e, 0x204e, '*'},
	{0x2731, 0x2731, '*'},
	{0x00a1, 0x00a1, '!'},
	{0x2223, 0x2223, '|'},
	{0x01c0, 0x01c0, '|'},
	{0x2044, 0x2044, '/'},
	{0x2215, 0x2215, '/'},
	{0x2800, 0x2800, ' '},
	{0x2028, 0x2029, '\n'},
	{0x0085, 0x0085, '\n'},
};

struct view {
	const char *name;
	uint16_t *entry; /* one a code point */
};

static unsigned char pool[POOL_MAX];
static size_t pool_len = 2; /* 0 and 1 are KEEP and DROP */
static const UNormalizer2 *nfkc_cf, *nfkc, *nfd;
static USpoofChecker *spoof;

static void die(const char *what)
{
	fprintf(stderr, "make-fold-table: %s\n", what);
	exit(1);
}

static void check(UErrorCode status, const char *what)
{
	if (U_FAILURE(status))
		die(what);
}

/* ---- strings of code points ---- */

struct cps {
	UChar32 c[TEXT_MAX];
	int len;
};

static struct cps cps_from(const UChar *text, int len)
{
	struct cps out = {};
	UChar32 c;

	for (int i = 0; i < len && out.len < TEXT_MAX;) {
		U16_NEXT(text, i, len, c);
		out.c[out.len++] = c;
	}
	return out;
}

static int cps_to(const struct cps *in, UChar *out)
{
	int len = 0;

	for (int i = 0; i < in->len; i++) {
		UBool bad = false;

		U16_APPEND(out, len, TEXT_MAX * 2, in->c[i], bad);
		if (bad)
			die("character string too long");
	}
	return len;
}

static struct cps normalize(const UNormalizer2 *with, const struct cps *in)
{
	UErrorCode status = U_ZERO_ERROR;
	UChar from[TEXT_MAX * 2], to[TEXT_MAX * 2];
	int len = unorm2_normalize(with, from, cps_to(in, from), to, TEXT_MAX * 2, &status);

	check(status, "normalization");
	return cps_from(to, len);
}

static size_t utf8_of(const struct cps *in, char *out)
{
	size_t len = 0;

	for (int i = 0; i < in->len; i++)
		U8_APPEND_UNSAFE(out, len, in->c[i]);
	return len;
}

/* ---- properties ---- */

static bool is_ignorable(UChar32 c)
{
	return u_hasBinaryProperty(c, UCHAR_DEFAULT_IGNORABLE_CODE_POINT) || u_charType(c) == U_FORMAT_CHAR ||
	       (u_charType(c) == U_CONTROL_CHAR && c >= 0x80 && c != 0x85);
}

/* Marks on letters of alphabets; in Indic scripts and on kana a mark is part of the letter and stays. */
static bool is_accent(UChar32 c)
{
	UErrorCode status = U_ZERO_ERROR;
	UScriptCode script = uscript_getScript(c, &status);

	if (u_charType(c) != U_NON_SPACING_MARK && u_charType(c) != U_ENCLOSING_MARK)
		return false;
	if (c == 0x3099 || c == 0x309a)
		return false;
	return script == USCRIPT_INHERITED || script == USCRIPT_COMMON || script == USCRIPT_LATIN ||
	       script == USCRIPT_GREEK || script == USCRIPT_CYRILLIC || script == USCRIPT_HEBREW ||
	       script == USCRIPT_ARABIC;
}

/* Alphabets in which a whole word can be made to look Latin. */
static bool looks_latin(UChar32 c)
{
	UErrorCode status = U_ZERO_ERROR;

	switch (uscript_getScript(c, &status)) {
	case USCRIPT_LATIN:
	case USCRIPT_GREEK:
	case USCRIPT_CYRILLIC:
	case USCRIPT_ARMENIAN:
	case USCRIPT_CHEROKEE:
	case USCRIPT_COPTIC:
	case USCRIPT_LISU:
	case USCRIPT_DESERET:
	case USCRIPT_OSAGE:
	case USCRIPT_ELBASAN:
	case USCRIPT_WARANG_CITI:
	case USCRIPT_OLD_ITALIC:
	case USCRIPT_LYCIAN:
	case USCRIPT_CARIAN:
	case USCRIPT_LYDIAN:
	case USCRIPT_GOTHIC:
	case USCRIPT_RUNIC:
	case USCRIPT_CANADIAN_ABORIGINAL:
	case USCRIPT_COMMON:
		return u_isalpha(c);
	default:
		return false;
	}
}

static bool is_plain(const struct cps *s)
{
	for (int i = 0; i < s->len; i++)
		if (s->c[i] >= 0x80 || !u_isalnum(s->c[i]))
			return false;
	return s->len > 0;
}

static struct cps without_accents(const struct cps *in)
{
	struct cps out = {};

	for (int i = 0; i < in->len; i++)
		if (!is_accent(in->c[i]) && !is_ignorable(in->c[i]))
			out.c[out.len++] = in->c[i];
	return out;
}

/* ---- look-alikes ---- */

static bool look_listed(UChar32 c, struct cps *out)
{
	for (size_t i = 0; i < sizeof(look_alikes) / sizeof(*look_alikes); i++) {
		if ((uint32_t)c < look_alikes[i].first || (uint32_t)c > look_alikes[i].last)
			continue;
		bool numbered = look_alikes[i].last - look_alikes[i].first == 25;

		for (const char *p = look_alikes[i].ascii; *p; p++)
			out->c[out->len++] = *p + (numbered ? c - (UChar32)look_alikes[i].first : 0);
		return true;
	}
	return false;
}

static bool look_skeleton(UChar32 c, struct cps *out)
{
	UErrorCode status = U_ZERO_ERROR;
	UChar from[4], to[TEXT_MAX];
	int len = 0;
	struct cps skeleton;

	U16_APPEND_UNSAFE(from, len, c);
	len = uspoof_getSkeleton(spoof, 0, from, len, to, TEXT_MAX, &status);
	check(status, "skeleton");
	skeleton = cps_from(to, len);
	skeleton = normalize(nfd, &skeleton);
	skeleton = without_accents(&skeleton);
	if (!is_plain(&skeleton))
		return false;
	for (int i = 0; i < skeleton.len; i++)
		skeleton.c[i] = u_tolower(skeleton.c[i]);
	/* the data takes m for two letters, and has one shape for I, l and 1 */
	if (skeleton.len == 2 && skeleton.c[0] == 'r' && skeleton.c[1] == 'n')
		skeleton = (struct cps){.c = {'m'}, .len = 1};
	if (skeleton.len == 1 && skeleton.c[0] == 'l' && u_isupper(c))
		skeleton.c[0] = 'i';
	*out = skeleton;
	return true;
}

static bool look(UChar32 c, struct cps *out)
{
	if (look_listed(c, out))
		return true;
	if (!looks_latin(c))
		return false;
	return look_skeleton(c, out) || (u_toupper(c) != c && look_skeleton(u_toupper(c), out)) ||
	       (u_tolower(c) != c && look_skeleton(u_tolower(c), out));
}

/* ---- the views ---- */

static bool ascii_for(UChar32 c, struct cps *out)
{
	for (size_t i = 0; i < sizeof(punctuation) / sizeof(*punctuation); i++) {
		if ((uint32_t)c < punctuation[i].first || (uint32_t)c > punctuation[i].last)
			continue;
		*out = (struct cps){.c = {punctuation[i].ascii}, .len = 1};
		return true;
	}
	if (u_charType(c) == U_DECIMAL_DIGIT_NUMBER)
		*out = (struct cps){.c = {'0' + u_charDigitValue(c)}, .len = 1};
	else if (u_charType(c) == U_SPACE_SEPARATOR)
		*out = (struct cps){.c = {' '}, .len = 1};
	else if (u_charType(c) == U_DASH_PUNCTUATION)
		*out = (struct cps){.c = {'-'}, .len = 1};
	else
		return false;
	return true;
}

/* Without look-alikes: compatibility, case, accents. */
static struct cps plain_of(UChar32 c)
{
	struct cps s = {.c = {c}, .len = 1};

	s = normalize(nfkc_cf, &s);
	s = normalize(nfd, &s);
	return without_accents(&s);
}

static struct cps word_of(UChar32 c)
{
	struct cps out = {}, s;

	if (is_ignorable(c) || is_accent(c) || ascii_for(c, &out) || look_listed(c, &out))
		return out;
	s = plain_of(c);
	if (is_plain(&s) || look(c, &out))
		return is_plain(&s) ? s : out;
	for (int i = 0; i < s.len; i++) {
		struct cps part = {};

		if (s.c[i] < 0x80 || !(ascii_for(s.c[i], &part) || look(s.c[i], &part)))
			part = (struct cps){.c = {u_tolower(s.c[i])}, .len = 1};
		for (int k = 0; k < part.len && out.len < TEXT_MAX; k++)
			out.c[out.len++] = part.c[k];
	}
	return out;
}

static struct cps light_of(UChar32 c)
{
	struct cps one = {.c = {c}, .len = 1}, out = {}, s;

	if (is_ignorable(c))
		return out;
	if (u_charType(c) != U_OTHER_PUNCTUATION && u_charType(c) != U_INITIAL_PUNCTUATION &&
		u_charType(c) != U_FINAL_PUNCTUATION && ascii_for(c, &out))
		return out;
	s = normalize(nfkc, &one);
	for (int i = 0; i < s.len; i++)
		if (s.c[i] >= 0x80)
			return one;
	return s;
}

static uint16_t pool_put(const char *text, size_t len)
{
	for (size_t at = 2; at < pool_len; at += 1 + pool[at])
		if (pool[at] == len && !memcmp(pool + at + 1, text, len))
			return (uint16_t)at;
	if (pool_len + 1 + len > POOL_MAX)
		die("the pool is full");
	pool[pool_len] = (unsigned char)len;
	memcpy(pool + pool_len + 1, text, len);
	pool_len += 1 + len;
	return (uint16_t)(pool_len - 1 - len);
}

static uint16_t entry_of(UChar32 c, const struct cps *to)
{
	char text[TEXT_MAX * 4];
	size_t len;

	if (to->len == 0)
		return DROP;
	if (to->len == 1 && to->c[0] == c)
		return KEEP;
	len = utf8_of(to, text);
	if (len > (size_t)U8_LENGTH(c) * GROWTH || len > 255)
		return KEEP;
	return pool_put(text, len);
}

static void fill(struct view *view, struct cps (*of)(UChar32))
{
	view->entry = calloc(CODE_POINTS, sizeof(*view->entry));
	if (!view->entry)
		die("out of memory");
	for (UChar32 c = 0x80; c < CODE_POINTS; c++) {
		struct cps to;

		if (U_IS_SURROGATE(c) || (c >= 0xac00 && c <= 0xd7a3) ||
			(!u_isdefined(c) && !is_ignorable(c)))
			continue;
		to = of(c);
		view->entry[c] = entry_of(c, &to);
	}
}

/* ---- output ---- */

static void put_rows(size_t count, unsigned (*value)(const void *, size_t), const void *owner)
{
	int column = 0;

	for (size_t i = 0; i < count; i++) {
		char text[16];
		int n = snprintf(text, sizeof(text), "%u,", value(owner, i));

		if (column == 0 || column + n > 116) {
			printf(column ? "\n\t" : "\t");
			column = 8;
		}
		fputs(text, stdout);
		column += n;
	}
	printf("\n");
}

static unsigned pool_value(const void *owner, size_t i)
{
	return ((const unsigned char *)owner)[i];
}

static unsigned short_value(const void *owner, size_t i)
{
	return ((const uint16_t *)owner)[i];
}

static void put_view(const struct view *view)
{
	static uint16_t index[PAGES], pages[PAGES * PAGE];
	size_t count = 0;

	for (size_t p = 0; p < PAGES; p++) {
		const uint16_t *page = view->entry + p * PAGE;
		size_t same = 0;

		while (same < count && memcmp(pages + same * PAGE, page, PAGE * sizeof(*page)))
			same++;
		if (same == count)
			memcpy(pages + count++ * PAGE, page, PAGE * sizeof(*page));
		index[p] = (uint16_t)same;
	}
	if (count > 255)
		die("more than 255 pages");
	printf("\nconst uint8_t %s_index[FOLD_PAGES] = {\n", view->name);
	put_rows(PAGES, short_value, index);
	printf("};\n\nconst uint16_t %s_pages[][FOLD_PAGE] = {\n", view->name);
	for (size_t p = 0; p < count; p++) {
		printf("\t{\n");
		put_rows(PAGE, short_value, pages + p * PAGE);
		printf("\t},\n");
	}
	printf("};\n");
}

/* Letters, marks and digits of scripts that put spaces between words (by line breaking class), but Hangul,
 * whose particles are written together with the word. */
static bool is_word(UChar32 c)
{
	int class = u_getIntPropertyValue(c, UCHAR_LINE_BREAK);
	UErrorCode status = U_ZERO_ERROR;

	if (!(U_GET_GC_MASK(c) & (U_GC_L_MASK | U_GC_M_MASK | U_GC_N_MASK)))
		return false;
	if (uscript_getScript(c, &status) == USCRIPT_HANGUL)
		return false;
	return class != U_LB_IDEOGRAPHIC && class != U_LB_COMPLEX_CONTEXT &&
	       class != U_LB_CONDITIONAL_JAPANESE_STARTER && class != U_LB_NONSTARTER &&
	       class != U_LB_E_BASE && class != U_LB_E_MODIFIER;
}

static void put_words(void)
{
	size_t count = 0;

	printf("\nconst struct fold_range fold_words[] = {\n");
	for (UChar32 c = 0x80; c < CODE_POINTS; c++) {
		UChar32 first = c;

		if (!is_word(c))
			continue;
		while (c + 1 < CODE_POINTS && is_word(c + 1))
			c++;
		printf("%s{0x%x, 0x%x},%s", count % 6 ? " " : "\t", (unsigned)first, (unsigned)c,
			count % 6 == 5 ? "\n" : "");
		count++;
	}
	printf("%s};\nconst size_t fold_words_count = %zu;\n", count % 6 ? "\n" : "", count);
}

int main(void)
{
	UErrorCode status = U_ZERO_ERROR;
	struct view word = {.name = "fold_word"}, light = {.name = "fold_light"};

	nfkc_cf = unorm2_getNFKCCasefoldInstance(&status);
	nfkc = unorm2_getNFKCInstance(&status);
	nfd = unorm2_getNFDInstance(&status);
	spoof = uspoof_open(&status);
	check(status, "opening ICU");
	fill(&word, word_of);
	fill(&light, light_of);

	printf("/* Written by tools/make-fold-table.c from ICU %s, Unicode %s. Do not edit: change the "
	       "tool.\n"
	       " * An entry is 0 (the character stays), 1 (it goes), or the place in the pool of a length "
	       "and as many bytes. */\n"
	       "/* clang-format off */\n"
	       "#include \"base/fold_table.h\"\n",
		U_ICU_VERSION, U_UNICODE_VERSION);
	printf("\nconst uint8_t fold_pool[] = {\n");
	put_rows(pool_len, pool_value, pool);
	printf("};\n");
	put_view(&word);
	put_view(&light);
	put_words();
	uspoof_close(spoof);
	free(word.entry);
	free(light.entry);
	return 0;
}
