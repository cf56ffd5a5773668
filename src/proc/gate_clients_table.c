/* The table that clients are judged with (client/table.h): what is shipped, what the fleet has taught and administrators have
 * said of hashes, and what the catalogue of the policy names. Made at the start, before anybody comes, and again when any of
 * that has changed: the hashes are read, and where they say something else than before all loops get another table. */
#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "client/table.h"
#include "proc/gate_clients.h"
#include "rule/client_set.h"

enum {
	LOOK_MS = 2000, /* between two looks at hashes that go on changing, as when everybody logs in */
};

bool clients_hash_is_believed(const struct gate *g, const struct store_caps_client *h)
{
	return h->state == STORE_CAPS_CONFIRMED ||
	       (h->state == STORE_CAPS_LEARNT && !h->contradicted && h->accounts >= g->settings->clients_vouchers);
}

/* ---- rows ---- */

struct rows {
	struct client_row *row;
	size_t len;
	uint64_t digest; /* of all of them, in their order */
};

static void rows_add(struct rows *rows, struct str hash, struct str product, struct str version)
{
	size_t space = str_find(hash, ' ', 0);
	const struct str all[] = {hash, product, version};

	if (space + 1 >= hash.len || !product.len)
		return;
	rows->row[rows->len++] = (struct client_row){.caps_hash = str_cut(hash, 0, space),
		.caps_ver = str_cut(hash, space + 1, hash.len),
		.product = product,
		.version = version};
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		rows->digest = rows->digest * 0x100000001b3ULL ^ map_hash(all[i].len ? all[i] : STR(""));
}

/* What is learnt first: of two rows for one hash the later wins. Where versions vary the client is asked for its own. */
static void add_hashes(const struct gate *g, struct rows *rows, const struct store_caps_clients *all, uint8_t state)
{
	for (size_t i = 0; i < all->len; i++) {
		const struct store_caps_client *h = &all->rows[i];

		if (h->state == state && clients_hash_is_believed(g, h))
			rows_add(rows, h->hash, h->product, h->varies && state == STORE_CAPS_LEARNT ? STR_NONE : h->version);
	}
}

static size_t catalogue_size(const struct client_product *products, size_t len)
{
	size_t count = 0;

	for (size_t i = 0; i < len; i++)
		count += products[i].hash_count;
	return count;
}

static void add_catalogue(struct rows *rows, const struct client_product *products, size_t len)
{
	for (size_t i = 0; i < len; i++)
		for (size_t j = 0; j < products[i].hash_count; j++)
			rows_add(rows, products[i].hashes[j].hash, products[i].product, products[i].hashes[j].version);
}

/* ---- what was believed, and is not any more ---- */

static void record_doubt(struct gate *g, const struct store_caps_client *h)
{
	const struct extra extra[] = {{.key = KEY_TARGET, .text = h->hash}};
	struct buf text = BUF_INIT(0);
	struct entry entry = {.type = EVENT_ALARM, .reason = STR("hash"), .extra = extra, .extra_len = 1};

	buf_printf(&text, "learnt as %.*s%s%.*s; a client that shows it says that it is another program", STR_FMT(h->product),
		h->version.len ? " " : "", STR_FMT(h->version));
	entry.text = buf_view(&text);
	if (record_append(g->record[0], &entry, NULL))
		log_warn("that clients contradict each other could not be recorded");
	log_warn("the hash '%s' is not believed any more: %.*s", LOG_STR(h->hash), STR_FMT(buf_view(&text)));
	buf_done(&text);
}

static void watch_beliefs(struct gate *g, const struct store_caps_clients *all)
{
	struct gate_table *t = &g->table;
	struct arena *arena = arena_new(0);
	struct map now;

	if (!arena)
		return;
	map_init(&now);
	for (size_t i = 0; i < all->len; i++) {
		const struct store_caps_client *h = &all->rows[i];
		struct str hash = clients_hash_is_believed(g, h) ? arena_dup(arena, h->hash) : STR_NONE;

		if (h->state == STORE_CAPS_LEARNT && h->contradicted && map_get(&t->believed, h->hash))
			record_doubt(g, h);
		if (hash.data && map_put(&now, hash, t))
			break;
	}
	map_done(&t->believed);
	arena_free(t->arena);
	t->believed = now;
	t->arena = arena;
}

/* ---- the table ---- */

static void put(struct gate *g, const struct rows *rows)
{
	struct client_table *table;
	struct err err;

	if (client_table_new(&table, rows->row, rows->len, &err)) {
		log_error("the table of clients stays as it was: %s", err.text);
		return;
	}
	route_set_clients(g->route, table);
	client_table_unref(table);
	g->table.digest = rows->digest;
	log_info("%zu hashes of clients are known beside those that are shipped", rows->len);
}

static void take(struct gate *g, const struct store_caps_clients *all)
{
	const struct client_set *set = client_set_of(g->policy);
	const struct client_product *products = NULL;
	size_t len = set ? client_set_products(set, &products) : 0;
	struct rows rows = {.row = calloc(all->len + catalogue_size(products, len) + 1, sizeof(*rows.row))};

	if (!rows.row) {
		log_error("out of memory: the table of clients stays as it was");
		return;
	}
	add_hashes(g, &rows, all, STORE_CAPS_LEARNT);
	add_hashes(g, &rows, all, STORE_CAPS_CONFIRMED);
	add_catalogue(&rows, products, len);
	if (rows.digest != g->table.digest)
		put(g, &rows);
	free(rows.row);
	watch_beliefs(g, all);
}

static void on_hashes(struct store_req *req, int result)
{
	struct gate *g = req->owner;

	g->table.busy = false;
	if (result == 0 && !g->stopping)
		take(g, req->caps_clients);
	else if (result)
		log_warn("hashes of clients cannot be read: the table stays as it was");
	store_req_release(req);
}

static bool has_changed(struct gate *g)
{
	struct gate_table *t = &g->table;
	const char *policy = g->policy ? policy_set_version(g->policy) : "";
	uint64_t version = store_caps_clients_version(g->store);

	if (version == t->version && t->vouchers == g->settings->clients_vouchers && !strcmp(policy, t->policy))
		return false;
	t->version = version;
	t->vouchers = g->settings->clients_vouchers;
	snprintf(t->policy, sizeof(t->policy), "%s", policy);
	return true;
}

void gate_clients_table_tick(struct gate *g)
{
	struct gate_table *t = &g->table;
	uint64_t now = clock_mono_ms();

	if (t->busy || g->stopping || now < t->looked_ms + LOOK_MS || !has_changed(g))
		return;
	t->looked_ms = now;
	t->busy = true;
	store_req_init(&t->req, on_hashes, g);
	if (store_caps_client_all(g->store, &t->req))
		t->busy = false;
}

static void no_answer(struct store_req *req, int result)
{
	(void)req;
	(void)result;
}

int gate_clients_table_open(struct gate *g)
{
	struct store_req req;
	int r;

	map_init(&g->table.believed);
	has_changed(g);
	store_req_init(&req, no_answer, NULL);
	r = store_caps_client_all(g->store, &req);
	if (r == 0)
		r = store_wait(&req);
	if (r == 0)
		take(g, req.caps_clients);
	store_req_release(&req);
	return r > 0 ? -EIO : r;
}
