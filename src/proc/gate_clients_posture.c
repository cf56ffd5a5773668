/* How many clients are up to date: now, by product, department and group; and how it was. Each day, and when the rules have
 * changed, it is written down; the walk over the inventory that this takes goes page by page. */
#include "proc/gate_clients.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"

enum {
	HISTORY_DAYS = 30, /* shown unless asked otherwise */
	KEPT_DAYS = 1000,
	PRODUCTS_MAX = 200, /* of one moment; the others are one row without a name */
};

static const uint64_t day_us = 86400ULL * 1000000;

/* ---- counting ---- */

struct count {
	struct str name;
	uint64_t seen, above, online;
	uint64_t excepted; /* they would not be above, but for an exception */
	uint64_t people, last_person; /* by their number in the walk */
	uint64_t accounts;            /* of a department or group, with a client or without */
	struct map products;          /* of a department or group: name -> struct count */
};

struct posture {
	struct arena *arena;
	struct map products, departments, groups;
	struct count all;
	struct str person; /* whose rows are being looked at */
	bool failed;
};

static struct count *count_of(struct posture *p, struct map *in, struct str name)
{
	struct count *c = map_get(in, name.len ? name : STR(""));

	if (c)
		return c;
	c = arena_zalloc(p->arena, sizeof(*c));
	if (c) {
		c->name = name.len ? arena_dup(p->arena, name) : STR("");
		map_init(&c->products);
	}
	if (c && c->name.data && map_put(in, c->name, c) == 0)
		return c;
	p->failed = true;
	return NULL;
}

/* Products are what clients say: beyond a number of them they are one. */
static struct count *product_of(struct posture *p, struct map *in, struct str name)
{
	bool fits = map_get(in, name.len ? name : STR("")) || in->len < PRODUCTS_MAX;

	return count_of(p, in, fits ? name : STR(""));
}

static void count_row(const struct posture *p, struct count *c, const struct look_row *row)
{
	if (!c)
		return;
	c->seen++;
	c->above += row->current && !row->excepted;
	c->excepted += row->current && row->excepted;
	c->online += row->live != NULL;
	c->people += c->last_person != p->all.people;
	c->last_person = p->all.people;
}

static void count_in(struct posture *p, struct map *in, struct str name, const struct look_row *row)
{
	struct count *c = count_of(p, in, name);

	count_row(p, c, row);
	if (c)
		count_row(p, product_of(p, &c->products, row->client->product), row);
}

/* Rows come in the order of people. */
static bool posture_row(struct look *look, const struct look_row *row)
{
	struct posture *p = look->owner;

	if (!str_eq(p->person, row->client->owner)) {
		p->person = arena_dup(p->arena, row->client->owner);
		p->all.people++;
	}
	p->all.seen++;
	p->all.above += row->current && !row->excepted;
	p->all.excepted += row->current && row->excepted;
	p->all.online += row->live != NULL;
	count_row(p, product_of(p, &p->products, row->client->product), row);
	count_in(p, &p->departments, row->person ? row->person->department : STR_NONE, row);
	for (size_t i = 0; row->person && i < row->person->groups_len; i++)
		count_in(p, &p->groups, row->person->groups[i], row);
	return !p->failed;
}

static bool count_account(const struct person *person, void *owner)
{
	struct posture *p = owner;
	struct count *c;

	if (person->disabled)
		return true;
	p->all.accounts++;
	c = count_of(p, &p->departments, person->department);
	if (c)
		c->accounts++;
	for (size_t i = 0; i < person->groups_len; i++) {
		c = count_of(p, &p->groups, person->groups[i]);
		if (c)
			c->accounts++;
	}
	return !p->failed;
}

static void counts_done(struct map *all)
{
	struct map_slot *slot;

	for (size_t i = 0; (slot = map_next(all, &i));)
		map_done(&((struct count *)slot->value)->products);
	map_done(all);
}

static void posture_free(struct posture *p)
{
	counts_done(&p->products);
	counts_done(&p->departments);
	counts_done(&p->groups);
}

static struct posture *posture_new(struct look *look)
{
	struct posture *p = arena_zalloc(look->request->arena, sizeof(*p));

	if (!p)
		return NULL;
	p->arena = look->request->arena;
	map_init(&p->products);
	map_init(&p->departments);
	map_init(&p->groups);
	look->owner = p;
	look->each = posture_row;
	if (!look->query.since_us)
		look->query.since_us = look->at_us - day_us;
	return p;
}

/* ---- as JSON ---- */

static int by_name(const void *a, const void *b)
{
	const struct count *const *x = a, *const *y = b;

	return str_cmp((*x)->name, (*y)->name);
}

