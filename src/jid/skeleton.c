/* Texts are UTF-16 here, as ICU takes them. Its normal forms and case folding of assigned characters never change (UAX #15,
 * UAX #31 stability); what looks like what does, and is our table's. */
#include "jid/skeleton.h"

#include <errno.h>
#include <stdlib.h>
#include <unicode/uchar.h>
#include <unicode/unorm2.h>
#include <unicode/uscript.h>
#include <unicode/ustring.h>
#include <unicode/utf16.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "jid/skeleton_data.h"

enum {
	UNITS = 8 * SKELETON_MAX, /* of any step; what would be longer is refused */
};

struct work {
	UChar text[UNITS], other[UNITS];
	int32_t len;
	bool failed; /* too long */
};

static void work_take(struct work *w, int32_t len, UErrorCode error)
{
	if (U_FAILURE(error) || len > UNITS) {
		w->failed = true;
		return;
	}
	u_memcpy(w->text, w->other, len);
	w->len = len;
}

static void decompose(struct work *w)
{
	UErrorCode error = U_ZERO_ERROR;
	const UNormalizer2 *nfd = unorm2_getNFDInstance(&error);

	if (!w->failed)
		work_take(w, unorm2_normalize(nfd, w->text, w->len, w->other, UNITS, &error), error);
}

static void fold(struct work *w)
{
	UErrorCode error = U_ZERO_ERROR;

	if (!w->failed)
		work_take(w, u_strFoldCase(w->other, UNITS, w->text, w->len, U_FOLD_CASE_DEFAULT, &error), error);
}

static int compare(const void *key, const void *row)
{
	uint32_t a = *(const uint32_t *)key, b = ((const struct skeleton_row *)row)->code_point;

	return a < b ? -1 : a > b;
}

/* Appends what the character looks like to `other`. */
static bool look_at(struct work *w, int32_t *len, UChar32 c)
{
	const struct skeleton_row *row =
		bsearch(&(uint32_t){(uint32_t)c}, skeleton_rows, skeleton_rows_len, sizeof(*row), compare);

	if (row) {
		u_memcpy(w->other + *len, skeleton_pool + row->at, row->len);
		*len += row->len;
	}
	return row != NULL;
}

/* A shape of letters that the table leaves alone (of full width, of formulas, a ligature) looks like those. */
static bool look_through(struct work *w, int32_t *len, UChar32 c)
{
	UErrorCode error = U_ZERO_ERROR;
	UChar plain[SKELETON_GROWTH];
	int32_t n = unorm2_getDecomposition(unorm2_getNFKDInstance(&error), c, plain, SKELETON_GROWTH, &error);

	if (n <= 0 || U_FAILURE(error) || *len + n * SKELETON_GROWTH > UNITS)
		return false;
	for (int32_t i = 0; i < n;) {
		UChar32 part;

		U16_NEXT(plain, i, n, part);
		if (!look_at(w, len, part))
			U16_APPEND_UNSAFE(w->other, *len, part);
	}
	return true;
}

/* Each character by what it looks like. */
static void look(struct work *w, bool through)
{
	int32_t len = 0;

	for (int32_t i = 0; i < w->len && !w->failed;) {
		UChar32 c;

		U16_NEXT(w->text, i, w->len, c);
		if (u_hasBinaryProperty(c, UCHAR_DEFAULT_IGNORABLE_CODE_POINT))
			continue;
		if (len + SKELETON_GROWTH > UNITS)
			w->failed = true;
		else if (!look_at(w, &len, c) && !(through && look_through(w, &len, c)))
			U16_APPEND_UNSAFE(w->other, len, c);
	}
	work_take(w, len, U_ZERO_ERROR);
}

static void skeleton(struct work *w, bool through)
{
	decompose(w);
	look(w, through);
	decompose(w);
}

/* Spaces and punctuation go; `loose`: what a digit or another letter stands for. */
static void squeeze(struct work *w, bool loose)
{
	int32_t len = 0;

	for (int32_t i = 0; i < w->len;) {
		UChar32 c;

		U16_NEXT(w->text, i, w->len, c);
		if (u_isUWhiteSpace(c) || u_ispunct(c))
			continue;
		if (loose && (c == 'i' || c == '1' || c == '|'))
			c = 'l';
		if (loose && c == '0')
			c = 'o';
		U16_APPEND_UNSAFE(w->other, len, c);
	}
	work_take(w, len, U_ZERO_ERROR);
}

static struct work *work_new(struct str text)
{
	UErrorCode error = U_ZERO_ERROR;
	struct work *w = text.len <= SKELETON_MAX ? malloc(sizeof(*w)) : NULL;

	if (!w)
		return NULL;
	w->failed = false;
	u_strFromUTF8(w->text, UNITS, &w->len, text.data, (int32_t)text.len, &error);
	w->failed = U_FAILURE(error);
	return w;
}

