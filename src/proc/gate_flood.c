/* Who gets too much from people he does not know (account/crowd.h): shown to the help desk, which can hold them off and let
 * them in again. Recorded first, like all acts; holding off protects and is done in any case. */
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

static json_t *text_json(struct str s)
{
	return json_stringn(s.data ? s.data : "", s.len);
}

/* A time of the loops' clock, as people have it. */
static json_t *time_json(uint64_t ms, uint64_t now_ms)
{
	struct buf b = BUF_INIT(0);
	json_t *v;

	clock_put(&b, clock_utc_us() + (ms - now_ms) * 1000);
	v = text_json(buf_view(&b));
	buf_done(&b);
	return v;
}

struct listing {
	json_t *victims;
	uint64_t now_ms;
};

static void list_one(const struct crowd_victim *v, void *owner)
{
	struct listing *l = owner;

	json_array_append_new(l->victims, json_pack("{so ss so so sI}", "jid", text_json(v->jid), "cause",
							  crowd_cause_names[v->cause], "since", time_json(v->since_ms, l->now_ms),
							  "until", time_json(v->until_ms, l->now_ms), "refused",
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

static void silence(struct gate_request *r)
{
	uint64_t now = loop_ms(r->gate->loop[0]);

	if (!crowd_silence(r->gate->crowd, target_of(r), now + r->count * 1000ULL, now)) {
		gate_request_fail(r, "limit", "too many people are protected so", "'gatehouse flood list' shows them");
		return;
	}
	route_flood_tell(r->gate->route, target_of(r));
	gate_request_done(r, control_ok());
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
