/* What stands in the tables of an ejabberd, whatever keeps them: terms that are stanzas, addresses, times, rooms, values of a node's
 * configuration. All of it is read as hostile; what it gives lives in the arena, or is a view of the term. */
#pragma once

#include "cli/erlang.h"
#include "cli/intake.h"

/* {xmlel, Name, [{Name, Value}], [{xmlel, ...} | {xmlcdata, Text}]} with the namespace of what it stands in. NULL: it is none. */
struct node *ejabberd_stanza(const struct erlang *v, struct str ns, struct arena *arena);

/* {User, Server} or {User, Server, Resource} as an address; empty: it is none. */
struct str ejabberd_address(const struct erlang *v, struct arena *arena);

/* {Mega, Seconds, Micro} in microseconds; 0: it is none. */
uint64_t ejabberd_time(const struct erlang *v);

/* What a room has, of the room begun: configuration, affiliations, subject. */
void ejabberd_room(struct intake *in, const struct erlang *options);

/* A message of the room begun as its archive holds it. `real` is whose it is where `nick` says that it was an occupant. NULL: it is
 * none. */
struct node *ejabberd_said(
	struct intake *in, struct node *message, struct str nick, struct str real, struct arena *arena);

/* One value of a node's configuration, as the word and the term have it. */
void ejabberd_node_option(struct intake *in, struct place *p, struct str name, const struct erlang *value);

/* Somebody and the node; `affiliation` is one of ejabberd's words. */
void ejabberd_node_person(
	struct intake *in, struct place *p, struct str jid, struct str affiliation, bool subscribed);

/* What somebody wants kept in his history: the word, and two lists of addresses. 0 or an exit code. */
[[nodiscard]] int ejabberd_prefs(
	struct intake *in, struct str fallback, const struct erlang *always, const struct erlang *never);

/* `n` rows of a table that is not taken from here; no word where the table is of no interest. */
void ejabberd_left(struct intake *in, struct str table, uint64_t n);
/* Items of nodes that are nobody's own. */
void ejabberd_left_service(struct intake *in, uint64_t items);
