#include "cli/table.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

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

/* Code points; close enough to columns for names and addresses. */
static size_t width(struct str s)
{
	size_t n = 0;

	for (size_t i = 0; i < s.len; i++)
		n += ((unsigned char)s.data[i] & 0xc0) != 0x80;
	return n;
}

static void print_cell(struct str s, size_t wide, bool last)
{
	fwrite(s.data ? s.data : "", 1, s.len, stdout);
	if (last)
		putchar('\n');
	else
		printf("%*s", (int)(wide - width(s)) + 2, "");
}

void table_print(const struct table *t)
{
	size_t wide[TABLE_COLUMNS] = {};

	for (size_t c = 0; c < t->columns; c++)
		wide[c] = strlen(t->names[c]);
	for (size_t i = 0; i < t->len; i++)
		if (width(t->cells[i]) > wide[i % t->columns])
			wide[i % t->columns] = width(t->cells[i]);
	for (size_t c = 0; c < t->columns && t->names[0][0]; c++)
		print_cell(str_from(t->names[c]), wide[c], c + 1 == t->columns);
	for (size_t i = 0; i < t->len; i++)
		print_cell(t->cells[i], wide[i % t->columns], (i + 1) % t->columns == 0);
}
