/* Which accounts there are, by what administrators did. */
#include "cli/rebuild_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

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

/* What was announced and not done after all. Of an import the addresses were somebody's already: nothing to take back. */
static void undo(struct rebuild *b, struct str target)
{
	struct somebody *p = rebuild_person(b, target);

	if (!p || p->known || p->seq != b->entry.of_seq)
		return;
	map_del(&b->persons, target);
	free(p);
}

void rebuild_take_act(struct rebuild *b)
{
	struct said *e = &b->entry;
	struct str target = buf_view(&e->target), text = buf_view(&e->text);
	struct somebody *p = rebuild_person(b, target);

	if (e->undone) {
		undo(b, target);
		return;
	}
	if (text.len == PERSON_ID_LEN && (str_is(e->command, "user.add") || str_is(e->command, "user.import") ||
						   str_is(e->command, "user.register")))
		person_add(b, target, text);
	else if (str_is(e->command, "user.import"))
		add_many(b, text);
	if (!p || p->known)
		return;
	if (str_is(e->command, "user.remove"))
		p->removed = true;
	else if (str_is(e->command, "user.disable"))
		p->disabled = true;
	else if (str_is(e->command, "user.enable"))
		p->disabled = false;
}

static bool groups_dup(struct rebuild *b, struct somebody *p, const struct store_account *row)
{
	struct buf names = BUF_INIT(0);
	bool ok;

	for (size_t i = 0; i < row->groups_len; i++) {
		buf_str(&names, row->groups[i]);
		buf_putc(&names, '\n');
	}
	if (!b->names)
		b->names = arena_new(0);
	p->groups = b->names ? arena_dup(b->names, buf_view(&names)) : STR_NONE;
	ok = b->names && !buf_failed(&names) && p->groups.len == names.len;
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

		if (p)
			p->known = true;
		if (!p || !groups_dup(b, p, &req.accounts->rows[i]))
			r = -ENOMEM;
	}
	store_req_release(&req);
	return r ? rebuild_failed(b, "the accounts of the copy cannot be read") : 0;
}

/* Accounts that the copy lacks, without verifiers: nobody can log in before a password is set. A removed one is added and
 * removed, so that its address and person id are given to nobody. */
static int make_person(struct rebuild *b, const struct somebody *p)
{
	struct store_account row = {.person_id = str_from(p->id),
		.jid = str_of(p->jid, p->len),
		.disabled = p->disabled,
		.created_us = p->created_us};
	struct store_req req;
	int r;

	store_req_init(&req, NULL, NULL);
	r = store_account_add(b->people.store, &req, &row, 1);
	if (!r)
		r = store_wait(&req);
	if (!r)
		b->accounts_made += !p->removed;
	if (!r && p->removed) {
		r = store_account_remove(b->people.store, &req, row.jid);
		if (!r)
			r = store_wait(&req);
	}
	store_req_release(&req);
	return r && r != STORE_E_EXISTS ? rebuild_failed(b, "an account cannot be made") : 0;
}

int rebuild_make_persons(struct rebuild *b)
{
	struct map_slot *slot;
	int r = 0;

	for (size_t i = 0; !r && (slot = map_next(&b->persons, &i));)
		if (!((struct somebody *)slot->value)->known)
			r = make_person(b, slot->value);
	return r;
}
