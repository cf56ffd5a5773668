/* An administrator's act is in the record before it is done. A request adds what it is about to do, line by line;
 * gate_act_begin() has the lines recorded and calls back when they are durable:
 *
 *   add ... begin --receipts--> act --done--> answer
 *             |                  `--failed--> a further line for each, `ok` false --> answer
 *             |--no space, no recorder in time--> answer that nothing was done (late receipts: the same further lines)
 *             `--protects, and no receipt soon--> act; the lines stay queued until the record takes them */
#include "base/log.h"
#include "ipc/control.h"
#include "proc/gate.h"

enum {
	WAIT_SECONDS = 10,   /* for the receipts */
	PROTECT_SECONDS = 1, /* the same, of an act that is not to wait for long */
};

bool gate_act_add(struct gate_request *r, struct str target, struct str text)
{
	struct gate_act *a = arena_zalloc(r->arena, sizeof(*a));

	if (!a)
		return false;
	*a = (struct gate_act){.request = r, .target = target, .text = text};
	list_init(&a->link);
	list_append(&r->acts, &a->link);
	return true;
}

/* undone: why it was not done after all; NULL for the act itself. */
static int put(struct gate_act *a, const char *undone, struct waiter *w)
{
	struct gate_request *r = a->request;
	json_t *by = json_object_get(r->root, "by");
	const char *name = json_string_value(json_object_get(by, "name"));
	const char *person = json_string_value(json_object_get(by, "person"));
	size_t more = !undone ? 4 : a->seq ? 6 : 5;
	struct extra extra[6] = {
			{.key = KEY_ACTOR, .text = str_from(name ? name : "unknown")},
			{.key = KEY_UID, .number = (uint64_t)json_integer_value(json_object_get(by, "uid"))},
			{.key = KEY_COMMAND, .text = str_from(r->command)},
			{.key = KEY_TARGET, .text = a->target},
			{.key = KEY_OK},
			{.key = KEY_OF_SEQ, .number = a->seq},
	};
	struct entry entry = {
			.type = EVENT_ADMIN,
			.text = undone ? STR_NONE : a->text,
			.reason = str_from(undone),
			.extra = extra,
			.extra_len = more,
	};

	if (person) /* one of ours, not a user of this machine */
		extra[1] = (struct extra){.key = KEY_ACTOR_ID, .text = str_from(person)};
	return record_append(r->gate->record[0], &entry, w);
}

void gate_act_undone(struct gate_act *a, const char *why)
{
	if (a->queued && put(a, why, NULL))
		log_error("that an administrator's act was not done could not be queued for the record");
}

static void all_undone(struct gate_request *r, const char *why)
{
	list_each(it, &r->acts)
		gate_act_undone(container_of(it, struct gate_act, link), why);
}

void gate_act_failed(struct gate_request *r, const char *why)
{
	if (r->acting)
		all_undone(r, why);
}

static void begin_act(struct gate_request *r)
{
	timer_stop(&r->act_timer);
	r->acting = true;
	r->act(r);
}

/* What waits in the record's queue points into the request, so that stays until the last receipt. */
static void refuse(struct gate_request *r, const char *code, const char *text, const char *remedy)
{
	timer_stop(&r->act_timer);
	r->refused = true;
	gate_request_fail(r, code, text, remedy);
}

/* The last receipt of a request that was answered before. */
static void end_late(struct gate_request *r)
{
	if (r->refused)
		all_undone(r, "the record did not take it in time");
	gate_request_free(r);
}

static void on_receipt(struct waiter *w, const struct receipt *receipt)
{
	struct gate_act *a = container_of(w, struct gate_act, waiter);
	struct gate_request *r = a->request;

	a->seq = receipt ? receipt_seq(receipt) : 0;
	if (--r->acts_waiting)
		return;
	if (!receipt)
		log_warn("the gate ends before an administrator's act was done");
	else if (!r->acting && !r->refused)
		begin_act(r); /* which frees the request when it is done */
	else if (r->answered)
		end_late(r);
}

static void on_late(struct timer *timer)
{
	struct gate_request *r = container_of(timer, struct gate_request, act_timer);

	if (r->protects) {
		log_warn("%s is done before the record has taken it: it is queued", r->command);
		begin_act(r);
	} else {
		refuse(r, "unavailable", "nothing was done: every act is recorded first, and the record does not take it now",
				"'gatehouse status' shows the recorder; try again");
	}
}

/* False: a line could not even be queued. */
static bool put_all(struct gate_request *r, bool wait)
{
	list_each(it, &r->acts) {
		struct gate_act *a = container_of(it, struct gate_act, link);
		int code;

		a->waiter.done = on_receipt;
		code = put(a, NULL, wait ? &a->waiter : NULL);
		if (code)
			return false;
		a->queued = true;
		r->acts_waiting += wait;
	}
	return true;
}

void gate_act_begin(struct gate_request *r, bool protects, void (*act)(struct gate_request *r))
{
	struct record_stats stats;
	bool put;

	record_stats(r->gate->record[0], &stats);
	r->act = act;
	r->protects = protects;
	if (stats.full && !protects) {
		refuse(r, "full", "nothing was done: the record has no space, and every act is recorded first",
				"make room on the disk of the record, then try again");
		return;
	}
	timer_init(&r->act_timer, on_late);
	put = put_all(r, !stats.full);
	if (!put && !protects) {
		refuse(r, "unavailable", "nothing was done: it cannot be recorded now",
				"'gatehouse status' shows the recorder; try again");
		return;
	}
	if (!put)
		log_error("%s is done though it cannot be queued for the record", r->command);
	if (r->acts_waiting)
		timer_start(r->gate->loop[0], &r->act_timer, protects ? PROTECT_SECONDS : WAIT_SECONDS);
	else
		begin_act(r);
}

void gate_act_note(struct gate *g, const char *command, struct str target, struct str text)
{
	const struct extra extra[] = {
			{.key = KEY_ACTOR, .text = STR("gatehouse")},
			{.key = KEY_COMMAND, .text = str_from(command)},
			{.key = KEY_TARGET, .text = target},
	};
	struct entry entry = {.type = EVENT_ADMIN, .text = text, .extra = extra, .extra_len = 3};

	if (record_append(g->record[0], &entry, NULL))
		log_error("%s of %s could not be queued for the record", command, LOG_STR(target));
}

static void answer_ok(struct gate_request *r)
{
	gate_request_done(r, control_ok());
}

static void answer_seq(struct gate_request *r)
{
	const struct gate_act *a = container_of(r->acts.next, struct gate_act, link);

	route_seen(r->gate->route, a->seq);
	gate_request_done(r, json_pack("{s:b, s:I}", "ok", 1, "seq", (json_int_t)a->seq));
}

void gate_act_export(struct gate_request *r)
{
	const char *target = json_string_value(json_object_get(r->args, "target"));
	const char *text = json_string_value(json_object_get(r->args, "text"));

	if (gate_act_add(r, str_from(target ? target : ""), str_from(text ? text : "")))
		gate_act_begin(r, false, answer_seq);
	else
		gate_request_fail(r, "internal", "out of memory", "");
}

void gate_act_tell(struct gate_request *r)
{
	const char *command = json_string_value(json_object_get(r->args, "command"));

	r->command = command ? command : "unknown";
	if (gate_act_add(r, STR_NONE, STR_NONE))
		gate_act_begin(r, true, answer_ok);
	else
		gate_request_fail(r, "internal", "out of memory", "");
}
