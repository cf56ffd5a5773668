#include "way/way.h"

#include <errno.h>
#include <stdlib.h>

#include "account/denials.h"
#include "account/directory.h"
#include "account/turnstile.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "client/judge.h"
#include "conf/settings.h"
#include "net/rejections.h"
#include "route/route.h"
#include "rule/client_rule.h"
#include "way/names.h"
#include "way/quota.h"
#include "way/refused.h"
#include "way/stages.h"
#include "xmpp/xmpp.h"

struct way {
	struct way_env env;
	struct xmpp *xmpp;
	struct meter *met, *spent;
	struct way_loop *loops;
};

enum {
	SPENT = 65536, /* accounts, rooms somebody is in: what has been taken lately */
};

struct stage {
	const char *name;
	enum stage_result (*run)(struct parcel *p, struct way_loop *wl);
	bool notes_refusals; /* what it refuses is not seen by the stages that would record it */
};

static enum stage_result run_check(struct parcel *p, struct way_loop *wl)
{
	enum stage_result r = xmpp_check(p, wl->way->xmpp);

	return r == STAGE_NEXT ? quota_take(p, wl) : r;
}

static enum stage_result run_admit(struct parcel *p, struct way_loop *wl)
{
	return xmpp_admit(p, wl->way->xmpp);
}

static enum stage_result run_charge(struct parcel *p, struct way_loop *wl)
{
	return xmpp_charge(p, wl->way->xmpp);
}

static enum stage_result run_route(struct parcel *p, struct way_loop *wl)
{
	return route_parcel(p, wl->way->env.route);
}

static const struct stage way[] = {
		{"charge", run_charge, true},   /* paid for before any work is done on it, also by who is refused next */
		{"check", run_check, true},     /* well formed, addressed, sender stamped by us, within what he may (quota.h) */
		{"admit", run_admit, false},    /* has the client been judged? waits until it has */
		{"policy", stage_policy, true},        /* may these two talk? writes the verdict; refuses whose session is being ended */
		{"inspect", stage_inspect, false},     /* what is said? writes the verdict, never refuses: what is blocked is recorded too */
		{"record", stage_record, false},       /* parcel and verdict; nothing goes on without a receipt */
		{"route", run_route, false},           /* delivers what the verdict allows, else tells the sender */
};

enum { STAGES = sizeof(way) / sizeof(way[0]) };

static void way_run(struct way_loop *wl, struct parcel *p);

static struct way_loop *way_here(struct way *w)
{
	return &w->loops[loop_index(loop_current())];
}

/* Those that only waited for their turn go on, once everything before them is handled. */
static void way_release(struct way_loop *wl, struct list *queue)
{
	if (wl->releasing)
		return;
	wl->releasing = true;
	while (!list_is_empty(queue)) {
		struct parcel *first = container_of(queue->next, struct parcel, pending);

		if (!first->held)
			break;
		first->held = false;
		first->stage++;
		way_run(wl, first);
	}
	wl->releasing = false;
}

/* The parcel is handled: its stream counts it, its successors may go, our reference ends. */
static void way_finish(struct way_loop *wl, struct parcel *p)
{
	struct list *queue = p->queue;
	struct port *port = port_ref(p->port); /* the queue lives in the stream */

	p->handled(p);
	parcel_unref(p);
	way_release(wl, queue);
	port_unref(port);
}

static void count_refusal(struct way_loop *wl, const struct parcel *p)
{
	way_count(&wl->stats.refused, 1);
	if (!p->refusal.silent)
		way_count(&wl->stats.refusals[p->refusal.condition], 1);
}

static void way_refuse(struct parcel *p)
{
	const struct refusal *r = &p->refusal;
	struct node *error;

	if (r->silent || !stanza_may_be_answered(p->stanza))
		return;
	error = stanza_error_reply(p->arena, p->stanza, r->condition, r->type, r->text, STR_NONE, NULL);
	if (error)
		parcel_answer(p, error);
}

