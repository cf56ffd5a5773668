#include "route/devices.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "client/installation.h"
#include "client/judge.h"
#include "client/seen.h"
#include "route/answer.h"
#include "route/inventory.h"
#include "route/iq.h"
#include "route/note.h"
#include "stanza/ns.h"
#include "stanza/xml_out.h"

/* One look at an account's devices, or one end of access. */
struct access {
	struct task task;
	struct store_req req;
	struct route *route;
	struct user *user;        /* busy from devices_begin() on */
	struct arena *arena;      /* of all strings and rows */
	struct str bare, id;      /* id: of the device whose access ends */
	enum route_access act;
	struct parcel *parcel;    /* whose answer it is; NULL: an administrator's */
	struct route_device *rows;
	size_t len, cap;
	struct route_device *found;
	unsigned ended;
	enum route_access_result result;
	void (*done)(void *owner, const struct route_devices *devices);
	void *owner;
};

/* ---- what there is ---- */

static struct str id_of(struct access *a, struct str key)
{
	struct buf id = BUF_INIT(0);
	struct str out;

	installation_id_put(&id, a->bare, key);
	out = arena_dup(a->arena, buf_view(&id));
	buf_done(&id);
	return out;
}

static struct route_device *row_add(struct access *a, const struct route_device *like)
{
	struct route_device *more;
	size_t cap = a->cap ? a->cap * 2 : 16;

	if (a->len == a->cap) {
		more = arena_alloc(a->arena, cap * sizeof(*more));
		if (!more)
			return NULL;
		if (a->len)
			memcpy(more, a->rows, a->len * sizeof(*more));
		a->rows = more;
		a->cap = cap;
	}
	a->rows[a->len] = *like;
	return &a->rows[a->len++];
}

static void take_row(struct access *a, const struct store_device *d)
{
	struct route_device row = {.key = arena_dup(a->arena, d->key),
		.product = arena_dup(a->arena, d->product),
		.version = arena_dup(a->arena, d->version),
		.os = arena_dup(a->arena, d->os),
		.device = arena_dup(a->arena, d->device),
		.agent = arena_dup(a->arena, d->agent),
		.address = arena_dup(a->arena, d->address),
		.first_us = d->first_us,
		.last_us = d->last_us,
		.token_us = d->token_us,
		.auth = (enum store_auth)d->auth,
		.has_been_there = d->sessions > 0};

	row.id = id_of(a, row.key);
	(void)row_add(a, &row);
}

static struct route_device *row_of(struct access *a, struct str key)
{
	for (size_t i = 0; i < a->len; i++)
		if (str_eq(a->rows[i].key, key))
			return &a->rows[i];
	return NULL;
}

/* Of a session that the inventory does not know yet. */
static struct route_device *row_made(struct access *a, const struct session *s, struct str key)
{
	const struct origin *o = s->origin;
	struct route_device row = {.key = arena_dup(a->arena, key),
		.product = arena_dup(a->arena, o->agent_software),
		.device = arena_dup(a->arena, o->agent_device),
		.agent = arena_dup(a->arena, o->agent_id),
		.first_us = s->connected_us};

	row.id = id_of(a, row.key);
	return row_add(a, &row);
}

static void take_session(struct access *a, const struct session *s)
{
	struct buf key = BUF_INIT(INSTALLATION_MAX);
	struct route_device *row;

	inventory_key_put(&key, s);
	row = row_of(a, buf_view(&key));
	if (!row)
		row = row_made(a, s, buf_view(&key));
	buf_done(&key);
	if (!row)
		return;
	row->sessions = row->sessions.len ? arena_printf(a->arena, "%.*s\n%.*s", STR_FMT(row->sessions), STR_FMT(s->origin->jid.full))
					  : arena_dup(a->arena, s->origin->jid.full);
	if (!row->product.len)
		row->product = arena_dup(a->arena, s->origin->agent_software);
	if (!row->device.len)
		row->device = arena_dup(a->arena, s->origin->agent_device);
	row->connected++;
	row->has_been_there = true;
	row->auth = inventory_auth(s->origin->mechanism);
	if (s->port)
		row->last_us = clock_utc_us();
	if (s->standing)
		row->limits |= s->standing->limits;
	if (row->last_us < s->connected_us)
		row->last_us = s->connected_us;
}

