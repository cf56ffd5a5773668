/* Messages go into their recipient's offline queue, each once, whatever had become of them: nobody knows what
 * the client saw; and into the archives of both, where the store asks what the two want kept. applied_seq stays until all
 * of it is in the store: the tick that follows raises it. Subscription stanzas pass the state machine again; what had been done already changes
 * nothing. All other content (requests, presence text, headlines) was of its moment. */
#include "route/replay.h"

#include <errno.h>
#include <stdlib.h>

#include "base/log.h"
#include "route/answer.h"
#include "route/components.h"
#include "route/history.h"
#include "route/message.h"
#include "route/reread.h"
#include "route/rooms.h"
#include "route/rooms_replay.h"
#include "route/subscription.h"
#include "stanza/ns.h"
#include "stanza/xml_out.h"

enum {
	BATCH_ROWS = 256,
};

struct replay {
	struct route *route;
	struct store_req unspool;
	unsigned waiting; /* answers of the store still to come */
	bool ended;
	struct archive_put *batch; /* rows for archives, not asked for yet */
	int result;  /* first failure */
	uint64_t last_seq;
	void (*done)(void *owner, int result);
	void *owner;
};

struct replay *replay_new(struct route *r)
{
	struct replay *p = calloc(1, sizeof(*p));

	if (p)
		p->route = r;
	return p;
}

struct replay *replay_free(struct replay *p)
{
	free(p);
	return NULL;
}

/* ---- the end ---- */

static void replay_finish(struct replay *p)
{
	struct route *r = p->route;
	void (*done)(void *owner, int result) = p->done;
	void *owner = p->owner;
	int result = p->result;

	if (p->waiting || !p->ended)
		return;
	holds_see(&r->home[0].holds, p->last_seq);
	store_req_release(&p->unspool);
	r->replay = replay_free(p);
	done(owner, result);
}

static void replay_answered(struct replay *p, int result)
{
	p->waiting--;
	if (result && !p->result)
		p->result = result;
	replay_finish(p);
}

static void on_unspooled(struct store_req *req, int result)
{
	replay_answered(req->owner, result);
}

static void batch_put(struct replay *p);

/* What sessions of the previous gate had in hand waits for their people now. */
void route_replay_end(struct route *r, void (*done)(void *owner, int result), void *owner)
{
	struct replay *p = r->replay;

	p->ended = true;
	p->done = done;
	p->owner = owner;
	p->waiting++;
	batch_put(p);
	store_req_init(&p->unspool, on_unspooled, p);
	if (store_message_unspool(r->env.store, &p->unspool, STR(""), STR("")))
		replay_answered(p, -ENOMEM);
}

/* ---- one entry ---- */

struct entry_put {
	struct store_req req;
	struct replay *replay;
};

static void on_put(struct store_req *req, int result)
{
	struct entry_put *e = req->owner;
	struct replay *p = e->replay;

	store_req_release(req);
	free(e);
	replay_answered(p, result);
}

static void put_row(struct replay *p, const struct store_message *row)
{
	struct entry_put *e = calloc(1, sizeof(*e));

	p->waiting++;
	if (e) {
		e->replay = p;
		store_req_init(&e->req, on_put, e);
		if (store_message_put(p->route->env.store, &e->req, STORE_OFFLINE, row, 1, 0, 0) == 0)
			return;
		store_req_release(&e->req);
		free(e);
	}
	replay_answered(p, -ENOMEM);
}

/* ---- archives ---- */

/* Rows are gathered: what comes again after a crash may be much. */
struct archive_put {
	struct store_req req;
	struct replay *replay;
	size_t len;
};

static void on_archived(struct store_req *req, int result)
{
	struct archive_put *a = req->owner;
	struct replay *p = a->replay;

	store_req_release(req);
	free(a);
	replay_answered(p, result);
}

static void batch_put(struct replay *p)
{
	struct archive_put *a = p->batch;

	p->batch = NULL;
	if (a && store_archive_put(p->route->env.store, &a->req))
		on_archived(&a->req, -ENOMEM);
}

static int batch_open(struct replay *p)
{
	struct archive_put *a = calloc(1, sizeof(*a));

	if (!a)
		return -ENOMEM;
	a->replay = p;
	store_req_init(&a->req, on_archived, a);
	if (store_archive_begin(&a->req)) {
		store_req_release(&a->req);
		free(a);
		return -ENOMEM;
	}
	p->batch = a;
	p->waiting++;
	return 0;
}

static void replay_archive(struct replay *p, const struct route_replayed *entry, const struct node *stanza)
{
	struct home *h = &p->route->home[0];
	struct store_archived row = {.seq = entry->seq,
		.id = entry->id,
		.time_us = entry->utc_us,
		.from = entry->from,
		.to = entry->to,
		.views = STORE_VIEW_JUDGE};
	struct buf stone = BUF_INIT(0);
	int r = 0;

	if (!h->settings->history_enabled)
		return;
	if (history_takes(node_attr(stanza, STR("type")), stanza))
		row.views |= STORE_VIEW_SENDER;
	if ((row.views & STORE_VIEW_SENDER) && user_exists(h, jid_split(entry->to).bare))
		row.views |= STORE_VIEW_RECIPIENT;
	if (!home_is_ours(h, jid_split(entry->from).domain))
		row.views &= ~(unsigned)STORE_VIEW_SENDER; /* who speaks through a component has no archive */
	history_read(&row, node_attr(stanza, STR("type")), stanza, true, &stone);
	if (row.views == STORE_VIEW_JUDGE && row.retracts.len == 0)
		return;
	xml_put(&h->scratch, stanza, NS_CLIENT);
	row.xml = buf_view(&h->scratch);
	if (!p->batch)
		r = batch_open(p);
	if (r == 0)
		r = store_archive_add(&p->batch->req, &row);
	buf_clear(&h->scratch);
	buf_done(&stone);
	if (r)
		p->result = r;
	else if (++p->batch->len == BATCH_ROWS)
		batch_put(p);
}

