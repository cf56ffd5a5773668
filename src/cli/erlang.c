#include "cli/erlang.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/text.h"
#include "cli/text_reader.h"

static bool value(struct reader *r, struct erlang *out);

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '_' || c == '@' || (c & 0x80);
}

/* White space and comments to the end of a line. */
static void space(struct reader *r)
{
	for (;;) {
		while (r->at < r->text.len && strchr(" \t\n\r\f", r->text.data[r->at]) && r->text.data[r->at])
			r->at++;
		if (peek(r) != '%')
			return;
		r->at = str_find(r->text, '\n', r->at);
	}
}

static bool take(struct reader *r, const char *token)
{
	struct str t = str_from(token);

	space(r);
	if (!str_starts(str_cut(r->text, r->at, r->text.len), t))
		return false;
	r->at += t.len;
	return true;
}

static struct str word(struct reader *r)
{
	size_t from = r->at;

	while (r->at < r->text.len && is_word(r->text.data[r->at]))
		r->at++;
	return str_cut(r->text, from, r->at);
}

/* ---- quoted ---- */

static int digit_of(char c)
{
	return is_digit(c) ? c - '0' : c >= 'a' && c <= 'z' ? c - 'a' + 10 : c >= 'A' && c <= 'Z' ? c - 'A' + 10 : 99;
}

/* A byte, or what is more as UTF-8. */
static void put_number(struct buf *out, unsigned n)
{
	if (n < 0x100)
		buf_putc(out, (char)n);
	else
		utf8_put(out, n);
}

/* At most `max` digits of that base; false: there is none. */
static bool digits(struct reader *r, int base, int max, unsigned *out)
{
	int n = 0;

	for (*out = 0; n < max && digit_of(peek(r)) < base; n++)
		*out = *out * (unsigned)base + (unsigned)digit_of(r->text.data[r->at++]);
	return n > 0;
}

static bool escape_hex(struct reader *r, struct buf *out)
{
	unsigned n;
	bool open = peek(r) == '{';

	r->at += open;
	if (!digits(r, 16, open ? 6 : 2, &n) || n > 0x10ffff || (open && peek(r) != '}'))
		return fail(r);
	r->at += open;
	put_number(out, n);
	return true;
}

/* Behind the backslash. */
static bool escape(struct reader *r, struct buf *out)
{
	static const char from[] = "bdefnrstv", to[] = "\b\x7f\x1b\f\n\r \t\v";
	char c = peek(r);
	const char *found = c ? strchr(from, c) : NULL;
	unsigned n;

	if (r->at == r->text.len)
		return fail(r);
	if (digits(r, 8, 3, &n)) {
		put_number(out, n & 0xff);
		return true;
	}
	r->at++;
	if (c == 'x')
		return escape_hex(r, out);
	if (c == '^') {
		buf_putc(out, (char)(peek(r) & 0x1f));
		r->at += r->at < r->text.len;
		return true;
	}
	buf_putc(out, found ? to[found - from] : c);
	return true;
}

/* At the quote. */
static bool quoted(struct reader *r, struct str *out)
{
	return text_quoted(r, escape, true, out);
}

/* ---- texts: pieces that stand beside each other are one ---- */

/* Characters of the file's encoding, which says of itself nothing: UTF-8, or else one byte each. */
static void put_utf8(struct buf *out, struct str text)
{
	if (utf8_is_valid(text)) {
		buf_str(out, text);
		return;
	}
	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.data[i];

		if (c >= 0x80)
			buf_putc(out, (char)(0xc0 | c >> 6));
		buf_putc(out, c >= 0x80 ? (char)(0x80 | (c & 0x3f)) : (char)c);
	}
}

static bool byte(struct reader *r, struct buf *bytes, bool *whole)
{
	unsigned n, bits = 8;

	if (!digits(r, 10, 9, &n) || n > 255 || (take(r, ":") && !digits(r, 10, 9, &bits)))
		return fail(r);
	*whole = *whole && bits == 8;
	buf_putc(bytes, (char)n);
	return true;
}

