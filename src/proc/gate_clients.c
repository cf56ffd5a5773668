/* clients.list, clients.show: which programs people use (route/inventory.h). */
#include "proc/gate_clients.h"


enum {
	SCAN_MAX = 20000, /* rows looked at for one page of an answer */
};

/* ---- list ---- */

static bool list_row(struct look *look, const struct look_row *row)
{
	struct gate_request *r = look->request;
	json_t *rows = json_object_get(r->answer, "clients");

	json_array_append_new(rows, look_row_json(look, row));
	return json_array_size(rows) < r->count;
}

static void list_end(struct look *look, bool failed)
{
	struct gate_request *r = look->request;

	look_free(look);
	if (failed) {
		gate_request_fail(r, "internal", "the inventory cannot be read", "the gate's log says why");
		return;
	}
	if (!look->complete)
		json_object_set_new(r->answer, "next",
			json_pack("{so so}", "jid", control_text(look->query.after_owner), "installation",
				control_text(look->query.after_key)));
	gate_request_done(r, json_incref(r->answer));
}

static struct look *begin(struct gate_request *r)
{
	struct look *look = look_new(r);
	const char *fault;

	if (!look) {
		gate_request_fail(r, "internal", "out of memory", "");
		return NULL;
	}
	fault = look_filter(look);
	if (fault) {
		look_free(look);
		gate_request_fail(r, "bad_request", fault, "");
		return NULL;
	}
	r->answer = control_ok();
	json_object_set_new(r->answer, "clients", json_array());
	return look;
}

void gate_clients_list(struct gate_request *r)
{
	json_int_t limit = json_integer_value(json_object_get(r->args, "limit"));
	struct look *look = begin(r);

	if (!look)
		return;
	r->count = limit > 0 && limit < CONTROL_LIST_MAX ? (size_t)limit : CONTROL_LIST_MAX;
	look->scan_max = SCAN_MAX;
	look->each = list_row;
	look->end = list_end;
	look_begin(look);
}

/* ---- show ---- */

static bool show_row(struct look *look, const struct look_row *row)
{
	json_t *one = look_row_json(look, row);

	json_object_set_new(one, "live", row->live ? json_incref(row->live->sessions) : json_array());
	json_array_append_new(json_object_get(look->request->answer, "clients"), one);
	return true;
}

void gate_clients_show(struct gate_request *r)
{
	struct look *look = begin(r);
	const struct person *p;

	if (!look)
		return;
	p = directory_get(r->gate->directory, look->query.owner);
	if (!p) {
		look_free(look);
		gate_request_fail(r, "not_found", "there is no such account", "'gatehouse user list' shows them");
		return;
	}
	person_unref(p);
	look->each = show_row;
	look->end = list_end;
	look_begin(look);
}
