/* A dictionary file: one word or phrase a line. `#` begins a comment at the start of a line or after white
 * space; a line
 * `[category]` names the lines below it, so that a rule can take `name/category` alone. A `*` at either end
 * of a word lets it go on there: `shit*`. Words are kept as written; the engine folds them. */
#pragma once

#include "base/arena.h"
#include "rule/problem.h"
#include "rule/rule.h"

struct dictionary_word {
	struct rule_word word; /* word.source: "name" or "name/category" */
	struct str category;   /* empty above the first header */
};

struct dictionary {
	struct dictionary *next;
	struct str name; /* the file's without .txt */
	const struct dictionary_word *words;
	size_t count;
	bool used; /* while loading: some rule names it */
};

/* Parses `text` (kept: words borrow from it). What is wrong goes to problems under `file`; the rest is still
 * returned. NULL when memory is out. */
[[nodiscard]] struct dictionary *dictionary_parse(
	struct str name, struct str file, struct str text, struct arena *arena, struct problems *problems);

/* A word as dictionaries and `words` lists write it. NULL on success, else what is wrong with it. */
[[nodiscard]] const char *dictionary_word_parse(struct str text, struct rule_word *out);

/* [a-z0-9][a-z0-9-]*, at most 64 bytes: names of dictionaries and categories, ids of rules. */
bool dictionary_name_is_valid(struct str name);
