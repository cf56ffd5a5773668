/* Whose is a name that somebody wants to go by? Settings names.*; what looks the same is the same (jid/skeleton.h). Takes
 * some microseconds: for names that are chosen, not for each stanza. Thread-safe. */
#pragma once

#include "account/directory.h"
#include "conf/settings.h"

enum likeness_kind {
	LIKENESS_NONE, /* nobody else's */
	LIKENESS_RESERVED,
	LIKENESS_COLLEAGUE,
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
