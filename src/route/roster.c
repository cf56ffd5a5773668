#include "route/roster.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "pubsub/options.h"
#include "route/answer.h"
#include "route/crew.h"
#include "route/deliver.h"
#include "route/flood.h"
#include "route/iq.h"
#include "route/pep.h"
#include "route/sight.h"
#include "route/strangers.h"
#include "route/subscription.h"
#include "stanza/ns.h"
#include "stanza/xml_out.h"

enum {
	NAME_MAX_BYTES = 1023, /* of a handle or a group */
	GROUPS_MAX = 100,      /* of one contact */
};

bool roster_is_full(const struct user *u)
{
	return u->roster.count >= u->home->settings->limits_roster_items;
}

/* Mere requests are nobody's wish but the askers': they leave half of it. */
bool roster_takes_request(const struct user *u)
{
	return !roster_is_full(u) && u->roster.hidden < (u->home->settings->limits_roster_items + 1) / 2;
}

/* ---- items as XML ---- */

static void attr_put(struct buf *b, const char *name, struct str value)
{
	buf_printf(b, " %s='", name);
	xml_escape(b, value);
	buf_putc(b, '\'');
}

static const char *subscription_name(unsigned state)
{
	static const char *const names[] = {"none", "to", "from", "both"};

	return names[state & (SUB_TO | SUB_FROM)];
}

static void item_put(struct buf *b, const struct contact *c)
{
	struct str rest = c->groups, group;

	buf_lit(b, "<item");
	attr_put(b, "jid", c->jid);
	if (c->name.len)
		attr_put(b, "name", c->name);
	buf_printf(b, " subscription='%s'", subscription_name(c->state));
	if (c->state & SUB_OUT)
		buf_lit(b, " ask='subscribe'");
	if (c->approved)
		buf_lit(b, " approved='true'");
	buf_lit(b, ">");
	while (list_next(&rest, &group)) {
		buf_lit(b, "<group>");
		xml_escape(b, group);
		buf_lit(b, "</group>");
	}
	buf_lit(b, "</item>");
}

/* ---- what the client sees ---- */

static void group_add(struct buf *groups, struct str name)
{
	if (groups->len)
		buf_putc(groups, GROUPS_BETWEEN);
	buf_str(groups, name);
}

/* The user's own groups for him, then those they share. */
static bool mate_groups(const struct user *u, const struct person *mate, struct contact *c, struct arena *arena)
{
	struct buf groups = BUF_INIT(0);
	bool ok;

	buf_str(&groups, c->groups);
	for (size_t i = 0; i < mate->groups_len; i++) {
		struct str label;

		if (person_in_group(u->person, mate->groups[i]) &&
			crew_label(u->home->settings, mate->groups[i], &label) &&
			!list_holds(buf_view(&groups), label))
			group_add(&groups, label);
	}
	c->groups = arena_dup(arena, buf_view(&groups));
	ok = !buf_failed(&groups) && !arena_is_full(arena);
	buf_done(&groups);
	return ok;
}

/* `stored` may be NULL. Subscription `both`, whatever is stored. */
static bool mate_view(const struct user *u, const struct contact *stored, const struct person *mate,
	struct arena *arena, struct contact *out)
{
	*out = stored ? *stored : (struct contact){.jid = mate->jid};
	out->state = SUB_TO | SUB_FROM;
	out->hidden = false;
	if (out->name.len == 0)
		out->name = mate->name;
	return mate_groups(u, mate, out, arena);
}

/* The item a client sees for that address; false: none. Its strings are borrowed from `stored`, *out_mate (counted, the
 * caller's, may become NULL) and the arena. */
static bool view(const struct user *u, struct str jid, struct arena *arena, struct contact *out,
	const struct person **out_mate)
{
	struct contact c;
	const struct contact *stored = user_contact(u, jid, &c) ? &c : NULL;
	const struct person *mate = u->has_crew ? directory_get(u->home->route->env.directory, jid) : NULL;

	*out_mate = mate;
	if (mate && crew_are_mates(u->home->settings, u->person, mate) && may_see(u->home, u->bare, jid))
		return mate_view(u, stored, mate, arena, out);
	if (!stored || stored->hidden)
		return false;
	*out = *stored;
	return true;
}

