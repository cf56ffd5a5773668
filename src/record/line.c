#include "record/line.h"

#include <endian.h>
#include <errno.h>

#include "base/rand.h"
#include "base/text.h"
#include "ipc/frame.h"

#define ONES 0x0101010101010101u
#define HIGHS 0x8080808080808080u

/* The high bit of each of eight bytes that is a control character, a quote, a backslash, DEL or not ASCII;
 * exact for the lowest one set (borrows run upwards only). */
static uint64_t odd_bytes(uint64_t w)
{
	uint64_t quote = w ^ (ONES * '"'), slash = w ^ (ONES * '\\'), del = w ^ (ONES * 0x7f);

	return (w | (w - ONES * 0x20) | (quote - ONES) | (slash - ONES) | (del - ONES)) & HIGHS;
}

/* Length of the multi-byte character at p, 0 when it is not valid UTF-8. */
static size_t character(const unsigned char *p, size_t left)
{
	if (p[0] < 0xc2 || p[0] > 0xf4)
		return 0;
	if (p[0] < 0xe0)
		return left >= 2 && (p[1] & 0xc0) == 0x80 ? 2 : 0;
	if (p[0] < 0xf0) {
		if (left < 3 || (p[1] & 0xc0) != 0x80 || (p[2] & 0xc0) != 0x80)
			return 0;
		return (p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) ? 0 : 3;
	}
	if (left < 4 || (p[1] & 0xc0) != 0x80 || (p[2] & 0xc0) != 0x80 || (p[3] & 0xc0) != 0x80)
		return 0;
	return (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f) ? 0 : 4;
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

/* Writes s escaped to `to`, which has room for six bytes for each of s and eight more. NULL when s is not
 * UTF-8. Plain runs are copied by eight bytes; of a word with an odd byte in it, those before the first one.
 */
static char *quote_into(char *to, struct str s)
{
	const unsigned char *p = (const unsigned char *)s.data, *end = p + s.len;
	uint64_t word, odd;
	size_t n;

	while (p < end) {
		if (end - p >= 8) {
			memcpy(&word, p, 8);
			memcpy(to, &word, 8);
			odd = odd_bytes(le64toh(word));
			n = odd ? (size_t)__builtin_ctzll(odd) / 8 : 8;
			p += n;
			to += n;
			if (!odd)
				continue;
		}
		if (*p >= 0x80) {
			n = character(p, (size_t)(end - p));
			if (n == 0)
				return NULL;
			memcpy(to, p, n);
			p += n;
			to += n;
		} else if (*p < 0x20 || *p == '"' || *p == '\\' || *p == 0x7f) {
			to = escape(to, *p++);
		} else {
			*to++ = (char)*p++;
		}
	}
	return to;
}

bool line_quote(struct buf *b, struct str s)
{
	char *start = buf_room(b, s.len * 6 + 10), *end;

	if (!start)
		return true; /* shows in buf_failed() */
	start[0] = '"';
	end = quote_into(start + 1, s);
	if (!end)
		return false;
	*end++ = '"';
	b->len += (size_t)(end - start);
	return true;
}

static char *put_text(char *to, struct str s)
{
	memcpy(to, s.data, s.len);
	return to + s.len;
}

static char *put_decimal(char *to, uint64_t value)
{
	char digits[20];
	size_t at = sizeof(digits);

	do {
		digits[--at] = (char)('0' + value % 10);
		value /= 10;
	} while (value);
	return put_text(to, str_of(digits + at, sizeof(digits) - at));
}

/* 128 bits as 22 characters. */
static char *put_salt(char *to)
{
	unsigned char salt[16];
	struct buf b;

	rand_pooled(salt, sizeof(salt));
	to = put_text(to, STR(",\"salt\":\""));
	b = (struct buf){.data = to, .cap = 22, .max = 22};
	base64url_put(&b, salt, sizeof(salt));
	to[22] = '"';
	return to + 23;
}

void line_begin(struct buf *b, uint64_t seq, const char time[LINE_TIME], bool salted, enum event type)
{
	char *start = buf_room(b, 256), *to;

	if (!start)
		return;
	to = put_text(start, STR("{\"v\":1,\"seq\":"));
	to = put_decimal(to, seq);
	to = put_text(to, STR(",\"t\":\""));
	to = put_text(to, str_of(time, LINE_TIME));
	*to++ = '"';
	if (salted)
		to = put_salt(to);
	to = put_text(to, STR(",\"type\":\""));
	to = put_text(to, event_type(type)->name);
	*to++ = '"';
	b->len += (size_t)(to - start);
}

void line_member(struct buf *b, struct str name)
{
	buf_lit(b, ",\"");
	buf_str(b, name);
	buf_lit(b, "\":");
}

bool line_string(struct buf *b, struct str name, struct str value)
{
	line_member(b, name);
	return line_quote(b, value);
}

void line_number(struct buf *b, struct str name, uint64_t value)
{
	line_member(b, name);
	buf_u64(b, value);
}

void line_base64(struct buf *b, struct str name, const void *data, size_t len)
{
	line_member(b, name);
	buf_putc(b, '"');
	base64_put(b, data, len);
	buf_putc(b, '"');
}

void line_end(struct buf *b)
{
	buf_lit(b, "}\n");
}

/* ---- fields ---- */

/* u16 length and bytes at *at of a list. */
static bool take_text(struct str v, size_t *at, struct str *out)
{
	uint16_t len;

	if (v.len - *at < 2)
		return false;
	memcpy(&len, v.data + *at, 2);
	len = le16toh(len);
	if (v.len - *at - 2 < len)
		return false;
	*out = str_of(v.data + *at + 2, len);
	*at += 2 + (size_t)len;
	return true;
}

static bool put_list(struct buf *b, struct str v)
{
	struct str text;
	size_t at = 0;

	buf_putc(b, '[');
	while (at < v.len) {
		if (at)
			buf_putc(b, ',');
		if (!take_text(v, &at, &text) || !line_quote(b, text))
			return false;
	}
	buf_putc(b, ']');
	return true;
}

static bool put_number(struct buf *b, struct str v)
{
	uint64_t n;

	if (field_u64(v, &n) < 0 || n >= 1ull << 53)
		return false;
	buf_u64(b, n);
	return true;
}

static bool put_pairs(struct buf *b, struct str v)
{
	struct str text;
	size_t at = 0;

	buf_putc(b, '[');
	while (at < v.len) {
		buf_str(b, at ? STR(",[") : STR("["));
		if (v.len - at < 8 || !put_number(b, str_cut(v, at, at + 8)))
			return false;
		at += 8;
		buf_putc(b, ',');
		if (!take_text(v, &at, &text) || !line_quote(b, text))
			return false;
		buf_putc(b, ']');
	}
	buf_putc(b, ']');
	return true;
}

static bool put_bool(struct buf *b, struct str v)
{
	if (v.len != 1 || (unsigned char)v.data[0] > 1)
		return false;
	buf_str(b, v.data[0] ? STR("true") : STR("false"));
	return true;
}

static bool put_value(struct buf *b, enum event_value type, struct str v)
{
	switch (type) {
	case VALUE_STRING:
		return line_quote(b, v);
	case VALUE_NUMBER:
		return put_number(b, v);
	case VALUE_BOOL:
		return put_bool(b, v);
	case VALUE_LIST:
		return put_list(b, v);
	case VALUE_PAIRS:
		return put_pairs(b, v);
	}
	return false;
}

static void note_field(struct line_fields *f, uint16_t key, struct str value)
{
	f->seen[key >> 6] |= 1ull << (key & 63);
	if (key == KEY_CONV)
		f->conv = value;
	else if (key == KEY_ID)
		f->id = value;
	else if (key == KEY_STANZA)
		f->stanza = value;
}

int line_put_fields(struct buf *b, struct str fields, bool gate, struct line_fields *out)
{
	const struct event_member *member;
	struct line_fields f = {};
	struct str value;
	uint16_t key;
	size_t at = 0;
	int r;

	_Static_assert(KEY_END <= 128, "line_fields.seen has 128 bits");
	while ((r = field_next(fields, &at, &key, &value)) > 0) {
		member = event_member(key);
		if (!member || (gate && !member->gate) || line_has(&f, key))
			return -EPROTO;
		buf_str(b, member->lead);
		if (!put_value(b, member->value, value))
			return -EPROTO;
		note_field(&f, key, value);
	}
	if (r == 0)
		*out = f;
	return r;
}
