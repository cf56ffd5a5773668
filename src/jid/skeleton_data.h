/* The generated table behind skeleton.c; nobody else includes this. */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum {
	SKELETON_GROWTH = 32, /* UTF-16 units that one character may look like */
};

struct skeleton_row {
	uint32_t code_point;
	uint16_t at, len; /* UTF-16 units in the pool */
};

extern const uint16_t skeleton_pool[];
extern const struct skeleton_row skeleton_rows[]; /* ascending */
extern const size_t skeleton_rows_len;
