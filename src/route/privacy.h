/* What the administrator says of people's privacy (settings privacy.*), and what somebody has chosen for himself where he may: never
 * less strictly than the administrator. He chooses with an ad-hoc command (XEP-0050), which is there only where something may be
 * chosen. What is not unlocked any more counts as not chosen. */
#pragma once

#include <jansson.h>

#include "command/command.h"
#include "route/user.h"

int privacy_reach(const struct user *u);       /* enum settings_reach: who reaches him at once */
bool privacy_shows_last(const struct user *u); /* may those who see his presence know when he was there? */

/* The command as he may fill it in: only what is unlocked, and not what is wider than the administrator says. Borrows from `c`. */
struct privacy_form {
	struct command command;
	struct field fields[3];
};
void privacy_form(const struct user *u, const struct command *c, struct privacy_form *out);
/* How it is now, as the form shows it. */
json_t *privacy_values(const struct user *u);
/* What he has filled in; takes the parcel's reference and the values. Answers when it is kept. */
void privacy_choose(struct user *u, struct parcel *p, const struct command *c, const char *dialog, json_t *values);
