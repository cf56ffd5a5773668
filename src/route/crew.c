#include "route/crew.h"

#include <stdlib.h>

#include "base/log.h"
#include "route/presence.h"
#include "route/rooms.h"
#include "route/roster.h"
#include "route/session.h"
#include "route/sight.h"

enum {
	PUSHES_AT_ONCE = 100, /* to one user in one pass */
};

/* A shown group on a home: who of it is connected. Freed with the home. */
struct crew {
	struct list members; /* crew_link */
	char name[];
};

/* ---- who is a mate ---- */

bool crew_label(const struct settings *s, struct str group, struct str *out)
{
	bool all = false;

	for (size_t i = 0; i < s->rosters_groups.len; i++) {
		struct str row = s->rosters_groups.items[i];
		size_t end = str_find(row, '=', 0);

		if (str_eq(str_cut(row, 0, end), group)) {
			*out = end < row.len ? str_cut(row, end + 1, row.len) : group;
			return true;
		}
		all = all || str_is(row, "*");
	}
	if (all)
		*out = group;
	return all;
}

/* The first of a's groups that is shown and b's, too; a->groups_len: there is none. */
static size_t first_shared(const struct settings *s, const struct person *a, const struct person *b)
{
	struct str label;

	for (size_t i = 0; i < a->groups_len; i++)
		if (person_in_group(b, a->groups[i]) && crew_label(s, a->groups[i], &label))
			return i;
	return a->groups_len;
}

bool crew_are_mates(const struct settings *s, const struct person *a, const struct person *b)
{
	if (!a || !b || a->disabled || b->disabled || str_eq(a->jid, b->jid))
		return false;
	return first_shared(s, a, b) < a->groups_len;
}

bool crew_knows(const struct user *u, struct str bare)
{
	const struct person *other;
	bool mates;

	if (!u->has_crew)
		return false;
	other = directory_get(u->home->route->env.directory, bare);
	mates = crew_are_mates(u->home->settings, u->person, other);
	person_unref(other);
	return mates;
}

static bool shares(const struct settings *s, const struct person *a, const struct person *b, struct str wanted)
{
	struct str label;

	for (size_t i = 0; i < a->groups_len; i++)
		if (person_in_group(b, a->groups[i]) && crew_label(s, a->groups[i], &label) && str_eq(label, wanted))
			return true;
	return false;
}

bool crew_shares(const struct user *u, struct str bare, struct str label)
{
	const struct settings *s = u->home->settings;
	const struct person *other = u->has_crew ? directory_get(u->home->route->env.directory, bare) : NULL;
	bool found = crew_are_mates(s, u->person, other) && shares(s, u->person, other, label);

	person_unref(other);
	return found;
}

static bool is_shown(const struct settings *s, const struct person *p)
{
	struct str label;

	for (size_t i = 0; p && i < p->groups_len; i++)
		if (crew_label(s, p->groups[i], &label))
			return true;
	return false;
}

struct gathering {
	struct mates mates;
	const struct settings *settings;
	const struct person *person;
	size_t group;
};

static bool gather(const struct person *p, void *owner)
{
	struct gathering *g = owner;
	struct mates *m = &g->mates;

	if (!crew_are_mates(g->settings, g->person, p) || first_shared(g->settings, g->person, p) != g->group)
		return true;
	if (m->len == m->cap) {
		size_t cap = m->cap ? m->cap * 2 : 64;
		const struct person **more = realloc(m->people, cap * sizeof(*more));

		if (!more)
			return false;
		m->people = more;
		m->cap = cap;
	}
	m->people[m->len++] = person_ref(p);
	return true;
}

struct mates crew_mates(const struct home *h, const struct person *person)
{
	struct gathering g = {.settings = h->settings, .person = person};
	struct str label;

	for (; person && g.group < person->groups_len; g.group++)
		if (crew_label(h->settings, person->groups[g.group], &label))
			directory_each_member(h->route->env.directory, person->groups[g.group], gather, &g);
	return g.mates;
}

void mates_done(struct mates *m)
{
	for (size_t i = 0; i < m->len; i++)
		person_unref(m->people[i]);
	free(m->people);
	*m = (struct mates){.len = 0};
}

/* ---- the roster's version ---- */

static uint64_t mix(uint64_t hash, struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		hash = (hash ^ (unsigned char)s.data[i]) * UINT64_C(0x100000001b3);
	return (hash ^ 0xff) * UINT64_C(0x100000001b3);
}

