/* `gatehouse policy check` and `gatehouse policy test` as functions: the command line only prints what they
 * return. They load a policy directory of their own; the running server is not involved. */
#pragma once

#include "base/arena.h"
#include "rule/policy_set.h"
#include "rule/problem.h"
#include "rule/subject.h"

struct policy_report {
	struct problems
		errors; /* the policy cannot be loaded, or a sample has another verdict than it says */
	struct problems
		warnings; /* it works, but: a rule without a sample that matches, a dictionary nobody uses */
	struct policy_counts counts; /* zero when it could not be loaded */
	size_t samples_passed, samples_failed;
	char version[POLICY_VERSION_LEN + 1];
};

/* Loads the set in `dir` and runs every sample through the engine. Everything in the report lives in `arena`.
 * 0: in order; 1: errors (see the report); negative: could not be carried out at all. */
[[nodiscard]] int policy_check(const char *dir, struct arena *arena, struct policy_report *report);

/* The same, of the folder with one file as it is to be. */
[[nodiscard]] int policy_check_changed(
	const char *dir, const struct policy_change *change, struct arena *arena, struct policy_report *report);

struct policy_question {
	struct str text;
	enum text_kind kind;             /* KIND_NONE: a message */
	const struct subject *from, *to; /* NULL: anybody, for whom every side of a rule matches */
	struct str lang;                 /* of the notice; may be empty */
};

struct policy_hit {
	struct policy_hit *next;
	const struct finding *finding;
	struct str purpose, file;
	unsigned line;
	bool applies;       /* the rule is about this pair of people */
	struct str why_not; /* when it does not apply: which side fails */
};

struct policy_answer {
	struct verdict verdict;
	struct policy_hit *hits; /* every rule whose match is in the text, also those that do not apply */
	struct str notice;       /* what the sender would read */
};

/* Which rules fire on a text and why. 0 or a negative errno with err. The answer lives in `arena`. */
[[nodiscard]] int policy_test(const struct policy_set *set, const struct policy_question *question,
	struct arena *arena, struct policy_answer *out, struct err *err);
