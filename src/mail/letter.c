#include "mail/letter.h"

#include <errno.h>
#include <time.h>

#include "base/text.h"
#include "mail/address.h"

enum {
	LINE_MAX_QP = 76,  /* RFC 2045 section 6.7 (5), the soft break included */
	WORD_MAX = 60,     /* of 75 (RFC 2047 section 2), so that the first one fits behind its header's name */
	PLAIN_MAX = 60,    /* a longer text is cut into words, too: lines stay below 78 */
	HEADER_TEXT_MAX = 1000,
	LANGUAGE_MAX = 35,
};

/* ---- headers ---- */

/* Safe in an encoded word wherever that may stand (RFC 2047 section 5 (3)). */
static bool is_word_char(unsigned char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || (c && strchr("!*+-/", c));
}

static bool is_header_text(struct str s)
{
	if (s.len > HEADER_TEXT_MAX || !utf8_is_valid(s))
		return false;
	for (size_t at = 0; at < s.len;) {
		uint32_t c = utf8_next(s, &at);

		if (c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x2028 || c == 0x2029)
			return false;
	}
	return true;
}

/* What needs no encoding: readers take it as it stands. */
static bool is_plain(struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		if ((unsigned char)s.data[i] >= 0x7f || (s.data[i] == '=' && i + 1 < s.len && s.data[i + 1] == '?'))
			return false;
	return s.len <= PLAIN_MAX && s.len && s.data[0] != ' ' && s.data[s.len - 1] != ' ';
}

static size_t word_cost(struct str s, size_t at, size_t len)
{
	size_t cost = 0;

	for (size_t i = at; i < at + len; i++)
		cost += is_word_char((unsigned char)s.data[i]) || s.data[i] == ' ' ? 1 : 3;
	return cost;
}

/* Encoded words with whole characters in each (section 5), a line each. */
static void put_words(struct buf *out, struct str s)
{
	static const char open[] = "=?UTF-8?Q?";
	size_t room = 0;

	for (size_t at = 0, len; at < s.len; at += len) {
		size_t cost;

		len = utf8_length(s, at);
		cost = word_cost(s, at, len);
		if (cost > room) {
			buf_str(out, at ? STR("?=\r\n ") : STR_NONE);
			buf_str(out, str_from(open));
			room = WORD_MAX - sizeof(open) - 1;
		}
		room -= cost;
		for (size_t i = at; i < at + len; i++)
			if (s.data[i] == ' ')
				buf_putc(out, '_');
			else if (is_word_char((unsigned char)s.data[i]))
				buf_putc(out, s.data[i]);
			else
				buf_printf(out, "=%02X", (unsigned char)s.data[i]);
	}
	buf_str(out, s.len ? STR("?=") : STR_NONE);
}

/* A display name: in quotes, or encoded. */
static void put_phrase(struct buf *out, struct str name)
{
	if (!is_plain(name)) {
		put_words(out, name);
		return;
	}
	buf_putc(out, '"');
	for (size_t i = 0; i < name.len; i++) {
		if (name.data[i] == '"' || name.data[i] == '\\')
			buf_putc(out, '\\');
		buf_putc(out, name.data[i]);
	}
	buf_putc(out, '"');
}

static void put_date(struct buf *out, uint64_t utc_us)
{
	static const char days[] = "SunMonTueWedThuFriSat", months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	time_t seconds = (time_t)(utc_us / 1000000);
	struct tm tm = {};

	gmtime_r(&seconds, &tm);
	buf_printf(out, "Date: %.3s, %02d %.3s %d %02d:%02d:%02d +0000\r\n", days + tm.tm_wday * 3, tm.tm_mday,
		months + tm.tm_mon * 3, tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
}

static bool is_token(struct str s, size_t max)
{
	for (size_t i = 0; i < s.len; i++) {
		char c = s.data[i];

		if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9') && c != '-' && c != '_')
			return false;
	}
	return s.len && s.len <= max;
}

static void put_headers(struct buf *out, const struct letter *l)
{
	put_date(out, l->utc_us);
	buf_lit(out, "From: ");
	if (l->from_name.len) {
		put_phrase(out, l->from_name);
		buf_lit(out, "\r\n ");
	}
	buf_printf(out, "<%.*s>\r\nTo: <%.*s>\r\nSubject: ", STR_FMT(l->from), STR_FMT(l->to));
	if (is_plain(l->subject))
		buf_str(out, l->subject);
	else
		put_words(out, l->subject);
	buf_printf(out, "\r\nMessage-ID: <%.*s@%.*s>\r\n", STR_FMT(l->id),
		STR_FMT(str_cut(l->from, str_find(l->from, '@', 0) + 1, l->from.len)));
	buf_lit(out, "Auto-Submitted: auto-generated\r\nX-Auto-Response-Suppress: All\r\n");
	if (is_token(l->language, LANGUAGE_MAX))
		buf_printf(out, "Content-Language: %.*s\r\n", STR_FMT(l->language));
	buf_lit(out, "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
		     "Content-Transfer-Encoding: quoted-printable\r\n\r\n");
}

/* ---- the body ---- */

/* As it may stand: printable ASCII but =, and white space that is not the end of its line. */
static bool stands(char c, bool at_end)
{
	return (c > ' ' && c < 0x7f && c != '=') || ((c == ' ' || c == '\t') && !at_end);
}

static void put_line(struct buf *out, struct str line)
{
	size_t used = 0;

	for (size_t i = 0; i < line.len; i++) {
		bool last = i + 1 == line.len, plain = stands(line.data[i], last);
		size_t cost = plain ? 1 : 3;

		if (used + cost > LINE_MAX_QP - (last ? 0u : 1u)) {
			buf_lit(out, "=\r\n");
			used = 0;
		}
		if (plain)
			buf_putc(out, line.data[i]);
		else
			buf_printf(out, "=%02X", (unsigned char)line.data[i]);
		used += cost;
	}
	buf_lit(out, "\r\n");
}

static void put_body(struct buf *out, struct str body)
{
	for (size_t from = 0, to; from < body.len; from = to + 1) {
		struct str line;

		to = str_find(body, '\n', from);
		line = str_cut(body, from, to);
		if (line.len && line.data[line.len - 1] == '\r')
			line.len--;
		put_line(out, line);
	}
}

int letter_put(struct buf *out, const struct letter *l, struct err *err)
{
	if (!is_header_text(l->subject))
		return err_set(err, -EINVAL, "a mail's subject is one line of at most %d bytes of UTF-8", HEADER_TEXT_MAX);
	if (!is_header_text(l->from_name))
		return err_set(err, -EINVAL, "a sender's name is one line of at most %d bytes of UTF-8", HEADER_TEXT_MAX);
	if (!is_token(l->id, 64))
		return err_set(err, -EINVAL, "a mail's id is made of letters, digits, - and _");
	if (!mail_address_is_plain(l->from) || !mail_address_is_plain(l->to))
		return err_set(err, -EINVAL, "a mail's sender or recipient is no address");
	if (!utf8_is_valid(l->body) || memchr(l->body.data ? l->body.data : "", '\0', l->body.len))
		return err_set(err, -EINVAL, "a mail's text is no UTF-8");
	put_headers(out, l);
	put_body(out, l->body);
	return buf_failed(out) ? -ENOMEM : 0;
}
