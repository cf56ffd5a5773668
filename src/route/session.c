#include "route/session.h"

#include <stdlib.h>

#include "account/directory.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/rand.h"
#include "base/text.h"
#include "route/carbons.h"
#include "route/channel.h"
#include "route/components.h"
#include "route/crew.h"
#include "route/deliver.h"
#include "route/directed.h"
#include "route/forewarn.h"
#include "route/headline.h"
#include "route/interest.h"
#include "route/inventory.h"
#include "route/judge.h"
#include "route/probation.h"
#include "route/last.h"
#include "route/lock.h"
#include "route/newcomer.h"
#include "route/sluice.h"
#include "route/note.h"
#include "route/opening.h"
#include "route/parallel.h"
#include "route/postings.h"
#include "route/presence.h"
#include "route/quiet.h"
#include "route/reread.h"
#include "route/share.h"
#include "route/takeover.h"
#include "stanza/ns.h"
#include "stanza/stanza_error.h"
#include "stanza/xml_out.h"

enum {
	TIMER_MAX = 3000,   /* seconds; a longer wait is cut into pieces */
	TAKEOVER_WAIT = 10, /* seconds the old connection may take to end */
};

struct session *session_by_resource(const struct user *u, struct str resource)
{
	session_each(s, u) if (str_eq(s->origin->jid.resource, resource)) return s;
	return NULL;
}

struct session *session_by_origin(const struct user *u, const struct origin *o)
{
	session_each(s, u) if (s->origin == o) return s;
	return NULL;
}

/* ---- answers of the server ---- */

struct answer {
	struct task task;
	struct origin *origin;
	struct port *port;
	struct blob *stanza;
	struct kept kept; /* of another person's content */
};

static void answer_give(struct origin *o, struct port *port, struct blob *stanza)
{
	struct home *h = home_here(o->owner);
	struct session *s = o->user ? session_by_origin(o->user, o) : NULL;

	if (s)
		deliver(s, &(struct goods){.blob = stanza, .own = true}, record_signal(h->record, SIGNAL_SERVER));
	else
		port_write(port, stanza);
}

static void run_answer(struct task *task)
{
	struct answer *a = container_of(task, struct answer, task);

	answer_give(a->origin, a->port, a->stanza);
	origin_unref(a->origin);
	port_unref(a->port);
	blob_unref(a->stanza);
	free(a);
}

void session_answer(struct origin *o, struct port *port, struct blob *stanza)
{
	struct answer *a;

	if (o->home == loop_current()) {
		answer_give(o, port, stanza);
		return;
	}
	a = malloc(sizeof(*a));
	if (!a)
		return;
	*a = (struct answer){.task = {.run = run_answer},
		.origin = origin_ref(o),
		.port = port_ref(port),
		.stanza = blob_ref(stanza)};
	loop_post(o->home, &a->task);
}

/* What it asked for must not reach it: the same answer as an error, without the content. */
static void withhold(struct session *s, struct blob *stanza)
{
	struct buf text = BUF_INIT(0);
	struct arena *arena = NULL;
	struct node *answer = reread_stanza(blob_view(stanza), &arena), *error;

	error = answer ? stanza_error_node(arena, answer->ns, STANZA_POLICY_VIOLATION, STANZA_TYPE_DEFAULT, STR_NONE, STR_NONE)
		       : NULL;
	if (error) {
		answer->first = answer->last = NULL;
		node_set_attr(arena, answer, STR("type"), STR("error"));
		node_append(answer, error);
		xml_put(&text, answer, NS_CLIENT);
		if (!buf_failed(&text))
			deliver_own_bytes(s, buf_view(&text));
	}
	buf_done(&text);
	arena_free(arena);
}

static void content_give(struct origin *o, struct blob *stanza, const struct kept *kept)
{
	struct session *s = o->user ? session_by_origin(o->user, o) : NULL;
	struct arena *arena = s ? arena_new(0) : NULL;
	const struct receipt *receipt = arena ? kept_receipt(kept, arena, home_here(o->owner)->record) : NULL;

	if (receipt && !deliver_offer(s, &(struct goods){.blob = stanza, .own = true}, receipt))
		withhold(s, stanza);
	arena_free(arena);
}

