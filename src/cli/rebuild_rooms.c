/* Rooms. Those of the copy of the store hear again what the record says was said to them since, as after a crash
 * (route/rooms_replay.c): messages go into their archives, requests change how they are set. What the copy holds is as it
 * is. Walls are not asked: they stand where somebody enters. A room that was made since is founded again by who entered
 * where nobody was; one that an import brought is made from its line. */
#include "cli/rebuild_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/rand.h"
#include "jid/jid.h"
#include "room/archived.h"
#include "room/room.h"
#include "route/reread.h"
#include "route/rooms_row.h"
#include "stanza/ns.h"

/* ---- groups of accounts, as the copy has them ---- */

static bool has_line(struct str lines, struct str line)
{
	for (size_t from = 0, to; from < lines.len; from = to + 1) {
		to = str_find(lines, '\n', from);
		if (str_eq(str_cut(lines, from, to), line))
			return true;
	}
	return false;
}

static bool in_groups(const struct room *r, struct str bare, struct str groups)
{
	const struct somebody *p = rebuild_living(r->home, bare);

	for (size_t from = 0, to; p && !p->now.disabled && from < groups.len; from = to + 1) {
		to = str_find(groups, '\n', from);
		if (has_line(p->groups, str_cut(groups, from, to)))
			return true;
	}
	return false;
}

static bool is_admin(struct rebuild *b, struct str bare)
{
	const struct somebody *p = rebuild_living(b, bare);
	struct str group = b->people.settings->rooms_admin_group;

	return group.len && p && !p->now.disabled && has_line(p->groups, group);
}

/* By the settings of today. */
static bool may_create(struct rebuild *b, struct str bare)
{
	const struct somebody *p = rebuild_living(b, bare);
	struct str who = b->people.settings->rooms_create;

	return p && !p->now.disabled && (str_is(who, "everyone") || has_line(p->groups, who) || is_admin(b, bare));
}

/* ---- what a room does: only its archive is there to hear it ---- */

struct hearing {
	struct room_sink sink;
	struct rebuild *b;
	struct room *room;
	struct str from; /* who said it: real and full */
};

static void answer_nobody(struct room_sink *sink, struct str payload)
{
	(void)sink;
	(void)payload;
}

static void card_of_nobody(struct room_sink *sink)
{
	(void)sink;
}

static bool may_meet(struct room_sink *sink, struct str a, struct str b)
{
	(void)sink;
	(void)a;
	(void)b;
	return true;
}

static bool is_account(struct room_sink *sink, struct str bare)
{
	return rebuild_living(container_of(sink, struct hearing, sink)->b, bare) != NULL;
}

static bool may_name_group(struct room_sink *sink, struct str bare, struct str group)
{
	return in_groups(container_of(sink, struct hearing, sink)->room, bare, group);
}

static void list_nobody(
	struct room_sink *sink, struct str groups, void (*each)(void *owner, struct str bare), void *owner)
{
	(void)sink;
	(void)groups;
	(void)each;
	(void)owner;
}

static void keep(struct room_sink *sink, struct str nick, struct str xml, const struct room_stamp *stamp)
{
	struct hearing *h = container_of(sink, struct hearing, sink);
	struct buf to = BUF_INIT(0);

	h->room->kept = true;
	buf_str(&to, h->room->jid);
	if (nick.len) {
		buf_putc(&to, '/');
		buf_str(&to, nick);
	}
	(void)!rebuild_put_row(h->b, &(struct store_archived){.seq = stamp->seq, /* h->b->failed says it */
						   .id = str_of(stamp->id, STAMP_ID),
						   .time_us = stamp->time_us,
						   .from = h->from,
						   .to = buf_view(&to),
						   .views = STORE_VIEW_RECIPIENT,
						   .xml = xml});
	buf_done(&to);
}

/* ---- taking back ---- */

