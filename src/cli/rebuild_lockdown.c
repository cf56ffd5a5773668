/* What was switched off: an act names the switch as JSON, as the control socket has it (W of ipc/control.h); one that has ended by
 * itself its id alone. */
#include "cli/rebuild_private.h"

#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"
#include "ipc/control.h"

/* One step since the copy, in the order of the record. */
struct switch_act {
	uint64_t seq; /* of its line */
	bool on, undone;
	json_t *what; /* owned */
};

static struct switch_act *act_add(struct rebuild *b)
{
	struct switch_act *more = realloc(b->switch_acts, (b->switch_acts_len + 1) * sizeof(*more));

	if (!more) {
		(void)rebuild_failed(b, "memory is out");
		return NULL;
	}
	b->switch_acts = more;
	return &b->switch_acts[b->switch_acts_len++];
}

static void undo(struct rebuild *b, uint64_t seq)
{
	for (size_t i = 0; i < b->switch_acts_len; i++)
		b->switch_acts[i].undone |= b->switch_acts[i].seq == seq;
}

static json_t *what_of(struct str command, struct str text)
{
	return str_is(command, "lockdown.end") ? json_pack("{s:o}", "id", control_text(text))
						: json_loadb(text.data ? text.data : "", text.len, 0, NULL);
}

void rebuild_switch_act(struct rebuild *b)
{
	const struct said *e = &b->entry;
	bool on = str_is(e->command, "lockdown.on") || str_is(e->command, "lockdown.extend");
	bool off = str_is(e->command, "lockdown.off") || str_is(e->command, "lockdown.end");
	struct switch_act *act;

	if (e->head.seq <= b->applied || !(on || off))
		return;
	if (e->undone) {
		undo(b, e->of_seq);
		return;
	}
	act = act_add(b);
	if (act)
		*act = (struct switch_act){.seq = e->head.seq, .on = on, .what = what_of(e->command, buf_view(&e->text))};
}

/* ---- into the store ---- */

static bool row_fill(struct store_switch *row, const json_t *w)
{
	struct str end = control_member(w, "end");

	*row = (struct store_switch){.id = control_member(w, "id"),
		.what = control_member(w, "what"),
		.scope = control_member(w, "scope"),
		.name = control_member(w, "name"),
		.versions = control_member(w, "versions"),
		.reason = control_member(w, "reason"),
		.by = control_member(w, "by"),
		.except = control_member(w, "except")};
	return row->id.len && row->what.len && row->scope.len && clock_parse(control_member(w, "start"), &row->start_us) &&
	       (!end.len || clock_parse(end, &row->end_us));
}

/* 0, an exit code of the store, or false in *known: it cannot be read. */
static int put(struct rebuild *b, const struct switch_act *act, bool *known)
{
	struct store_switch row;
	struct store_req req;
	int r;

	*known = act->on ? row_fill(&row, act->what) : control_member(act->what, "id").len != 0;
	if (!*known)
		return 0;
	store_req_init(&req, NULL, NULL);
	r = act->on ? store_switch_put(b->people.store, &req, &row)
		    : store_switch_delete(b->people.store, &req, control_member(act->what, "id"));
	if (!r)
		r = store_wait(&req);
	store_req_release(&req);
	return r ? rebuild_failed(b, "the store does not take what is switched off") : 0;
}

static int count(struct rebuild *b)
{
	struct store_req req;
	int r;

	store_req_init(&req, NULL, NULL);
	r = store_switch_all(b->people.store, &req);
	if (!r)
		r = store_wait(&req);
	b->switches = r ? 0 : req.switches->len;
	store_req_release(&req);
	return r ? rebuild_failed(b, "the store does not say what is switched off") : 0;
}

int rebuild_put_switches(struct rebuild *b)
{
	bool known;
	int r = 0;

	for (size_t i = 0; i < b->switch_acts_len && !r; i++) {
		if (b->switch_acts[i].undone)
			continue;
		r = put(b, &b->switch_acts[i], &known);
		b->switches_left += !r && !known;
	}
	return r ? r : count(b);
}

void rebuild_switches_done(struct rebuild *b)
{
	for (size_t i = 0; i < b->switch_acts_len; i++)
		json_decref(b->switch_acts[i].what);
	free(b->switch_acts);
}
