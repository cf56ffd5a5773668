/* What has access to an account, and which devices it has been used with. */
#include <errno.h>

#include "base/cleanup.h"
#include "store/sqlite.h"

#define HOUR_US 3600000000ull

static sqlite3_stmt *of_owner(struct sq *q, enum sq_query query, struct str owner)
{
	sqlite3_stmt *st = sq_get(q, query);

	if (st)
		sq_bind_str(st, 1, owner);
	return st;
}

static int exec_key(struct sq *q, enum sq_query query, struct str owner, struct str key)
{
	sqlite3_stmt *st = of_owner(q, query, owner);

	if (!st)
		return -EIO;
	sq_bind_str(st, 2, key);
	return sq_exec(q, st);
}

/* The rows of a statement, each read by `read`; the array in *out. */
static int read_rows(struct sq *q, sqlite3_stmt *st, size_t size, void (*read)(sqlite3_stmt *st, void *row, struct arena *arena),
	struct arena *arena, void **out, size_t *len)
{
	AUTO(sq_rows_done) struct sq_rows rows = {.size = size};
	void *item;
	bool row;
	int r;

	while ((r = sq_step(q, st, &row)) == 0 && row) {
		item = sq_rows_add(&rows);
		if (!item) {
			sqlite3_reset(st);
			return -ENOMEM;
		}
		read(st, item, arena);
	}
	*len = rows.len;
	return r ? r : sq_rows_take(&rows, arena, out);
}

/* ---- what has access ---- */

static void read_device(sqlite3_stmt *st, void *row, struct arena *arena)
{
	*(struct store_device *)row = (struct store_device){
		.key = sq_column_str(st, 0, arena),
		.product = sq_column_str(st, 1, arena),
		.version = sq_column_str(st, 2, arena),
		.os = sq_column_str(st, 3, arena),
		.device = sq_column_str(st, 4, arena),
		.agent = sq_column_str(st, 5, arena),
		.resource = sq_column_str(st, 6, arena),
		.address = arena_dup(arena, str_trim(sq_column_view(st, 7))),
		.first_us = sq_column_u64(st, 8),
		.last_us = sq_column_u64(st, 9),
		.sessions = sq_column_u64(st, 10),
		.token_us = sq_column_u64(st, 11),
		.auth = (uint8_t)sq_column_u64(st, 12),
	};
}

int sq_device_list(struct sq *q, struct store_req *req)
{
	struct store_devices *out = arena_zalloc(req->arena, sizeof(*out));
	sqlite3_stmt *st = of_owner(q, SQ_DEVICE_LIST, req->args->owner);
	void *items = NULL;
	int r;

	if (!st || !out)
		return st ? -ENOMEM : -EIO;
	sq_bind_u64(st, 2, req->args->number);
	r = read_rows(q, st, sizeof(struct store_device), read_device, req->arena, &items, &out->len);
	out->rows = items;
	req->devices = out;
	return r;
}

int sq_device_revoke(struct sq *q, struct store_req *req)
{
	const struct store_args *a = req->args;
	const struct str agent = STR("agent:");
	int r = exec_key(q, SQ_CLIENT_REVOKE, a->owner, a->other);
	sqlite3_stmt *st;

	if (r == 0)
		r = exec_key(q, SQ_DEVICE_DROP, a->owner, a->other);
	if (r || !str_starts(a->other, agent))
		return r;
	st = of_owner(q, SQ_TOKEN_DROP, a->owner);
	if (!st)
		return -EIO;
	sq_bind_str(st, 2, str_cut(a->other, agent.len, a->other.len));
	sq_bind_u64(st, 3, 0);
	return sq_exec(q, st);
}

/* ---- who comes ---- */

/* Was it there? Then it has been there again. */
static int see(struct sq *q, const struct store_arrival *a, struct str key, bool *known)
{
	sqlite3_stmt *st = of_owner(q, SQ_DEVICE_SEEN, a->owner);
	int r;

	if (!st)
		return -EIO;
	sq_bind_str(st, 2, key);
	sq_bind_u64(st, 3, a->utc_us);
	r = sq_exec(q, st);
	*known = sqlite3_changes(q->db) > 0;
	return r;
}

