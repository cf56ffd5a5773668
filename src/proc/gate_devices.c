/* devices.*: what has access to an account (route/devices.h), its end by an administrator, and what waits to be confirmed
 * (route/confirmation.h). */
#include <stdlib.h>

#include "base/clock.h"
#include "client/installation.h"
#include "conf/service.h"
#include "ipc/control.h"
#include "proc/gate_clients.h"
#include "route/newcomer.h"

/* ---- showing ---- */

static json_t *lines_json(struct str text)
{
	json_t *list = json_array();

	while (text.len) {
		size_t end = str_find(text, '\n', 0);

		json_array_append_new(list, control_text(str_cut(text, 0, end)));
		text = end < text.len ? str_cut(text, end + 1, text.len) : STR_NONE;
	}
	return list;
}

static json_t *auth_json(const struct route_device *d)
{
	static const char *const names[] = {NULL, "password", NULL, "certificate"};
	json_t *list = json_array();

	if (names[d->auth])
		json_array_append_new(list, json_string(names[d->auth]));
	if (d->token_us)
		json_array_append_new(list, json_string("token"));
	return list;
}

static json_t *device_json(const struct route_device *d)
{
	size_t space = str_find(d->address, ' ', 0);

	return json_pack("{so so so so so so so so so so so so ss}", "id", control_text(d->id), "installation", control_text(d->key),
		"product", control_text(d->product), "version", control_text(d->version), "os", control_text(d->os), "device",
		control_text(d->device), "agent", control_text(d->agent), "address", control_text(str_cut(d->address, 0, space)),
		"first_seen", control_time(d->first_us), "last_seen", control_time(d->last_us), "auth", auth_json(d), "sessions",
		lines_json(d->sessions), "type", d->has_been_there ? "session" : "access");
}

static json_t *row_json(const struct route_device *d)
{
	json_t *row = device_json(d);

	json_object_set_new(row, "token_until", d->token_us ? control_time(d->token_us) : json_null());
	return row;
}

/* ---- answers ---- */

static void fail(struct gate_request *r, const struct route_devices *devices)
{
	bool none = devices->result == ROUTE_ACCESS_NONE;

	if (none)
		gate_act_failed(r, "there is no such device");
	if (none)
		gate_request_fail(r, "not_found", "the account has no such device", "'gatehouse devices list JID' shows them");
	else
		gate_request_fail(r, "internal", "the devices cannot be read or changed now", "the gate's log says why");
}

static void on_listed(void *owner, const struct route_devices *devices)
{
	struct gate_request *r = owner;
	json_t *answer, *rows;

	if (devices->result) {
		fail(r, devices);
		return;
	}
	answer = control_ok();
	rows = json_array();
	for (size_t i = 0; i < devices->len; i++)
		json_array_append_new(rows, row_json(&devices->rows[i]));
	json_object_set_new(answer, "devices", rows);
	gate_request_done(r, answer);
}

static void on_ended(void *owner, const struct route_devices *devices)
{
	struct gate_request *r = owner;
	json_t *answer;

	if (devices->result) {
		fail(r, devices);
		return;
	}
	answer = control_ok();
	json_object_set_new(answer, "closed", json_integer(devices->ended));
	json_object_set_new(answer, "device", row_json(devices->found));
	gate_request_done(r, answer);
}

/* ---- requests ---- */

/* The account that is meant; false: the request has been answered. */
static bool take_account(struct gate_request *r, struct str *out)
{
	struct str text = control_member(r->args, "jid");
	const struct person *p;
	struct jid jid;

	if (jid_parse(&jid, text, r->arena) || !jid_is_bare(&jid) || jid_is_domain(&jid)) {
		gate_request_fail(r, "bad_jid", "this is not an account's address", "");
		return false;
	}
	p = directory_get(r->gate->directory, jid.bare);
	person_unref(p);
	if (!p) {
		gate_request_fail(r, "not_found", "there is no such account", "'gatehouse user list' shows them");
		return false;
	}
	*out = jid.bare;
	return true;
}

void gate_devices_list(struct gate_request *r)
{
	struct str bare;

	if (take_account(r, &bare))
		route_access(r->gate->route, bare, STR_NONE, ROUTE_ACCESS_LIST, on_listed, r);
}