/* What has no way in any more stays in the inventory, not here. */
static bool has_access(const struct route_device *d)
{
	return d->connected || d->token_us || d->auth == STORE_AUTH_PASSWORD || d->auth == STORE_AUTH_CERTIFICATE;
}

static void gather(struct access *a, const struct store_devices *all)
{
	size_t len = 0;

	for (size_t i = 0; i < all->len; i++)
		take_row(a, &all->rows[i]);
	session_each(s, a->user) if (!session_is_ending(s)) take_session(a, s);
	for (size_t i = 0; i < a->len; i++)
		if (has_access(&a->rows[i]))
			a->rows[len++] = a->rows[i];
	a->len = len;
	for (size_t i = 0; i < a->len; i++)
		if (str_eq(a->rows[i].id, a->id))
			a->found = &a->rows[i];
}

/* ---- the end of one look ---- */

static void access_free(struct access *a)
{
	store_req_release(&a->req);
	arena_free(a->arena);
	free(a);
}

static void answer(struct access *a);

static void run_back(struct task *task)
{
	struct access *a = container_of(task, struct access, task);
	struct route_devices out = {
		.rows = a->rows, .len = a->len, .found = a->found, .ended = a->ended, .result = a->result};

	a->done(a->owner, &out);
	access_free(a);
}

static void access_end(struct access *a, enum route_access_result result)
{
	struct user *u = a->user;

	a->result = result;
	a->user = NULL;
	if (a->parcel) {
		answer(a);
		parcel_end(a->parcel);
		access_free(a);
	} else {
		a->task.run = run_back;
		loop_post(a->route->env.loops->loop[0], &a->task);
	}
	if (u)
		user_busy(u, -1);
}

/* ---- ending ---- */

static bool is_of(const struct session *s, struct str key)
{
	struct buf own = BUF_INIT(INSTALLATION_MAX);
	bool same;

	inventory_key_put(&own, s);
	same = str_eq(buf_view(&own), key);
	buf_done(&own);
	return same;
}

static struct session *next_of(struct access *a, const struct origin *but)
{
	session_each(s, a->user) if (s->origin != but && is_of(s, a->found->key)) return s;
	return NULL;
}

static void end_one(struct access *a, struct session *s)
{
	bool revoked = a->act != ROUTE_ACCESS_LOGOUT;

	s->sighting.shut = revoked;
	session_end(s, revoked ? "not-authorized" : "policy-violation",
		revoked ? "The access of this device has been revoked." : "This device has been logged out.",
		revoked ? "the device's access is revoked" : "the device is logged out");
	a->ended++;
}

/* The one who asks hears the answer first. */
static void end_sessions(struct access *a)
{
	struct user *u = a->user;
	const struct origin *asker = a->parcel ? a->parcel->origin : NULL;
	struct session *s;

	while ((s = next_of(a, asker)))
		end_one(a, s);
	s = asker ? session_by_origin(u, asker) : NULL;
	if (!s || !is_of(s, a->found->key)) {
		access_end(a, ROUTE_ACCESS_OK);
		return;
	}
	user_busy(u, 1);
	access_end(a, ROUTE_ACCESS_OK);
	s->sighting.shut = true;
	session_end(s, "not-authorized", "The access of this device has been revoked.", "the device's access is revoked");
	user_busy(u, -1);
}

static void on_revoked(struct store_req *req, int result)
{
	struct access *a = req->owner;

	if (result)
		log_error("the tokens of a device could not be taken");
	if (result)
		access_end(a, ROUTE_ACCESS_FAILED);
	else
		end_sessions(a);
}

