#include "route/components.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "base/log.h"
#include "conf/service.h"
#include "route/answer.h"
#include "route/components_serve.h"
#include "route/components_shown.h"
#include "route/deliver.h"
#include "route/history.h"
#include "route/iq.h"
#include "route/message.h"
#include "route/presence.h"
#include "route/rooms.h"
#include "route/sight.h"
#include "route/sluice.h"
#include "route/subscription.h"
#include "stanza/ns.h"
#include "stanza/xml_out.h"

/* Touched on its loop only, but for `up`. */
struct component {
	struct str domain; /* of the settings of the start */
	struct home *home;
	struct origin *origin; /* counted; NULL: away */
	struct port *port;     /* counted; NULL: away */
	struct shown shown;
	_Atomic bool up;
};

struct components {
	size_t len;
	struct component all[];
};

struct components *components_new(struct route *r, const struct settings *settings)
{
	size_t len = settings_components_len(settings);
	struct components *c = calloc(1, sizeof(*c) + len * sizeof(c->all[0]));

	if (!c)
		return NULL;
	c->len = len;
	for (size_t i = 0; i < len; i++) {
		c->all[i].domain = settings_component(settings, i);
		c->all[i].home = home_of(r, c->all[i].domain);
		components_shown_init(&c->all[i].shown);
	}
	return c;
}

struct components *components_free(struct components *c)
{
	for (size_t i = 0; c && i < c->len; i++) {
		components_shown_clear(&c->all[i].shown, NULL, NULL);
		origin_unref(c->all[i].origin);
		port_unref(c->all[i].port);
	}
	free(c);
	return NULL;
}

static struct component *find(const struct route *r, struct str domain)
{
	struct components *c = r->components;

	for (size_t i = 0; i < c->len; i++)
		if (str_eq(c->all[i].domain, domain))
			return &c->all[i];
	return NULL;
}

bool components_has(const struct route *r, struct str domain)
{
	return find(r, domain) != NULL;
}

bool components_is_up(const struct route *r, struct str domain)
{
	const struct component *c = find(r, domain);

	return c && c->up;
}

struct home *components_home(struct route *r, struct str domain)
{
	return home_of(r, domain);
}

/* ---- coming and going ---- */

static void note(const struct component *c, enum event type, const char *reason)
{
	struct entry entry = {.type = type,
		.from = c->domain,
		.session = c->origin->session,
		.address = c->origin->address,
		.reason = str_from(reason)};

	if (record_append(c->home->record, &entry, NULL))
		log_warn("a component's session could not be recorded");
}

/* origin->answer. */
static void component_answer(struct origin *o, struct port *port, struct blob *stanza)
{
	(void)o;
	port_write(port, stanza);
}

static struct origin *origin_for(const struct component *c, const struct errand *e)
{
	char id[RECORD_ID];
	struct jid jid = jid_split(c->domain);
	struct origin *o;

	record_id(id);
	o = origin_new(&(struct origin_parts){.jid = &jid,
		.session = str_of(id, sizeof(id)),
		.address = e->address,
		.mechanism = e->mechanism,
		.home = c->home->loop});
	if (o) {
		o->answer = component_answer;
		o->owner = c->home->route;
	}
	return o;
}

/* One connection a component: who comes second is told so (RFC 6120 section 4.9.3.3). The first is found dead soon, when
 * it is: it is asked for signs of life like any other. */
static enum errand_error component_bind(struct component *c, struct errand *e)
{
	if (c->port)
		return ERRAND_E_CONFLICT;
	c->origin = origin_for(c, e);
	if (!c->origin)
		return ERRAND_E_FAILED;
	c->port = port_ref(e->port);
	c->up = true;
	e->origin = origin_ref(c->origin);
	note(c, EVENT_SESSION_OPEN, NULL);
	log_info("component %s has connected", LOG_STR(c->domain));
	return ERRAND_OK;
}

