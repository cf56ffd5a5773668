#include "cli/lua.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/text.h"
#include "cli/text_reader.h"

static bool value(struct reader *r, struct lua *out);

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static bool is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/* White space and comments to the end of a line. */
static void space(struct reader *r)
{
	for (;;) {
		while (r->at < r->text.len && is_space(r->text.data[r->at]))
			r->at++;
		if (r->at + 1 >= r->text.len || r->text.data[r->at] != '-' || r->text.data[r->at + 1] != '-')
			return;
		r->at = str_find(r->text, '\n', r->at);
	}
}

static bool take(struct reader *r, char c)
{
	space(r);
	if (r->at >= r->text.len || r->text.data[r->at] != c)
		return false;
	r->at++;
	return true;
}

static struct str word(struct reader *r)
{
	size_t from;

	space(r);
	for (from = r->at; r->at < r->text.len && is_word(r->text.data[r->at]);)
		r->at++;
	return str_cut(r->text, from, r->at);
}

/* ---- strings ---- */

static int hex_digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static bool escape_number(struct reader *r, struct buf *out)
{
	unsigned n = 0;

	for (int digits = 0; digits < 3 && peek(r) >= '0' && peek(r) <= '9'; digits++)
		n = n * 10 + (unsigned)(r->text.data[r->at++] - '0');
	buf_putc(out, (char)n);
	return n < 256 || fail(r);
}

static bool escape_hex(struct reader *r, struct buf *out)
{
	int high, low;

	if (r->text.len - r->at < 3)
		return fail(r);
	high = hex_digit(r->text.data[r->at + 1]);
	low = hex_digit(r->text.data[r->at + 2]);
	r->at += 3;
	buf_putc(out, (char)(high * 16 + low));
	return (high >= 0 && low >= 0) || fail(r);
}

/* Behind the backslash. */
static bool escape(struct reader *r, struct buf *out)
{
	static const char from[] = "abfnrtv\\\"'\n", to[] = "\a\b\f\n\r\t\v\\\"'\n";
	char c = peek(r);
	const char *found = c ? strchr(from, c) : NULL;

	if (c >= '0' && c <= '9')
		return escape_number(r, out);
	if (c == 'x')
		return escape_hex(r, out);
	if (!found)
		return fail(r);
	r->at++;
	buf_putc(out, to[found - from]);
	return true;
}

static bool string(struct reader *r, struct str *out)
{
	return text_quoted(r, escape, false, out);
}

/* ---- tables ---- */

static bool key_in_brackets(struct reader *r, struct lua *out)
{
	return value(r, out) && (take(r, ']') || fail(r)) && (take(r, '=') || fail(r));
}

/* name = value: a word with '=' behind it. Else the place stays. */
static bool key_as_name(struct reader *r, struct lua *out)
{
	size_t from = r->at;
	struct str name = word(r);

	if (name.len && !(name.data[0] >= '0' && name.data[0] <= '9') && take(r, '=')) {
		*out = (struct lua){.kind = LUA_STRING, .string = name};
		return true;
	}
	r->at = from;
	return false;
}

static bool pair(struct reader *r, struct lua_pair *p, double *counter)
{
	if (take(r, '['))
		return key_in_brackets(r, &p->key) && value(r, &p->value);
	if (!key_as_name(r, &p->key))
		p->key = (struct lua){.kind = LUA_NUMBER, .number = ++*counter};
	return value(r, &p->value);
}

static bool table(struct reader *r, struct lua *out)
{
	struct lua_pair **end = &out->pairs;
	double counter = 0;

	*out = (struct lua){.kind = LUA_TABLE};
	while (!take(r, '}')) {
		struct lua_pair *p = arena_zalloc(r->arena, sizeof(*p));

		if (!p)
			return out_of_memory(r);
		if (!pair(r, p, &counter))
			return false;
		*end = p;
		end = &p->next;
		if (!take(r, ',') && !take(r, ';')) {
			if (take(r, '}'))
				return true;
			return fail(r);
		}
	}
	return true;
}

/* ---- values ---- */

static bool number(struct reader *r, struct lua *out)
{
	char text[64], *end;
	size_t n = 0;

	while (r->at + n < r->text.len && n < sizeof(text) - 1 &&
		(is_word(r->text.data[r->at + n]) || strchr("+-.", r->text.data[r->at + n])) && r->text.data[r->at + n]) {
		text[n] = r->text.data[r->at + n];
		n++;
	}
	text[n] = '\0';
	*out = (struct lua){.kind = LUA_NUMBER, .number = strtod(text, &end)};
	r->at += (size_t)(end - text);
	return end != text || fail(r);
}

static bool plain_word(struct reader *r, struct lua *out)
{
	struct str w = word(r);

	*out = (struct lua){.kind = LUA_BOOL, .boolean = str_is(w, "true")};
	if (str_is(w, "nil"))
		out->kind = LUA_NIL;
	return str_is(w, "true") || str_is(w, "false") || str_is(w, "nil") || fail(r);
}

static bool value(struct reader *r, struct lua *out)
{
	char c;
	bool ok;

	space(r);
	c = peek(r);
	if (c == '"' || c == '\'') {
		*out = (struct lua){.kind = LUA_STRING};
		return string(r, &out->string);
	}
	if (c == '{') {
		if (++r->depth > LUA_DEPTH)
			return fail(r);
		r->at++;
		ok = table(r, out);
		r->depth--;
		return ok;
	}
	return c == '-' || c == '.' || (c >= '0' && c <= '9') ? number(r, out) : plain_word(r, out);
}

int lua_next(struct str text, size_t *at, struct arena *arena, struct lua *out)
{
	struct reader r = {.text = text, .at = *at, .arena = arena};
	struct str w;
	bool item, ok;

	space(&r);
	if (r.at == text.len)
		return 0;
	w = word(&r);
	item = str_is(w, "item");
	ok = (item || str_is(w, "return")) && (!item || take(&r, '(')) && value(&r, out) && (!item || take(&r, ')'));
	if (ok)
		while (take(&r, ';'))
			;
	*at = r.at;
	return ok ? 1 : r.failed ? r.failed : -EBADMSG;
}

const struct lua *lua_get(const struct lua *t, struct str key)
{
	for (const struct lua_pair *p = t && t->kind == LUA_TABLE ? t->pairs : NULL; p; p = p->next)
		if (p->key.kind == LUA_STRING && str_eq(p->key.string, key))
			return &p->value;
	return NULL;
}

struct str lua_text(const struct lua *t, struct str key)
{
	const struct lua *v = lua_get(t, key);

	return v && v->kind == LUA_STRING ? v->string : STR_NONE;
}
