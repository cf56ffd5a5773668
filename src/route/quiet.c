#include "route/quiet.h"

#include <stdlib.h>

#include "base/log.h"
#include "stanza/ns.h"

enum {
	BYTES_MAX = 128 << 10, /* of stanzas that wait for one session */
	CHAINS_MIN = 8,
};

/* One stanza that waits. Most are signals and have no receipt to keep. */
struct waiting {
	struct list link;     /* quiet->items, oldest first */
	struct waiting *next; /* in its chain */
	struct blob *blob;    /* counted */
	uint32_t hash;        /* of the key */
	uint16_t key_len;     /* 0: nothing replaces it */
	bool has_kept;
	char text[]; /* a struct kept, if it has one; then the key: 'p' or 's' and the sender's full address */
};

/* What waits is found by its key through chains; there are as many as stanzas, or up to twice that. */
struct quiet {
	struct list items;
	struct waiting **chains;
	uint32_t chains_len; /* power of two, or 0 */
	size_t count, bytes;
};

static struct str key_of(const struct waiting *w)
{
	return str_of(w->text + (w->has_kept ? sizeof(struct kept) : 0), w->key_len);
}

static struct kept kept_of(const struct waiting *w)
{
	struct kept k = {.seq = 0};

	if (w->has_kept)
		memcpy(&k, w->text, sizeof(k));
	return k;
}

/* ---- chains ---- */

static struct waiting **chain_of(const struct quiet *q, uint32_t hash)
{
	return &q->chains[hash & (q->chains_len - 1)];
}

static void chain_put(struct quiet *q, struct waiting *w)
{
	struct waiting **chain = chain_of(q, w->hash);

	w->next = *chain;
	*chain = w;
}

static void chain_drop(struct quiet *q, struct waiting *w)
{
	struct waiting **at = chain_of(q, w->hash);

	while (*at != w)
		at = &(*at)->next;
	*at = w->next;
}

static struct waiting *chain_find(const struct quiet *q, uint32_t hash, struct str key)
{
	struct waiting *w = q->chains_len ? *chain_of(q, hash) : NULL;

	while (w && !(w->hash == hash && str_eq(key_of(w), key)))
		w = w->next;
	return w;
}

/* False: memory is out. */
static bool chains_grow(struct quiet *q)
{
	uint32_t len = q->chains_len ? q->chains_len * 2 : CHAINS_MIN;
	struct waiting **chains;

	if (q->count < q->chains_len)
		return true;
	chains = calloc(len, sizeof(struct waiting *));
	if (!chains)
		return false;
	free(q->chains);
	q->chains = chains;
	q->chains_len = len;
	list_each (it, &q->items) {
		struct waiting *w = container_of(it, struct waiting, link);

		if (w->key_len)
			chain_put(q, w);
	}
	return true;
}

/* ---- what waits ---- */

static void waiting_drop(struct quiet *q, struct waiting *w)
{
	if (w->key_len)
		chain_drop(q, w);
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
	free(q->chains);
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
		struct kept kept = kept_of(w);
		const struct receipt *receipt = arena ? kept_receipt(&kept, arena, h->record) : NULL;

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
	size_t key_len = g->calm == CALM_SIGNAL ? 0 : g->sender.len + 1;
	struct waiting *w;
	struct kept kept;
	char *key;

	kept_take(&kept, receipt);
	w = key_len > UINT16_MAX ? NULL : malloc(sizeof(*w) + (kept.seq ? sizeof(kept) : 0) + key_len);
	if (!w)
		return NULL;
	*w = (struct waiting){.blob = blob_ref(g->blob), .key_len = (uint16_t)key_len, .has_kept = kept.seq != 0};
	list_init(&w->link);
	if (w->has_kept)
		memcpy(w->text, &kept, sizeof(kept));
	key = w->text + (w->has_kept ? sizeof(kept) : 0);
	if (key_len) {
		key[0] = g->calm == CALM_PRESENCE ? 'p' : 's';
		memcpy(key + 1, g->sender.data, g->sender.len);
		w->hash = (uint32_t)map_hash(key_of(w));
	}
	return w;
}

static bool waiting_add(struct quiet *q, struct waiting *w)
{
	struct waiting *old = w->key_len ? chain_find(q, w->hash, key_of(w)) : NULL;

	if (old)
		waiting_drop(q, old);
	if (!chains_grow(q)) {
		blob_unref(w->blob);
		free(w);
		return false;
	}
	q->count++;
	q->bytes += w->blob->len;
	list_append(&q->items, &w->link);
	if (w->key_len)
		chain_put(q, w);
	return true;
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
