#include "inspect/card.h"

#include <stdint.h>

enum {
	GROUPS_MAX = CARD_DIGITS_MAX,
	PREFIX_DIGITS = 6,
};

/* The first six digits lie in [first, last]; bit n of `lengths`: n digits are possible. */
static const struct {
	uint32_t first, last, lengths;
	const char *issuer;
} issuers[] = {
	{400000, 499999, 1u << 13 | 1u << 16 | 1u << 19, "visa"},
	{510000, 559999, 1u << 16, "mastercard"},
	{222100, 272099, 1u << 16, "mastercard"},
	{340000, 349999, 1u << 15, "american-express"},
	{370000, 379999, 1u << 15, "american-express"},
	{300000, 305999, 1u << 14 | 1u << 16, "diners-club"},
	{309500, 309599, 1u << 14 | 1u << 16, "diners-club"},
	{360000, 369999, 1u << 14 | 1u << 16, "diners-club"},
	{380000, 399999, 1u << 14 | 1u << 16, "diners-club"},
	{601100, 601199, 1u << 16 | 1u << 19, "discover"},
	{644000, 659999, 1u << 16 | 1u << 19, "discover"},
	{352800, 358999, 1u << 16 | 1u << 17 | 1u << 18 | 1u << 19, "jcb"},
	{180000, 180099, 1u << 15, "jcb"},
	{213100, 213199, 1u << 15, "jcb"},
	{620000, 629999, 1u << 16 | 1u << 17 | 1u << 18 | 1u << 19, "unionpay"},
	{810000, 817199, 1u << 16 | 1u << 17 | 1u << 18 | 1u << 19, "unionpay"},
	{220000, 220499, 1u << 16 | 1u << 17 | 1u << 18 | 1u << 19, "mir"},
	{500000, 509999, 0xfe000, "maestro"},
	{560000, 589999, 0xfe000, "maestro"},
	{630400, 630499, 0xfe000, "maestro"},
	{675900, 676399, 0xfe000, "maestro"},
};

struct group {
	size_t at, len;
};

static bool is_digit(char c)
{
	return (uint8_t)(c - '0') < 10;
}

static bool is_letter(char c)
{
	return (uint8_t)((c | 0x20) - 'a') < 26;
}

static bool is_separator(char c)
{
	return c == ' ' || c == '-' || c == '.';
}

/* Double every second digit from the right; the sum of all digits is a multiple of ten. */
static bool luhn_is_right(const char *digits, size_t len)
{
	unsigned sum = 0;

	for (size_t i = 0; i < len; i++) {
		unsigned d = (unsigned)(digits[len - 1 - i] - '0') << (i & 1);

		sum += d > 9 ? d - 9 : d;
	}
	return sum % 10 == 0;
}

static const char *issuer_of(const char *digits, size_t len)
{
	uint32_t prefix = 0;

	for (size_t i = 0; i < PREFIX_DIGITS; i++)
		prefix = prefix * 10 + (uint32_t)(digits[i] - '0');
	for (size_t i = 0; i < sizeof(issuers) / sizeof(*issuers); i++)
		if (prefix >= issuers[i].first && prefix <= issuers[i].last &&
			(issuers[i].lengths >> len & 1))
			return issuers[i].issuer;
	return NULL;
}

/* 0000...: and the like have a right check digit. */
static bool is_one_digit(const char *digits, size_t len)
{
	for (size_t i = 1; i < len; i++)
		if (digits[i] != digits[0])
			return false;
	return true;
}

/* Groups people write: all equal but a shorter last one, or 4-6-5 and 4-6-4. */
static bool groups_are_likely(const struct group *g, size_t count)
{
	if (count == 3 && g[0].len == 4 && g[1].len == 6)
		return g[2].len == 4 || g[2].len == 5;
	for (size_t i = 1; i < count; i++)
		if (i + 1 < count ? g[i].len != g[0].len : g[i].len > g[0].len)
			return false;
	return true;
}

/* Tries the card that begins with the first group; longest first. */
static bool groups_find(struct str text, const struct group *g, size_t count, struct card *out)
{
	char digits[CARD_DIGITS_MAX];
	size_t len = 0, ends[GROUPS_MAX], n = 0;

	while (n < count && len + g[n].len <= CARD_DIGITS_MAX) {
		memcpy(digits + len, text.data + g[n].at, g[n].len);
		len += g[n].len;
		ends[n++] = len;
	}
	for (; n > 0 && ends[n - 1] >= CARD_DIGITS_MIN; n--) {
		const char *issuer = issuer_of(digits, ends[n - 1]);

		if (!issuer || !groups_are_likely(g, n) || !luhn_is_right(digits, ends[n - 1]) ||
			is_one_digit(digits, ends[n - 1]))
			continue;
		*out = (struct card){.at = g[0].at, .end = g[n - 1].at + g[n - 1].len, .issuer = issuer};
		return true;
	}
	return false;
}

/* The run of digits at `at`; letters or an underscore beside it make it part of a name, and nothing is taken.
 */
static struct group group_read(struct str text, size_t at)
{
	struct group g = {.at = at};

	while (at + g.len < text.len && is_digit(text.data[at + g.len]))
		g.len++;
	return g;
}

static bool is_apart(struct str text, struct group g)
{
	size_t end = g.at + g.len;

	if (g.at > 0 && (is_letter(text.data[g.at - 1]) || text.data[g.at - 1] == '_'))
		return false;
	return end == text.len || !(is_letter(text.data[end]) || text.data[end] == '_');
}

/* The groups from g[0] on, each one separator behind the other. */
static size_t groups_read(struct str text, size_t at, struct group *g)
{
	size_t count = 0;

	while (count < GROUPS_MAX && at < text.len && is_digit(text.data[at])) {
		g[count] = group_read(text, at);
		if (!is_apart(text, g[count]))
			break;
		at = g[count].at + g[count].len + 1;
		count++;
		if (at >= text.len || !is_separator(text.data[at - 1]))
			break;
	}
	return count;
}

bool card_find(struct str text, size_t from, struct card *out)
{
	struct group g[GROUPS_MAX];
	size_t at = from;

	while (at < text.len) {
		size_t count;

		if (!is_digit(text.data[at])) {
			at++;
			continue;
		}
		count = groups_read(text, at, g);
		/* behind "0." are the decimals of a number */
		if (count && !(at >= 2 && text.data[at - 1] == '.' && is_digit(text.data[at - 2])) &&
			groups_find(text, g, count, out))
			return true;
		at += group_read(text, at).len;
	}
	return false;
}
