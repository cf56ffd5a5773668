/* A file of text lines of any length, read line by line in bounded memory: what is too long is passed over and said. */
#pragma once

#include <stdbool.h>
#include <stdio.h>

#include "base/buf.h"

struct lines {
	FILE *file; /* borrowed */
	size_t max; /* bytes of a line */
	unsigned long number; /* of the line that was read last, from 1 */
	bool too_long;        /* that line: nothing of it is kept */
	struct buf line;      /* without its end */
};

void lines_init(struct lines *l, FILE *file, size_t max);
void lines_done(struct lines *l);
/* False: the end, or it cannot be read (ferror()). */
[[nodiscard]] bool lines_next(struct lines *l);
