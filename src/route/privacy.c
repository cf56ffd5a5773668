#include "route/privacy.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "command/dialog.h"
#include "command/form.h"
#include "conf/settings.h"
#include "route/answer.h"
#include "route/commands.h"
#include "route/strangers.h"

/* In the order of the settings' words, from the strictest: what somebody may choose are the first so many. */
static const char *const reaches[] = {"contacts", "contacts|organisation", "contacts|organisation|anyone"};
static const char *const lasts[] = {"nobody", "nobody|contacts"};

static bool is_unlocked(const struct settings *s, const char *what)
{
	for (size_t i = 0; i < s->privacy_people_choose.len; i++)
		if (str_eq(s->privacy_people_choose.items[i], str_from(what)))
			return true;
	return false;
}

/* The administrator's word, or the person's where it is stricter. */
static int stricter(const struct settings *s, const char *what, int said, uint64_t chosen)
{
	if (!chosen || !is_unlocked(s, what) || (int)chosen - 1 > said)
		return said;
	return (int)chosen - 1;
}

/* What holds for the account: the strictest of what is said of its groups, else what is said of all. */
static int said_of(const struct user *u)
{
	const struct settings *s = u->home->settings;
	AUTO(person_unrefp) const struct person *p = NULL;
	int reach = -1;

	if (s->privacy_groups.len)
		p = directory_get(u->home->route->env.directory, u->bare);
	for (size_t i = 0; p && i < s->privacy_groups.len; i++) {
		struct str row = s->privacy_groups.items[i];
		size_t end = str_find(row, '=', 0);
		int said = settings_privacy_reach(str_cut(row, end + 1, row.len));

		if (person_in_group(p, str_cut(row, 0, end)) && (reach < 0 || said < reach))
			reach = said;
	}
	return reach < 0 ? s->privacy_reach : reach;
}

int privacy_reach(const struct user *u)
{
	return stricter(u->home->settings, "reach", said_of(u), u->privacy.reach);
}

static int last_of(const struct user *u)
{
	const struct settings *s = u->home->settings;

	return stricter(s, "last_activity", s->privacy_last_activity, u->privacy.last_activity);
}

bool privacy_shows_last(const struct user *u)
{
	return last_of(u) != SETTINGS_LAST_NOBODY;
}

/* ---- the form ---- */

void privacy_form(const struct user *u, const struct command *c, struct privacy_form *out)
{
	const struct settings *s = u->home->settings;
	size_t len = 0;

	*out = (struct privacy_form){.command = *c};
	for (const struct field *f = c->fields; f && f->var; f++) {
		if (!is_unlocked(s, f->var))
			continue;
		out->fields[len] = *f;
		out->fields[len++].choices = str_is(str_from(f->var), "reach") ? reaches[said_of(u)] : lasts[s->privacy_last_activity];
	}
	out->command.fields = out->fields;
}

static struct str word_at(const char *words, size_t at)
{
	struct str all = str_from(words);
	size_t from = 0, to = str_find(all, '|', 0);

	for (; at; at--) {
		from = to + 1;
		to = str_find(all, '|', from);
	}
	return str_cut(all, from, to);
}

static void put_word(json_t *values, const char *var, const char *words, int at)
{
	struct str word = word_at(words, (size_t)at);

	json_object_set_new(values, var, json_pack("[s%]", word.data, word.len));
}

json_t *privacy_values(const struct user *u)
{
	json_t *values = json_object();

	put_word(values, "reach", reaches[SETTINGS_REACH_ANYONE], privacy_reach(u));
	put_word(values, "last_activity", lasts[SETTINGS_LAST_CONTACTS], last_of(u));
	return values;
}

/* ---- choosing ---- */

struct choice {
	struct store_req req;
	struct user *user;
	struct parcel *parcel;
	const struct command *command;
	struct store_privacy row;
	char dialog[DIALOG_ID + 1];
};

static void choice_free(struct choice *c)
{
	store_req_release(&c->req);
	user_busy(c->user, -1);
	parcel_end(c->parcel);
	free(c);
}

static void on_kept(struct store_req *req, int result)
{
	struct choice *c = req->owner;
	struct user *u = c->user;

	if (result) {
		answer_error(c->parcel, STANZA_INTERNAL_SERVER_ERROR, NULL);
	} else {
		u->privacy = c->row;
		commands_complete(c->parcel, c->command, c->dialog, "This holds from now on.");
		strangers_look(u); /* some may reach him now */
	}
	choice_free(c);
}

/* What the form leaves out stays. */
static void take_word(const json_t *values, const char *var, const char *words, uint64_t *out)
{
	struct str word = form_first(values, var), all = str_from(words);
	uint64_t at = 1;

	for (size_t from = 0, to; word.data && from < all.len; from = to + 1, at++) {
		to = str_find(all, '|', from);
		if (str_eq(str_cut(all, from, to), word))
			*out = at;
	}
}

void privacy_choose(struct user *u, struct parcel *p, const struct command *command, const char *dialog, json_t *values)
{
	struct choice *c = calloc(1, sizeof(*c));

	if (!c || u->failed) {
		answer_error(p, c ? STANZA_INTERNAL_SERVER_ERROR : STANZA_RESOURCE_CONSTRAINT, NULL);
		json_decref(values);
		parcel_end(p);
		free(c);
		return;
	}
	*c = (struct choice){.user = u, .parcel = p, .command = command, .row = u->privacy};
	memcpy(c->dialog, dialog, sizeof(c->dialog));
	take_word(values, "reach", reaches[SETTINGS_REACH_ANYONE], &c->row.reach);
	take_word(values, "last_activity", lasts[SETTINGS_LAST_CONTACTS], &c->row.last_activity);
	json_decref(values);
	store_req_init(&c->req, on_kept, c);
	user_busy(u, 1);
	if (store_privacy_put(u->home->route->env.store, &c->req, u->bare, &c->row)) {
		answer_error(p, STANZA_RESOURCE_CONSTRAINT, NULL);
		choice_free(c);
	}
}