static json_t *counts_json(const struct map *all, const char *what, bool with_products)
{
	const struct count **sorted = calloc(all->len + 1, sizeof(*sorted));
	json_t *list = json_array(), *one;
	struct map_slot *slot;
	size_t len = 0;

	for (size_t i = 0; sorted && (slot = map_next(all, &i));)
		sorted[len++] = slot->value;
	if (len)
		qsort(sorted, len, sizeof(*sorted), by_name);
	for (size_t i = 0; i < len; i++) {
		const struct count *c = sorted[i];

		one = json_pack("{so sI sI sI sI sI}", what, control_text(c->name), "seen", (json_int_t)c->seen, "above",
			(json_int_t)c->above, "excepted", (json_int_t)c->excepted, "online", (json_int_t)c->online, "people", (json_int_t)c->people);
		if (with_products) {
			json_object_set_new(one, "accounts", json_integer((json_int_t)c->accounts));
			json_object_set_new(one, "products", counts_json(&c->products, "product", false));
		}
		json_array_append_new(list, one);
	}
	free(sorted);
	return list;
}

static json_t *posture_json(const struct gate *g, const struct posture *p)
{
	json_t *answer = control_ok();

	json_object_set_new(answer, "policy", json_string(g->policy ? policy_set_version(g->policy) : ""));
	json_object_set_new(answer, "seen", json_integer((json_int_t)p->all.seen));
	json_object_set_new(answer, "above", json_integer((json_int_t)p->all.above));
	json_object_set_new(answer, "excepted", json_integer((json_int_t)p->all.excepted));
	json_object_set_new(answer, "online", json_integer((json_int_t)p->all.online));
	json_object_set_new(answer, "people", json_integer((json_int_t)p->all.people));
	json_object_set_new(answer, "accounts", json_integer((json_int_t)p->all.accounts));
	json_object_set_new(answer, "products", counts_json(&p->products, "product", false));
	json_object_set_new(answer, "departments", counts_json(&p->departments, "department", true));
	json_object_set_new(answer, "groups", counts_json(&p->groups, "group", true));
	return answer;
}

/* Rows of one moment stand together. */
static json_t *history_json(const struct store_postures *all)
{
	json_t *list = json_array(), *moment = NULL, *products = NULL;
	uint64_t seen = 0, above = 0, excepted = 0;

	for (size_t i = 0; i < all->len; i++) {
		const struct store_posture *row = &all->rows[i];

		if (i == 0 || row->taken_us != row[-1].taken_us) {
			products = json_array();
			seen = above = excepted = 0;
			moment = json_pack("{so so so}", "taken", control_time(row->taken_us), "policy", control_text(row->baseline),
				"products", products);
			json_array_append_new(list, moment);
		}
		seen += row->seen;
		above += row->above;
		excepted += row->excepted;
		json_array_append_new(products, json_pack("{so sI sI sI}", "product", control_text(row->product), "seen",
			(json_int_t)row->seen, "above", (json_int_t)row->above, "excepted", (json_int_t)row->excepted));
		json_object_set_new(moment, "seen", json_integer((json_int_t)seen));
		json_object_set_new(moment, "above", json_integer((json_int_t)above));
		json_object_set_new(moment, "excepted", json_integer((json_int_t)excepted));
	}
	return list;
}

/* ---- clients.posture ---- */

static void fail(struct gate_request *r)
{
	gate_request_fail(r, "internal", "the inventory cannot be read", "the gate's log says why");
}

static void on_history(struct store_req *req, int result)
{
	struct gate_request *r = req->owner;

	if (result) {
		fail(r);
		return;
	}
	json_object_set_new(r->answer, "history", history_json(req->postures));
	gate_request_done(r, json_incref(r->answer));
}

static void asked_end(struct look *look, bool failed)
{
	struct gate_request *r = look->request;
	struct posture *p = look->owner;
	json_int_t days = json_integer_value(json_object_get(r->args, "days"));
	uint64_t now = clock_utc_us();

	directory_each(r->gate->directory, count_account, p);
	r->answer = posture_json(r->gate, p);
	failed = failed || p->failed;
	posture_free(p);
	look_free(look);
	r->req.done = on_history;
	days = days > 0 && days <= KEPT_DAYS ? days : HISTORY_DAYS;
	if (failed || store_posture_all(r->gate->store, &r->req, now - (uint64_t)days * day_us))
		fail(r);
}

