/* Whose is a name that somebody wants to go by? Settings names.*; what looks the same is the same (jid/skeleton.h). Takes
 * some microseconds: for names that are chosen, not for each stanza. Thread-safe. */
#pragma once

#include "account/directory.h"
#include "conf/settings.h"

enum likeness_kind {
	LIKENESS_NONE, /* nobody else's */
	LIKENESS_RESERVED,
	LIKENESS_COLLEAGUE,
	LIKENESS_MIXED, /* nobody's, but a word of it mixes scripts; looked for unless names.mixed_scripts is allow */
};

struct likeness {
	enum likeness_kind kind;
	const struct person *person; /* counted, LIKENESS_COLLEAGUE: whose it is */
};

/* Who wants the name, and of whom he may know. */
struct likeness_ask {
	struct str text;
	struct str self;             /* his bare address */
	const struct person *person; /* NULL: not one of us */
	bool (*may)(const struct person *person, void *owner); /* NULL: of everybody; see directory_namesake() */
	void *owner;
};

[[nodiscard]] struct likeness likeness_find(struct directory *d, const struct settings *s, const struct likeness_ask *ask);
void likeness_done(struct likeness *l);

/* Somebody of the same domain whose address looks the same: each would be taken for the other. Counted; NULL: nobody. */
[[nodiscard]] const struct person *likeness_neighbour(struct directory *d, struct str jid);

/* LIKENESS_MIXED alone. What an account is called here by its address or name is its own in any script. */
[[nodiscard]] bool likeness_is_mixed(const struct settings *s, const struct likeness_ask *ask);
