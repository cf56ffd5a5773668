#include "route/deliver.h"

#include <inttypes.h>

#include "base/log.h"
#include "parcel/parcel.h"
#include "route/answer.h"
#include "route/offline.h"
#include "route/patch.h"
#include "route/quiet.h"
#include "route/sluice.h"
#include "stanza/ns.h"
#include "stanza/xml_out.h"

static void request_ack(struct session *s)
{
	s->sm->requested = true;
	s->sm->since_request = 0;
	port_write_str(s->port, STR("<r xmlns='urn:xmpp:sm:3'/>"));
}

static struct unacked unacked_of(struct home *h, const struct goods *g, const struct receipt *receipt)
{
	struct unacked u = {.blob = blob_ref(g->blob), .sent_ms = loop_ms(h->loop), .stored = g->stored};

	u.request = g->request ? parcel_ref(g->request) : NULL;
	if (receipt_is_signal(receipt))
		return u;
	u.seq = receipt_seq(receipt);
	u.time_us = receipt_time_us(receipt);
	memcpy(u.id, receipt_id(receipt).data, RECORD_ID);
	u.from = g->keep ? origin_ref(g->keep) : NULL;
	u.hold = g->keep ? hold_ref(g->hold) : NULL; /* what nobody stores need not wait */
	u.note = g->note;
	u.fan = fan_ref(g->fan);
	return u;
}

/* Every stanza of a managed stream is counted, whoever made it. */
static void deliver_counted(
	struct session *s, const struct goods *g, struct blob *sent, const struct receipt *receipt)
{
	struct home *h = s->user->home;
	struct unacked u = unacked_of(h, g, receipt);

	if (sm_push(s->sm, &u) || s->sm->len > h->settings->sm_unacked_max)
		session_doom(
			s, "policy-violation", "Too many stanzas were not acknowledged.", "unacknowledged");
	if (list_is_empty(&s->unacked))
		list_append(&h->unacked, &s->unacked);
	s->sm->since_request++;
	if (!s->port)
		return;
	port_write(s->port, sent);
	if (!s->sm->requested && s->sm->since_request >= SM_REQUEST_AFTER)
		request_ack(s);
}

/* ---- before it is judged ---- */

static void rest_of(struct session *s, struct sm *q);

static bool lobby_has_room(const struct session *s, const struct goods *g)
{
	return (!s->lobby || s->lobby->len < s->user->home->settings->clients_held_max) &&
	       s->lobby_bytes + g->blob->len <= LOBBY_BYTES;
}

/* As if the session had gone. Whoever offered it may hold the fan, and that is nobody who has got it. */
void deliver_turn_away(struct session *s, const struct goods *g, const struct receipt *receipt)
{
	struct unacked u = unacked_of(s->user->home, g, receipt);
	struct sm *one = sm_new(false);

	if (u.fan && !u.fan->reached && u.fan->refs == 2)
		u.fan = fan_unref(u.fan);
	if (one && sm_push(one, &u) == 0)
		rest_of(s, one);
	else
		log_error("out of memory: what came for a session that cannot have it is lost");
	sm_free(one);
}

/* False: there is no room. */
static bool lobby_hold(struct session *s, const struct goods *g, const struct receipt *receipt)
{
	struct unacked u;

	if (!lobby_has_room(s, g) || (!s->lobby && !(s->lobby = sm_new(false))))
		return false;
	u = unacked_of(s->user->home, g, receipt);
	if (sm_push(s->lobby, &u))
		return false;
	s->lobby_bytes += g->blob->len;
	return true;
}

/* Empties it before the first is handed over: what comes meanwhile has its place behind. Memory is out: the session ends, and what
 * waits goes where it goes with one that has ended. */
void deliver_waiting(struct session *s)
{
	struct sm *lobby = s->lobby;
	struct arena *arena = lobby ? arena_new(0) : NULL;

	if (lobby && !arena) {
		session_doom(s, "resource-constraint", "The server is out of memory.", "out of memory");
		return;
	}
	s->lobby = NULL;
	s->lobby_bytes = 0;
	for (uint32_t i = 0; lobby && i < lobby->len; i++) {
		const struct unacked *u = sm_at(lobby, i);
		struct kept kept = {.seq = u->seq, .time_us = u->time_us};
		struct goods g = {.blob = u->blob,
			.keep = u->from,
			.hold = u->hold,
			.fan = u->fan,
			.request = u->request,
			.note = u->note,
			.stored = u->stored};
		const struct receipt *receipt;

		memcpy(kept.id, u->id, RECORD_ID);
		receipt = kept_receipt(&kept, arena, s->user->home->record);
		if (receipt)
			deliver(s, &g, receipt);
		else
			log_error("out of memory: what came for a new session is lost to it");
	}
	arena_free(arena);
	sm_free(lobby);
}

