#include "pubsub/page.h"

#include "stanza/ns.h"
#include "stanza/xml_out.h"

static bool number_read(const struct node *n, size_t *out)
{
	unsigned long long value = 0;

	if (!n->first || n->first->kind != NODE_TEXT || !str_to_u64(str_trim(n->first->text), UINT32_MAX, &value))
		return false;
	*out = (size_t)value;
	return true;
}

/* Ids of items are one text each: the tokenizer joins what stands together. */
static struct str id_read(const struct node *n)
{
	return n && n->first && n->first->kind == NODE_TEXT ? n->first->text : STR("");
}

bool page_read(struct page *out, const struct node *set)
{
	const struct node *max = set ? node_child(set, STR("max"), NS_RSM) : NULL;
	const struct node *index = set ? node_child(set, STR("index"), NS_RSM) : NULL;
	const struct node *before = set ? node_child(set, STR("before"), NS_RSM) : NULL;

	*out = (struct page){.asked = set != NULL, .max = SIZE_MAX, .after = STR(""), .before = STR("")};
	if (!set)
		return true;
	out->has_index = index != NULL;
	out->backwards = before != NULL;
	out->before = id_read(before);
	out->after = id_read(node_child(set, STR("after"), NS_RSM));
	return (!max || number_read(max, &out->max)) && (!index || number_read(index, &out->index));
}

/* len: it is not there. */
static size_t position(const struct str *ids, size_t len, struct str id)
{
	size_t i = 0;

	while (i < len && !str_eq(ids[i], id))
		i++;
	return i;
}

int page_order(const void *a, const void *b)
{
	return str_cmp(*(const struct str *)a, *(const struct str *)b);
}

/* How many of a sorted list stand before the id; it counts itself when `with`. */
static size_t rank(const struct str *ids, size_t len, struct str id, bool with)
{
	size_t i = 0;

	while (i < len && str_cmp(ids[i], id) < (with ? 1 : 0))
		i++;
	return i;
}

bool page_cut(const struct page *p, const struct str *ids, size_t len, size_t *from, size_t *to)
{
	size_t first = 0, end = len;

	if (p->after.len) {
		first = p->sorted ? rank(ids, len, p->after, true) : position(ids, len, p->after) + 1;
		if (first > len)
			return false;
	}
	if (p->before.len) {
		end = p->sorted ? rank(ids, len, p->before, false) : position(ids, len, p->before);
		if (end == len && !p->sorted)
			return false;
	}
	if (p->has_index)
		first = p->index < len ? p->index : len;
	if (end < first)
		end = first;
	if (p->backwards && end - first > p->max)
		first = end - p->max;
	else if (end - first > p->max)
		end = first + p->max;
	*from = first;
	*to = end;
	return true;
}

void page_put(struct buf *out, const struct str *ids, size_t len, size_t from, size_t to)
{
	buf_lit(out, "<set xmlns='http://jabber.org/protocol/rsm'>");
	if (from < to) {
		buf_printf(out, "<first index='%zu'>", from);
		xml_escape(out, ids[from]);
		buf_lit(out, "</first><last>");
		xml_escape(out, ids[to - 1]);
		buf_lit(out, "</last>");
	}
	buf_printf(out, "<count>%zu</count></set>", len);
}
