/* Affiliations by groups of accounts: the directory's side of room/groups.h. */
#include <stdlib.h>

#include "account/directory.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "route/rooms_hall.h"

/* ---- questions ---- */

/* The place of the first group on the list, a name a line, that he is in; SIZE_MAX: none. */
static size_t first_group(const struct person *p, struct str groups)
{
	for (size_t from = 0, to; p && !p->disabled && from < groups.len; from = to + 1) {
		to = str_find(groups, '\n', from);
		if (person_in_group(p, str_cut(groups, from, to)))
			return from;
	}
	return SIZE_MAX;
}

bool rooms_in_groups(const struct room *r, struct str bare, struct str groups)
{
	const struct home *h = r->home;
	AUTO(person_unrefp) const struct person *p = directory_get(h->route->env.directory, bare);

	return first_group(p, groups) != SIZE_MAX;
}

bool hall_may_name_group(struct room_sink *sink, struct str bare, struct str group)
{
	const struct home *h = container_of(sink, struct hall, sink)->home;
	AUTO(person_unrefp) const struct person *p = NULL;

	if (rooms_is_admin(h, bare))
		return true;
	p = directory_get(h->route->env.directory, bare);
	return p && person_in_group(p, group);
}

struct round {
	struct str groups;
	size_t place; /* of the group in it */
	size_t left;
	void (*each)(void *owner, struct str bare);
	void *owner;
};

static bool regard_member(const struct person *p, void *owner)
{
	struct round *r = owner;

	if (first_group(p, r->groups) == r->place) {
		r->each(r->owner, p->jid);
		r->left--;
	}
	return r->left > 0;
}

void hall_each_in_groups(
	struct room_sink *sink, struct str groups, void (*each)(void *owner, struct str bare), void *owner)
{
	const struct home *h = container_of(sink, struct hall, sink)->home;
	struct round r = {.groups = groups, .left = h->settings->rooms_affiliations_max, .each = each, .owner = owner};

	for (size_t to; r.place < groups.len && r.left; r.place = to + 1) {
		to = str_find(groups, '\n', r.place);
		directory_each_member(h->route->env.directory, str_cut(groups, r.place, to), regard_member, &r);
	}
}

/* ---- changes ---- */

struct person_change {
	struct task task;
	struct route *route;
	const struct person *person; /* counted */
	bool gone;
};

static void follow(struct home *h, struct room *r, const struct person_change *c)
{
	struct hall hall;

	hall_init(&hall, h, NULL);
	if (c->gone)
		room_account_gone(r, c->person->jid);
	room_regard(r, c->person->jid, &hall.sink, &(struct room_stamp){.seq = 0});
	hall_leave(&hall, r);
}

static bool concerns(const struct room *r, const struct person_change *c)
{
	const struct room_config *f = &r->config;

	if (c->gone && map_get(&r->affiliations, c->person->jid))
		return true;
	return r->occupant_count && (f->owner_groups.len || f->admin_groups.len || f->member_groups.len);
}

static void run_person_change(struct task *task)
{
	struct person_change *c = container_of(task, struct person_change, task);
	struct home *h = home_here(c->route);
	struct map_slot *slot;
	bool over;

	do { /* a room that ends changes the map */
		size_t before = h->rooms.len;

		for (size_t i = 0; h->rooms.len == before && (slot = map_next(&h->rooms, &i));)
			if (concerns(slot->value, c))
				follow(h, slot->value, c);
		over = h->rooms.len == before;
	} while (!over);
	person_unref(c->person);
	free(c);
}

static bool same_standing(const struct person *a, const struct person *b)
{
	if (a->disabled != b->disabled || a->groups_len != b->groups_len)
		return false;
	for (size_t i = 0; i < a->groups_len; i++)
		if (!str_eq(a->groups[i], b->groups[i]))
			return false;
	return true;
}

void rooms_person_changed(struct route *r, const struct person *was, const struct person *is)
{
	if (!was || (is && same_standing(was, is)))
		return; /* somebody new is nowhere yet */
	for (unsigned i = 0; i < r->count; i++) {
		struct person_change *c = malloc(sizeof(*c));

		if (!c) {
			log_error("out of memory: a change of a group is seen in rooms at the next entry only");
			return;
		}
		*c = (struct person_change){
			.task = {.run = run_person_change}, .route = r, .person = person_ref(was), .gone = !is};
		loop_post(r->home[i].loop, &c->task);
	}
}
