#include "route/directed.h"

#include <stdlib.h>

bool directed_is_empty(const struct session *s)
{
	return !s->directed || s->directed->len == 0;
}

static bool is_told_anyway(const struct session *s, const struct jid *to)
{
	return session_is_available(s) && (user_state(s->user, to->bare) & SUB_FROM);
}

bool directed_add(struct session *s, const struct jid *to)
{
	char *copy;

	if (is_told_anyway(s, to) || (s->directed && map_get(s->directed, to->full)))
		return true;
	if (s->directed && s->directed->len >= s->user->home->settings->limits_directed_presence)
		return false;
	if (!s->directed)
		s->directed = calloc(1, sizeof(*s->directed));
	copy = s->directed ? str_dupz(to->full) : NULL;
	if (!copy)
		return false;
	if (map_put(s->directed, str_of(copy, to->full.len), copy)) {
		free(copy);
		return false;
	}
	return true;
}

void directed_remove(struct session *s, struct str to)
{
	if (s->directed)
		free(map_del(s->directed, to));
}

void directed_clear(struct session *s)
{
	struct map_slot *slot;

	if (!s->directed)
		return;
	for (size_t i = 0; (slot = map_next(s->directed, &i));)
		free(slot->value);
	map_done(s->directed);
	free(s->directed);
	s->directed = NULL;
}

bool directed_knows(const struct session *s, const struct jid *who)
{
	return s->directed && (map_get(s->directed, who->full) || map_get(s->directed, who->bare));
}

bool directed_next(const struct session *s, size_t *at)
{
	return s->directed && map_next(s->directed, at);
}

struct str directed_at(const struct session *s, size_t at)
{
	return s->directed->slots[at].key;
}

bool directed_knows_domain(const struct session *s, struct str domain)
{
	for (size_t i = 0; directed_next(s, &i);)
		if (str_eq(jid_split(directed_at(s, i - 1)).domain, domain))
			return true;
	return false;
}
