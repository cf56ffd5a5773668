/* Nodes and items of personal eventing (XEP-0163). A node is a row with its state as text; its items are rows of their
 * own, the newest with the highest item_id. */
#include <errno.h>

#include "base/cleanup.h"
#include "store/sqlite.h"

enum {
	ALL = INT32_MAX,
};

/* A statement with owner and node bound; NULL when it cannot be prepared. */
static sqlite3_stmt *statement(struct sq *q, enum sq_query query, struct str owner, struct str node)
{
	sqlite3_stmt *st = sq_get(q, query);

	if (st) {
		sq_bind_str(st, 1, owner);
		sq_bind_str(st, 2, node);
	}
	return st;
}

static int run(struct sq *q, sqlite3_stmt *st)
{
	return st ? sq_exec(q, st) : -EIO;
}

/* --- nodes --- */

static int nodes_read(struct sq *q, sqlite3_stmt *st, struct sq_rows *rows, struct arena *arena)
{
	struct store_pep_node *node;
	bool row;
	int r;

	while ((r = sq_step(q, st, &row)) == 0 && row) {
		node = sq_rows_add(rows);
		if (!node) {
			sqlite3_reset(st);
			return -ENOMEM;
		}
		node->name = sq_column_str(st, 0, arena);
		node->state = sq_column_str(st, 1, arena);
	}
	return r;
}

int sq_pep_nodes(struct sq *q, struct store_req *req)
{
	AUTO(sq_rows_done) struct sq_rows rows = {.size = sizeof(struct store_pep_node)};
	sqlite3_stmt *st = sq_get(q, SQ_PEP_NODES);
	struct store_pep_nodes *out = arena_zalloc(req->arena, sizeof(*out));
	void *copy;
	int r;

	if (!st || !out)
		return st ? -ENOMEM : -EIO;
	sq_bind_str(st, 1, req->args->owner);
	r = nodes_read(q, st, &rows, req->arena);
	if (r == 0)
		r = sq_rows_take(&rows, req->arena, &copy);
	if (r == 0)
		*out = (struct store_pep_nodes){.rows = copy, .len = rows.len};
	req->nodes = out;
	return r;
}

static int node_write(struct sq *q, struct str owner, struct str node, struct str state)
{
	sqlite3_stmt *st = statement(q, SQ_PEP_NODE_PUT, owner, node);

	if (st)
		sq_bind_str(st, 3, state);
	return run(q, st);
}

int sq_pep_node_delete(struct sq *q, struct store_req *req)
{
	const struct store_args *args = req->args;
	int r = run(q, statement(q, SQ_PEP_PURGE, args->owner, args->other));

	return r ? r : run(q, statement(q, SQ_PEP_NODE_DELETE, args->owner, args->other));
}

/* --- writing items --- */

static int item_write(struct sq *q, struct str owner, const struct store_pep_item *item)
{
	sqlite3_stmt *st = statement(q, SQ_PEP_ITEM_PUT, owner, item->node);

	if (!st)
		return -EIO;
	sq_bind_str(st, 3, item->id);
	sq_bind_u64(st, 4, item->id.len + item->xml.len + item->publisher.len);
	sq_bind_str(st, 5, item->publisher);
	sq_bind_u64(st, 6, item->stamp.seq);
	sq_bind_u64(st, 7, item->stamp.time_us);
	sq_bind_str(st, 8, item->stamp.id);
	sq_bind_str(st, 9, item->xml);
	return sq_exec(q, st);
}

static int items_trim(struct sq *q, const struct store_args *args)
{
	sqlite3_stmt *st = statement(q, SQ_PEP_TRIM, args->owner, args->other);

	if (st)
		sq_bind_u64(st, 3, args->limit);
	return run(q, st);
}

int sq_pep_node_put(struct sq *q, struct store_req *req)
{
	const struct store_args *args = req->args;
	int r = node_write(q, args->owner, args->other, args->text);

	return r == 0 && args->limit ? items_trim(q, args) : r;
}