static bool keep(struct reader *r, struct buf *bytes, struct str *out)
{
	bool ok = !buf_failed(bytes);

	*out = arena_dup(r->arena, buf_view(bytes));
	ok = ok && (bytes->len == 0 || out->data);
	buf_done(bytes);
	return ok || out_of_memory(r);
}

/* Behind "<<". */
static bool pieces(struct reader *r, struct buf *bytes, bool *whole)
{
	bool ok = true;

	while (ok && !take(r, ">>")) {
		struct str text = STR("");

		if (peek(r) != '"') {
			ok = byte(r, bytes, whole);
		} else if ((ok = quoted(r, &text))) {
			if (take(r, "/utf8"))
				put_utf8(bytes, text);
			else
				buf_str(bytes, text);
		}
		(void)take(r, ",");
	}
	return ok;
}

static bool binary(struct reader *r, struct erlang *out)
{
	struct buf bytes = BUF_INIT(0);
	size_t from = r->at;
	bool whole = true;

	*out = (struct erlang){.kind = ERLANG_BINARY};
	if (take(r, "\"")) { /* mostly one piece, which need not be copied */
		r->at--;
		if (!quoted(r, &out->text))
			return false;
		if (take(r, ">>"))
			return true;
	}
	r->at = from;
	if (!pieces(r, &bytes, &whole)) {
		buf_done(&bytes);
		return false;
	}
	out->kind = whole ? ERLANG_BINARY : ERLANG_OTHER;
	return keep(r, &bytes, &out->text);
}

static bool string(struct reader *r, struct erlang *out)
{
	struct buf bytes = BUF_INIT(0);
	struct str text;

	*out = (struct erlang){.kind = ERLANG_STRING};
	if (!quoted(r, &out->text))
		return false;
	space(r);
	if (peek(r) != '"')
		return true;
	buf_str(&bytes, out->text);
	while (peek(r) == '"') {
		if (!quoted(r, &text)) {
			buf_done(&bytes);
			return false;
		}
		buf_str(&bytes, text);
		space(r);
	}
	return keep(r, &bytes, &out->text);
}

/* ---- items ---- */

static bool item(struct reader *r, struct erlang *of, struct erlang ***end)
{
	struct erlang *v = arena_zalloc(r->arena, sizeof(*v));

	if (!v)
		return out_of_memory(r);
	if (!value(r, v))
		return false;
	**end = v;
	*end = &v->next;
	of->len++;
	return true;
}

/* A list may have a tail that is none: "[a|b]". */
static bool items(struct reader *r, struct erlang *out, enum erlang_kind kind, const char *close)
{
	struct erlang **end = &out->items;

	*out = (struct erlang){.kind = kind};
	if (++r->depth > ERLANG_DEPTH)
		return fail(r);
	while (!take(r, close)) {
		if (!item(r, out, &end))
			return false;
		if (kind == ERLANG_MAP && (!(take(r, "=>") || fail(r)) || !item(r, out, &end)))
			return false;
		if (take(r, ",") || (kind == ERLANG_LIST && take(r, "|")))
			continue;
		if (!take(r, close))
			return fail(r);
		break;
	}
	r->depth--;
	return true;
}

/* ---- values ---- */

static bool to_integer(struct str text, int base, int64_t *out)
{
	uint64_t n = 0;

	for (size_t i = 0; i < text.len; i++) {
		int d = digit_of(text.data[i]);

		if (d >= base || n > (UINT64_MAX >> 1) / (unsigned)base)
			return false;
		n = n * (unsigned)base + (unsigned)d;
		if (n > INT64_MAX)
			return false;
	}
	*out = (int64_t)n;
	return text.len > 0;
}

static bool real(struct reader *r, size_t from, struct erlang *out)
{
	char text[512], *end;
	size_t n = 0;

	r->at = from;
	while (r->at < r->text.len && n < sizeof(text) - 1 && (is_digit(peek(r)) || strchr("+-.eE", peek(r)))) {
		if (peek(r) == '.' && (r->at + 1 == r->text.len || !is_digit(r->text.data[r->at + 1])))
			break; /* the end of the term */
		text[n++] = r->text.data[r->at++];
	}
	text[n] = '\0';
	*out = (struct erlang){.kind = ERLANG_FLOAT, .number = strtod(text, &end)};
	return (n && *end == '\0') || fail(r);
}

