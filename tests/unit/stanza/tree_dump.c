#include "tree_dump.h"

static void dump_attrs(struct buf *to, const struct node *n)
{
	for (const struct attr *a = n->attrs; a; a = a->next) {
		buf_putc(to, ' ');
		if (a->ns.len)
			buf_printf(to, "{%.*s}", STR_FMT(a->ns));
		buf_printf(to, "%.*s=\"%.*s\"", STR_FMT(a->name), STR_FMT(a->value));
	}
}

void tree_dump(struct buf *to, const struct node *n)
{
	const struct node *before = NULL;

	buf_printf(to, "{%.*s}%.*s", STR_FMT(n->ns), STR_FMT(n->name));
	dump_attrs(to, n);
	buf_putc(to, '(');
	node_each (child, n) {
		if (child->kind == NODE_ELEMENT) {
			tree_dump(to, child);
		} else {
			if (before && before->kind == NODE_TEXT)
				to->len--;
			else
				buf_putc(to, '"');
			buf_printf(to, "%.*s\"", STR_FMT(child->text));
		}
		before = child;
	}
	buf_putc(to, ')');
}
