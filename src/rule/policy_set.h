/* The policy in force: the rules and what the inspection engine made of them, as one thing with one version,
 * so that every stage decides about a stanza by the same policy. Immutable, reference counted with atomics,
 * shared by all loops: each loop (or each parcel) holds a reference; a reload makes a new set and swaps the
 * pointer.
 *
 * This file is lower than the stages; the engine is handed in:
 *   policy_set_load(&set, "DIR/policy", &inspect_engine, &err);     (inspect/inspect.h)
 * Loading compiles for up to some hundred milliseconds: not on a loop. Any thread may do it. */
#pragma once

#include <stddef.h>

#include "base/err.h"
#include "rule/barrier.h"
#include "rule/lockdown.h"
#include "rule/rule_set.h"
#include "rule/verdict.h"

struct policy_set;
struct inspect_set; /* inspect/ */

struct policy_engine {
	/* Adds what it finds wrong to `problems` and then returns -EINVAL. */
	int (*compile)(struct inspect_set **out, const struct rule_set *rules, struct problems *problems);
	struct inspect_set *(*free)(struct inspect_set *set);
};

/* 0, -EINVAL (err: first problem with file and line), or another negative errno. `engine` may be NULL (walls
 * only: the inspect stage then cannot tell); it must outlive the set. The returned set has one reference. */
[[nodiscard]] int policy_set_load(
	struct policy_set **out, const char *dir, const struct policy_engine *engine, struct err *err);
/* The same, with all problems listed. */
[[nodiscard]] int policy_set_load_all(struct policy_set **out, const char *dir,
	const struct policy_engine *engine, struct problems *problems);

/* The same, with one file as it is to be. */
[[nodiscard]] int policy_set_load_changed(struct policy_set **out, const char *dir, const struct policy_change *change,
	const struct policy_engine *engine, struct problems *problems);

/* The same rules and engine with these lists and switches, as a set of its own with one reference; NULL: memory is out.
 * `barrier` NULL: empty ones; `lockdown` NULL: nothing is switched off. What policy_set_load() makes has neither. */
[[nodiscard]] struct policy_set *policy_set_with(struct policy_set *set, struct barrier *barrier, struct lockdown *lockdown);

struct policy_set *policy_set_ref(struct policy_set *set);   /* returns set; NULL is accepted */
struct policy_set *policy_set_unref(struct policy_set *set); /* returns NULL; the last one frees */

const struct rule_set *policy_set_rules(const struct policy_set *set);
const struct barrier *policy_set_barrier(const struct policy_set *set); /* may be NULL */
struct lockdown *policy_set_lockdown(const struct policy_set *set);         /* may be NULL; take a reference to keep it */
const struct inspect_set *policy_set_engine(const struct policy_set *set); /* NULL without an engine */
const char *policy_set_version(const struct policy_set *set);              /* 16 hex digits */

struct policy_counts {
	size_t rules, walls, words, regexes, samples;
	size_t clients; /* rules about clients, and patches; not among `rules` */
};
struct policy_counts policy_set_counts(const struct policy_set *set);

/* Writes into the verdict that an engine could not decide and does what `on_error` says. `set` NULL: blocks.
 */
void policy_set_cannot_tell(
	const struct policy_set *set, enum cannot_tell why, struct verdict *v, struct arena *arena);
