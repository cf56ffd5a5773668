/* What hashes of capabilities stand for, and who was refused. */
#include "proc/gate_clients.h"

#include "base/clock.h"
#include "net/rejections.h"
#include "route/inventory.h"

enum {
	REFUSED_MAX = 1000, /* of one answer */
};

static const char *const state_names[] = {"learnt", "confirmed", "rejected"};

static void fail_store(struct gate_request *r, int result)
{
	if (result == STORE_E_NONE)
		gate_request_fail(r, "not_found", "there is no such hash", "'gatehouse clients hashes' shows them");
	else
		gate_request_fail(r, "internal", "the store could not do it", "the gate's log says why");
}

/* Answers with the list under that name. */
static void done_with(struct gate_request *r, const char *name, json_t *all)
{
	json_t *answer = control_ok();

	json_object_set_new(answer, name, all);
	gate_request_done(r, answer);
}

/* ---- hashes ---- */

static json_t *hash_json(const struct gate *g, const struct store_caps_client *h)
{
	return json_pack("{so so so so so ss sb sI sI so so sb sb}", "hash", control_text(h->hash), "product",
		control_text(h->product), "version", control_text(h->version), "os", control_text(h->os), "node",
		control_text(h->node), "state", h->state <= STORE_CAPS_REJECTED ? state_names[h->state] : "", "varies", h->varies,
		"contradicted", (json_int_t)h->contradicted, "accounts", (json_int_t)h->accounts, "first_seen",
		control_time(h->first_us), "last_seen", control_time(h->last_us), "believed", clients_hash_is_believed(g, h), "in_force",
		map_get(&g->table.believed, h->hash) != NULL);
}

static void on_hashes(struct store_req *req, int result)
{
	struct gate_request *r = req->owner;
	json_t *all;

	if (result) {
		fail_store(r, result);
		return;
	}
	all = json_array();
	for (size_t i = 0; i < req->caps_clients->len; i++)
		json_array_append_new(all, hash_json(r->gate, &req->caps_clients->rows[i]));
	done_with(r, "hashes", all);
}

void gate_clients_hashes(struct gate_request *r)
{
	r->req.done = on_hashes;
	if (store_caps_client_all(r->gate->store, &r->req))
		fail_store(r, STORE_E_FAILED);
}

static void on_hash_set(struct store_req *req, int result)
{
	struct gate_request *r = req->owner;

	if (result)
		fail_store(r, result);
	else
		gate_request_done(r, control_ok());
}

static void hash_set(struct gate_request *r)
{
	struct store_caps_client row = {.hash = control_member(r->args, "hash"),
		.product = control_member(r->args, "product"),
		.version = control_member(r->args, "version"),
		.os = control_member(r->args, "os"),
		.state = str_is(control_member(r->args, "state"), "confirmed") ? STORE_CAPS_CONFIRMED : STORE_CAPS_REJECTED,
		.first_us = clock_utc_us()};
	int failed;

	r->req.done = on_hash_set;
	failed = str_is(control_member(r->args, "state"), "forgotten")
			 ? store_caps_client_delete(r->gate->store, &r->req, row.hash)
			 : store_caps_client_put(r->gate->store, &r->req, &row);
	if (failed)
		fail_store(r, STORE_E_FAILED);
}

/* "sha-1 VER". */
static bool is_hash(struct str s)
{
	size_t space = str_find(s, ' ', 0);

	return space > 0 && space + 1 < s.len && s.len <= 160 && str_find(s, ' ', space + 1) == s.len;
}

/* "confirmed: Exodus 0.9.1". */
static struct str text_of_act(struct gate_request *r)
{
	struct str state = control_member(r->args, "state"), product = control_member(r->args, "product"),
		   version = control_member(r->args, "version");

	if (!product.len)
		return state;
	return arena_printf(r->arena, "%.*s: %.*s%s%.*s", STR_FMT(state), STR_FMT(product), version.len ? " " : "",
		STR_FMT(version));
}

/* Without a product a new row would say nothing. */
static void on_known(struct store_req *req, int result)
{
	struct gate_request *r = req->owner;
	struct str hash = control_member(r->args, "hash");
	bool known = control_member(r->args, "product").len > 0;

	for (size_t i = 0; result == 0 && i < req->caps_clients->len; i++)
		known = known || str_eq(req->caps_clients->rows[i].hash, hash);
	if (result || !known)
		fail_store(r, result ? result : STORE_E_NONE);
	else if (gate_act_add(r, hash, text_of_act(r)))
		gate_act_begin(r, false, hash_set);
	else
		gate_request_fail(r, "internal", "out of memory", "");
}

void gate_clients_hash(struct gate_request *r)
{
	struct str state = control_member(r->args, "state");

	if (!is_hash(control_member(r->args, "hash"))) {
		gate_request_fail(r, "bad_request", "a hash is the name of its function and what stands in 'ver', a space between",
			"'gatehouse clients hashes' shows them");
		return;
	}
	if (!str_is(state, "confirmed") && !str_is(state, "rejected") && !str_is(state, "forgotten")) {
		gate_request_fail(r, "bad_request", "a hash is confirmed, rejected or forgotten", "");
		return;
	}
	r->req.done = on_known;
	if (store_caps_client_all(r->gate->store, &r->req))
		fail_store(r, STORE_E_FAILED);
}

/* ---- refused ---- */

static json_t *refusal_json(const struct store_refusal *f)
{
	return json_pack("{so so so so so so so sI so so}", "kind", control_text(f->kind), "jid", control_text(f->owner),
		"address", control_text(f->address), "product", control_text(f->product), "version", control_text(f->version),
		"rule", control_text(f->rule), "reason", control_text(f->reason), "count", (json_int_t)f->count, "first",
		control_time(f->first_us), "last", control_time(f->last_us));
}

static void on_refused(struct store_req *req, int result)
{
	struct gate_request *r = req->owner;
	json_t *all;

	if (result) {
		fail_store(r, result);
		return;
	}
	all = json_array();
	for (size_t i = 0; i < req->refusals->len; i++)
		json_array_append_new(all, refusal_json(&req->refusals->rows[i]));
	done_with(r, "refused", all);
}

void gate_clients_refused(struct gate_request *r)
{
	json_int_t limit = json_integer_value(json_object_get(r->args, "limit"));
	struct str since = control_member(r->args, "since");
	uint64_t since_us = 0;

	if (since.len && !clock_parse(since, &since_us)) {
		gate_request_fail(r, "bad_request", "since is no time as in 2026-11-22T15:00:00Z", "");
		return;
	}
	r->req.done = on_refused;
	if (store_refusal_all(r->gate->store, &r->req, since_us, limit > 0 && limit < REFUSED_MAX ? (size_t)limit : REFUSED_MAX))
		fail_store(r, STORE_E_FAILED);
}

static void write_early(void *store, const struct rejection *r)
{
	struct store_refusal row = {.kind = r->kind,
		.owner = r->owner,
		.address = r->address,
		.product = r->product,
		.version = r->version,
		.rule = r->rule,
		.reason = r->reason,
		.count = r->count,
		.last_us = clock_utc_us()};

	store_refusal_note(store, &row, INVENTORY_REFUSALS_MAX);
}

void gate_clients_refused_write(struct gate *g)
{
	rejections_take(write_early, g->store);
}