static void run_content(struct task *task)
{
	struct answer *a = container_of(task, struct answer, task);

	content_give(a->origin, a->stanza, &a->kept);
	origin_unref(a->origin);
	blob_unref(a->stanza);
	free(a);
}

void session_answer_content(struct origin *o, struct blob *stanza, const struct kept *kept)
{
	struct answer *a;

	if (o->home == loop_current()) {
		content_give(o, stanza, kept);
		return;
	}
	a = malloc(sizeof(*a));
	if (!a)
		return;
	*a = (struct answer){.task = {.run = run_content},
		.origin = origin_ref(o),
		.stanza = blob_ref(stanza),
		.kept = *kept};
	loop_post(o->home, &a->task);
}

/* ---- the end ---- */

/* There is nothing to resume. */
static void resume_refuse(struct user *u, struct errand *e)
{
	if (e->kind == ERRAND_OPEN)
		opening_not_resumed(u, e);
	else
		errand_answer(e, ERRAND_E_ITEM_NOT_FOUND);
}

static void session_free(struct session *s)
{
	timer_stop(&s->timer);
	list_remove(&s->link);
	list_remove(&s->unacked);
	list_remove(&s->doomed);
	parallel_drop(s);
	sighting_done(&s->sighting);
	directed_clear(s);
	interest_drop(s);
	judge_free(s);
	forewarned_free(s->forewarned);
	standing_unref(s->doom.standing);
	blob_unref(s->presence);
	sm_free(s->sm);
	free(s->moved);
	sm_free(s->lobby);
	quiet_free(s->quiet);
	port_unref(s->port);
	s->origin->user = NULL;
	origin_unref(s->origin);
	free(s);
}

static void remember_ended(const struct session *s)
{
	struct home *h = s->user->home;
	struct ended *e = &h->ended[h->ended_next++ % ENDED_MAX];

	memcpy(e->session, s->origin->session.data, RECORD_ID);
	e->account = map_hash(s->user->bare);
	e->handled = s->handled;
}

void session_end(struct session *s, const char *condition, const char *text, const char *reason)
{
	struct user *u = s->user;

	user_busy(u, 1);
	if (s->port && condition)
		port_close(s->port, condition, text);
	s->port = port_unref(s->port);
	if (s->resuming)
		resume_refuse(s->user, s->resuming);
	probation_end(s);
	presence_end(s, NULL, NULL);
	carbons_set(s, false);
	note_session_close(s, reason);
	inventory_ended(s);
	if (s->sm)
		remember_ended(s);
	list_remove(&s->link);
	u->session_count--;
	u->home->sessions--;
	if (u->session_count == 0) {
		last_note(u);
		crew_leave(u);
	}
	deliver_rest(s);
	session_free(s);
	user_busy(u, -1);
}

/* Once. */
static void say_why(struct session *s)
{
	struct doom *d = &s->doom;

	if (!s->port || d->said)
		return;
	d->said = true;
	if (!d->standing) {
		port_close(s->port, d->condition, d->text);
		return;
	}
	headline_give(s, d->standing->text, d->standing->lang);
	port_close_told(s->port, d->condition, d->standing);
}

static void run_reap(struct task *task)
{
	struct home *h = container_of(task, struct home, reap);
	struct share share = share_begin();

	while (!list_is_empty(&h->doomed) && share_takes(&share)) {
		struct session *s = container_of(h->doomed.next, struct session, doomed);

		say_why(s);
		session_end(s, NULL, NULL, s->doom.reason);
	}
	h->said = 0;
	h->reaping = !list_is_empty(&h->doomed);
	if (h->reaping)
		loop_post_next(h->loop, &h->reap);
}

void session_condemn(struct session *s, struct list *into, const char *reason)
{
	s->doom.reason = reason;
	s->origin->ending = true;
	list_append(into, &s->doomed);
}

