#include "stanza/xml_char.h"

#include "base/text.h"

#define LETTER (XML_NAME | XML_START)

const unsigned char xml_class[256] = {
	['\t'] = XML_SPACE,
	['\n'] = XML_SPACE,
	['\r'] = XML_SPACE,
	[' '] = XML_SPACE,
	['-'] = XML_NAME,
	['.'] = XML_NAME,
	[':'] = XML_NAME | XML_CHECK,
	['0' ... '9'] = XML_NAME,
	['A' ... 'Z'] = LETTER,
	['a' ... 'z'] = LETTER,
	['_'] = LETTER,
	[0x80 ... 0xff] = LETTER | XML_CHECK,
};

/* Sixteen bytes at once in the compiler's own vectors: SSE2 or NEON, else plain words. */
typedef unsigned char lane __attribute__((vector_size(16)));
typedef uint64_t half __attribute__((vector_size(16)));

#define LANE(p)                                                                                              \
	({                                                                                                   \
		lane l_;                                                                                     \
		memcpy(&l_, (p), sizeof(l_));                                                                \
		l_;                                                                                          \
	})
#define ANY(mask)                                                                                            \
	({                                                                                                   \
		half h_ = (half)(mask);                                                                      \
		(h_[0] | h_[1]) != 0;                                                                        \
	})

const char *xml_run(const char *p, const char *end, char a, char b, char c, unsigned char *high)
{
	const unsigned char ua = (unsigned char)a, ub = (unsigned char)b, uc = (unsigned char)c;
	unsigned char seen = 0;
	lane sum = {};

	for (; end - p >= 16; p += 16) {
		lane l = LANE(p);

		if (ANY((l < 0x20) | (l == ua) | (l == ub) | (l == uc)))
			break;
		sum |= l;
	}
	if (ANY(sum & 0x80))
		seen = 0x80;
	for (; p < end; p++) {
		unsigned char u = (unsigned char)*p;

		if (u < 0x20 || u == ua || u == ub || u == uc)
			break;
		seen |= u;
	}
	*high |= seen & 0x80;
	return p;
}

const char *xml_run_plain(const char *p, const char *end)
{
	static const unsigned char special[256] = {
		[0 ... 0x1f] = 1,
		['<'] = 1,
		['>'] = 1,
		['&'] = 1,
		['\''] = 1,
		['"'] = 1,
		[0x80 ... 0xff] = 1,
	};

	for (; end - p >= 16; p += 16) {
		lane l = LANE(p);

		if (ANY((l < 0x20) | (l >= 0x80) | (l == '<') | (l == '>') | (l == '&') | (l == '\'') |
			    (l == '"')))
			break;
	}
	while (p < end && !special[(unsigned char)*p])
		p++;
	return p;
}

/* Sequences of three: E0 must not be overlong, ED not a surrogate, EF BF BE and EF BF BF are no characters.
 */
static bool three_is_legal(const unsigned char *p)
{
	if ((p[1] & 0xc0) != 0x80 || (p[2] & 0xc0) != 0x80)
		return false;
	if (p[0] == 0xe0)
		return p[1] >= 0xa0;
	if (p[0] == 0xed)
		return p[1] <= 0x9f;
	return !(p[0] == 0xef && p[1] == 0xbf && p[2] >= 0xbe);
}

static bool four_is_legal(const unsigned char *p)
{
	if ((p[1] & 0xc0) != 0x80 || (p[2] & 0xc0) != 0x80 || (p[3] & 0xc0) != 0x80)
		return false;
	if (p[0] == 0xf0)
		return p[1] >= 0x90;
	return p[0] < 0xf4 || p[1] <= 0x8f;
}

unsigned xml_char_length(const char *at, const char *end)
{
	const unsigned char *p = (const unsigned char *)at;
	size_t left = (size_t)(end - at);

	if (p[0] < 0x80)
		return p[0] >= 0x20 || xml_is(*at, XML_SPACE);
	if (p[0] < 0xc2 || p[0] > 0xf4)
		return 0;
	if (p[0] < 0xe0)
		return left >= 2 && (p[1] & 0xc0) == 0x80 ? 2 : 0;
	if (p[0] < 0xf0)
		return left >= 3 && three_is_legal(p) ? 3 : 0;
	return left >= 4 && four_is_legal(p) ? 4 : 0;
}

/* Behind the ASCII from 0x20 on. */
static const char *skip_ascii(const char *p, const char *end)
{
	for (; end - p >= 16; p += 16) {
		lane l = LANE(p);

		if (ANY((l < 0x20) | (l >= 0x80)))
			break;
	}
	while (p < end && (unsigned char)*p >= 0x20 && (unsigned char)*p < 0x80)
		p++;
	return p;
}

bool xml_chars_valid(struct str s)
{
	const char *p = s.data, *end = p + s.len;

	while ((p = skip_ascii(p, end)) < end) {
		unsigned n = xml_char_length(p, end);

		if (n == 0)
			return false;
		p += n;
	}
	return true;
}

bool xml_char_is_legal(uint32_t c)
{
	if (c < 0x20)
		return c == '\t' || c == '\n' || c == '\r';
	return c <= 0xd7ff || (c >= 0xe000 && c <= 0xfffd) || (c >= 0x10000 && c <= 0x10ffff);
}

struct range {
	uint32_t first, last;
};

/* NameStartChar above ASCII. */
static const struct range starts[] = {
	{0xc0, 0xd6},
	{0xd8, 0xf6},
	{0xf8, 0x2ff},
	{0x370, 0x37d},
	{0x37f, 0x1fff},
	{0x200c, 0x200d},
	{0x2070, 0x218f},
	{0x2c00, 0x2fef},
	{0x3001, 0xd7ff},
	{0xf900, 0xfdcf},
	{0xfdf0, 0xfffd},
	{0x10000, 0xeffff},
};

/* What NameChar adds to it. */
static const struct range others[] = {{0xb7, 0xb7}, {0x300, 0x36f}, {0x203f, 0x2040}};

static bool in_ranges(uint32_t c, const struct range *ranges, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (c >= ranges[i].first && c <= ranges[i].last)
			return true;
	return false;
}

static bool wide_is_name(uint32_t c, bool start)
{
	return in_ranges(c, starts, sizeof(starts) / sizeof(*starts)) ||
	       (!start && in_ranges(c, others, sizeof(others) / sizeof(*others)));
}

/* The characters above ASCII of a name whose ASCII is in order: those at `first` and behind a colon begin a
 * part. */
static bool wide_is_valid(struct str name)
{
	bool start = true;
	size_t at = 0;

	if (!xml_chars_valid(name))
		return false;
	while (at < name.len) {
		uint32_t c = utf8_next(name, &at);

		if (c >= 0x80 && !wide_is_name(c, start))
			return false;
		start = c == ':';
	}
	return true;
}

bool xml_qname_valid(struct str name, size_t *out_prefix)
{
	unsigned char high = 0;
	size_t colon = 0;

	if (name.len == 0 || !xml_is(name.data[0], XML_START))
		return false;
	for (size_t i = 0; i < name.len; i++) {
		high |= (unsigned char)name.data[i];
		if (name.data[i] != ':')
			continue;
		if (colon || i + 1 == name.len || !xml_is(name.data[i + 1], XML_START))
			return false;
		colon = i;
	}
	*out_prefix = colon;
	return !(high & 0x80) || wide_is_valid(name);
}
