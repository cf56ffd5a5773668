#include "cli/tree.h"

#include "stanza/xml_char.h"

static bool is_name(struct str s)
{
	size_t prefix;

	return s.len > 0 && xml_qname_valid(s, &prefix) && prefix == 0;
}

bool tree_is_text(struct str s)
{
	return s.len == 0 || xml_chars_valid(s);
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
