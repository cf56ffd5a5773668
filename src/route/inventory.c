#include "route/inventory.h"

#include "base/clock.h"
#include "base/text.h"
#include "client/installation.h"
#include "client/judge.h"
#include "client/seen.h"
#include "route/channel.h"
#include "route/newcomer.h"
#include "route/rooms.h"
#include "route/session.h"
#include "rule/matter.h"

enum {
	NOTE_SECONDS = 1800,  /* what a session has been used for is written so often; a crash loses as much */
	JUDGED_SECONDS = 10,  /* by then a session has been judged, where anything asks its client */
	NOTES_AT_ONCE = 200,  /* in one tick */
	TEXT_MAX = 120,       /* bytes kept of what a client says of itself */
};

void sighting_init(struct sighting *x)
{
	*x = (struct sighting){};
	list_init(&x->link);
}

void sighting_done(struct sighting *x)
{
	list_remove(&x->link);
	x->client = judgement_unref(x->client);
}

/* ---- what goes into the store ---- */

/* Whole characters of it. */
static struct str bounded(struct str s)
{
	size_t len = s.len < TEXT_MAX ? s.len : TEXT_MAX;

	while (len > 0 && len < s.len && ((unsigned char)s.data[len] & 0xc0) == 0x80)
		len--;
	return str_cut(s, 0, len);
}

static struct store_client row_of(const struct session *s, const struct judgement *j, struct str key)
{
	return (struct store_client){.owner = s->user->bare,
		.key = key,
		.class = (uint8_t)j->class,
		.basis = (uint8_t)j->basis,
		.confidence = (uint8_t)j->confidence,
		.contradictions = j->contradictions,
		.product = bounded(j->product),
		.version = bounded(j->version),
		.os = bounded(j->os),
		.device = bounded(j->device),
		.caps = bounded(j->caps),
		.node = bounded(j->node),
		.agent = bounded(j->agent),
		.ja4 = bounded(j->ja4),
		.resource = bounded(s->origin->jid.resource),
		.last_us = clock_utc_us()};
}

static void key_put(struct buf *out, const struct session *s, const struct judgement *j)
{
	installation_put(out, j, s->origin->jid.resource);
}

void inventory_key_put(struct buf *out, const struct session *s)
{
	struct client_signals seen;
	struct judgement *j = s->sighting.client;

	if (j) {
		key_put(out, s, j);
		return;
	}
	seen_view(s->seen, &seen);
	j = client_judge(s->user->home->clients, &seen);
	if (j)
		key_put(out, s, j);
	judgement_unref(j);
}

enum store_auth inventory_auth(struct str mechanism)
{
	if (str_starts(mechanism, STR("HT-")))
		return STORE_AUTH_TOKEN;
	return str_is(mechanism, "EXTERNAL") ? STORE_AUTH_CERTIFICATE : STORE_AUTH_PASSWORD;
}

static struct store *store_of(const struct session *s)
{
	return s->user->home->route->env.store;
}

static const struct channel nowhere;

static void put_login(struct store_client *row, const struct channel *login)
{
	row->auth = login->mechanism.len ? (uint8_t)inventory_auth(login->mechanism) : STORE_AUTH_NONE;
	row->mechanism = bounded(login->mechanism);
	row->tls = bounded(login->tls);
}

/* `was`: under which key it has been noted. `at`: where it is, without an address nowhere new; it has logged in with that
 * mechanism, without one it has not since. */
static void write_row(struct session *s, const struct judgement *j, bool first, const struct channel *at, struct str was)
{
	struct sighting *x = &s->sighting;
	struct buf key = BUF_INIT(INSTALLATION_MAX);
	struct channel now = channel_of(s);
	struct store_client row;
	bool moved;

	key_put(&key, s, j);
	row = row_of(s, j, buf_view(&key));
	moved = was.len && !str_eq(was, row.key);
	row.address = network_host(at->address);
	row.sessions = first || moved;
	put_login(&row, moved ? &now : at);
	for (size_t i = 0; i < STORE_USES; i++) {
		row.uses[i] = x->uses[i];
		x->uses[i] = 0;
	}
	if (!buf_failed(&key))
		store_client_note(store_of(s), &row, moved ? was : STR_NONE, s->user->home->settings->clients_per_account);
	x->noted = loop_seconds(s->user->home->loop);
	buf_done(&key);
}

static void again(struct session *s)
{
	list_remove(&s->sighting.link);
	list_append(&s->user->home->sightings, &s->sighting.link);
}

/* A verified hash whose client says in words which product and version it is, and nothing it says speaks against it. What is
 * known by a shipped hash teaches nothing. */
static bool teaches(const struct judgement *own)
{
	return own->caps.len && own->product.len && own->version.len && !own->contradictions && own->class == CLIENT_NAMED &&
	       own->basis >= BASIS_VERSION && own->basis != BASIS_CAPS;
}

/* What is learnt of a hash already is no word of the client's: without it, what does it say? */
static bool teach(const struct session *s)
{
	size_t max = s->user->home->settings->clients_hashes;
	struct client_signals seen;
	struct judgement *own;
	bool new;

	seen_view(s->seen, &seen);
	own = max && seen.caps_verified ? client_judge(s->user->home->shipped, &seen) : NULL;
	new = own && teaches(own);
	if (new) {
		struct store_caps_client row = {.hash = own->caps,
			.product = bounded(own->product),
			.version = bounded(own->version),
			.os = bounded(own->os),
			.node = bounded(own->node),
			.last_us = clock_utc_us()};

		store_caps_client_note(store_of(s), &row, s->user->bare, max);
	}
	judgement_unref(own);
	return new;
}

