#include "record/line.h"

#include <endian.h>
#include <errno.h>

#include "base/rand.h"
#include "base/text.h"
#include "ipc/frame.h"
#include "record/quote.h"

/* Room for a string of that length with its quotes, and for the name of a member before it. */
static size_t string_room(size_t len)
{
	return len * QUOTE_GROWTH + QUOTE_SLACK + 2;
}

/* "..." at `to`. NULL: not UTF-8. */
static inline char *put_string(char *to, struct str s)
{
	*to = '"';
	to = quote_into(to + 1, s);
	if (to)
		*to++ = '"';
	return to;
}

/* What was written from buf_room() on belongs to b now. */
static inline void advance(struct buf *b, const char *to)
{
	b->len = (size_t)(to - b->data);
}

bool line_quote(struct buf *b, struct str s)
{
	char *to = buf_room(b, string_room(s.len));

	if (!to)
		return true; /* shows in buf_failed() */
	to = put_string(to, s);
	if (!to)
		return false;
	advance(b, to);
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

/* 128 bits as 22 characters (base64url). */
static char *put_salt(char *to)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	unsigned char salt[16];

	rand_pooled(salt, sizeof(salt));
	to = put_text(to, STR(",\"salt\":\""));
	for (unsigned i = 0; i < 15; i += 3) {
		unsigned v = (unsigned)salt[i] << 16 | (unsigned)salt[i + 1] << 8 | salt[i + 2];

		*to++ = digits[v >> 18];
		*to++ = digits[v >> 12 & 63];
		*to++ = digits[v >> 6 & 63];
		*to++ = digits[v & 63];
	}
	*to++ = digits[salt[15] >> 2];
	*to++ = digits[salt[15] << 4 & 63];
	*to++ = '"';
	return to;
}

void line_begin(struct buf *b, uint64_t seq, const char time[LINE_TIME], bool salted, enum event type)
{
	char *to = buf_room(b, 256);

	if (!to)
		return;
	to = put_text(to, STR("{\"v\":1,\"seq\":"));
	to = put_decimal(to, seq);
	to = put_text(to, STR(",\"t\":\""));
	to = put_text(to, str_of(time, LINE_TIME));
	*to++ = '"';
	if (salted)
		to = put_salt(to);
	to = put_text(to, STR(",\"type\":\""));
	to = put_text(to, event_type(type)->name);
	*to++ = '"';
	advance(b, to);
}

static char *put_name(char *to, struct str name)
{
	to = put_text(to, STR(",\""));
	to = put_text(to, name);
	return put_text(to, STR("\":"));
}

void line_member(struct buf *b, struct str name)
{
	char *to = buf_room(b, name.len + 4);

	if (to)
		advance(b, put_name(to, name));
}

bool line_string(struct buf *b, struct str name, struct str value)
{
	char *to = buf_room(b, name.len + 4 + string_room(value.len));

	if (!to)
		return true; /* shows in buf_failed() */
	to = put_string(put_name(to, name), value);
	if (!to)
		return false;
	advance(b, to);
	return true;
}

void line_number(struct buf *b, struct str name, uint64_t value)
{
	char *to = buf_room(b, name.len + 4 + 20);

	if (to)
		advance(b, put_decimal(put_name(to, name), value));
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

/* The put_ functions below write at `to`, for which line_put_fields has made room, and return the end; NULL:
 * the value is not of its type. */

static char *put_list(char *to, struct str v)
{
	struct str text;
	size_t at = 0;

	*to++ = '[';
	while (at < v.len) {
		if (at)
			*to++ = ',';
		if (!take_text(v, &at, &text) || !(to = put_string(to, text)))
			return NULL;
	}
	*to++ = ']';
	return to;
}

static char *put_number(char *to, struct str v)
{
	uint64_t n;

	if (field_u64(v, &n) < 0 || n >= 1ull << 53)
		return NULL;
	return put_decimal(to, n);
}

static char *put_pairs(char *to, struct str v)
{
	struct str text;
	size_t at = 0;

	*to++ = '[';
	while (at < v.len) {
		to = put_text(to, at ? STR(",[") : STR("["));
		if (v.len - at < 8 || !(to = put_number(to, str_cut(v, at, at + 8))))
			return NULL;
		at += 8;
		*to++ = ',';
		if (!take_text(v, &at, &text) || !(to = put_string(to, text)))
			return NULL;
		*to++ = ']';
	}
	*to++ = ']';
	return to;
}

static char *put_bool(char *to, struct str v)
{
	if (v.len != 1 || (unsigned char)v.data[0] > 1)
		return NULL;
	return put_text(to, v.data[0] ? STR("true") : STR("false"));
}

static char *put_value(char *to, enum event_value type, struct str v)
{
	switch (type) {
	case VALUE_STRING:
		return put_string(to, v);
	case VALUE_NUMBER:
		return put_number(to, v);
	case VALUE_BOOL:
		return put_bool(to, v);
	case VALUE_LIST:
		return put_list(to, v);
	case VALUE_PAIRS:
		return put_pairs(to, v);
	}
	return NULL;
}

static inline void note_field(struct line_fields *f, uint16_t key, struct str value)
{
	f->seen[key >> 6] |= 1ull << (key & 63);
	if (key == KEY_CONV)
		f->conv = value;
	else if (key == KEY_ID)
		f->id = value;
	else if (key == KEY_STANZA)
		f->stanza = value;
}

/* Room is made once: each byte of a field grows to QUOTE_GROWTH at most, and the six bytes of its head to more
 * than its name (EVENT_LEAD), quotes and brackets need, the ten before the text of a pair likewise. */
int line_put_fields(struct buf *b, struct str fields, bool gate, struct line_fields *out)
{
	char *to = buf_room(b, fields.len * QUOTE_GROWTH + QUOTE_SLACK);
	const struct event_member *member;
	struct line_fields f = {};
	struct str value;
	uint16_t key;
	size_t at = 0;
	int r;

	_Static_assert(KEY_END <= 128, "line_fields.seen has 128 bits");
	if (!to)
		return -EPROTO;
	while ((r = field_next(fields, &at, &key, &value)) > 0) {
		member = event_member(key);
		if (!member || (gate && !member->gate) || line_has(&f, key))
			return -EPROTO;
		memcpy(to, member->lead, EVENT_LEAD);
		to = put_value(to + member->lead_len, member->value, value);
		if (!to)
			return -EPROTO;
		note_field(&f, key, value);
	}
	if (r)
		return r;
	advance(b, to);
	*out = f;
	return 0;
}
