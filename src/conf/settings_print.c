/* The whole table as commented YAML, as JSON, as a manual page, as a fuzz dictionary. */
#include <stdio.h>

#include "base/text.h"
#include "conf/schema.h"
#include "conf/settings.h"
#include "conf/settings_value.h"

enum {
	COMMENT_WIDTH = 96,
};

/* Puts the row's value into `out`; false: it is not set, the line stays a comment. */
typedef bool (*value_fn)(const struct setting *row, const void *from, struct buf *out);

static const void *row_value(const struct settings *s, const struct setting *row)
{
	return (const char *)s + row->offset;
}

/* "# ..." lines no wider than COMMENT_WIDTH. */
static void put_comment(struct buf *out, const char *indent, struct str text)
{
	while (text.len) {
		size_t cut = text.len;

		if (cut > COMMENT_WIDTH) {
			cut = COMMENT_WIDTH;
			while (cut && text.data[cut] != ' ')
				cut--;
		}
		buf_printf(out, "%s# %.*s\n", indent, STR_FMT(str_cut(text, 0, cut)));
		text = str_trim(str_cut(text, cut, text.len));
	}
}

static void put_about(const struct setting *row, struct buf *out)
{
	buf_printf(out, "%s ", row->text);
	if (row->kind == SETTING_INT || row->kind == SETTING_SIZE || row->kind == SETTING_SECONDS ||
		row->kind == SETTING_ENUM) {
		buf_lit(out, "Accepted: ");
		setting_accepts(row, out);
		buf_lit(out, ". ");
	}
	if (row->change == SETTING_RESTART)
		buf_lit(out, "Takes effect at a restart.");
}

static bool row_in(const struct setting *row, const char *prefix)
{
	size_t n = strlen(prefix);

	if (n == 0)
		return !strchr(row->name, '.');
	return strncmp(row->name, prefix, n) == 0 && row->name[n] == '.';
}

static void put_row(
	const struct setting *row, const char *prefix, value_fn value, const void *from, struct buf *out)
{
	const char *indent = prefix[0] ? "  " : "";
	const char *key = prefix[0] ? row->name + strlen(prefix) + 1 : row->name;
	struct buf about = BUF_INIT(4096), text = BUF_INIT(65536);
	bool set = value(row, from, &text);

	put_about(row, &about);
	put_comment(out, indent, str_trim(buf_view(&about)));
	buf_printf(out, "%s%s%s: %s\n", indent, set ? "" : "# ", key, buf_cstr(&text));
	buf_done(&about);
	buf_done(&text);
}

static void put_section(const char *prefix, value_fn value, const void *from, struct buf *out)
{
	bool first = true;

	for (size_t i = 0; i < settings_rows_len; i++) {
		if (!row_in(&settings_rows[i], prefix))
			continue;
		if (!first)
			buf_putc(out, '\n');
		first = false;
		put_row(&settings_rows[i], prefix, value, from, out);
	}
}

static void put_table(value_fn value, const void *from, struct buf *out)
{
	put_section("", value, from, out);
	for (size_t i = 0; i < settings_sections_len; i++) {
		buf_putc(out, '\n');
		put_comment(out, "", str_from(settings_sections[i].text));
		buf_printf(out, "%s:\n", settings_sections[i].prefix);
		put_section(settings_sections[i].prefix, value, from, out);
	}
}

static bool value_preset(const struct setting *row, const void *from, struct buf *out)
{
	(void)from;
	buf_str(out, str_from(row->preset));
	return true;
}

static bool value_current(const struct setting *row, const void *from, struct buf *out)
{
	setting_put_yaml(row, row_value(from, row), out);
	return true;
}

void settings_print(const struct settings *s, struct buf *out)
{
	if (s)
		put_table(value_current, s, out);
	else
		put_table(value_preset, NULL, out);
}

void settings_print_json(const struct settings *s, struct buf *out)
{
	buf_putc(out, '{');
	for (size_t i = 0; i < settings_rows_len; i++) {
		buf_printf(out, "%s\"%s\": ", i ? ", " : "", settings_rows[i].name);
		setting_put_json(&settings_rows[i], row_value(s, &settings_rows[i]), out);
	}
	buf_lit(out, "}\n");
}

struct pairs {
	const struct settings_pair *items;
	size_t len;
};

static bool value_pair(const struct setting *row, const void *from, struct buf *out)
{
	const struct pairs *pairs = from;

	for (size_t i = 0; i < pairs->len; i++)
		if (strcmp(pairs->items[i].name, row->name) == 0) {
			buf_str(out, str_from(pairs->items[i].text));
			return true;
		}
	buf_str(out, str_from(row->preset));
	return false;
}

