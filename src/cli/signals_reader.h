/* Recorded signals of clients as JSON, as `gatehouse clients judge` takes them: the members are named like the fields of
 * struct client_signals ("version_name"), or stand in an object of their own ("version":{"name":..}). What is missing was not
 * seen; what is not known is passed over. */
#pragma once

#include <jansson.h>

#include "base/arena.h"
#include "base/err.h"
#include "client/signals.h"
#include "client/table.h"

/* Views of the object and the arena. 0, or -EINVAL (err says which member and what is accepted). */
[[nodiscard]] int signals_read(
	struct client_signals *out, const json_t *object, struct arena *arena, struct err *err);

/* One field from "NAME=VALUE"; the same outcomes. */
[[nodiscard]] int signals_set(struct client_signals *out, struct str word, struct err *err);

/* A row of the table: caps_hash, caps_ver, ja4, product, version, range. */
[[nodiscard]] int signals_read_row(struct client_row *out, const json_t *object, struct err *err);