static int bytes_check(struct sq *q, struct str owner, uint64_t max)
{
	sqlite3_stmt *st = sq_get(q, SQ_PEP_BYTES);
	uint64_t bytes = 0;
	int r;

	if (!st)
		return -EIO;
	sq_bind_str(st, 1, owner);
	r = sq_number(q, st, &bytes);
	return r == 0 && bytes > max ? STORE_E_FULL : r;
}

int sq_pep_item_put(struct sq *q, struct store_req *req)
{
	const struct store_args *args = req->args;
	int r = 0;

	if (args->text.len)
		r = node_write(q, args->owner, args->other, args->text);
	if (r == 0)
		r = item_write(q, args->owner, args->item);
	if (r == 0)
		r = items_trim(q, args);
	return r ? r : bytes_check(q, args->owner, args->number);
}

int sq_pep_item_delete(struct sq *q, struct store_req *req)
{
	const struct store_args *args = req->args;
	bool one = args->text.len > 0;
	sqlite3_stmt *st = statement(q, one ? SQ_PEP_ITEM_DELETE : SQ_PEP_PURGE, args->owner, args->other);
	int r;

	if (st && one)
		sq_bind_str(st, 3, args->text);
	r = run(q, st);
	if (r == 0)
		req->number = (uint64_t)sqlite3_changes(q->db);
	return r;
}

/* --- several things at once --- */

static int nodes_put(struct sq *q, const struct store_personal *c)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < c->nodes_len; i++) {
		const struct store_pep_node *n = &c->nodes[i];

		if (n->state.len)
			r = node_write(q, c->owner, n->name, n->state);
		if (r == 0 && n->items_max)
			r = items_trim(q, &(struct store_args){.owner = c->owner, .other = n->name, .limit = n->items_max});
	}
	return r;
}

static int items_change(struct sq *q, const struct store_personal *c)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < c->gone_len; i++) {
		sqlite3_stmt *st = statement(q, SQ_PEP_ITEM_DELETE, c->owner, c->gone[i].node);

		if (st)
			sq_bind_str(st, 3, c->gone[i].id);
		r = run(q, st);
	}
	for (size_t i = 0; r == 0 && i < c->items_len; i++)
		r = item_write(q, c->owner, &c->items[i]);
	return r;
}

/* The operations of one kind, with the arguments of this. */
static int others_put(struct sq *q, const struct store_personal *c)
{
	struct store_args args = {
		.owner = c->owner, .privates = c->privates, .len = c->privates_len, .number = c->private_max};
	struct store_req req = {.args = &args};
	int r = c->privates_len ? sq_private_put(q, &req) : 0;

	args.vcard = c->vcard;
	return r == 0 && c->vcard ? sq_vcard_put(q, &req) : r;
}

int sq_personal_put(struct sq *q, struct store_req *req)
{
	const struct store_personal *c = req->args->personal;
	int r = items_change(q, c);

	if (r == 0)
		r = nodes_put(q, c);
	if (r == 0 && c->items_len)
		r = bytes_check(q, c->owner, c->bytes_max);
	return r ? r : others_put(q, c);
}

/* --- reading items --- */

static int items_read(struct sq *q, sqlite3_stmt *st, struct sq_rows *rows, struct arena *arena)
{
	struct store_pep_item *item;
	bool row;
	int r;

	while ((r = sq_step(q, st, &row)) == 0 && row) {
		item = sq_rows_add(rows);
		if (!item) {
			sqlite3_reset(st);
			return -ENOMEM;
		}
		item->node = sq_column_str(st, 1, arena);
		item->id = sq_column_str(st, 2, arena);
		item->publisher = sq_column_str(st, 3, arena);
		item->stamp.seq = sq_column_u64(st, 4);
		item->stamp.time_us = sq_column_u64(st, 5);
		item->stamp.id = sq_column_str(st, 6, arena);
		item->xml = sq_column_str(st, 7, arena);
	}
	return r;
}