/* "number", and a sum where groups add to what is stored. The sum 0 stands for "not all has been told yet": no roster has
 * that version. */
static void version_put(struct buf *b, const struct user *u, uint64_t version)
{
	buf_u64(b, version);
	if (u->has_crew)
		buf_printf(b, ".%016" PRIx64, crew_sum(u));
}

/* ---- pushes (2.1.6) ---- */

/* c NULL: there is no item any more. */
static void push_to(struct session *s, struct str jid, const struct contact *c, uint64_t version)
{
	static _Thread_local uint64_t number;
	struct user *u = s->user;
	struct buf text = BUF_INIT(0);

	buf_printf(&text, "<iq type='set' id='push-%" PRIx64 "-%" PRIu64 "'", u->roster_version, ++number);
	attr_put(&text, "to", s->origin->jid.full);
	buf_lit(&text, "><query xmlns='jabber:iq:roster' ver='");
	version_put(&text, u, version);
	buf_lit(&text, "'>");
	if (c) {
		item_put(&text, c);
	} else {
		buf_lit(&text, "<item");
		attr_put(&text, "jid", jid);
		buf_lit(&text, " subscription='remove'/>");
	}
	buf_lit(&text, "</query></iq>");
	if (!buf_failed(&text))
		deliver_own_bytes(s, buf_view(&text));
	buf_done(&text);
}

void roster_push(struct user *u, struct str jid)
{
	struct arena *arena = arena_new(0);
	const struct person *mate = NULL;
	struct contact c;
	bool there;

	if (!arena)
		return;
	there = view(u, jid, arena, &c, &mate);
	session_each(s, u) if (s->interested) push_to(s, jid, there ? &c : NULL, u->roster_version);
	person_unref(mate);
	arena_free(arena);
}

/* ---- the store ---- */

struct roster_write {
	struct store_req req;
	struct user *user;
	struct parcel *parcel; /* the request to answer; NULL: none */
};

static void on_written(struct store_req *req, int result)
{
	struct roster_write *w = req->owner;

	if (w->parcel) {
		if (result == 0)
			answer_result(w->parcel);
		else
			answer_error(w->parcel, STANZA_INTERNAL_SERVER_ERROR, NULL);
		parcel_end(w->parcel);
	}
	store_req_release(req);
	user_busy(w->user, -1);
	free(w);
}

/* As an array, which the caller frees; NULL: memory is out. */
static struct str *groups_split(struct str list, size_t *out_len)
{
	struct str *groups, rest = list, name;
	size_t len = 0;

	while (list_next(&rest, &name))
		len++;
	groups = calloc(len + 1, sizeof(*groups));
	for (*out_len = 0; groups && list_next(&list, &groups[*out_len]);)
		++*out_len;
	return groups;
}

static int write_item(struct roster_write *w, const struct contact *c, bool removed)
{
	struct user *u = w->user;
	struct store *store = u->home->route->env.store;
	size_t groups_len;
	AUTO(auto_free) struct str *groups = groups_split(c->groups, &groups_len);
	struct store_roster_item row = {.contact = c->jid,
		.name = c->name,
		.groups = groups,
		.groups_len = groups_len,
		.subscription = c->state & (SUB_TO | SUB_FROM),
		.ask = c->state & SUB_OUT,
		.approved = c->approved,
		.hidden = c->hidden,
		.pending_in = c->pending_in};

	if (!groups)
		return -ENOMEM;
	if (removed)
		return store_roster_delete(store, &w->req, u->bare, c->jid, u->roster_version);
	return store_roster_put(store, &w->req, u->bare, &row, 1, u->roster_version);
}

static void roster_write(struct user *u, const struct contact *c, bool removed, struct parcel *p)
{
	struct roster_write *w = calloc(1, sizeof(*w));

	if (w) {
		w->user = u;
		w->parcel = p;
		store_req_init(&w->req, on_written, w);
		user_busy(u, 1);
		if (write_item(w, c, removed) == 0)
			return;
		store_req_release(&w->req);
		user_busy(u, -1);
		free(w);
	}
	if (p) {
		answer_error(p, STANZA_INTERNAL_SERVER_ERROR, NULL);
		parcel_end(p);
	}
}

