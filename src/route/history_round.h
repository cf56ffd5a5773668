/* Rows of an archive are gathered on the homes where messages arrive (history.c). Who wants to read what has been said up to
 * now goes round all of them first:
 *
 *   home ---> every home: waits for what has come there and is not gathered yet (arrivals.h), asks the store for what is
 *   --- back ---> home: all are back --- `done` asks the store, which answers after those writes
 */
#pragma once

#include "route/home.h"

/* `done` runs on `h`, never inside the call. `owner`: bare address of whose archive it is; borrowed until then. 0, or -ENOMEM:
 * it does not run. */
[[nodiscard]] int history_round(struct home *h, struct str owner, void (*done)(void *arg), void *arg);
