/* What the record had and the store not yet, at the gate's start. */
#pragma once

#include "route/route.h"

struct replay;

[[nodiscard]] struct replay *replay_new(struct route *r);
struct replay *replay_free(struct replay *p);
