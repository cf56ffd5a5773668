#include "route/devices.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "client/installation.h"
#include "route/answer.h"
#include "route/device_answer.h"
#include "route/device_list.h"
#include "route/inventory.h"
#include "route/iq.h"
#include "route/note.h"

/* One look at an account's devices, or one end of access. */
struct access {
	struct task task;
	struct store_req req;
	struct route *route;
	struct user *user;        /* busy from devices_begin() on */
	struct arena *arena;      /* of all strings and rows */
	struct device_list list;
	struct str id;            /* of the device whose access ends */
	enum route_access act;
	struct parcel *parcel;    /* whose answer it is; NULL: an administrator's */
	struct route_device *found;
	unsigned ended;
	enum route_access_result result;
	void (*done)(void *owner, const struct route_devices *devices);
	void *owner;
};

/* ---- the end of one look ---- */

static void access_free(struct access *a)
{
	store_req_release(&a->req);
	arena_free(a->arena);
	free(a);
}

static void run_back(struct task *task)
{
	struct access *a = container_of(task, struct access, task);
	struct route_devices out = {
		.rows = a->list.rows, .len = a->list.len, .found = a->found, .ended = a->ended, .result = a->result};

	a->done(a->owner, &out);
	access_free(a);
}

static void access_end(struct access *a, enum route_access_result result)
{
	struct user *u = a->user;

	a->result = result;
	a->user = NULL;
	if (a->parcel) {
		if (a->act == ROUTE_ACCESS_LIST && result == ROUTE_ACCESS_OK)
			device_answer_list(a->parcel, &a->list);
		else
			device_answer(a->parcel, result);
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
	if (store_device_revoke(a->route->env.store, &a->req, a->list.bare, a->found->key))
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

	if (!result) {
		device_list_gather(&a->list, req->devices, a->user);
		a->found = device_list_find(&a->list, a->id);
	}
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
	a->list = (struct device_list){.arena = a->arena, .bare = arena_dup(a->arena, bare)};
	a->id = arena_dup(a->arena, id);
	return a;
}

static void access_begin(struct access *a, struct user *u)
{
	a->user = u;
	user_busy(u, 1);
	store_req_init(&a->req, on_listed, a);
	if (u->failed || store_device_list(a->route->env.store, &a->req, a->list.bare, clock_utc_us()))
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

	a->user = user_get(home_here(a->route), a->list.bare);
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

/* ---- the person ---- */

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
