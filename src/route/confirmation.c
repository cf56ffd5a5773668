#include "route/confirmation.h"

#include <stdlib.h>

#include "base/log.h"
#include "base/phrase.h"
#include "client/installation.h"
#include "route/answer.h"
#include "route/headline.h"
#include "route/note.h"
#include "route/probation.h"
#include "route/ruling.h"
#include "route/sluice.h"
#include "rule/client_rule.h"
#include "stanza/ns.h"

enum {
	ANSWER_MAX = 64, /* bytes of an answer */
	PREFIX_MIN = 4,  /* digits of an id that name it */
	INSIDE = LIMIT_FILES | LIMIT_OUTSIDE | LIMIT_HISTORY | LIMIT_ACCOUNT,
};

/* ---- how a session stands ---- */

bool confirmation_is_on(const struct settings *settings)
{
	return settings->devices_confirm != SETTINGS_CONFIRM_OFF || settings->devices_confirm_networks;
}

bool confirmation_holds(const struct settings *settings, uint64_t waits_us, uint64_t network_us)
{
	return (waits_us && settings->devices_confirm != SETTINGS_CONFIRM_OFF) || (network_us && settings->devices_confirm_networks);
}

static bool is_limited(const struct session *s)
{
	const struct settings *settings = s->user->home->settings;
	const struct newcomer *n = &s->newcomer;

	return n->meeting == MEETING_DONE ? confirmation_holds(settings, n->waits_us, n->network_us) : confirmation_is_on(settings);
}

unsigned confirmation_limits(const struct session *s)
{
	static const unsigned limits[] = {
		[SETTINGS_UNCONFIRMED_INSIDE] = INSIDE,
		[SETTINGS_UNCONFIRMED_LISTEN] = INSIDE | LIMIT_SPEAK,
		[SETTINGS_UNCONFIRMED_NOTHING] = INSIDE | LIMIT_SPEAK | LIMIT_HEAR,
	};

	return is_limited(s) ? limits[s->user->home->settings->devices_unconfirmed] : 0;
}

bool confirmation_awaits(const struct session *s)
{
	return s->newcomer.meeting == MEETING_NONE && !s->user->failed && confirmation_is_on(s->user->home->settings);
}

void confirmation_met(struct session *s)
{
	unsigned limits = confirmation_limits(s);

	if (session_is_ending(s))
		return;
	if (!s->standing) {
		probation_met(s);
		return;
	}
	if (limits & ~s->standing->limits)
		s->warned = false;
	if (limits || s->standing->limits)
		ruling_again(s);
}

/* ---- what is said ---- */

void confirmation_id_put(struct buf *out, struct str owner, struct str key)
{
	struct buf id = BUF_INIT(INSTALLATION_ID);

	installation_id_put(&id, owner, key);
	buf_str(out, str_cut(buf_view(&id), 0, NEWCOMER_ID));
	buf_done(&id);
}

static enum language language_to(const struct session *s)
{
	return language_of(headline_language(s));
}

void confirmation_put_text(struct buf *out, const struct session *s, unsigned limits)
{
	enum language language = language_to(s);
	struct buf what = BUF_INIT(0), help = BUF_INIT(0), id = BUF_INIT(0);

	client_limits_put(&what, limits, language_tags[language]);
	headline_put_help(&help, s->user->home->settings, language);
	buf_str(&id, s->newcomer.id[0] ? str_of(s->newcomer.id, NEWCOMER_ID) : STR("-"));
	phrase_put(out, PHRASE_UNCONFIRMED, language,
		(struct phrase_word[]){{"limits", buf_view(&what)}, {"id", buf_view(&id)}, {"help", buf_view(&help)}, {}});
	buf_done(&what);
	buf_done(&help);
	buf_done(&id);
}

static void say(struct session *s, enum phrase p, const struct phrase_word *words)
{
	struct buf text = BUF_INIT(0);

	phrase_put(&text, p, language_to(s), words);
	if (!buf_failed(&text))
		headline_give(s, buf_view(&text), language_tags[language_to(s)]);
	buf_done(&text);
}

/* ---- one act: a person's answer, or an administrator's word ---- */

