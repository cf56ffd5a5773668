/* The two profiles. ASCII is copied in one pass; everything else goes through a run of code points:
 *
 *   UTF-8 -> code points -> [mapping -> NFC -> class and context -> Bidi Rule], repeated until nothing
 * changes -> UTF-8
 *
 * NFC comes from ICU. That is safe to leave to a library that changes versions: Unicode guarantees that the
 * normalised form of text whose characters are all assigned never changes (UAX #15, stability), and the class
 * check before it refuses what our table does not know. */
#include "jid/precis.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unicode/unorm2.h>
#include <unicode/ustring.h>

#include "base/text.h"
#include "jid/precis_table.h"

enum {
	INPUT_MAX = 4096, /* bytes; width mapping can only make text shorter */
	ROUNDS = 4,       /* RFC 8264 section 7: applied again until stable, at most three more times */
};

struct text {
	uint32_t *cp;
	size_t len;
};

/* All buffers of one preparation, in one wiped allocation. */
struct work {
	size_t cap; /* code points in each text; UTF-16 buffers hold twice as many units */
	struct text text, before, scratch;
	UChar *utf16_in, *utf16_out;
	size_t bytes; /* of the whole allocation */
};

struct profile {
	bool identifier; /* IdentifierClass with width and case mapping and the Bidi Rule; else FreeformClass
			  */
};

/* A code point takes a byte at least, and NFC makes at most three of one (UAX #15). */
static struct work *work_new(size_t input_bytes)
{
	size_t cap = 3 * input_bytes + 8;
	size_t bytes = sizeof(struct work) + cap * (3 * sizeof(uint32_t) + 4 * sizeof(UChar));
	struct work *w = malloc(bytes);

	if (!w)
		return NULL;
	*w = (struct work){.cap = cap, .bytes = bytes};
	w->text.cp = (uint32_t *)(w + 1);
	w->before.cp = w->text.cp + cap;
	w->scratch.cp = w->before.cp + cap;
	w->utf16_in = (UChar *)(w->scratch.cp + cap);
	w->utf16_out = w->utf16_in + 2 * cap;
	return w;
}

static void work_free(struct work *w)
{
	explicit_bzero(w, w->bytes);
	free(w);
}

static void text_decode(struct text *t, struct str in)
{
	t->len = 0;
	for (size_t at = 0; at < in.len;)
		t->cp[t->len++] = utf8_next(in, &at);
}

static void text_copy(struct text *to, const struct text *from)
{
	memcpy(to->cp, from->cp, from->len * sizeof(from->cp[0]));
	to->len = from->len;
}

static size_t text_bytes(const struct text *t)
{
	size_t bytes = 0;

	for (size_t i = 0; i < t->len; i++)
		bytes += t->cp[i] < 0x80 ? 1 : t->cp[i] < 0x800 ? 2 : t->cp[i] < 0x10000 ? 3 : 4;
	return bytes;
}

static int text_encode(const struct text *t, struct buf *out)
{
	size_t bytes = text_bytes(t);

	if (out->max && out->len + bytes > out->max)
		return PRECIS_E_LONG;
	if (!buf_room(out, bytes))
		return -ENOMEM;
	for (size_t i = 0; i < t->len; i++)
		utf8_put(out, t->cp[i]);
	return 0;
}

/* RFC 8264 section 8: class by class, characters with a context rule by that rule. */
static bool text_is_allowed(const struct text *t, const struct profile *profile)
{
	for (size_t i = 0; i < t->len; i++) {
		switch (precis_class_of(t->cp[i])) {
		case PRECIS_PVALID:
			break;
		case PRECIS_FREE:
			if (profile->identifier)
				return false;
			break;
		case PRECIS_CONTEXTJ:
		case PRECIS_CONTEXTO:
			if (!precis_context_allows(t->cp, t->len, i))
				return false;
			break;
		case PRECIS_UNASSIGNED:
		case PRECIS_DISALLOWED:
		default:
			return false;
		}
	}
	return true;
}

/* Unicode 3.13, Final_Sigma: after a cased letter and not before one, case-ignorable characters skipped. */
static bool is_final_sigma(const struct text *t, size_t at)
{
	size_t i = at;
	uint16_t word = 0;

	while (i > 0 && (word = precis_word(t->cp[i - 1])) & PRECIS_CASE_IGNORABLE)
		i--;
	if (i == 0 || !(word & PRECIS_CASED))
		return false;
	for (i = at + 1; i < t->len && (word = precis_word(t->cp[i])) & PRECIS_CASE_IGNORABLE; i++)
		;
	return i == t->len || !(word & PRECIS_CASED);
}

