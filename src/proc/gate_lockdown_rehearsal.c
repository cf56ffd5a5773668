/* A rehearsal of a switch: whom it would hit, by name. Nothing is changed. */
#include "account/directory.h"
#include "ipc/control.h"
#include "proc/gate_lockdown.h"

/* In the request's arena. */
struct rehearsal {
	struct gate_request *request;
	struct lockdown_switch off;
	struct lockdown *lockdown;       /* counted: of that switch alone */
	json_t *people, *groups, *rooms; /* objects as sets */
	unsigned sessions, resumable;
};

static void add_person(struct rehearsal *w, const struct person *person)
{
	json_object_setn_new(w->people, person->jid.data, person->jid.len, json_true());
	for (size_t i = 0; i < person->groups_len; i++)
		json_object_setn_new(w->groups, person->groups[i].data, person->groups[i].len, json_true());
}

static bool see_person(const struct person *person, void *owner)
{
	struct rehearsal *w = owner;
	struct subject who = subject_of(person->jid, true);
	struct lockdown_party party = {.person = &who};

	who.groups = person->groups;
	who.group_count = person->groups_len;
	if (!person->disabled && lockdown_is_for(w->lockdown, lockdown_at(w->lockdown, 0), &party))
		add_person(w, person);
	return true;
}

static void see_session(void *owner, const struct route_hit *hit)
{
	struct rehearsal *w = owner;
	const struct person *person = directory_get(w->request->gate->directory, jid_split(hit->jid).bare);

	w->sessions++;
	w->resumable += hit->detached;
	for (size_t i = 0; i < hit->rooms_len; i++)
		json_object_setn_new(w->rooms, hit->rooms[i].data, hit->rooms[i].len, json_true());
	if (person)
		add_person(w, person);
	person_unref(person);
}

/* The names of a set, which goes. */
static json_t *names_json(json_t *set)
{
	json_t *list = json_array(), *v;
	const char *name;

	json_object_foreach(set, name, v)
		json_array_append_new(list, json_string(name));
	json_decref(set);
	return list;
}

static void on_rehearsed(void *owner)
{
	struct rehearsal *w = owner;
	json_t *answer = control_ok();

	json_object_set_new(answer, "switch", gate_switch_json(&w->off));
	json_object_set_new(answer, "sessions", json_integer(w->sessions));
	json_object_set_new(answer, "resumable", json_integer(w->resumable));
	json_object_set_new(answer, "people", names_json(w->people));
	json_object_set_new(answer, "groups", names_json(w->groups));
	json_object_set_new(answer, "rooms", names_json(w->rooms));
	lockdown_unref(w->lockdown);
	gate_request_done(w->request, answer);
}

static void rehearse(struct gate_request *r)
{
	struct rehearsal *w = r->rows;

	w->people = json_object();
	w->groups = json_object();
	w->rooms = json_object();
	directory_each(r->gate->directory, see_person, w);
	route_lockdown_look(r->gate->route, w->lockdown, w->off.id, see_session, on_rehearsed, w);
}

void gate_lockdown_rehearse(struct gate_request *r)
{
	struct rehearsal *w = arena_zalloc(r->arena, sizeof(*w));

	r->rows = w;
	if (!w) {
		gate_request_fail(r, "internal", "out of memory", "");
		return;
	}
	w->request = r;
	w->lockdown = gate_switch_take(r, &w->off, NULL, false);
	if (!w->lockdown)
		return; /* answered, and gone with all it had */
	if (gate_switch_act(r, &w->off)) {
		gate_act_begin(r, false, rehearse);
		return;
	}
	lockdown_unref(w->lockdown);
	gate_request_fail(r, "internal", "out of memory", "");
}