static void doom(struct session *s, struct doom how)
{
	struct home *h = s->user->home;

	if (session_is_ending(s))
		return;
	s->doom = how;
	standing_ref(how.standing);
	session_condemn(s, &h->doomed, how.reason);
	if (h->said++ < SHARE_SESSIONS)
		say_why(s); /* before whatever the caller answers */
	if (h->reaping)
		return;
	h->reaping = true;
	h->reap.run = run_reap;
	loop_post(h->loop, &h->reap);
}

void session_doom(struct session *s, const char *condition, const char *text, const char *reason)
{
	doom(s, (struct doom){.reason = reason, .condition = condition, .text = text});
}

void session_doom_told(struct session *s, const char *condition, struct standing *standing, const char *reason)
{
	doom(s, (struct doom){.reason = reason, .condition = condition, .standing = standing});
}

void sessions_discard(struct user *u)
{
	struct session *s;

	while ((s = session_first(u))) {
		if (s->resuming)
			errand_free(s->resuming);
		session_free(s);
	}
}

/* ---- binding (RFC 6120 section 7) ---- */

static void on_timer(struct timer *timer);

static struct str make_resource(struct errand *e)
{
	unsigned char random[12];
	struct buf text = BUF_INIT(0);
	struct str out;

	rand_pooled(random, sizeof(random));
	base64url_put(&text, random, sizeof(random));
	out = arena_dup(e->arena, buf_view(&text));
	buf_done(&text);
	return out;
}

static struct origin *make_origin(struct user *u, const struct errand *e, const struct jid *full)
{
	char id[RECORD_ID];
	struct origin_parts parts = {.jid = full,
		.person = e->person,
		.address = e->address,
		.tls = e->tls,
		.mechanism = e->mechanism,
		.ja4 = e->ja4,
		.agent_id = e->agent_id,
		.agent_software = e->agent_software,
		.agent_device = e->agent_device,
		.home = u->home->loop};
	struct origin *o;

	record_id(id);
	parts.session = str_of(id, sizeof(id));
	o = origin_new(&parts);
	if (!o)
		return NULL;
	o->answer = session_answer;
	o->owner = u->home->route;
	return o;
}

static struct session *session_new(struct user *u, struct errand *e, const struct jid *full)
{
	struct session *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->origin = make_origin(u, e, full);
	if (!s->origin) {
		free(s);
		return NULL;
	}
	s->user = s->origin->user = u;
	s->port = port_ref(e->port);
	s->connected_us = s->arrived_us = clock_utc_us();
	list_init(&s->unacked);
	list_init(&s->doomed);
	list_init(&s->fresh);
	sighting_init(&s->sighting);
	timer_init(&s->timer, on_timer);
	list_append(&u->sessions, &s->link);
	u->session_count++;
	u->home->sessions++;
	return s;
}

/* A login that is older than the person's password is worth nothing. */
static bool is_still_proven(const struct user *u, const struct errand *e)
{
	const struct person *now = directory_get(u->home->route->env.directory, u->bare);
	bool still = person_is_still(e->person, now);

	person_unref(now);
	return still;
}

void session_replace(struct session *old, const struct errand *e, const char *text)
{
	takeover_begin(old, e, false, text);
	session_end(old, NULL, NULL, "conflict");
}

/* Why it goes when e binds the resource: it has that, or it is of the device that logs in (XEP-0386: in one step). NULL: it stays. */
static const char *replaced_for(const struct session *s, const struct errand *e, struct str resource)
{
	if (e->kind == ERRAND_OPEN && e->agent_id.len && str_eq(s->origin->agent_id, e->agent_id))
		return "Replaced by a new session of the same device.";
	return str_eq(s->origin->jid.resource, resource) ? "Replaced by a new session with the same resource." : NULL;
}

static bool has_room(const struct user *u, const struct errand *e, struct str resource)
{
	if (u->session_count < u->home->settings->limits_sessions_per_account)
		return true;
	for (const struct session *s = session_first(u); s; s = session_next(s))
		if (replaced_for(s, e, resource))
			return true;
	return false;
}

