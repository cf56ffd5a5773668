/* The one way in which the tools give up: a line on stderr and exit code 4. */
#ifndef BENCH_FATAL_H
#define BENCH_FATAL_H

#include <stddef.h>

_Noreturn __attribute__((format(printf, 1, 2))) void fatal(const char *format, ...);

/* The same with the reason of errno behind it. */
_Noreturn __attribute__((format(printf, 1, 2))) void fatal_errno(const char *format, ...);

/* Zeroed memory that is there. */
void *must_alloc(size_t count, size_t size);

#endif
