#include "route/user.h"

#include "route/pep.h"

#include <errno.h>
#include <stdlib.h>

#include "route/crew.h"
#include "route/sharers.h"
#include "store/prefs.h"

enum {
	IDLE_SECONDS = 60, /* a user without sessions stays in memory for so long */
};

/* Roster, block list, preferences and the hash of the picture on their way from the store. */
struct load {
	struct user *user;
	struct store_req req;
};

/* ---- contacts ---- */

bool user_contact(const struct user *u, struct str bare, struct contact *out)
{
	return contacts_find(&u->roster, bare, out);
}

unsigned user_state(const struct user *u, struct str bare)
{
	struct contact c = {};

	user_contact(u, bare, &c);
	return crew_knows(u, bare) ? c.state | SUB_TO | SUB_FROM : c.state;
}

bool user_put_contact(struct user *u, const struct contact *like, struct contact *out)
{
	return contacts_set(&u->roster, like, out) == 0;
}

void user_drop_contact(struct user *u, struct str bare)
{
	contacts_drop(&u->roster, bare);
}

/* ---- loading ---- */

/* `groups` is used for the names of the groups. */
static struct contact contact_of_row(const struct store_roster_item *row, struct buf *groups)
{
	buf_clear(groups);
	for (size_t i = 0; i < row->groups_len; i++) {
		if (i)
			buf_putc(groups, GROUPS_BETWEEN);
		buf_str(groups, row->groups[i]);
	}
	return (struct contact){.jid = row->contact,
		.name = row->name,
		.groups = buf_view(groups),
		.pending_in = row->pending_in,
		.approved = row->approved,
		.hidden = row->hidden,
		.state = (uint8_t)(row->subscription | (row->ask ? SUB_OUT : 0) | (row->pending_in.len ? SUB_IN : 0))};
}

static void load_roster_rows(struct user *u, const struct store_roster *rows)
{
	struct buf groups = BUF_INIT(0);
	struct contact c;
	size_t bytes = 0;

	u->roster_version = rows->version;
	for (size_t i = 0; i < rows->len; i++) {
		c = contact_of_row(&rows->items[i], &groups);
		bytes += contact_size(&c);
	}
	if (contacts_reserve(&u->roster, rows->len, bytes))
		u->failed = true;
	for (size_t i = 0; i < rows->len; i++) {
		c = contact_of_row(&rows->items[i], &groups);
		if (buf_failed(&groups) || !user_put_contact(u, &c, NULL))
			u->failed = true;
	}
	buf_done(&groups);
}

static void load_block_rows(struct user *u, const struct store_names *rows)
{
	for (size_t i = 0; i < rows->len; i++) {
		char *jid = str_dupz(rows->names[i]);

		if (!jid || map_put(&u->blocked, str_of(jid, rows->names[i].len), jid)) {
			free(jid);
			u->failed = true;
		}
	}
}

static void user_run_waiting(struct user *u)
{
	struct task *t;

	u->busy++;
	while ((t = u->waiting)) {
		u->waiting = t->next;
		if (!u->waiting)
			u->waiting_end = &u->waiting;
		t->run(t);
	}
	user_busy(u, -1);
}

void user_set_prefs(struct user *u, const struct store_prefs *prefs, struct arena *arena)
{
	arena_free(u->prefs_arena);
	u->prefs_arena = arena;
	u->prefs = prefs;
}

/* In an arena of their own: that of the request holds the roster, too. */
static void load_prefs(struct user *u, const struct store_prefs *prefs)
{
	struct arena *arena = prefs ? arena_new(0) : NULL;
	const struct store_prefs *copy = arena ? store_prefs_dup(arena, prefs) : NULL;

	if (copy)
		user_set_prefs(u, copy, arena);
	else
		arena_free(arena);
	if (prefs && !copy)
		u->failed = true;
}

bool user_set_photo(struct user *u, struct str hash)
{
	if (str_eq(str_from(u->photo), hash))
		return false;
	free(u->photo);
	u->photo = hash.len ? str_dupz(hash) : NULL;
	return true;
}

static void on_loaded(struct store_req *req, int result)
{
	struct load *l = req->owner;
	struct user *u = l->user;

	if (result == 0) {
		load_roster_rows(u, req->user->roster);
		load_block_rows(u, req->user->blocks);
		load_prefs(u, req->user->prefs);
		user_set_photo(u, req->user->photo);
		u->privacy = req->user->privacy;
	} else {
		u->failed = true;
	}
	store_req_release(req);
	free(l);
	u->ready = true;
	user_run_waiting(u);
}

static int user_load(struct user *u)
{
	struct load *l = calloc(1, sizeof(*l));

	if (!l)
		return -ENOMEM;
	l->user = u;
	store_req_init(&l->req, on_loaded, l);
	if (store_user_load(u->home->route->env.store, &l->req, u->bare) == 0)
		return 0;
	store_req_release(&l->req);
	free(l);
	return -ENOMEM;
}

static struct user *user_new(struct home *h, struct str bare)
{
	struct user *u = calloc(1, sizeof(*u) + bare.len);