/* ---- changes ---- */

static bool looks_the_same(const struct contact *a, const struct contact *b)
{
	unsigned shown = SUB_TO | SUB_FROM | SUB_OUT;

	if (a->hidden || (a->state & shown) != (b->state & shown) || a->approved != b->approved)
		return false;
	return str_eq(a->name, b->name) && str_eq(a->groups, b->groups);
}

/* No version is given twice, not even when a crash lost the change that an earlier push announced: the clock
 * has gone on since (2.6.3). */
static void roster_step(struct user *u)
{
	uint64_t now = clock_utc_us();

	u->roster_version = now > u->roster_version ? now : u->roster_version + 1;
}

void roster_change(struct user *u, const struct contact *c, struct parcel *p)
{
	bool gone = c->hidden && c->state == 0;
	struct contact old = {.hidden = true}, now;
	bool same = user_contact(u, c->jid, &old) && looks_the_same(&old, c);

	if ((old.state & SUB_FROM & ~c->state) || (old.jid.len && !str_eq(old.groups, c->groups)))
		pep_contact_changes(u, &old);
	roster_step(u);
	roster_write(u, c, gone, p);
	if (gone) {
		user_drop_contact(u, c->jid);
		return;
	}
	if (!c->hidden && old.hidden)
		flood_meet(u, c->jid, 0);
	if (!user_put_contact(u, c, &now))
		return;
	if (!now.hidden && (!same || p))
		roster_push(u, now.jid);
	if (!now.hidden && old.hidden)
		strangers_meet(u, now.jid);
}

static void roster_remove(struct session *s, struct parcel *p, struct str jid)
{
	struct user *u = s->user;
	struct contact c = {.hidden = true};

	user_contact(u, jid, &c);
	if (crew_knows(u, jid) && may_see(u->home, u->bare, jid)) {
		answer_error(p, STANZA_NOT_ALLOWED, "You share a group with this contact.");
		parcel_end(p);
		return;
	}
	if (c.hidden) {
		answer_error(p, STANZA_ITEM_NOT_FOUND, NULL);
		parcel_end(p);
		return;
	}
	subscription_cancel(u, &c);
	pep_contact_changes(u, &c);
	roster_step(u);
	roster_write(u, &c, true, p);
	user_drop_contact(u, jid);
	roster_push(u, jid);
}

/* ---- set (2.1.5, 2.3 to 2.5) ---- */

struct item {
	struct str jid, name;
	bool remove;
	struct str groups;
};

enum {
	ITEM_OK = -1, /* else a stanza condition */
};

static int item_groups(struct item *out, const struct node *item, struct arena *arena)
{
	AUTO(buf_done) struct buf groups = BUF_INIT(0);
	size_t len = 0;

	for (const struct node *n = node_first_element(item); n; n = node_next_element(n)) {
		struct str name;

		if (!node_is(n, STR("group"), NS_ROSTER))
			continue;
		name = node_text(n, arena);
		if (name.len == 0 || name.len > NAME_MAX_BYTES || len++ == GROUPS_MAX)
			return STANZA_NOT_ACCEPTABLE;
		if (list_holds(buf_view(&groups), name))
			return STANZA_BAD_REQUEST;
		group_add(&groups, name);
	}
	out->groups = arena_dup(arena, buf_view(&groups));
	return buf_failed(&groups) || arena_is_full(arena) ? STANZA_RESOURCE_CONSTRAINT : ITEM_OK;
}

static int item_parse(struct item *out, const struct user *u, const struct node *query, struct arena *arena)
{
	const struct node *item = node_first_element(query);
	struct jid jid;

	if (!item || node_next_element(item) || !node_is(item, STR("item"), NS_ROSTER))
		return STANZA_BAD_REQUEST;
	if (!node_attr(item, STR("jid")).data || jid_parse(&jid, node_attr(item, STR("jid")), arena))
		return STANZA_BAD_REQUEST;
	out->jid = jid.bare;
	out->name = node_attr(item, STR("name"));
	out->remove = str_is(node_attr(item, STR("subscription")), "remove");
	if (out->name.len > NAME_MAX_BYTES)
		return STANZA_NOT_ACCEPTABLE;
	if (str_eq(out->jid, u->bare))
		return STANZA_NOT_ALLOWED;
	return out->remove ? ITEM_OK : item_groups(out, item, arena);
}