static void hide_one(void *owner, struct str from, struct str to)
{
	letter_send(owner, &(struct letter_parts){.kind = LETTER_UNAVAILABLE, .from = from, .to = to});
}

static void component_gone(struct component *c, struct errand *e)
{
	static const char *const reasons[] = {"closed", "connection lost", "stream error"};

	if (c && c->port == e->port) {
		note(c, EVENT_SESSION_CLOSE, reasons[e->reason]);
		log_info("component %s has gone (%s)", LOG_STR(c->domain), reasons[e->reason]);
		c->up = false;
		c->port = port_unref(c->port);
		c->origin = origin_unref(c->origin);
		components_shown_clear(&c->shown, hide_one, c->home->route);
	}
	errand_free(e);
}

void components_run_errand(struct errand *e)
{
	struct component *c = find(e->route, e->origin ? e->origin->jid.domain : e->bare.bare);

	if (e->kind == ERRAND_GONE)
		component_gone(c, e);
	else if (e->kind == ERRAND_COMPONENT)
		errand_answer(e, c ? component_bind(c, e) : ERRAND_E_FAILED);
	else
		errand_free(e);
}

/* ---- what it says ---- */

static bool remember(struct component *c, struct parcel *p, enum letter_kind kind)
{
	if (kind == LETTER_UNAVAILABLE)
		components_shown_remove(&c->shown, p->origin->jid.full, p->to.full);
	return kind != LETTER_AVAILABLE ||
	       components_shown_add(&c->shown, p->origin->jid.full, p->to.full, c->home->settings->components_presence_max);
}

static void send_shown(struct component *c, struct parcel *p, enum letter_kind kind)
{
	struct letter_parts parts = {.kind = kind,
		.from = p->origin->jid.full,
		.to = p->to.full,
		.addressed = true,
		.asked = kind == LETTER_PROBE,
		.hold = p->hold};
	struct kept kept;

	kept_take(&kept, p->receipt);
	parts.kept = &kept;
	xml_put(&c->home->scratch, p->stanza, NS_CLIENT);
	parts.stanza = blob_of_scratch(c->home);
	if (parts.stanza)
		letter_send(p->route, &parts);
	blob_unref(parts.stanza);
}

static void send_presence(struct component *c, struct parcel *p)
{
	enum letter_kind kind = letter_kind_of(p->type);

	if (kind >= LETTER_SUBSCRIBE)
		subscription_route(c->home, p, p->origin->jid.bare, kind);
	else if (remember(c, p, kind))
		send_shown(c, p, kind);
	else
		answer_error_as(p, STANZA_RESOURCE_CONSTRAINT, STANZA_TYPE_WAIT,
			"Too many see addresses of this component as available.");
}

static void refuse(struct parcel *p, enum stanza_condition condition)
{
	if (p->kind != PARCEL_PRESENCE || p->type.len == 0)
		answer_error(p, condition, NULL);
	parcel_end(p);
}

static void send_to_account(struct component *c, struct parcel *p)
{
	switch (p->kind) {
	case PARCEL_MESSAGE:
		message_pass(p);
		return;
	case PARCEL_IQ:
		iq_pass(p);
		return;
	case PARCEL_PRESENCE:
		send_presence(c, p);
		parcel_end(p);
		return;
	}
}

void components_send(struct parcel *p)
{
	struct home *h = home_here(p->route);
	struct component *c = find(p->route, p->origin->jid.domain);

	if (!c || !c->origin || !str_eq(c->origin->session, p->origin->session))
		parcel_end(p); /* of a connection that has gone: its people are away already */
	else if (components_has(p->route, p->to.domain))
		components_pass(p);
	else if (rooms_is_service(h, p->to.domain))
		refuse(p, STANZA_SERVICE_UNAVAILABLE); /* rooms hold sessions of accounts */
	else if (!home_is_ours(h, p->to.domain))
		refuse(p, STANZA_REMOTE_SERVER_NOT_FOUND);
	else if (!jid_is_domain(&p->to))
		send_to_account(c, p);
	else if (p->kind == PARCEL_IQ)
		components_serve(h, p);
	else
		refuse(p, STANZA_SERVICE_UNAVAILABLE);
}

