/* muc#admin and muc#owner (9, 10), registration (7.10). For the files of this folder. `query` is the IQ's
 * payload. */
#pragma once

#include "room/room.h"
#include "room/say.h"

enum room_outcome admin_get(
	struct room *r, const struct node *query, const struct room_request *rq, struct room_sink *sink);
/* All items, or none. */
enum room_outcome admin_set(
	struct room *r, const struct node *query, const struct room_request *rq, struct room_sink *sink);

enum room_outcome owner_get(struct room *r, const struct room_request *rq, struct room_sink *sink);
enum room_outcome owner_set(
	struct room *r, const struct node *query, const struct room_request *rq, struct room_sink *sink);

enum room_outcome room_register_get(struct room *r, const struct room_request *rq, struct room_sink *sink);
enum room_outcome room_register_set(
	struct room *r, const struct node *query, const struct room_request *rq, struct room_sink *sink);

/* Is it a form of that kind? An admin's answer to somebody's request (9.9); he need not be in the room. */
bool register_is_form(const struct node *form, struct arena *arena);
enum room_outcome register_decide(
	struct room *r, const struct node *form, const struct room_request *rq, struct room_sink *sink);

/* Discovery (6.3 to 6.6). `query` may name a node. */
enum room_outcome info_get(
	struct room *r, const struct node *query, const struct room_request *rq, struct room_sink *sink);
enum room_outcome items_get(
	struct room *r, const struct node *query, const struct room_request *rq, struct room_sink *sink);

/* A change of one affiliation that has been checked; all see it. */
void admin_regrade(struct room *r, struct affiliated *a, enum affiliation to, const struct room_request *rq,
	struct room_sink *sink);

/* A member with that nickname from now on; he who asked, when it is an IQ, learns that it is done before others do. */
enum room_outcome admin_enlist(struct room *r, struct str bare, struct str nick, const struct room_request *rq,
	struct room_sink *sink);

/* What was sent to an occupant has come back with an error: if it is one of delivery, he is not here any more (11.1). */
void room_bounced(struct room *r, const struct room_request *rq, struct room_sink *sink);

/* The end of the room (10.9): everybody learns it, and leaves. destroy: <destroy/> as XML. */
void room_dissolve(struct room *r, struct str destroy, const struct room_stamp *stamp, struct room_sink *sink);

/* Takes the occupant out of the room, with all its seats. Frees it. */
void admin_expel(
	struct occupant *o, struct notice_of *n, struct room_sink *sink, const struct room_stamp *stamp);
