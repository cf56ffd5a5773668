/* Values and rows as text: YAML, JSON, and the words of error messages. */
#include <stdlib.h>

#include "base/text.h"
#include "conf/settings.h"
#include "conf/settings_value.h"

static void put_size_words(struct buf *out, unsigned long long v)
{
	static const char *const names[] = {"", " KiB", " MiB", " GiB"};
	int i = 0;

	while (i < 3 && v && v % 1024 == 0) {
		v /= 1024;
		i++;
	}
	buf_printf(out, "%llu%s", v, names[i]);
}

static void accept_words(const char *words, struct buf *out)
{
	struct str w;

	for (int i = 0; (w = setting_word(words, i)).data; i++)
		buf_printf(out, "%s%.*s", i ? " or " : "", STR_FMT(w));
}

static void accept_number(const struct setting *row, struct buf *out)
{
	if (row->kind == SETTING_SECONDS) {
		buf_printf(out, "seconds from %llu to %llu (or with a unit: 90 s, 5 min, 2 h)", row->low,
			row->high);
	} else if (row->kind == SETTING_SIZE) {
		buf_printf(out, "bytes from %llu to ", row->low);
		put_size_words(out, row->high);
		buf_lit(out, " (units: KiB, MiB, GiB)");
	} else if (row->words[0] == ':') {
		buf_printf(out, "a whole number from 1 to %llu, or %s", row->high, row->words + 1);
	} else {
		buf_printf(out, "a whole number from %llu to %llu", row->low, row->high);
	}
}

void setting_accepts(const struct setting *row, struct buf *out)
{
	switch (row->kind) {
	case SETTING_BOOL:
		buf_lit(out, "true or false");
		return;
	case SETTING_INT:
	case SETTING_SIZE:
	case SETTING_SECONDS:
		accept_number(row, out);
		return;
	case SETTING_STRING:
		buf_printf(out, "a text of %llu to %llu bytes; an empty one is \"\"", row->low, row->high);
		return;
	case SETTING_PATH:
		buf_lit(out, "a path, relative to the data directory or absolute; none is \"\"");
		return;
	case SETTING_ENUM:
		accept_words(row->words, out);
		return;
	case SETTING_ADDRESSES:
		buf_printf(out, "a list of at most %llu addresses such as [\"0.0.0.0:5222\", \"[::]:5222\"]",
			row->high);
		return;
	case SETTING_DOMAINS:
		buf_printf(out, "a list of %llu to %llu domain names in small letters such as [example.org]",
			row->low, row->high);
		return;
	case SETTING_TEXTS:
		buf_printf(out, "a list of at most %llu texts of at most 250 bytes; none is []", row->high);
		return;
	}
}

/* A text in double quotes is YAML as it is JSON. */
static void put_address_list(const struct settings_addresses *list, struct buf *out)
{
	buf_putc(out, '[');
	for (size_t i = 0; i < list->len; i++) {
		buf_str(out, i ? STR(", ") : STR(""));
		json_quote(out, list->items[i].text);
	}
	buf_putc(out, ']');
}

static void put_string_list(const struct settings_strings *list, struct buf *out)
{
	buf_putc(out, '[');
	for (size_t i = 0; i < list->len; i++) {
		buf_str(out, i ? STR(", ") : STR(""));
		json_quote(out, list->items[i]);
	}
	buf_putc(out, ']');
}

/* The word that stands for 0 is in force, such as auto. */
static bool is_word(const struct setting *row, const void *field)
{
	return row->kind == SETTING_INT && row->words[0] == ':' && *(const uint32_t *)field == 0;
}

void setting_put_json(const struct setting *row, const void *field, struct buf *out)
{
	if (is_word(row, field)) {
		json_quote(out, str_from(row->words + 1));
		return;
	}
	switch (row->kind) {
	case SETTING_BOOL:
		buf_str(out, *(const bool *)field ? STR("true") : STR("false"));
		return;
	case SETTING_INT:
	case SETTING_SECONDS:
		buf_u64(out, *(const uint32_t *)field);
		return;
	case SETTING_SIZE:
		buf_u64(out, *(const uint64_t *)field);
		return;
	case SETTING_STRING:
	case SETTING_PATH:
		json_quote(out, *(const struct str *)field);
		return;
	case SETTING_ENUM:
		json_quote(out, setting_word(row->words, *(const int *)field));
		return;
	case SETTING_ADDRESSES:
		put_address_list(field, out);
		return;
	case SETTING_DOMAINS:
	case SETTING_TEXTS:
		put_string_list(field, out);
		return;
	}
}

void setting_put_yaml(const struct setting *row, const void *field, struct buf *out)
{
	if (is_word(row, field))
		buf_str(out, str_from(row->words + 1));
	else if (row->kind == SETTING_SIZE)
		put_size_words(out, *(const uint64_t *)field);
	else
		setting_put_json(row, field, out);
}
