#include "route/judge.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "account/directory.h"
#include "account/turnstile.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "client/judge.h"
#include "client/seen.h"
#include "conf/service.h"
#include "route/deliver.h"
#include "route/interest.h"
#include "route/inventory.h"
#include "route/iq.h"
#include "route/lock.h"
#include "route/note.h"
#include "route/patch.h"
#include "rule/client_patch.h"
#include "stanza/ns.h"
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
	bool has_asked_version;
};

/* ---- the case ---- */

/* Without the port, and without the brackets of an IPv6 address. */
static struct str address_of(struct str address)
{
	size_t end = address.len;

	while (end && address.data[end - 1] != ':')
		end--;
	address = str_cut(address, 0, end ? end - 1 : address.len);
	if (address.len > 1 && address.data[0] == '[' && address.data[address.len - 1] == ']')
		return str_cut(address, 1, address.len - 1);
	return address;
}

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

	q->person = found ? found : person_ref(o->person);
	q->subject = (struct subject){.jid = o->jid.bare, .domain = o->jid.domain, .resource = o->jid.resource,
		.inside = settings_is_inside(h->settings, o->jid.domain)};
	if (q->person) {
		q->subject.groups = q->person->groups;
		q->subject.group_count = q->person->groups_len;
	}
	q->about = (struct client_case){.client = client,
		.person = &q->subject,
		.address = address_of(o->address),
		.mechanism = o->mechanism,
		.tls = o->tls,
		.help = help->len ? help->items[0] : STR_NONE,
		.now_us = clock_utc_us()};
}

static void question_done(struct question *q)
{
	person_unref(q->person);
}

/* ---- how it stands ---- */

static struct standing *standing_of(const struct session *s, struct judgement *client)
{
	struct arena *arena = arena_new(0);
	struct client_decision d;
	struct standing *out;
	const struct notice *notice;
	struct question q;
	struct str lang;

	if (!arena)
		return NULL;
	question_init(&q, s, client);
	client_decide(s->user->home->policy, &q.about, &d);
	lang = q.person ? q.person->language : STR("");
	notice = d.notice ? notice_choose(d.notice, lang) : NULL;
	out = standing_new(client, &d, client_decision_text(&d, lang, arena), notice ? notice->lang : lang);
	question_done(&q);
	arena_free(arena);
	return out;
}

/* A message of the server's of type headline: no client keeps or answers it (RFC 6121 5.2.2). */
static void headline(struct session *s, const struct standing *st)
{
	struct buf text = BUF_INIT(0);

	if (!st->text.len)
		return;
	buf_lit(&text, "<message type='headline' from='");
	xml_escape(&text, s->origin->jid.domain);
	buf_lit(&text, "' to='");
	xml_escape(&text, s->origin->jid.full);
	if (st->lang.len) {
		buf_lit(&text, "' xml:lang='");
		xml_escape(&text, st->lang);
	}
	buf_lit(&text, "'><body>");
	xml_escape(&text, st->text);
	buf_lit(&text, "</body></message>");
	if (!buf_failed(&text))
		deliver_own_bytes(s, buf_view(&text));
	buf_done(&text);
}

/* Once a login. */
static void warn(struct session *s, const struct standing *st)
{
	if (!s->warned)
		headline(s, st);
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

	return (struct comer){.account = o->jid.bare, .address = address_of(o->address), .agent = o->agent_id};
}

static void let_in(const struct session *s)
{
	struct comer c = comer_of(s);

	if (s->user->home->route->env.turnstile)
		turnstile_passed(s->user->home->route->env.turnstile, &c);
}

/* Nothing of what waits goes anywhere: the connection ends, the session at the end of this pass. Why is said twice: there are
 * programs that show no text of a stream error. */
static void deny(struct session *s, struct standing *st)
{
	const struct home *h = s->user->home;
	struct comer c = comer_of(s);

	if (h->route->env.turnstile)
		turnstile_denied(h->route->env.turnstile, &c, st->rule, st->text, loop_ms(h->loop));
	home_count(&s->user->home->figures.clients_denied, 1);
	headline(s, st);
	inventory_refused(s->user->home->route->env.store, &(struct inventory_refusal){.kind = STR("client"),
		.owner = s->user->bare,
		.address = s->origin->address,
		.client = st->client,
		.rule = st->rule,
		.reason = st->text});
	session_doom_told(s, "policy-violation", st, "client denied");
	standing_unref(st);
}

