#include "route/takeover.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/phrase.h"
#include "base/text.h"
#include "parcel/parting.h"
#include "route/channel.h"
#include "route/headline.h"
#include "route/note.h"
#include "route/post.h"
#include "route/user.h"

enum {
	TOLD_AGAIN_S = 600, /* a person is told at most so often */
	SHOWN_MAX = 32,     /* bytes of what a client says of itself: a name, no message to who reads it */
};

enum sign {
	SIGN_NETWORK = 1,
	SIGN_WEAKER = 2,
	SIGN_THERE = 4,
	SIGN_DEVICE = 8,
	SIGNS = 4,
};

static const char *const sign_names[SIGNS] = {"other network", "weaker channel", "still there", "other device"};

enum outcome {
	OUTCOME_RESUMED,
	OUTCOME_REPLACED,
	OUTCOME_REFUSED,
};

static const char *const outcome_names[] = {"resumed", "replaced", "refused"};

/* One block of memory; what is told of a takeover once all is known of it. */
struct takeover {
	struct parting parting;
	struct waiter noted;         /* the line that says what others are told: they are when it is durable */
	struct route *route;
	struct user *user;           /* busy; NULL: nobody of his is there */
	struct port *by;             /* counted: the new connection */
	const struct person *person; /* counted */
	enum outcome outcome;
	unsigned signs;
	bool same_host;
	uint64_t at_us;
	struct str bare, full, session, name, agent; /* name: how the person knows it; agent: what comes says it is */
	struct str address, tls, mechanism, before;
	struct buf told;             /* what they are told; empty: nothing */
	char text[];
};

/* ---- what there is to be said ---- */

static const enum phrase outcomes[] = {PHRASE_TAKEN_RESUMED, PHRASE_TAKEN_REPLACED, PHRASE_TAKEN_REFUSED};

static enum language language(const struct takeover *t)
{
	return language_of(t->person ? t->person->language : STR_NONE);
}

static void put_outcome(struct buf *out, const struct takeover *t)
{
	struct buf minute = BUF_INIT(0), address = BUF_INIT(0);

	clock_put_minute(&minute, t->at_us);
	buf_str(&address, network_host(t->address));
	if (t->agent.len)
		buf_printf(&address, " (%.*s)", STR_FMT(t->agent));
	phrase_put(out, outcomes[t->outcome], language(t),
		(struct phrase_word[]){{"time", buf_view(&minute)}, {"address", buf_view(&address)}, {"name", t->name}, {}});
	out->failed |= buf_failed(&minute) || buf_failed(&address);
	buf_done(&minute);
	buf_done(&address);
}

static void put_sentence(struct buf *out, const struct takeover *t, enum phrase p, const struct phrase_word *words)
{
	buf_putc(out, ' ');
	phrase_put(out, p, language(t), words);
}

static void put_text(struct buf *out, const struct takeover *t, const struct home *h)
{
	const struct settings_strings *help = &h->settings->contact_support;
	const struct phrase_word before[] = {{"address", network_host(t->before)}, {}};

	put_outcome(out, t);
	if (t->signs & (SIGN_THERE | SIGN_NETWORK))
		put_sentence(out, t, t->signs & SIGN_THERE ? PHRASE_TAKEN_THERE : PHRASE_TAKEN_ELSEWHERE, before);
	if (t->signs & SIGN_WEAKER)
		put_sentence(out, t, PHRASE_TAKEN_WEAKER, NULL);
	put_sentence(out, t, PHRASE_TAKEN_ADVICE, NULL);
	if (help->len)
		put_sentence(out, t, PHRASE_HELP, (struct phrase_word[]){{"help", help->items[0]}, {}});
}

/* ---- to whom ---- */

static bool is_worth_telling(const struct takeover *t, enum settings_takeover setting)
{
	if (setting == SETTINGS_TAKEOVER_NEVER)
		return false;
	if (setting == SETTINGS_TAKEOVER_ALWAYS || t->signs & (SIGN_WEAKER | SIGN_DEVICE))
		return true;
	return (t->signs & SIGN_THERE) && !t->same_host;
}

static struct session *session_by_port(const struct user *u, const struct port *port)
{
	session_each(s, u) if (s->port == port) return s;
	return NULL;
}

