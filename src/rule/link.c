#include "rule/link.h"

#include <endian.h>
#include <stdint.h>

/* Sixteen bytes at once in the compiler's own vectors. */
typedef unsigned char lane __attribute__((vector_size(16)));
typedef uint64_t half __attribute__((vector_size(16)));

/* Two-letter domains are all there, but words run into each other, too ("works.is it"): see link.h. */
static const struct str tlds[] = {STR("app"), STR("biz"), STR("blog"), STR("click"), STR("cloud"), STR("club"), STR("com"),
	STR("dev"), STR("download"), STR("edu"), STR("eu"), STR("gov"), STR("icu"), STR("info"), STR("int"), STR("io"),
	STR("link"), STR("live"), STR("mil"), STR("mobi"), STR("net"), STR("online"), STR("onion"), STR("org"), STR("page"),
	STR("shop"), STR("site"), STR("space"), STR("store"), STR("tech"), STR("top"), STR("website"), STR("work"), STR("world"),
	STR("xyz"), STR("рф"), STR("укр"), STR("бел"), STR("срб"), STR("中国"), STR("中國"), STR("公司"), STR("网络"),
	STR("한국"), STR("ভারত"), STR("भारत")};

static const struct str opaque_schemes[] = {
	STR("data"), STR("file"), STR("javascript"), STR("magnet"), STR("vbscript")};

static bool is_alpha(unsigned char c)
{
	return (c | 32) >= 'a' && (c | 32) <= 'z';
}

static bool is_digit(unsigned char c)
{
	return c >= '0' && c <= '9';
}

/* Of a name; every byte of another script's characters is. */
static bool is_label(unsigned char c)
{
	return is_alpha(c) || is_digit(c) || c == '-' || c == '_' || c >= 0x80;
}

static bool is_scheme(unsigned char c)
{
	return is_alpha(c) || is_digit(c) || c == '+' || c == '-' || c == '.';
}

bool link_is_edge(unsigned char c)
{
	return c <= ' ' || c == 0x7f || strchr("<>\"'`(){}|,;", c);
}

static struct str word_of(const struct link_finder *f)
{
	return str_of(f->word, f->word_len <= LINK_WORD_MAX ? f->word_len : 0);
}

static bool is_among(struct str word, const struct str *list, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (str_eq(word, list[i]))
			return true;
	return false;
}

static void label_begin(struct link_finder *f)
{
	f->word_len = f->number = 0;
	f->numeric = true;
	f->dot = false;
}

static void name_begin(struct link_finder *f)
{
	f->labels = f->octets = 0;
	f->alive = true;
	f->www = false;
	label_begin(f);
}

static void label_add(struct link_finder *f, unsigned char c)
{
	if (f->word_len < LINK_WORD_MAX)
		f->word[f->word_len] = is_alpha(c) ? (char)(c | 32) : (char)c;
	if (f->word_len <= LINK_WORD_MAX)
		f->word_len++;
	f->numeric = f->numeric && is_digit(c) && f->word_len <= 3;
	if (f->numeric)
		f->number = f->number * 10 + (c - '0');
}

/* A label is over: behind it comes a dot, or the end of the name. */
static void label_end(struct link_finder *f)
{
	f->alive = f->alive && f->word_len > 0;
	f->www = f->www || (f->labels == 0 && str_is(word_of(f), "www"));
	f->octets += f->numeric && f->word_len && f->number <= 255 && f->octets == f->labels;
	f->labels++;
}

/* `behind` comes after the name. */
static bool name_is_link(const struct link_finder *f, unsigned char behind)
{
	struct str tld = word_of(f);

	if (!f->alive || f->mail || f->labels < 2 || !f->word_len || behind == '@')
		return false;
	if (f->labels == 4 && f->octets == 4)
		return behind == '/' || behind == ':';
	if (str_starts(tld, STR("xn--")) || is_among(tld, tlds, sizeof(tlds) / sizeof(tlds[0])))
		return true;
	return behind == '/' && tld.len == 2 && is_alpha((unsigned char)tld.data[0]) && is_alpha((unsigned char)tld.data[1]);
}

