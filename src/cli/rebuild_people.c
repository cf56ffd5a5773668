/* Which accounts there are, by what administrators did. */
#include "cli/rebuild_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "ipc/control.h"

struct somebody *rebuild_person(struct rebuild *b, struct str jid)
{
	return map_get(&b->persons, jid);
}

static struct somebody *person_add(struct rebuild *b, struct str jid, struct str id)
{
	struct somebody *p = rebuild_person(b, jid);

	if (p || !jid.len || id.len != PERSON_ID_LEN)
		return p;
	p = calloc(1, sizeof(*p) + jid.len);
	if (!p)
		return NULL;
	memcpy(p->jid, jid.data, jid.len);
	p->len = jid.len;
	memcpy(p->id, id.data, id.len);
	p->created_us = line_time_us(b->entry.head.time);
	p->seq = b->entry.head.seq;
	if (map_put(&b->persons, str_of(p->jid, p->len), p) == 0)
		return p;
	free(p);
	return NULL;
}

/* "jid id, jid id" */
static void add_many(struct rebuild *b, struct str text)
{
	size_t from = 0;

	while (from < text.len) {
		size_t to = str_find(text, ',', from);
		struct str one = str_trim(str_cut(text, from, to));
		size_t space = str_find(one, ' ', 0);

		person_add(b, str_cut(one, 0, space), str_cut(one, space + 1, one.len));
		from = to + 1;
	}
}

struct somebody *rebuild_living(struct rebuild *b, struct str jid)
{
	struct somebody *p = rebuild_person(b, jid);

	return p && !p->now.removed ? p : NULL;
}

/* ---- what was done ---- */

static bool names_put(struct rebuild *b, const struct buf *names, struct str *out)
{
	if (!b->names)
		b->names = arena_new(0);
	*out = b->names ? arena_dup(b->names, buf_view(names)) : STR_NONE;
	return b->names && !buf_failed(names) && out->len == names->len;
}

/* Without memory he keeps the groups he had: the store gets the new ones all the same. */
static void groups_follow(struct rebuild *b, struct somebody *p)
{
	const json_t *list = json_object_get(p->now.changes, "groups");
	struct buf names = BUF_INIT(0);
	struct str groups = p->copied;

	for (size_t i = 0; i < json_array_size(list); i++) {
		buf_str(&names, str_from(json_string_value(json_array_get(list, i))));
		buf_putc(&names, '\n');
	}
	if (!list || names_put(b, &names, &groups))
		p->groups = groups;
	buf_done(&names);
}

static json_t *changed(json_t *now, struct str text)
{
	json_t *more = control_changes_parse(text), *all = json_object();

	if (!all || (now && json_object_update(all, now)) || (more && json_object_update(all, more))) {
		json_decref(all);
		all = json_incref(now);
	}
	json_decref(more);
	return all;
}

/* False: the command does nothing to an account. */
static bool act(const struct rebuild *b, struct standing *out)
{
	const struct said *e = &b->entry;
	bool since = e->head.seq > b->applied;

	if (str_is(e->command, "user.remove"))
		out->removed = true;
	else if (str_is(e->command, "user.disable"))
		out->disabled = true;
	else if (str_is(e->command, "user.enable"))
		out->disabled = false;
	else if (str_is(e->command, "user.password"))
		out->password |= since;
	else if (str_is(e->command, "user.change") && since)
		out->changes = changed(out->changes, buf_view(&e->text));
	else
		return false;
	return true;
}

static void take_act(struct rebuild *b, struct somebody *p)
{
	struct standing next = p->now;

	if (!act(b, &next))
		return;
	if (next.changes == p->now.changes)
		json_incref(next.changes);
	json_decref(p->before.changes);
	p->before = p->now;
	p->now = next;
	p->act = b->entry.head.seq;
	groups_follow(b, p);
}

static void person_free(struct somebody *p)
{
	json_decref(p->now.changes);
	json_decref(p->before.changes);
	free(p);
}

/* What was announced and not done after all. Of an import the addresses were somebody's already: nothing to take back. */
static void undo(struct rebuild *b, struct str target)
{
	struct somebody *p = rebuild_person(b, target);
	struct standing undone;

	if (p && p->act && p->act == b->entry.of_seq) {
		undone = p->now;
		p->now = p->before;
		p->before = undone;
		p->act = 0;
		groups_follow(b, p);
	} else if (p && !p->known && p->seq == b->entry.of_seq) {
		map_del(&b->persons, target);
		person_free(p);
	}
}

void rebuild_take_act(struct rebuild *b)
{
	struct said *e = &b->entry;
	struct str target = buf_view(&e->target), text = buf_view(&e->text);
	struct somebody *p = rebuild_person(b, target);

	if (e->undone)
		undo(b, target);
	else if (text.len == PERSON_ID_LEN && (str_is(e->command, "user.add") || str_is(e->command, "user.import") ||
						      str_is(e->command, "user.register")))
		person_add(b, target, text);
	else if (str_is(e->command, "user.import"))
		add_many(b, text);
	else if (p)
		take_act(b, p);
}

/* ---- the copy ---- */

static bool take_row(struct rebuild *b, struct somebody *p, const struct store_account *row)
{
	struct buf names = BUF_INIT(0);
	bool ok;

	p->known = true;
	p->was_disabled = p->now.disabled = row->disabled;
	for (size_t i = 0; i < row->groups_len; i++) {
		buf_str(&names, row->groups[i]);
		buf_putc(&names, '\n');
	}
	ok = names_put(b, &names, &p->copied);
	p->groups = p->copied;
	buf_done(&names);
	return ok;
}

