/* The gate's loops, in order. A user's state lives on one of them: the home loop. Immutable while the gate runs. */
#pragma once

#include "loop/loop.h"

struct loops {
	struct loop **loop;
	unsigned count;
};
