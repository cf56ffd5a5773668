/* How much people say to each other, for monitoring: which way it goes, what kind of thing it is, and of which group who says it. One
 * a loop: it alone counts; others read what may be a moment old. Only what is not stopped, and no person's name. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

enum traffic_direction {
	TRAFFIC_INSIDE,
	TRAFFIC_ROOM,
	TRAFFIC_OUT, /* to another domain */
	TRAFFIC_IN,  /* from one */
	TRAFFIC_DIRECTIONS,
};

enum traffic_type {
	TRAFFIC_MESSAGE,
	TRAFFIC_FILE,
	TRAFFIC_LINK,
	TRAFFIC_CALL,
	TRAFFIC_PRESENCE, /* with words, and requests for a subscription */
	TRAFFIC_REQUEST,
	TRAFFIC_TYPES,
};

extern const char *const traffic_directions[TRAFFIC_DIRECTIONS]; /* "inside", "room", "out", "in" */
extern const char *const traffic_types[TRAFFIC_TYPES];           /* "message", "file", .. */

enum {
	TRAFFIC_GROUPS = 64, /* of a loop, in the order in which they came; what comes after these is counted together */
	TRAFFIC_NAME_MAX = 64,
};

struct traffic {
	uint64_t directions[TRAFFIC_DIRECTIONS], types[TRAFFIC_TYPES];
	uint64_t others; /* groups */
	size_t groups_len;
	struct traffic_group {
		uint64_t count;
		size_t len;
		char name[TRAFFIC_NAME_MAX];
	} groups[TRAFFIC_GROUPS];
};

struct parcel;
struct settings;

/* Content that goes on its way, with its matter (MATTER_FILE, MATTER_LINK, MATTER_CALL). */
void traffic_count(struct traffic *t, const struct parcel *p, const struct settings *settings);

/* Each group once for each loop that has it; `name` lives for the call. The one for all others is called "others". */
void traffic_each_group(const struct traffic *t, void (*each)(void *owner, struct str name, uint64_t count), void *owner);
