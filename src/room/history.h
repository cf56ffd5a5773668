/* What was said lately (7.2.14, 7.2.15), in memory: bounded in number (HISTORY_MAX) and in bytes
 * (room->history_bytes_max). The same number of bytes bounds what who enters is shown of it, delays included. */
#pragma once

#include "room/room.h"

/* Takes a copy of what the account `bare` said; the oldest go when it is full. Memory being out, or its being too
 * long, loses it for those who come later; the archive has it. */
void history_add(struct room *r, struct str xml, struct str bare, const struct room_stamp *stamp);

/* What is left of it in memory, if it is there. False: it is not, or not to be taken back so. */
bool history_retract(struct room *r, const struct room_retraction *t);

/* What who enters has asked for: <history/> of <x xmlns='muc'/>, or NULL. */
struct history_wish {
	unsigned long long stanzas, chars, since_us; /* no wish: ~0, ~0, 0 */
};
struct history_wish history_wish(const struct room *r, const struct node *history);

/* To the seat, oldest first, each with its own stamp and a delay; not what somebody said whom it may not
 * meet. */
void history_show(
	const struct room *r, const struct history_wish *wish, const struct seat *to, struct room_sink *sink);

/* <delay from='room' stamp=.../> */
void history_put_delay(struct buf *out, const struct room *r, const struct room_stamp *stamp);

/* XEP-0082 date and time in UTC, or with an offset. False: it is none. */
[[nodiscard]] bool history_parse_time(struct str text, unsigned long long *out_us);
