#include "route/ruling.h"

#include "account/denials.h"
#include "account/directory.h"
#include "account/turnstile.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "client/judge.h"
#include "client/seen.h"
#include "conf/service.h"
#include "route/channel.h"
#include "route/confirmation.h"
#include "route/deliver.h"
#include "route/headline.h"
#include "route/inventory.h"
#include "route/lock.h"
#include "route/note.h"
#include "route/patch.h"

/* ---- the case ---- */

/* What rules decide about. The person is looked up: groups change while somebody is logged in. */
struct question {
	struct subject subject;
	struct client_case about;
	const struct person *person; /* counted; may be NULL */
};

static void question_init(struct question *q, const struct session *s, const struct judgement *client)
{
	const struct home *h = s->user->home;
	const struct origin *o = s->origin;
	const struct person *found = directory_get(h->route->env.directory, o->jid.bare);
	const struct settings_strings *help = &h->settings->contact_support;
	struct channel at = channel_of(s);

	q->person = found ? found : person_ref(o->person);
	q->subject = (struct subject){.jid = o->jid.bare, .domain = o->jid.domain, .resource = o->jid.resource,
		.inside = settings_is_inside(h->settings, o->jid.domain)};
	if (q->person) {
		q->subject.groups = q->person->groups;
		q->subject.group_count = q->person->groups_len;
	}
	q->about = (struct client_case){.client = client,
		.person = &q->subject,
		.address = network_host(at.address),
		.mechanism = at.mechanism,
		.tls = at.tls,
		.help = help->len ? help->items[0] : STR_NONE,
		.now_us = clock_utc_us()};
}

static void question_done(struct question *q)
{
	person_unref(q->person);
}

/* ---- how it stands ---- */

/* Its device waits to be confirmed: that comes on top of what the rules say. */
static void limit_unconfirmed(const struct session *s, struct client_decision *d, struct str *text, struct arena *arena)
{
	unsigned limits = d->effect < CLIENT_DENY ? confirmation_limits(s) : 0;
	struct buf out = BUF_INIT(0);

	if (!limits)
		return;
	if (d->effect == CLIENT_RESTRICT) {
		d->limits |= limits;
		buf_str(&out, *text);
		if (out.len)
			buf_putc(&out, '\n');
	} else {
		d->effect = CLIENT_RESTRICT;
		d->limits = limits;
		d->rule = CONFIRMATION_RULE;
	}
	confirmation_put_text(&out, s, limits);
	*text = arena_dup(arena, buf_view(&out));
	buf_done(&out);
}

static struct standing *standing_of(const struct session *s, struct judgement *client)
{
	struct arena *arena = arena_new(0);
	struct client_decision d;
	struct standing *out;
	const struct notice *notice;
	struct question q;
	struct str lang, text;

	if (!arena)
		return NULL;
	question_init(&q, s, client);
	client_decide(s->user->home->policy, &q.about, &d);
	lang = q.person ? q.person->language : STR("");
	notice = d.notice ? notice_choose(d.notice, lang) : NULL;
	text = client_decision_text(&d, lang, arena);
	limit_unconfirmed(s, &d, &text, arena);
	out = standing_new(client, &d, text, notice ? notice->lang : lang);
	question_done(&q);
	arena_free(arena);
	return out;
}

void ruling_warn(struct session *s)
{
	const struct standing *st = s->standing;

	if (!st || st->effect < CLIENT_WARN)
		return;
	if (!s->warned)
		headline_give(s, st->text, st->lang);
	s->warned = true;
}

static bool is_as_before(const struct standing *old, const struct standing *new)
{
	return old->effect == new->effect && old->limits == new->limits && str_eq(old->rule, new->rule) &&
	       str_eq(old->text, new->text) && (old->client == new->client ||
		       (old->client && new->client && judgement_is_same(old->client, new->client)));
}

static bool decides_alike(const struct standing *old, const struct standing *new)
{
	return old && old->effect == new->effect && old->limits == new->limits && str_eq(old->rule, new->rule);
}

static struct comer comer_of(const struct session *s)
{
	const struct origin *o = s->origin;

	return (struct comer){.account = o->jid.bare, .address = network_host(channel_of(s).address), .agent = o->agent_id,
		.ja4 = o->ja4, .mechanism = o->mechanism};
}

static void let_in(const struct session *s)
{
	struct comer c = comer_of(s);

	if (s->user->home->route->env.turnstile)
		turnstile_passed(s->user->home->route->env.turnstile, &c);
}

/* Nothing of what waits goes anywhere: the session ends. Why is said twice: there are programs that show no text of a stream
 * error. */
