/* The rows and sections of settings_table.h as arrays. */
#include "conf/schema.h"

#include "conf/settings.h"
#include "conf/settings_value.h"

#define RESTART SETTING_RESTART
#define LIVE SETTING_LIVE

const struct setting settings_rows[] = {
#define SECTION(prefix_, text_)
#define SETTING(kind_, name_, field_, preset_, low_, high_, words_, change_, check_, text_)                  \
	{SETTING_##kind_, name_, offsetof(struct settings, field_), preset_, low_, high_, words_, change_,   \
		check_, text_},
#include "conf/settings_table.h"
#undef SETTING
#undef SECTION
};
const size_t settings_rows_len = sizeof(settings_rows) / sizeof(settings_rows[0]);

_Static_assert(
	sizeof(settings_rows) / sizeof(settings_rows[0]) <= SETTINGS_ROWS_MAX, "raise SETTINGS_ROWS_MAX");

const struct setting_section settings_sections[] = {
#define SECTION(prefix_, text_) {prefix_, text_},
#define SETTING(kind_, name_, field_, preset_, low_, high_, words_, change_, check_, text_)
#include "conf/settings_table.h"
#undef SETTING
#undef SECTION
};
const size_t settings_sections_len = sizeof(settings_sections) / sizeof(settings_sections[0]);
