#include "route/probation.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/log.h"
#include "client/judge.h"
#include "client/seen.h"
#include "conf/service.h"
#include "route/confirmation.h"
#include "route/deliver.h"
#include "route/interest.h"
#include "route/iq.h"
#include "route/lock.h"
#include "route/ruling.h"
#include "route/shown.h"
#include "stanza/xml_out.h"

enum {
	TURN_MS = 100,     /* between two looks at who has waited long enough */
	SPEAK_MS = 1000,   /* who has shown nothing for so long is asked */
	ANSWER_MS = 1000,  /* a client that answers one question answers the other within that */
	BACKGROUND_MS = 5000, /* nobody waits, so nobody minds */
};

struct probation {
	struct list link; /* home->probations; in none once judged */
	struct session *session;
	uint64_t number;      /* of the questions */
	uint64_t begun_ms, answered_ms, due_ms;
	bool wanted;          /* some rule needs to know */
	bool waits;           /* what the session sends and gets waits */
	bool asked;           /* both questions were put */
	bool known;           /* the capabilities are */
	bool judged;          /* as far as its client goes */
	bool has_asked_version;
	unsigned owes_disco, owes_version; /* how often it was asked and has not answered */
};

/* ---- what it is asked ---- */

static void put_question(struct buf *text, const struct session *s, const char *what)
{
	buf_printf(text, "<iq type='get' id='client-%s-%" PRIu64 "' from='", what, s->probation->number);
	xml_escape(text, s->origin->jid.domain);
	buf_lit(text, "' to='");
	xml_escape(text, s->origin->jid.full);
	buf_lit(text, "'>");
}

static void ask_disco(struct session *s, const struct client_signals *seen)
{
	struct buf text = BUF_INIT(0);

	put_question(&text, s, "disco");
	buf_lit(&text, "<query xmlns='http://jabber.org/protocol/disco#info'");
	if (seen->caps_ver.len) {
		buf_lit(&text, " node='");
		xml_escape(&text, seen->caps_node);
		buf_putc(&text, '#');
		xml_escape(&text, seen->caps_ver);
		buf_putc(&text, '\'');
	}
	buf_lit(&text, "/></iq>");
	if (!buf_failed(&text))
		deliver_own_bytes(s, buf_view(&text));
	buf_done(&text);
}

static void ask_version(struct session *s)
{
	struct buf text = BUF_INIT(0);

	s->probation->has_asked_version = true;
	s->probation->owes_version++;
	put_question(&text, s, "version");
	buf_lit(&text, "<query xmlns='jabber:iq:version'/></iq>");
	if (!buf_failed(&text))
		deliver_own_bytes(s, buf_view(&text));
	buf_done(&text);
}

static void want_version(struct session *s)
{
	if (s->probation->has_asked_version)
		return;
	shown_version_waits(s);
	ask_version(s);
}

/* Both questions, once; again that of its capabilities when it shows others. */
static void ask(struct session *s, bool again)
{
	struct probation *p = s->probation;
	struct client_signals seen;

	if (!p || (p->asked && !again))
		return;
	p->asked = true;
	p->owes_disco++;
	shown_disco_waits(s);
	seen_view(s->seen, &seen);
	ask_disco(s, &seen);
	want_version(s);
}

/* ---- how long to wait ---- */

static bool is_over(const struct session *s, uint64_t now)
{
	const struct probation *p = s->probation;
	struct client_signals seen;

	if (now >= p->due_ms)
		return true;
	seen_view(s->seen, &seen);
	if ((p->known || seen.disco >= SIGNAL_RESULT) && seen.version >= SIGNAL_RESULT)
		return true;
	return p->answered_ms && now - p->answered_ms >= ANSWER_MS;
}

/* It has waited until now, or it ends. */
static void stop_waiting(struct session *s)
{
	struct probation *p = s->probation;

	if (p->waits)
		home_count(&s->user->home->figures.clients_held, (uint64_t)-1);
	p->waits = false;
}

static void count_wait(struct session *s)
{
	const struct probation *p = s->probation;
	struct home *h = s->user->home;
	uint64_t now = loop_ms(h->loop);

	durations_add(&h->figures.clients_wait, (now - p->begun_ms) * 1000);
	if (now >= p->due_ms)
		home_count(&h->figures.clients_overdue, 1);
}

