/* Rows on their way to the store: archives by large batches while the next ones are read, waiting messages by many at
 * once. */
#include "cli/rebuild_private.h"

#include "jid/jid.h"
#include "stanza/ns.h"
#include "stanza/xml_out.h"

static int put_settle(struct rebuild *b, struct put *p)
{
	int r = p->asked ? store_wait(&p->req) : 0;

	if (p->asked)
		b->rows += p->len;
	store_req_release(&p->req);
	*p = (struct put){};
	return r ? rebuild_failed(b, "the store does not take the archive") : 0;
}

/* The oldest batch has to be done before its place is used again. */
static int put_send(struct rebuild *b)
{
	struct put *p = &b->put[b->put_at];

	if (!p->len)
		return 0;
	if (store_archive_put(b->people.store, &p->req))
		return rebuild_failed(b, "memory is out");
	p->asked = true;
	b->put_at = (b->put_at + 1) % PUTS;
	return put_settle(b, &b->put[b->put_at]);
}

int rebuild_put_all(struct rebuild *b)
{
	int r = put_send(b);

	for (unsigned i = 0; i < PUTS; i++)
		if (put_settle(b, &b->put[i]))
			r = b->failed;
	return r;
}

int rebuild_put_row(struct rebuild *b, const struct store_archived *row)
{
	struct put *p = &b->put[b->put_at];

	if (!p->len) {
		store_req_init(&p->req, NULL, NULL);
		if (store_archive_begin(&p->req))
			return rebuild_failed(b, "memory is out");
	}
	p->len++;
	if (store_archive_add(&p->req, row))
		return rebuild_failed(b, "memory is out");
	return p->len == BATCH_ROWS ? put_send(b) : 0;
}

/* ---- what waits ---- */

/* As it was to be delivered, with the id it was given. */
static void put_with_id(struct rebuild *b, const struct node *stanza, struct str by)
{
	struct attr by_attr = {.name = STR("by"), .value = by};
	struct attr id = {.next = &by_attr, .name = STR("id"), .value = buf_view(&b->entry.id)};
	struct node sid = {.name = STR("stanza-id"), .ns = NS_SID, .attrs = &id, .kind = NODE_ELEMENT};
	struct xml_stamp stamp = {.extra = &sid};

	buf_clear(&b->scratch);
	xml_put_stamped(&b->scratch, stanza, NS_CLIENT, &stamp);
}

static int keep_settle(struct rebuild *b, struct store_req *req)
{
	int r = req->pending ? store_wait(req) : 0;

	store_req_release(req);
	return r ? rebuild_failed(b, "the store does not take a waiting message") : 0;
}

int rebuild_keep_all(struct rebuild *b)
{
	for (unsigned i = 0; i < KEEPS; i++)
		if (keep_settle(b, &b->keep[i]))
			return b->failed;
	return b->failed;
}

int rebuild_keep(struct rebuild *b, const struct node *stanza)
{
	struct said *e = &b->entry;
	struct jid to = jid_split(buf_view(&e->to));
	struct store_req *req = &b->keep[b->keep_at++ % KEEPS];
	int r = keep_settle(b, req);

	if (r)
		return r;
	put_with_id(b, stanza, to.bare);
	store_req_init(req, NULL, NULL);
	r = store_message_put(b->people.store, req, STORE_OFFLINE,
		&(struct store_message){.owner = to.bare,
			.seq = e->head.seq,
			.id = buf_view(&e->id),
			.time_us = line_time_us(e->head.time),
			.from = buf_view(&e->from),
			.xml = buf_view(&b->scratch)},
		1, 0, 0);
	b->offline++;
	return r ? rebuild_failed(b, "the store does not take a waiting message") : 0;
}