uint64_t crew_sum(const struct user *u)
{
	const struct home *h = u->home;
	uint64_t sum = UINT64_C(0xcbf29ce484222325);

	if (!u->has_crew || !list_is_empty(&u->unpushed))
		return 0;
	for (size_t i = 0; i < u->person->groups_len; i++) {
		struct str group = u->person->groups[i], label;
		uint64_t members;

		if (!crew_label(h->settings, group, &label))
			continue;
		members = directory_group_sum(h->route->env.directory, group);
		sum = mix(mix(mix(sum, group), label), str_of((const char *)&members, sizeof(members)));
	}
	if (h->walled & UINT32_C(1) << WALL_PRESENCE)
		sum = mix(sum, str_from(policy_set_version(h->policy)));
	return sum;
}

/* ---- who is here ---- */

void crew_find_person(struct user *u)
{
	u->person = directory_get(u->home->route->env.directory, u->bare);
	u->has_crew = is_shown(u->home->settings, u->person);
}

static struct crew *crew_make(struct home *h, struct str name)
{
	struct crew *c = map_get(&h->crews, name);

	if (c)
		return c;
	c = malloc(sizeof(*c) + name.len);
	if (!c)
		return NULL;
	list_init(&c->members);
	memcpy(c->name, name.data, name.len);
	if (map_put(&h->crews, str_of(c->name, name.len), c)) {
		free(c);
		return NULL;
	}
	return c;
}

void crew_enter(struct user *u)
{
	struct str label;

	if (!u->has_crew || u->crews)
		return;
	u->crews = calloc(u->person->groups_len, sizeof(*u->crews));
	if (!u->crews) {
		log_error("out of memory: somebody does not see his groups");
		return;
	}
	for (size_t i = 0; i < u->person->groups_len; i++) {
		struct crew *c = NULL;

		if (crew_label(u->home->settings, u->person->groups[i], &label))
			c = crew_make(u->home, u->person->groups[i]);
		u->crews[i].user = u;
		list_init(&u->crews[i].link);
		if (c)
			list_append(&c->members, &u->crews[i].link);
	}
}

static void pushes_drop(struct user *u);

void crew_leave(struct user *u)
{
	for (size_t i = 0; u->crews && i < u->person->groups_len; i++)
		list_remove(&u->crews[i].link);
	free(u->crews);
	u->crews = NULL;
	pushes_drop(u);
}

void crew_done(struct home *h)
{
	struct map_slot *slot;

	for (size_t i = 0; (slot = map_next(&h->crews, &i));)
		free(slot->value);
	map_done(&h->crews);
}

/* ---- presence ---- */

/* What is said to the mates on one home. */
struct call {
	struct task task;
	struct route *route;
	const struct person *person; /* counted: the sender */
	struct policy_set *policy;   /* counted; NULL: no wall stands */
	enum letter_kind kind;
	struct blob *stanza; /* counted */
	struct kept kept;
	struct hold *hold; /* counted */
	struct jid from;
	char text[];
};

static void call_free(struct call *c)
{
	person_unref(c->person);
	policy_set_unref(c->policy);
	blob_unref(c->stanza);
	hold_unref(c->hold);
	free(c);
}

static void call_reach(struct user *u, const struct call *c)
{
	struct letter l = {.route = c->route,
		.kind = c->kind,
		.from = c->from,
		.to = jid_split(u->bare),
		.stanza = c->stanza,
		.kept = c->kept,
		.hold = c->hold};

	if (user_blocks(u, &c->from))
		return;
	if (c->kind == LETTER_PROBE)
		presence_show(u, c->from.full);
	else if (!c->policy || sight_is_open_in(c->policy, u->home, c->from.full, u->bare, WALL_PRESENCE))
		letter_deliver(u, &l, takes_if_available);
}

static void run_call(struct task *task)
{
	struct call *c = container_of(task, struct call, task);
	struct home *h = home_here(c->route);

	for (size_t i = 0; i < c->person->groups_len; i++) {
		struct crew *crew = map_get(&h->crews, c->person->groups[i]);

		if (!crew)
			continue;
		list_each (it, &crew->members) {
			struct user *u = container_of(it, struct crew_link, link)->user;

			if (crew_are_mates(h->settings, c->person, u->person) &&
				first_shared(h->settings, c->person, u->person) == i)
				call_reach(u, c);
		}
	}
	call_free(c);
}