static void finish(struct session *s)
{
	struct probation *p = s->probation;

	if (p->waits)
		count_wait(s);
	stop_waiting(s);
	list_remove(&p->link);
	p->judged = true;
	ruling_now(s);
}

/* Something was shown or answered. While nobody is there no more is to come: who holds nothing back is judged by what there is. */
static void consider(struct session *s)
{
	struct probation *p = s->probation;

	if (!p || list_is_empty(&p->link) || (!s->port && !p->waits))
		ruling_now(s);
	else if (is_over(s, loop_ms(s->user->home->loop)))
		finish(s);
}

/* Who has shown nothing; and who has not answered what was asked elsewhere (interest.h). */
static void ask_late(struct session *s)
{
	if (s->probation->waits)
		ask(s, false);
	else
		want_version(s);
}

static void on_turn(uv_timer_t *timer)
{
	struct home *h = timer->data;
	uint64_t now = loop_ms(h->loop);

	list_each_safe (it, &h->probations) {
		struct probation *p = container_of(it, struct probation, link);
		struct session *s = p->session;

		if (!s->port) /* nobody is there who could answer */
			continue;
		if (!p->known && now - p->begun_ms >= SPEAK_MS)
			ask_late(s);
		if (is_over(s, now))
			finish(s);
	}
	if (list_is_empty(&h->probations))
		uv_timer_stop(timer);
}

static void enter(struct probation *p, uint64_t wait_ms)
{
	struct home *h = p->session->user->home;

	p->begun_ms = loop_ms(h->loop);
	p->due_ms = p->begun_ms + wait_ms;
	list_remove(&p->link);
	list_append(&h->probations, &p->link);
	if (!uv_is_active((uv_handle_t *)h->judge_timer))
		uv_timer_start(h->judge_timer, on_turn, TURN_MS, TURN_MS);
}

/* ---- from outside ---- */

static struct probation *probation_new(struct session *s)
{
	static _Thread_local uint64_t number;
	struct probation *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	list_init(&p->link);
	p->session = s;
	p->number = ++number;
	s->probation = p;
	return p;
}

/* Devices that do not say which they are are told apart by their programs. */
static enum client_effect worst_of(const struct session *s)
{
	struct home *h = s->user->home;
	enum client_effect worst = !h->policy ? CLIENT_ALLOW : lock_needs_client(h) ? CLIENT_DENY : ruling_worst(s);

	return worst < CLIENT_RESTRICT && !s->origin->agent_id.len && confirmation_awaits(s) ? CLIENT_RESTRICT : worst;
}

void probation_bind(struct session *s)
{
	struct home *h = s->user->home;
	const struct origin *o = s->origin;
	struct probation *p = probation_new(s);
	enum client_effect worst = worst_of(s);

	s->seen = seen_new(&(struct client_signals){.resource = o->jid.resource,
		.agent_id = o->agent_id,
		.agent_software = o->agent_software,
		.agent_device = o->agent_device,
		.ja4 = o->ja4});
	if (p)
		p->wanted = worst > CLIENT_ALLOW;
	if (worst >= CLIENT_RESTRICT && (!p || !s->seen)) {
		ruling_fail(s);
		return;
	}
	if (worst >= CLIENT_RESTRICT && h->settings->clients_wait_seconds) {
		p->waits = true;
		home_count(&h->figures.clients_held, 1);
		enter(p, h->settings->clients_wait_seconds * 1000ULL);
		return;
	}
	if (worst < CLIENT_RESTRICT && confirmation_awaits(s))
		return;
	ruling_unasked(s, worst);
}

void probation_met(struct session *s)
{
	const struct probation *p = s->probation;

	if (s->standing || (p && !list_is_empty(&p->link)))
		return;
	if (p && p->judged)
		ruling_now(s);
	else
		ruling_met(s);
}

void probation_shows(struct session *s, const struct caps *caps)
{
	bool known = str_is(caps->hash, "sha-1") || str_is(caps->hash, "sha-256");

	if (s->standing || !s->probation)
		return;
	if (!known || !caps->ver.len || caps->ver.len > CAPS_VER_MAX || caps->node.len > 1024) {
		ask(s, false);
		return;
	}
	shown_caps(s, caps);
	interest_judge(s, caps);
}

void probation_stranger(struct session *s)
{
	if (!s->standing && s->probation)
		ask(s, true);
}