void settings_write(const struct settings_pair *values, size_t n, struct buf *out)
{
	struct pairs pairs = {.items = values, .len = n};

	buf_lit(out,
		"# The settings of this Gatehouse server. Lines that begin with # show what holds without "
		"them;\n"
		"# remove the # and change the value. 'gatehouse config check' tells whether all is well.\n"
		"# Relative paths begin in the folder of this file.\n\n");
	put_table(value_pair, &pairs, out);
}

void settings_restart_needed(const struct settings *old, const struct settings *new, struct buf *out)
{
	for (size_t i = 0; i < settings_rows_len; i++) {
		const struct setting *row = &settings_rows[i];
		struct buf a = BUF_INIT(0), b = BUF_INIT(0);

		if (row->change != SETTING_RESTART)
			continue;
		setting_put_json(row, row_value(old, row), &a);
		setting_put_json(row, row_value(new, row), &b);
		if (!str_eq(buf_view(&a), buf_view(&b)))
			buf_printf(out, "%s%s", out->len ? ", " : "", row->name);
		buf_done(&a);
		buf_done(&b);
	}
}

/* ---- manual page ---- */

/* roff: a backslash and a dot or quote at the start of a line mean something. */
static void put_roff(struct buf *out, struct str text)
{
	for (size_t i = 0; i < text.len; i++) {
		bool start = i == 0 || text.data[i - 1] == '\n';

		if (start && (text.data[i] == '.' || text.data[i] == '\''))
			buf_lit(out, "\\&");
		if (text.data[i] == '\\')
			buf_lit(out, "\\e");
		else if (text.data[i] == '-')
			buf_lit(out, "\\-");
		else
			buf_putc(out, text.data[i]);
	}
}

static void man_row(const struct setting *row, struct buf *out)
{
	struct buf about = BUF_INIT(4096);

	put_about(row, &about);
	buf_lit(out, ".TP\n\\fB");
	put_roff(out, str_from(row->name));
	buf_lit(out, "\\fR: ");
	put_roff(out, str_from(row->preset));
	buf_putc(out, '\n');
	put_roff(out, str_trim(buf_view(&about)));
	buf_putc(out, '\n');
	buf_done(&about);
}

void settings_print_man(struct buf *out)
{
	buf_lit(out,
		".TH GATEHOUSE.YAML 5 \"\" Gatehouse \"Gatehouse manual\"\n.SH NAME\n"
		"gatehouse.yaml \\- settings of a Gatehouse server\n.SH DESCRIPTION\n"
		"One YAML file in the server's data directory. Dots in the names below stand for nesting:\n"
		"\\fBtls.key\\fR is \\fBkey\\fR inside the section \\fBtls\\fR. Behind each name stands what "
		"holds\n"
		"without it. Relative paths begin in the data directory.\n"
		"\\fBgatehouse config check\\fR judges the file; \\fBgatehouse reload\\fR makes the running "
		"server\n"
		"read it again.\n.SH SETTINGS\n");
	for (size_t i = 0; i < settings_rows_len; i++)
		if (row_in(&settings_rows[i], ""))
			man_row(&settings_rows[i], out);
	for (size_t s = 0; s < settings_sections_len; s++) {
		buf_printf(out, ".SS %s\n", settings_sections[s].prefix);
		put_roff(out, str_from(settings_sections[s].text));
		buf_putc(out, '\n');
		for (size_t i = 0; i < settings_rows_len; i++)
			if (row_in(&settings_rows[i], settings_sections[s].prefix))
				man_row(&settings_rows[i], out);
	}
	buf_lit(out, ".SH SEE ALSO\n\\fBgatehouse\\fR(1), \\fBgatehouse\\-config\\fR(1)\n");
}

/* ---- fuzz dictionary ---- */

static void put_entry(struct buf *out, struct str text)
{
	buf_putc(out, '"');
	for (size_t i = 0; i < text.len; i++) {
		if (text.data[i] == '"' || text.data[i] == '\\')
			buf_putc(out, '\\');
		buf_putc(out, text.data[i]);
	}
	buf_lit(out, "\"\n");
}

void settings_print_dictionary(struct buf *out)
{
	for (size_t i = 0; i < settings_sections_len; i++)
		buf_printf(out, "\"%s:\\x0a\"\n", settings_sections[i].prefix);
	for (size_t i = 0; i < settings_rows_len; i++) {
		const char *dot = strrchr(settings_rows[i].name, '.');
		struct str w;

		buf_printf(out, "\"%s%s: \"\n", dot ? "  " : "", dot ? dot + 1 : settings_rows[i].name);
		put_entry(out, str_from(settings_rows[i].preset));
		if (settings_rows[i].kind == SETTING_ENUM)
			for (int j = 0; (w = setting_word(settings_rows[i].words, j)).data; j++)
				put_entry(out, w);
	}
	buf_lit(out, "\"KiB\"\n\"min\"\n\"[\"\n\"]\"\n\", \"\n\"- "
		     "\"\n\"&a\"\n\"*a\"\n\"!t\"\n\"---\"\n\"127.0.0.1:1\"\n");
}
