/* A borrowed run of bytes: pointer and length, passed by value. Never owns, need not end in NUL. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct str {
	const char *data;
	size_t len;
};

#define STR(literal) ((struct str){.data = ("" literal ""), .len = sizeof("" literal "") - 1})
#define STR_NONE ((struct str){.data = NULL, .len = 0})
/* For printf-like functions: printf("%.*s", STR_FMT(s)). */
#define STR_FMT(s) (int)(s).len, (s).data

static inline struct str str_of(const char *data, size_t len)
{
	return (struct str){.data = data, .len = len};
}

/* A NUL-terminated string; NULL gives STR_NONE. */
static inline struct str str_from(const char *text)
{
	return (struct str){.data = text, .len = text ? strlen(text) : 0};
}

static inline bool str_is_empty(struct str s)
{
	return s.len == 0;
}

static inline bool str_eq(struct str a, struct str b)
{
	if (a.len != b.len)
		return false;
	if (a.len == 0 || a.data == b.data)
		return true;
	return a.data[0] == b.data[0] && memcmp(a.data, b.data, a.len) == 0;
}

#define str_is(s, literal) str_eq((s), STR(literal))

bool str_eq_nocase(struct str a, struct str b); /* ASCII only */
bool str_starts(struct str s, struct str prefix);
bool str_ends(struct str s, struct str suffix);
int str_cmp(struct str a, struct str b); /* bytewise, shorter first */

/* Position of the first `c` at or after `from`, or s.len. */
size_t str_find(struct str s, char c, size_t from);

/* [from, to) of s, clamped. */
struct str str_cut(struct str s, size_t from, size_t to);
struct str str_trim(struct str s); /* ASCII white space at both ends */

/* Decimal digits only, no sign, no white space. False on anything else or above `max`. */
[[nodiscard]] bool str_to_u64(struct str s, unsigned long long max, unsigned long long *out);

/* Heap copy with a NUL behind it; the caller frees. NULL when memory is out. */
[[nodiscard]] char *str_dupz(struct str s);
