/* Views of text that somebody else owns, and the few searches that reading XMPP as a client needs. Not a
 * parser: the generator trusts the shape of what a server under test sends, and looks only for what it has to
 * know. */
#ifndef BENCH_STR_H
#define BENCH_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct str {
	const char *data;
	size_t len;
};

#define STR(literal) ((struct str){literal, sizeof(literal) - 1})

static inline struct str str_of(const char *text)
{
	return (struct str){text, strlen(text)};
}

static inline bool str_starts(struct str s, struct str prefix)
{
	return s.len >= prefix.len && !memcmp(s.data, prefix.data, prefix.len);
}

static inline bool str_equal(struct str a, struct str b)
{
	return a.len == b.len && !memcmp(a.data, b.data, a.len);
}

/* Whether `needle` occurs in `s`. */
bool str_has(struct str s, struct str needle);

/* What follows the first `open` up to the next `close`; false when either is missing. */
bool str_between(struct str s, struct str open, struct str close, struct str *out);

/* The first tag of a stanza, from '<' up to and including its '>', quotes respected. Empty when there is
 * none. */
struct str str_tag(struct str stanza);

/* The value of attribute `name` in a tag, in either kind of quotes, entities left as they are. */
bool str_attribute(struct str tag, struct str name, struct str *out);

#endif