static int items_take(struct sq_rows *rows, struct store_req *req)
{
	struct store_pep_items *out = arena_zalloc(req->arena, sizeof(*out));
	void *copy;
	int r = out ? sq_rows_take(rows, req->arena, &copy) : -ENOMEM;

	if (r == 0)
		*out = (struct store_pep_items){.rows = copy, .len = rows->len};
	req->items = out;
	return r;
}

int sq_pep_items(struct sq *q, struct store_req *req)
{
	AUTO(sq_rows_done) struct sq_rows rows = {.size = sizeof(struct store_pep_item)};
	sqlite3_stmt *st = statement(q, SQ_PEP_ITEMS, req->args->owner, req->args->other);
	int r;

	if (!st)
		return -EIO;
	sq_bind_u64(st, 3, req->args->limit ? req->args->limit : ALL);
	r = items_read(q, st, &rows, req->arena);
	return r ? r : items_take(&rows, req);
}

int sq_pep_items_by_id(struct sq *q, struct store_req *req)
{
	AUTO(sq_rows_done) struct sq_rows rows = {.size = sizeof(struct store_pep_item)};
	const struct store_args *args = req->args;
	int r = 0;

	for (size_t i = 0; r == 0 && i < args->len; i++) {
		sqlite3_stmt *st = statement(q, SQ_PEP_ITEM_BY_ID, args->owner, args->other);

		if (!st)
			return -EIO;
		sq_bind_str(st, 3, args->names[i]);
		r = items_read(q, st, &rows, req->arena);
	}
	return r ? r : items_take(&rows, req);
}

int sq_pep_last(struct sq *q, struct store_req *req)
{
	AUTO(sq_rows_done) struct sq_rows rows = {.size = sizeof(struct store_pep_item)};
	const struct store_args *args = req->args;
	int r = 0;

	for (size_t i = 0; r == 0 && i < args->len; i++) {
		sqlite3_stmt *st = statement(q, SQ_PEP_LAST, args->owner, args->names[i]);

		r = st ? items_read(q, st, &rows, req->arena) : -EIO;
	}
	return r ? r : items_take(&rows, req);
}

/* --- who has something of a kind --- */

static bool is_among(const struct str *names, size_t len, struct str name)
{
	for (size_t i = 0; i < len; i++)
		if (str_eq(names[i], name))
			return true;
	return false;
}

/* Does the owner have a node of one of these names? */
static int has_one(struct sq *q, struct str owner, const struct str *names, size_t len, bool *out)
{
	sqlite3_stmt *st = sq_get(q, SQ_PEP_NODES);
	bool row;
	int r;

	*out = false;
	if (!st)
		return -EIO;
	sq_bind_str(st, 1, owner);
	while (!*out && (r = sq_step(q, st, &row)) == 0) {
		if (!row)
			return 0;
		*out = is_among(names, len,
			str_of((const char *)sqlite3_column_text(st, 0), (size_t)sqlite3_column_bytes(st, 0)));
	}
	sqlite3_reset(st);
	return *out ? 0 : r;
}

int sq_pep_who(struct sq *q, struct store_req *req)
{
	const struct store_args *args = req->args;
	struct store_names *out = arena_zalloc(req->arena, sizeof(*out));
	struct str *found = arena_zalloc(req->arena, args->len * sizeof(*found) + 1);
	const struct str *wanted;
	size_t wanted_len, n = 0;
	bool has;
	int r = 0;

	wanted = sq_names_split(req->arena, args->other, &wanted_len);
	if (!out || !found)
		return -ENOMEM;
	for (size_t i = 0; r == 0 && i < args->len; i++) {
		r = has_one(q, args->names[i], wanted, wanted_len, &has);
		if (r == 0 && has)
			found[n++] = args->names[i];
	}
	*out = (struct store_names){.names = found, .len = n};
	req->names = out;
	return r;
}
