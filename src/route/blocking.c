#include "route/blocking.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "route/answer.h"
#include "route/crew.h"
#include "route/deliver.h"
#include "route/directed.h"
#include "route/iq.h"
#include "route/presence.h"
#include "route/report.h"
#include "stanza/ns.h"
#include "stanza/xml_out.h"

/* Addresses of one request, prepared; in the arena. */
struct names {
	struct str *jid;
	size_t len;
};

static bool names_parse(struct names *out, const struct node *payload, struct arena *arena)
{
	size_t count = 0;

	for (const struct node *n = node_first_element(payload); n; n = node_next_element(n))
		count++;
	out->jid = arena_alloc(arena, (count + 1) * sizeof(struct str));
	if (!out->jid)
		return false;
	for (const struct node *n = node_first_element(payload); n; n = node_next_element(n)) {
		struct str text = node_attr(n, STR("jid"));
		struct jid jid;

		if (!node_is(n, STR("item"), NS_BLOCKING) || !text.data || jid_parse(&jid, text, arena) ||
			!report_is_valid(n))
			return false;
		out->jid[out->len++] = jid.full;
	}
	return true;
}

static void items_put(struct buf *b, const struct names *names)
{
	for (size_t i = 0; i < names->len; i++) {
		buf_lit(b, "<item jid='");
		xml_escape(b, names->jid[i]);
		buf_lit(b, "'/>");
	}
}

/* ---- the list ---- */

void blocking_get(struct session *s, struct parcel *p)
{
	struct buf text = BUF_INIT(0);
	struct map_slot *slot;

	s->wants_blocks = true;
	iq_put_result(&text, p);
	buf_lit(&text, "<blocklist xmlns='urn:xmpp:blocking'>");
	for (size_t i = 0; (slot = map_next(&s->user->blocked, &i));)
		items_put(&text, &(struct names){.jid = &slot->key, .len = 1});
	buf_lit(&text, "</blocklist></iq>");
	if (!buf_failed(&text))
		deliver_own_bytes(s, buf_view(&text));
	buf_done(&text);
	parcel_end(p);
}

static void push(struct user *u, const char *what, const struct names *names)
{
	static _Thread_local uint64_t number;

	number++;
	session_each(s, u)
	{
		struct buf text = BUF_INIT(0);

		if (!s->wants_blocks)
			continue;
		buf_printf(&text, "<iq type='set' id='block-%" PRIu64 "' to='", number);
		xml_escape(&text, s->origin->jid.full);
		buf_printf(&text, "'><%s xmlns='urn:xmpp:blocking'>", what);
		items_put(&text, names);
		buf_printf(&text, "</%s></iq>", what);
		if (!buf_failed(&text))
			deliver_own_bytes(s, buf_view(&text));
		buf_done(&text);
	}
}

/* ---- the store ---- */

struct block_write {
	struct store_req req;
	struct user *user;
	struct parcel *parcel;
};

static void on_written(struct store_req *req, int result)
{
	struct block_write *w = req->owner;

	if (result == 0)
		answer_result(w->parcel);
	else
		answer_error(w->parcel, STANZA_INTERNAL_SERVER_ERROR, NULL);
	parcel_end(w->parcel);
	store_req_release(req);
	user_busy(w->user, -1);
	free(w);
}

static void block_write(struct user *u, struct parcel *p, const struct names *names, bool add)
{
	struct store *store = u->home->route->env.store;
	struct block_write *w = calloc(1, sizeof(*w));
	int r = -ENOMEM;

	if (w) {
		w->user = u;
		w->parcel = p;
		store_req_init(&w->req, on_written, w);
		user_busy(u, 1);
		r = add ? store_block_put(store, &w->req, u->bare, names->jid, names->len)
			: store_block_delete(store, &w->req, u->bare, names->jid, names->len);
	}
	if (r == 0)
		return;
	if (w)
		user_busy(u, -1);
	free(w);
	answer_error(p, STANZA_INTERNAL_SERVER_ERROR, NULL);
	parcel_end(p);
}

/* ---- what it does to presence (3.3, 3.4) ---- */

/* Everybody in the roster, mates (crew.h) included: asked before and after the list changes. */
struct peer {
	struct str jid; /* in the arena */
	bool was_open;
};

struct peers {
	struct peer *list;
	size_t len;
};

static bool is_open(const struct user *u, struct str bare)
{
	struct jid jid = jid_split(bare);

	return !user_blocks(u, &jid);
}

static void peer_add(struct peers *p, const struct user *u, struct str jid, struct arena *arena)
{
	p->list[p->len++] = (struct peer){.jid = arena_dup(arena, jid), .was_open = is_open(u, jid)};
}

