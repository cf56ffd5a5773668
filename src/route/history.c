#include "route/history.h"

#include <stdlib.h>

#include "base/log.h"
#include "route/crew.h"
#include "route/message.h"
#include "stanza/ns.h"
#include "stanza/xml_out.h"
#include "store/prefs.h"

enum {
	BATCH_ROWS = 4096, /* large: rows of one owner in one transaction share the pages of the indexes */
	BATCH_BYTES = 4 << 20,
	FAILED_MAX = 16, /* batches that wait to be tried again */
};

/* Rows on their way; they lie in the request's arena. */
struct batch {
	struct store_req req;
	struct list link; /* history->away or history->failed */
	struct history *history;
	size_t len, bytes;
	bool stones; /* one of them takes something back */
	struct hold *hold[BATCH_ROWS]; /* counted */
};

struct history {
	struct home *home;
	struct batch *open; /* owned; NULL: nothing is gathered */
	struct list away;   /* asked for */
	struct list failed; /* to be asked for again */
	unsigned failed_len;
};

struct history *history_new(struct home *h)
{
	struct history *y = calloc(1, sizeof(*y));

	if (!y)
		return NULL;
	y->home = h;
	list_init(&y->away);
	list_init(&y->failed);
	return y;
}

static void batch_free(struct batch *b)
{
	if (!b)
		return;
	list_remove(&b->link);
	store_req_release(&b->req);
	free(b);
}

static void batches_free(struct list *l)
{
	list_each_safe (it, l)
		batch_free(container_of(it, struct batch, link));
}

struct history *history_free(struct history *y)
{
	if (!y)
		return NULL;
	batch_free(y->open);
	batches_free(&y->away);
	batches_free(&y->failed);
	free(y);
	return NULL;
}

/* ---- the way into the store ---- */

/* Its holds are kept: the record brings these messages again at the next start. */
static void batch_give_up(struct batch *b)
{
	log_error("history of %zu messages could not be stored; the record has them until the next start",
		b->len);
	batch_free(b);
}

static void on_put(struct store_req *req, int result)
{
	struct batch *b = req->owner;
	struct history *y = b->history;

	list_remove(&b->link);
	if (result == 0) {
		for (size_t i = 0; i < b->len; i++)
			hold_unref(b->hold[i]);
		batch_free(b);
	} else if (y->failed_len >= FAILED_MAX) {
		batch_give_up(b);
	} else {
		y->failed_len++;
		list_append(&y->failed, &b->link);
	}
}

static void batch_put(struct batch *b)
{
	list_append(&b->history->away, &b->link);
	if (store_archive_put(b->history->home->route->env.store, &b->req))
		on_put(&b->req, STORE_E_FAILED);
}

void history_flush(struct home *h)
{
	struct batch *b = h->history->open;

	h->history->open = NULL;
	if (b)
		batch_put(b);
}

void history_flush_stones(struct home *h)
{
	if (h->history->open && h->history->open->stones)
		history_flush(h);
}

/* Asked outside of all loops, so that there is something to wait for. */
static void batch_settle(struct batch *b)
{
	int r = store_archive_put(b->history->home->route->env.store, &b->req);

	on_put(&b->req, r ? STORE_E_FAILED : store_wait(&b->req));
}

void history_settle(struct home *h)
{
	struct history *y = h->history;
	struct list failed = LIST_INIT(failed);
	struct batch *b = y->open;

	list_splice(&failed, &y->failed);
	y->failed_len = 0;
	y->open = NULL;
	list_each_safe (it, &failed)
		batch_settle(container_of(it, struct batch, link));
	if (b)
		batch_settle(b);
}

void history_tick(struct home *h)
{
	struct history *y = h->history;

	history_flush(h);
	list_each_safe (it, &y->failed) {
		list_remove(it);
		batch_put(container_of(it, struct batch, link));
	}
	y->failed_len = 0;
}

static struct batch *batch_open(struct history *y)
{
	struct batch *b = malloc(sizeof(*b));

	if (!b)
		return NULL;
	b->history = y;
	b->len = b->bytes = 0;
	b->stones = false;
	list_init(&b->link);
	store_req_init(&b->req, on_put, b);
	if (store_archive_begin(&b->req)) {
		batch_free(b);
		return NULL;
	}
	y->open = b;
	return b;
}

/* ---- rows ---- */

/* A row that finds no memory leaves its hold behind, which nobody takes away: the record brings it again. */
void history_put(struct home *h, struct hold *of, const struct store_archived *row)
{
	struct history *y = h->history;
	struct batch *b = y->open ? y->open : batch_open(y);
	struct hold *hold = hold_ref(of);

	if (!b || store_archive_add(&b->req, row)) {
		log_error("out of memory: a message is not in anybody's history until the next start");
		return;
	}
	b->hold[b->len++] = hold;
	b->stones = b->stones || row->retracts.len;
	home_count(&h->figures.archived, 1);
	b->bytes += row->xml.len;
	if (b->len == BATCH_ROWS || b->bytes >= BATCH_BYTES)
		history_flush(h);
}

/* What takes something back does so even where nobody keeps it. */
static void keep(struct home *h, const struct parcel *p, unsigned views, bool arrived)
{
	struct store_archived row = {.views = views, .from = p->origin->jid.full, .to = p->to.full, .xml = p->xml};
	struct buf stone = BUF_INIT(0);

	if (!h->settings->history_enabled || p->class != CLASS_CONTENT)
		return;
	row.seq = receipt_seq(p->receipt);
	row.id = receipt_id(p->receipt);
	row.time_us = receipt_time_us(p->receipt);
	history_read(&row, p->type, p->stanza, arrived, &stone);
	if (p->xml.len == 0 && views)
		xml_put(&h->scratch, p->stanza, NS_CLIENT);
	if (p->xml.len == 0)
		row.xml = buf_view(&h->scratch);
	if (views || row.retracts.len)
		history_put(h, p->hold, &row);
	buf_clear(&h->scratch);
	buf_done(&stone);
}

void history_keep(struct home *h, const struct parcel *p, unsigned views)
{
	keep(h, p, views, true);
}

static bool wants(const struct user *u, const struct jid *peer)
{
	struct contact c = {.hidden = true};

	if (!u->prefs)
		return true;
	user_contact(u, peer->bare, &c);
	return store_prefs_allow(u->prefs, peer, !c.hidden || crew_knows(u, peer->bare));
}

/* What he wants could not be read when he was loaded: the store looks when it writes the row. */
static unsigned judge(const struct user *u)
{
	return u->failed ? STORE_VIEW_JUDGE : 0;
}

static bool takes(const struct parcel *p)
{
	return p->class == CLASS_CONTENT && history_takes(p->type, p->stanza);
}

void history_sent(struct user *u, struct parcel *p)
{
	u->archived++;
	if (takes(p) && wants(u, &p->to))
		p->views |= STORE_VIEW_SENDER | judge(u);
}

void history_arrived(struct user *u, struct parcel *p, bool accepted)
{
	u->archived++;
	if (accepted && takes(p) && wants(u, &p->origin->jid))
		p->views |= STORE_VIEW_RECIPIENT | judge(u);
	keep(u->home, p, p->views, accepted);
	if (p->class == CLASS_CONTENT)
		arrivals_done(u->home, p);
}