static void take_access(struct access *a)
{
	store_req_release(&a->req);
	store_req_init(&a->req, on_revoked, a);
	if (store_device_revoke(a->route->env.store, &a->req, a->bare, a->found->key))
		access_end(a, ROUTE_ACCESS_FAILED);
}

/* What the person asks for stands in the record before it is done; what an administrator does has been recorded. */
static void act(struct access *a)
{
	if (a->act == ROUTE_ACCESS_LOGOUT) {
		end_sessions(a);
		return;
	}
	if (a->parcel)
		note_access(a->user, a->parcel->origin, a->found);
	take_access(a);
}

static void on_listed(struct store_req *req, int result)
{
	struct access *a = req->owner;
	bool own = a->parcel != NULL;

	if (!result)
		gather(a, req->devices);
	if (result || arena_is_full(a->arena))
		access_end(a, ROUTE_ACCESS_FAILED);
	else if (a->act == ROUTE_ACCESS_LIST)
		access_end(a, ROUTE_ACCESS_OK);
	else if (!a->found)
		access_end(a, ROUTE_ACCESS_NONE);
	else if (own && a->found->auth == STORE_AUTH_PASSWORD)
		access_end(a, ROUTE_ACCESS_PASSWORD);
	else if (own && a->found->auth == STORE_AUTH_CERTIFICATE)
		access_end(a, ROUTE_ACCESS_CERTIFICATE);
	else
		act(a);
}

static struct access *access_new(struct route *r, struct str bare, struct str id, enum route_access what)
{
	struct access *a = calloc(1, sizeof(*a));

	if (!a)
		return NULL;
	a->arena = arena_new(4 << 20);
	if (!a->arena) {
		free(a);
		return NULL;
	}
	a->route = r;
	a->act = what;
	a->bare = arena_dup(a->arena, bare);
	a->id = arena_dup(a->arena, id);
	return a;
}

static void access_begin(struct access *a, struct user *u)
{
	a->user = u;
	user_busy(u, 1);
	store_req_init(&a->req, on_listed, a);
	if (u->failed || store_device_list(a->route->env.store, &a->req, a->bare, clock_utc_us()))
		access_end(a, ROUTE_ACCESS_FAILED);
}

/* ---- administrators ---- */

static void run_loaded(struct task *task)
{
	struct access *a = container_of(task, struct access, task);

	access_begin(a, a->user);
}

static void run_asked(struct task *task)
{
	struct access *a = container_of(task, struct access, task);
	struct user *u;

	a->user = user_get(home_here(a->route), a->bare);
	if (!a->user) {
		access_end(a, ROUTE_ACCESS_FAILED);
		return;
	}
	u = a->user;
	task->run = run_loaded;
	user_when_ready(u, task);
	user_rest(u);
}

void route_access(struct route *r, struct str bare, struct str id, enum route_access act,
	void (*done)(void *owner, const struct route_devices *devices), void *owner)
{
	struct access *a = access_new(r, bare, id, act);

	if (!a) {
		done(owner, &(struct route_devices){.result = ROUTE_ACCESS_FAILED});
		return;
	}
	a->done = done;
	a->owner = owner;
	a->task.run = run_asked;
	loop_post(home_of(r, bare)->loop, &a->task);
}

/* ---- the person (XEP-0494) ---- */

static void put_element(struct buf *out, const char *name, struct str text)
{
	buf_printf(out, "<%s>", name);
	xml_escape(out, text);
	buf_printf(out, "</%s>", name);
}

static void put_time(struct buf *out, const char *name, uint64_t us)
{
	buf_printf(out, "<%s>", name);
	clock_put(out, us);
	buf_printf(out, "</%s>", name);
}

static void put_auth(struct buf *out, const struct route_device *d)
{
	buf_lit(out, "<auth>");
	if (d->auth == STORE_AUTH_PASSWORD)
		buf_lit(out, "<password/>");
	if (d->token_us)
		buf_lit(out, "<fast/>");
	if (d->auth == STORE_AUTH_CERTIFICATE)
		buf_lit(out, "<certificate xmlns='urn:x-gatehouse:devices:0'/>");
	buf_lit(out, "</auth>");
}