static void deny(struct session *s, struct standing *st)
{
	const struct home *h = s->user->home;
	struct comer c = comer_of(s);

	if (h->route->env.turnstile)
		turnstile_denied(h->route->env.turnstile, &c, st->rule, st->text, loop_ms(h->loop));
	denials_count(h->route->env.denials, st->rule);
	inventory_refused(s->user->home->route->env.store, &(struct inventory_refusal){.kind = STR("client"),
		.owner = s->user->bare,
		.address = channel_of(s).address,
		.client = st->client,
		.rule = st->rule,
		.reason = st->text});
	session_doom_told(s, "policy-violation", st, "client denied");
	standing_unref(st);
}

static bool patch(struct session *s, const struct judgement *client)
{
	struct question q;
	bool chosen;

	question_init(&q, s, client);
	chosen = patch_choose(s, &q.about);
	question_done(&q);
	return chosen;
}

/* Takes the reference. */
static void install(struct session *s, struct standing *st)
{
	struct standing *old = s->standing;

	if (!decides_alike(old, st) && (st->effect > CLIENT_ALLOW || (old && old->effect > CLIENT_ALLOW)))
		note_client_rule(s, st);
	if (st->effect == CLIENT_DENY) {
		deny(s, st);
		return;
	}
	s->standing = st;
	ruling_warn(s);
	if (s->port)
		port_judge(s->port, st);
	lock_judged(s, !old || !old->client);
	if (!old) {
		let_in(s);
		deliver_waiting(s);
	}
	standing_unref(old);
}

void ruling_now(struct session *s)
{
	struct client_signals seen;
	struct judgement *client;
	struct standing *st;

	if (session_is_ending(s))
		return;
	seen_view(s->seen, &seen);
	client = client_judge(s->user->home->clients, &seen);
	if (client)
		inventory_saw(s, client);
	if (client && !s->standing && confirmation_awaits(s)) {
		judgement_unref(client);
		return;
	}
	st = client && patch(s, client) ? standing_of(s, client) : NULL;
	if (!st) {
		ruling_fail(s);
	} else if (s->standing && is_as_before(s->standing, st)) {
		standing_unref(st);
	} else {
		if (!s->standing || !s->standing->client || !judgement_is_same(s->standing->client, client))
			note_client(s, client, &seen);
		home_count(&s->user->home->figures.clients_judged[client->class], 1);
		install(s, st);
	}
	judgement_unref(client);
}

void ruling_again(struct session *s)
{
	struct judgement *client = s->standing->client;
	struct standing *st = !client || patch(s, client) ? standing_of(s, client) : NULL;

	if (!st)
		ruling_fail(s);
	else if (!is_as_before(s->standing, st))
		install(s, st);
	else
		standing_unref(st);
}

/* ---- of a client nobody knows yet ---- */

enum client_effect ruling_worst(const struct session *s)
{
	struct question q;
	enum client_effect worst;

	question_init(&q, s, NULL);
	worst = client_worst(s->user->home->policy, &q.about);
	question_done(&q);
	return worst;
}

bool ruling_asks_system(const struct session *s)
{
	struct question q;
	bool asks;

	question_init(&q, s, NULL);
	asks = client_system_matters(s->user->home->policy, &q.about);
	question_done(&q);
	return asks;
}

enum client_effect ruling_of(const struct session *s, const struct judgement *client)
{
	struct client_decision d;
	struct question q;

	question_init(&q, s, client);
	client_decide(s->user->home->policy, &q.about, &d);
	question_done(&q);
	return d.effect;
}

void ruling_fail(struct session *s)
{
	log_error("out of memory: it cannot be told what the client of a session is");
	if (!s->standing || (confirmation_limits(s) & ~s->standing->limits) || lock_needs_client(s->user->home) ||
		ruling_worst(s) > CLIENT_WARN)
		session_doom(s, "resource-constraint", "The server is out of memory.", "out of memory");
}

void ruling_met(struct session *s)
{
	struct standing *st = standing_of(s, NULL);

	if (!st) {
		ruling_fail(s);
		return;
	}
	if (st->effect > CLIENT_ALLOW)
		note_client_rule(s, st);
	if (st->effect == CLIENT_DENY) {
		deny(s, st);
		return;
	}
	if (st->effect == CLIENT_ALLOW) {
		standing_unref(st);
		st = standing_ref(s->user->home->stranger);
	}
	s->standing = st;
	if (session_is_available(s))
		ruling_warn(s);
	if (s->port)
		port_judge(s->port, st);
	deliver_waiting(s);
}

void ruling_unasked(struct session *s, enum client_effect worst)
{
	unsigned limits = confirmation_limits(s);
	struct standing *st = worst > CLIENT_ALLOW || limits ? standing_of(s, NULL) : NULL;

	if ((worst > CLIENT_WARN || limits) && !st) {
		ruling_fail(s);
		return;
	}
	if (st && st->effect == CLIENT_DENY) {
		note_client_rule(s, st);
		deny(s, st);
		st = NULL;
	} else if (st && st->effect > CLIENT_ALLOW) {
		note_client_rule(s, st); /* a headline has to wait until the client knows its address */
	} else {
		st = standing_unref(st);
	}
	s->standing = st ? st : standing_ref(s->user->home->stranger);
}
