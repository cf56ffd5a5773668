#include "route/postings.h"

#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "route/answer.h"
#include "route/deliver.h"
#include "stanza/xml_out.h"

enum {
	ARENA = 4096, /* a receipt */
};

static const struct {
	struct str name;
	const char *subject, *type;
} kinds[ROUTE_POSTINGS] = {
	[ROUTE_MOTD] = {STR("motd"), "Message of the day", "normal"},
	[ROUTE_WELCOME] = {STR("welcome"), "Welcome", "normal"},
};

static struct posting *posting_new(struct str text, const struct kept *kept)
{
	struct posting *p = malloc(sizeof(*p) + text.len);

	if (!p)
		return NULL;
	*p = (struct posting){.refs = 1, .kept = *kept, .len = text.len};
	memcpy(p->text, text.data, text.len);
	return p;
}

static struct posting *posting_ref(struct posting *p)
{
	if (p)
		p->refs++;
	return p;
}

struct posting *posting_unref(struct posting *p)
{
	if (p && --p->refs == 0)
		free(p);
	return NULL;
}

static struct str posting_id(const struct posting *p)
{
	return p ? str_of(p->kept.id, RECORD_ID) : STR("");
}

/* ---- saying it ---- */

static void put_message(
	struct buf *out, const struct session *s, const char *type, const char *subject, struct str id, struct str text)
{
	buf_printf(out, "<message type='%s' from='", type);
	xml_escape(out, s->origin->jid.domain);
	buf_lit(out, "' to='");
	xml_escape(out, s->origin->jid.full);
	buf_lit(out, "' id='");
	buf_str(out, id);
	buf_printf(out, "'><subject>%s</subject><body>", subject);
	xml_escape(out, text);
	buf_lit(out, "</body></message>");
}

static void say_to_session(
	struct session *s, const char *type, const char *subject, const struct receipt *receipt, struct str text)
{
	struct home *h = s->user->home;
	struct goods g = {.note = true};

	put_message(&h->scratch, s, type, subject, receipt_id(receipt), text);
	g.blob = blob_of_scratch(h);
	if (g.blob)
		deliver(s, &g, receipt);
	blob_unref(g.blob);
}

/* False: nobody of the account is available. */
static bool say_to_user(
	struct user *u, const char *type, const char *subject, const struct receipt *receipt, struct str text)
{
	bool said = false;

	session_each(s, u) {
		if (!session_is_available(s))
			continue;
		say_to_session(s, type, subject, receipt, text);
		said = true;
	}
	return said;
}

static bool say_posting(struct user *u, enum route_posting which)
{
	const struct posting *p = u->home->posting[which];
	struct arena *arena = arena_new(ARENA);
	const struct receipt *receipt = arena ? kept_receipt(&p->kept, arena, u->home->record) : NULL;
	bool said = receipt && say_to_user(u, kinds[which].type, kinds[which].subject, receipt,
				       str_of(p->text, p->len));

	arena_free(arena);
	return said;
}

/* ---- announcements ---- */

struct announcement {
	struct task task;
	struct home *home;
	struct parcel *parcel; /* counted; its receipt is read only */
	struct blob *text;     /* counted */
};

static void run_announce(struct task *task)
{
	struct announcement *a = container_of(task, struct announcement, task);
	struct map_slot *slot;

	for (size_t i = 0; (slot = map_next(&a->home->users, &i));)
		say_to_user(slot->value, "headline", "Announcement", a->parcel->receipt, blob_view(a->text));
	parcel_unref(a->parcel);
	blob_unref(a->text);
	free(a);
}

void route_announce(struct route *r, struct parcel *p, struct str text)
{
	struct blob *blob = blob_new(text);

	for (unsigned i = 0; blob && i < r->count; i++) {
		struct announcement *a = malloc(sizeof(*a));

		if (!a) {
			log_error("memory is out: an announcement does not reach everybody");
			break;
		}
		*a = (struct announcement){.task.run = run_announce, .home = &r->home[i], .parcel = parcel_ref(p),
			.text = blob_ref(blob)};
		loop_post(r->home[i].loop, &a->task);
	}
	blob_unref(blob);
}

/* ---- who has got it ---- */

void postings_visit(struct user *u)
{
	if (!u->failed)
		store_visit_note(u->home->route->env.store, u->bare, clock_utc_us());
}

static void mark_greeted(struct user *u)
{
	u->greeted = true;
	store_visit_note_greeted(u->home->route->env.store, u->bare, posting_id(u->home->posting[ROUTE_MOTD]));
}

/* ---- greeting ---- */

struct greeting {
	struct store_req req;
	struct user *user;
};

static void greet(struct user *u, const struct store_visit *visit)
{
	const struct posting *motd = u->home->posting[ROUTE_MOTD];
	bool said = true;

	if (u->home->posting[ROUTE_WELCOME] && visit->logins <= 1 && !visit->welcomed)
		said = say_posting(u, ROUTE_WELCOME);
	if (motd && !str_eq(visit->motd, posting_id(motd)))
		said = say_posting(u, ROUTE_MOTD);
	if (said)
		mark_greeted(u);
}