/* ---- handing over ---- */

static void hand_over(
	struct session *s, const struct goods *g, struct blob *sent, const struct receipt *receipt)
{
	struct home *h = s->user->home;

	home_count(receipt_is_signal(receipt) ? &h->figures.other : &h->figures.content, 1);
	if (s->sm) {
		deliver_counted(s, g, sent, receipt);
		return;
	}
	port_write(s->port, sent);
	if (receipt_is_signal(receipt))
		return;
	hold_written(g->hold, loop_ms(h->loop));
	if (g->fan)
		g->fan->reached = true;
	if (g->note)
		record_delivered(h->record, receipt_seq(receipt), s->origin->jid.full);
}

static bool give(struct session *s, const struct goods *g, const struct receipt *receipt)
{
	struct blob *sent;

	if (!patch_concerns(s) || (g->own && receipt_is_signal(receipt))) {
		hand_over(s, g, g->blob, receipt);
		return true;
	}
	sent = patch_stanza(s, g->blob, receipt_is_signal(receipt) ? 0 : receipt_seq(receipt));
	if (!sent)
		return false;
	hand_over(s, g, sent, receipt);
	blob_unref(sent);
	return true;
}

static bool give_instead(
	struct session *s, const struct lockdown_switch *off, const struct goods *g, const struct receipt *receipt)
{
	struct goods other = *g;
	bool given;

	other.blob = sluice_instead(s, off, g->blob);
	given = other.blob && give(s, &other, receipt);
	blob_unref(other.blob);
	return given;
}

/* The server's own reach it past what waits for it. */
static bool last_words(struct session *s, const struct goods *g, const struct receipt *receipt)
{
	return g->own && receipt_is_signal(receipt) && give(s, g, receipt);
}

bool deliver_offer(struct session *s, const struct goods *g, const struct receipt *receipt)
{
	const struct lockdown_switch *off;

	home_check(s->user->home);
	assert(receipt);
	if (session_is_ending(s))
		return last_words(s, g, receipt);
	if (!s->standing && !g->own)
		return lobby_hold(s, g, receipt);
	if (s->quiet) {
		if (quiet_hold(s, g, receipt))
			return true;
		quiet_flush(s);
	}
	off = sluice_stops(s, g, receipt);
	return off ? give_instead(s, off, g, receipt) : give(s, g, receipt);
}

void deliver(struct session *s, const struct goods *g, const struct receipt *receipt)
{
	if (!deliver_offer(s, g, receipt))
		deliver_turn_away(s, g, receipt);
}

void deliver_outside(
	struct home *h, struct port *port, struct str who, const struct goods *g, const struct receipt *receipt)
{
	home_check(h);
	assert(receipt);
	port_write(port, g->blob);
	if (receipt_is_signal(receipt))
		return;
	hold_written(g->hold, loop_ms(h->loop));
	if (g->note)
		record_delivered(h->record, receipt_seq(receipt), who);
}

struct blob *blob_of_scratch(struct home *h)
{
	struct blob *b = buf_failed(&h->scratch) ? NULL : blob_new(buf_view(&h->scratch));

	buf_clear(&h->scratch);
	return b;
}

void deliver_own_bytes(struct session *s, struct str bytes)
{
	struct home *h = s->user->home;
	struct blob *b;

	buf_str(&h->scratch, bytes);
	b = blob_of_scratch(h);
	if (!b)
		return;
	deliver(s, &(struct goods){.blob = b, .own = true}, record_signal(h->record, SIGNAL_SERVER));
	blob_unref(b);
}

/* ---- acknowledgements ---- */

static void unacked_arrived(struct session *s, struct unacked *u, struct ids *ids)
{
	if (u->fan)
		u->fan->reached = true;
	if (u->stored || u->storing)
		ids_add(ids, str_of(u->id, RECORD_ID));
	if (u->note)
		record_delivered(s->user->home->record, u->seq, s->origin->jid.full);
}

/* XEP-0198 section 4: an error that names both counts; the stream cannot go on. */
static void refuse_count(struct session *s, uint32_t h)
{
	struct buf out = BUF_INIT(512);

	buf_printf(&out,
		"<error xmlns='http://etherx.jabber.org/streams'>"
		"<undefined-condition xmlns='urn:ietf:params:xml:ns:xmpp-streams'/>"
		"<handled-count-too-high xmlns='urn:xmpp:sm:3' h='%" PRIu32 "' send-count='%" PRIu32 "'/>"
		"</error>",
		h, sm_sent(s->sm));
	port_write_str(s->port, buf_view(&out));
	buf_done(&out);
	session_doom(s, NULL, NULL, "handled count too high");
}