/* ---- a session's life ---- */

void inventory_saw(struct session *s, struct judgement *client)
{
	struct sighting *x = &s->sighting;
	struct buf was = BUF_INIT(INSTALLATION_MAX);
	struct channel at = channel_of(s);
	bool first = !x->client, same = !first && judgement_is_same(x->client, client);

	if (s->user->failed)
		return;
	if (!same || !x->taught)
		x->taught = teach(s);
	if (same)
		return;
	if (!first)
		key_put(&was, s, x->client);
	if (!first || x->shut)
		at.mechanism = at.tls = STR_NONE;
	write_row(s, client, first, &at, buf_view(&was));
	buf_done(&was);
	judgement_unref(x->client);
	x->client = judgement_ref(client);
	again(s);
	newcomer_judged(s, client);
}

void inventory_met(struct session *s)
{
	s->sighting.noted = loop_seconds(s->user->home->loop);
	list_append(&s->user->home->unsighted, &s->sighting.link);
}

/* It was not judged: by what it has shown. */
static void guess(struct session *s)
{
	struct client_signals seen;
	struct judgement *found, *j, like;

	seen_view(s->seen, &seen);
	found = client_judge(s->user->home->clients, &seen);
	if (!found)
		return;
	like = *found;
	if (like.class == CLIENT_SILENT) /* it has not been given the time to answer */
		like.class = CLIENT_UNKNOWN;
	j = judgement_new(&like);
	if (j)
		inventory_saw(s, j);
	judgement_unref(j);
	judgement_unref(found);
}

void inventory_resumed(struct session *s, const struct channel *at)
{
	if (s->sighting.client && !s->user->failed)
		write_row(s, s->sighting.client, false, at, STR_NONE);
}

void inventory_ended(struct session *s)
{
	if (s->user->failed)
		return;
	if (s->sighting.client)
		write_row(s, s->sighting.client, false, &nowhere, STR_NONE);
	else
		guess(s);
}

void inventory_tick(struct home *h)
{
	uint64_t now = loop_seconds(h->loop);

	for (unsigned i = 0; i < NOTES_AT_ONCE && !list_is_empty(&h->unsighted); i++) {
		struct session *s = container_of(h->unsighted.next, struct session, sighting.link);

		if (s->sighting.noted + JUDGED_SECONDS > now)
			break;
		list_remove(&s->sighting.link);
		guess(s);
	}
	for (unsigned i = 0; i < NOTES_AT_ONCE && !list_is_empty(&h->sightings); i++) {
		struct session *s = container_of(h->sightings.next, struct session, sighting.link);

		if (s->sighting.noted + NOTE_SECONDS > now)
			break;
		if (!s->user->failed)
			write_row(s, s->sighting.client, false, &nowhere, STR_NONE);
		again(s);
	}
}

void inventory_settle(struct home *h)
{
	while (!list_is_empty(&h->sightings)) {
		struct session *s = container_of(h->sightings.next, struct session, sighting.link);

		if (!s->user->failed)
			write_row(s, s->sighting.client, false, &nowhere, STR_NONE);
		list_remove(&s->sighting.link);
	}
}

/* ---- what it is used for ---- */

static bool is_for_people(const struct home *h, const struct parcel *p)
{
	return p->has_to && !str_eq(p->to.bare, p->origin->jid.bare) && (p->to.local.len || !home_is_ours(h, p->to.domain));
}

/* -1: nothing that is counted. Answers count for who asked. */
static int use_of(const struct home *h, const struct parcel *p)
{
	bool room = p->has_to && rooms_is_service(h, p->to.domain);

	if (str_is(p->type, "error") || str_is(p->type, "result"))
		return -1;
	if (p->matter & MATTER_CALL)
		return STORE_USE_CALLS;
	if (p->matter & MATTER_FILE)
		return STORE_USE_FILES;
	if (room && p->kind != PARCEL_IQ)
		return STORE_USE_ROOMS;
	return p->kind == PARCEL_MESSAGE && p->class == CLASS_CONTENT && is_for_people(h, p) ? STORE_USE_MESSAGES : -1;
}

void inventory_used(struct user *u, const struct parcel *p)
{
	int use = p->class == CLASS_CONTENT ? use_of(u->home, p) : -1;
	struct session *s = use >= 0 ? session_by_origin(u, p->origin) : NULL;

	if (s)
		s->sighting.uses[use]++;
}

/* ---- who was refused ---- */

void inventory_refused(struct store *store, const struct inventory_refusal *f)
{
	struct store_refusal row = {.kind = f->kind,
		.owner = f->owner,
		.address = network_host(f->address),
		.product = f->client ? bounded(f->client->product) : STR_NONE,
		.version = f->client ? bounded(f->client->version) : STR_NONE,
		.rule = f->rule,
		.reason = bounded(f->reason),
		.last_us = clock_utc_us()};

	store_refusal_note(store, &row, INVENTORY_REFUSALS_MAX);
}