void gate_clients_posture(struct gate_request *r)
{
	struct look *look = look_new(r);
	const char *fault = look ? look_filter(look) : NULL;
	struct posture *p = look && !fault ? posture_new(look) : NULL;

	if (p) {
		look->end = asked_end;
		look_begin(look);
		return;
	}
	if (look)
		look_free(look);
	gate_request_fail(r, fault ? "bad_request" : "internal", fault ? fault : "out of memory", "");
}

/* ---- writing it down ---- */

static void on_taken(struct store_req *req, int result)
{
	struct gate_request *r = req->owner;

	r->gate->posture.busy = false;
	if (result)
		log_warn("how many clients are up to date could not be written down");
	gate_request_free(r);
}

static void taken_end(struct look *look, bool failed)
{
	struct gate_request *r = look->request;
	struct gate *g = r->gate;
	struct posture *p = look->owner;
	struct store_posture *rows = arena_zalloc(r->arena, (p->products.len + 1) * sizeof(*rows));
	struct map_slot *slot;
	size_t len = 0;

	for (size_t i = 0; rows && (slot = map_next(&p->products, &i));) {
		const struct count *c = slot->value;

		rows[len++] = (struct store_posture){.taken_us = look->at_us,
			.product = c->name,
			.baseline = str_from(g->posture.policy),
			.seen = c->seen,
			.above = c->above,
			.excepted = c->excepted};
	}
	if (rows && !len) /* nobody was there: that is known, too */
		rows[len++] = (struct store_posture){.taken_us = look->at_us, .baseline = str_from(g->posture.policy)};
	failed = failed || p->failed || !rows;
	posture_free(p); /* here: on_taken() frees what it lies in */
	look_free(look);
	r->rows = rows;
	r->rows_len = len;
	r->req.done = on_taken;
	if (failed || store_posture_put(g->store, &r->req, rows, len, look->at_us - KEPT_DAYS * day_us))
		on_taken(&r->req, STORE_E_FAILED);
}

static void take(struct gate *g, uint64_t now)
{
	struct gate_request *r = gate_request_new(g, 0, NULL, NULL, "clients.posture");
	struct look *look = r ? look_new(r) : NULL;

	g->posture.taken_us = now;
	if (!look || !posture_new(look)) {
		if (r)
			gate_request_free(r);
		return;
	}
	g->posture.busy = true;
	look->end = taken_end;
	look_begin(look);
}

static void on_known(struct store_req *req, int result)
{
	struct gate *g = req->owner;

	g->posture.busy = false;
	g->posture.known = result == 0;
	g->posture.taken_us = clock_utc_us(); /* nothing there: the first one comes with the day's end */
	if (result == 0 && req->postures->len) {
		const struct store_posture *last = &req->postures->rows[req->postures->len - 1];

		g->posture.taken_us = last->taken_us;
		memcpy(g->posture.policy, last->baseline.data,
			last->baseline.len < POLICY_VERSION_LEN ? last->baseline.len : POLICY_VERSION_LEN);
	}
	store_req_release(req);
}

static void find_last(struct gate *g, uint64_t now)
{
	g->posture.busy = true;
	store_req_init(&g->posture.req, on_known, g);
	if (store_posture_all(g->store, &g->posture.req, now - KEPT_DAYS * day_us))
		g->posture.busy = false;
}

static void on_swept(struct store_req *req, int result)
{
	struct gate *g = req->owner;

	g->posture.busy = false;
	if (result)
		log_warn("clients that were not seen for long could not be forgotten");
	store_req_release(req);
}

static void sweep(struct gate *g, uint64_t now)
{
	g->posture.busy = true;
	g->posture.swept_us = now;
	store_req_init(&g->posture.req, on_swept, g);
	if (store_client_sweep(g->store, &g->posture.req, now - g->settings->clients_keep_days * day_us))
		g->posture.busy = false;
}

/* With other rules than the last time? Then it is measured with the new ones at once. */
static bool rules_have_changed(struct gate *g)
{
	const char *policy = g->policy ? policy_set_version(g->policy) : "";

	if (!strcmp(policy, g->posture.policy))
		return false;
	snprintf(g->posture.policy, sizeof(g->posture.policy), "%s", policy);
	return true;
}

void gate_clients_tick(struct gate *g)
{
	uint64_t now = clock_utc_us();

	gate_clients_refused_write(g);
	if (!g->ready || g->stopping || g->posture.busy)
		return;
	if (!g->posture.known)
		find_last(g, now);
	else if (rules_have_changed(g) || now / day_us != g->posture.taken_us / day_us)
		take(g, now);
	else if (now > g->posture.swept_us + day_us)
		sweep(g, now);
}

bool gate_clients_is_busy(const struct gate *g)
{
	return g->posture.busy || g->table.busy;
}