static void call_post(struct home *to, struct session *s, const struct call *like)
{
	struct str from = s->origin->jid.full;
	struct call *c = malloc(sizeof(*c) + from.len);

	if (!c) {
		log_error("out of memory: a presence stanza is lost");
		return;
	}
	*c = *like;
	memcpy(c->text, from.data, from.len);
	c->from = jid_split(str_of(c->text, from.len));
	person_ref(c->person);
	policy_set_ref(c->policy);
	if (c->stanza)
		blob_ref(c->stanza);
	hold_ref(c->hold);
	c->task.run = run_call;
	loop_post(to->loop, &c->task);
}

/* Who blocks somebody says it to each of the others. */
static void say_one_by_one(struct session *s, const struct call *like)
{
	struct user *u = s->user;
	struct mates m = crew_mates(u->home, u->person);

	for (size_t i = 0; i < m.len; i++) {
		struct jid to = jid_split(m.people[i]->jid);

		if (!user_blocks(u, &to))
			letter_send(u->home->route, &(struct letter_parts){.kind = like->kind,
							    .from = s->origin->jid.full,
							    .to = to.bare,
							    .stanza = like->stanza,
							    .kept = &like->kept,
							    .hold = like->hold});
	}
	mates_done(&m);
}

void crew_say(struct session *s, enum letter_kind kind, struct blob *stanza, const struct kept *kept, struct hold *hold)
{
	struct user *u = s->user;
	struct home *h = u->home;
	struct route *r = h->route;
	struct call like = {.route = r, .person = u->person, .kind = kind, .stanza = stanza, .hold = hold};

	if (!u->has_crew)
		return;
	if (kept)
		like.kept = *kept;
	if (h->walled & UINT32_C(1) << WALL_PRESENCE)
		like.policy = h->policy;
	if (u->blocked.len && kind != LETTER_PROBE) {
		say_one_by_one(s, &like);
		return;
	}
	for (unsigned i = 0; i < r->count; i++)
		call_post(&r->home[i], s, &like);
}

/* ---- roster pushes ---- */

struct unpushed {
	struct list link; /* user->unpushed */
	size_t len;
	char jid[];
};

static void pushes_drop(struct user *u)
{
	while (!list_is_empty(&u->unpushed)) {
		struct unpushed *p = container_of(u->unpushed.next, struct unpushed, link);

		list_remove(&p->link);
		free(p);
	}
	list_remove(&u->pushing);
}

void crew_push_later(struct user *u, struct str bare)
{
	struct unpushed *p;

	if (!u->session_count)
		return;
	p = malloc(sizeof(*p) + bare.len);
	if (!p) {
		log_error("out of memory: a change of a roster is not told");
		return;
	}
	list_init(&p->link);
	p->len = bare.len;
	memcpy(p->jid, bare.data, bare.len);
	list_append(&u->unpushed, &p->link);
	if (list_is_empty(&u->pushing))
		list_append(&u->home->pushing, &u->pushing);
}

/* A client that does not acknowledge is not pressed. */
static bool is_pressed(const struct user *u)
{
	session_each(s, u) if (s->interested && s->sm && s->sm->len > u->home->settings->sm_unacked_max / 2) return true;
	return false;
}

static void push_some(struct user *u)
{
	for (unsigned i = 0; i < PUSHES_AT_ONCE && !list_is_empty(&u->unpushed); i++) {
		struct unpushed *p = container_of(u->unpushed.next, struct unpushed, link);

		list_remove(&p->link);
		roster_push(u, str_of(p->jid, p->len));
		free(p);
	}
	if (list_is_empty(&u->unpushed))
		list_remove(&u->pushing);
}

void crew_tick(struct home *h)
{
	list_each_safe (it, &h->pushing) {
		struct user *u = container_of(it, struct user, pushing);

		if (!is_pressed(u))
			push_some(u);
	}
}

/* ---- changes of people ---- */

/* A person is another one from now on: on its way to one home. */
struct change {
	struct task task;
	struct route *route;
	const struct person *was, *is; /* counted; NULL: nobody */
};

static bool same_groups(const struct person *a, const struct person *b)
{
	if (a->groups_len != b->groups_len)
		return false;
	for (size_t i = 0; i < a->groups_len; i++)
		if (!str_eq(a->groups[i], b->groups[i]))
			return false;
	return true;
}

static bool looks_the_same(const struct person *a, const struct person *b)
{
	return str_eq(a->name, b->name) && same_groups(a, b);
}

