/* The walk over the inventory. */
#include "proc/gate_clients.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "mail/address.h"
#include "way/stages.h"

enum {
	PAGE = 1000, /* rows asked of the store at once, and looked at in one pass of the loop */
};

struct look *look_new(struct gate_request *r)
{
	struct look *look = arena_zalloc(r->arena, sizeof(*look));

	if (!look)
		return NULL;
	look->request = r;
	look->class = -1;
	look->at_us = clock_utc_us();
	look->query.limit = PAGE;
	map_init(&look->live);
	return look;
}

void look_free(struct look *look)
{
	struct map_slot *slot;

	for (size_t i = 0; (slot = map_next(&look->live, &i));)
		json_decref(((struct live *)slot->value)->sessions);
	map_done(&look->live);
}

/* ---- what is asked for ---- */

static const char *take_time(const struct look *look, const char *name, uint64_t *out)
{
	struct str text = control_member(look->request->args, name);

	if (!text.len || clock_parse(text, out))
		return NULL;
	return arena_printf(look->request->arena, "%s is no time as in 2026-11-22T15:00:00Z", name).data;
}

static const char *take_class(struct look *look)
{
	struct str text = control_member(look->request->args, "class");

	for (int i = 0; i < CLIENT_CLASSES; i++)
		if (str_eq(text, str_from(client_class_names[i])))
			look->class = i;
	return text.len && look->class < 0 ? "a client is named, unknown or silent" : NULL;
}

static const char *take_versions(struct look *look)
{
	struct arena *arena = look->request->arena;
	struct str text = control_member(look->request->args, "versions");
	struct err err = {};

	if (!text.len || version_range_parse(&look->versions, text, arena, &err) == 0)
		return NULL;
	return arena_printf(arena, "versions: %s", err.text).data;
}

static const char *take_jid(struct look *look, const char *name, struct str *out)
{
	struct str text = control_member(look->request->args, name);
	struct jid jid;

	if (!text.len)
		return NULL;
	if (jid_parse(&jid, text, look->request->arena) || !jid_is_bare(&jid) || jid_is_domain(&jid))
		return "this is not an account's address";
	*out = jid.bare;
	return NULL;
}

const char *look_filter(struct look *look)
{
	const json_t *args = look->request->args, *after = json_object_get(args, "after");
	const char *fault = take_jid(look, "jid", &look->query.owner);

	look->query.product = control_member(args, "product");
	look->query.after_owner = control_member(after, "jid");
	look->query.after_key = control_member(after, "installation");
	look->group = control_member(args, "group");
	look->department = control_member(args, "department");
	look->online = json_is_true(json_object_get(args, "online"));
	look->below = json_is_true(json_object_get(args, "below"));
	look->laggards = json_is_true(json_object_get(args, "laggards"));
	if (!fault)
		fault = take_time(look, "since", &look->query.since_us);
	if (!fault)
		fault = take_time(look, "at", &look->at_us);
	if (!fault)
		fault = take_class(look);
	return fault ? fault : take_versions(look);
}

/* ---- who is there now ---- */

static struct str live_key(struct arena *arena, struct str owner, struct str key)
{
	return arena_printf(arena, "%.*s\x1f%.*s", STR_FMT(owner), STR_FMT(key));
}

static void on_session(void *owner, const struct route_session *s)
{
	struct look *look = owner;
	struct arena *arena = look->request->arena;
	struct str key = live_key(arena, jid_split(s->jid).bare, s->installation);
	struct live *live = map_get(&look->live, key);

	if (!live && key.len) {
		live = arena_zalloc(arena, sizeof(*live));
		if (!live || map_put(&look->live, key, live))
			return;
		live->sessions = json_array();
	}
	if (!live)
		return;
	live->count++;
	for (size_t i = 0; i < STORE_USES; i++)
		live->uses[i] += s->uses[i];
	json_array_append_new(live->sessions, json_pack("{so so so so ss sb}", "jid", control_text(s->jid), "address",
		control_text(s->address), "tls", control_text(s->tls), "connected", control_time(s->connected_utc_us), "state",
		s->detached ? "resumable" : "online", "parallel", s->parallel));
}

/* ---- rows ---- */

static void judged_of(struct judgement *j, const struct store_client *c)
{
	*j = (struct judgement){.class = c->class < CLIENT_CLASSES ? c->class : CLIENT_UNKNOWN,
		.basis = c->basis < CLIENT_BASES ? c->basis : BASIS_NONE,
		.confidence = c->confidence,
		.contradictions = c->contradictions,
		.product = c->product,
		.version = c->version,
		.os = c->os,
		.device = c->device,
		.caps = c->caps,
		.node = c->node,
		.agent = c->agent,
		.ja4 = c->ja4};
}

