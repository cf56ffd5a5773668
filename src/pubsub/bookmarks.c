#include "pubsub/bookmarks.h"

#include "base/cleanup.h"
#include "base/map.h"
#include "jid/jid.h"
#include "stanza/ns.h"
#include "stanza/xml_out.h"

static bool is_true(struct str value)
{
	return str_is(value, "true") || str_is(value, "1");
}

/* ---- reading ---- */

static size_t count_elements(const struct node *n)
{
	size_t len = 0;

	for (const struct node *c = n ? node_first_element(n) : NULL; c; c = node_next_element(c))
		len++;
	return len;
}

static struct str address_of(struct str text, struct arena *arena)
{
	struct jid jid;

	return text.len && jid_parse(&jid, text, arena) == 0 ? jid.full : STR("");
}

static struct str child_text(const struct node *n, struct str name, struct arena *arena)
{
	const struct node *c = node_child(n, name, n->ns);

	return c ? node_text(c, arena) : STR("");
}

static struct bookmark bookmark_read(const struct node *conference, struct str id, struct arena *arena)
{
	return (struct bookmark){.id = id,
		.key = address_of(id, arena),
		.name = node_attr(conference, STR("name")),
		.nick = child_text(conference, STR("nick"), arena),
		.password = child_text(conference, STR("password"), arena),
		.autojoin = is_true(node_attr(conference, STR("autojoin")))};
}

bool bookmarks_of_items(struct bookmarks *out, const struct node *items, struct arena *arena)
{
	*out = (struct bookmarks){.rows = arena_zalloc(arena, (count_elements(items) + 1) * sizeof(*out->rows))};
	for (const struct node *n = node_first_element(items); out->rows && n; n = node_next_element(n)) {
		const struct node *c = node_child(n, STR("conference"), BOOKMARKS_NODE);
		struct bookmark *b = &out->rows[out->len];

		if (!c)
			continue;
		*b = bookmark_read(c, node_attr(n, STR("id")), arena);
		b->more = node_child(c, STR("extensions"), BOOKMARKS_NODE);
		out->len++;
	}
	return out->rows && !arena_is_full(arena);
}

/* Where each bookmark is. Many are compared with many: each is looked up, the list is not gone through. */
struct index {
	struct map ids, keys; /* -> struct bookmark */
};

static void index_done(struct index *x)
{
	map_done(&x->ids);
	map_done(&x->keys);
}

/* From the last to the first, which is the one that stays. False: memory is out. */
static bool index_init(struct index *x, const struct bookmarks *all)
{
	bool ok = true;

	map_init(&x->ids);
	map_init(&x->keys);
	for (size_t i = all->len; ok && i-- > 0;) {
		struct bookmark *b = &all->rows[i];

		ok = !b->id.data || map_put(&x->ids, b->id, b) == 0;
		ok = ok && (!b->key.len || map_put(&x->keys, b->key, b) == 0);
	}
	return ok;
}

/* The first that has its id, or its address in another spelling. */
static struct bookmark *index_find(const struct index *x, const struct bookmark *b)
{
	struct bookmark *by_id = map_get(&x->ids, b->id);
	struct bookmark *by_key = b->key.len ? map_get(&x->keys, b->key) : NULL;

	return by_id && (!by_key || by_id < by_key) ? by_id : by_key;
}

static bool is_room(const struct node *n, struct arena *arena)
{
	return node_is(n, STR("conference"), BOOKMARKS_LIST) && address_of(node_attr(n, STR("jid")), arena).len;
}

bool bookmarks_of_list(struct bookmarks *out, const struct node *storage, struct arena *arena)
{
	AUTO(map_done) struct map seen;
	bool ok;

	map_init(&seen);
	*out = (struct bookmarks){.rows = arena_zalloc(arena, (count_elements(storage) + 1) * sizeof(*out->rows))};
	ok = out->rows != NULL;
	for (const struct node *n = storage ? node_first_element(storage) : NULL; ok && n; n = node_next_element(n)) {
		struct bookmark *b = &out->rows[out->len];

		if (!is_room(n, arena))
			continue;
		*b = bookmark_read(n, node_attr(n, STR("jid")), arena);
		b->id = b->key;
		b->more = n;
		if (map_get(&seen, b->key))
			continue;
		ok = map_put(&seen, b->key, b) == 0;
		out->len++;
	}
	return ok && !arena_is_full(arena);
}

bool bookmarks_join(struct bookmarks *out, const struct bookmarks *first, const struct bookmarks *second,
	struct arena *arena)
{
	AUTO(index_done) struct index x;
	bool ok = index_init(&x, first);

	*out = (struct bookmarks){.rows = arena_zalloc(arena, (first->len + second->len + 1) * sizeof(*out->rows))};
	if (!ok || !out->rows)
		return false;
	for (size_t i = 0; i < first->len; i++)
		out->rows[out->len++] = first->rows[i];
	for (size_t i = 0; i < second->len; i++)
		if (!index_find(&x, &second->rows[i]))
			out->rows[out->len++] = second->rows[i];
	return true;
}

/* ---- writing ---- */

static bool is_foreign(const struct node *n)
{
	return n->ns.len && !str_eq(n->ns, BOOKMARKS_LIST) && !str_eq(n->ns, BOOKMARKS_NODE);
}

static void attr_put(struct buf *out, const char *name, struct str value)
{
	buf_printf(out, " %s='", name);
	xml_escape(out, value);
	buf_putc(out, '\'');
}