static void end(struct gate_request *r, enum route_access what)
{
	struct gate_act *act = container_of(r->acts.next, struct gate_act, link);

	route_access(r->gate->route, act->target, control_member(r->args, "id"), what, on_ended, r);
}

static void log_out(struct gate_request *r)
{
	end(r, ROUTE_ACCESS_LOGOUT);
}

static void take_access(struct gate_request *r)
{
	end(r, ROUTE_ACCESS_REVOKE);
}

/* The line of the record names the device and why. `protects`: it is done also while the record takes nothing. */
static void begin(struct gate_request *r, bool protects, void (*act)(struct gate_request *r))
{
	struct str id = control_member(r->args, "id"), reason = control_member(r->args, "reason"), bare, text;

	if (!take_account(r, &bare))
		return;
	if (!id.len || id.len > 64) {
		gate_request_fail(r, "bad_request", "name the device", "'gatehouse devices list JID' shows them");
		return;
	}
	text = arena_printf(r->arena, "%.*s%s%.*s", STR_FMT(id), reason.len ? ": " : "", STR_FMT(reason));
	if (gate_act_add(r, bare, text))
		gate_act_begin(r, protects, act);
	else
		gate_request_fail(r, "internal", "out of memory", "");
}

void gate_devices_logout(struct gate_request *r)
{
	begin(r, true, log_out);
}

void gate_devices_revoke(struct gate_request *r)
{
	begin(r, true, take_access);
}

/* ---- what waits to be confirmed ---- */

static json_t *waiting_json(const struct store_untold *row)
{
	struct buf id = BUF_INIT(INSTALLATION_ID);
	json_t *out;

	installation_id_put(&id, row->owner, row->key);
	out = json_pack("{so so ss so so so so}", "jid", control_text(row->owner), "id", control_text(buf_view(&id)), "kind",
		newcomer_is_network(row->key) ? "network" : "device", "product", control_text(row->product), "device",
		control_text(row->device), "address", control_text(row->address), "since", control_time(row->waits_us));
	buf_done(&id);
	return out;
}

struct waiting_ask {
	struct store_req req;
	struct gate_request *request;
};

static void on_waiting(struct store_req *req, int result)
{
	struct waiting_ask *ask = req->owner;
	struct gate_request *r = ask->request;
	json_t *answer, *rows;

	if (result) {
		gate_request_fail(r, "internal", "the devices cannot be read now", "the gate's log says why");
	} else {
		answer = control_ok();
		rows = json_array();
		for (size_t i = 0; i < req->untolds->len; i++)
			json_array_append_new(rows, waiting_json(&req->untolds->rows[i]));
		json_object_set_new(answer, "waiting", rows);
		gate_request_done(r, answer);
	}
	store_req_release(req);
	free(ask);
}

void gate_devices_waiting(struct gate_request *r)
{
	struct waiting_ask *ask;
	struct str bare = STR_NONE;

	if (control_member(r->args, "jid").len && !take_account(r, &bare))
		return;
	ask = malloc(sizeof(*ask));
	if (ask) {
		ask->request = r;
		store_req_init(&ask->req, on_waiting, ask);
		if (!store_device_waiting(r->gate->store, &ask->req, bare))
			return;
		store_req_release(&ask->req);
		free(ask);
	}
	gate_request_fail(r, "internal", "out of memory", "");
}

static void on_confirmed(void *owner, const struct route_confirmed *result)
{
	struct gate_request *r = owner;
	json_t *answer;

	if (result->result == ROUTE_ACCESS_NONE) {
		gate_act_failed(r, "nothing waits under this id");
		gate_request_fail(r, "not_found", "nothing of this account waits to be confirmed under this id",
			"'gatehouse devices waiting' shows what does");
	} else if (result->result) {
		gate_request_fail(r, "internal", "it cannot be confirmed now", "the gate's log says why");
	} else {
		answer = control_ok();
		json_object_set_new(answer, "sessions", json_integer(result->sessions));
		gate_request_done(r, answer);
	}
}

static void confirm(struct gate_request *r)
{
	struct gate_act *act = container_of(r->acts.next, struct gate_act, link);

	route_confirm(r->gate->route, act->target, control_member(r->args, "id"), on_confirmed, r);
}

void gate_devices_confirm(struct gate_request *r)
{
	begin(r, false, confirm);
}
