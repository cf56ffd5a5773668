/* The files of a policy directory: read whole, in a fixed order, and summed up for the version. Private to
 * rule/. */
#pragma once

#include "base/arena.h"
#include "base/str.h"
#include "rule/problem.h"
#include "rule/rule_set.h"

struct source {
	struct source *next;
	struct str file; /* "policy.yaml", "rules/cards.yaml", "dictionaries/profanity.txt" */
	struct str name; /* the last part without its ending */
	struct str text;
};

struct sources {
	struct source *policy, *rules, *clients,
		*dictionaries; /* lists in the order of file names; policy has one or none */
	unsigned there; /* bits of enum policy_folder (rule_set.h): the folder exists; */
	unsigned filled; /* and files of it were read */
};

/* 0, -EINVAL (problems say which file) or -ENOMEM. Everything lives in the arena. `change`: see rule_set.h; may be NULL. */
[[nodiscard]] int sources_read(struct sources *out, const char *dir, const struct policy_change *change,
	struct arena *arena, struct problems *problems);

/* Hex digits of the first bytes of SHA-256 over names, lengths and texts; `len` is even. A NUL follows. -EIO
 * when the crypto library fails. */
[[nodiscard]] int sources_version(const struct sources *s, char *out, size_t len);
