/* Tables for people: columns as wide as their widest cell, a heading, text escaped for the terminal. */
#pragma once

#include <stddef.h>

#include "base/str.h"

enum {
	TABLE_COLUMNS = 12,
};

struct table {
	const char *const *names; /* ended by NULL */
	size_t columns;
	struct str *cells; /* rows of `columns` each; owned */
	size_t len, cap;
};

void table_init(struct table *t, const char *const *names);
void table_done(struct table *t);

/* The next cell, from left to right, row by row; copied. */
void table_add(struct table *t, struct str text);
void table_addf(struct table *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Columns of a terminal that valid UTF-8 takes: two for a wide letter, none for what is put on the one before. */
size_t table_width(struct str s);

/* On standard output; nothing but the heading when there are no rows. No heading when the first name is "".
 */
void table_print(const struct table *t);