static void patch(struct session *s, const struct judgement *client)
{
	struct question q;

	question_init(&q, s, client);
	patch_choose(s, &q.about);
	question_done(&q);
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
	if (st->effect >= CLIENT_WARN)
		warn(s, st);
	if (s->port)
		port_judge(s->port, st);
	lock_judged(s, !old || !old->client);
	if (!old) {
		let_in(s);
		deliver_waiting(s);
	}
	standing_unref(old);
}

/* From what is known now. */
static void judge_now(struct session *s)
{
	struct client_signals seen;
	struct judgement *client;
	struct standing *st;

	if (!list_is_empty(&s->doomed))
		return;
	seen_view(s->seen, &seen);
	client = client_judge(s->user->home->clients, &seen);
	if (client)
		inventory_saw(s, client);
	if (client)
		patch(s, client);
	st = client ? standing_of(s, client) : NULL;
	if (!st) {
		log_error("out of memory: a session is not judged now");
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

/* ---- what it shows ---- */

static void see(struct session *s, const struct client_signals *now)
{
	struct seen *seen = seen_new(now);

	if (!seen)
		return;
	seen_free(s->seen);
	s->seen = seen;
}

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
	put_question(&text, s, "version");
	buf_lit(&text, "<query xmlns='jabber:iq:version'/></iq>");
	if (!buf_failed(&text))
		deliver_own_bytes(s, buf_view(&text));
	buf_done(&text);
}

static void want_version(struct session *s)
{
	struct client_signals seen;

	if (s->probation->has_asked_version)
		return;
	seen_view(s->seen, &seen);
	seen.version = SIGNAL_WAITING;
	see(s, &seen);
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
	seen_view(s->seen, &seen);
	seen.disco = SIGNAL_WAITING;
	see(s, &seen);
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

static void probation_end(struct session *s)
{
	struct probation *p = s->probation;

	if (p->waits)
		home_count(&s->user->home->figures.clients_held, (uint64_t)-1);
	p->waits = false;
	list_remove(&p->link);
	judge_now(s);
}

/* Something was shown or answered. */
static void consider(struct session *s)
{
	struct probation *p = s->probation;

	if (!p || list_is_empty(&p->link))
		judge_now(s);
	else if (is_over(s, loop_ms(s->user->home->loop)))
		probation_end(s);
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
			probation_end(s);
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

static enum client_effect worst_of(const struct session *s)
{
	struct question q;
	enum client_effect worst;

	question_init(&q, s, NULL);
	worst = client_worst(s->user->home->policy, &q.about);
	question_done(&q);
	return worst;
}

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

/* Nobody waits: what rules say that ask for no client holds at once. */
static void stand_unjudged(struct session *s, enum client_effect worst)
{
	struct standing *st = worst > CLIENT_ALLOW ? standing_of(s, NULL) : NULL;

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

void judge_bind(struct session *s)
{
	struct home *h = s->user->home;
	const struct origin *o = s->origin;
	struct probation *p = probation_new(s);
	enum client_effect worst = !h->policy ? CLIENT_ALLOW : lock_needs_client(h) ? CLIENT_DENY : worst_of(s);

	see(s, &(struct client_signals){.resource = o->jid.resource,
		.agent_id = o->agent_id,
		.agent_software = o->agent_software,
		.agent_device = o->agent_device,
		.ja4 = o->ja4});
	if (p)
		p->wanted = worst > CLIENT_ALLOW;
	if (worst >= CLIENT_RESTRICT && p && h->settings->clients_wait_seconds) {
		p->waits = true;
		home_count(&h->figures.clients_held, 1);
		enter(p, h->settings->clients_wait_seconds * 1000ULL);
		return;
	}
	stand_unjudged(s, worst);
}

static void take_caps(struct session *s, const struct caps *caps)
{
	struct client_signals seen;

	seen_view(s->seen, &seen);
	if (str_eq(seen.caps_ver, caps->ver) && str_eq(seen.caps_hash, caps->hash) && str_eq(seen.caps_node, caps->node))
		return;
	seen.caps_hash = caps->hash;
	seen.caps_ver = caps->ver;
	seen.caps_node = caps->node;
	seen.caps_verified = false;
	see(s, &seen);
}

void judge_shows(struct session *s, const struct caps *caps)
{
	bool known = str_is(caps->hash, "sha-1") || str_is(caps->hash, "sha-256");

	if (s->standing || !s->probation)
		return;
	if (!known || !caps->ver.len || caps->ver.len > CAPS_VER_MAX || caps->node.len > 1024) {
		ask(s, false);
		return;
	}
	take_caps(s, caps);
	interest_judge(s, caps);
}

void judge_stranger(struct session *s)
{
	if (!s->standing && s->probation)
		ask(s, true);
}

static bool is_asked(const struct session *s)
{
	return s->probation && (s->probation->wanted || s->probation->waits || s->user->home->settings->clients_ask);
}

/* Of who goes on meanwhile: capabilities are asked for by interest.c, what else there is from here. */
void judge_presence(struct session *s, const struct node *presence)
{
	struct probation *p = s->probation;
	struct caps caps;
	bool shown = caps_read(&caps, presence);

	if (shown)
		take_caps(s, &caps);
	if (s->standing && s->standing->effect >= CLIENT_WARN)
		warn(s, s->standing);
	if (!p || !s->standing || s->standing->client || !list_is_empty(&p->link) || !is_asked(s))
		return;
	enter(p, BACKGROUND_MS);
	if (!shown)
		ask(s, false);
}

static void take_facts(struct client_signals *seen, const struct str facts[CAPS_FACTS])
{
	seen->disco = SIGNAL_RESULT;
	seen->disco_category = facts[CAPS_CATEGORY];
	seen->disco_type = facts[CAPS_TYPE];
	seen->disco_name = facts[CAPS_NAME];
	seen->form_software = facts[CAPS_SOFTWARE];
	seen->form_version = facts[CAPS_VERSION];
	seen->form_os = facts[CAPS_OS];
	seen->form_os_version = facts[CAPS_OS_VERSION];
}

/* Product and version are clear without another question? */
static bool is_clear(const struct session *s)
{
	struct client_signals seen;
	struct judgement *j;
	bool clear;

	seen_view(s->seen, &seen);
	j = client_judge(s->user->home->clients, &seen);
	clear = j && j->class == CLIENT_NAMED && j->version.len;
	judgement_unref(j);
	return clear;
}

static void caps_are_known(struct session *s)
{
	struct probation *p = s->probation;

	if (p && !p->known) {
		p->known = true;
		p->answered_ms = loop_ms(s->user->home->loop);
	}
	if (p && !list_is_empty(&p->link) && is_clear(s)) {
		probation_end(s);
		return;
	}
	if (is_asked(s) && !is_clear(s))
		want_version(s);
	consider(s);
}

void judge_caps(struct session *s, const struct interest *e)
{
	struct client_signals seen;
	struct str facts[CAPS_FACTS];

	seen_view(s->seen, &seen);
	if (seen.caps_verified)
		return;
	interest_facts(e, facts);
	take_facts(&seen, facts);
	seen.caps_verified = true;
	see(s, &seen);
	caps_are_known(s);
}

/* ---- answers ---- */

static bool is_answer_to(const struct session *s, struct str id, const char *what)
{
	char own[64];

	snprintf(own, sizeof(own), "client-%s-%" PRIu64, what, s->probation->number);
	return str_eq(id, str_from(own));
}

/* What it says of itself, whether that hashes to what it shows or not. */
static void take_disco(struct session *s, const struct node *info)
{
	struct client_signals seen;
	struct caps caps;
	struct str facts[CAPS_FACTS];
	struct arena *arena = arena_new(0);

	if (!arena)
		return;
	seen_view(s->seen, &seen);
	seen.disco = SIGNAL_ERROR;
	if (info) {
		caps_facts(facts, info, arena);
		take_facts(&seen, facts);
		caps = (struct caps){.hash = seen.caps_hash, .ver = seen.caps_ver, .node = seen.caps_node};
		if (caps.ver.len && interest_learn(s->user->home, &caps, info))
			seen.caps_verified = true;
	}
	see(s, &seen);
	arena_free(arena);
}

static const struct node *info_of(const struct parcel *p)
{
	const struct node *info = str_is(p->type, "result") ? iq_payload(p) : NULL;

	return info && node_is(info, STR("query"), NS_DISCO_INFO) ? info : NULL;
}

static struct str text_of(const struct node *query, struct str name, struct arena *arena)
{
	const struct node *n = node_child(query, name, NS_VERSION);

	return n ? str_trim(node_text(n, arena)) : STR("");
}

static void take_version(struct session *s, const struct parcel *p)
{
	const struct node *query = str_is(p->type, "result") ? iq_payload(p) : NULL;
	struct client_signals seen;

	seen_view(s->seen, &seen);
	seen.version = SIGNAL_ERROR;
	if (query && node_is(query, STR("query"), NS_VERSION)) {
		seen.version = SIGNAL_RESULT;
		seen.version_name = text_of(query, STR("name"), p->arena);
		seen.version_version = text_of(query, STR("version"), p->arena);
		seen.version_os = text_of(query, STR("os"), p->arena);
	}
	see(s, &seen);
}

static void answered(struct session *s)
{
	if (s->probation && !s->probation->answered_ms)
		s->probation->answered_ms = loop_ms(s->user->home->loop);
	consider(s);
}

void judge_answer(struct session *s, const struct parcel *p)
{
	if (!s->probation)
		return;
	if (is_answer_to(s, p->id, "disco"))
		take_disco(s, info_of(p));
	else if (is_answer_to(s, p->id, "version"))
		take_version(s, p);
	else
		return;
	answered(s);
}

void judge_disco(struct session *s, const struct parcel *answer)
{
	if (!s->probation)
		return;
	take_disco(s, info_of(answer));
	answered(s);
}

/* ---- coming and going ---- */

/* The questions are sent again with all it has not acknowledged. */
void judge_resumed(struct session *s)
{
	struct probation *p = s->probation;

	if (p && p->waits)
		enter(p, s->user->home->settings->clients_wait_seconds * 1000ULL);
}

void judge_end(struct session *s)
{
	if (s->probation && s->probation->waits)
		home_count(&s->user->home->figures.clients_held, (uint64_t)-1);
}

void judge_free(struct session *s)
{
	if (s->probation)
		list_remove(&s->probation->link);
	free(s->probation);
	s->probation = NULL;
	s->seen = seen_free(s->seen);
	s->standing = standing_unref(s->standing);
	s->patches = client_patches_unref(s->patches);
}

/* ---- all of them again ---- */

/* Whose client nobody needed to know is asked now, and goes on meanwhile. */
static void ask_again(struct session *s)
{
	if (worst_of(s) == CLIENT_ALLOW)
		return;
	if (!s->probation || !s->port) {
		judge_now(s);
		return;
	}
	if (list_is_empty(&s->probation->link))
		enter(s->probation, s->user->home->settings->clients_wait_seconds * 1000ULL);
	ask(s, false);
}

static void decide_again(struct session *s)
{
	struct standing *st;

	if (!s->standing || !list_is_empty(&s->doomed))
		return;
	if (!s->standing->client) {
		ask_again(s);
		return;
	}
	patch(s, s->standing->client);
	st = standing_of(s, s->standing->client);
	if (st && !is_as_before(s->standing, st))
		install(s, st);
	else
		standing_unref(st);
}

void judge_all(struct home *h)
{
	struct map_slot *slot;

	if (h->route->env.turnstile)
		turnstile_clear(h->route->env.turnstile);
	h->judge_again_us = client_next_change_us(h->policy, clock_utc_us());
	for (size_t at = 0; (slot = map_next(&h->users, &at));)
		session_each(s, (struct user *)slot->value) decide_again(s);
}

void judge_tick(struct home *h)
{
	if (h->judge_again_us && clock_utc_us() >= h->judge_again_us)
		judge_all(h);
}

/* ---- another table ---- */

struct change {
	struct task task;
	struct home *home;
	struct client_table *clients; /* counted */
};

/* Who is here already is looked at again when he shows something. */
static void run_change(struct task *task)
{
	struct change *c = container_of(task, struct change, task);

	client_table_unref(c->home->clients);
	c->home->clients = c->clients;
	free(c);
}

void route_set_clients(struct route *r, struct client_table *clients)
{
	for (unsigned i = 0; i < r->count; i++) {
		struct change *c = malloc(sizeof(*c));

		if (!c) {
			log_error("out of memory: loop %u keeps the old table of clients", i);
			continue;
		}
		*c = (struct change){.task.run = run_change, .home = &r->home[i], .clients = client_table_ref(clients)};
		loop_post(r->home[i].loop, &c->task);
	}
}

int judge_init(struct home *h)
{
	struct client_decision everybody = {.effect = CLIENT_ALLOW};
	struct err err;

	list_init(&h->probations);
	h->stranger = standing_new(NULL, &everybody, STR_NONE, STR_NONE);
	h->judge_timer = malloc(sizeof(*h->judge_timer));
	if (!h->stranger || !h->judge_timer || client_table_new(&h->clients, NULL, 0, &err)) {
		free(h->judge_timer);
		h->judge_timer = NULL;
		return -ENOMEM;
	}
	uv_timer_init(loop_uv(h->loop), h->judge_timer);
	h->judge_timer->data = h;
	return 0;
}

static void on_timer_closed(uv_handle_t *timer)
{
	free(timer);
}

void judge_done(struct home *h)
{
	standing_unref(h->stranger);
	client_table_unref(h->clients);
	if (h->judge_timer)
		uv_close((uv_handle_t *)h->judge_timer, on_timer_closed);
}
