#include "base/language.h"

const struct str language_tags[LANGUAGES] = {
	[LANGUAGE_EN] = STR("en"),
	[LANGUAGE_DE] = STR("de"),
	[LANGUAGE_FR] = STR("fr"),
	[LANGUAGE_ES] = STR("es"),
	[LANGUAGE_FI] = STR("fi"),
};

enum { TAG_MAX = 35 }; /* RFC 5646 section 4.4.1: what everybody can keep */

static struct str primary_of(struct str tag)
{
	return str_cut(tag, 0, str_find(tag, '-', 0));
}

bool language_is_spoken(struct str tag)
{
	for (size_t i = 0; i < LANGUAGES; i++)
		if (str_eq_nocase(primary_of(tag), language_tags[i]))
			return true;
	return false;
}

enum language language_of(struct str tag)
{
	for (size_t i = 0; i < LANGUAGES; i++)
		if (str_eq_nocase(primary_of(tag), language_tags[i]))
			return (enum language)i;
	return LANGUAGE_EN;
}

/* ---- the form of a tag ---- */

static size_t count(struct str s, bool digits)
{
	size_t n = 0;

	for (size_t i = 0; i < s.len; i++) {
		char c = s.data[i];

		n += digits ? c >= '0' && c <= '9' : (c | 32) >= 'a' && (c | 32) <= 'z';
	}
	return n;
}

static bool is_letters(struct str s, size_t min, size_t max)
{
	return s.len >= min && s.len <= max && count(s, false) == s.len;
}

/* In the order in which they stand in a tag. */
enum part {
	PART_LANGUAGE,
	PART_EXTENDED, /* three at most */
	PART_SCRIPT,
	PART_REGION,
	PART_VARIANT,
	PART_EXTENSION, /* behind a letter or digit by itself */
	PART_PRIVATE,   /* behind "x" */
	PART_NONE,
};

/* What a subtag is behind one of `before`. */
static enum part part_of(struct str s, enum part before)
{
	bool plain = s.len && s.len <= 8 && count(s, false) + count(s, true) == s.len;

	if (before == PART_PRIVATE)
		return plain ? PART_PRIVATE : PART_NONE;
	if (plain && s.len == 1)
		return (s.data[0] | 32) == 'x' ? PART_PRIVATE : PART_EXTENSION;
	if (before == PART_EXTENSION)
		return plain ? PART_EXTENSION : PART_NONE;
	if (before <= PART_EXTENDED && is_letters(s, 3, 3))
		return PART_EXTENDED;
	if (before < PART_SCRIPT && is_letters(s, 4, 4))
		return PART_SCRIPT;
	if (before < PART_REGION && (is_letters(s, 2, 2) || (s.len == 3 && count(s, true) == 3)))
		return PART_REGION;
	if (plain && (s.len >= 5 || (s.len == 4 && s.data[0] >= '0' && s.data[0] <= '9')))
		return PART_VARIANT;
	return PART_NONE;
}

bool language_is_tag(struct str tag)
{
	struct str s = primary_of(tag);
	size_t at = s.len, extended = 0;
	enum part part = PART_LANGUAGE;
	bool open = false; /* behind a letter by itself something has to come */

	if (tag.len > TAG_MAX || tag.len == 0)
		return false;
	if (s.len == 1 && (s.data[0] | 32) == 'x') {
		part = PART_PRIVATE;
		open = true;
	} else if (!is_letters(s, 2, 3)) {
		return false;
	}
	while (at < tag.len) {
		enum part before = part;

		s = str_cut(tag, at + 1, str_find(tag, '-', at + 1));
		at += 1 + s.len;
		part = part_of(s, before);
		if (part == PART_NONE || (part == PART_EXTENDED && ++extended > 3))
			return false;
		if (s.len == 1 && before != PART_PRIVATE) {
			if (open)
				return false;
			open = true;
		} else {
			open = false;
		}
	}
	return !open;
}
