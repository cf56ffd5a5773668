#include "route/sharers.h"

#include <stdlib.h>

#include "route/crew.h"

/* Most are: each presence stanza comes by here. */
static bool is_shown_presence(const struct user *u, struct str bare)
{
	struct contact c = {};

	if (user_contact(u, bare, &c) && c.state & SUB_FROM)
		return true;
	return str_eq(bare, u->bare) || crew_knows(u, bare);
}

void sharers_come(struct user *u, const struct jid *who)
{
	char *copy;

	if (!who->resource.len || is_shown_presence(u, who->bare))
		return;
	if (u->sharers && (u->sharers->len >= SHARERS_MAX || map_get(u->sharers, who->full)))
		return;
	if (!u->sharers)
		u->sharers = calloc(1, sizeof(*u->sharers));
	copy = u->sharers ? str_dupz(who->full) : NULL;
	if (copy && map_put(u->sharers, str_of(copy, who->full.len), copy))
		free(copy);
}

void sharers_go(struct user *u, const struct jid *who)
{
	if (!u->sharers)
		return;
	free(map_del(u->sharers, who->full));
	if (u->sharers->len == 0)
		sharers_free(u);
}

void sharers_free(struct user *u)
{
	struct map_slot *slot;

	if (!u->sharers)
		return;
	for (size_t i = 0; (slot = map_next(u->sharers, &i));)
		free(slot->value);
	map_done(u->sharers);
	free(u->sharers);
	u->sharers = NULL;
}

bool sharers_next(const struct user *u, size_t *at, struct str *out)
{
	struct map_slot *slot;

	while (u->sharers && (slot = map_next(u->sharers, at))) {
		*out = slot->key;
		if (!is_shown_presence(u, jid_split(slot->key).bare))
			return true;
	}
	return false;
}