static void way_run(struct way_loop *wl, struct parcel *p)
{
	while (p->stage < STAGES) {
		switch (way[p->stage].run(p, wl)) {
		case STAGE_NEXT:
			p->stage++;
			break;
		case STAGE_WAIT:
			return;
		case STAGE_REFUSE:
			count_refusal(wl, p);
			if (way[p->stage].notes_refusals)
				refused_stanza(wl, p);
			way_refuse(p);
			way_finish(wl, p);
			return;
		case STAGE_DONE:
			way_finish(wl, p);
			return;
		}
	}
	way_finish(wl, p);
}

static void way_resume(struct parcel *p, enum stage_result result)
{
	struct way_loop *wl = p->way;

	p->waits_for = NULL;
	if (result == STAGE_NEXT) {
		p->stage++;
		way_run(wl, p);
		return;
	}
	if (result == STAGE_REFUSE) {
		count_refusal(wl, p);
		way_refuse(p);
	}
	way_finish(wl, p);
}

void way_submit(void *owner, struct parcel *p)
{
	struct way_loop *wl = way_here(owner);

	p->way = wl;
	p->resume = way_resume;
	way_count(&wl->stats.kinds[p->kind], 1);
	way_run(wl, p);
}

/* What the server has put behind a tag (XEP-0386). */
static struct str own_part(struct str resource)
{
	size_t slash = 0;

	while (str_find(resource, '/', slash) < resource.len)
		slash = str_find(resource, '/', slash) + 1;
	return str_cut(resource, slash, resource.len);
}

static void resource_inspect(struct way_loop *wl, struct errand *e)
{
	struct subject from = way_subject(e->person, e->resource);
	struct verdict v = {};

	inspect_text(wl->policy, wl->scratch, KIND_RESOURCE, e->resource, &from, NULL, e->arena, &v);
	if (!verdict_blocks(&v))
		return;
	way_count(&wl->stats.blocked, 1);
	refused_resource(wl, e, &v);
	e->resource = e->kind == ERRAND_OPEN ? own_part(e->resource) : STR_NONE;
}

void way_errand(void *owner, struct errand *e)
{
	struct way *w = owner;

	if ((e->kind == ERRAND_BIND || e->kind == ERRAND_OPEN) && e->resource.len)
		resource_inspect(way_here(w), e);
	route_errand(w->env.route, e);
}

bool way_forbids_name(void *owner, struct str bare, struct str address)
{
	struct way_loop *wl = way_here(owner);
	struct subject from = subject_of(bare, true);
	struct arena *arena = arena_new(0);
	struct verdict v = {};
	bool forbids;

	if (!arena)
		return true;
	inspect_text(wl->policy, wl->scratch, KIND_RESOURCE, jid_split(bare).local, &from, NULL, arena, &v);
	forbids = verdict_blocks(&v);
	if (forbids) {
		way_count(&wl->stats.blocked, 1);
		refused_name(wl, bare, address, &v);
	}
	arena_free(arena);
	return forbids;
}

/* ---- logins ---- */

/* Was that account denied from there again and again, as soon as it was known what it uses? */
static bool is_held_off(struct way_loop *wl, const struct xmpp_visitor *v, struct arena *arena, struct str *text, struct str *rule)
{
	struct comer c = {.account = v->person->jid, .address = network_host(v->address), .agent = v->signals.agent_id,
		.ja4 = v->signals.ja4, .mechanism = v->mechanism};
	struct turnstile *t = wl->way->env.turnstile;
	bool held = t && turnstile_holds(t, &c, loop_ms(wl->loop), arena, rule, text);

	if (held)
		way_count(&wl->stats.held_off, 1);
	return held;
}

