#include "command/command.h"

#define DELAYS "30|60|90|120|180|240|300"
#define COUNTS "25|50|75|100|150|200|none"
#define END {.var = NULL}

/* ---- what forms ask for ---- */

static const struct field add_user[] = {
	{"accountjid", "The Jabber ID for the account to be added", FIELD_JID, true, NULL},
	{"password", "The password for this account", FIELD_SECRET, false, NULL},
	{"password-verify", "Retype password", FIELD_SECRET, false, NULL},
	{"email", "Email address", FIELD_LINE, false, NULL},
	{"given_name", "Given name", FIELD_LINE, false, NULL},
	{"surname", "Family name", FIELD_LINE, false, NULL},
	END,
};

#define ACCOUNTS(name, label)                                                                                \
	static const struct field name[] = {{"accountjids", label, FIELD_JIDS, true, NULL}, END}

ACCOUNTS(delete_user, "The Jabber ID(s) to delete");
ACCOUNTS(end_session, "The Jabber ID(s) for which to end sessions");

/* ---- the commands, in the order of XEP-0133 section 4 ---- */

static const struct command commands[] = {
	{"add-user", "Add a User", "Adding a User", "Fill out this form to add a user.", add_user, NULL, 0},
	{"delete-user", "Delete a User", "Deleting a User", "Fill out this form to delete a user.",
		delete_user, NULL, 0},
	{"end-user-session", "End User Session", "Ending a User Session",
		"Fill out this form to end a user's session.", end_session, NULL, 0},
};

enum {
	COMMANDS = sizeof(commands) / sizeof(commands[0]),
};

const struct command *command_find(struct str node)
{
	struct str name = str_cut(node, sizeof(COMMAND_PREFIX) - 1, node.len);

	if (!str_starts(node, STR(COMMAND_PREFIX)))
		return NULL;
	for (size_t i = 0; i < COMMANDS; i++)
		if (str_eq(name, str_from(commands[i].name)))
			return &commands[i];
	return NULL;
}

const struct command *command_at(size_t index)
{
	return index < COMMANDS ? &commands[index] : NULL;
}
