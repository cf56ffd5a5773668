/* Who gets too much from people he does not know (account/crowd.h): shown to the help desk, which can hold them off and let
 * them in again. Recorded first, like all acts; holding off protects and is done in any case. What holds is kept in the store,
 * so that it holds over a restart too; its end is in the record like its beginning. */
#include <errno.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/log.h"
#include "conf/service.h"
#include "ipc/control.h"
#include "proc/gate.h"

enum {
	SECONDS_MIN = 10,
	SECONDS_MAX = 30 * 24 * 3600,
	SECONDS_PRESET = 3600,
};

/* A time of the loops' clock. */
static uint64_t utc_of(uint64_t ms, uint64_t now_ms)
{
	return clock_utc_us() + ms * 1000 - now_ms * 1000;
}

struct listing {
	json_t *victims;
	uint64_t now_ms;
};

static void list_one(const struct crowd_victim *v, void *owner)
{
	struct listing *l = owner;

	json_array_append_new(l->victims, json_pack("{so ss so so sI}", "jid", control_text(v->jid), "cause",
							  crowd_cause_names[v->cause], "since", control_time(utc_of(v->since_ms, l->now_ms)),
							  "until", control_time(utc_of(v->until_ms, l->now_ms)), "refused",
							  (json_int_t)v->refused));
}

void gate_flood_list(struct gate_request *r)
{
	struct listing l = {.victims = json_array(), .now_ms = loop_ms(r->gate->loop[0])};
	json_t *answer = control_ok();

	crowd_each(r->gate->crowd, list_one, &l, l.now_ms);
	json_object_set_new(answer, "victims", l.victims);
	gate_request_done(r, answer);
}

/* ---- over a restart ---- */

static uint64_t ms_of(uint64_t utc_us, uint64_t now_ms)
{
	uint64_t utc = clock_utc_us();

	if (utc_us >= utc)
		return now_ms + (utc_us - utc) / 1000;
	return (utc - utc_us) / 1000 < now_ms ? now_ms - (utc - utc_us) / 1000 : 0;
}

static struct store_silence row_of(const struct crowd_victim *v, uint64_t now_ms)
{
	return (struct store_silence){.owner = v->jid,
			.cause = str_from(crowd_cause_names[v->cause]),
			.since_us = utc_of(v->since_ms, now_ms),
			.until_us = utc_of(v->until_ms, now_ms),
			.peace_ms = v->peace_ms,
			.many = v->many,
			.refused = v->refused,
			.told = v->told};
}

static void note_end(struct gate *g, const struct crowd_victim *v)
{
	char text[64];

	snprintf(text, sizeof(text), "%llu stanzas were refused", (unsigned long long)v->refused);
	gate_act_note(g, "flood.end", v->jid, str_from(text));
}

static void take_change(const struct crowd_victim *v, bool over, void *owner)
{
	struct gate *g = owner;
	struct store_silence row = row_of(v, loop_ms(g->loop[0]));

	if (!over) {
		store_silence_note(g->store, &row);
		return;
	}
	store_silence_note_end(g->store, v->jid);
	note_end(g, v);
}

static void take_changes(struct gate *g, bool last)
{
	if (g->ready)
		crowd_changes(g->crowd, last, take_change, g, loop_ms(g->loop[0]));
}

void gate_flood_tick(struct gate *g)
{
	take_changes(g, false);
}

void gate_flood_close(struct gate *g)
{
	take_changes(g, true);
}

static bool read_row(const struct store_silence *row, uint64_t now_ms, struct crowd_victim *out)
{
	*out = (struct crowd_victim){.jid = row->owner,
			.cause = CROWD_CAUSES,
			.since_ms = ms_of(row->since_us, now_ms),
			.until_ms = ms_of(row->until_us, now_ms),
			.peace_ms = row->peace_ms,
			.many = (unsigned)row->many,
			.refused = row->refused,
			.told = row->told};
	for (int i = 0; i < CROWD_CAUSES; i++)
		if (str_eq(row->cause, str_from(crowd_cause_names[i])))
			out->cause = (enum crowd_cause)i;
	return out->cause < CROWD_CAUSES;
}

