/* The reading half of line.h. */
#include "record/line.h"

#include <errno.h>
#include <time.h>

#include "base/text.h"

int line_open(struct line_scan *s, struct str line)
{
	if (line.len < 2 || line.data[0] != '{' || line.data[line.len - 1] != '}')
		return -EBADMSG;
	s->rest = str_cut(line, 1, line.len - 1);
	s->first = true;
	return 0;
}

/* Position of the closing quote of the string that opens at s[0], or s.len. */
static size_t string_end(struct str s)
{
	size_t i = 1;

	while (i < s.len) {
		const char *q = memchr(s.data + i, '"', s.len - i);
		size_t slashes = 0;

		if (!q)
			return s.len;
		i = (size_t)(q - s.data);
		while (s.data[i - 1 - slashes] == '\\') /* ends at the opening quote at the latest */
			slashes++;
		if (slashes % 2 == 0)
			return i;
		i++;
	}
	return s.len;
}

/* Length of the array that opens at s[0]; 0 when it does not end. */
static size_t array_length(struct str s)
{
	int depth = 0;

	for (size_t i = 0; i < s.len; i++) {
		if (s.data[i] == '"') {
			i += string_end(str_cut(s, i, s.len));
		} else if (s.data[i] == '[') {
			depth++;
		} else if (s.data[i] == ']' && --depth == 0) {
			return i + 1;
		}
	}
	return 0;
}

static size_t plain_length(struct str s)
{
	size_t n = str_find(s, ',', 0);

	return n;
}

static bool is_plain(struct str text, char *kind)
{
	if (str_is(text, "true") || str_is(text, "false")) {
		*kind = 't';
		return true;
	}
	*kind = '0';
	for (size_t i = 0; i < text.len; i++)
		if (text.data[i] < '0' || text.data[i] > '9')
			return false;
	return text.len > 0;
}

/* The value at the start of rest. */
static int take_value(struct str *rest, struct line_value *out)
{
	size_t n;

	if (rest->len == 0)
		return -EBADMSG;
	out->kind = rest->data[0];
	if (out->kind == '"') {
		n = string_end(*rest);
		if (n == rest->len)
			return -EBADMSG;
		out->text = str_cut(*rest, 1, n);
		n++;
	} else if (out->kind == '[') {
		n = array_length(*rest);
		if (n == 0)
			return -EBADMSG;
		out->text = str_cut(*rest, 0, n);
	} else {
		n = plain_length(*rest);
		out->text = str_cut(*rest, 0, n);
		if (!is_plain(out->text, &out->kind))
			return -EBADMSG;
	}
	*rest = str_cut(*rest, n, rest->len);
	return 0;
}

int line_next(struct line_scan *s, struct line_value *out)
{
	size_t n;

	if (s->rest.len == 0)
		return 0;
	if (!s->first) {
		if (s->rest.data[0] != ',')
			return -EBADMSG;
		s->rest = str_cut(s->rest, 1, s->rest.len);
	}
	s->first = false;
	if (s->rest.len == 0 || s->rest.data[0] != '"')
		return -EBADMSG;
	n = string_end(s->rest);
	if (s->rest.len - n < 3 || s->rest.data[n + 1] != ':')
		return -EBADMSG;
	out->key = str_cut(s->rest, 1, n);
	s->rest = str_cut(s->rest, n + 2, s->rest.len);
	return take_value(&s->rest, out) < 0 ? -EBADMSG : 1;
}

int line_read_head(struct line_scan *s, struct str line, struct line_head *out)
{
	struct line_value v;
	struct line_head h = {};

	if (line_open(s, line) < 0)
		return -EBADMSG;
	if (line_next(s, &v) <= 0 || !str_is(v.key, "v") || !str_is(v.text, "1"))
		return -EBADMSG;
	if (line_next(s, &v) <= 0 || !str_is(v.key, "seq") || !line_get_u64(&v, &h.seq))
		return -EBADMSG;
	if (line_next(s, &v) <= 0 || !str_is(v.key, "t") || v.kind != '"' || v.text.len != LINE_TIME)
		return -EBADMSG;
	h.time = v.text;
	if (line_next(s, &v) <= 0)
		return -EBADMSG;
	if (str_is(v.key, "salt") && line_next(s, &v) <= 0)
		return -EBADMSG;
	if (!str_is(v.key, "type") || v.kind != '"')
		return -EBADMSG;
	h.type = event_by_name(v.text);
	*out = h;
	return 0;
}

bool line_find(struct str line, struct str key, struct line_value *out)
{
	struct line_scan s;
	struct line_value v;

	if (line_open(&s, line) < 0)
		return false;
	while (line_next(&s, &v) > 0)
		if (str_eq(v.key, key)) {
			*out = v;
			return true;
		}
	return false;
}