/* The name is over, or there was none. A dot that ends a sentence is no label. */
static void name_end(struct link_finder *f, unsigned char behind)
{
	if (f->word_len && !f->dot)
		label_end(f);
	f->found = f->found || name_is_link(f, behind);
	f->mail = behind == '@' || (f->mail && !link_is_edge(behind));
}

static void name_feed(struct link_finder *f, unsigned char c)
{
	if (is_label(c)) {
		f->found = f->found || (f->www && f->dot && f->labels == 1 && !f->mail);
		if (f->dot)
			label_begin(f);
		label_add(f, c);
	} else if (c == '.' && f->word_len && !f->dot) {
		label_end(f);
		f->dot = true; /* the label stays: what follows may be the end of a sentence */
	} else {
		name_end(f, c);
		name_begin(f);
	}
}

/* Called before the name has taken the byte: its word is the scheme's last part. */
static void scheme_feed(struct link_finder *f, unsigned char c)
{
	bool scheme = f->scheme_len >= 2 && f->scheme_alpha;

	if (f->slashes == 3 || (f->opaque && f->slashes == 1))
		f->found = f->found || !link_is_edge(c);
	if (c == ':' && scheme) {
		f->slashes = 1;
		f->opaque = f->labels == 0 &&
			    is_among(word_of(f), opaque_schemes, sizeof(opaque_schemes) / sizeof(opaque_schemes[0]));
	} else if (c == '/' && f->slashes && f->slashes < 3) {
		f->slashes++;
	} else {
		f->slashes = 0;
	}
	f->scheme_alpha = is_scheme(c) && (f->scheme_alpha || is_alpha(c));
	f->scheme_len = is_scheme(c) ? (f->scheme_len < 2 ? f->scheme_len + 1 : 2) : 0;
}

/* \\host\share */
static void share_feed(struct link_finder *f, unsigned char c)
{
	if (c == '\\') {
		f->found = f->found || f->backslashes == 3;
		f->backslashes = f->backslashes < 2 ? f->backslashes + 1 : 0;
	} else if (f->backslashes >= 2 && (is_label(c) || c == '.' || c == ':' || c == '@' || c == '[' || c == ']')) {
		f->backslashes = 3;
	} else {
		f->backslashes = 0;
	}
}

void link_begin(struct link_finder *f)
{
	*f = (struct link_finder){};
	name_begin(f);
}

void link_feed(struct link_finder *f, struct str text)
{
	for (size_t i = 0; i < text.len && !f->found; i++) {
		unsigned char c = (unsigned char)text.data[i];

		scheme_feed(f, c);
		share_feed(f, c);
		name_feed(f, c);
	}
}

bool link_end(struct link_finder *f)
{
	if (!f->found)
		name_end(f, ' ');
	return f->found;
}

/* A link needs one of . : \ there, and not at the end of a sentence. */
static bool is_sign_at(struct str text, size_t at)
{
	char c = text.data[at];

	if (at + 1 == text.len)
		return false;
	return c == '\\' || ((c == '.' || c == ':') && !link_is_edge((unsigned char)text.data[at + 1]));
}

/* Of the eight bytes there; `marks` has those set that are to be looked at. */
static bool has_sign(struct str text, size_t at, uint64_t marks)
{
	for (marks = le64toh(marks) & UINT64_C(0x0101010101010101); marks; marks &= marks - 1)
		if (is_sign_at(text, at + (size_t)__builtin_ctzll(marks) / 8))
			return true;
	return false;
}

static bool lane_has_sign(struct str text, size_t at)
{
	half marks;
	lane l;

	memcpy(&l, text.data + at, sizeof(l));
	marks = (half)((l == '.') | (l == ':') | (l == '\\'));
	return (marks[0] | marks[1]) != 0 && (has_sign(text, at, marks[0]) || has_sign(text, at + 8, marks[1]));
}

bool link_may_be_in(struct str text)
{
	size_t at = 0;

	for (; at + sizeof(lane) <= text.len; at += sizeof(lane))
		if (lane_has_sign(text, at))
			return true;
	if (at) /* the last ones, with some before them once more */
		return at < text.len && lane_has_sign(text, text.len - sizeof(lane));
	for (; at < text.len; at++)
		if (is_sign_at(text, at))
			return true;
	return false;
}

bool link_in(struct str text)
{
	struct link_finder f;

	link_begin(&f);
	link_feed(&f, text);
	return link_end(&f);
}
