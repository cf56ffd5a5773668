/* Who may know of whom: the one question that listings ask (service discovery, rosters, presence). */
#pragma once

#include <stdbool.h>

#include "base/str.h"

/* May the account `viewer` see that the account `shown` exists? Both bare and canonical. */
bool may_see(struct str viewer, struct str shown);
