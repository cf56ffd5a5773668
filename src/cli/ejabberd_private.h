/* A dump that is being read, for the files that do it. */
#pragma once

#include "base/map.h"
#include "cli/ejabberd_terms.h"

enum {
	TERM_BYTES = 64 << 20, /* memory for one term */
};

/* Where terms stand, with the times that order them. */
struct place_of {
	uint64_t time_us;
	size_t at;
};

struct places {
	struct place_of *all;
	size_t len, cap;
};

[[nodiscard]] bool places_add(struct places *p, uint64_t time_us, size_t at); /* false: memory is out */
void places_sort(struct places *p); /* oldest first */

/* A room or a person. */
struct archive {
	struct archive *next; /* in the order of the file */
	struct str local, domain;
	bool is_room; /* somebody said something in it, or there is a row of it, */
	size_t room_at, prefs_at; /* here; SIZE_MAX: none */
	struct places said;
	struct held_node *nodes;
};

struct ejabberd {
	struct intake *in;
	const struct cli *cli;
	const char *path;
	struct str text;
	struct arena *names;
	struct map archives; /* by address */
	struct archive *first, **end;
	struct map nodes; /* by the number that items name them by */
};

/* The term at *at, which moves behind it. 1, 0 at the end, or the negative of an exit code. */
[[nodiscard]] int ejabberd_term(struct ejabberd *e, size_t *at, struct arena *arena, struct erlang *out);

/* Of {Name, Domain, ...}, made when missing. NULL: that is no address, or memory is out (names is full). */
struct archive *ejabberd_archive(struct ejabberd *e, const struct erlang *pair);

/* ejabberd_nodes.c: personal eventing. */
bool ejabberd_is_of_node(const struct erlang *table);
[[nodiscard]] bool ejabberd_note_node(struct ejabberd *e, const struct erlang *v, size_t at); /* false: memory is out */
[[nodiscard]] int ejabberd_take_nodes(struct ejabberd *e, struct archive *a);
/* Counts what is nobody's own. */
void ejabberd_left_nodes(struct ejabberd *e);
void ejabberd_nodes_done(struct ejabberd *e);