int gate_flood_open(struct gate *g, struct err *err)
{
	uint64_t now = loop_ms(g->loop[0]);
	struct crowd_victim v;
	struct store_req req;
	int r;

	store_req_init(&req, NULL, NULL);
	r = store_silence_all(g->store, &req);
	if (r == 0)
		r = store_wait(&req);
	for (size_t i = 0; r == 0 && i < req.silences->len; i++)
		if (!read_row(&req.silences->rows[i], now, &v))
			r = -EPROTO;
		else if (!crowd_restore(g->crowd, &v))
			log_warn("too many people are flooded: strangers reach %.*s again", STR_FMT(v.jid));
	store_req_release(&req);
	return r ? err_set(err, r < 0 ? r : -EIO, "from whom strangers are held off cannot be read in the store") : 0;
}

/* ---- what the desk says ---- */

static bool take_account(struct gate_request *r, struct str *out)
{
	const char *text = json_string_value(json_object_get(r->args, "jid"));
	const struct person *p;
	struct jid jid;

	if (!text || jid_parse(&jid, str_from(text), r->arena) || jid_is_domain(&jid) || !jid_is_bare(&jid)) {
		gate_request_fail(r, "bad_jid", "this is not an account's address", "");
		return false;
	}
	p = directory_get(r->gate->directory, jid.bare);
	if (!p) {
		gate_request_fail(r, "not_found", "there is no such account", "'gatehouse user list' shows them");
		return false;
	}
	person_unref(p);
	*out = jid.bare;
	return true;
}

static struct str target_of(struct gate_request *r)
{
	return container_of(r->acts.next, struct gate_act, link)->target;
}

static void on_kept(struct store_req *req, int result)
{
	struct gate_request *r = req->owner;

	if (result)
		log_error("strangers are held off from %.*s, but the store could not keep that: a restart would forget it", STR_FMT(target_of(r)));
	gate_request_done(r, control_ok());
}

/* Before the desk is told that it is done. */
static void keep(struct gate_request *r, uint64_t now)
{
	struct crowd_victim v;
	struct store_silence row;

	r->req.done = on_kept;
	if (!crowd_find(r->gate->crowd, target_of(r), &v, now)) {
		gate_request_done(r, control_ok()); /* somebody has let them in meanwhile */
		return;
	}
	row = row_of(&v, now);
	if (store_silence_put(r->gate->store, &r->req, &row))
		on_kept(&r->req, -ENOMEM);
}

static void silence(struct gate_request *r)
{
	uint64_t now = loop_ms(r->gate->loop[0]);

	if (!crowd_silence(r->gate->crowd, target_of(r), now + r->count * 1000ULL, now)) {
		gate_request_fail(r, "limit", "too many people are protected so", "'gatehouse flood list' shows them");
		return;
	}
	route_flood_tell(r->gate->route, target_of(r));
	keep(r, now);
}

void gate_flood_silence(struct gate_request *r)
{
	json_t *seconds = json_object_get(r->args, "seconds");
	json_int_t n = seconds ? json_integer_value(seconds) : SECONDS_PRESET;
	struct str jid, text;

	if (!take_account(r, &jid))
		return;
	if (n < SECONDS_MIN || n > SECONDS_MAX) {
		gate_request_fail(r, "bad_request", "the time is 10 seconds to 30 days", "");
		return;
	}
	r->count = (size_t)n;
	text = arena_printf(r->arena, "%lld seconds", (long long)n);
	if (text.data && gate_act_add(r, jid, text))
		gate_act_begin(r, true, silence);
	else
		gate_request_fail(r, "internal", "out of memory", "");
}

static void release(struct gate_request *r)
{
	if (crowd_release(r->gate->crowd, target_of(r)))
		gate_request_done(r, control_ok());
	else
		gate_request_fail(r, "not_found", "nobody is held off from this person",
				"'gatehouse flood list' shows from whom");
}

void gate_flood_release(struct gate_request *r)
{
	struct str jid;

	if (!take_account(r, &jid))
		return;
	if (gate_act_add(r, jid, STR_NONE))
		gate_act_begin(r, false, release);
	else
		gate_request_fail(r, "internal", "out of memory", "");
}
