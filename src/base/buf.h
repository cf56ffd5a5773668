/* A growing byte buffer with a ceiling. The first failure (ceiling or memory) sticks: later puts do nothing and
 * buf_failed() is true, so a writer checks once at the end. */
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

struct buf {
	char *data;
	size_t len;
	size_t cap;
	size_t max; /* bytes; 0 means no ceiling */
	bool failed;
};

#define BUF_INIT(ceiling) ((struct buf){.max = (ceiling)})

void buf_init(struct buf *b, size_t max);
void buf_done(struct buf *b);
void buf_clear(struct buf *b); /* keeps the memory, clears `failed` */

/* Makes room for n more bytes and returns where they go, or NULL. The caller adds what it wrote to b->len. */
char *buf_room(struct buf *b, size_t n);

void buf_put_growing(struct buf *b, const void *data, size_t len); /* what buf_put() does when there is no room */

static inline void buf_put(struct buf *b, const void *data, size_t len)
{
	if (__builtin_expect(b->failed || len > b->cap - b->len, 0)) {
		buf_put_growing(b, data, len);
		return;
	}
	if (len)
		memcpy(b->data + b->len, data, len);
	b->len += len;
}

static inline void buf_putc(struct buf *b, char c)
{
	buf_put(b, &c, 1);
}

static inline void buf_str(struct buf *b, struct str s)
{
	buf_put(b, s.data, s.len);
}

void buf_printf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void buf_vprintf(struct buf *b, const char *fmt, va_list args) __attribute__((format(printf, 2, 0)));
void buf_u64(struct buf *b, uint64_t value); /* decimal */

#define buf_lit(b, literal) buf_put((b), ("" literal ""), sizeof("" literal "") - 1)

/* Drops n bytes from the front. */
void buf_shift(struct buf *b, size_t n);

/* The bytes followed by a NUL (not counted); "" when empty, NULL when failed. Valid until the next change. */
const char *buf_cstr(struct buf *b);

static inline struct str buf_view(const struct buf *b)
{
	return str_of(b->data, b->len);
}

static inline bool buf_failed(const struct buf *b)
{
	return b->failed;
}