static void end_replaced(struct user *u, const struct errand *e, struct str resource)
{
	struct session *s = session_first(u), *next;

	for (; s; s = next) {
		const char *why = replaced_for(s, e, resource);

		next = session_next(s);
		if (why)
			session_replace(s, e, why);
	}
}

/* Nothing ends for it before it is sure that it may be bound. */
enum errand_error session_bind(struct user *u, struct errand *e)
{
	struct jid full;
	struct session *s;

	if (u->failed)
		return ERRAND_E_FAILED;
	if (!is_still_proven(u, e))
		return ERRAND_E_NO_ACCOUNT;
	if (e->resource.len == 0)
		e->resource = make_resource(e);
	if (jid_with_resource(&full, &e->bare, e->resource, e->arena))
		return ERRAND_E_BAD_RESOURCE;
	if (lock_bars_errand(u->home, e, &full))
		return ERRAND_E_BARRED;
	if (!has_room(u, e, full.resource))
		return ERRAND_E_TOO_MANY;
	end_replaced(u, e, full.resource);
	s = session_new(u, e, &full);
	if (!s)
		return ERRAND_E_FAILED;
	e->origin = origin_ref(s->origin);
	note_session_open(s);
	inventory_met(s);
	parallel_met(s);
	probation_bind(s);
	newcomer_bound(s); /* where it fails at once it ends the wait */
	e->standing = standing_ref(s->standing);
	if (u->session_count == 1) {
		last_note(u);
		crew_enter(u);
	}
	postings_visit(u);
	return ERRAND_OK;
}

/* ---- stream management ---- */

static struct str sm_id_of(const struct session *s, struct arena *arena)
{
	return arena_printf(arena, "%.*s.%s", STR_FMT(s->origin->session), s->sm->secret);
}

bool session_manage(struct session *s, struct errand *e, struct str *text)
{
	unsigned seconds = s->user->home->settings->sm_resume_seconds;

	if (e->max_seconds && e->max_seconds < seconds)
		seconds = e->max_seconds;
	s->resume_seconds = seconds;
	s->sm = sm_new(e->wants_resume && seconds > 0);
	if (!s->sm)
		return false;
	*text = STR("<enabled xmlns='urn:xmpp:sm:3'/>");
	if (!s->sm->resumable)
		return true;
	e->sm_id = sm_id_of(s, e->arena);
	e->max_seconds = seconds;
	*text = arena_printf(e->arena, "<enabled xmlns='urn:xmpp:sm:3' id='%.*s' resume='true' max='%u'/>",
		STR_FMT(e->sm_id), seconds);
	return true;
}

static enum errand_error session_enable(struct user *u, struct errand *e)
{
	struct session *s = session_by_origin(u, e->origin);
	struct str text;

	if (!s || s->sm || !s->port || session_is_ending(s) || !session_manage(s, e, &text))
		return ERRAND_E_FAILED;
	port_write_str(s->port, text);
	return ERRAND_OK;
}

static bool same_secret(struct str a, struct str b)
{
	unsigned char different = a.len != b.len;

	for (size_t i = 0; i < a.len && i < b.len; i++)
		different |= (unsigned char)(a.data[i] ^ b.data[i]);
	return !different;
}

static struct session *session_by_sm_id(const struct user *u, struct str id)
{
	size_t dot = str_find(id, '.', 0);
	struct str name = str_cut(id, 0, dot), secret = str_cut(id, dot + 1, id.len);

	session_each(s, u) if (s->sm && s->sm->resumable && str_eq(s->origin->session, name) &&
			       same_secret(str_from(s->sm->secret), secret)) return s;
	return NULL;
}