bool deliver_acked(struct session *s, uint32_t handled)
{
	struct ids ids = {.text = BUF_INIT(0)};
	uint32_t n;

	if (sm_count(s->sm, handled, &n)) {
		if (s->port)
			refuse_count(s, handled);
		return false;
	}
	s->sm->requested = false;
	for (uint32_t i = 0; i < n; i++)
		unacked_arrived(s, sm_at(s->sm, i), &ids);
	offline_delete(s->user, &ids);
	sm_drop(s->sm, n);
	if (s->sm->len == 0)
		list_remove(&s->unacked);
	if (s->backlog && s->sm->len < s->user->home->settings->sm_unacked_max / 4)
		offline_flood(s);
	return true;
}

void deliver_again(struct session *s)
{
	for (uint32_t i = 0; i < s->sm->len; i++) {
		const struct unacked *u = sm_at(s->sm, i);
		struct blob *sent = patch_counted(s, u->blob, u->seq);

		if (sent)
			port_write(s->port, sent);
		blob_unref(sent);
	}
	s->sm->requested = false;
	if (s->sm->len)
		request_ack(s);
}

/* ---- what stays unacknowledged ---- */

static bool is_late(const struct unacked *u, uint64_t now_ms)
{
	return u->from && u->hold && !u->stored && !u->storing && now_ms - u->sent_ms >= HOLD_SPOOL_MS;
}

static void session_spool(struct session *s)
{
	uint64_t now = loop_ms(s->user->home->loop);
	struct put *put = NULL;

	for (uint32_t i = 0; i < s->sm->len; i++) {
		struct unacked *u = sm_at(s->sm, i);

		if (now - u->sent_ms < HOLD_SPOOL_MS)
			break;
		if (is_late(u, now) && offline_gather(&put, s->user, u))
			u->storing = true;
	}
	offline_put(put, STORE_SPOOL, s->origin);
}

void deliver_spooled(struct session *s, struct str id, bool ok)
{
	for (uint32_t i = 0; s->sm && i < s->sm->len; i++) {
		struct unacked *u = sm_at(s->sm, i);

		if (!u->storing || !str_eq(str_of(u->id, RECORD_ID), id))
			continue;
		u->storing = false;
		u->stored = ok;
		if (ok)
			u->hold = hold_unref(u->hold);
		return;
	}
}

void deliver_tick(struct home *h)
{
	list_each_safe (it, &h->unacked) {
		struct session *s = container_of(it, struct session, unacked);

		if (s->port && !s->sm->requested && s->sm->len)
			request_ack(s);
		session_spool(s);
	}
}

/* Somebody else's queue still has it, or another client has got it. */
static bool is_covered(const struct unacked *u)
{
	return u->fan && (u->fan->reached || u->fan->refs > 1);
}

/* What was in this session's hands is to be read again; what is in others' stays out, as far as numbers tell.
 */
static void unflood(struct session *s, uint64_t seq)
{
	if (seq && s->user->flooded_seq >= seq)
		s->user->flooded_seq = seq - 1;
}

/* One stanza the client never acknowledged. True: the store has it and gives it back. */
static bool rest_one(struct session *s, struct unacked *u, struct put **put, struct ids *done)
{
	bool in_store = u->stored || u->storing;
	bool covered = is_covered(u);

	if (u->request)
		answer_error(u->request, STANZA_SERVICE_UNAVAILABLE, NULL);
	if (covered && in_store)
		ids_add(done, str_of(u->id, RECORD_ID));
	if (!covered && (in_store || u->from))
		unflood(s, u->seq);
	if (!covered && !in_store && u->from)
		offline_gather(put, s->user, u);
	u->fan = fan_unref(u->fan);
	return in_store && !covered;
}

static void rest_of(struct session *s, struct sm *q)
{
	struct ids done = {.text = BUF_INIT(0)};
	struct put *put = NULL;
	bool stored = false;

	for (uint32_t i = 0; q && i < q->len; i++)
		stored |= rest_one(s, sm_at(q, i), &put, &done);
	offline_delete(s->user, &done);
	if (stored)
		offline_unspool(s->user, s->origin->session);
	offline_put(put, STORE_OFFLINE, NULL);
}

void deliver_rest(struct session *s)
{
	rest_of(s, s->sm);
	list_remove(&s->unacked);
	s->sm = sm_free(s->sm);
	rest_of(s, s->lobby);
	s->lobby = sm_free(s->lobby);
}
