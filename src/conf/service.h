/* Names of services that stand beside the domains, as settings write them: rooms.service, components. */
#pragma once

#include "conf/settings.h"

/* Is it one of `domains`, for people? */
bool settings_is_ours(const struct settings *s, struct str domain);
/* The same as the settings have it, theirs; STR_NONE: it is not. */
struct str settings_ours(const struct settings *s, struct str domain);

/* Is this (canonical) domain a service for rooms? One that is also among `domains` is not. */
bool settings_is_rooms(const struct settings *s, struct str domain);

/* Calls `each` with the rooms services that belong to a domain of ours, in order of the setting; a name that
 * is written in full belongs to all. */
void settings_each_rooms(const struct settings *s, struct str domain,
	void (*each)(void *owner, struct str service), void *owner);

/* Is this (canonical) domain that of an external component (XEP-0114)? */
bool settings_is_component(const struct settings *s, struct str domain);

/* Does it count as inside for rules and walls: ours, or a component's that the settings name so? */
bool settings_is_inside(const struct settings *s, struct str domain);

/* The i-th component's domain, those outside first; STR_NONE beyond the last. */
struct str settings_component(const struct settings *s, size_t i);
static inline size_t settings_components_len(const struct settings *s)
{
	return s->components_outside.len + s->components_inside.len;
}