static bool look(struct peers *p, const struct user *u, struct arena *arena)
{
	struct mates mates = crew_mates(u->home, u->has_crew ? u->person : NULL);
	struct contact c;

	p->list = arena_alloc(arena, (u->roster.count + mates.len + 1) * sizeof(*p->list));
	for (uint32_t at = 0; p->list && contacts_next(&u->roster, &at, &c);)
		peer_add(p, u, c.jid, arena);
	for (size_t i = 0; p->list && i < mates.len; i++)
		if (!user_contact(u, mates.people[i]->jid, NULL))
			peer_add(p, u, mates.people[i]->jid, arena);
	mates_done(&mates);
	return p->list && !arena_is_full(arena);
}

static void presence_follow(struct user *u, const struct peers *peers)
{
	for (size_t i = 0; i < peers->len; i++) {
		struct str jid = peers->list[i].jid;
		bool open = is_open(u, jid);
		unsigned state;

		if (peers->list[i].was_open == open)
			continue;
		state = user_state(u, jid);
		if ((state & SUB_FROM) && !open)
			presence_hide(u, jid);
		if ((state & SUB_FROM) && open)
			presence_show(u, jid);
		if ((state & SUB_TO) && open)
			presence_probe(u, jid);
	}
}

/* RFC 6121 4.6: a session has shown itself to somebody without a subscription, or is in a room. It goes: rooms are left,
 * and others hear that it is unavailable. */
static void withdraw_directed(struct session *s, struct arena *arena)
{
	size_t len = s->directed ? s->directed->len : 0, n = 0;
	struct str *gone = arena_alloc(arena, (len + 1) * sizeof(*gone));

	for (size_t i = 0; gone && directed_next(s, &i);) {
		struct str to = directed_at(s, i - 1);

		if (!is_open(s->user, to))
			gone[n++] = arena_dup(arena, to);
	}
	while (n-- > 0) {
		presence_withdraw(s, gone[n]);
		directed_remove(s, gone[n]);
	}
}

/* ---- changes ---- */

static bool list_add(struct user *u, struct str jid)
{
	char *copy;

	if (map_get(&u->blocked, jid))
		return true;
	copy = str_dupz(jid);
	if (!copy || map_put(&u->blocked, str_of(copy, jid.len), copy)) {
		free(copy);
		return false;
	}
	return true;
}

static void list_clear(struct user *u)
{
	struct map_slot *slot;

	for (size_t i = 0; (slot = map_next(&u->blocked, &i));)
		free(slot->value);
	map_done(&u->blocked);
}

static void list_change(struct user *u, const struct names *names, bool add)
{
	for (size_t i = 0; i < names->len; i++) {
		if (add)
			(void)list_add(u, names->jid[i]);
		else
			free(map_del(&u->blocked, names->jid[i]));
	}
	if (!add && names->len == 0)
		list_clear(u);
}

static void change(
	struct session *s, struct parcel *p, const struct names *names, struct arena *arena, bool add)
{
	struct user *u = s->user;
	struct peers peers = {.len = 0};

	if (!look(&peers, u, arena)) {
		answer_error(p, STANZA_RESOURCE_CONSTRAINT, NULL);
		parcel_end(p);
		return;
	}
	if (add)
		report_note(s, iq_payload(p), arena);
	list_change(u, names, add);
	presence_follow(u, &peers);
	if (add)
		session_each(each, u) withdraw_directed(each, arena);
	push(u, add ? "block" : "unblock", names);
	block_write(u, p, names, add);
}

static void request(struct session *s, struct parcel *p, bool add)
{
	struct user *u = s->user;
	struct arena *arena = arena_new(0);
	struct names names = {.len = 0};
	enum stanza_condition condition = STANZA_CONDITIONS;

	if (u->failed)
		condition = STANZA_INTERNAL_SERVER_ERROR;
	else if (!arena)
		condition = STANZA_RESOURCE_CONSTRAINT;
	else if (!names_parse(&names, iq_payload(p), arena) || (add && names.len == 0))
		condition = STANZA_BAD_REQUEST;
	else if (add && u->blocked.len + names.len > u->home->settings->limits_blocked_items)
		condition = STANZA_RESOURCE_CONSTRAINT;
	if (condition == STANZA_CONDITIONS) {
		change(s, p, &names, arena, add);
	} else {
		answer_error(p, condition, NULL);
		parcel_end(p);
	}
	arena_free(arena);
}

void blocking_block(struct session *s, struct parcel *p)
{
	request(s, p, true);
}

void blocking_unblock(struct session *s, struct parcel *p)
{
	request(s, p, false);
}