/* Nobody of his is there to read it. */
static void mail(const struct home *h, const struct takeover *t, struct str text)
{
	struct buf body = BUF_INIT(0);
	struct post post = {.purpose = STR("takeover"),
		.about = t->name,
		.stage = str_from(outcome_names[t->outcome]),
		.subject = phrase(PHRASE_TAKEN_SUBJECT, language(t)),
		.language = language_tags[language(t)],
		.since_us = t->at_us - TOLD_AGAIN_S * 1000000ULL};
	int r;

	buf_str(&body, text);
	buf_putc(&body, '\n');
	post.body = buf_view(&body);
	r = t->person ? post_mail(h->route->env.store, h->settings, t->person, &post, NULL, NULL) : POST_NO_ADDRESS;

	if (r < 0)
		log_error("out of memory: a mail about a takeover is not sent");
	buf_done(&body);
}

/* What is told of it if anybody is to be; he is not again for a while. */
static void compose(const struct home *h, struct takeover *t)
{
	struct user *u = t->user;
	uint64_t now = loop_seconds(h->loop);

	if (!is_worth_telling(t, (enum settings_takeover)h->settings->clients_takeover) ||
		(u && u->told_at && now - u->told_at < TOLD_AGAIN_S))
		return;
	put_text(&t->told, t, h);
	if (buf_failed(&t->told))
		buf_clear(&t->told);
	else if (u)
		u->told_at = now;
}

/* Which are there to be told. */
static unsigned devices(const struct takeover *t)
{
	return t->told.len && t->user ? headline_readers(t->user, session_by_port(t->user, t->by)) : 0;
}

static void tell(struct home *h, const struct takeover *t)
{
	struct user *u = t->user;
	struct str text = buf_view(&t->told);

	if (!u || headline_tell(u, session_by_port(u, t->by), text, language_tags[language(t)]) == 0)
		mail(h, t, text);
	home_count(&h->figures.takeovers_told, 1);
}

static void takeover_free(struct takeover *t)
{
	if (t->user)
		user_busy(t->user, -1);
	port_unref(t->by);
	person_unref(t->person);
	buf_done(&t->told);
	free(t);
}

/* ---- the record ---- */

/* False: it could not be, and the waiter is not called. */
static bool record(const struct home *h, const struct takeover *t, struct waiter *waiter)
{
	struct buf signs = BUF_INIT(0);
	struct extra extra[5];
	size_t n = 0;
	struct entry entry = {.type = EVENT_TAKEOVER,
		.from = t->full,
		.from_id = t->person ? t->person->id : STR_NONE,
		.session = t->session,
		.resource = jid_split(t->full).resource,
		.address = t->address,
		.action = str_from(outcome_names[t->outcome]),
		.text = buf_view(&t->told),
		.extra = extra};
	bool ok;

	for (unsigned i = 0; i < SIGNS; i++)
		if (t->signs & 1u << i)
			note_list_add(&signs, str_from(sign_names[i]));
	extra[n++] = (struct extra){.key = KEY_BEFORE, .text = t->before};
	extra[n++] = (struct extra){.key = KEY_SIGNS, .text = buf_view(&signs)};
	extra[n++] = (struct extra){.key = KEY_MECHANISM, .text = t->mechanism};
	extra[n++] = (struct extra){.key = KEY_COUNT, .number = devices(t)};
	if (t->tls.len)
		extra[n++] = (struct extra){.key = KEY_TLS, .text = t->tls};
	entry.extra_len = n;
	ok = !buf_failed(&signs) && !record_append(h->record, &entry, waiter);
	buf_done(&signs);
	return ok;
}

/* Without a receipt nobody is told; the next takeover is. */
static void on_noted(struct waiter *w, const struct receipt *receipt)
{
	struct takeover *t = container_of(w, struct takeover, noted);

	if (receipt)
		tell(home_here(t->route), t);
	else if (t->user)
		t->user->told_at = 0;
	takeover_free(t);
}

/* False: nobody waits for it. */
static bool announce(struct home *h, struct takeover *t)
{
	compose(h, t);
	t->noted.done = on_noted;
	if (t->told.len && record(h, t, &t->noted))
		return true;
	if (t->told.len && t->user)
		t->user->told_at = 0;
	buf_clear(&t->told);
	if (!record(h, t, NULL))
		log_warn("a takeover could not be recorded");
	return false;
}

/* ---- one of them ---- */

/* Everything is known. Consumes it. */
static void settle(struct home *h, struct takeover *t)
{
	t->user = user_find(h, t->bare);
	if (t->user)
		user_busy(t->user, 1);
	if (t->signs)
		home_count(&h->figures.takeovers[t->outcome], 1);
	if (!t->signs || !announce(h, t))
		takeover_free(t);
}