void look_case(const struct look *look, const struct look_row *row, struct subject *person, struct client_case *out)
{
	const struct store_client *c = row->client;

	*person = row->person ? way_subject(row->person, c->resource) : subject_of(c->owner, true);
	*out = (struct client_case){.client = &row->judged,
		.person = person,
		.address = str_cut(c->address, 0, str_find(c->address, ' ', 0)),
		.mechanism = c->mechanism,
		.tls = c->tls,
		.now_us = look->at_us};
}

/* What the rules say of it, were it to log in at that time. */
static void decide(const struct look *look, struct look_row *row)
{
	struct client_decision anybody = {};
	struct client_case about;
	struct subject person;

	judged_of(&row->judged, row->client);
	look_case(look, row, &person, &about);
	client_decide(look->request->gate->policy, &about, &row->decision);
	about.unexcepted = true;
	if (row->decision.effect == CLIENT_ALLOW)
		client_decide(look->request->gate->policy, &about, &anybody);
	row->excepted = row->decision.effect == CLIENT_ALLOW && anybody.effect != CLIENT_ALLOW;
	row->posture = client_posture(look->request->gate->policy, &row->judged, &row->minimum);
	row->current = row->decision.effect == CLIENT_ALLOW && row->posture != POSTURE_BELOW && row->posture != POSTURE_UNKNOWN;
}

static bool wants_row(const struct look *look, const struct look_row *row)
{
	const struct store_client *c = row->client;

	if (look->class >= 0 && c->class != look->class)
		return false;
	if (look->online && !row->live)
		return false;
	if (look->department.len && (!row->person || !str_eq_nocase(row->person->department, look->department)))
		return false;
	if (look->group.len && (!row->person || !person_in_group(row->person, look->group)))
		return false;
	return !look->versions || version_range_holds_text(look->versions, c->version);
}

static bool wants_decided(const struct look *look, const struct look_row *row)
{
	bool below = row->posture == POSTURE_BELOW || row->posture == POSTURE_UNKNOWN;

	return (!look->below || below) && (!look->laggards || !row->current);
}

/* False: enough. */
static bool look_at(struct look *look, const struct store_client *c)
{
	char text[JID_MAX + 256];
	struct look_row row = {.client = c};
	int len = snprintf(text, sizeof(text), "%.*s\x1f%.*s", STR_FMT(c->owner), STR_FMT(c->key));
	bool more = true;

	if (len > 0 && (size_t)len < sizeof(text))
		row.live = map_get(&look->live, str_of(text, (size_t)len));
	row.person = directory_get(look->request->gate->directory, c->owner);
	if (wants_row(look, &row)) {
		decide(look, &row);
		if (wants_decided(look, &row))
			more = look->each(look, &row);
	}
	person_unref(row.person);
	return more;
}

static void next_page(struct look *look);

static void on_page(struct store_req *req, int result)
{
	struct gate_request *r = req->owner;
	struct look *look = r->rows;
	const struct store_clients *page = result ? NULL : req->clients;
	bool more = true;
	size_t i;

	if (result) {
		look->end(look, true);
		return;
	}
	for (i = 0; i < page->len && more; i++)
		more = look_at(look, &page->rows[i]);
	look->scanned += i;
	if (i) {
		look->query.after_owner = arena_dup(r->arena, page->rows[i - 1].owner);
		look->query.after_key = arena_dup(r->arena, page->rows[i - 1].key);
	}
	look->complete = page->complete && i == page->len;
	if (look->complete || !more || arena_is_full(r->arena) || (look->scan_max && look->scanned >= look->scan_max))
		look->end(look, arena_is_full(r->arena));
	else
		next_page(look);
}

static void next_page(struct look *look)
{
	struct gate_request *r = look->request;

	r->rows = look;
	r->req.done = on_page;
	if (store_client_list(r->gate->store, &r->req, &look->query))
		look->end(look, true);
}

static void on_sessions(void *owner)
{
	next_page(owner);
}

void look_begin(struct look *look)
{
	route_list_sessions(look->request->gate->route, on_session, on_sessions, look);
}

/* ---- as JSON ---- */

static json_t *words_of_bits(unsigned bits)
{
	json_t *all = json_array();

	for (size_t i = 0; i < CLIENT_CONTRADICTIONS; i++)
		if (bits & 1u << i)
			json_array_append_new(all, json_string(client_contradiction_names[i]));
	return all;
}