/* 1: done. 0: there is nothing of his to take back. Negative: the store did not do it. */
static int bury(struct rebuild *b, struct str owner, const struct room_retraction *t)
{
	const struct store_archive_query query = {.owner = owner, .ids = &t->id, .ids_len = 1, .max = 1};
	struct store *store = b->people.store;
	struct buf xml = BUF_INIT(0);
	struct store_req req;
	bool found = false;
	int r;

	store_req_init(&req, NULL, NULL);
	r = store_archive_load(store, &req, &query);
	if (!r)
		r = store_wait(&req);
	if (!r && req.page->len)
		found = archived_put_tombstone(&xml, req.page->rows->xml, t);
	store_req_release(&req);
	if (found)
		r = store_archive_retract(store, &req, owner, t->id, buf_view(&xml));
	if (found && !r)
		r = store_wait(&req);
	store_req_release(&req);
	buf_done(&xml);
	return r == STORE_E_NONE ? 0 : r ? -EIO : found;
}

static bool take_back(struct room_sink *sink, const struct room_retraction *t)
{
	struct hearing *h = container_of(sink, struct hearing, sink);
	int r;

	if (!sink->archives)
		return false;
	r = rebuild_put_all(h->b) ? 0 : bury(h->b, h->room->jid, t); /* it may be on its way */
	if (r < 0)
		rebuild_failed(h->b, "the store does not take a message back");
	else if (r && t->moderator.len)
		room_retracted(h->room, t, sink);
	return true;
}

static void hearing_init(struct hearing *h, struct rebuild *b, struct room *r)
{
	*h = (struct hearing){.sink = {.keep = keep,
				      .retract = take_back,
				      .answer = answer_nobody,
				      .card = card_of_nobody,
				      .may_meet = may_meet,
				      .is_account = is_account,
				      .may_name_group = may_name_group,
				      .each_in_groups = list_nobody},
		.b = b,
		.room = r,
		.from = buf_view(&b->entry.from)};
	room_sink_silence(&h->sink);
	h->sink.archives = b->people.settings->history_enabled && r->config.archive;
}

/* ---- which there are ---- */

static struct room *add_room(struct rebuild *b, struct str jid)
{
	struct room *r = room_new(jid);

	if (!r)
		return NULL;
	r->in_groups = in_groups;
	r->home = b;
	r->affiliations_max = SIZE_MAX; /* what the copy has is not cut */
	r->seats_max = 1;
	return map_put(&b->rooms, r->jid, r) ? room_free(r) : r;
}

int rebuild_known_rooms(struct rebuild *b)
{
	struct store_req req;
	int r;

	store_req_init(&req, NULL, NULL);
	r = store_room_all(b->people.store, &req);
	if (!r)
		r = store_wait(&req);
	for (size_t i = 0; !r && i < req.rooms->len; i++) {
		struct room *room = add_room(b, req.rooms->rows[i].jid);

		if (!room || !rooms_row_take(room, &req.rooms->rows[i]))
			r = -ENOMEM;
		else
			room->affiliations_max = b->people.settings->rooms_affiliations_max;
	}
	store_req_release(&req);
	return r ? rebuild_failed(b, "the rooms of the copy cannot be read") : 0;
}

/* The room and its archive. */
static int forget(struct rebuild *b, const struct room *r)
{
	struct store_req req;
	int e = rebuild_put_all(b);

	if (e)
		return e;
	store_req_init(&req, NULL, NULL);
	e = store_room_delete(b->people.store, &req, r->jid);
	if (!e)
		e = store_wait(&req);
	store_req_release(&req);
	return e ? rebuild_failed(b, "the store does not forget a room") : 0;
}

static int drop(struct rebuild *b, struct room *r)
{
	int e = r->kept ? forget(b, r) : 0;

	map_del(&b->rooms, r->jid);
	room_free(r);
	return e;
}

/* ---- what was said to them ---- */

