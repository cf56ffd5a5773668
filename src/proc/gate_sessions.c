/* Administration of sessions, and the gate's part of `status`. */
#include "base/clock.h"
#include "ipc/control.h"
#include "net/handshakes.h"
#include "proc/gate.h"
#include "way/traffic.h"

static json_t *session_json(const struct route_session *s)
{
	struct buf since = BUF_INIT(0);
	json_t *v;

	clock_put(&since, s->connected_utc_us);
	v = json_pack("{so so so so so so so so sI ss sI si sb so so so so ss so sb}", "jid", control_text(s->jid), "session", control_text(s->session),
			"person", control_text(s->person), "address", control_text(s->address), "tls", control_text(s->tls), "mechanism",
			control_text(s->mechanism), "ja4", control_text(s->ja4), "connected", control_text(buf_view(&since)), "loop", (json_int_t)s->loop, "state",
			s->detached ? "resumable" : "online", "unacked", (json_int_t)s->unacked, "priority", s->priority,
			"available", s->available, "product", control_text(s->client ? s->client->product : STR_NONE), "version",
			control_text(s->client ? s->client->version : STR_NONE), "os", control_text(s->client ? s->client->os : STR_NONE),
			"installation", control_text(s->installation), "effect", client_effect_names[s->effect], "rule", control_text(s->rule),
			"parallel", s->parallel);
	buf_done(&since);
	return v;
}

static void collect(void *owner, const struct route_session *s)
{
	struct gate_request *r = owner;
	struct str wanted = str_from(r->action);

	if (wanted.len && !str_eq(s->jid, wanted) && !str_eq(jid_split(s->jid).bare, wanted))
		return;
	json_array_append_new(json_object_get(r->answer, "sessions"), session_json(s));
}

static void collected(void *owner)
{
	struct gate_request *r = owner;

	r->then(r);
}

void gate_sessions_collect(struct gate_request *r, struct str jid)
{
	r->action = arena_printf(r->arena, "%.*s", STR_FMT(jid)).data;
	json_object_set_new(r->answer, "sessions", json_array());
	route_list_sessions(r->gate->route, collect, collected, r);
}

static void list_done(struct gate_request *r)
{
	gate_request_done(r, json_incref(r->answer));
}

/* The `jid` argument in canonical form; empty when there is none. False: it is no address. */
static bool take_jid(struct gate_request *r, struct str *out)
{
	const char *text = json_string_value(json_object_get(r->args, "jid"));
	struct jid jid;

	*out = STR_NONE;
	if (!text)
		return true;
	if (jid_parse(&jid, str_from(text), r->arena))
		return false;
	*out = jid.full;
	return true;
}

void gate_session_list(struct gate_request *r)
{
	struct str jid;

	if (!take_jid(r, &jid)) {
		gate_request_fail(r, "bad_jid", "this is not an address", "");
		return;
	}
	r->answer = control_ok();
	r->then = list_done;
	gate_sessions_collect(r, jid);
}

void gate_sessions_end(
		struct gate_request *r, struct str jid, const char *text, void (*done)(void *owner, unsigned count))
{
	const json_t *session = json_object_get(json_object_get(r->root, "by"), "session");
	struct str asker = r->reply ? str_of(json_string_value(session), json_string_length(session)) : STR_NONE;
	bool whole = str_eq(jid_split(asker).bare, jid);

	if (!asker.len || (!whole && !str_eq(asker, jid))) {
		route_close_sessions(r->gate->route, jid, text, done, r);
		return;
	}
	r->ends_asker = text;
	if (whole)
		route_close_other_sessions(r->gate->route, asker, text, done, r);
	else
		done(r, 0);
}

static void on_closed(void *owner, unsigned count)
{
	struct gate_request *r = owner;
	json_t *answer;

	count += r->ends_asker != NULL;
	if (count == 0) {
		gate_request_fail(r, "not_found", "there is no such session", "'gatehouse session list' shows them");
		return;
	}
	answer = control_ok();
	json_object_set_new(answer, "closed", json_integer(count));
	gate_request_done(r, answer);
}

static void close_sessions(struct gate_request *r)
{
	struct gate_act *act = container_of(r->acts.next, struct gate_act, link);

	gate_sessions_end(r, act->target, "The session was ended by an administrator.", on_closed);
}

void gate_session_close(struct gate_request *r)
{
	const char *reason = json_string_value(json_object_get(r->args, "reason"));
	struct str jid;

	if (!take_jid(r, &jid) || !jid.len) {
		gate_request_fail(r, "bad_jid", "name the account's or the session's address", "");
		return;
	}
	if (gate_act_add(r, jid, str_from(reason)))
		gate_act_begin(r, true, close_sessions);
	else
		gate_request_fail(r, "internal", "out of memory", "");
}

