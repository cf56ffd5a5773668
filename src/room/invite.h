/* Invitations through the room (7.8.2), their answers, and requests for voice (7.13, 8.6). For the files of
 * this folder. */
#pragma once

#include "room/room.h"

/* x: <x xmlns='muc#user'/> of the message. */
enum room_outcome invite_send(struct room *r, const struct occupant *from, const struct node *x,
	const struct room_request *rq, struct room_sink *sink);
/* To somebody who has become a member of a room for members (9.5). */
void invite_member(struct room *r, struct str bare, struct str reason, const struct room_request *rq,
	struct room_sink *sink);
enum room_outcome invite_decline(
	struct room *r, const struct node *x, const struct room_request *rq, struct room_sink *sink);

/* form: <x xmlns='jabber:x:data'/> of the message: a request, or a moderator's answer to one. */
enum room_outcome voice_form(struct room *r, struct occupant *from, const struct node *form,
	const struct room_request *rq, struct room_sink *sink);