static void run_parted(struct task *task)
{
	struct takeover *t = container_of(task, struct takeover, parting.task);

	if (t->parting.there)
		t->signs |= SIGN_THERE;
	settle(home_here(t->route), t);
}

static struct str put(char **at, struct str s)
{
	struct str out = str_of(*at, s.len);

	if (s.len)
		memcpy(*at, s.data, s.len);
	*at += s.len;
	return out;
}

/* As its client calls itself, else its resource, whose end is of the server's making perhaps (XEP-0386). */
static struct str name_of(const struct session *s)
{
	const struct origin *o = s->origin;
	struct str resource = str_cut(o->jid.resource, 0, str_find(o->jid.resource, '/', 0));

	return o->agent_device.len ? o->agent_device : o->agent_software.len ? o->agent_software : resource;
}

static unsigned signs_of(const struct session *s, const struct errand *e)
{
	struct channel first = channel_first(s), then = channel_of(s), now = channel_of_errand(e);
	unsigned signs = 0;

	if (channel_is_far(s->user->home->settings, now.address, then.address))
		signs |= SIGN_NETWORK;
	if (channel_is_weaker(&now, &first))
		signs |= SIGN_WEAKER;
	return signs;
}

static struct str shown(struct str claim)
{
	size_t len = 0;

	while (len < claim.len && len + utf8_length(claim, len) <= SHOWN_MAX)
		len += utf8_length(claim, len);
	return str_cut(claim, 0, len);
}

static struct takeover *takeover_new(const struct session *s, const struct errand *e, enum outcome outcome)
{
	struct channel before = channel_of(s);
	struct str name = name_of(s), agent = shown(e->agent_software);
	const struct origin *o = s->origin;
	struct takeover *t = calloc(1, sizeof(*t) + o->jid.full.len + o->session.len + name.len + agent.len + e->address.len +
					       e->tls.len + e->mechanism.len + before.address.len);
	char *at;

	if (!t)
		return NULL;
	at = t->text;
	t->parting.task.run = run_parted;
	t->parting.back = s->user->home->loop;
	t->route = s->user->home->route;
	t->told = BUF_INIT(0);
	t->by = port_ref(e->port);
	t->person = e->person ? person_ref(e->person) : NULL;
	t->outcome = outcome;
	t->same_host = str_eq(network_host(e->address), network_host(before.address));
	t->at_us = clock_utc_us();
	t->full = put(&at, o->jid.full);
	t->bare = jid_split(t->full).bare;
	t->session = put(&at, o->session);
	t->name = put(&at, name);
	t->agent = put(&at, agent);
	t->address = put(&at, e->address);
	t->tls = put(&at, e->tls);
	t->mechanism = put(&at, e->mechanism);
	t->before = put(&at, before.address);
	return t;
}

/* ---- from outside ---- */

const char *takeover_bars(const struct session *s, const struct errand *e)
{
	const struct home *h = s->user->home;
	struct channel first = channel_first(s), now = channel_of_errand(e);

	if (s->origin->agent_id.len && !str_eq(s->origin->agent_id, e->agent_id))
		return sign_names[3];
	if (h->settings->sm_resume_from >= SETTINGS_RESUME_SAME_CLASS && channel_is_weaker(&now, &first))
		return sign_names[1];
	if (h->settings->sm_resume_from == SETTINGS_RESUME_SAME_NETWORK && channel_is_far(h->settings, now.address, first.address))
		return sign_names[0];
	return NULL;
}

void takeover_refused(struct session *s, const struct errand *e, const char *sign)
{
	struct takeover *t = takeover_new(s, e, OUTCOME_REFUSED);

	if (!t) {
		log_error("out of memory: a resumption that was refused is not recorded");
		return;
	}
	t->signs = signs_of(s, e);
	for (unsigned i = 0; i < SIGNS; i++)
		if (sign == sign_names[i])
			t->signs |= 1u << i;
	settle(s->user->home, t);
}

void takeover_begin(struct session *s, const struct errand *e, bool resumes, const char *text)
{
	struct takeover *t = takeover_new(s, e, resumes ? OUTCOME_RESUMED : OUTCOME_REPLACED);

	if (!t) {
		log_error("out of memory: a takeover is not looked at");
		if (s->port)
			port_close(s->port, "conflict", text);
		return;
	}
	t->signs = signs_of(s, e);
	if (!resumes) /* a login of its own: it need not be like the one before */
		t->signs &= ~(unsigned)SIGN_WEAKER;
	if (s->port)
		port_close_parting(s->port, "conflict", text, &t->parting);
	else
		parting_answer(&t->parting, false);
}