static json_t *addresses_json(struct str text)
{
	json_t *all = json_array();

	for (size_t from = 0, to; from < text.len; from = to + 1) {
		to = str_find(text, ' ', from);
		json_array_append_new(all, control_text(str_cut(text, from, to)));
	}
	return all;
}

static void put_person(json_t *out, const struct person *p)
{
	json_t *groups = json_array();

	for (size_t i = 0; p && i < p->groups_len; i++)
		json_array_append_new(groups, control_text(p->groups[i]));
	json_object_set_new(out, "person", control_text(p ? p->id : STR_NONE));
	json_object_set_new(out, "name", control_text(p ? p->name : STR_NONE));
	json_object_set_new(out, "department", control_text(p ? p->department : STR_NONE));
	json_object_set_new(out, "groups", groups);
}

/* Days since the date of its campaign; below 0: until then. */
static json_t *overdue_json(const struct look *look, uint64_t deny_from_us)
{
	int64_t day = 86400LL * 1000000, left = (int64_t)(look->at_us - deny_from_us);

	if (!deny_from_us)
		return json_null();
	return json_integer((left - (left < 0 ? day - 1 : 0)) / day);
}

/* Could a campaign's mail be sent to him? */
static bool can_be_written_to(const struct gate *g, const struct person *p)
{
	struct buf plain = BUF_INIT(0);
	bool can = p && g->settings->mail_server.len && !mail_address_put(&plain, p->mail, NULL);

	buf_done(&plain);
	return can;
}

static void put_standing(json_t *out, const struct look *look, const struct look_row *row)
{
	static const char *const postures[] = {"none", "unknown", "below", "above"};
	const struct client_decision *d = &row->decision;

	json_object_set_new(out, "effect", json_string(client_effect_names[d->effect]));
	json_object_set_new(out, "rule", control_text(d->rule));
	json_object_set_new(out, "up_to_date", json_boolean(row->current));
	json_object_set_new(out, "excepted", json_boolean(row->excepted));
	json_object_set_new(out, "mail", json_boolean(can_be_written_to(look->request->gate, row->person)));
	json_object_set_new(out, "minimum", control_text(row->minimum));
	json_object_set_new(out, "posture", json_string(postures[row->posture]));
	json_object_set_new(out, "deny_from", d->deny_from_us ? control_time(d->deny_from_us) : json_null());
	json_object_set_new(out, "overdue_days", overdue_json(look, d->deny_from_us));
}

/* With what live sessions have not told the store yet. */
static json_t *uses_json(const struct look_row *row)
{
	static const char *const names[STORE_USES] = {"messages", "rooms", "files", "calls"};
	json_t *all = json_object();

	for (size_t i = 0; i < STORE_USES; i++)
		json_object_set_new(all, names[i],
			json_integer((json_int_t)(row->client->uses[i] + (row->live ? row->live->uses[i] : 0))));
	return all;
}

json_t *look_row_json(const struct look *look, const struct look_row *row)
{
	const struct store_client *c = row->client;
	json_t *out = json_pack("{so so so so so so so so so so so so so so}", "jid", control_text(c->owner), "installation",
		control_text(c->key), "product", control_text(c->product), "version", control_text(c->version), "version_before",
		control_text(c->version_before), "os", control_text(c->os), "device", control_text(c->device), "caps",
		control_text(c->caps), "node", control_text(c->node), "agent", control_text(c->agent), "ja4", control_text(c->ja4),
		"resource", control_text(c->resource), "addresses", addresses_json(c->address), "contradictions",
		words_of_bits(c->contradictions));

	json_object_set_new(out, "class", json_string(client_class_names[row->judged.class]));
	json_object_set_new(out, "basis", json_string(client_basis_names[row->judged.basis]));
	json_object_set_new(out, "confidence", json_integer(c->confidence));
	json_object_set_new(out, "networks", json_integer((json_int_t)c->networks));
	json_object_set_new(out, "version_since", control_time(c->version_us));
	json_object_set_new(out, "first_seen", control_time(c->first_us));
	json_object_set_new(out, "last_seen", control_time(row->live ? clock_utc_us() : c->last_us));
	json_object_set_new(out, "sessions", json_integer((json_int_t)c->sessions));
	json_object_set_new(out, "uses", uses_json(row));
	json_object_set_new(out, "online", json_integer(row->live ? row->live->count : 0));
	json_object_set_new(out, "mechanism", control_text(c->mechanism));
	json_object_set_new(out, "tls", control_text(c->tls));
	put_person(out, row->person);
	put_standing(out, look, row);
	return out;
}