/* `shows`: it is this key of which something is said; `tells`: to others. */
static int add(struct sq *q, const struct store_arrival *a, struct str key, bool shows, bool tells, bool waits)
{
	sqlite3_stmt *st = of_owner(q, SQ_DEVICE_ADD, a->owner);

	if (!st)
		return -EIO;
	sq_bind_str(st, 2, key);
	sq_bind_str(st, 3, shows ? a->product : STR(""));
	sq_bind_str(st, 4, shows ? a->device : STR(""));
	sq_bind_str(st, 5, shows ? a->address : STR(""));
	sq_bind_u64(st, 6, a->utc_us);
	sq_bind_u64(st, 7, tells);
	sq_bind_u64(st, 8, waits ? a->waits_us : 0);
	return sq_exec(q, st);
}

struct counts {
	uint64_t all, networks, lately, untold;
};

static int count(struct sq *q, const struct store_arrival *a, uint64_t first_us, struct counts *out)
{
	sqlite3_stmt *st = of_owner(q, SQ_DEVICE_COUNT, a->owner);
	bool row;
	int r;

	if (!st)
		return -EIO;
	sq_bind_u64(st, 2, a->utc_us > HOUR_US ? a->utc_us - HOUR_US : 0);
	sq_bind_u64(st, 3, first_us);
	r = sq_step(q, st, &row);
	if (r || !row)
		return r ? r : -EIO;
	*out = (struct counts){sq_column_u64(st, 0), sq_column_u64(st, 1), sq_column_u64(st, 2), sq_column_u64(st, 3)};
	sqlite3_reset(st);
	return 0;
}

struct row {
	uint64_t first_us, waits_us;
	bool untold;
};

/* Leaves *out alone where there is none. */
static int get(struct sq *q, struct str owner, struct str key, struct row *out)
{
	sqlite3_stmt *st = of_owner(q, SQ_DEVICE_GET, owner);
	bool row;
	int r;

	if (!st)
		return -EIO;
	sq_bind_str(st, 2, key);
	r = sq_step(q, st, &row);
	if (r || !row)
		return r;
	*out = (struct row){.first_us = sq_column_u64(st, 0), .untold = sq_column_u64(st, 1) != 0, .waits_us = sq_column_u64(st, 2)};
	sqlite3_reset(st);
	return 0;
}

/* The key by which it is listed that something waits since then. */
static int waits_by(struct sq *q, struct store_req *req, struct store_meeting *m)
{
	sqlite3_stmt *st = of_owner(q, SQ_DEVICE_WAITING, req->args->owner);
	bool row;
	int r;

	if (!st)
		return -EIO;
	sq_bind_u64(st, 2, m->waits_us ? m->waits_us : m->beside_us);
	r = sq_step(q, st, &row);
	if (r == 0 && row)
		m->waits_key = sq_column_str(st, 1, req->arena);
	sqlite3_reset(st);
	return r;
}

static int look(struct sq *q, struct store_req *req, struct store_meeting *m)
{
	const struct store_arrival *a = req->args->arrival;
	struct row own = {.first_us = a->utc_us}, network = {}, beside = {};
	int r = get(q, a->owner, a->key, &own);

	if (r == 0 && a->network.len)
		r = get(q, a->owner, a->network, &network);
	if (r == 0 && a->beside.len)
		r = get(q, a->owner, a->beside, &beside);
	m->first_us = own.first_us;
	m->is_untold = own.untold;
	m->waits_us = own.waits_us ? own.waits_us : network.waits_us;
	m->beside_us = beside.waits_us;
	return r == 0 && (m->waits_us || m->beside_us) ? waits_by(q, req, m) : r;
}

/* Whoever comes with many devices does not make those be forgotten that are confirmed. */
static int trim(struct sq *q, const struct store_arrival *a)
{
	sqlite3_stmt *st = of_owner(q, SQ_DEVICE_TRIM, a->owner);

	if (!st)
		return -EIO;
	sq_bind_u64(st, 2, a->max);
	sq_bind_str(st, 3, a->key);
	sq_bind_str(st, 4, a->network);
	return sq_exec(q, st);
}

