/* The rows of settings_table.h as data, for whoever prints or documents settings. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"

struct arena;
struct settings;

enum setting_kind {
	SETTING_BOOL,
	SETTING_INT,
	SETTING_SIZE,
	SETTING_SECONDS,
	SETTING_STRING,
	SETTING_PATH,
	SETTING_ENUM,
	SETTING_ADDRESSES,
	SETTING_DOMAINS,
	SETTING_TEXTS,
};

enum setting_change {
	SETTING_LIVE,
	SETTING_RESTART,
};

/* Judges a value of the row's kind; the text it leaves in *err says what is wrong and what is accepted. 0 or
 * -EINVAL. */
typedef int (*setting_check)(const void *value, struct err *err);

struct setting {
	enum setting_kind kind;
	const char *name;
	size_t offset; /* in struct settings */
	const char *preset;
	unsigned long long low, high; /* INT, SIZE, SECONDS: range; STRING: bytes; lists: number of members */
	const char *words;
	enum setting_change change;
	setting_check check;
	const char *text;
};

struct setting_section {
	const char *prefix;
	const char *text;
};

enum {
	SETTINGS_ROWS_MAX = 256,
};

extern const struct setting settings_rows[];
extern const size_t settings_rows_len;
extern const struct setting_section settings_sections[];
extern const size_t settings_sections_len;

/* What the row accepts, in words: "a whole number from 1 to 64 or auto". */
void setting_accepts(const struct setting *row, struct buf *out);

/* The manual page gatehouse.yaml(5) as roff, and a libFuzzer dictionary of all names and words. */
void settings_print_man(struct buf *out);
void settings_print_dictionary(struct buf *out);