enum answer {
	ANSWER_YES,
	ANSWER_NO,
};

struct act {
	struct task task;
	struct store_req req;
	struct waiter noted;
	struct route *route;
	struct user *user;     /* busy from the beginning on */
	struct origin *origin; /* counted; of who answers, whose session may have gone; NULL: an administrator */
	struct arena *arena;   /* of the strings */
	struct str bare, id;   /* id: digits it begins with; empty: the only one */
	enum answer answer;
	const struct store_untold *row; /* what is meant; the first request's */
	struct store_req done_req;
	struct route_confirmed result;
	void (*done)(void *owner, const struct route_confirmed *result);
	void *owner;
};

static void act_free(struct act *a)
{
	store_req_release(&a->req);
	store_req_release(&a->done_req);
	origin_unref(a->origin);
	arena_free(a->arena);
	free(a);
}

static void run_back(struct task *task)
{
	struct act *a = container_of(task, struct act, task);

	a->done(a->owner, &a->result);
	act_free(a);
}

static struct session *asker_of(const struct act *a)
{
	return a->origin && a->origin->user ? session_by_origin(a->user, a->origin) : NULL;
}

static void act_end(struct act *a, enum route_access_result result)
{
	struct user *u = a->user;
	struct session *s = u ? asker_of(a) : NULL;

	a->result.result = result;
	if (s && result == ROUTE_ACCESS_NONE)
		say(s, PHRASE_NOTHING_WAITS, NULL);
	else if (s && result == ROUTE_ACCESS_FAILED)
		say(s, PHRASE_CONFIRM_LATER, NULL);
	if (a->done) {
		a->task.run = run_back;
		loop_post(a->route->env.loops->loop[0], &a->task);
	} else {
		act_free(a);
	}
	if (u)
		user_busy(u, -1);
}

static struct act *act_new(struct route *r, struct str bare, struct str id, enum answer answer)
{
	struct act *a = calloc(1, sizeof(*a));

	if (!a)
		return NULL;
	a->arena = arena_new(0);
	if (!a->arena) {
		free(a);
		return NULL;
	}
	a->route = r;
	a->bare = arena_dup(a->arena, bare);
	a->id = arena_dup(a->arena, id);
	a->answer = answer;
	if (arena_is_full(a->arena)) {
		act_free(a);
		return NULL;
	}
	return a;
}

static bool waits_so(const struct session *s, uint64_t waits_us)
{
	return s->newcomer.waits_us == waits_us || s->newcomer.network_us == waits_us;
}

/* ---- yes ---- */

static void on_confirmed(struct store_req *req, int result)
{
	struct act *a = req->owner;
	struct buf id = BUF_INIT(0);
	struct session *asker = asker_of(a);
	uint64_t waits_us = a->row->waits_us;

	if (result) {
		log_error("a device could not be confirmed");
		act_end(a, ROUTE_ACCESS_FAILED);
		return;
	}
	session_each(s, a->user)
	{
		if (!waits_so(s, waits_us))
			continue;
		if (s->newcomer.waits_us == waits_us)
			s->newcomer.waits_us = 0;
		if (s->newcomer.network_us == waits_us)
			s->newcomer.network_us = 0;
		confirmation_met(s);
		if (!session_is_ending(s) && !confirmation_limits(s)) {
			say(s, PHRASE_CONFIRMED_SELF, NULL);
			a->result.sessions++;
		}
	}
	sluice_release(a->user);
	confirmation_id_put(&id, a->bare, a->row->key);
	if (asker)
		say(asker, PHRASE_CONFIRMED, (struct phrase_word[]){{"id", buf_view(&id)}, {}});
	buf_done(&id);
	act_end(a, ROUTE_ACCESS_OK);
}

/* ---- no ---- */

static struct session *next_waiting(const struct act *a)
{
	session_each(s, a->user) if (waits_so(s, a->row->waits_us) && s->origin != a->origin) return s;
	return NULL;
}

