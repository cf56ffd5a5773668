/* Names of services that stand beside the domains, as settings write them: rooms.service. */
#pragma once

#include "conf/settings.h"

/* Is this (canonical) domain a service for rooms? One that is also among `domains` is not. */
bool settings_is_rooms(const struct settings *s, struct str domain);

/* Calls `each` with the rooms services that belong to a domain of ours, in order of the setting; a name that
 * is written in full belongs to all. */
void settings_each_rooms(const struct settings *s, struct str domain,
	void (*each)(void *owner, struct str service), void *owner);
