#include "cli/tree.h"

#include <string.h>

#include "base/text.h"

static bool is_name(struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		if ((unsigned char)s.data[i] <= 0x20 || strchr("<>&'\"/=", s.data[i]))
			return false;
	return s.len > 0 && utf8_is_valid(s);
}

bool tree_is_text(struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		if ((unsigned char)s.data[i] < 0x20 && !strchr("\t\n\r", s.data[i]))
			return false;
	return utf8_is_valid(s);
}

bool tree_is_xml(const struct node *n)
{
	if (n->kind == NODE_TEXT)
		return tree_is_text(n->text);
	if (!is_name(n->name) || !tree_is_text(n->ns))
		return false;
	for (const struct attr *a = n->attrs; a; a = a->next)
		if (!is_name(a->name) || !tree_is_text(a->ns) || !tree_is_text(a->value))
			return false;
	return true;
}
