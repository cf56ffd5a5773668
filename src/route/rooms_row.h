/* A room as a row of the store, and back. */
#pragma once

#include "base/buf.h"
#include "room/room.h"
#include "store/rows.h"

/* All but its affiliations. The row's texts are views of the room and of the two buffers, which are the caller's. */
void rooms_row_put(struct store_room *row, const struct room *r, struct buf *config, struct buf *secret);
/* The affiliations the store does not have yet, or all where r->resave; how many. `rows` may be NULL, to count. */
size_t rooms_row_people(const struct room *r, struct store_affiliation *rows);

/* A new room becomes what the row says. False: memory is out, or the lists are longer than the room allows. */
[[nodiscard]] bool rooms_row_take(struct room *r, const struct store_room *row);
