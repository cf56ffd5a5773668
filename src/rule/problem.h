/* What is wrong with a policy directory, for people: file, line, what was found, what is accepted. A loader
 * collects several so that an administrator mends them in one go. */
#pragma once

#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

struct problem {
	struct problem *next;
	struct str file;       /* relative to the policy directory */
	unsigned line, column; /* from 1; 0 when it concerns the whole file */
	struct str text;
};

enum {
	PROBLEMS_MAX = 50, /* kept; further ones are only counted */
};

struct problems {
	struct arena *arena; /* borrowed; holds the list and its strings */
	struct problem *first, *last;
	size_t count; /* all, also those not kept */
};

void problem_add(struct problems *p, struct str file, unsigned line, unsigned column, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));

/* The first problem as "file:line:column: text (and N more)" in err; returns -EINVAL, or 0 when there is
 * none. */
int problems_to_err(const struct problems *p, struct err *err);