static bool is_asked(const struct session *s)
{
	return s->probation && (s->probation->wanted || s->probation->waits || s->user->home->settings->clients_ask);
}

/* Of who goes on meanwhile: capabilities are asked for by interest.c, what else there is from here. */
void probation_presence(struct session *s, const struct node *presence)
{
	struct probation *p = s->probation;
	struct caps caps;
	bool shown = caps_read(&caps, presence);

	if (shown)
		shown_caps(s, &caps);
	ruling_warn(s);
	if (!p || !s->standing || s->standing->client || !list_is_empty(&p->link) || !is_asked(s))
		return;
	enter(p, BACKGROUND_MS);
	if (!shown)
		ask(s, false);
}

/* Somebody whose system alone is not known is kept waiting where a rule for him is about systems. Where nobody waits he is judged once, when
 * he has told it. */
static bool may_do_without_system(const struct session *s)
{
	return s->probation->waits && !ruling_asks_system(s);
}

/* By hearsay somebody is let pass, and asked afterwards; nobody is kept out by it. */
static bool may_pass(const struct session *s, struct clarity clarity)
{
	struct judgement *client;
	bool may;

	if (!clarity.told || (!clarity.placed && !may_do_without_system(s)))
		return false;
	if (clarity.own)
		return true;
	client = shown_judge(s, s->user->home->clients);
	may = client && ruling_of(s, client) < CLIENT_RESTRICT;
	judgement_unref(client);
	return may;
}

static void caps_are_known(struct session *s)
{
	struct probation *p = s->probation;
	struct clarity clarity;
	bool passes;

	if (p && !p->known) {
		p->known = true;
		p->answered_ms = loop_ms(s->user->home->loop);
	}
	clarity = shown_clarity(s);
	passes = p && !list_is_empty(&p->link) && may_pass(s, clarity);
	if (passes)
		finish(s);
	if (!(clarity.own && clarity.placed) && is_asked(s) && !session_is_ending(s))
		want_version(s);
	if (!passes)
		consider(s);
}

void probation_caps(struct session *s, const struct interest *e)
{
	if (shown_is_proven(s))
		return;
	shown_facts(s, e);
	caps_are_known(s);
}

/* ---- answers ---- */

static bool is_answer_to(const struct session *s, struct str id, const char *what)
{
	char own[64];

	snprintf(own, sizeof(own), "client-%s-%" PRIu64, what, s->probation->number);
	return str_eq(id, str_from(own));
}

/* A hash that its own answer proves may say all that is to be known: then nothing else is waited for. */
static void answered(struct session *s)
{
	if (s->probation && !s->probation->answered_ms)
		s->probation->answered_ms = loop_ms(s->user->home->loop);
	if (shown_is_proven(s))
		caps_are_known(s);
	else
		consider(s);
}

/* A question has one answer: what a client says behind it, to be taken for another, counts for nothing. */
static bool settles(unsigned *owed)
{
	if (*owed == 0)
		return false;
	--*owed;
	return true;
}

void probation_answer(struct session *s, const struct parcel *p)
{
	if (!s->probation)
		return;
	if (is_answer_to(s, p->id, "disco") && settles(&s->probation->owes_disco))
		shown_disco(s, p);
	else if (is_answer_to(s, p->id, "version") && settles(&s->probation->owes_version))
		shown_version(s, p);
	else
		return;
	answered(s);
}

void probation_disco(struct session *s, const struct parcel *answer)
{
	if (!s->probation)
		return;
	shown_disco(s, answer);
	answered(s);
}

/* ---- coming and going ---- */

/* The questions are sent again with all it has not acknowledged. */
void probation_resumed(struct session *s)
{
	struct probation *p = s->probation;

	if (p && p->waits)
		enter(p, s->user->home->settings->clients_wait_seconds * 1000ULL);
}

void probation_end(struct session *s)
{
	if (s->probation)
		stop_waiting(s);
}

void probation_ask(struct session *s)
{
	if (list_is_empty(&s->probation->link))
		enter(s->probation, s->user->home->settings->clients_wait_seconds * 1000ULL);
	ask(s, false);
}

void probation_free(struct session *s)
{
	if (s->probation)
		list_remove(&s->probation->link);
	free(s->probation);
	s->probation = NULL;
	s->seen = seen_free(s->seen);
}
