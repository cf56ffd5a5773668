#include "route/quiet.h"

#include <stdlib.h>

#include "base/log.h"
#include "stanza/ns.h"

enum {
	BYTES_MAX = 128 << 10, /* of stanzas that wait for one session */
};

/* One stanza that waits. */
struct waiting {
	struct list link;  /* quiet->items, oldest first */
	struct blob *blob; /* counted */
	struct kept kept;
	size_t key_len; /* 0: nothing replaces it */
	char key[];     /* 'p' or 's' and the sender's full address */
};

struct quiet {
	struct list items;
	struct map by_key; /* key -> struct waiting */
	size_t count, bytes;
};

static void waiting_drop(struct quiet *q, struct waiting *w)
{
	if (w->key_len)
		map_del(&q->by_key, str_of(w->key, w->key_len));
	list_remove(&w->link);
	q->count--;
	q->bytes -= w->blob->len;
	blob_unref(w->blob);
	free(w);
}

struct quiet *quiet_free(struct quiet *q)
{
	if (!q)
		return NULL;
	while (!list_is_empty(&q->items))
		waiting_drop(q, container_of(q->items.next, struct waiting, link));
	map_done(&q->by_key);
	free(q);
	return NULL;
}

void quiet_begin(struct session *s)
{
	if (s->quiet || !s->user->home->settings->csi_held_max)
		return;
	s->quiet = calloc(1, sizeof(*s->quiet));
	if (!s->quiet)
		return; /* everything goes out at once, as before */
	list_init(&s->quiet->items);
	map_init(&s->quiet->by_key);
}

void quiet_end(struct session *s)
{
	struct quiet *q = s->quiet;

	if (!q)
		return;
	quiet_flush(s);
	s->quiet = NULL;
	quiet_free(q);
}

/* The session's queue may not be touched by what is handed over here: the stanza goes to deliver() as one that matters,
 * while nothing waits. */
void quiet_flush(struct session *s)
{
	struct quiet *q = s->quiet;
	struct home *h = s->user->home;
	struct arena *arena;

	if (list_is_empty(&q->items))
		return;
	arena = arena_new(0);
	s->quiet = NULL;
	while (!list_is_empty(&q->items)) {
		struct waiting *w = container_of(q->items.next, struct waiting, link);
		const struct receipt *receipt = arena ? kept_receipt(&w->kept, arena, h->record) : NULL;

		if (receipt)
			deliver(s, &(struct goods){.blob = w->blob}, receipt);
		else
			log_error("out of memory: a presence stanza is lost");
		waiting_drop(q, w);
	}
	s->quiet = q;
	arena_free(arena);
}

static struct waiting *waiting_new(const struct goods *g, const struct receipt *receipt)
{
	size_t len = g->calm == CALM_SIGNAL ? 0 : g->sender.len + 1;
	struct waiting *w = malloc(sizeof(*w) + len);

	if (!w)
		return NULL;
	list_init(&w->link);
	w->blob = blob_ref(g->blob);
	kept_take(&w->kept, receipt);
	w->key_len = len;
	if (len) {
		w->key[0] = g->calm == CALM_PRESENCE ? 'p' : 's';
		memcpy(w->key + 1, g->sender.data, g->sender.len);
	}
	return w;
}

static bool waiting_add(struct quiet *q, struct waiting *w)
{
	struct str key = str_of(w->key, w->key_len);
	struct waiting *old = w->key_len ? map_get(&q->by_key, key) : NULL;

	if (old)
		waiting_drop(q, old);
	q->count++;
	q->bytes += w->blob->len;
	list_append(&q->items, &w->link);
	if (!w->key_len || map_put(&q->by_key, key, w) == 0)
		return true;
	w->key_len = 0;
	waiting_drop(q, w);
	return false;
}

bool quiet_hold(struct session *s, const struct goods *g, const struct receipt *receipt)
{
	struct quiet *q = s->quiet;
	struct waiting *w;

	if (g->calm == CALM_NONE)
		return false;
	w = waiting_new(g, receipt);
	if (!w || !waiting_add(q, w))
		return false;
	if (q->count > s->user->home->settings->csi_held_max || q->bytes > BYTES_MAX)
		quiet_flush(s);
	return true;
}

enum calm quiet_message(const struct node *stanza)
{
	for (const struct node *n = node_first_element(stanza); n; n = node_next_element(n))
		if (str_eq(n->ns, NS_RECEIPTS) || str_eq(n->ns, NS_CHAT_MARKERS))
			return CALM_SIGNAL;
	return CALM_STATE;
}
