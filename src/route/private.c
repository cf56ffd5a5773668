#include "route/private.h"

#include <stdlib.h>

#include "route/answer.h"
#include "route/bookmarks.h"
#include "route/iq.h"
#include "stanza/ns.h"
#include "stanza/xml_out.h"

struct box {
	struct store_req req;
	struct user *user;
	struct parcel *parcel;
};

static void box_end(struct box *b)
{
	store_req_release(&b->req);
	parcel_end(b->parcel);
	user_busy(b->user, -1);
	free(b);
}

static void box_refuse(struct box *b, enum stanza_condition condition, const char *text)
{
	answer_error(b->parcel, condition, text);
	box_end(b);
}

/* Takes over the parcel's reference. NULL: it has been refused. */
static struct box *box_new(struct session *s, struct parcel *p, store_done_fn *done)
{
	struct box *b = calloc(1, sizeof(*b));

	if (!b) {
		answer_error(p, STANZA_RESOURCE_CONSTRAINT, NULL);
		parcel_end(p);
		return NULL;
	}
	b->user = s->user;
	b->parcel = p;
	store_req_init(&b->req, done, b);
	user_busy(s->user, 1);
	return b;
}

static struct store *store_of(const struct box *b)
{
	return b->user->home->route->env.store;
}

/* ---- get ---- */

/* What was never kept is empty, under the name it was asked for. */
static void put_empty(struct buf *out, const struct node *wanted)
{
	const struct node bare = {.name = wanted->name, .ns = wanted->ns, .kind = NODE_ELEMENT};

	xml_put(out, &bare, NS_PRIVATE);
}

static void on_read(struct store_req *req, int result)
{
	struct box *b = req->owner;
	const struct node *wanted = node_first_element(iq_payload(b->parcel));
	struct buf text = BUF_INIT(0);

	if (result) {
		box_refuse(b, STANZA_INTERNAL_SERVER_ERROR, NULL);
		return;
	}
	iq_put_result(&text, b->parcel);
	buf_lit(&text, "<query xmlns='jabber:iq:private'>");
	if (req->text)
		buf_str(&text, *req->text);
	else
		put_empty(&text, wanted);
	buf_lit(&text, "</query></iq>");
	answer_text(b->parcel, &text);
	box_end(b);
}

void private_get(struct session *s, struct parcel *p)
{
	const struct node *wanted = node_first_element(iq_payload(p));
	bool one = wanted && !node_next_element(wanted);
	struct box *b;

	if (one && bookmarks_are_meant(iq_payload(p))) {
		bookmarks_get(s, p);
		return;
	}
	b = box_new(s, p, on_read);
	if (!b)
		return;
	if (!wanted)
		box_refuse(b, STANZA_BAD_REQUEST, "Name the element that is wanted.");
	else if (node_next_element(wanted) || str_eq(wanted->ns, NS_PRIVATE) || !wanted->ns.len)
		box_refuse(b, STANZA_NOT_ACCEPTABLE, "One element, in a namespace of its own.");
	else if (store_private_get(store_of(b), &b->req, s->user->bare, wanted->ns, wanted->name))
		box_refuse(b, STANZA_RESOURCE_CONSTRAINT, NULL);
}

/* ---- set ---- */

static void on_written(struct store_req *req, int result)
{
	struct box *b = req->owner;

	if (result == STORE_E_FULL) {
		box_refuse(b, STANZA_RESOURCE_CONSTRAINT, "There is no room for more private data.");
	} else if (result) {
		box_refuse(b, STANZA_INTERNAL_SERVER_ERROR, NULL);
	} else {
		answer_result(b->parcel);
		box_end(b);
	}
}

static bool row_fill(struct store_private *row, const struct node *n, struct arena *arena)
{
	struct buf xml = BUF_INIT(0);

	xml_put(&xml, n, NS_PRIVATE);
	*row = (struct store_private){.ns = n->ns, .name = n->name, .xml = arena_dup(arena, buf_view(&xml))};
	buf_done(&xml);
	return row->xml.len > 0;
}

/* STANZA_CONDITIONS: asked. */
static enum stanza_condition ask_write(struct box *b)
{
	const struct node *payload = iq_payload(b->parcel);
	struct arena *arena = b->parcel->arena;
	size_t len = 0, n = 0;
	struct store_private *rows;

	for (const struct node *c = node_first_element(payload); c; c = node_next_element(c))
		len++;
	rows = arena_zalloc(arena, len * sizeof(*rows));
	for (const struct node *c = node_first_element(payload); rows && c; c = node_next_element(c))
		if (!row_fill(&rows[n++], c, arena))
			return STANZA_RESOURCE_CONSTRAINT;
	if (!rows || store_private_put(store_of(b), &b->req, b->user->bare, rows, len,
			     b->user->home->settings->personal_private_bytes))
		return STANZA_RESOURCE_CONSTRAINT;
	return STANZA_CONDITIONS;
}

/* At least one element, each in a namespace of its own. */
static bool is_acceptable(const struct node *query)
{
	for (const struct node *c = node_first_element(query); c; c = node_next_element(c))
		if (!c->ns.len || str_eq(c->ns, NS_PRIVATE))
			return false;
	return node_first_element(query) != NULL;
}

void private_set(struct session *s, struct parcel *p)
{
	bool acceptable = is_acceptable(iq_payload(p));
	enum stanza_condition c = STANZA_CONDITIONS;
	struct box *b;

	if (acceptable && bookmarks_are_meant(iq_payload(p))) {
		bookmarks_set(s, p);
		return;
	}
	b = box_new(s, p, on_written);
	if (b)
		c = acceptable ? ask_write(b) : STANZA_NOT_ACCEPTABLE;
	if (c != STANZA_CONDITIONS)
		box_refuse(b, c, NULL);
}