/* ---- messages ---- */

static void replay_message(struct replay *p, const struct route_replayed *entry, const struct node *stanza)
{
	enum message_type type = message_type(node_attr(stanza, STR("type")));
	struct jid to = jid_split(entry->to);
	struct attr by = {.name = STR("by"), .value = to.bare};
	struct attr id = {.next = &by, .name = STR("id"), .value = entry->id};
	struct node sid = {.name = STR("stanza-id"), .ns = NS_SID, .attrs = &id, .kind = NODE_ELEMENT};
	struct xml_stamp stamp = {.extra = &sid};
	struct buf xml = BUF_INIT(0);

	if (type != MESSAGE_NORMAL && type != MESSAGE_CHAT)
		return;
	if ((home_is_ours(&p->route->home[0], to.domain) && !jid_is_domain(&to)) ||
		components_has(p->route, to.domain))
		replay_archive(p, entry, stanza);
	if (!user_exists(&p->route->home[0], to.bare) || node_child(stanza, STR("no-store"), NS_HINTS))
		return;
	xml_put_stamped(&xml, stanza, NS_CLIENT, &stamp);
	if (buf_failed(&xml))
		p->result = -ENOMEM;
	else
		put_row(p, &(struct store_message){.owner = to.bare,
				   .seq = entry->seq,
				   .id = entry->id,
				   .time_us = entry->utc_us,
				   .from = entry->from,
				   .xml = buf_view(&xml)});
	buf_done(&xml);
}

/* ---- subscriptions ---- */

static void run_subscription(struct task *task)
{
	struct parcel *p = parcel_of(task);
	struct jid from = jid_split(node_attr(p->stanza, STR("from")));
	struct user *u = user_find(home_here(p->route), from.bare);

	subscription_send(u, p, letter_kind_of(p->type));
	parcel_end(p);
}

static void run_sender(struct task *task)
{
	struct parcel *p = parcel_of(task);
	struct home *h = home_here(p->route);
	struct jid from = jid_split(node_attr(p->stanza, STR("from")));
	struct user *u = user_of_account(h, from.bare, 0);

	if (!u) {
		if (components_has(p->route, from.domain))
			subscription_route(h, p, from.bare, letter_kind_of(p->type));
		parcel_end(p);
		return;
	}
	task->run = run_subscription;
	user_when_ready(u, task);
}

/* Takes over the arena. */
static void replay_subscription(
	struct route *r, const struct route_replayed *entry, struct node *stanza, struct arena *arena)
{
	struct parcel *p;
	struct jid from = jid_split(entry->from), to = jid_split(entry->to);

	node_set_attr(arena, stanza, STR("from"), arena_dup(arena, from.full));
	to = jid_dup(arena, &to);
	p = parcel_new(arena, stanza, PARCEL_PRESENCE);
	if (!p)
		return;
	p->to = to;
	p->has_to = true;
	p->route = r;
	p->class = CLASS_CONTENT;
	p->receipt = record_receipt_stored(arena, entry->seq, entry->utc_us, entry->id);
	if (arena_is_full(arena) || !p->receipt) {
		parcel_unref(p);
		return;
	}
	p->hold = holds_take(&r->home[0].holds, entry->seq, loop_ms(r->home[0].loop));
	parcel_pass(p, home_of(r, from.bare), run_sender);
}

/* To ask somebody who is no more, or to say yes to him, would begin anew what his removal has ended. */
static bool is_for_nobody(const struct route *r, struct str to, enum letter_kind kind)
{
	struct jid jid = jid_split(to);
	const struct person *person;

	if ((kind != LETTER_SUBSCRIBE && kind != LETTER_SUBSCRIBED) || !home_is_ours(&r->home[0], jid.domain))
		return false;
	person = directory_get(r->env.directory, jid.bare);
	person_unref(person);
	return !person;
}

/* ---- an entry ---- */

void route_replay(struct route *r, const struct route_replayed *entry)
{
	struct replay *p = r->replay;
	struct arena *arena = NULL;
	struct node *stanza = reread_stanza(entry->stanza, &arena);

	if (entry->seq > p->last_seq)
		p->last_seq = entry->seq;
	if (!stanza) {
		log_error("entry %llu of the record holds no stanza that can be routed again",
			(unsigned long long)entry->seq);
		return;
	}
	if (rooms_is_service(&r->home[0], jid_split(entry->to).domain)) {
		rooms_replay(r, entry, stanza, arena);
		return;
	}
	if (str_is(stanza->name, "message")) {
		replay_message(p, entry, stanza);
	} else if (str_is(stanza->name, "presence")) {
		enum letter_kind kind = letter_kind_of(node_attr(stanza, STR("type")));

		if (kind >= LETTER_SUBSCRIBE && !is_for_nobody(r, entry->to, kind)) {
			replay_subscription(r, entry, stanza, arena);
			return;
		}
	}
	arena_free(arena);
}

void route_replay_count(struct route *r, struct str session, uint32_t handled)
{
	struct handled *old = map_get(&r->handled, session);
	struct handled *n;

	if (old) {
		old->count = handled;
		return;
	}
	n = malloc(sizeof(*n) + session.len);
	if (!n)
		return;
	n->count = handled;
	n->len = session.len;
	memcpy(n->session, session.data, session.len);
	if (map_put(&r->handled, str_of(n->session, n->len), n))
		free(n);
}