static int hear(struct rebuild *b, struct room *r, const struct node *stanza, struct arena *arena)
{
	const struct said *e = &b->entry;
	struct room_request rq = {.stanza = stanza,
		.arena = arena,
		.from = jid_split(buf_view(&e->from)),
		.to = jid_split(buf_view(&e->to)),
		.stamp = {.seq = e->head.seq, .time_us = line_time_us(e->head.time)},
		.admin = is_admin(b, jid_split(buf_view(&e->from)).bare),
		.archives = b->people.settings->history_enabled,
		.again = true};
	struct hearing h;

	if (e->id.len != STAMP_ID)
		return 0;
	memcpy(rq.stamp.id, e->id.data, STAMP_ID);
	hearing_init(&h, b, r);
	room_again(r, &rq, buf_view(&e->nick), &h.sink);
	if (rq.stamp.seq > r->saved_seq)
		r->saved_seq = rq.stamp.seq;
	r->resave = true;
	if (b->failed)
		return b->failed;
	return r->destroyed ? drop(b, r) : 0;
}

/* ---- rooms that were made since (10.1) ---- */

/* Who enters where nobody is makes a room, unless there is one that stays. Also before the copy was made: it may have been
 * there without being kept, and have been told to stay since. */
static int found(struct rebuild *b, struct room *r, const struct node *stanza)
{
	const struct said *e = &b->entry;
	struct str jid = jid_split(buf_view(&e->to)).bare, founder = jid_split(buf_view(&e->from)).bare;
	bool enters = !node_attr(stanza, STR("type")).len && node_child(stanza, STR("x"), NS_MUC);
	int result = 0;

	if (!enters || (r && !room_is_over(r)) || !may_create(b, founder))
		return 0;
	if (r)
		result = drop(b, r);
	if (result)
		return result;
	r = add_room(b, jid);
	if (!r || !room_set_text(&r->creator, founder) || !room_affiliate(r, founder, AFFILIATION_OWNER, STR(""), STR("")))
		return rebuild_failed(b, "memory is out");
	r->affiliations_max = b->people.settings->rooms_affiliations_max;
	r->created_us = line_time_us(e->head.time);
	r->saved_seq = e->head.seq;
	r->locked = true; /* what does not become a room that stays goes at the end */
	return 0;
}

static bool may_found(const struct said *e)
{
	return str_is(e->kind, "presence") && !e->members && jid_split(buf_view(&e->to)).resource.len;
}

int rebuild_room_entry(struct rebuild *b)
{
	const struct said *e = &b->entry;
	bool message = str_is(e->kind, "message"), founds = may_found(e);
	struct room *r = map_get(&b->rooms, jid_split(buf_view(&e->to)).bare);
	struct arena *arena = NULL;
	struct node *stanza;
	int result = 0;

	if (!founds && (e->head.seq <= b->applied || (!message && !str_is(e->kind, "iq"))))
		return 0;
	stanza = r || founds ? reread_stanza(rebuild_delivered(e), &arena) : NULL;
	if (stanza)
		result = founds ? found(b, r, stanza) : hear(b, r, stanza, arena);
	b->messages += stanza && message;
	b->no_stanza += r && !stanza;
	b->rooms_left += !r && message;
	arena_free(arena);
	return result;
}

/* ---- those of an import ---- */

/* "jid word, jid word" */
static bool take_affiliations(struct room *r, struct str text)
{
	for (size_t from = 0, to; from < text.len; from = to + 1) {
		struct str one;
		size_t space;
		enum affiliation affiliation;

		to = str_find(text, ',', from);
		one = str_trim(str_cut(text, from, to));
		space = str_find(one, ' ', 0);
		if (affiliation_parse(str_cut(one, space + 1, one.len), &affiliation) &&
			!room_affiliate(r, str_cut(one, 0, space), affiliation, STR(""), STR("")))
			return false;
	}
	return true;
}

/* Lists, and behind them how it is set, without its password. A line that says nothing of that makes a room for members. */
static bool take_line(struct room *r, struct str text)
{
	size_t end = str_find(text, '\n', 0);

	r->config.persistent = true;
	r->config.public = false;
	r->config.members_only = true;
	if (!take_affiliations(r, str_cut(text, 0, end)) || !config_take_text(&r->config, str_cut(text, end + 1, text.len)))
		return false;
	r->config.members_only |= r->config.protected;
	r->config.protected = false;
	return true;
}

