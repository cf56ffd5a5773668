/* How a room is set (XEP-0045 10.2): the values, the form that shows and changes them (XEP-0004), and the
 * text the store keeps. One table of fields makes all three. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/str.h"
#include "stanza/node.h"

enum room_whois {
	WHOIS_MODERATORS, /* semi-anonymous: real addresses for moderators */
	WHOIS_ANYONE,     /* non-anonymous */
};

enum room_allow_pm {
	ALLOW_PM_ANYONE,
	ALLOW_PM_PARTICIPANTS,
	ALLOW_PM_MODERATORS,
	ALLOW_PM_NONE,
};

enum {
	CONFIG_TEXT_MAX = 1024, /* bytes of a text */
	CONFIG_LINES_MAX = 4096,
	CONFIG_USERS_MAX = 10000,
};

/* What becomes of somebody who is no member and registers (XEP-0045 7.10). */
enum room_registration {
	REGISTRATION_NONE,     /* he is refused */
	REGISTRATION_APPROVAL, /* an admin is asked */
	REGISTRATION_ANYONE,   /* he is a member */
};

/* Bits of the fields that name roles. */
enum {
	ROLES_MODERATOR = 1 << 0,
	ROLES_PARTICIPANT = 1 << 1,
	ROLES_VISITOR = 1 << 2,
	ROLES_ALL = ROLES_MODERATOR | ROLES_PARTICIPANT | ROLES_VISITOR,
};

struct room_config {
	bool persistent, public, members_only, moderated, protected, change_subject, allow_invites;
	bool member_invites;          /* allow_invites has been said, so that it holds where only members enter, too */
	bool archive, logging;        /* one value under two names: what is said can be read later (XEP-0313) */
	uint32_t broadcast, see_list; /* ROLES_*: whose presence is shown; who may read the lists of members */
	uint32_t whois, allow_pm, registration;           /* enums above */
	uint32_t max_users;                               /* 0: no limit of its own */
	uint32_t history;                                 /* messages shown to who enters */
	struct str owner_groups, admin_groups, member_groups; /* heap, a name a line; see groups.h */
	struct str name, description, language, pubsub, password; /* heap, NUL behind; data NULL: empty */
};

void config_init(struct room_config *c); /* the preset */
void config_done(struct room_config *c);
[[nodiscard]] bool config_copy(
	struct room_config *to, const struct room_config *from); /* false: memory is out */

/* May occupants who are no admins invite others? Where only members enter an owner must have said so (9.5). */
static inline bool config_allows_invites(const struct room_config *c)
{
	return c->allow_invites && (!c->members_only || c->member_invites);
}

/* Who may send private messages, as the form has it. */
struct str config_pm_word(const struct room_config *c);

/* The fields of the form, with values, as children of <x type='form'/>. */
void config_put_form(struct buf *out, const struct room_config *c);

enum {
	CONFIG_E_VALUE =
		1,     /* a value that is not one, or a combination that makes no sense: not-acceptable */
	CONFIG_E_FORM, /* no form of this kind: bad-request */
};

/* Takes over what a submitted form says; fields it leaves out stay. On failure *c may have changed in part:
 * work on a copy. 0, CONFIG_E_VALUE, CONFIG_E_FORM or -ENOMEM. */
[[nodiscard]] int config_take_form(struct room_config *c, const struct node *form, struct arena *arena);

/* Do they differ in more than what is told by a status code of its own (10.2.1): archive and whois? */
[[nodiscard]] bool config_differs(const struct room_config *a, const struct room_config *b);

/* One value under the name it has in the form. 0 (also for a name that is not known), CONFIG_E_VALUE or -ENOMEM. */
[[nodiscard]] int config_set(struct room_config *c, struct str var, struct str value);

/* Lines "field value"; unknown ones and bad values are passed over when read. */
void config_put_text(struct buf *out, const struct room_config *c);
[[nodiscard]] bool config_take_text(struct room_config *c, struct str text); /* false: memory is out */
