/* A YAML text as a tree whose every node knows its line: what settings and rule files are read from. Only
 * what such files need: one document of maps, lists and scalars. Refused, with line and remedy: aliases and
 * anchors, tags, a second document, a key written twice in one map, keys that are not scalars, depth, node
 * count or size beyond the ceilings, text that is not UTF-8.
 *
 * The tree lives in one arena and is immutable. Not thread-safe while it is parsed, afterwards readable from
 * any thread. (The prefix is yml_ because yaml_ belongs to libyaml.) */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/str.h"

enum {
	YML_MAX_BYTES = 4 << 20, /* of one file */
	YML_MAX_DEPTH = 16,
	YML_MAX_NODES = 200000,
};

enum yml_kind {
	YML_SCALAR,
	YML_LIST,
	YML_MAP,
};

/* Children of a list or map are linked in the order of the file. In a map each child has its key. */
struct yml_node {
	enum yml_kind kind;
	unsigned line; /* of the value, from 1 */
	unsigned column;
	unsigned key_line; /* of the key; 0 where there is none */
	struct str key;    /* the member's name in a map; NUL behind it */
	struct str text;   /* a scalar's text; NUL behind it; "" where nothing is written */
	bool quoted;       /* a scalar in quotes or block style: text, never true, null or a number */
	size_t len;        /* number of children */
	struct yml_node *first, *last, *next;
	struct yml_node *parent; /* NULL at the root */
};

struct yml;

/* Reads a text or a file; `name` is what errors call it (it is copied). On failure *err is "name:line: what;
 * what is accepted". An empty text gives a root that is an empty map. 0, -EINVAL (not acceptable), -EFBIG,
 * -ENOMEM or -errno. */
[[nodiscard]] int yml_parse(struct yml **out, struct str text, const char *name, struct err *err);
[[nodiscard]] int yml_load(struct yml **out, const char *file, struct err *err);
struct yml *yml_free(struct yml *y); /* accepts NULL, returns NULL */
void yml_freep(struct yml **y);      /* for AUTO() */

const struct yml_node *yml_root(const struct yml *y);

#define yml_each(it, node) for (const struct yml_node *it = (node)->first; it; it = it->next)

/* The member of a map with this key, or NULL (also when `node` is NULL or no map). */
const struct yml_node *yml_get(const struct yml_node *node, const char *key);

/* "scalar", "list", "map": for error texts. */
const char *yml_kind_name(enum yml_kind kind);

/* Scalars. True only when the whole text is one; the caller makes the error.
 * bool: true false yes no on off, not in quotes. u64: decimal digits with optional _ between them, at most
 * max. */
[[nodiscard]] bool yml_bool(const struct yml_node *node, bool *out);
[[nodiscard]] bool yml_u64(const struct yml_node *node, unsigned long long max, unsigned long long *out);
/* Unquoted and empty, ~ or null. */
bool yml_is_null(const struct yml_node *node);

/* "name:line: text" in *err and -EINVAL. Text from the file goes through LOG_STR() before it comes here. */
int yml_error(const struct yml *y, unsigned line, struct err *err, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