/* Clients send back what they were shown: what the directory adds is not the user's own. */
static void drop_what_is_added(const struct user *u, struct item *item, struct arena *arena)
{
	const struct person *mate = u->has_crew ? directory_get(u->home->route->env.directory, item->jid) : NULL;

	if (mate && crew_are_mates(u->home->settings, u->person, mate)) {
		struct contact added = {.jid = item->jid};
		struct buf own = BUF_INIT(0);
		struct str rest = item->groups, name;

		if (mate_groups(u, mate, &added, arena)) {
			while (list_next(&rest, &name))
				if (!list_holds(added.groups, name))
					group_add(&own, name);
			item->groups = arena_dup(arena, buf_view(&own));
		}
		buf_done(&own);
		if (str_eq(item->name, mate->name))
			item->name = STR_NONE;
	}
	person_unref(mate);
}

static void roster_put(struct session *s, struct parcel *p, struct item *item, struct arena *arena)
{
	struct user *u = s->user;
	struct contact c = {.jid = item->jid};

	if (!user_contact(u, item->jid, &c) && roster_is_full(u)) {
		answer_error(p, STANZA_RESOURCE_CONSTRAINT, "The roster is full.");
		parcel_end(p);
		return;
	}
	drop_what_is_added(u, item, arena);
	c.name = item->name;
	c.groups = item->groups;
	c.hidden = false;
	roster_change(u, &c, p);
}

void roster_set(struct session *s, struct parcel *p)
{
	struct arena *arena = arena_new(0);
	struct item item = {.remove = false};
	int condition = STANZA_RESOURCE_CONSTRAINT;

	if (s->user->failed)
		condition = STANZA_INTERNAL_SERVER_ERROR;
	else if (arena)
		condition = item_parse(&item, s->user, iq_payload(p), arena);
	if (condition != ITEM_OK) {
		answer_error(p, (enum stanza_condition)condition, NULL);
		parcel_end(p);
	} else if (item.remove) {
		roster_remove(s, p, item.jid);
	} else {
		roster_put(s, p, &item, arena);
	}
	arena_free(arena);
}

/* ---- get (2.1.3, 2.6.3) ---- */

/* The version of the stored roster that the client has, if what groups add to it is still the same. */
static bool client_has(const struct user *u, const struct parcel *p, uint64_t *out)
{
	struct str ver = node_attr(iq_payload(p), STR("ver"));
	size_t end = str_find(ver, '.', 0);
	unsigned long long number;
	struct buf now = BUF_INIT(0);
	bool same;

	if (!list_is_empty(&u->unpushed) || !str_to_u64(str_cut(ver, 0, end), INT64_MAX, &number))
		return false;
	version_put(&now, u, number);
	same = str_eq(ver, buf_view(&now));
	buf_done(&now);
	*out = number;
	return same;
}

static size_t put_stored(struct buf *b, const struct user *u, struct arena *arena)
{
	struct contact stored;
	size_t n = 0;

	for (uint32_t at = 0; contacts_next(&u->roster, &at, &stored);) {
		const struct person *mate = NULL;
		struct contact c;

		if (view(u, stored.jid, arena, &c, &mate)) {
			item_put(b, &c);
			n++;
		}
		person_unref(mate);
	}
	return n;
}

static size_t put_mates(struct buf *b, const struct user *u, struct arena *arena)
{
	struct mates m = crew_mates(u->home, u->has_crew ? u->person : NULL);
	size_t n = 0;

	for (size_t i = 0; i < m.len; i++) {
		const struct person *mate = m.people[i];
		struct contact c;

		if (!user_contact(u, mate->jid, NULL) && may_see(u->home, u->bare, mate->jid) &&
			mate_view(u, NULL, mate, arena, &c)) {
			item_put(b, &c);
			n++;
		}
	}
	mates_done(&m);
	return n;
}