/* The session is gone; perhaps we know how far it had got. */
static void recall_handled(const struct user *u, struct errand *e)
{
	const struct home *h = u->home;
	struct str name = str_cut(e->sm_id, 0, str_find(e->sm_id, '.', 0));
	const struct handled *before = map_get(&h->route->handled, name);

	if (before) {
		e->handled = before->count;
		e->has_handled = true;
	}
	for (unsigned i = 0; name.len == RECORD_ID && i < ENDED_MAX; i++)
		if (h->ended[i].account == map_hash(u->bare) &&
			str_eq(name, str_of(h->ended[i].session, RECORD_ID))) {
			e->handled = h->ended[i].handled;
			e->has_handled = true;
		}
}

/* Nobody is attached any more: the new connection takes over. */
static void session_resume(struct session *s, struct errand *e)
{
	struct channel now = channel_of_errand(e);
	bool moved = channel_is_far(s->user->home->settings, channel_of(s).address, now.address);
	struct str text;

	s->resuming = NULL;
	timer_stop(&s->timer);
	if (!deliver_acked(s, e->h)) {
		errand_answer(e, ERRAND_E_COUNT_TOO_HIGH);
		session_end(s, NULL, NULL, "handled count too high");
		return;
	}
	s->port = port_ref(e->port);
	e->origin = origin_ref(s->origin);
	e->standing = standing_ref(s->standing);
	e->handled = s->handled;
	text = arena_printf(e->arena, "<resumed xmlns='urn:xmpp:sm:3' h='%u' previd='%.*s'/>", s->handled,
		STR_FMT(sm_id_of(s, e->arena)));
	if (e->kind == ERRAND_OPEN)
		opening_resumed(s, e, text);
	else
		port_write_str(s->port, text);
	note_session_resumed(s, e);
	inventory_resumed(s, &now);
	if (!channel_move(s, &now))
		log_warn("out of memory: a session is shown where it was before it was resumed");
	if (moved)
		s->arrived_us = clock_utc_us();
	if (moved || list_is_empty(&s->fresh))
		parallel_met(s);
	errand_answer(e, ERRAND_OK);
	judge_moved(s);
	if (session_is_ending(s))
		return;
	probation_resumed(s);
	deliver_again(s);
	quiet_end(s); /* XEP-0352 section 5: a resumed stream begins active */
}

/* The session is there, and stays for whoever has a right to it; a client that is told so begins a new one (XEP-0198 section 5).
 * How much of what it has sent was handled is known while nobody is attached. */
static void resume_bar(struct session *s, struct errand *e, const char *sign)
{
	takeover_refused(s, e, sign);
	if (!s->port) {
		e->handled = s->handled;
		e->has_handled = true;
	}
	resume_refuse(s->user, e);
}

void session_ask_resume(struct user *u, struct errand *e)
{
	struct session *s = session_by_sm_id(u, e->sm_id);
	const char *sign;

	if (s && !session_is_ending(s) && sluice_stops_queue(s, e->h)) {
		(void)deliver_acked(s, e->h);
		session_doom(s, NULL, NULL, LOCK_REASON); /* the rest goes back to where it waits */
	}
	if (!s || session_is_ending(s) || !is_still_proven(u, e) || lock_bars(s)) {
		recall_handled(u, e);
		resume_refuse(u, e);
		return;
	}
	sign = takeover_bars(s, e);
	if (sign) {
		resume_bar(s, e, sign);
		return;
	}
	if (s->resuming) {
		resume_refuse(u, s->resuming);
		s->resuming = e;
		timer_start(u->home->loop, &s->timer, TAKEOVER_WAIT);
		return;
	}
	takeover_begin(s, e, true, "The session goes on over a new connection.");
	if (!s->port) {
		session_resume(s, e);
		return;
	}
	s->resuming = e;
	timer_start(u->home->loop, &s->timer, TAKEOVER_WAIT);
}

static void session_acked(struct user *u, struct errand *e)
{
	struct session *s = session_by_origin(u, e->origin);

	if (s && s->sm && s->port == e->port)
		(void)deliver_acked(s, e->h);
	errand_free(e);
}

/* ---- client state (XEP-0352) ---- */

