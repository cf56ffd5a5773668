#include "way/traffic.h"

#include <string.h>

#include "account/directory.h"
#include "conf/service.h"
#include "parcel/parcel.h"
#include "rule/matter.h"

const char *const traffic_directions[TRAFFIC_DIRECTIONS] = {"inside", "room", "out", "in"};
const char *const traffic_types[TRAFFIC_TYPES] = {"message", "file", "link", "call", "presence", "request"};

static void add(uint64_t *counter)
{
	__atomic_store_n(counter, *counter + 1, __ATOMIC_RELAXED);
}

static enum traffic_direction direction_of(const struct parcel *p, const struct settings *settings)
{
	if (!p->origin->person && !settings_is_inside(settings, p->origin->jid.domain))
		return TRAFFIC_IN;
	if (!p->has_to || settings_is_ours(settings, p->to.domain))
		return TRAFFIC_INSIDE;
	if (settings_is_rooms(settings, p->to.domain))
		return TRAFFIC_ROOM;
	return settings_is_inside(settings, p->to.domain) ? TRAFFIC_INSIDE : TRAFFIC_OUT;
}

static enum traffic_type type_of(const struct parcel *p)
{
	if (p->matter & MATTER_FILE)
		return TRAFFIC_FILE;
	if (p->matter & MATTER_CALL)
		return TRAFFIC_CALL;
	if (p->matter & MATTER_LINK)
		return TRAFFIC_LINK;
	if (p->kind == PARCEL_MESSAGE)
		return TRAFFIC_MESSAGE;
	return p->kind == PARCEL_PRESENCE ? TRAFFIC_PRESENCE : TRAFFIC_REQUEST;
}

static uint64_t *counter_of(struct traffic *t, struct str group)
{
	struct traffic_group *g;

	for (size_t i = 0; i < t->groups_len; i++)
		if (str_eq(str_of(t->groups[i].name, t->groups[i].len), group))
			return &t->groups[i].count;
	if (t->groups_len == TRAFFIC_GROUPS || group.len > TRAFFIC_NAME_MAX)
		return &t->others;
	g = &t->groups[t->groups_len];
	g->len = group.len;
	memcpy(g->name, group.data, group.len);
	__atomic_store_n(&t->groups_len, t->groups_len + 1, __ATOMIC_RELEASE);
	return &g->count;
}

void traffic_count(struct traffic *t, const struct parcel *p, const struct settings *settings)
{
	const struct person *person = p->origin->person;

	add(&t->directions[direction_of(p, settings)]);
	add(&t->types[type_of(p)]);
	for (size_t i = 0; person && i < person->groups_len; i++)
		add(counter_of(t, person->groups[i]));
}

void traffic_each_group(const struct traffic *t, void (*each)(void *owner, struct str name, uint64_t count), void *owner)
{
	size_t len = __atomic_load_n(&t->groups_len, __ATOMIC_ACQUIRE);
	uint64_t others = __atomic_load_n(&t->others, __ATOMIC_RELAXED);

	for (size_t i = 0; i < len; i++)
		each(owner, str_of(t->groups[i].name, t->groups[i].len), __atomic_load_n(&t->groups[i].count, __ATOMIC_RELAXED));
	if (others)
		each(owner, STR("others"), others);
}