static bool number(struct reader *r, struct erlang *out)
{
	size_t from = r->at;
	bool minus = peek(r) == '-';
	int base = 10;
	struct str w;
	int64_t n;

	r->at += minus;
	w = word(r);
	if (peek(r) == '#' && to_integer(w, 10, &n) && n >= 2 && n <= 36) {
		base = (int)n;
		r->at++;
		w = word(r);
	}
	if ((base == 10 && peek(r) == '.' && r->at + 1 < r->text.len && is_digit(r->text.data[r->at + 1])) ||
		!to_integer(w, base, &n))
		return base == 10 ? real(r, from, out) : fail(r);
	*out = (struct erlang){.kind = ERLANG_INTEGER, .integer = minus ? -n : n};
	out->number = (double)out->integer;
	return true;
}

/* "#Ref<0.1.2.3>", "<0.1.0>": nothing that means something elsewhere. */
static bool other(struct reader *r, struct erlang *out)
{
	unsigned depth = 0;

	*out = (struct erlang){.kind = ERLANG_OTHER};
	do {
		char c = peek(r);

		if (r->at == r->text.len || c == '\n')
			return fail(r);
		depth += c == '<';
		depth -= c == '>' && depth;
		r->at++;
	} while (depth || r->text.data[r->at - 1] != '>');
	return true;
}

/* Behind "fun": "lists:map/2". */
static bool function(struct reader *r, struct erlang *out)
{
	size_t from = r->at;

	*out = (struct erlang){.kind = ERLANG_OTHER};
	while (r->at < r->text.len && (is_word(peek(r)) || strchr(" :/'", peek(r))))
		r->at++;
	return r->at > from;
}

static bool atom(struct reader *r, struct erlang *out)
{
	*out = (struct erlang){.kind = ERLANG_ATOM};
	if (peek(r) == '\'')
		return quoted(r, &out->text);
	out->text = word(r);
	if (str_is(out->text, "fun") && peek(r) == ' ')
		return function(r, out);
	return out->text.len > 0 || fail(r);
}

static bool value(struct reader *r, struct erlang *out)
{
	char c;

	space(r);
	c = peek(r);
	if (take(r, "<<"))
		return binary(r, out);
	if (take(r, "{"))
		return items(r, out, ERLANG_TUPLE, "}");
	if (take(r, "["))
		return items(r, out, ERLANG_LIST, "]");
	if (take(r, "#{"))
		return items(r, out, ERLANG_MAP, "}");
	if (c == '"')
		return string(r, out);
	if (c == '#' || c == '<')
		return other(r, out);
	return c == '-' || is_digit(c) ? number(r, out) : atom(r, out);
}

int erlang_next(struct str text, size_t *at, struct arena *arena, struct erlang *out)
{
	struct reader r = {.text = text, .at = *at, .arena = arena};
	bool ok;

	space(&r);
	if (r.at == text.len)
		return 0;
	ok = value(&r, out) && (take(&r, ".") || fail(&r));
	*at = r.at;
	return ok ? 1 : r.failed;
}

/* ---- looking at it ---- */

const struct erlang *erlang_item(const struct erlang *v, size_t i)
{
	const struct erlang *at = v && (v->kind == ERLANG_TUPLE || v->kind == ERLANG_LIST) ? v->items : NULL;

	while (at && i--)
		at = at->next;
	return at;
}

bool erlang_is(const struct erlang *v, const char *name)
{
	return v && v->kind == ERLANG_ATOM && str_eq(v->text, str_from(name));
}

struct str erlang_text(const struct erlang *v)
{
	return v && (v->kind == ERLANG_BINARY || v->kind == ERLANG_STRING) ? v->text : STR_NONE;
}

const struct erlang *erlang_property(const struct erlang *list, const char *name)
{
	for (const struct erlang *p = list && list->kind == ERLANG_LIST ? list->items : NULL; p; p = p->next)
		if (p->kind == ERLANG_TUPLE && p->len == 2 && erlang_is(p->items, name))
			return p->items->next;
	return NULL;
}