bool line_get_u64(const struct line_value *v, uint64_t *out)
{
	unsigned long long n;

	if (v->kind != '0' || (v->text.len > 1 && v->text.data[0] == '0') ||
		!str_to_u64(v->text, UINT64_MAX, &n))
		return false;
	*out = n;
	return true;
}

bool line_get_base64(const struct line_value *v, void *out, size_t len)
{
	struct buf b = BUF_INIT(65536);
	bool ok = v->kind == '"' && base64_parse(v->text, &b) && b.len == len;

	if (ok && len)
		memcpy(out, b.data, len);
	buf_done(&b);
	return ok;
}

/* The character behind a backslash at text[*at]; *at ends behind it. */
static bool unescape_one(struct str text, size_t *at, struct buf *out)
{
	static const char names[] = "\"\\ntr", values[] = "\"\\\n\t\r";
	const char *found;
	unsigned char c[2];

	if (*at >= text.len)
		return false;
	found = strchr(names, text.data[*at]);
	if (found && *found) {
		buf_putc(out, values[found - names]);
		*at += 1;
		return true;
	}
	if (text.data[*at] != 'u' || text.len - *at < 5 ||
		!hex_parse(str_cut(text, *at + 1, *at + 5), c, 2) || c[0] || c[1] >= 0x80)
		return false;
	buf_putc(out, (char)c[1]);
	*at += 5;
	return true;
}

bool line_unescape(struct str text, struct buf *out)
{
	size_t at = 0, slash;

	while (at < text.len) {
		slash = str_find(text, '\\', at);
		buf_put(out, text.data + at, slash - at);
		if (slash == text.len)
			break;
		at = slash + 1;
		if (!unescape_one(text, &at, out))
			return false;
	}
	return !buf_failed(out);
}

static bool digits(struct str t, size_t at, size_t n, int *out)
{
	unsigned long long v;

	if (!str_to_u64(str_cut(t, at, at + n), 999999, &v))
		return false;
	*out = (int)v;
	return true;
}

uint64_t line_time_us(struct str t)
{
	struct tm tm = {};
	int us;

	if (t.len != LINE_TIME || t.data[4] != '-' || t.data[7] != '-' || t.data[10] != 'T' ||
		t.data[13] != ':' || t.data[16] != ':' || t.data[19] != '.' || t.data[26] != 'Z')
		return 0;
	if (!digits(t, 0, 4, &tm.tm_year) || !digits(t, 5, 2, &tm.tm_mon) || !digits(t, 8, 2, &tm.tm_mday) ||
		!digits(t, 11, 2, &tm.tm_hour) || !digits(t, 14, 2, &tm.tm_min) ||
		!digits(t, 17, 2, &tm.tm_sec) || !digits(t, 20, 6, &us))
		return 0;
	tm.tm_year -= 1900;
	tm.tm_mon -= 1;
	return (uint64_t)timegm(&tm) * 1000000 + (uint64_t)us;
}

int line_next_string(struct str array, size_t *at, struct str *out)
{
	struct str rest;
	size_t n;

	if (array.len < 2)
		return -EBADMSG;
	if (*at == 0)
		*at = 1;
	else if (array.data[*at] == ',')
		*at += 1;
	if (array.data[*at] == ']')
		return *at + 1 == array.len ? 0 : -EBADMSG;
	rest = str_cut(array, *at, array.len - 1);
	if (rest.len < 2 || rest.data[0] != '"' || (n = string_end(rest)) == rest.len)
		return -EBADMSG;
	*out = str_cut(rest, 1, n);
	*at += n + 1;
	return 1;
}

int line_next_pair(struct str array, size_t *at, uint64_t *out_number, struct str *out)
{
	struct line_value number = {.kind = '0'};
	struct str rest;
	size_t n, inner;

	if (array.len < 2)
		return -EBADMSG;
	if (*at == 0)
		*at = 1;
	else if (array.data[*at] == ',')
		*at += 1;
	if (array.data[*at] == ']')
		return *at + 1 == array.len ? 0 : -EBADMSG;
	rest = str_cut(array, *at, array.len - 1);
	n = array_length(rest);
	if (n < 5 || rest.data[0] != '[')
		return -EBADMSG;
	inner = str_find(rest, ',', 0);
	number.text = str_cut(rest, 1, inner);
	if (inner + 2 >= n || rest.data[inner + 1] != '"' || rest.data[n - 2] != '"' ||
		!line_get_u64(&number, out_number))
		return -EBADMSG;
	*out = str_cut(rest, inner + 2, n - 2);
	*at += n;
	return 1;
}