bool way_denies_client(void *way_owner, const struct xmpp_visitor *v, struct arena *arena, struct str *text, struct str *rule)
{
	struct way_loop *wl = way_here(way_owner);
	struct subject person = way_subject(v->person, STR_NONE);
	/* mostly SASL2's agent (XEP-0388) and the TLS library */
	struct judgement *client = client_has_rules(wl->policy) ? client_judge(route_clients(wl->route), &v->signals) : NULL;
	const struct settings_strings *help = &wl->settings->contact_support;
	struct client_case c = {.client = client,
			.person = &person,
			.address = network_host(v->address),
			.mechanism = v->mechanism,
			.tls = v->tls,
			.help = help->len ? help->items[0] : STR_NONE,
			.now_us = clock_utc_us(),
			.early = true};
	struct client_decision d;
	bool denied;

	client_decide(wl->policy, &c, &d);
	if (d.effect == CLIENT_DENY) {
		denials_count(wl->way->env.denials, d.rule);
		*text = client_decision_text(&d, v->person->language, arena);
		*rule = arena_dup(arena, d.rule);
	}
	denied = d.effect == CLIENT_DENY || is_held_off(wl, v, arena, text, rule);
	if (denied && !client)
		client = client_judge(route_clients(wl->route), &v->signals);
	if (denied)
		rejection_note(&(struct rejection){.kind = d.effect == CLIENT_DENY ? STR("client") : STR("held"),
				.address = c.address,
				.owner = v->person->jid,
				.product = client ? client->product : STR_NONE,
				.version = client ? client->version : STR_NONE,
				.rule = *rule,
				.reason = *text});
	judgement_unref(client); /* the text names it */
	return denied;
}

bool way_bars(void *owner, const struct subject *who, struct str agent, struct str lang, struct arena *arena, struct str *text,
		struct str *id)
{
	const struct way_loop *wl = way_here(owner);
	struct lockdown_party party = {.person = who, .agent = agent};
	const struct lockdown_switch *off = lockdown_bars(policy_set_lockdown(wl->policy), &party);

	struct buf words = BUF_INIT(0);

	if (!off)
		return false;
	lockdown_put_text(&words, off, lang);
	*text = arena_dup(arena, buf_view(&words));
	*id = arena_dup(arena, off->id);
	buf_done(&words);
	return true;
}

/* ---- set-up and reload ---- */

static void on_watch(struct timer *timer)
{
	struct way_loop *wl = container_of(timer, struct way_loop, watch);

	stages_watch(wl);
	timer_start(wl->loop, timer, 1);
}

static void channel_add(struct channel_rules *rules, int setting, unsigned matter)
{
	rules->refused |= setting == SETTINGS_CHANNEL_REFUSE ? matter : 0;
	rules->reported |= setting == SETTINGS_CHANNEL_REPORT ? matter : 0;
}

static struct channel_rules channels_of(const struct settings *s)
{
	struct channel_rules rules = {};

	channel_add(&rules, s->channels_weak_calls, MATTER_WEAK_CALL);
	channel_add(&rules, s->channels_weak_files, MATTER_WEAK_FILE);
	channel_add(&rules, s->channels_in_band_files, MATTER_IN_BAND);
	return rules;
}

static void put_settings(struct way_loop *wl, const struct settings *settings)
{
	wl->settings = settings;
	wl->channels = channels_of(settings);
}

static int way_loop_init(struct way *w, unsigned i, const struct settings *settings, struct policy_set *policy)
{
	struct way_loop *wl = &w->loops[i];

	wl->way = w;
	wl->loop = w->env.loops->loop[i];
	wl->record = w->env.record[i];
	wl->directory = w->env.directory;
	wl->route = w->env.route;
	put_settings(wl, settings);
	wl->policy = policy_set_ref(policy);
	wl->scratch = inspect_scratch_new();
	wl->met = w->met;
	wl->spent = w->spent;
	wl->outbreak = w->env.outbreak;
	list_init(&wl->waiting);
	buf_init(&wl->stanza, 0);
	buf_init(&wl->names, 0);
	buf_init(&wl->conv, 0);
	buf_init(&wl->members, 0);
	buf_init(&wl->deliver, 0);
	buf_init(&wl->nick, 0);
	timer_init(&wl->watch, on_watch);
	timer_start(wl->loop, &wl->watch, 1);
	return wl->scratch ? 0 : -ENOMEM;
}

