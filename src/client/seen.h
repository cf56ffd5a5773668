/* What a session has shown of its client, kept for as long as the session lives: the signals in one block of memory, made
 * anew when more of them are known. Owned by one loop. */
#pragma once

#include "base/buf.h"
#include "client/signals.h"

struct seen;

/* Copies all of it. NULL: memory is out. */
[[nodiscard]] struct seen *seen_new(const struct client_signals *s);
struct seen *seen_free(struct seen *s); /* returns NULL; accepts NULL */

/* Views, as long as `s` is there; NULL: nothing was seen. */
void seen_view(const struct seen *s, struct client_signals *out);

/* {"resource":"gajim.4FX","caps":{"hash":..,"ver":..,"node":..,"verified":true},"disco":{"answer":"result","name":..},
 *  "version":{"answer":"error"},"agent":{..},"ja4":".."}; what was not seen is left out. */
void seen_put_json(struct buf *out, const struct client_signals *s);
