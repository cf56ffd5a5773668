#include "base/language.h"

const struct str language_tags[LANGUAGES] = {
	[LANGUAGE_EN] = STR("en"),
	[LANGUAGE_DE] = STR("de"),
	[LANGUAGE_FR] = STR("fr"),
	[LANGUAGE_ES] = STR("es"),
	[LANGUAGE_FI] = STR("fi"),
};

enum language language_of(struct str tag)
{
	struct str primary = str_cut(tag, 0, str_find(tag, '-', 0));

	for (size_t i = 0; i < LANGUAGES; i++)
		if (str_eq_nocase(primary, language_tags[i]))
			return (enum language)i;
	return LANGUAGE_EN;
}