int rebuild_room_end(struct rebuild *b, struct str jid)
{
	struct room *r = map_get(&b->rooms, jid);

	return r && room_is_over(r) ? drop(b, r) : 0;
}

int rebuild_room_made(struct rebuild *b)
{
	const struct said *e = &b->entry;
	struct str jid = buf_view(&e->target);
	struct room *r;

	if (b->second || e->undone || e->head.seq <= b->applied)
		return 0;
	if (rebuild_room_end(b, jid))
		return b->failed;
	if (map_get(&b->rooms, jid))
		return 0;
	r = add_room(b, jid);
	if (!r || !take_line(r, buf_view(&e->text)))
		return rebuild_failed(b, "memory is out");
	if (b->subject.len && str_eq(buf_view(&b->subject_room), jid) &&
		(!room_set_text(&r->subject, buf_view(&b->subject)) ||
			!room_set_text(&r->subject_from, buf_view(&b->subject_from))))
		return rebuild_failed(b, "memory is out");
	r->affiliations_max = b->people.settings->rooms_affiliations_max;
	rand_bytes(r->secret, sizeof(r->secret));
	r->created_us = str_eq(buf_view(&b->past_owner), jid) && b->past_us ? b->past_us : line_time_us(e->head.time);
	r->saved_seq = e->head.seq;
	r->resave = true;
	return 0;
}

/* ---- into the store ---- */

static int save(struct rebuild *b, const struct room *r)
{
	struct store_affiliation *rows = calloc(r->affiliations.len + 1, sizeof(*rows));
	struct buf config = BUF_INIT(0), secret = BUF_INIT(0);
	struct store_room row;
	struct store_req req;
	int e = -ENOMEM;

	store_req_init(&req, NULL, NULL);
	rooms_row_put(&row, r, &config, &secret);
	row.affiliations = rows;
	row.affiliations_len = rows ? rooms_row_people(r, rows) : 0;
	row.whole = true;
	if (rows && !buf_failed(&config) && !buf_failed(&secret))
		e = store_room_put(b->people.store, &req, &row);
	if (!e)
		e = store_wait(&req);
	store_req_release(&req);
	buf_done(&config);
	buf_done(&secret);
	free(rows);
	return e ? rebuild_failed(b, "the store does not take a room") : 0;
}

/* A ban stays, as while the server runs. */
static void leave(struct rebuild *b, struct room *r)
{
	struct map_slot *slot;

	for (size_t i = 0; (slot = map_next(&b->persons, &i));) {
		const struct somebody *p = slot->value;

		if (!p->now.removed || !map_get(&r->affiliations, str_of(p->jid, p->len)))
			continue;
		room_account_gone(r, str_of(p->jid, p->len));
		r->resave = true;
	}
}

static int settle(struct rebuild *b, struct room *r)
{
	if (room_is_over(r))
		return drop(b, r);
	leave(b, r);
	return r->resave ? save(b, r) : 0;
}

int rebuild_save_rooms(struct rebuild *b)
{
	struct room **all = calloc(b->rooms.len + 1, sizeof(struct room *)); /* the map changes meanwhile */
	struct map_slot *slot;
	size_t n = 0;
	int r = all ? 0 : rebuild_failed(b, "memory is out");

	for (size_t i = 0; all && (slot = map_next(&b->rooms, &i));)
		all[n++] = slot->value;
	for (size_t i = 0; i < n && !r; i++)
		r = settle(b, all[i]);
	free(all);
	return r;
}

void rebuild_rooms_done(struct rebuild *b)
{
	struct map_slot *slot;

	for (size_t i = 0; (slot = map_next(&b->rooms, &i));)
		room_free(slot->value);
	map_done(&b->rooms);
}
