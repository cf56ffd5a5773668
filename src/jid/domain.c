/* International names go through libidn2: UTS #46 mapping (case, width, full stops; RFC 5895), IDNA2008 check
 * to A-labels, and back to the U-labels that are compared and stored. Both directions must agree, so an
 * A-label that is not the encoding of a valid U-label is refused. */
#include "jid/domain.h"

#include <arpa/inet.h>
#include <errno.h>
#include <idn2.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/text.h"

enum {
	LABEL_MAX = 63,
	DNS_MAX = 253, /* in A-label form */
	INPUT_MAX = 2048,
	NOT_A_DOMAIN = 1,
};

static const unsigned char letter_digit[256] = {
	['0' ... '9'] = 1,
	['A' ... 'Z'] = 1,
	['a' ... 'z'] = 1,
};

static bool label_is_simple(struct str label)
{
	if (label.len == 0 || label.len > LABEL_MAX || label.data[0] == '-' ||
		label.data[label.len - 1] == '-')
		return false;
	return !(label.len >= 4 && label.data[2] == '-' &&
		 label.data[3] == '-'); /* xn-- and the reserved ones */
}

bool domain_is_simple(struct str *name)
{
	struct str s = *name;
	size_t start = 0;

	if (s.len && s.data[s.len - 1] == '.')
		s.len--;
	if (s.len == 0 || s.len > DNS_MAX)
		return false;
	for (size_t i = 0; i < s.len; i++) {
		if (letter_digit[(unsigned char)s.data[i]] || s.data[i] == '-')
			continue;
		if (s.data[i] != '.' || !label_is_simple(str_of(s.data + start, i - start)))
			return false;
		start = i + 1;
	}
	if (!label_is_simple(str_of(s.data + start, s.len - start)))
		return false;
	*name = s;
	return true;
}

/* [IPv6], RFC 3986 section 3.2.2, in the form of RFC 5952. Zones mean nothing to others and are refused by
 * inet_pton. */
static int literal_prepare(struct str name, struct buf *out)
{
	struct in6_addr address;
	char text[INET6_ADDRSTRLEN] = "";

	if (name.len < 4 || name.data[name.len - 1] != ']' || name.len - 2 >= sizeof(text))
		return NOT_A_DOMAIN;
	memcpy(text, name.data + 1, name.len - 2);
	if (memchr(text, '\0', name.len - 2) || inet_pton(AF_INET6, text, &address) != 1 ||
		!inet_ntop(AF_INET6, &address, text, sizeof(text)))
		return NOT_A_DOMAIN;
	buf_printf(out, "[%s]", text);
	return buf_failed(out) ? -ENOMEM : 0;
}

static void auto_idn2_free(char **p)
{
	idn2_free(*p);
}

static int idn_outcome(int r)
{
	return r == IDN2_OK ? 0 : r == IDN2_MALLOC ? -ENOMEM : NOT_A_DOMAIN;
}

/* Every label of the ASCII form is LDH and starts and ends with a letter or digit. */
static bool ascii_is_host(const char *ascii)
{
	struct str s = str_from(ascii);
	size_t start = 0, dot;

	if (s.len == 0 || s.len > DNS_MAX)
		return false;
	for (; start <= s.len; start = dot + 1) {
		dot = str_find(s, '.', start);
		struct str label = str_cut(s, start, dot);

		if (label.len == 0 || label.len > LABEL_MAX || !letter_digit[(unsigned char)label.data[0]] ||
			!letter_digit[(unsigned char)label.data[label.len - 1]])
			return false;
		for (size_t i = 0; i < label.len; i++)
			if (!letter_digit[(unsigned char)label.data[i]] && label.data[i] != '-')
				return false;
	}
	return true;
}

/* From any spelling to A-labels. Not with IDN2_USE_STD3_ASCII_RULES: it drops what it should refuse ("b@c"
 * gives "bc"), so ascii_is_host() does that work. */
static int to_ascii(const char *name, char **out)
{
	int r = idn_outcome(idn2_to_ascii_8z(name, out, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL));

	if (r)
		return r;
	return ascii_is_host(*out) ? 0 : NOT_A_DOMAIN;
}

static int names_prepare(const char *name, struct buf *out)
{
	AUTO(auto_idn2_free) char *ascii = NULL;
	AUTO(auto_idn2_free) char *unicode = NULL;
	AUTO(auto_idn2_free) char *again = NULL;
	int r = to_ascii(name, &ascii);

	if (r)
		return r;
	for (char *c = ascii; *c; c++)
		*c = (char)(*c >= 'A' && *c <= 'Z' ? *c | 0x20 : *c);
	r = idn_outcome(idn2_to_unicode_8z8z(ascii, &unicode, 0));
	if (r)
		return r;
	r = to_ascii(unicode, &again);
	if (r)
		return r;
	if (strcmp(ascii, again) != 0)
		return NOT_A_DOMAIN;
	buf_str(out, str_from(unicode));
	return buf_failed(out) ? -ENOMEM : 0;
}

/* A trailing dot, in any of the forms UTS #46 maps to one. */
static struct str without_dot(struct str name)
{
	static const struct str dots[] = {STR("."), STR("\u3002"), STR("\uFF0E"), STR("\uFF61")};

	for (size_t i = 0; i < sizeof(dots) / sizeof(dots[0]); i++)
		if (str_ends(name, dots[i]))
			return str_cut(name, 0, name.len - dots[i].len);
	return name;
}

int domain_prepare(struct str name, struct buf *out)
{
	AUTO(auto_free) char *text = NULL;

	if (name.len == 0 || name.len > INPUT_MAX || memchr(name.data, '\0', name.len) ||
		!utf8_is_valid(name))
		return NOT_A_DOMAIN;
	if (name.data[0] == '[')
		return literal_prepare(name, out);
	text = str_dupz(without_dot(name));
	return text ? names_prepare(text, out) : -ENOMEM;
}
