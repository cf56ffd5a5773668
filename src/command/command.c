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
ACCOUNTS(disable_user, "The Jabber ID(s) to disable");
ACCOUNTS(reenable_user, "The Jabber ID(s) to re-enable");
ACCOUNTS(end_session, "The Jabber ID(s) for which to end sessions");
ACCOUNTS(user_roster, "The Jabber ID for which to retrieve the roster");
ACCOUNTS(last_login, "The Jabber ID(s) for which to retrieve the last login time");

static const struct field change_password[] = {
	{"accountjid", "The Jabber ID for this account", FIELD_JID, true, NULL},
	{"password", "The password for this account", FIELD_SECRET, true, NULL},
	END,
};

/* Clients and examples disagree about the name of the one field: either will do. */
static const struct field user_stats[] = {
	{"accountjid", "The Jabber ID for statistics", FIELD_JID, false, NULL},
	{"accountjids", "The same", FIELD_JIDS, false, NULL},
	END,
};

static const struct field blacklist[] = {
	{"blacklistjids", "The blacklist", FIELD_JIDS, false, NULL},
	END,
};

static const struct field whitelist[] = {
	{"whitelistjids", "The whitelist", FIELD_JIDS, false, NULL},
	END,
};

static const struct field invitee[] = {
	{"username", "Username", FIELD_LINE, false, NULL},
	END,
};

/* Named as the settings privacy.* are; what can be chosen, the settings say. */
static const struct field privacy[] = {
	{"reach", "Who reaches you at once", FIELD_CHOICE, false, "contacts|organisation|anyone"},
	{"last_activity", "Who learns how long ago you were there", FIELD_CHOICE, false, "nobody|contacts"},
	END,
};

static const struct field max_items[] = {
	{"max_items", "Maximum number of items to show", FIELD_CHOICE, false, COUNTS},
	END,
};

static const struct field announcement[] = {
	{"announcement", "Announcement", FIELD_LINES, true, NULL},
	END,
};

#define LINES(name, label)                                                                                   \
	static const struct field name##_field[] = {{#name, label, FIELD_LINES, true, NULL}, END}

LINES(motd, "Message of the Day");
LINES(welcome, "Welcome Message");

static const struct field admins[] = {
	{"adminjids", "The admin list", FIELD_JIDS, false, NULL},
	END,
};

static const struct field restart[] = {
	{"delay", "Time delay before restarting, in seconds", FIELD_CHOICE, false, DELAYS},
	{"announcement", "Announcement", FIELD_LINES, false, NULL},
	END,
};

static const struct field shutdown[] = {
	{"delay", "Time delay before shutting down, in seconds", FIELD_CHOICE, false, DELAYS},
	{"announcement", "Announcement", FIELD_LINES, false, NULL},
	END,
};

/* ---- what answers show ---- */

static const struct field roster_shown[] = {
	{"accountjids", "The account", FIELD_JIDS, false, NULL},
	END,
};

static const struct field login_shown[] = {
	{"accountjids", "The accounts", FIELD_JIDS, false, NULL},
	{"lastlogin", "The last login of each", FIELD_LINES, false, NULL},
	END,
};

static const struct field stats_shown[] = {
	{"accountjid", "The account", FIELD_JID, false, NULL},
	{"ipaddresses", "Addresses of its sessions", FIELD_LINES, false, NULL},
	{"rostersize", "Contacts", FIELD_LINE, false, NULL},
	{"onlineresources", "Resources online", FIELD_LINES, false, NULL},
	{"lastlogin", "The last login", FIELD_LINE, false, NULL},
	END,
};

static const struct field invitation[] = {
	{"uri", "The invitation", FIELD_LINE, false, NULL},
	{"expire", "Good until", FIELD_LINE, false, NULL},
	END,
};

#define SHOWN(name, var, label, type) static const struct field name[] = {{var, label, type, false, NULL}, END}

SHOWN(registered_num, "registeredusersnum", "The number of registered users", FIELD_LINE);
SHOWN(disabled_num, "disabledusersnum", "The number of disabled users", FIELD_LINE);
SHOWN(online_num, "onlineusersnum", "The number of online users", FIELD_LINE);
SHOWN(active_num, "activeusersnum", "The number of active users", FIELD_LINE);
SHOWN(idle_num, "idleusersnum", "The number of idle users", FIELD_LINE);
SHOWN(registered_list, "registereduserjids", "The list of all users", FIELD_JIDS);
SHOWN(disabled_list, "disableduserjids", "The list of all disabled users", FIELD_JIDS);
SHOWN(online_list, "onlineuserjids", "The list of all online users", FIELD_JIDS);
SHOWN(active_list, "activeuserjids", "The list of active users", FIELD_JIDS);
SHOWN(idle_list, "activeuserjids", "The list of idle users", FIELD_JIDS);

/* ---- the commands, in the order of XEP-0133 section 4 ---- */

#define LISTING(node, title, heading, who, shown)                                                            \
	{                                                                                                    \
		node, title, heading, "Fill out this form to request the " who " of this service.",          \
			max_items, shown, 0                                                                  \
	}