static void alert(const struct act *a, struct str id)
{
	struct buf text = BUF_INIT(0);

	buf_printf(&text, "%.*s says of a new device of the account, %.*s, that it is not theirs. Its sessions have ended; whoever it was may know "
			  "the password.\nA new one: gatehouse user password %.*s\nWhat happened: gatehouse record show --word %.*s\n",
		STR_FMT(a->bare), STR_FMT(id), STR_FMT(a->bare), STR_FMT(a->bare));
	if (!buf_failed(&text))
		route_alert(a->route, buf_view(&text), STR("en"));
	buf_done(&text);
}

static void on_refused(struct store_req *req, int result)
{
	struct act *a = req->owner;
	struct buf id = BUF_INIT(0);
	struct session *s;

	if (result)
		log_error("the tokens of a device that its owner does not know could not be taken");
	confirmation_id_put(&id, a->bare, a->row->key);
	while ((s = next_waiting(a))) {
		s->sighting.shut = true;
		session_end(s, "not-authorized", "The owner of the account has said that this device is not his.",
			"the device is not the person's");
		a->result.sessions++;
	}
	alert(a, buf_view(&id));
	s = asker_of(a);
	if (s)
		say(s, PHRASE_REFUSED, (struct phrase_word[]){{"id", buf_view(&id)}, {}});
	buf_done(&id);
	act_end(a, result ? ROUTE_ACCESS_FAILED : ROUTE_ACCESS_OK);
}

/* ---- which one ---- */

static void do_it(struct act *a)
{
	struct store *store = a->route->env.store;
	bool yes = a->answer == ANSWER_YES;
	int r;

	store_req_init(&a->done_req, yes ? on_confirmed : on_refused, a);
	r = yes ? store_device_confirm(store, &a->done_req, a->bare, a->row->waits_us)
		: store_device_refuse(store, &a->done_req, a->bare, a->row->waits_us);
	if (r)
		act_end(a, ROUTE_ACCESS_FAILED);
}

static void on_noted(struct waiter *w, const struct receipt *receipt)
{
	struct act *a = container_of(w, struct act, noted);

	if (receipt)
		do_it(a);
	else
		act_end(a, ROUTE_ACCESS_FAILED);
}

/* What a person says stands in the record before it is done; what an administrator does has been recorded. */
static void note_it(struct act *a)
{
	struct buf id = BUF_INIT(0);
	struct newcome what = {.product = a->row->product, .device = a->row->device, .address = a->row->address};

	if (!a->origin) {
		do_it(a);
		return;
	}
	installation_id_put(&id, a->bare, a->row->key);
	what.id = buf_view(&id);
	a->noted.done = on_noted;
	if (!note_device(a->user, a->origin, a->answer == ANSWER_YES ? "confirm" : "refuse", &what, 0, STR_NONE, &a->noted))
		act_end(a, ROUTE_ACCESS_FAILED);
	buf_done(&id);
}

static bool is_meant(const struct act *a, const struct store_untold *row)
{
	struct buf id = BUF_INIT(INSTALLATION_ID);
	bool meant;

	installation_id_put(&id, a->bare, row->key);
	meant = str_starts(buf_view(&id), a->id);
	buf_done(&id);
	return meant;
}

static void ask_which(const struct act *a, const struct store_untolds *all)
{
	struct session *s = asker_of(a);
	struct buf list = BUF_INIT(0);

	for (size_t i = 0; i < all->len; i++) {
		if (!is_meant(a, &all->rows[i]))
			continue;
		if (list.len)
			buf_lit(&list, ", ");
		confirmation_id_put(&list, a->bare, all->rows[i].key);
		buf_printf(&list, " (%.*s)", STR_FMT(all->rows[i].address));
	}
	if (s && !buf_failed(&list))
		say(s, PHRASE_WHICH_WAITS, (struct phrase_word[]){{"list", buf_view(&list)}, {}});
	buf_done(&list);
}

static void on_waiting(struct store_req *req, int result)
{
	struct act *a = req->owner;
	size_t found = 0;

	for (size_t i = 0; !result && i < req->untolds->len; i++)
		if (is_meant(a, &req->untolds->rows[i])) {
			a->row = &req->untolds->rows[i];
			found++;
		}
	if (result) {
		act_end(a, ROUTE_ACCESS_FAILED);
	} else if (found == 1) {
		note_it(a);
	} else if (found == 0) {
		act_end(a, ROUTE_ACCESS_NONE);
	} else {
		ask_which(a, req->untolds);
		act_end(a, a->origin ? ROUTE_ACCESS_OK : ROUTE_ACCESS_NONE);
	}
}

