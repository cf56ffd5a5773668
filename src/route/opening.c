#include "route/opening.h"

#include <stdlib.h>

#include "route/carbons.h"
#include "route/history_query.h"
#include "route/history_round.h"
#include "route/quiet.h"
#include "stanza/xml_out.h"

enum {
	ROUNDS_MAX = 3, /* looks at an archive into which messages keep coming */
};

/* ---- the answer ---- */

static void put_failed(struct buf *b, const struct errand *e)
{
	if (!e->opening->resume)
		return;
	buf_lit(b, "<failed xmlns='urn:xmpp:sm:3'");
	if (e->has_handled)
		buf_printf(b, " h='%u'", e->handled);
	buf_printf(b, "><%s xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></failed>",
		e->opening->resume_is_bad ? "bad-request" : "item-not-found");
}

/* `inside` stands behind the identifier. */
static void say(struct port *port, const struct errand *e, struct str identifier, struct str inside, struct str features)
{
	struct buf b = BUF_INIT(0);

	buf_str(&b, e->opening->head);
	xml_escape(&b, identifier);
	buf_lit(&b, "</authorization-identifier>");
	buf_str(&b, inside);
	buf_str(&b, e->opening->tail);
	buf_str(&b, features);
	if (!buf_failed(&b))
		port_write_str(port, buf_view(&b));
	buf_done(&b);
}

void opening_resumed(struct session *s, struct errand *e, struct str text)
{
	e->opening->resumed = true;
	say(e->port, e, s->origin->jid.full, text, STR_NONE);
}

/* Logged in, and no more: who wanted to be bound can ask in the old way, which knows errors. */
static void say_unbound(struct errand *e)
{
	struct buf inside = BUF_INIT(0);

	put_failed(&inside, e);
	say(e->port, e, e->bare.bare, buf_view(&inside), e->opening->features_unbound);
	buf_done(&inside);
	e->handled = 0;
	errand_answer(e, ERRAND_OK);
}

/* ---- binding ---- */

struct binding {
	struct store_req req;
	struct user *user;
	struct errand *errand;
	unsigned archived; /* user->archived when the archive was asked */
	unsigned rounds;
};

static void put_enabled(struct buf *b, struct session *s, struct errand *e)
{
	struct str text;

	if (!e->opening->manage)
		return;
	if (session_manage(s, e, &text)) {
		buf_str(b, text);
		return;
	}
	e->opening->manage = false;
	buf_lit(b, "<failed xmlns='urn:xmpp:sm:3'>"
		   "<internal-server-error xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></failed>");
}

static void say_bound(struct session *s, struct errand *e, const struct store_archive_page *page)
{
	struct buf inside = BUF_INIT(0);

	put_failed(&inside, e);
	buf_lit(&inside, "<bound xmlns='urn:xmpp:bind:0'>");
	if (page)
		history_put_metadata(&inside, page);
	put_enabled(&inside, s, e);
	buf_lit(&inside, "</bound>");
	say(e->port, e, s->origin->jid.full, buf_view(&inside), e->opening->features_bound);
	buf_done(&inside);
}

static void begin(struct user *u, struct errand *e, const struct store_archive_page *page)
{
	struct session *s = session_by_origin(u, e->origin);

	s->synced = page != NULL;
	say_bound(s, e, page);
	carbons_set(s, e->opening->carbons);
	if (e->opening->inactive)
		quiet_begin(s);
	e->handled = 0;
	errand_answer(e, ERRAND_OK);
}

/* `page`: the ends of the archive; NULL: not known. */
static void bind_now(struct user *u, struct errand *e, const struct store_archive_page *page)
{
	enum errand_error error = session_bind(u, e);

	if (error == ERRAND_E_BAD_RESOURCE) {
		e->resource = STR_NONE;
		error = session_bind(u, e);
	}
	if (error == ERRAND_OK)
		begin(u, e, page);
	else if (error == ERRAND_E_FAILED || error == ERRAND_E_BARRED)
		errand_answer(e, error);
	else
		say_unbound(e);
}

static bool binding_look(struct binding *b);

static void binding_done(struct binding *b, const struct store_archive_page *page)
{
	struct user *u = b->user;

	bind_now(u, b->errand, page);
	store_req_release(&b->req);
	free(b);
	user_busy(u, -1);
}

/* What has come since it was asked for would be in neither, the page or the session. */
static void on_edges(struct store_req *req, int result)
{
	struct binding *b = req->owner;
	bool old = b->archived != b->user->archived;

	if (result == 0 && old && b->rounds < ROUNDS_MAX) {
		store_req_release(req);
		if (binding_look(b))
			return;
		result = STORE_E_FAILED;
	}
	binding_done(b, result == 0 && !old ? req->page : NULL);
}

static void on_round(void *arg)
{
	struct binding *b = arg;
	struct store_archive_query query = {.owner = b->user->bare, .edges = true, .max = 1};

	store_req_init(&b->req, on_edges, b);
	b->archived = b->user->archived;
	if (store_archive_load(b->user->home->route->env.store, &b->req, &query))
		binding_done(b, NULL);
}

static bool binding_look(struct binding *b)
{
	b->rounds++;
	return history_round(b->user->home, b->user->bare, on_round, b) == 0;
}

static void run_bind(struct user *u, struct errand *e)
{
	struct binding *b = u->home->settings->history_enabled && !u->failed ? calloc(1, sizeof(*b)) : NULL;

	if (!b) {
		bind_now(u, e, NULL);
		return;
	}
	b->user = u;
	b->errand = e;
	user_busy(u, 1);
	store_req_init(&b->req, on_edges, b);
	if (!binding_look(b))
		binding_done(b, NULL);
}

static void run_instead(struct task *task)
{
	struct errand *e = container_of(task, struct errand, task);
	struct user *u = user_find(home_here(e->route), e->bare.bare);

	user_busy(u, -1);
	if (e->opening->bind)
		run_bind(u, e);
	else
		say_unbound(e);
}

/* Not at once: the session that was asked for may be about to end. */
void opening_not_resumed(struct user *u, struct errand *e)
{
	e->task.run = run_instead;
	user_busy(u, 1);
	loop_post(u->home->loop, &e->task);
}

void opening_run(struct user *u, struct errand *e)
{
	if (e->opening->resume && !e->opening->resume_is_bad)
		session_ask_resume(u, e);
	else if (e->opening->bind)
		run_bind(u, e);
	else
		say_unbound(e);
}
