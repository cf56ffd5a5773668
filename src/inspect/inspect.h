/* Stage inspect: what is said. Takes every text a client can send to another out of a stanza
 * (inspect/extract.h), folds it once (base/fold.h), looks for the words of all rules in one pass, for the
 * expressions whose necessary conditions the text meets, and for numbers the detectors know; then asks each
 * rule that matched whether it is about these two people. Writes the verdict, refuses nothing. Three
 * outcomes: nothing, findings, cannot tell (the policy's on_error decides).
 *
 * A set is immutable and shared by all threads; a scratch belongs to one thread and to the sets it was
 * prepared for. */
#pragma once

#include "rule/policy_set.h"
#include "rule/subject.h"
#include "stanza/node.h"

struct inspect_set;
struct inspect_scratch;

/* For policy_set_load(). */
extern const struct policy_engine inspect_engine;

/* Compiles the rules. `rules` is borrowed and must outlive the set. -EINVAL: an expression the engine cannot
 * do (problems name file, line and what). */
[[nodiscard]] int inspect_set_new(
	struct inspect_set **out, const struct rule_set *rules, struct problems *problems);
struct inspect_set *inspect_set_free(struct inspect_set *set);

/* One per thread. It fits itself to the set it is used with (a new policy costs one allocation at its first
 * use). */
[[nodiscard]] struct inspect_scratch *inspect_scratch_new(void); /* NULL when memory is out */
struct inspect_scratch *inspect_scratch_free(struct inspect_scratch *scratch);

/* Inspects a stanza (message, presence, iq). `to` NULL: no single recipient (rule/rule.h, rule_is_about).
 * Sets v->policy_version; adds to what policy_stanza() found. `set` NULL, or without engine: cannot tell. The
 * arena holds only what is found: a clean stanza allocates nothing in it. */
void inspect_stanza(const struct policy_set *set, struct inspect_scratch *scratch, const struct node *stanza,
	const struct subject *from, const struct subject *to, struct arena *arena, struct verdict *v);

/* The same for one text that is not (yet) in a stanza: a sample, `policy test`, a resource at bind. */
void inspect_text(const struct policy_set *set, struct inspect_scratch *scratch, enum text_kind kind,
	struct str text, const struct subject *from, const struct subject *to, struct arena *arena,
	struct verdict *v);
