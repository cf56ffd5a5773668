#include "cli/table.h"

#include <locale.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <wchar.h>

#include "base/buf.h"
#include "base/text.h"

enum {
	CELL_MAX = 120, /* bytes shown of one cell */
};

void table_init(struct table *t, const char *const *names)
{
	*t = (struct table){.names = names};
	while (names[t->columns])
		t->columns++;
}

void table_done(struct table *t)
{
	for (size_t i = 0; i < t->len; i++)
		free((void *)(size_t)t->cells[i].data);
	free(t->cells);
	*t = (struct table){};
}

void table_add(struct table *t, struct str text)
{
	struct buf cell = BUF_INIT(0);

	if (t->len == t->cap) {
		size_t cap = t->cap ? t->cap * 2 : 64;
		struct str *cells = realloc(t->cells, cap * sizeof(*cells));

		if (!cells)
			abort();
		t->cells = cells;
		t->cap = cap;
	}
	log_escape(&cell, text, CELL_MAX);
	t->cells[t->len++] = buf_view(&cell); /* the bytes are the table's now */
}

void table_addf(struct table *t, const char *fmt, ...)
{
	struct buf text = BUF_INIT(0);
	va_list args;

	va_start(args, fmt);
	buf_vprintf(&text, fmt, args);
	va_end(args);
	table_add(t, buf_view(&text));
	buf_done(&text);
}

/* As the C library has it for UTF-8, whatever the locale of the one who asks: "LANG=C" shows the same table. */
static locale_t utf8_locale(void)
{
	static locale_t utf8;

	if (!utf8)
		utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
	return utf8;
}

/* What the library does not know takes a column. */
size_t table_width(struct str s)
{
	locale_t utf8 = utf8_locale(), before = utf8 ? uselocale(utf8) : (locale_t)0;
	size_t n = 0;

	for (size_t at = 0; at < s.len;) {
		uint32_t c = utf8_next(s, &at);
		int columns = utf8 ? wcwidth((wchar_t)c) : 1;

		n += columns < 0 ? 1 : (size_t)columns;
	}
	if (utf8)
		uselocale(before);
	return n;
}

static void print_cell(struct str s, size_t wide, bool last)
{
	fwrite(s.data ? s.data : "", 1, s.len, stdout);
	if (last)
		putchar('\n');
	else
		printf("%*s", (int)(wide - table_width(s)) + 2, "");
}

void table_print(const struct table *t)
{
	size_t wide[TABLE_COLUMNS] = {};

	for (size_t c = 0; c < t->columns; c++)
		wide[c] = strlen(t->names[c]);
	for (size_t i = 0; i < t->len; i++)
		if (table_width(t->cells[i]) > wide[i % t->columns])
			wide[i % t->columns] = table_width(t->cells[i]);
	for (size_t c = 0; c < t->columns && t->names[0][0]; c++)
		print_cell(str_from(t->names[c]), wide[c], c + 1 == t->columns);
	for (size_t i = 0; i < t->len; i++)
		print_cell(t->cells[i], wide[i % t->columns], (i + 1) % t->columns == 0);
}
