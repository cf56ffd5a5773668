#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int err_set(struct err *e, int code, const char *fmt, ...)
{
	va_list args;

	if (!e)
		return code;
	va_start(args, fmt);
	vsnprintf(e->text, sizeof(e->text), fmt, args);
	va_end(args);
	return code;
}

int err_errno(struct err *e, const char *fmt, ...)
{
	int code = errno;
	va_list args;
	size_t n;

	if (!e)
		return -code;
	va_start(args, fmt);
	vsnprintf(e->text, sizeof(e->text), fmt, args);
	va_end(args);
	n = strlen(e->text);
	snprintf(e->text + n, sizeof(e->text) - n, ": %s", strerror(code));
	return -code;
}

int err_wrap(struct err *e, int code, const char *fmt, ...)
{
	char head[sizeof(e->text)], tail[sizeof(e->text)];
	va_list args;

	if (!e)
		return code;
	va_start(args, fmt);
	vsnprintf(head, sizeof(head), fmt, args);
	va_end(args);
	memcpy(tail, e->text, sizeof(tail));
	/* the ceiling of the text is what is meant to cut here */
	if (snprintf(e->text, sizeof(e->text), "%s: %s", head, tail) < 0)
		e->text[0] = '\0';
	return code;
}