/* Frees it. */
static int work_put(struct work *w, struct buf *out)
{
	UErrorCode error = U_ZERO_ERROR;
	int32_t n = 0;
	char *to = w->failed ? NULL : buf_room(out, (size_t)w->len * 3 + 1);
	int r = w->failed ? SKELETON_E_LONG : -ENOMEM;

	if (to) {
		u_strToUTF8(to, w->len * 3 + 1, &n, w->text, w->len, &error);
		out->len += U_SUCCESS(error) ? (size_t)n : 0;
		r = U_SUCCESS(error) ? 0 : SKELETON_E_LONG;
	}
	free(w);
	return r;
}

int skeleton_put(struct str text, struct buf *out)
{
	struct work *w = work_new(text);

	if (!w)
		return text.len > SKELETON_MAX ? SKELETON_E_LONG : -ENOMEM;
	skeleton(w, false);
	return work_put(w, out);
}

int skeleton_put_name(struct str text, enum skeleton_form form, struct buf *out)
{
	struct work *w = work_new(text);

	if (!w)
		return text.len > SKELETON_MAX ? SKELETON_E_LONG : -ENOMEM;
	if (form == SKELETON_FOLDED)
		fold(w);
	skeleton(w, true);
	fold(w);
	skeleton(w, true); /* what case has made of it looks like something, too */
	if (!w->failed)
		squeeze(w, form == SKELETON_LOOSE);
	return work_put(w, out);
}

static bool is_same(struct str a, struct str b, enum skeleton_form form)
{
	struct buf one = BUF_INIT(0), two = BUF_INIT(0);
	bool same = skeleton_put_name(a, form, &one) == 0 && skeleton_put_name(b, form, &two) == 0 && one.len &&
		    str_eq(buf_view(&one), buf_view(&two));

	buf_done(&one);
	buf_done(&two);
	return same;
}

bool skeleton_is_same_name(struct str a, struct str b)
{
	return is_same(a, b, SKELETON_FOLDED) || is_same(a, b, SKELETON_SHOWN);
}

/* ---- scripts ---- */

/* Ways of writing that use several scripts, beside each script by itself: augmented sets of UTS 39 section 5.1. */
enum {
	WAYS = USCRIPT_CODE_LIMIT,
	/* and together with Latin letters (section 5.2) */
	WAY_LATIN_BOPOMOFO = USCRIPT_CODE_LIMIT,
	WAY_LATIN_JAPANESE,
	WAY_LATIN_KOREAN,
	WAYS_TOGETHER,
};

static bool is_written_in(UChar32 c, int way)
{
	switch (way) {
	case USCRIPT_HAN_WITH_BOPOMOFO:
		return uscript_hasScript(c, USCRIPT_HAN) || uscript_hasScript(c, USCRIPT_BOPOMOFO);
	case USCRIPT_JAPANESE:
		return uscript_hasScript(c, USCRIPT_HAN) || uscript_hasScript(c, USCRIPT_HIRAGANA) ||
		       uscript_hasScript(c, USCRIPT_KATAKANA);
	case USCRIPT_KOREAN:
		return uscript_hasScript(c, USCRIPT_HAN) || uscript_hasScript(c, USCRIPT_HANGUL);
	case WAY_LATIN_BOPOMOFO:
		return uscript_hasScript(c, USCRIPT_LATIN) || is_written_in(c, USCRIPT_HAN_WITH_BOPOMOFO);
	case WAY_LATIN_JAPANESE:
		return uscript_hasScript(c, USCRIPT_LATIN) || is_written_in(c, USCRIPT_JAPANESE);
	case WAY_LATIN_KOREAN:
		return uscript_hasScript(c, USCRIPT_LATIN) || is_written_in(c, USCRIPT_KOREAN);
	default:
		return uscript_hasScript(c, (UScriptCode)way);
	}
}

static bool is_everywhere(UChar32 c)
{
	return uscript_hasScript(c, USCRIPT_COMMON) || uscript_hasScript(c, USCRIPT_INHERITED);
}

static bool is_all_in(struct str text, int way)
{
	for (size_t at = 0; at < text.len;) {
		UChar32 c = (UChar32)utf8_next(text, &at);

		if (!is_everywhere(c) && !is_written_in(c, way))
			return false;
	}
	return true;
}

bool skeleton_is_one_script(struct str text)
{
	UChar32 first = 0;

	for (size_t at = 0; at < text.len && !first;) {
		UChar32 c = (UChar32)utf8_next(text, &at);

		if (!is_everywhere(c))
			first = c;
	}
	if (!first)
		return true;
	for (int way = 0; way < WAYS; way++)
		if (is_written_in(first, way) && is_all_in(text, way))
			return true;
	return false;
}

static bool is_mixed_word(struct str word)
{
	if (skeleton_is_one_script(word))
		return false;
	for (int way = WAYS; way < WAYS_TOGETHER; way++)
		if (is_all_in(word, way))
			return false;
	return true;
}

bool skeleton_is_mixed(struct str text)
{
	for (size_t from = 0, at = 0, before; from < text.len; from = at) {
		UChar32 c;

		do {
			before = at;
			c = (UChar32)utf8_next(text, &at);
		} while (!u_isUWhiteSpace(c) && at < text.len);
		if (!u_isUWhiteSpace(c))
			before = at;
		if (is_mixed_word(str_cut(text, from, before)))
			return true;
	}
	return false;
}