/* ---- what it is told ---- */

static const struct receipt *receipt_of(const struct home *h, const struct parcel *p)
{
	if (p->class == CLASS_CONTENT) {
		assert(p->receipt);
		return p->receipt;
	}
	return record_signal(h->record, p->kind == PARCEL_IQ ? SIGNAL_PING : SIGNAL_CHAT_STATE);
}

static void hand_over(struct component *c, struct parcel *p)
{
	struct home *h = c->home;
	struct goods g = {.hold = p->hold, .note = true};

	if (p->xml.len)
		buf_str(&h->scratch, p->xml);
	else
		xml_put(&h->scratch, p->stanza, NS_CLIENT);
	g.blob = blob_of_scratch(h);
	if (g.blob)
		deliver_outside(h, c->port, p->to.full, &g, receipt_of(h, p));
	else
		answer_error(p, STANZA_RESOURCE_CONSTRAINT, NULL);
	blob_unref(g.blob);
}

/* Meanwhile. */
static bool refuse_switched_off(const struct home *h, struct parcel *p)
{
	const struct lockdown_switch *off = sluice_stops_parcel(h, p);
	struct buf text = BUF_INIT(4096);

	if (!off)
		return false;
	(void)lockdown_put_text(&text, off, STR("en"));
	if (p->kind != PARCEL_PRESENCE || p->type.len == 0)
		answer_error(p, STANZA_POLICY_VIOLATION, buf_cstr(&text));
	buf_done(&text);
	return true;
}

static void run_receive(struct task *task)
{
	struct parcel *p = parcel_of(task);
	struct component *c = find(p->route, p->to.domain);

	history_keep(c->home, p, p->views);
	if (refuse_switched_off(c->home, p))
		;
	else if (c->port)
		hand_over(c, p);
	else if (p->kind != PARCEL_PRESENCE || p->type.len == 0)
		answer_error(p, STANZA_REMOTE_SERVER_TIMEOUT, "The service is not connected at the moment.");
	parcel_end(p);
}

void components_pass(struct parcel *p)
{
	parcel_pass(p, components_home(p->route, p->to.domain), run_receive);
}

void components_answer(struct parcel *p, struct blob *stanza, const struct kept *kept)
{
	struct home *h = home_here(p->route);
	struct arena *arena = arena_new(0);
	const struct receipt *receipt = arena ? kept_receipt(kept, arena, h->record) : NULL;

	if (receipt)
		deliver_outside(h, p->port, p->origin->jid.full, &(struct goods){.blob = stanza}, receipt);
	arena_free(arena);
}

void components_run_letter(struct task *task)
{
	struct letter *l = letter_of(task);
	struct component *c = find(l->route, l->to.domain);
	struct arena *arena = c->port ? arena_new(0) : NULL;
	struct blob *blob = arena ? letter_blob(c->home, l) : NULL;
	const struct receipt *receipt = blob ? kept_receipt(&l->kept, arena, c->home->record) : NULL;

	if (receipt)
		deliver_outside(c->home, c->port, l->to.full, &(struct goods){.blob = blob, .hold = l->hold}, receipt);
	blob_unref(blob);
	arena_free(arena);
	letter_free(l);
}

/* ---- discovery ---- */

void components_put_items(struct buf *out, const struct home *h, struct str viewer)
{
	const struct components *all = h->route->components;

	for (size_t i = 0; i < all->len; i++) {
		const struct component *c = &all->all[i];

		if (!c->up || !may_see(h, viewer, c->domain))
			continue;
		buf_lit(out, "<item jid='");
		xml_escape(out, c->domain);
		buf_lit(out, "'/>");
	}
}