/* toLowerCase of the Unicode Standard (RFC 8264 section 5.2.3): one to one, but for two characters. */
static int text_lower(struct work *w)
{
	const struct text *t = &w->text;
	struct text *to = &w->scratch;

	to->len = 0;
	for (size_t i = 0; i < t->len; i++) {
		if (to->len + 2 > w->cap)
			return PRECIS_E_LONG;
		if (t->cp[i] == 0x0130) {
			to->cp[to->len++] = 'i';
			to->cp[to->len++] = 0x0307;
		} else if (t->cp[i] == 0x03A3 && is_final_sigma(t, i)) {
			to->cp[to->len++] = 0x03C2;
		} else {
			to->cp[to->len++] = precis_map_lower(t->cp[i]);
		}
	}
	text_copy(&w->text, to);
	return 0;
}

static int text_nfc(struct work *w)
{
	UErrorCode error = U_ZERO_ERROR;
	const UNormalizer2 *nfc = unorm2_getNFCInstance(&error);
	int32_t units = (int32_t)(2 * w->cap), in_len = 0, out_len, len = 0;

	u_strFromUTF32(
		w->utf16_in, units, &in_len, (const UChar32 *)w->text.cp, (int32_t)w->text.len, &error);
	out_len = unorm2_normalize(nfc, w->utf16_in, in_len, w->utf16_out, units, &error);
	u_strToUTF32((UChar32 *)w->text.cp, (int32_t)w->cap, &len, w->utf16_out, out_len, &error);
	if (error == U_BUFFER_OVERFLOW_ERROR)
		return PRECIS_E_LONG;
	if (U_FAILURE(error))
		return error == U_MEMORY_ALLOCATION_ERROR ? -ENOMEM : PRECIS_E_REFUSED;
	w->text.len = (size_t)len;
	return 0;
}

static int work_map(struct work *w, const struct profile *profile)
{
	struct text *t = &w->text;

	for (size_t i = 0; i < t->len; i++) {
		if (profile->identifier)
			t->cp[i] = precis_map_width(t->cp[i]);
		else if (precis_word(t->cp[i]) & PRECIS_SPACE)
			t->cp[i] = ' ';
	}
	if (!text_is_allowed(t, profile))
		return PRECIS_E_REFUSED;
	return profile->identifier ? text_lower(w) : 0;
}

static int work_enforce(struct work *w, const struct profile *profile)
{
	int r = work_map(w, profile);

	if (r)
		return r;
	r = text_nfc(w);
	if (r)
		return r;
	if (!text_is_allowed(&w->text, profile))
		return PRECIS_E_REFUSED;
	return profile->identifier && !precis_bidi_allows(w->text.cp, w->text.len) ? PRECIS_E_REFUSED : 0;
}

static bool text_eq(const struct text *a, const struct text *b)
{
	return a->len == b->len && memcmp(a->cp, b->cp, a->len * sizeof(a->cp[0])) == 0;
}

static int work_run(struct work *w, const struct profile *profile, struct buf *out)
{
	for (int round = 0; round < ROUNDS; round++) {
		int r;

		text_copy(&w->before, &w->text);
		r = work_enforce(w, profile);
		if (r)
			return r;
		if (text_eq(&w->before, &w->text))
			return text_encode(&w->text, out);
	}
	return PRECIS_E_REFUSED;
}

static int precis_run(struct str in, const struct profile *profile, struct buf *out)
{
	struct work *w;
	int r;

	if (in.len == 0 || !utf8_is_valid(in))
		return PRECIS_E_REFUSED;
	if (in.len > INPUT_MAX)
		return PRECIS_E_LONG;
	w = work_new(in.len);
	if (!w)
		return -ENOMEM;
	text_decode(&w->text, in);
	r = work_run(w, profile, out);
	work_free(w);
	return r;
}

static bool ascii_is(struct str in, unsigned char from)
{
	for (size_t i = 0; i < in.len; i++)
		if ((unsigned char)in.data[i] < from || (unsigned char)in.data[i] > 0x7E)
			return false;
	return in.len > 0;
}

static int ascii_put(struct str in, bool lower, struct buf *out)
{
	char *to;

	if (out->max && out->len + in.len > out->max)
		return PRECIS_E_LONG;
	to = buf_room(out, in.len);
	if (!to)
		return -ENOMEM;
	for (size_t i = 0; i < in.len; i++)
		to[i] = (char)(lower && in.data[i] >= 'A' && in.data[i] <= 'Z' ? in.data[i] | 0x20
									       : in.data[i]);
	out->len += in.len;
	return 0;
}

int precis_username(struct str text, struct buf *out)
{
	static const struct profile username = {.identifier = true};

	return ascii_is(text, 0x21) ? ascii_put(text, true, out) : precis_run(text, &username, out);
}

int precis_opaque(struct str text, struct buf *out)
{
	static const struct profile opaque = {.identifier = false};

	return ascii_is(text, 0x20) ? ascii_put(text, false, out) : precis_run(text, &opaque, out);
}
