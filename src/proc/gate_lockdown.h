/* What the files about switches (gate_lockdown*.c) share: a switch as requests, answers and the record have it, and as the store
 * keeps it. Loop 0. */
#pragma once

#include "proc/gate.h"
#include "rule/lockdown.h"

enum {
	STEP_TEXT_MAX = 8192, /* bytes of what the record says of a step */
};

/* gate_lockdown.c: those of `from`, without the one of that id (empty: with all), with `more` (may be NULL). As lockdown_new(). */
[[nodiscard]] int gate_lockdown_make(struct lockdown **out, const struct lockdown *from, struct str without,
		const struct lockdown_switch *more, struct str break_glass);
/* In force from now on; counted. 0 or -ENOMEM. */
[[nodiscard]] int gate_lockdown_put(struct gate *g, struct lockdown *l);

/* gate_lockdown_switch.c: W of ipc/control.h. */
json_t *gate_switch_json(const struct lockdown_switch *s);
/* The switch that a request describes, in its arena, in force beside those others; counted. NULL: the request has been answered. */
[[nodiscard]] struct lockdown *gate_switch_take(
		struct gate_request *r, struct lockdown_switch *s, const struct lockdown *beside, bool needs_reason);
/* When it ends, if the request says so. What is wrong with that, or NULL. */
[[nodiscard]] const char *gate_switch_take_end(struct gate_request *r, uint64_t now_us, uint64_t *end_us);
/* A line of the record that the request is about this switch. False: memory is out. */
[[nodiscard]] bool gate_switch_act(struct gate_request *r, const struct lockdown_switch *s);
/* The place of a word among names; -1: it is none of them. */
int gate_word_of(struct str text, const char *const *names, int len);

/* gate_lockdown_kept.c: in the store, in its time; that it cannot be is in the log. */
void gate_switch_keep(struct gate *g, const struct lockdown_switch *s);
void gate_switch_forget(struct gate *g, struct str id);
