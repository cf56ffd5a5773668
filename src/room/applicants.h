/* Who has asked to be registered with a room and waits for an admin's answer (9.9): in memory, the latest
 * APPLICANTS_MAX. What an admin answers does not need it: his form says whom it is about. For the files of this
 * folder. */
#pragma once

#include "room/room.h"

enum {
	APPLICANTS_MAX = 100,
};

struct applicant {
	struct list link; /* room->applicants, oldest first */
	struct str jid, nick; /* views into text */
	char text[];
};

/* NULL: none. */
struct applicant *applicant_by(const struct room *r, struct str bare);
struct applicant *applicant_for(const struct room *r, struct str nick);
/* In place of what he asked for before. False: memory is out. */
[[nodiscard]] bool applicant_add(struct room *r, struct str bare, struct str nick);
void applicant_drop(struct room *r, struct applicant *a); /* accepts NULL; frees it */
