/* A byte buffer that grows; see buf.h. */
#include "buf.h"

#include <stdio.h>
#include <stdlib.h>

#include "fatal.h"

char *buf_reserve(struct buf *b, size_t more)
{
	size_t need = b->len + more;

	if (need > b->capacity) {
		size_t capacity = b->capacity ? b->capacity : 512;

		while (capacity < need)
			capacity *= 2;
		b->data = realloc(b->data, capacity);
		if (!b->data)
			fatal("out of memory");
		b->capacity = capacity;
	}
	return b->data + b->len;
}

void buf_add(struct buf *b, struct str s)
{
	if (!s.len)
		return;
	memcpy(buf_reserve(b, s.len), s.data, s.len);
	b->len += s.len;
}

void buf_print_list(struct buf *b, const char *format, va_list list)
{
	va_list again;
	int length;

	va_copy(again, list);
	length = vsnprintf(NULL, 0, format, again);
	va_end(again);
	if (length < 0)
		fatal("cannot format '%s'", format);
	vsnprintf(buf_reserve(b, (size_t)length + 1), (size_t)length + 1, format, list);
	b->len += (size_t)length;
}

void buf_print(struct buf *b, const char *format, ...)
{
	va_list list;

	va_start(list, format);
	buf_print_list(b, format, list);
	va_end(list);
}

void buf_consume(struct buf *b, size_t count)
{
	b->len -= count;
	if (b->len)
		memmove(b->data, b->data + count, b->len);
}

void buf_done(struct buf *b)
{
	free(b->data);
	*b = (struct buf){};
}