/* Loop 0's link stands for all: they come and go together. What waits on every loop is in `stanzas`. */
static void status_record(const struct gate *g, json_t *answer)
{
	struct record_stats s;

	record_stats(g->record[0], &s);
	json_object_set_new(answer, "record_link", json_pack("{sb sb}", "up", s.up, "full", s.full));
}

static json_t *numbers(const uint64_t *values, size_t len, struct str (*name)(size_t i))
{
	json_t *all = json_object();

	for (size_t i = 0; i < len; i++) {
		struct str n = name(i);

		json_object_setn_new(all, n.data, n.len, json_integer((json_int_t)values[i]));
	}
	return all;
}

static struct str action_name(size_t i)
{
	return str_from(action_names[i]);
}

static struct str quota_name(size_t i)
{
	return str_from(quota_names[i]);
}

static struct str condition_name(size_t i)
{
	return stanza_condition_name((enum stanza_condition)i);
}

/* Steps that include those before them, under what they hold at most, in seconds. */
static json_t *durations_json(const struct durations *d)
{
	json_t *up_to = json_object();
	uint64_t count = durations_count(d, DURATIONS_STEPS + 1);

	for (size_t i = 0; i < DURATIONS_STEPS; i++)
		json_object_set_new(up_to, durations_seconds[i], json_integer((json_int_t)durations_count(d, i + 1)));
	return json_pack("{s:I, s:I, s:I, s:o}", "count", (json_int_t)count, "milliseconds", (json_int_t)(d->sum_us / 1000),
			"microseconds", (json_int_t)d->sum_us, "up_to", up_to);
}

static json_t *store_json(const struct gate *g)
{
	struct store_stats s;

	store_stats(g->store, &s);
	return json_pack("{s:{s:I, s:I, s:I}, s:o, s:o, s:o, s:o}", "waiting", "write", (json_int_t)s.writes, "read",
			(json_int_t)s.reads, "search", (json_int_t)s.searches, "write", durations_json(&s.wrote), "transaction",
			durations_json(&s.transactions), "read", durations_json(&s.read), "search", durations_json(&s.searched));
}

static json_t *bytes_json(const struct gate *g)
{
	struct net_traffic t[NET_PEERS];

	xmpp_traffic(g->xmpp, t);
	return json_pack("{s:{s:I, s:I}, s:{s:I, s:I}}", "received", "client", (json_int_t)t[NET_CLIENTS].in, "component",
			(json_int_t)t[NET_COMPONENTS].in, "sent", "client", (json_int_t)t[NET_CLIENTS].out, "component",
			(json_int_t)t[NET_COMPONENTS].out);
}

static void add_denied(void *owner, struct str rule, uint64_t count)
{
	json_object_setn_new(owner, rule.data, rule.len, json_integer((json_int_t)count));
}

static struct str class_name(size_t i)
{
	return str_from(client_class_names[i]);
}

/* How it goes with telling clients apart (docs/client-control.md). */
static json_t *clients_json(const struct gate *g, const struct xmpp_stats *x, const struct way_stats *w)
{
	struct route_figures f;
	json_t *denied = json_object();

	route_figures(g->route, &f);
	denials_each(g->denials, add_denied, denied);
	return json_pack("{s:I, s:I, s:o, s:o, s:o, s:I, s:I}", "held", (json_int_t)f.clients_held, "held_stanzas",
			(json_int_t)x->unjudged, "wait", durations_json(&f.clients_wait), "judged",
			numbers(f.clients_judged, CLIENT_CLASSES, class_name), "denied", denied, "overdue",
			(json_int_t)f.clients_overdue, "held_off", (json_int_t)w->held_off);
}

struct said {
	uint64_t directions[TRAFFIC_DIRECTIONS], types[TRAFFIC_TYPES];
	json_t *groups;
};

static void add_group(void *owner, struct str name, uint64_t count)
{
	json_int_t before = json_integer_value(json_object_getn(owner, name.data, name.len));

	json_object_setn_new(owner, name.data, name.len, json_integer(before + (json_int_t)count));
}

static void add_traffic(void *owner, const struct traffic *t)
{
	struct said *said = owner;

	for (size_t i = 0; i < TRAFFIC_DIRECTIONS; i++)
		said->directions[i] += __atomic_load_n(&t->directions[i], __ATOMIC_RELAXED);
	for (size_t i = 0; i < TRAFFIC_TYPES; i++)
		said->types[i] += __atomic_load_n(&t->types[i], __ATOMIC_RELAXED);
	traffic_each_group(t, add_group, said->groups);
}

static struct str direction_name(size_t i)
{
	return str_from(traffic_directions[i]);
}

static struct str type_name(size_t i)
{
	return str_from(traffic_types[i]);
}

