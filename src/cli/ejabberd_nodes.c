/* Personal eventing in a dump: a row of a node says whose it is, items and standings name it by a number. */
#include "cli/ejabberd_private.h"

#include <stdio.h>
#include <stdlib.h>

#include "pubsub/place.h"
#include "stanza/ns.h"

struct held_node {
	struct held_node *next; /* of the same person */
	size_t at; /* SIZE_MAX: there is no row of it */
	bool service; /* a service's, nobody's own */
	struct places items, people;
};

bool ejabberd_is_of_node(const struct erlang *table)
{
	return erlang_is(table, "pubsub_node") || erlang_is(table, "pubsub_item") || erlang_is(table, "pubsub_state");
}

/* ---- what there is ---- */

/* Made when missing. NULL: that is no number, or memory is out. */
static struct held_node *held(struct ejabberd *e, const struct erlang *number)
{
	char digits[32];
	struct str key = erlang_text(number);
	struct held_node *n;

	if (number && number->kind == ERLANG_INTEGER)
		key = str_of(digits, (size_t)snprintf(digits, sizeof(digits), "%lld", (long long)number->integer));
	n = key.len ? map_get(&e->nodes, key) : NULL;
	if (n || !key.len)
		return n;
	n = arena_zalloc(e->names, sizeof(*n));
	key = arena_dup(e->names, key);
	if (!n || !key.data || map_put(&e->nodes, key, n))
		return NULL;
	n->at = SIZE_MAX;
	return n;
}

/* {pubsub_node, {{User, Server, _} | Service, Name}, Number, Parents, Type, Owners, Options} */
static void note_row(struct ejabberd *e, const struct erlang *v, struct held_node *n, size_t at)
{
	const struct erlang *host = erlang_item(erlang_item(v, 1), 0);
	struct archive *a = host && host->kind == ERLANG_TUPLE ? ejabberd_archive(e, host) : NULL;

	if (n->at != SIZE_MAX)
		return;
	n->at = at;
	n->service = !a;
	if (a) {
		n->next = a->nodes;
		a->nodes = n;
	}
}

/* {pubsub_item, {Id, Number}, ..., {Time, Publisher}, Payload}; {pubsub_state, {Address, Number}, ...} */
bool ejabberd_note_node(struct ejabberd *e, const struct erlang *v, size_t at)
{
	bool row = erlang_is(erlang_item(v, 0), "pubsub_node"), item = erlang_is(erlang_item(v, 0), "pubsub_item");
	struct held_node *n = v->len >= 5 ? held(e, row ? erlang_item(v, 2) : erlang_item(erlang_item(v, 1), 1)) : NULL;

	if (!n) {
		intake_left(e->in, item ? TALLY_PUBLISHED : TALLY_OTHER, 1, "a row about a node that names none");
		return !arena_is_full(e->names);
	}
	if (row)
		note_row(e, v, n, at);
	else if (item)
		return places_add(&n->items, ejabberd_time(erlang_item(erlang_item(v, v->len - 2), 0)), at);
	else
		return places_add(&n->people, 0, at);
	return !arena_is_full(e->names);
}

void ejabberd_left_nodes(struct ejabberd *e)
{
	struct map_slot *slot;

	for (size_t i = 0; (slot = map_next(&e->nodes, &i));) {
		const struct held_node *n = slot->value;

		if (n->at == SIZE_MAX)
			intake_left(e->in, TALLY_PUBLISHED, n->items.len, "its node is not there");
		else if (n->service)
			ejabberd_left_service(e->in, n->items.len);
	}
}

void ejabberd_nodes_done(struct ejabberd *e)
{
	struct map_slot *slot;

	for (size_t i = 0; (slot = map_next(&e->nodes, &i));) {
		const struct held_node *n = slot->value;

		free(n->items.all);
		free(n->people.all);
	}
	map_done(&e->nodes);
}

/* ---- into the store ---- */