int rebuild_known_persons(struct rebuild *b)
{
	struct store_req req;
	int r;

	store_req_init(&req, NULL, NULL);
	r = store_account_all(b->people.store, &req);
	if (!r)
		r = store_wait(&req);
	for (size_t i = 0; !r && i < req.accounts->len; i++) {
		struct somebody *p = person_add(b, req.accounts->rows[i].jid, req.accounts->rows[i].person_id);

		if (!p || !take_row(b, p, &req.accounts->rows[i]))
			r = -ENOMEM;
	}
	store_req_release(&req);
	return r ? rebuild_failed(b, "the accounts of the copy cannot be read") : 0;
}

/* ---- into the store ---- */

/* The fields that administrators changed since the copy; *out_groups is the caller's to free. */
static unsigned take_changes(const struct somebody *p, struct store_account *row, struct str **out_groups)
{
	const struct {
		const char *name;
		struct str *text;
		unsigned field;
	} texts[] = {{"name", &row->name, STORE_ACCOUNT_NAME}, {"mail", &row->mail, STORE_ACCOUNT_MAIL},
		{"language", &row->language, STORE_ACCOUNT_LANGUAGE}, {"department", &row->department, STORE_ACCOUNT_DEPARTMENT}};
	const json_t *groups = json_object_get(p->now.changes, "groups");
	unsigned fields = 0;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		const json_t *value = json_object_get(p->now.changes, texts[i].name);

		if (!json_is_string(value))
			continue;
		*texts[i].text = str_of(json_string_value(value), json_string_length(value));
		fields |= texts[i].field;
	}
	*out_groups = json_is_array(groups) ? calloc(json_array_size(groups) + 1, sizeof(**out_groups)) : NULL;
	if (!*out_groups)
		return fields;
	for (size_t i = 0; i < json_array_size(groups); i++)
		(*out_groups)[row->groups_len++] = str_from(json_string_value(json_array_get(groups, i)));
	row->groups = *out_groups;
	return fields | STORE_ACCOUNT_GROUPS;
}

/* Without verifiers: nobody can log in before a password is set. One that was removed is added too, and removed behind it,
 * so that its address and person id are given to nobody. */
static int add(struct rebuild *b, struct store_req *req, const struct somebody *p, const struct store_account *row)
{
	int r = store_account_add(b->people.store, req, row, 1);

	if (!r)
		r = store_wait(req);
	if (!r)
		b->accounts_made += !p->now.removed;
	store_req_release(req);
	return r == STORE_E_EXISTS ? 0 : r;
}

static void note_password(struct rebuild *b, const struct somebody *p)
{
	if (p->known && p->now.password && !p->now.removed && b->passwords_set++ < NAMED_MAX)
		buf_printf(&b->passwords, "%s%.*s", b->passwords_set > 1 ? ", " : "", (int)p->len, p->jid);
}

static int settle(struct rebuild *b, const struct somebody *p)
{
	struct store_account row = {.person_id = str_from(p->id),
		.jid = str_of(p->jid, p->len),
		.disabled = p->now.disabled,
		.created_us = p->created_us};
	struct str *groups;
	unsigned fields = take_changes(p, &row, &groups);
	struct store_req req;
	int r = 0;

	if (p->known && p->now.disabled != p->was_disabled)
		fields |= STORE_ACCOUNT_DISABLED;
	store_req_init(&req, NULL, NULL);
	if (!p->known)
		r = add(b, &req, p, &row);
	else if (p->now.removed || fields)
		b->accounts_changed++;
	if (!r && p->now.removed)
		r = store_account_remove(b->people.store, &req, row.jid);
	else if (!r && p->known && fields)
		r = store_account_update(b->people.store, &req, &row, fields);
	if (!r && (p->now.removed || (p->known && fields)))
		r = store_wait(&req);
	store_req_release(&req);
	note_password(b, p);
	free(groups);
	return r && r != STORE_E_NONE ? rebuild_failed(b, "an account cannot be made, or changed") : 0;
}

int rebuild_make_persons(struct rebuild *b)
{
	struct map_slot *slot;
	int r = 0;

	for (size_t i = 0; !r && (slot = map_next(&b->persons, &i));)
		r = settle(b, slot->value);
	return r;
}

static int close_invite(struct rebuild *b, const struct store_invite *invite)
{
	struct store_req req;
	int r;

	if (invite->used_us || invite->revoked_us)
		return 0;
	store_req_init(&req, NULL, NULL);
	r = store_invite_revoke(b->people.store, &req, invite->id, clock_utc_us());
	if (!r)
		r = store_wait(&req);
	store_req_release(&req);
	b->invites_closed += r == 0;
	return r == STORE_E_NONE ? 0 : r;
}

int rebuild_close_invites(struct rebuild *b)
{
	struct store_req req;
	int r;

	store_req_init(&req, NULL, NULL);
	r = store_invite_all(b->people.store, &req);
	if (!r)
		r = store_wait(&req);
	for (size_t i = 0; !r && i < req.invites->len; i++)
		r = close_invite(b, &req.invites->rows[i]);
	store_req_release(&req);
	return r ? rebuild_failed(b, "the invitations of the copy cannot be gone through") : 0;
}

void rebuild_persons_done(struct rebuild *b)
{
	struct map_slot *slot;

	for (size_t i = 0; (slot = map_next(&b->persons, &i));)
		person_free(slot->value);
	map_done(&b->persons);
}
