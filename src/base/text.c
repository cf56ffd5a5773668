#include "base/text.h"

void hex_put(struct buf *b, const void *data, size_t len)
{
	static const char digits[] = "0123456789abcdef";
	const unsigned char *in = data;
	char *to = buf_room(b, len * 2);

	if (!to)
		return;
	for (size_t i = 0; i < len; i++) {
		*to++ = digits[in[i] >> 4];
		*to++ = digits[in[i] & 15];
	}
	b->len += len * 2;
}

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

bool hex_parse(struct str text, void *out, size_t len)
{
	unsigned char *to = out;

	if (text.len != len * 2)
		return false;
	for (size_t i = 0; i < len; i++) {
		int high = hex_value(text.data[i * 2]), low = hex_value(text.data[i * 2 + 1]);

		if (high < 0 || low < 0)
			return false;
		to[i] = (unsigned char)(high << 4 | low);
	}
	return true;
}

static const char base64_std[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char base64_url[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static void base64_encode(struct buf *b, const unsigned char *in, size_t len, const char *set, bool pad)
{
	size_t quads = len / 3 * 4, rest = len % 3, tail = !rest ? 0 : pad ? 4 : rest + 1;
	char *to = buf_room(b, quads + tail);
	uint32_t v;

	if (!to)
		return;
	for (; len >= 3; in += 3, len -= 3, to += 4) {
		v = (uint32_t)in[0] << 16 | (uint32_t)in[1] << 8 | in[2];
		to[0] = set[v >> 18];
		to[1] = set[v >> 12 & 63];
		to[2] = set[v >> 6 & 63];
		to[3] = set[v & 63];
	}
	b->len += quads + tail;
	if (!rest)
		return;
	v = (uint32_t)in[0] << 16 | (rest == 2 ? (uint32_t)in[1] << 8 : 0);
	*to++ = set[v >> 18];
	*to++ = set[v >> 12 & 63];
	if (rest == 2)
		*to++ = set[v >> 6 & 63];
	if (pad)
		memcpy(to, "==", 3 - rest);
}

void base64_put(struct buf *b, const void *data, size_t len)
{
	base64_encode(b, data, len, base64_std, true);
}

void base64url_put(struct buf *b, const void *data, size_t len)
{
	base64_encode(b, data, len, base64_url, false);
}

static int base64_value(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

static bool base64_quad(const char *in, int chars, struct buf *b)
{
	uint32_t v = 0;

	for (int i = 0; i < 4; i++) {
		int d = i < chars ? base64_value(in[i]) : 0;

		if (d < 0)
			return false;
		v = v << 6 | (uint32_t)d;
	}
	char bytes[3] = {(char)(v >> 16), (char)(v >> 8), (char)v};

	if ((chars == 3 && (v & 0xff)) || (chars == 2 && (v & 0xffff)))
		return false; /* stray bits: a second spelling of the same bytes */
	buf_put(b, bytes, (size_t)chars - 1);
	return true;
}

bool base64_parse(struct str text, struct buf *b)
{
	if (text.len % 4)
		return false;
	for (size_t i = 0; i < text.len; i += 4) {
		int chars = 4;

		if (i + 4 == text.len && text.data[i + 3] == '=')
			chars = text.data[i + 2] == '=' ? 2 : 3;
		if (!base64_quad(text.data + i, chars, b))
			return false;
	}
	return !b->failed;
}

size_t utf8_length(struct str s, size_t at)
{
	const unsigned char *p = (const unsigned char *)s.data + at;
	size_t left = s.len - at;

	if (p[0] < 0x80)
		return 1;
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

/* Of eight bytes; 0: there is none. */
static uint64_t beyond_ascii(const char *bytes)
{
	uint64_t word;

	memcpy(&word, bytes, sizeof(word));
	return word & 0x8080808080808080;
}

/* Where the first byte beyond ASCII stands, at or after `at`. */
static size_t ascii_run(struct str s, size_t at)
{
	enum { WORD = sizeof(uint64_t) };

	for (; s.len - at >= 4 * WORD; at += 4 * WORD) {
		const char *p = s.data + at;

		if (beyond_ascii(p) | beyond_ascii(p + WORD) | beyond_ascii(p + 2 * WORD) | beyond_ascii(p + 3 * WORD))
			break;
	}
	while (s.len - at >= WORD && !beyond_ascii(s.data + at))
		at += WORD;
	if (s.len >= WORD && s.len - at < WORD && !beyond_ascii(s.data + s.len - WORD))
		return s.len; /* the last ones, with some before them once more */
	while (at < s.len && (unsigned char)s.data[at] < 0x80)
		at++;
	return at;
}

bool utf8_is_valid(struct str s)
{
	size_t at = 0, n;

	while ((at = ascii_run(s, at)) < s.len) {
		n = utf8_length(s, at);
		if (n == 0)
			return false;
		at += n;
	}
	return true;
}

uint32_t utf8_next(struct str s, size_t *at)
{
	const unsigned char *p = (const unsigned char *)s.data + *at;

	if (p[0] < 0x80) {
		*at += 1;
		return p[0];
	}
	if (p[0] < 0xe0) {
		*at += 2;
		return (uint32_t)(p[0] & 0x1f) << 6 | (p[1] & 0x3f);
	}
	if (p[0] < 0xf0) {
		*at += 3;
		return (uint32_t)(p[0] & 0x0f) << 12 | (uint32_t)(p[1] & 0x3f) << 6 | (p[2] & 0x3f);
	}
	*at += 4;
	return (uint32_t)(p[0] & 0x07) << 18 | (uint32_t)(p[1] & 0x3f) << 12 | (uint32_t)(p[2] & 0x3f) << 6 |
			(p[3] & 0x3f);
}

void utf8_put(struct buf *b, uint32_t c)
{
	char out[4];
	size_t n = 0;

	if (c < 0x80) {
		out[n++] = (char)c;
	} else if (c < 0x800) {
		out[n++] = (char)(0xc0 | c >> 6);
		out[n++] = (char)(0x80 | (c & 0x3f));
	} else if (c < 0x10000) {
		out[n++] = (char)(0xe0 | c >> 12);
		out[n++] = (char)(0x80 | (c >> 6 & 0x3f));
		out[n++] = (char)(0x80 | (c & 0x3f));
	} else {
		out[n++] = (char)(0xf0 | c >> 18);
		out[n++] = (char)(0x80 | (c >> 12 & 0x3f));
		out[n++] = (char)(0x80 | (c >> 6 & 0x3f));
		out[n++] = (char)(0x80 | (c & 0x3f));
	}
	buf_put(b, out, n);
}

static bool json_is_plain(unsigned char c)
{
	return c >= 0x20 && c != '"' && c != '\\' && c != 0x7f;
}

void json_escape(struct buf *b, struct str s)
{
	size_t from = 0;

	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.data[i];

		if (json_is_plain(c))
			continue;
		buf_put(b, s.data + from, i - from);
		from = i + 1;
		if (c == '"' || c == '\\') {
			buf_putc(b, '\\');
			buf_putc(b, (char)c);
		} else if (c == '\n') {
			buf_lit(b, "\\n");
		} else if (c == '\t') {
			buf_lit(b, "\\t");
		} else if (c == '\r') {
			buf_lit(b, "\\r");
		} else {
			buf_lit(b, "\\u00");
			hex_put(b, &c, 1);
		}
	}
	buf_put(b, s.data + from, s.len - from);
}

void json_quote(struct buf *b, struct str s)
{
	buf_putc(b, '"');
	json_escape(b, s);
	buf_putc(b, '"');
}

static bool log_is_plain(uint32_t c)
{
	if (c < 0x20 || (c >= 0x7f && c < 0xa0) || c == '\\')
		return false;
	/* line and paragraph separators, bidirectional controls */
	return !(c >= 0x2028 && c <= 0x202e) && !(c >= 0x2066 && c <= 0x2069) && c != 0x200e && c != 0x200f;
}

void log_escape(struct buf *b, struct str s, size_t max)
{
	size_t at = 0, end = s.len > max ? max : s.len;

	while (at < end) {
		size_t n = utf8_length(s, at), next = at;
		uint32_t c;

		if (n == 0) {
			buf_printf(b, "\\x%02x", (unsigned char)s.data[at++]);
			continue;
		}
		c = utf8_next(s, &next);
		if (log_is_plain(c))
			buf_put(b, s.data + at, n);
		else
			buf_printf(b, "\\u{%x}", (unsigned)c);
		at = next;
	}
	if (at < s.len)
		buf_lit(b, "...");
}

struct str network_host(struct str address)
{
	size_t colon = address.len;

	if (address.len && address.data[0] == '[')
		return str_cut(address, 1, str_find(address, ']', 0));
	while (colon > 0 && address.data[colon - 1] != ':')
		colon--;
	/* Without brackets more than one colon is an address of version 6. */
	return colon == 0 || str_find(address, ':', 0) + 1 != colon ? address : str_cut(address, 0, colon - 1);
}
