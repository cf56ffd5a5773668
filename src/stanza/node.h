/* The stanza tree. All of it, strings included, lives in one arena; nodes are never freed one by one. Strings
 * are borrowed runs that stay valid as long as the arena. Namespaces are resolved: no prefix is kept. An
 * element without a namespace has ns.len == 0. Attributes without a prefix have ns.len == 0; xml:lang has ns
 * NS_XML. */
#pragma once

#include <stdbool.h>

#include "base/arena.h"
#include "base/str.h"

struct attr {
	struct attr *next;
	struct str name, ns, value;
};

enum node_kind {
	NODE_ELEMENT,
	NODE_TEXT,
};

struct node {
	struct node *parent, *next, *first, *last; /* first, last: children in document order */
	struct attr *attrs;                        /* in document order */
	struct str name, ns;                       /* elements */
	struct str text;                           /* text nodes; adjacent text may be several nodes */
	enum node_kind kind;
};

#define NS_XML STR("http://www.w3.org/XML/1998/namespace")

#define node_each(child, of) for (struct node *child = (of)->first; child; child = child->next)

static inline bool node_is(const struct node *n, struct str name, struct str ns)
{
	return n->kind == NODE_ELEMENT && str_eq(n->name, name) && str_eq(n->ns, ns);
}

/* First child element of that name and namespace, or NULL. */
struct node *node_child(const struct node *n, struct str name, struct str ns);
/* First child element, whatever it is, or NULL; node_next_element() is its next sibling element. */
struct node *node_first_element(const struct node *n);
struct node *node_next_element(const struct node *n);

/* The node behind n in document order, below root; NULL behind the last. */
const struct node *node_next_in(const struct node *n, const struct node *root);

/* Value of the attribute without namespace; STR_NONE (data NULL) when absent. */
struct str node_attr(const struct node *n, struct str name);
struct str node_attr_ns(const struct node *n, struct str name, struct str ns);

/* The text children of n joined (in the arena if there are several), not of its descendants. */
struct str node_text(const struct node *n, struct arena *arena);

/* Building. All return NULL / do nothing visible when the arena is full (arena_is_full tells). Strings are
 * borrowed: pass arena_dup()ed ones if they may die before the tree. */
struct node *node_new(struct arena *arena, struct str name, struct str ns);
struct node *node_add(struct arena *arena, struct node *parent, struct str name, struct str ns);
struct node *node_add_text(struct arena *arena, struct node *parent, struct str text);
void node_append(struct node *parent, struct node *child); /* child must be detached */
void node_prepend(struct node *parent, struct node *child);
void node_remove(struct node *child); /* detaches it from its parent; looks at the children before it */
void node_remove_each(struct node *parent, struct str name, struct str ns); /* such children, in one go */
void node_set_attr(struct arena *arena, struct node *n, struct str name, struct str value);
void node_set_attr_ns(struct arena *arena, struct node *n, struct str name, struct str ns, struct str value);
void node_del_attr(struct node *n, struct str name);

/* Deep copy into another arena (strings too). NULL when it is full. */
[[nodiscard]] struct node *node_copy(struct arena *arena, const struct node *n);