static const struct command commands[] = {
	{"add-user", "Add a User", "Adding a User", "Fill out this form to add a user.", add_user, NULL, 0},
	{"delete-user", "Delete a User", "Deleting a User", "Fill out this form to delete a user.",
		delete_user, NULL, 0},
	{"disable-user", "Disable a User", "Disabling a User", "Fill out this form to disable a user.",
		disable_user, NULL, 0},
	{"reenable-user", "Re-Enable a User", "Re-Enable a User", "Fill out this form to re-enable a user.",
		reenable_user, NULL, 0},
	{"end-user-session", "End User Session", "Ending a User Session",
		"Fill out this form to end a user's session.", end_session, NULL, 0},
	{"change-user-password", "Change User Password", "Changing a User Password",
		"Fill out this form to change a user's password.", change_password, NULL, 0},
	{"get-user-roster", "Get User Roster", "Getting a User's Roster",
		"Fill out this form to get a user's roster.", user_roster, roster_shown, 0},
	{"get-user-lastlogin", "Get User Last Login Time", "Getting a User's Last Login Time",
		"Fill out this form to get a user's last login time.", last_login, login_shown, 0},
	{"user-stats", "Get User Statistics", "Get User Statistics",
		"Fill out this form to gather user statistics.", user_stats, stats_shown, 0},
	{"edit-blacklist", "Edit Blacklist", "Editing the Blacklist",
		"Fill out this form to edit the list of entities with whom communications are disallowed.", blacklist,
		NULL, COMMAND_FILLED},
	{"edit-whitelist", "Edit Whitelist", "Editing the Whitelist",
		"Fill out this form to edit the list of entities with whom communications are allowed. While it is "
		"empty, they are with all; who is inside needs no entry.",
		whitelist, NULL, COMMAND_FILLED},
	{"get-registered-users-num", "Get Number of Registered Users", NULL, NULL, NULL, registered_num,
		COMMAND_AT_ONCE},
	{"get-disabled-users-num", "Get Number of Disabled Users", NULL, NULL, NULL, disabled_num,
		COMMAND_AT_ONCE},
	{"get-online-users-num", "Get Number of Online Users", NULL, NULL, NULL, online_num, COMMAND_AT_ONCE},
	{"get-active-users-num", "Get Number of Active Users", NULL, NULL, NULL, active_num, COMMAND_AT_ONCE},
	{"get-idle-users-num", "Get Number of Idle Users", NULL, NULL, NULL, idle_num, COMMAND_AT_ONCE},
	LISTING("get-registered-users-list", "Get List of Registered Users",
		"Requesting List of Registered Users", "registered users", registered_list),
	LISTING("get-disabled-users-list", "Get List of Disabled Users", "Requesting List of Disabled Users",
		"disabled users", disabled_list),
	LISTING("get-online-users-list", "Get List of Online Users", "Requesting List of Online Users",
		"online users", online_list),
	LISTING("get-active-users", "Get List of Active Users", "Requesting List of Active Users",
		"active users", active_list),
	LISTING("get-idle-users", "Get List of Idle Users", "Requesting List of Idle Users", "idle users",
		idle_list),
	{"announce", "Send Announcement to Online Users", "Making an Announcement",
		"Fill out this form to make an announcement to all active users of this service.",
		announcement, NULL, 0},
	{"set-motd", "Set Message of the Day", "Setting the Message of the Day",
		"Fill out this form to set the message of the day.", motd_field, NULL, 0},
	{"edit-motd", "Edit Message of the Day", "Editing the Message of the Day",
		"Fill out this form to edit the message of the day.", motd_field, NULL, COMMAND_FILLED},
	{"delete-motd", "Delete Message of the Day", NULL, NULL, NULL, NULL, COMMAND_AT_ONCE},
	{"set-welcome", "Set Welcome Message", "Setting Welcome Message",
		"Fill out this form to set the welcome message for this service.", welcome_field, NULL,
		COMMAND_FILLED},
	{"delete-welcome", "Delete Welcome Message", NULL, NULL, NULL, NULL, COMMAND_AT_ONCE},
	{"edit-admin", "Edit Admin List", "Editing the Admin List",
		"Fill out this form to edit the list of entities who have administrative privileges.", admins,
		NULL, COMMAND_FILLED},
	{"restart", "Restart Service", "Restarting the Service", "Fill out this form to restart the service.",
		restart, NULL, 0},
	{"shutdown", "Shut Down Service", "Shutting Down the Service",
		"Fill out this form to shut down the service.", shutdown, NULL, 0},
	{"create-account", "Create Account", "Inviting Somebody",
		"Fill out this form to invite somebody, who makes an account with it. Without a username he chooses it.",
		invitee, invitation, COMMAND_INVITES},
	{"privacy", "Privacy", "Your privacy", "Say who reaches you at once, and who learns when you were there. What is not here is "
		"set by the administrator.",
		privacy, NULL, COMMAND_OWN},
};

enum {
	COMMANDS = sizeof(commands) / sizeof(commands[0]),
};

const char *command_prefix(const struct command *c)
{
	if (c->flags & COMMAND_OWN)
		return COMMAND_PREFIX_OWN;
	return c->flags & COMMAND_INVITES ? COMMAND_PREFIX_INVITE : COMMAND_PREFIX;
}

const struct command *command_find(struct str node)
{
	for (size_t i = 0; i < COMMANDS; i++) {
		struct str prefix = str_from(command_prefix(&commands[i]));

		if (str_starts(node, prefix) && str_eq(str_cut(node, prefix.len, node.len), str_from(commands[i].name)))
			return &commands[i];
	}
	return NULL;
}

const struct command *command_at(size_t index)
{
	return index < COMMANDS ? &commands[index] : NULL;
}