int way_new(struct way **out, const struct way_env *env, const struct settings *settings, struct policy_set *policy)
{
	struct way *w = calloc(1, sizeof(*w));

	if (!w)
		return -ENOMEM;
	w->env = *env;
	if (meter_new(&w->met, NAMES_MET) || meter_new(&w->spent, SPENT) ||
			!(w->loops = calloc(env->loops->count, sizeof(*w->loops)))) {
		way_free(w);
		return -ENOMEM;
	}
	for (unsigned i = 0; i < env->loops->count; i++)
		if (way_loop_init(w, i, settings, policy)) {
			way_free(w);
			return -ENOMEM;
		}
	*out = w;
	return 0;
}

struct way *way_free(struct way *w)
{
	if (!w)
		return NULL;
	for (unsigned i = 0; w->loops && i < w->env.loops->count; i++) {
		policy_set_unref(w->loops[i].policy);
		inspect_scratch_free(w->loops[i].scratch);
		buf_done(&w->loops[i].stanza);
		buf_done(&w->loops[i].names);
		buf_done(&w->loops[i].conv);
		buf_done(&w->loops[i].members);
		buf_done(&w->loops[i].deliver);
		buf_done(&w->loops[i].nick);
	}
	free(w->loops);
	meter_free(w->met);
	meter_free(w->spent);
	free(w);
	return NULL;
}

void way_set_xmpp(struct way *w, struct xmpp *x)
{
	w->xmpp = x;
}

/* What changed, on its way to one loop. */
struct change {
	struct task task;
	struct way_loop *wl;
	struct policy_set *policy;
	const struct settings *settings;
};

static void run_change(struct task *task)
{
	struct change *c = container_of(task, struct change, task);

	if (c->policy) {
		policy_set_unref(c->wl->policy);
		c->wl->policy = c->policy;
	}
	if (c->settings)
		put_settings(c->wl, c->settings);
	free(c);
}

static void way_tell(struct way *w, struct policy_set *policy, const struct settings *settings)
{
	for (unsigned i = 0; i < w->env.loops->count; i++) {
		struct change *c = calloc(1, sizeof(*c));

		if (!c) {
			log_error("out of memory: loop %u keeps the old policy and settings", i);
			continue;
		}
		*c = (struct change){
				.task.run = run_change,
				.wl = &w->loops[i],
				.policy = policy_set_ref(policy),
				.settings = settings,
		};
		loop_post(w->env.loops->loop[i], &c->task);
	}
}

void way_set_policy(struct way *w, struct policy_set *policy)
{
	way_tell(w, policy, NULL);
}

void way_set_settings(struct way *w, const struct settings *settings)
{
	way_tell(w, NULL, settings);
}

static void add_all(uint64_t *to, const uint64_t *from, size_t len)
{
	for (size_t i = 0; i < len; i++)
		to[i] += __atomic_load_n(&from[i], __ATOMIC_RELAXED);
}

void way_stats(const struct way *w, struct way_stats *out)
{
	*out = (struct way_stats){0};
	for (unsigned i = 0; i < w->env.loops->count; i++) {
		const struct way_stats *s = &w->loops[i].stats;

		out->content += __atomic_load_n(&s->content, __ATOMIC_RELAXED);
		out->events += __atomic_load_n(&s->events, __ATOMIC_RELAXED);
		out->signals += __atomic_load_n(&s->signals, __ATOMIC_RELAXED);
		out->blocked += __atomic_load_n(&s->blocked, __ATOMIC_RELAXED);
		out->refused += __atomic_load_n(&s->refused, __ATOMIC_RELAXED);
		out->held_off += __atomic_load_n(&s->held_off, __ATOMIC_RELAXED);
		out->waiting += __atomic_load_n(&s->waiting, __ATOMIC_RELAXED);
		add_all(out->kinds, s->kinds, sizeof(s->kinds) / sizeof(s->kinds[0]));
		add_all(out->verdicts, s->verdicts, ACTION_COUNT);
		add_all(out->refusals, s->refusals, STANZA_CONDITIONS);
		add_all(out->over, s->over, QUOTAS);
		durations_gather(&out->receipts, &s->receipts);
	}
}

void way_traffic(const struct way *w, void (*each)(void *owner, const struct traffic *t), void *owner)
{
	for (unsigned i = 0; i < w->env.loops->count; i++)
		each(owner, &w->loops[i].traffic);
}
