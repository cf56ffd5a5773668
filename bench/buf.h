/* A byte buffer that grows; it dies of no memory, as a measuring tool may. */
#ifndef BENCH_BUF_H
#define BENCH_BUF_H

#include <stdarg.h>

#include "str.h"

struct buf {
	char *data;
	size_t len;
	size_t capacity;
};

/* Appends bytes. */
void buf_add(struct buf *b, struct str s);

/* Appends printf text. */
__attribute__((format(printf, 2, 3))) void buf_print(struct buf *b, const char *format, ...);
__attribute__((format(printf, 2, 0), nonnull)) void buf_print_list(
	struct buf *b, const char *format, va_list list);

/* Makes room for `more` bytes and returns where they go; the caller then adds to b->len what it used. */
char *buf_reserve(struct buf *b, size_t more);

/* Forgets the first `count` bytes. */
void buf_consume(struct buf *b, size_t count);

/* Gives the memory back. */
void buf_done(struct buf *b);

static inline struct str buf_str(const struct buf *b)
{
	return (struct str){b->data, b->len};
}

#endif