/* What people say to each other. */
static json_t *traffic_json(const struct gate *g)
{
	struct said said = {.groups = json_object()};

	way_traffic(g->way, add_traffic, &said);
	return json_pack("{s:o, s:o, s:o}", "direction", numbers(said.directions, TRAFFIC_DIRECTIONS, direction_name), "type",
			numbers(said.types, TRAFFIC_TYPES, type_name), "group", said.groups);
}

/* What is counted for monitoring; proc/metrics.c gives it the names of metrics. */
static json_t *figures_json(const struct gate *g, const struct xmpp_stats *x, const struct way_stats *w)
{
	struct route_figures f;

	route_figures(g->route, &f);
	return json_pack("{s:{s:I, s:I, s:I}, s:{s:I, s:I}, s:{s:I, s:I, s:I}, s:o, s:o, s:o, s:o, s:I, s:I, s:I, s:I, s:o, s:o, s:{s:I, s:I, s:I}, s:I, s:I}",
			"received", "message", (json_int_t)w->kinds[PARCEL_MESSAGE], "presence",
			(json_int_t)w->kinds[PARCEL_PRESENCE], "iq", (json_int_t)w->kinds[PARCEL_IQ], "delivered", "content",
			(json_int_t)f.content, "other", (json_int_t)f.other, "classes", "content", (json_int_t)w->content,
			"event", (json_int_t)w->events, "signal", (json_int_t)w->signals, "verdicts",
			numbers(w->verdicts, ACTION_COUNT, action_name), "refusals",
			numbers(w->refusals, STANZA_CONDITIONS, condition_name), "over", numbers(w->over, QUOTAS, quota_name), "receipts", durations_json(&w->receipts), "slowed",
			(json_int_t)x->slowed, "offline_kept", (json_int_t)f.offline_kept, "archived", (json_int_t)f.archived, "rooms",
			(json_int_t)f.rooms, "bytes", bytes_json(g), "store", store_json(g), "takeovers", "resumed",
			(json_int_t)f.takeovers[0], "replaced", (json_int_t)f.takeovers[1], "refused", (json_int_t)f.takeovers[2],
			"takeovers_told", (json_int_t)f.takeovers_told, "parallel", (json_int_t)f.parallel);
}

void gate_status(struct gate_request *r)
{
	struct gate *g = r->gate;
	struct xmpp_stats x;
	struct way_stats w;
	struct handshake_failures tls;
	json_t *answer = control_ok();
	char confined[CONFINE_TEXT_MAX];

	confine_text(&g->confinement, confined);
	json_object_set_new(answer, "gate_confinement", json_string(confined));
	xmpp_stats(g->xmpp, &x);
	way_stats(g->way, &w);
	json_object_set_new(answer, "sessions", json_integer((json_int_t)route_session_count(g->route)));
	json_object_set_new(answer, "connections", json_integer((json_int_t)x.connections));
	json_object_set_new(answer, "accounts", json_integer((json_int_t)directory_count(g->directory)));
	json_object_set_new(answer, "applied_seq", json_integer((json_int_t)route_applied_seq(g->route)));
	json_object_set_new(answer, "uptime_seconds", json_integer((json_int_t)((clock_utc_us() - g->started_us) / 1000000)));
	json_object_set_new(answer, "loops", json_integer(g->loops.count));
	json_object_set_new(answer, "policy", json_string(policy_set_version(g->policy)));
	json_object_set_new(answer, "logins", json_pack("{sI sI}", "succeeded", (json_int_t)x.logins, "failed",
			(json_int_t)x.login_failures));
	json_object_set_new(answer, "accounts_without", json_pack("{sI sI sI}", "SCRAM-SHA-1",
			(json_int_t)g->lacking[STORE_SHA_1], "SCRAM-SHA-256", (json_int_t)g->lacking[STORE_SHA_256],
			"SCRAM-SHA-512", (json_int_t)g->lacking[STORE_SHA_512]));
	handshake_failures(&tls);
	json_object_set_new(answer, "tls_failures", json_pack("{sI sI sI}", "loopback", (json_int_t)tls.loopback, "local",
			(json_int_t)tls.local, "elsewhere", (json_int_t)tls.elsewhere));
	json_object_set_new(answer, "stanzas",
			json_pack("{sI sI sI sI sI sI sI}", "received", (json_int_t)x.stanzas, "content", (json_int_t)w.content,
					"events", (json_int_t)w.events, "signals", (json_int_t)w.signals, "blocked",
					(json_int_t)w.blocked, "refused", (json_int_t)w.refused, "waiting", (json_int_t)w.waiting));
	status_record(g, answer);
	json_object_set_new(answer, "mail", gate_post_status(g));
	json_object_set_new(answer, "campaign", gate_campaign_status(g));
	json_object_set_new(answer, "clients", clients_json(g, &x, &w));
	json_object_set_new(answer, "figures", figures_json(g, &x, &w));
	json_object_set_new(json_object_get(answer, "figures"), "said", traffic_json(g));
	gate_request_done(r, answer);
}