	if (!u)
		return NULL;
	memcpy(u->bytes, bare.data, bare.len);
	u->bare = str_of(u->bytes, bare.len);
	u->hash = map_hash(u->bare);
	u->home = h;
	u->waiting_end = &u->waiting;
	u->held_end = &u->held;
	list_init(&u->sessions);
	list_init(&u->idle);
	list_init(&u->unpushed);
	list_init(&u->pushing);
	if (map_put(&h->users, u->bare, u)) {
		free(u);
		return NULL;
	}
	if (user_load(u)) {
		map_del(&h->users, u->bare);
		free(u);
		return NULL;
	}
	crew_find_person(u);
	return u;
}

/* ---- coming and going ---- */

static bool user_is_resting(const struct user *u)
{
	return u->ready && !u->session_count && !u->busy;
}

/* One that could not be read, or whose account was closed, is read again as soon as nobody is in the middle
 * of it. */
struct user *user_get(struct home *h, struct str bare)
{
	struct user *u;

	home_check(h);
	u = map_get(&h->users, bare);
	if (u && u->failed && user_is_resting(u)) {
		user_free(u);
		u = NULL;
	}
	return u ? u : user_new(h, bare);
}

struct user *user_find(struct home *h, struct str bare)
{
	struct user *u;

	home_check(h);
	u = map_get(&h->users, bare);
	return u && u->ready ? u : NULL;
}

/* While tasks wait, a new one waits behind them, also when loading has just ended: order is kept. */
void user_when_ready(struct user *u, struct task *task)
{
	if (u->ready && !u->waiting) {
		u->busy++;
		task->run(task);
		user_busy(u, -1);
		return;
	}
	task->next = NULL;
	*u->waiting_end = task;
	u->waiting_end = &task->next;
}

void user_busy(struct user *u, int by)
{
	u->busy += (unsigned)by;
	if (u->busy == 0)
		user_rest(u);
}

void user_rest(struct user *u)
{
	if (!user_is_resting(u))
		return;
	u->idle_since = loop_seconds(u->home->loop);
	list_remove(&u->idle);
	list_append(&u->home->idle, &u->idle);
}

static void map_free_values(struct map *m)
{
	struct map_slot *slot;

	for (size_t i = 0; (slot = map_next(m, &i));)
		free(slot->value);
	map_done(m);
}

void user_free(struct user *u)
{
	map_del(&u->home->users, u->bare);
	list_remove(&u->idle);
	crew_leave(u);
	person_unref(u->person);
	contacts_done(&u->roster);
	map_free_values(&u->blocked);
	arena_free(u->prefs_arena);
	free(u->photo);
	pep_free(u->pep);
	sharers_free(u);
	free(u);
}

void users_unload(struct home *h)
{
	uint64_t now = loop_seconds(h->loop);

	list_each_safe (it, &h->idle) {
		struct user *u = container_of(it, struct user, idle);

		if (!u->failed && u->idle_since + IDLE_SECONDS > now)
			break;
		if (u->session_count || u->busy)
			list_remove(&u->idle);
		else
			user_free(u);
	}
}

static bool account_is_open(const struct home *h, struct str bare)
{
	const struct person *person = directory_get(h->route->env.directory, bare);
	bool open = person && !person->disabled;

	person_unref(person);
	return open;
}

bool user_exists(struct home *h, struct str bare)
{
	const struct user *u = map_get(&h->users, bare);

	return (u && u->session_count) || account_is_open(h, bare);
}

struct user *user_of_account(struct home *h, struct str bare, uint64_t hash)
{
	struct user *u = hash ? map_get_hashed(&h->users, bare, hash) : map_get(&h->users, bare);

	home_check(h);
	if (u && u->session_count)
		return u;
	return account_is_open(h, bare) ? user_get(h, bare) : NULL;
}

/* ---- blocking ---- */

static bool blocks_parts(const struct user *u, struct str domain, struct str resource)
{
	char text[JID_MAX];
	size_t len = domain.len + 1 + resource.len;

	if (len > sizeof(text))
		return false;
	memcpy(text, domain.data, domain.len);
	text[domain.len] = '/';
	memcpy(text + domain.len + 1, resource.data, resource.len);
	return map_get(&u->blocked, str_of(text, len)) != NULL;
}

/* The domain itself, or one that it lies below. */
static bool blocks_domain(const struct user *u, struct str domain)
{
	for (size_t at = 0; at < domain.len; at = str_find(domain, '.', at) + 1)
		if (map_get(&u->blocked, str_cut(domain, at, domain.len)))
			return true;
	return false;
}

/* XEP-0191 "JID Matching": user@domain/resource, user@domain, domain/resource, domain with all below it. Nobody blocks
 * himself. */
bool user_blocks(const struct user *u, const struct jid *jid)
{
	if (u->blocked.len == 0 || str_eq(jid->bare, u->bare))
		return false;
	return map_get(&u->blocked, jid->full) || map_get(&u->blocked, jid->bare) ||
	       blocks_domain(u, jid->domain) ||
	       (jid->resource.len && jid->local.len && blocks_parts(u, jid->domain, jid->resource));
}