static void text_put(struct buf *out, const char *name, struct str value)
{
	if (!value.len)
		return;
	buf_printf(out, "<%s>", name);
	xml_escape(out, value);
	buf_printf(out, "</%s>", name);
}

static void conference_put(struct buf *out, const struct bookmark *b)
{
	if (b->name.len)
		attr_put(out, "name", b->name);
	if (b->autojoin)
		buf_lit(out, " autojoin='true'");
	buf_putc(out, '>');
	text_put(out, "nick", b->nick);
	text_put(out, "password", b->password);
}

/* What was there first, in its place, as it is now; then what is new. */
static void foreign_put(struct buf *out, const struct node *more, const struct node *was, struct str ns)
{
	for (const struct node *n = was ? node_first_element(was) : NULL; n; n = node_next_element(n)) {
		const struct node *now = more ? node_child(more, n->name, n->ns) : NULL;

		if (is_foreign(n))
			xml_put(out, now ? now : n, ns);
	}
	for (const struct node *n = more ? node_first_element(more) : NULL; n; n = node_next_element(n))
		if (is_foreign(n) && !(was && node_child(was, n->name, n->ns)))
			xml_put(out, n, ns);
}

void bookmark_put(struct buf *out, const struct bookmark *b, const struct bookmark *was)
{
	struct buf more = BUF_INIT(0);

	foreign_put(&more, b->more, was ? was->more : NULL, BOOKMARKS_NODE);
	buf_lit(out, "<conference xmlns='urn:xmpp:bookmarks:1'");
	conference_put(out, b);
	if (more.len) {
		buf_lit(out, "<extensions>");
		buf_str(out, buf_view(&more));
		buf_lit(out, "</extensions>");
	}
	buf_lit(out, "</conference>");
	out->failed |= buf_failed(&more);
	buf_done(&more);
}

static void rest_put(struct buf *out, const struct node *rest)
{
	struct arena *arena = arena_new(0);

	for (const struct node *n = node_first_element(rest); arena && n; n = node_next_element(n))
		if (!is_room(n, arena))
			xml_put(out, n, BOOKMARKS_LIST);
	out->failed |= !arena;
	arena_free(arena);
}

void bookmarks_put_list(struct buf *out, const struct bookmarks *all, const struct node *rest, struct str ns)
{
	buf_lit(out, "<storage");
	if (!str_eq(ns, BOOKMARKS_LIST))
		buf_lit(out, " xmlns='storage:bookmarks'");
	buf_putc(out, '>');
	for (size_t i = 0; i < all->len; i++) {
		buf_lit(out, "<conference");
		attr_put(out, "jid", all->rows[i].id);
		conference_put(out, &all->rows[i]);
		foreign_put(out, all->rows[i].more, NULL, BOOKMARKS_LIST);
		buf_lit(out, "</conference>");
	}
	if (rest)
		rest_put(out, rest);
	buf_lit(out, "</storage>");
}

/* ---- from one to the other ---- */

static bool payload_put(struct str *out, const struct bookmark *b, const struct bookmark *was, struct arena *arena)
{
	struct buf text = BUF_INIT(0);

	bookmark_put(&text, b, was);
	*out = buf_failed(&text) ? STR_NONE : arena_dup(arena, buf_view(&text));
	buf_done(&text);
	return out->len > 0;
}

/* Adds it to the change, unless it says what was there before. */
static bool change_add(struct bookmarks_change *out, const struct bookmark *b, const struct bookmark *was, struct arena *arena)
{
	struct str before = STR("");

	if (!payload_put(&out->payloads[out->len], b, was, arena) || (was && !payload_put(&before, was, NULL, arena)))
		return false;
	out->ids[out->len] = was ? was->id : b->id;
	out->len += !str_eq(out->payloads[out->len], before);
	return true;
}

static bool find_changed(struct bookmarks_change *out, const struct bookmarks *now, const struct bookmarks *wanted,
	struct arena *arena)
{
	AUTO(index_done) struct index x;
	bool ok = index_init(&x, now);

	for (size_t i = 0; ok && i < wanted->len; i++) {
		const struct bookmark *was = index_find(&x, &wanted->rows[i]);

		ok = change_add(out, &wanted->rows[i], was, arena);
		out->total += !was;
	}
	return ok;
}

static bool find_gone(struct bookmarks_change *out, const struct bookmarks *now, const struct bookmarks *wanted)
{
	AUTO(index_done) struct index x;
	bool ok = index_init(&x, wanted);

	for (size_t i = 0; ok && i < now->len; i++)
		if (!index_find(&x, &now->rows[i]))
			out->gone[out->gone_len++] = now->rows[i].id;
	out->total -= out->gone_len;
	return ok;
}

bool bookmarks_diff(struct bookmarks_change *out, const struct bookmarks *now, const struct bookmarks *wanted, bool all,
	struct arena *arena)
{
	*out = (struct bookmarks_change){.ids = arena_zalloc(arena, (wanted->len + 1) * sizeof(struct str)),
		.payloads = arena_zalloc(arena, (wanted->len + 1) * sizeof(struct str)),
		.gone = arena_zalloc(arena, (now->len + 1) * sizeof(struct str)),
		.total = now->len};
	if (!out->ids || !out->payloads || !out->gone)
		return false;
	return find_changed(out, now, wanted, arena) && (!all || find_gone(out, now, wanted));
}
