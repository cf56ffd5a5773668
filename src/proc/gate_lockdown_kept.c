/* Switches as the store keeps them, for the next start. */
#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "proc/gate_lockdown.h"

struct keeping {
	struct store_req req;
	char id[LOCKDOWN_ID + 1];
};

static void on_kept(struct store_req *req, int result)
{
	struct keeping *k = req->owner;

	if (result)
		log_error("the switch %s is as it should be, but the store could not keep that: a restart would bring it back as it was", k->id);
	store_req_release(req);
	free(k);
}

static struct keeping *keeping_new(struct str id)
{
	struct keeping *k = calloc(1, sizeof(*k));

	if (!k)
		return NULL;
	memcpy(k->id, id.data, id.len < LOCKDOWN_ID ? id.len : LOCKDOWN_ID);
	store_req_init(&k->req, on_kept, k);
	return k;
}

static void keep_result(struct keeping *k, int r)
{
	if (r == 0)
		return;
	log_error("out of memory: a restart would forget what was switched");
	free(k);
}

void gate_switch_keep(struct gate *g, const struct lockdown_switch *s)
{
	struct keeping *k = keeping_new(s->id);
	struct store_switch row = {.id = s->id, .what = str_from(lockdown_what_names[s->what]),
			.scope = str_from(lockdown_scope_names[s->scope]), .name = s->name, .versions = s->versions,
			.reason = s->reason, .by = s->by, .except = s->except, .start_us = s->start_us, .end_us = s->end_us};

	keep_result(k, k ? store_switch_put(g->store, &k->req, &row) : -ENOMEM);
}

void gate_switch_forget(struct gate *g, struct str id)
{
	struct keeping *k = keeping_new(id);

	keep_result(k, k ? store_switch_delete(g->store, &k->req, id) : -ENOMEM);
}

/* ---- at the start ---- */

static void no_answer(struct store_req *req, int result)
{
	(void)req;
	(void)result;
}

static bool read_row(const struct store_switch *row, struct lockdown_switch *s)
{
	int what = gate_word_of(row->what, lockdown_what_names, LOCKDOWN_WHATS);
	int scope = gate_word_of(row->scope, lockdown_scope_names, LOCKDOWN_SCOPES);

	*s = (struct lockdown_switch){.id = row->id, .what = (enum lockdown_what)what, .scope = (enum lockdown_scope)scope,
			.name = row->name, .versions = row->versions, .reason = row->reason, .by = row->by,
			.except = row->except, .start_us = row->start_us, .end_us = row->end_us};
	return what >= 0 && scope >= 0;
}

static int read_rows(struct gate *g, const struct store_switches *rows, struct lockdown **in_force)
{
	struct lockdown_switch *now = calloc(rows->len + 1, sizeof(*now)), *over = calloc(rows->len + 1, sizeof(*over)), s;
	size_t now_len = 0, over_len = 0;
	uint64_t us = clock_utc_us();
	int r = now && over ? 0 : -ENOMEM;

	for (size_t i = 0; r == 0 && i < rows->len; i++) {
		if (!read_row(&rows->rows[i], &s))
			r = -EPROTO;
		else if (s.end_us && s.end_us <= us)
			over[over_len++] = s;
		else
			now[now_len++] = s;
	}
	if (r == 0)
		r = lockdown_new(in_force, now, now_len, g->settings->lockdown_break_glass_group);
	if (r == 0)
		r = lockdown_new(&g->lockdown_over, over, over_len, STR(""));
	free(now);
	free(over);
	return r;
}

int gate_lockdown_open(struct gate *g, struct err *err)
{
	struct lockdown *l = NULL;
	struct store_req req;
	int r;

	store_req_init(&req, no_answer, NULL);
	r = store_switch_all(g->store, &req);
	if (r == 0)
		r = store_wait(&req);
	if (r == 0)
		r = read_rows(g, req.switches, &l);
	if (r == 0)
		r = gate_lockdown_put(g, l);
	store_req_release(&req);
	lockdown_unref(l);
	if (lockdown_len(g->lockdown))
		log_warn("%zu switches are on: 'gatehouse lockdown status' shows them", lockdown_len(g->lockdown));
	return r ? err_set(err, r < 0 ? r : -EIO, "what the store says is switched off cannot be read") : 0;
}