static void session_state(struct user *u, struct errand *e)
{
	struct session *s = session_by_origin(u, e->origin);

	if (s && s->port == e->port) {
		if (e->inactive)
			quiet_begin(s);
		else
			quiet_end(s);
	}
	errand_free(e);
}

/* ---- what waits to be judged ---- */

static void session_shows(struct user *u, struct errand *e)
{
	struct session *s = session_by_origin(u, e->origin);
	struct caps caps = {.hash = e->caps_hash, .ver = e->caps_ver, .node = e->caps_node};

	if (s && s->port == e->port)
		probation_shows(s, &caps);
	errand_free(e);
}

/* ---- when the connection has gone ---- */

static void timer_again(struct session *s)
{
	uint64_t now = loop_seconds(s->user->home->loop);
	uint64_t left = s->detached_until > now ? s->detached_until - now : 0;

	timer_start(s->user->home->loop, &s->timer, left < TIMER_MAX ? (unsigned)left : TIMER_MAX);
}

static void on_timer(struct timer *timer)
{
	struct session *s = container_of(timer, struct session, timer);

	if (s->resuming) {
		resume_refuse(s->user, s->resuming);
		s->resuming = NULL;
	} else if (loop_seconds(s->user->home->loop) < s->detached_until) {
		timer_again(s);
	} else {
		session_end(s, NULL, NULL, "not resumed");
	}
}

static void session_gone(struct user *u, struct errand *e)
{
	static const char *const reasons[] = {"closed", "connection lost", "stream error"};
	struct session *s = session_by_origin(u, e->origin);

	if (s && s->port == e->port) {
		s->handled = e->handled;
		s->port = port_unref(s->port);
		if (session_is_ending(s)) {
			session_end(s, NULL, NULL, s->doom.reason);
		} else if (s->resuming) {
			session_resume(s, s->resuming);
		} else if (e->reason == GONE_LOST && s->sm && s->sm->resumable) {
			s->detached_until = (uint32_t)(loop_seconds(u->home->loop) + s->resume_seconds);
			timer_again(s);
		} else {
			session_end(s, NULL, NULL, reasons[e->reason]);
		}
	}
	errand_free(e);
}

/* ---- errands ---- */

static void run_loaded(struct task *task)
{
	struct errand *e = container_of(task, struct errand, task);
	struct home *h = home_here(e->route);
	struct user *u = user_find(h, e->origin ? e->origin->jid.bare : e->bare.bare);

	switch (e->kind) {
	case ERRAND_BIND:
		errand_answer(e, session_bind(u, e));
		break;
	case ERRAND_SM_ENABLE:
		errand_answer(e, session_enable(u, e));
		break;
	case ERRAND_SM_RESUME:
		session_ask_resume(u, e);
		break;
	case ERRAND_OPEN:
		opening_run(u, e);
		break;
	case ERRAND_SM_ACK:
		session_acked(u, e);
		break;
	case ERRAND_STATE:
		session_state(u, e);
		break;
	case ERRAND_GONE:
		session_gone(u, e);
		break;
	case ERRAND_SHOWS:
		session_shows(u, e);
		break;
	case ERRAND_COMPONENT:
		break; /* components.c */
	}
}

static void errand_fail(struct errand *e)
{
	if (e->kind == ERRAND_SM_ACK || e->kind == ERRAND_STATE || e->kind == ERRAND_GONE || e->kind == ERRAND_SHOWS)
		errand_free(e);
	else
		errand_answer(e, ERRAND_E_FAILED);
}

void session_run_errand(struct task *task)
{
	struct errand *e = container_of(task, struct errand, task);
	struct str bare = e->origin ? e->origin->jid.bare : e->bare.bare;
	struct home *h = home_here(e->route);
	struct user *u;

	if (e->kind == ERRAND_COMPONENT || (e->origin && !e->origin->person)) {
		components_run_errand(e);
		return;
	}
	u = user_get(h, bare);
	if (!u) {
		errand_fail(e);
		return;
	}
	task->run = run_loaded;
	user_when_ready(u, task);
}