static void act_begin(struct act *a, struct user *u)
{
	a->user = u;
	user_busy(u, 1);
	store_req_init(&a->req, on_waiting, a);
	if (u->failed || store_device_waiting(a->route->env.store, &a->req, a->bare))
		act_end(a, ROUTE_ACCESS_FAILED);
}

/* ---- a person's answer ---- */

static const struct {
	const char *word;
	enum answer answer;
} words[] = {
	{"yes", ANSWER_YES}, {"ja", ANSWER_YES}, {"oui", ANSWER_YES}, {"sí", ANSWER_YES}, {"si", ANSWER_YES},
	{"kyllä", ANSWER_YES}, {"no", ANSWER_NO}, {"nein", ANSWER_NO}, {"non", ANSWER_NO}, {"ei", ANSWER_NO},
};

static bool is_id(struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!((s.data[i] >= '0' && s.data[i] <= '9') || (s.data[i] >= 'a' && s.data[i] <= 'f')))
			return false;
	return s.len == 0 || (s.len >= PREFIX_MIN && s.len <= INSTALLATION_ID);
}

/* "Yes 4f9a1c0b" */
static bool answer_read(struct str text, enum answer *out, struct str *id)
{
	size_t end = str_find(text, ' ', 0);
	struct str first = str_cut(text, 0, end);

	*id = end < text.len ? str_trim(str_cut(text, end, text.len)) : STR_NONE;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (str_eq_nocase(first, str_from(words[i].word))) {
			*out = words[i].answer;
			return is_id(*id);
		}
	return false;
}

static bool message_read(const struct parcel *p, enum answer *out, struct str *id)
{
	const struct node *body = node_child(p->stanza, STR("body"), NS_CLIENT);
	struct str text = body ? str_trim(node_text(body, p->arena)) : STR_NONE;

	return text.len && text.len <= ANSWER_MAX && answer_read(text, out, id);
}

static bool is_for_server(const struct user *u, const struct parcel *p)
{
	return jid_is_domain(&p->to) && !p->to.resource.len && home_is_ours(u->home, p->to.domain) &&
	       (!p->type.len || str_is(p->type, "chat") || str_is(p->type, "normal"));
}

bool confirmation_hears(struct user *u, struct parcel *p)
{
	struct session *s;
	enum answer answer;
	struct act *a;
	struct str id;

	if (!is_for_server(u, p) || !confirmation_is_on(u->home->settings) || !message_read(p, &answer, &id))
		return false;
	s = session_by_origin(u, p->origin);
	if (!s)
		return false;
	a = confirmation_limits(s) ? NULL : act_new(u->home->route, u->bare, id, answer);
	if (a) {
		a->origin = origin_ref(p->origin);
		act_begin(a, u);
	} else {
		say(s, confirmation_limits(s) ? PHRASE_CANNOT_CONFIRM : PHRASE_CONFIRM_LATER, NULL);
	}
	parcel_end(p);
	return true;
}

/* ---- administrators ---- */

static void run_loaded(struct task *task)
{
	struct act *a = container_of(task, struct act, task);
	struct user *u = a->user;

	act_begin(a, u);
}

static void run_asked(struct task *task)
{
	struct act *a = container_of(task, struct act, task);
	struct user *u = user_get(home_here(a->route), a->bare);

	if (!u) {
		act_end(a, ROUTE_ACCESS_FAILED);
		return;
	}
	a->user = u;
	task->run = run_loaded;
	user_when_ready(u, task);
	user_rest(u);
}

void route_confirm(struct route *r, struct str bare, struct str id,
	void (*done)(void *owner, const struct route_confirmed *result), void *owner)
{
	struct act *a = act_new(r, bare, id, ANSWER_YES);

	if (!a) {
		done(owner, &(struct route_confirmed){.result = ROUTE_ACCESS_FAILED});
		return;
	}
	a->done = done;
	a->owner = owner;
	a->task.run = run_asked;
	loop_post(home_of(r, bare)->loop, &a->task);
}
