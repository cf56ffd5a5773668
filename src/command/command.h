/* The commands of service administration (XEP-0133), of invitations (XEP-0401), and for everybody about himself as one table: what each is called, what its form asks for and what
 * its answer shows. Who does them is somebody else's matter (proc/). Values travel as JSON: an object of lists of
 * strings by the field's var. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

#define COMMAND_PREFIX "http://jabber.org/protocol/admin#"
#define COMMAND_PREFIX_INVITE "urn:xmpp:invite#" /* XEP-0401 */
#define COMMAND_PREFIX_OWN "urn:gatehouse:own#"  /* for everybody, about himself */

enum field_type {
	FIELD_JID,    /* jid-single */
	FIELD_JIDS,   /* jid-multi */
	FIELD_LINE,   /* text-single */
	FIELD_LINES,  /* text-multi: a value is a line */
	FIELD_SECRET, /* text-private: parcel->secrets has it, nothing else */
	FIELD_CHOICE, /* list-single */
	FIELD_TYPES,
};

struct field {
	const char *var, *label;
	enum field_type type;
	bool required;
	const char *choices; /* FIELD_CHOICE: "25|50|none" */
};

enum {
	COMMAND_AT_ONCE = 1, /* has no form: done at the first request */
	COMMAND_FILLED = 2,  /* its form shows how things are now */
	COMMAND_INVITES = 4, /* of XEP-0401; also for who may invite without administering */
	COMMAND_OWN = 8,     /* for everybody, about himself; done where he is at home (route/privacy.h) */
};

struct command {
	const char *name; /* behind command_prefix() */
	const char *title;
	const char *heading, *instructions; /* of the form */
	const struct field *fields, *results; /* end with a var that is NULL; NULL: none */
	unsigned flags;
};

const char *command_prefix(const struct command *c);

/* By the whole node; NULL: there is none. */
const struct command *command_find(struct str node);
/* In the order they are listed in; NULL behind the last. */
const struct command *command_at(size_t index);
