/* The gate's loops, in order. A user's state lives on one of them: the home loop. Immutable while the gate runs. */
#pragma once

#include "base/str.h"
#include "loop/loop.h"

struct loops {
	struct loop **loop;
	unsigned count;
};

/* The loop on which the state of this (canonical) bare JID lives. */
struct loop *loops_home(const struct loops *l, struct str bare);
