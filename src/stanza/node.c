#include "stanza/node.h"

struct node *node_child(const struct node *n, struct str name, struct str ns)
{
	node_each (child, n)
		if (node_is(child, name, ns))
			return child;
	return NULL;
}

static struct node *element_from(struct node *n)
{
	while (n && n->kind != NODE_ELEMENT)
		n = n->next;
	return n;
}

struct node *node_first_element(const struct node *n)
{
	return element_from(n->first);
}

struct node *node_next_element(const struct node *n)
{
	return element_from(n->next);
}

static struct attr *attr_find(const struct node *n, struct str name, struct str ns)
{
	for (struct attr *a = n->attrs; a; a = a->next)
		if (str_eq(a->name, name) && str_eq(a->ns, ns))
			return a;
	return NULL;
}

const struct node *node_next_in(const struct node *n, const struct node *root)
{
	if (n->kind == NODE_ELEMENT && n->first)
		return n->first;
	while (n != root && !n->next)
		n = n->parent;
	return n == root ? NULL : n->next;
}

struct str node_attr(const struct node *n, struct str name)
{
	return node_attr_ns(n, name, STR_NONE);
}

struct str node_attr_ns(const struct node *n, struct str name, struct str ns)
{
	const struct attr *a = attr_find(n, name, ns);

	return a ? a->value : STR_NONE;
}

struct str node_text(const struct node *n, struct arena *arena)
{
	const struct node *only = NULL;
	size_t len = 0, texts = 0;
	char *joined, *to;

	node_each (child, n) {
		if (child->kind != NODE_TEXT)
			continue;
		only = child;
		len += child->text.len;
		texts++;
	}
	if (texts <= 1)
		return only ? only->text : STR("");
	joined = to = arena_bytes(arena, len);
	if (!joined)
		return STR("");
	node_each (child, n) {
		if (child->kind != NODE_TEXT || child->text.len == 0)
			continue;
		memcpy(to, child->text.data, child->text.len);
		to += child->text.len;
	}
	return str_of(joined, len);
}

struct node *node_new(struct arena *arena, struct str name, struct str ns)
{
	struct node *n = arena_alloc(arena, sizeof(*n));

	if (n)
		*n = (struct node){.name = name, .ns = ns, .kind = NODE_ELEMENT};
	return n;
}

struct node *node_add(struct arena *arena, struct node *parent, struct str name, struct str ns)
{
	struct node *n = parent ? node_new(arena, name, ns) : NULL;

	if (n)
		node_append(parent, n);
	return n;
}

struct node *node_add_text(struct arena *arena, struct node *parent, struct str text)
{
	struct node *n = parent ? arena_alloc(arena, sizeof(*n)) : NULL;

	if (!n)
		return NULL;
	*n = (struct node){.text = text, .kind = NODE_TEXT};
	node_append(parent, n);
	return n;
}

void node_append(struct node *parent, struct node *child)
{
	child->parent = parent;
	child->next = NULL;
	if (parent->last)
		parent->last->next = child;
	else
		parent->first = child;
	parent->last = child;
}

void node_prepend(struct node *parent, struct node *child)
{
	child->parent = parent;
	child->next = parent->first;
	parent->first = child;
	if (!parent->last)
		parent->last = child;
}

void node_remove(struct node *child)
{
	struct node *parent = child->parent, *before = NULL;

	if (!parent)
		return;
	for (struct node *n = parent->first; n != child; n = n->next)
		before = n;
	if (before)
		before->next = child->next;
	else
		parent->first = child->next;
	if (parent->last == child)
		parent->last = before;
	child->parent = child->next = NULL;
}

void node_remove_each(struct node *parent, struct str name, struct str ns)
{
	struct node **at = &parent->first, *n;

	parent->last = NULL;
	while ((n = *at)) {
		if (node_is(n, name, ns)) {
			*at = n->next;
			n->parent = n->next = NULL;
		} else {
			parent->last = n;
			at = &n->next;
		}
	}
}

void node_set_attr(struct arena *arena, struct node *n, struct str name, struct str value)
{
	node_set_attr_ns(arena, n, name, STR_NONE, value);
}

void node_set_attr_ns(struct arena *arena, struct node *n, struct str name, struct str ns, struct str value)
{
	struct attr **to, *a;

	if (!n)
		return;
	if (!value.data)
		value = STR("");
	a = attr_find(n, name, ns);
	if (a) {
		a->value = value;
		return;
	}
	a = arena_alloc(arena, sizeof(*a));
	if (!a)
		return;
	*a = (struct attr){.name = name, .ns = ns, .value = value};
	for (to = &n->attrs; *to; to = &(*to)->next)
		;
	*to = a;
}

void node_del_attr(struct node *n, struct str name)
{
	for (struct attr **at = &n->attrs; *at; at = &(*at)->next) {
		if (!str_eq((*at)->name, name) || (*at)->ns.len)
			continue;
		*at = (*at)->next;
		return;
	}
}

/* arena_dup() keeps no empty strings; data must stay non-NULL for "present and empty". */
static struct str copy_str(struct arena *arena, struct str s)
{
	return s.len ? arena_dup(arena, s) : s.data ? STR("") : STR_NONE;
}

static struct node *copy_one(struct arena *arena, const struct node *n)
{
	struct node *copy = node_new(arena, copy_str(arena, n->name), copy_str(arena, n->ns));
	struct attr **to;

	if (!copy)
		return NULL;
	copy->kind = n->kind;
	copy->text = copy_str(arena, n->text);
	to = &copy->attrs;
	for (const struct attr *a = n->attrs; a; a = a->next) {
		*to = arena_alloc(arena, sizeof(**to));
		if (!*to)
			return NULL;
		**to = (struct attr){.name = copy_str(arena, a->name),
			.ns = copy_str(arena, a->ns),
			.value = copy_str(arena, a->value)};
		to = &(*to)->next;
	}
	return copy;
}

/* Walks down and up by the parent pointers: no recursion, so depth costs no stack. */
struct node *node_copy(struct arena *arena, const struct node *n)
{
	struct node *top = copy_one(arena, n), *to = top, *child;
	const struct node *from = n;

	while (to) {
		const struct node *next = from->first;

		while (!next && from != n) {
			next = from->next;
			from = from->parent;
			to = to->parent;
		}
		if (!next)
			break;
		child = copy_one(arena, next);
		if (!child)
			return NULL;
		node_append(to, child);
		from = next;
		to = child;
	}
	return arena_is_full(arena) ? NULL : top;
}
