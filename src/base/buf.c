#include "base/buf.h"

#include <stdio.h>
#include <stdlib.h>

void buf_init(struct buf *b, size_t max)
{
	*b = BUF_INIT(max);
}

void buf_done(struct buf *b)
{
	free(b->data);
	*b = BUF_INIT(b->max);
}

void buf_clear(struct buf *b)
{
	b->len = 0;
	b->failed = false;
}

static bool buf_grow(struct buf *b, size_t need)
{
	size_t cap = b->cap ? b->cap : 256;
	char *data;

	if (b->max && need > b->max)
		return false;
	while (cap < need)
		if (__builtin_mul_overflow(cap, (size_t)2, &cap))
			return false;
	if (b->max && cap > b->max)
		cap = b->max;
	data = realloc(b->data, cap);
	if (!data)
		return false;
	b->data = data;
	b->cap = cap;
	return true;
}

char *buf_room(struct buf *b, size_t n)
{
	size_t need;

	if (b->failed)
		return NULL;
	if (__builtin_add_overflow(b->len, n, &need) || (need > b->cap && !buf_grow(b, need))) {
		b->failed = true;
		return NULL;
	}
	return b->data + b->len;
}

void buf_put_growing(struct buf *b, const void *data, size_t len)
{
	char *to;

	if (len == 0)
		return;
	to = buf_room(b, len);
	if (!to)
		return;
	memcpy(to, data, len);
	b->len += len;
}

void buf_vprintf(struct buf *b, const char *fmt, va_list args)
{
	va_list again;
	char small[256], *to;
	int n;

	va_copy(again, args);
	n = vsnprintf(small, sizeof(small), fmt, args);
	if (n < 0)
		b->failed = true;
	else if ((size_t)n < sizeof(small))
		buf_put(b, small, (size_t)n);
	else if ((to = buf_room(b, (size_t)n + 1))) {
		vsnprintf(to, (size_t)n + 1, fmt, again);
		b->len += (size_t)n;
	}
	va_end(again);
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	buf_vprintf(b, fmt, args);
	va_end(args);
}

void buf_u64(struct buf *b, uint64_t value)
{
	char digits[20];
	size_t at = sizeof(digits);

	do {
		digits[--at] = (char)('0' + value % 10);
		value /= 10;
	} while (value);
	buf_put(b, digits + at, sizeof(digits) - at);
}

void buf_shift(struct buf *b, size_t n)
{
	if (n >= b->len) {
		b->len = 0;
		return;
	}
	memmove(b->data, b->data + n, b->len - n);
	b->len -= n;
}

const char *buf_cstr(struct buf *b)
{
	char *end = buf_room(b, 1);

	if (!end)
		return b->failed ? NULL : "";
	*end = '\0';
	return b->data;
}
