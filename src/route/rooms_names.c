/* Nicknames that are somebody's, in the room or not: the directory's side of room/nick.h. */
#include "account/likeness.h"
#include "base/cleanup.h"
#include "route/rooms_hall.h"
#include "route/sight.h"

struct viewer {
	const struct home *home;
	struct str bare;
};

static bool may_know(const struct person *p, void *owner)
{
	const struct viewer *v = owner;

	return may_see(v->home, v->bare, p->jid);
}

bool hall_may_be_called(struct room_sink *sink, struct str bare, struct str nick)
{
	const struct home *h = container_of(sink, struct hall, sink)->home;
	AUTO(person_unrefp) const struct person *p = NULL;
	struct viewer viewer = {h, bare};
	struct likeness_ask ask = {.text = nick, .self = bare, .may = may_know, .owner = &viewer};
	bool may_mix = h->settings->names_mixed_scripts != SETTINGS_NAMES_REFUSE;
	struct likeness l;

	if (h->settings->names_rooms != SETTINGS_NAMES_REFUSE && may_mix)
		return true;
	ask.person = p = directory_get(h->route->env.directory, bare);
	if (h->settings->names_rooms != SETTINGS_NAMES_REFUSE)
		return !likeness_is_mixed(h->settings, &ask);
	l = likeness_find(h->route->env.directory, h->settings, &ask);
	likeness_done(&l);
	return l.kind == LIKENESS_NONE || (l.kind == LIKENESS_MIXED && may_mix);
}