/* They see each other, or see each other no more; unless a subscription of their own says so anyway. */
static void show_or_hide(struct user *u, struct str other, bool before, bool after)
{
	struct contact c = {};
	struct jid jid = jid_split(other);

	user_contact(u, other, &c);
	if (before == after || (c.state & SUB_FROM) || user_blocks(u, &jid))
		return;
	if (after)
		presence_show(u, other);
	else
		presence_hide(u, other);
}

/* What becomes of a change for a mate of the person. */
static void change_of_mate(struct user *u, const struct change *c)
{
	const struct settings *s = u->home->settings;
	bool before = crew_are_mates(s, c->was, u->person), after = crew_are_mates(s, c->is, u->person);
	struct str jid = c->was ? c->was->jid : c->is->jid;

	if ((!before && !after) || (before && after && looks_the_same(c->was, c->is)))
		return;
	show_or_hide(u, jid, before, after);
	roster_push(u, jid);
}

/* Each connected user once who is in a group of the person as he was or is. */
static void change_of_mates(struct home *h, const struct change *c)
{
	const struct person *both[] = {c->was, c->is};

	for (size_t k = 0; k < 2; k++)
		for (size_t i = 0; both[k] && i < both[k]->groups_len; i++) {
			struct crew *crew = map_get(&h->crews, both[k]->groups[i]);

			if (!crew)
				continue;
			list_each (it, &crew->members) {
				struct user *u = container_of(it, struct crew_link, link)->user;

				if (first_shared(h->settings, both[k], u->person) != i)
					continue;
				if (k && c->was && first_shared(h->settings, c->was, u->person) < c->was->groups_len)
					continue; /* has been seen */
				if (!str_eq(u->bare, both[k]->jid))
					change_of_mate(u, c);
			}
		}
}

static void change_towards(struct user *u, const struct mates *m, const struct change *c, bool old)
{
	const struct settings *s = u->home->settings;

	for (size_t i = 0; i < m->len; i++) {
		const struct person *p = m->people[i];
		bool before = crew_are_mates(s, c->was, p), after = crew_are_mates(s, c->is, p);

		if (!old && before)
			continue; /* has been seen */
		show_or_hide(u, p->jid, before, after);
		if (before != after || !same_groups(c->was, c->is))
			crew_push_later(u, p->jid);
	}
}

/* The person himself is known here. */
static void change_of_self(struct user *u, const struct change *c)
{
	struct mates before = crew_mates(u->home, c->was), after = crew_mates(u->home, c->is);
	const struct person *was = u->person;

	if (u->session_count && c->was)
		change_towards(u, &before, c, true);
	if (u->session_count && c->is)
		change_towards(u, &after, c, false);
	for (size_t i = 0; u->crews && i < was->groups_len; i++)
		list_remove(&u->crews[i].link);
	free(u->crews);
	u->crews = NULL;
	u->person = person_ref(c->is);
	u->has_crew = is_shown(u->home->settings, u->person);
	if (u->session_count)
		crew_enter(u);
	person_unref(was);
	mates_done(&before);
	mates_done(&after);
}

static void run_change(struct task *task)
{
	struct change *c = container_of(task, struct change, task);
	struct home *h = home_here(c->route);
	struct user *u = map_get(&h->users, c->was ? c->was->jid : c->is->jid);

	change_of_mates(h, c);
	if (u)
		change_of_self(u, c);
	person_unref(c->was);
	person_unref(c->is);
	free(c);
}

/* Any thread. The homes hear of changes in the order in which they were made. */
static void on_changed(void *owner, const struct person *was, const struct person *is)
{
	struct route *r = owner;

	rooms_person_changed(r, was, is);
	if (!is_shown(r->settings, was) && !is_shown(r->settings, is))
		return;
	for (unsigned i = 0; i < r->count; i++) {
		struct change *c = malloc(sizeof(*c));

		if (!c) {
			log_error("out of memory: a change of a group is seen at the next login only");
			return;
		}
		*c = (struct change){
			.task = {.run = run_change}, .route = r, .was = person_ref(was), .is = person_ref(is)};
		loop_post(r->home[i].loop, &c->task);
	}
}

void crew_watch(struct route *r)
{
	directory_watch(r->env.directory, on_changed, r);
}

void crew_unwatch(struct route *r)
{
	directory_watch(r->env.directory, NULL, NULL);
}