static void on_visit(struct store_req *req, int result)
{
	struct greeting *g = req->owner;

	g->user->greeting = false;
	if (result == 0)
		greet(g->user, req->visit);
	store_req_release(req);
	user_busy(g->user, -1);
	free(g);
}

void postings_greet(struct session *s)
{
	struct user *u = s->user;
	struct home *h = u->home;
	struct greeting *g;

	if (u->greeted || u->greeting || (!h->posting[ROUTE_MOTD] && !h->posting[ROUTE_WELCOME]))
		return;
	g = calloc(1, sizeof(*g));
	if (!g)
		return;
	g->user = u;
	store_req_init(&g->req, on_visit, g);
	if (store_visit_get(h->route->env.store, &g->req, u->bare)) {
		store_req_release(&g->req);
		free(g);
		return;
	}
	u->greeting = true;
	user_busy(u, 1);
}

/* ---- setting ---- */

struct hanging {
	struct task task;
	struct home *home;
	enum route_posting which;
	struct posting *posting;
	bool tell; /* those who are there */
};

static void run_hang(struct task *task)
{
	struct hanging *w = container_of(task, struct hanging, task);
	struct map_slot *slot;

	posting_unref(w->home->posting[w->which]);
	w->home->posting[w->which] = w->posting;
	for (size_t i = 0; (slot = map_next(&w->home->users, &i));) {
		struct user *u = slot->value;

		if (w->which == ROUTE_MOTD)
			u->greeted = false;
		if (w->tell && u->ready && say_posting(u, w->which))
			mark_greeted(u);
	}
	free(w);
}

static void hang(struct route *r, enum route_posting which, struct posting *posting, bool tell)
{
	posting_unref(r->posting[which]);
	r->posting[which] = posting_ref(posting);
	for (unsigned i = 0; i < r->count; i++) {
		struct hanging *w = malloc(sizeof(*w));

		if (!w) {
			log_error("memory is out: the %s is not changed everywhere", kinds[which].name.data);
			return;
		}
		*w = (struct hanging){.task.run = run_hang, .home = &r->home[i], .which = which,
			.posting = posting_ref(posting), .tell = tell};
		loop_post(r->home[i].loop, &w->task);
	}
}

struct posting_change {
	struct store_req req;
	struct route *route;
	enum route_posting which;
	struct posting *posting;
	void (*done)(void *owner, int result);
	void *owner;
};

static void on_kept(struct store_req *req, int result)
{
	struct posting_change *c = req->owner;

	if (result == 0)
		hang(c->route, c->which, c->posting, c->posting && c->which == ROUTE_MOTD);
	c->done(c->owner, result);
	store_req_release(req);
	posting_unref(c->posting);
	free(c);
}

static int posting_store(struct posting_change *c)
{
	struct store *store = c->route->env.store;
	struct store_notice row = {.name = kinds[c->which].name};

	if (!c->posting)
		return store_notice_delete(store, &c->req, row.name);
	row.text = str_of(c->posting->text, c->posting->len);
	row.id = posting_id(c->posting);
	row.seq = c->posting->kept.seq;
	row.utc_us = c->posting->kept.time_us;
	return store_notice_put(store, &c->req, &row);
}

void route_posting_set(struct route *r, enum route_posting which, const struct parcel *p, struct str text,
	void (*done)(void *owner, int result), void *owner)
{
	struct posting_change *c = calloc(1, sizeof(*c));
	struct kept kept;

	if (!c) {
		done(owner, -ENOMEM);
		return;
	}
	kept_take(&kept, p->receipt);
	c->route = r;
	c->which = which;
	c->done = done;
	c->owner = owner;
	c->posting = text.len && kept.seq ? posting_new(text, &kept) : NULL;
	store_req_init(&c->req, on_kept, c);
	if ((!text.len || c->posting) && posting_store(c) == 0)
		return;
	posting_unref(c->posting);
	free(c);
	done(owner, -ENOMEM);
}

struct str route_posting_get(const struct route *r, enum route_posting which)
{
	const struct posting *p = r->posting[which];

	return p ? str_of(p->text, p->len) : STR_NONE;
}

/* ---- at the start ---- */

static int take_row(struct route *r, const struct store_notice *row)
{
	struct kept kept = {.seq = row->seq, .time_us = row->utc_us};

	if (row->id.len != RECORD_ID)
		return 0;
	memcpy(kept.id, row->id.data, RECORD_ID);
	for (int i = 0; i < ROUTE_POSTINGS; i++) {
		if (!str_eq(row->name, kinds[i].name))
			continue;
		r->posting[i] = posting_new(row->text, &kept);
		if (!r->posting[i])
			return -ENOMEM;
		for (unsigned h = 0; h < r->count; h++)
			r->home[h].posting[i] = posting_ref(r->posting[i]);
	}
	return 0;
}

static void no_answer(struct store_req *req, int result)
{
	(void)req;
	(void)result;
}

int postings_load(struct route *r)
{
	struct store_req req;
	int result;

	store_req_init(&req, no_answer, NULL);
	result = store_notice_all(r->env.store, &req);
	if (result == 0)
		result = store_wait(&req);
	for (size_t i = 0; result == 0 && i < req.notices->len; i++)
		result = take_row(r, &req.notices->rows[i]);
	store_req_release(&req);
	return result > 0 ? -EIO : result;
}