size_t roster_put_items(struct buf *b, const struct user *u)
{
	struct arena *arena = arena_new(0);
	size_t n = 0;

	if (arena) {
		n += put_stored(b, u, arena);
		n += put_mates(b, u, arena);
	}
	arena_free(arena);
	return n;
}

static void roster_put_all(struct buf *b, const struct user *u)
{
	buf_lit(b, "<query xmlns='jabber:iq:roster' ver='");
	version_put(b, u, u->roster_version);
	buf_lit(b, "'>");
	roster_put_items(b, u);
	buf_lit(b, "</query>");
}

static void answer_all(struct session *s, struct parcel *p)
{
	struct buf text = BUF_INIT(0);

	iq_put_result(&text, p);
	roster_put_all(&text, s->user);
	buf_lit(&text, "</iq>");
	if (!buf_failed(&text))
		deliver_own_bytes(s, buf_view(&text));
	buf_done(&text);
	parcel_end(p);
}

/* ---- what has changed since (2.6.3) ---- */

struct since {
	struct store_req req;
	struct user *user;
	struct parcel *parcel;
	uint64_t asked_at; /* the roster's version then */
};

static void push_change(struct session *s, const struct store_roster_change *row, uint64_t version)
{
	const struct person *mate = NULL;
	struct arena *arena = arena_new(0);
	struct contact c;
	bool there = arena && view(s->user, row->contact, arena, &c, &mate);

	if (arena)
		push_to(s, row->contact, there ? &c : NULL, version);
	person_unref(mate);
	arena_free(arena);
}

/* A mere request that waits was never in the roster. */
static bool is_visible(const struct user *u, const struct store_roster_change *row)
{
	struct contact c = {};

	user_contact(u, row->contact, &c);
	return row->contact.len && !c.hidden;
}

/* Oldest first; the last one has the roster's version. */
static void push_changes(struct session *s, const struct store_roster_changes *changes)
{
	size_t last = changes->len;

	for (size_t i = 0; i < changes->len; i++)
		if (is_visible(s->user, &changes->rows[i]))
			last = i;
	for (size_t i = 0; i < changes->len; i++)
		if (is_visible(s->user, &changes->rows[i]))
			push_change(s, &changes->rows[i], i == last ? s->user->roster_version : changes->rows[i].version);
}

static void on_changes(struct store_req *req, int result)
{
	struct since *w = req->owner;
	struct session *s = session_by_origin(w->user, w->parcel->origin);

	if (!s) {
		parcel_end(w->parcel);
	} else if (result || !req->changes->complete || w->asked_at != w->user->roster_version) {
		answer_all(s, w->parcel);
	} else {
		answer_result(w->parcel);
		parcel_end(w->parcel);
		push_changes(s, req->changes);
	}
	store_req_release(req);
	user_busy(w->user, -1);
	free(w);
}

/* False: it could not be asked. */
static bool ask_since(struct session *s, struct parcel *p, uint64_t version)
{
	struct user *u = s->user;
	struct since *w = calloc(1, sizeof(*w));

	if (!w)
		return false;
	*w = (struct since){.user = u, .parcel = p, .asked_at = u->roster_version};
	store_req_init(&w->req, on_changes, w);
	user_busy(u, 1);
	if (store_roster_changes(u->home->route->env.store, &w->req, u->bare, version) == 0)
		return true;
	store_req_release(&w->req);
	user_busy(u, -1);
	free(w);
	return false;
}

void roster_get(struct session *s, struct parcel *p)
{
	const struct user *u = s->user;
	uint64_t version;

	if (u->failed) {
		answer_error(p, STANZA_INTERNAL_SERVER_ERROR, NULL);
		parcel_end(p);
		return;
	}
	s->interested = true;
	if (!client_has(u, p, &version) || version > u->roster_version) {
		answer_all(s, p);
	} else if (version == u->roster_version) {
		answer_result(p);
		parcel_end(p);
	} else if (!ask_since(s, p, version)) {
		answer_all(s, p);
	}
}
