#include "store/tomb.h"

#include "stanza/xml_out.h"

/* ---- reading what was written ---- */

/* "<message a='1' b='2'" without what ends it. */
static struct str start_tag(struct str xml)
{
	size_t end = str_find(xml, '>', 0);

	if (end && end < xml.len && xml.data[end - 1] == '/')
		end--;
	return str_cut(xml, 0, end);
}

struct pair {
	struct str name, value; /* as written, escaped */
	size_t begin, end;      /* with the space before it */
};

/* The next attribute from *at on. */
static bool next_pair(struct str tag, size_t *at, struct pair *out)
{
	size_t begin = str_find(tag, ' ', *at), equals = str_find(tag, '=', begin), end;

	if (equals + 1 >= tag.len)
		return false;
	end = str_find(tag, '\'', equals + 2);
	if (end >= tag.len)
		return false;
	*out = (struct pair){.name = str_cut(tag, begin + 1, equals),
		.value = str_cut(tag, equals + 2, end),
		.begin = begin,
		.end = end + 1};
	*at = end + 1;
	return true;
}

static struct str value_of(struct str tag, struct str name)
{
	struct pair p;

	for (size_t at = 0; next_pair(tag, &at, &p);)
		if (str_eq(p.name, name))
			return p.value;
	return STR_NONE;
}

/* ---- whose it is ---- */

static bool is_by(struct str tag, struct str author)
{
	struct str from = value_of(tag, STR("from"));

	return str_starts(from, author) && (from.len == author.len || from.data[author.len] == '/');
}

static bool has_origin_id(struct str xml, struct str id)
{
	static const char name[] = "<origin-id ";

	for (const char *end = xml.data + xml.len, *p = xml.data; p; p++) {
		struct str tag;

		p = memmem(p, (size_t)(end - p), name, sizeof(name) - 1);
		if (!p)
			return false;
		tag = start_tag(str_of(p, (size_t)(end - p)));
		if (str_is(value_of(tag, STR("xmlns")), "urn:xmpp:sid:0") && str_eq(value_of(tag, STR("id")), id))
			return true;
	}
	return false;
}

bool tomb_fits(struct str xml, struct str author, struct str id, bool known)
{
	struct buf who = BUF_INIT(0), what = BUF_INIT(0);
	struct str tag = start_tag(xml);
	bool fits;

	xml_escape(&who, author);
	xml_escape(&what, id);
	fits = !buf_failed(&who) && !buf_failed(&what) && what.len && is_by(tag, buf_view(&who)) &&
	       (known || str_eq(value_of(tag, STR("id")), buf_view(&what)) || has_origin_id(xml, buf_view(&what)));
	buf_done(&who);
	buf_done(&what);
	return fits;
}

/* ---- the stone ---- */

bool tomb_is(struct str xml)
{
	struct str tag = start_tag(xml);

	return str_starts(str_cut(xml, tag.len, xml.len), STR("><retracted xmlns='urn:xmpp:message-retract:1'"));
}

void tomb_put(struct buf *out, struct str xml, struct str inside)
{
	static const struct str kept[] = {STR("to"), STR("from"), STR("type"), STR("id"), STR("xml:lang")};
	struct str tag = start_tag(xml);
	struct pair p;

	buf_lit(out, "<message");
	for (size_t at = 0; next_pair(tag, &at, &p);)
		for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
			if (str_eq(p.name, kept[i]))
				buf_str(out, str_cut(tag, p.begin, p.end));
	buf_lit(out, ">");
	buf_str(out, inside);
	buf_lit(out, "</message>");
}