/* {pubsub_state, {Address, Number}, ..., Affiliation, [{subscribed, Id}]} */
static int take_person(struct ejabberd *e, struct place *place, size_t at)
{
	struct arena *arena = arena_new(TERM_BYTES);
	struct erlang v;
	bool subscribed = false;
	int r = arena ? ejabberd_term(e, &at, arena, &v) : -CLI_INTERNAL;

	if (r > 0) {
		const struct erlang *word = erlang_item(&v, v.len - 2), *list = erlang_item(&v, v.len - 1);

		for (const struct erlang *s = list ? list->items : NULL; s; s = s->next)
			subscribed |= erlang_is(erlang_item(s, 0), "subscribed");
		ejabberd_node_person(e->in, place, ejabberd_address(erlang_item(erlang_item(&v, 1), 0), arena),
			word && word->kind == ERLANG_ATOM ? word->text : STR_NONE, subscribed);
	}
	arena_free(arena);
	return r < 0 ? -r : 0;
}

static int take_item(struct ejabberd *e, const struct place *place, size_t at)
{
	struct arena *arena = arena_new(TERM_BYTES);
	struct erlang v;
	int r = arena ? ejabberd_term(e, &at, arena, &v) : -CLI_INTERNAL;

	if (r > 0) {
		const struct erlang *payload = erlang_item(erlang_item(&v, v.len - 1), 0);
		struct str id = erlang_text(erlang_item(erlang_item(&v, 1), 0));
		struct str publisher = ejabberd_address(erlang_item(erlang_item(&v, v.len - 2), 1), arena);
		struct node *n = payload ? ejabberd_stanza(payload, NS_PUBSUB, arena) : NULL;

		if ((payload && !n) || arena_is_full(arena))
			intake_left(e->in, TALLY_PUBLISHED, 1, "it is no item");
		else
			r = -intake_node_item(e->in, place, id, publisher, n);
	}
	arena_free(arena);
	return r < 0 ? -r : 0;
}

static int take_rest(struct ejabberd *e, struct held_node *n, struct place *place)
{
	size_t max = intake_node_items_max(e->in, place), from = n->items.len > max ? n->items.len - max : 0;
	int r = 0;

	for (size_t i = 0; i < n->people.len && !r; i++)
		r = take_person(e, place, n->people.all[i].at);
	places_sort(&n->items);
	intake_left(e->in, TALLY_PUBLISHED, from, "the node holds newer ones, and no more (personal.items)");
	for (size_t i = from; i < n->items.len && !r; i++)
		r = take_item(e, place, n->items.all[i].at);
	return r;
}

static int take_node(struct ejabberd *e, struct held_node *n)
{
	struct arena *arena = arena_new(TERM_BYTES);
	size_t at = n->at;
	struct erlang v;
	struct str name = STR_NONE;
	struct place *place = NULL;
	int r = arena ? ejabberd_term(e, &at, arena, &v) : -CLI_INTERNAL;

	if (r > 0)
		name = erlang_text(erlang_item(erlang_item(&v, 1), 1));
	if (r > 0 && intake_node_is_there(e->in, name))
		intake_left(e->in, TALLY_PUBLISHED, n->items.len, "its node is there already, and as it was");
	else if (r > 0)
		place = intake_node(e->in, name);
	if (place) {
		const struct erlang *options = erlang_item(&v, v.len - 1);

		for (const struct erlang *o = options ? options->items : NULL; o; o = o->next)
			if (o->kind == ERLANG_TUPLE && o->len == 2 && o->items->kind == ERLANG_ATOM)
				ejabberd_node_option(e->in, place, o->items->text, o->items->next);
		r = -take_rest(e, n, place);
	}
	arena_free(arena);
	return r < 0 ? -r : 0;
}

int ejabberd_take_nodes(struct ejabberd *e, struct archive *a)
{
	int r = 0;

	for (struct held_node *n = a->nodes; n && !r; n = n->next)
		r = take_node(e, n);
	return r;
}
