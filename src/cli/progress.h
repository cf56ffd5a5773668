/* Progress on standard error for work that takes longer than two seconds: a line that is written over on a
 * terminal, else a new line every ten seconds. Nothing with --json. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct progress {
	const char *what; /* "people added" */
	size_t total;     /* 0: not known */
	uint64_t started_ms, shown_ms;
	bool quiet, terminal, shown;
};

void progress_begin(struct progress *p, const char *what, size_t total, bool quiet);
void progress_at(struct progress *p, size_t done);
void progress_end(struct progress *p);
