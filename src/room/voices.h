/* Who has a voice in a moderated room that others like him have not, or has lost his: known when he comes again (XEP-0045
 * 5.1), as long as the room is in memory. For the files of this folder. */
#pragma once

#include "room/room.h"

enum {
	VOICES_MAX = 500, /* in a room; beyond that the oldest is forgotten */
};

/* He leaves. */
void voice_keep(struct room *r, const struct occupant *o);
/* The role that somebody enters with. */
enum role voice_role(const struct room *r, struct str bare, enum affiliation affiliation);
/* What he had counts no more: his affiliation is another one. */
void voice_drop(struct room *r, struct str bare);
void voices_done(struct room *r);