/* The details of a restriction have no form of their own in the XEP. */
static void put_permission(struct buf *out, const struct route_device *d)
{
	static const char *const limits[] = {"speak", "files", "outside"};

	if (!d->limits) {
		buf_lit(out, "<permission status='unrestricted'/>");
		return;
	}
	buf_lit(out, "<permission status='restricted'>");
	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++)
		if (d->limits & 1u << i)
			buf_printf(out, "<%s xmlns='urn:x-gatehouse:devices:0'/>", limits[i]);
	buf_lit(out, "</permission>");
}

static void put_agent(struct buf *out, const struct route_device *d)
{
	struct buf software = BUF_INIT(0);

	buf_str(&software, d->product);
	if (d->version.len)
		buf_printf(&software, "%s%.*s", software.len ? " " : "", STR_FMT(d->version));
	buf_lit(out, "<user-agent>");
	put_element(out, "software", buf_view(&software));
	if (d->device.len)
		put_element(out, "device", d->device);
	buf_lit(out, "</user-agent>");
	buf_done(&software);
}

static void put_device(struct buf *out, const struct route_device *d)
{
	buf_printf(out, "<client connected='%s' id='%.*s' type='%s'>", d->connected ? "true" : "false", STR_FMT(d->id),
		d->has_been_there ? "session" : "access");
	put_time(out, "first-seen", d->first_us);
	put_time(out, "last-seen", d->last_us);
	put_agent(out, d);
	put_auth(out, d);
	put_permission(out, d);
	buf_lit(out, "</client>");
}

static void answer_list(struct access *a)
{
	struct buf text = BUF_INIT(0);

	iq_put_result(&text, a->parcel);
	buf_lit(&text, "<clients xmlns='" DEVICES_FEATURE "'>");
	for (size_t i = 0; i < a->len; i++)
		put_device(&text, &a->rows[i]);
	buf_lit(&text, "</clients></iq>");
	answer_text(a->parcel, &text);
}

static void answer(struct access *a)
{
	switch (a->result) {
	case ROUTE_ACCESS_OK:
		if (a->act == ROUTE_ACCESS_LIST)
			answer_list(a);
		else
			answer_result(a->parcel);
		break;
	case ROUTE_ACCESS_NONE:
		answer_error(a->parcel, STANZA_ITEM_NOT_FOUND, NULL);
		break;
	case ROUTE_ACCESS_PASSWORD:
		answer_error_app(a->parcel, STANZA_SERVICE_UNAVAILABLE,
			"It has logged in with the password: set a new one, which ends all access.", STR("password-reset-required"),
			NS_CAM);
		break;
	case ROUTE_ACCESS_CERTIFICATE:
		answer_error(a->parcel, STANZA_SERVICE_UNAVAILABLE,
			"It logs in with a certificate, which only who has issued it can revoke.");
		break;
	case ROUTE_ACCESS_FAILED:
		answer_error(a->parcel, STANZA_INTERNAL_SERVER_ERROR, NULL);
		break;
	}
}

static void begin_own(struct session *s, struct parcel *p, struct str id, enum route_access what)
{
	struct access *a = access_new(s->user->home->route, s->user->bare, id, what);

	if (!a) {
		answer_error(p, STANZA_RESOURCE_CONSTRAINT, NULL);
		parcel_end(p);
		return;
	}
	a->parcel = p;
	access_begin(a, s->user);
}

void devices_list(struct session *s, struct parcel *p)
{
	begin_own(s, p, STR_NONE, ROUTE_ACCESS_LIST);
}

void devices_revoke(struct session *s, struct parcel *p)
{
	struct str id = node_attr(iq_payload(p), STR("id"));

	if (id.len) {
		begin_own(s, p, id, ROUTE_ACCESS_REVOKE);
		return;
	}
	answer_error(p, STANZA_BAD_REQUEST, "Name the client.");
	parcel_end(p);
}