/* The first network that is kept of an account is no news: before that, none was looked at. */
static int keep(struct sq *q, const struct store_arrival *a, bool known, bool known_network, struct store_meeting *m)
{
	struct counts before;
	int r = count(q, a, 0, &before);
	bool strange, waits;

	if (r)
		return r;
	strange = !known_network && before.networks > 0;
	m->is_first = before.all == 0;
	m->is_new = !m->is_first && !a->quiet && (!known || strange);
	m->is_new_network = m->is_new && known;
	waits = m->is_new || a->waits_anyway || (m->is_first && a->first_waits);
	if (!known)
		r = add(q, a, a->key, waits || m->is_new, m->is_new, waits);
	if (r == 0 && !known_network)
		r = add(q, a, a->network, m->is_new && known, m->is_new && known, waits && (known ? m->is_new : true));
	return r ? r : trim(q, a);
}

int sq_device_meet(struct sq *q, struct store_req *req)
{
	const struct store_arrival *a = req->args->arrival;
	struct store_meeting *m = arena_zalloc(req->arena, sizeof(*m));
	bool known = false, known_network = true;
	struct counts now;
	int r = m ? see(q, a, a->key, &known) : -ENOMEM;

	if (r == 0 && a->network.len)
		r = see(q, a, a->network, &known_network);
	if (r == 0 && (!known || !known_network))
		r = keep(q, a, known, known_network, m);
	if (r == 0)
		r = look(q, req, m);
	if (r == 0)
		r = count(q, a, m->first_us, &now);
	if (r)
		return r;
	m->lately = now.lately;
	m->untold = now.untold;
	req->meeting = m;
	return 0;
}

/* ---- who has been told ---- */

int sq_device_told(struct sq *q, struct store_req *req)
{
	return exec_key(q, SQ_DEVICE_TOLD, req->args->owner, req->args->other);
}

static void read_untold(sqlite3_stmt *st, void *row, struct arena *arena)
{
	*(struct store_untold *)row = (struct store_untold){
		.owner = sq_column_str(st, 0, arena),
		.key = sq_column_str(st, 1, arena),
		.product = sq_column_str(st, 2, arena),
		.device = sq_column_str(st, 3, arena),
		.address = sq_column_str(st, 4, arena),
		.first_us = sq_column_u64(st, 5),
		.waits_us = sq_column_u64(st, 6),
	};
}

static int read_untolds(struct sq *q, struct store_req *req, enum sq_query query, uint64_t number)
{
	struct store_untolds *out = arena_zalloc(req->arena, sizeof(*out));
	sqlite3_stmt *st = of_owner(q, query, req->args->owner);
	void *items = NULL;
	int r;

	if (!st || !out)
		return st ? -ENOMEM : -EIO;
	sq_bind_u64(st, 2, number);
	r = read_rows(q, st, sizeof(struct store_untold), read_untold, req->arena, &items, &out->len);
	out->rows = items;
	req->untolds = out;
	return r;
}

int sq_device_untold(struct sq *q, struct store_req *req)
{
	return read_untolds(q, req, SQ_DEVICE_UNTOLD, req->args->number);
}

/* ---- who waits to be confirmed ---- */

int sq_device_waiting(struct sq *q, struct store_req *req)
{
	return read_untolds(q, req, req->args->owner.len ? SQ_DEVICE_WAITING : SQ_DEVICE_WAITING_ALL, 0);
}

static int exec_since(struct sq *q, enum sq_query query, const struct store_req *req)
{
	sqlite3_stmt *st = of_owner(q, query, req->args->owner);

	if (!st)
		return -EIO;
	sq_bind_u64(st, 2, req->args->number);
	return sq_exec(q, st);
}

int sq_device_confirm(struct sq *q, struct store_req *req)
{
	return exec_since(q, SQ_DEVICE_CONFIRM, req);
}

int sq_device_refuse(struct sq *q, struct store_req *req)
{
	return exec_since(q, SQ_DEVICE_REFUSE, req);
}
