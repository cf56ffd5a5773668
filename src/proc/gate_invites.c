/* Invitations (XEP-0401, XEP-0445): made, listed and revoked by administrators. The token is in the answer and nowhere
 * else; the store has its hash, the record the invitation's id. Using one is src/xmpp/registration.c. */
#include "account/invitation.h"
#include "account/verifier.h"
#include "base/clock.h"
#include "base/log.h"
#include "conf/service.h"
#include "ipc/control.h"
#include "proc/gate.h"

enum {
	EXPIRES_MIN = 60,
	EXPIRES_MAX = 90 * 24 * 3600,
	GROUPS_MAX = 100,
	ID_LEN = 10,
};

/* What a request needs to know; in its arena. */
struct work {
	struct store_invite row;
	struct str token;
};

static const char *state_of(const struct store_invite *i, uint64_t now_us)
{
	if (i->used_us)
		return "used";
	if (i->revoked_us)
		return "revoked";
	return i->expires_us > now_us ? "open" : "expired";
}

static json_t *invite_json(const struct store_invite *i)
{
	json_t *groups = json_array(), *v;

	for (size_t n = 0; n < i->groups_len; n++)
		json_array_append_new(groups, control_text(i->groups[n]));
	v = json_pack("{so so so so so so so ss}", "id", control_text(i->id), "domain", control_text(i->domain), "jid",
			control_text(i->jid), "groups", groups, "by", control_text(i->made_by), "created",
			control_time(i->created_us), "expires", control_time(i->expires_us), "state",
			state_of(i, clock_utc_us()));
	if (i->used_us)
		json_object_set_new(v, "used_by", control_text(i->used_by));
	if (i->used_us)
		json_object_set_new(v, "used", control_time(i->used_us));
	return v;
}

/* RFC 5122 section 2.2: what is not plain is percent-encoded. */
static void put_encoded(struct buf *b, struct str s)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~";

	for (size_t i = 0; i < s.len; i++)
		if (memchr(plain, s.data[i], sizeof(plain) - 1))
			buf_putc(b, s.data[i]);
		else
			buf_printf(b, "%%%02X", (unsigned char)s.data[i]);
}

/* XEP-0445 section 2. */
static json_t *uri_json(const struct work *w)
{
	struct buf b = BUF_INIT(0);
	json_t *v;

	buf_lit(&b, "xmpp:");
	if (w->row.jid.len) {
		put_encoded(&b, jid_split(w->row.jid).local);
		buf_putc(&b, '@');
	}
	put_encoded(&b, w->row.domain);
	buf_lit(&b, "?register;preauth=");
	buf_str(&b, w->token);
	v = control_text(buf_view(&b));
	buf_done(&b);
	return v;
}

/* Clients are told that there are invitations until then. */
static void invite_until(struct gate *g, uint64_t until_us)
{
	g->invites_until_us = until_us;
	xmpp_set_inviting(g->xmpp, until_us);
}

/* ---- making ---- */

static const char *take_address(struct gate_request *r, struct store_invite *row)
{
	const struct settings *settings = r->gate->settings;
	struct str text = control_member(r->args, "jid"), domain = control_member(r->args, "domain");
	struct jid jid;

	row->domain = domain.len ? domain : settings->domains.items[0];
	if (text.len) {
		if (jid_parse(&jid, text, r->arena) || jid_is_domain(&jid) || !jid_is_bare(&jid))
			return "this is not an account's address";
		row->jid = jid.bare;
		row->domain = jid.domain;
	}
	return settings_is_ours(settings, row->domain) ? NULL : "this server does not answer for that domain";
}

static const char *take_groups(struct gate_request *r, struct store_invite *row)
{
	json_t *list = json_object_get(r->args, "groups"), *item;
	size_t n = json_array_size(list), i;
	struct str *groups = arena_zalloc(r->arena, (n + 1) * sizeof(*groups));

	if (!groups || n > GROUPS_MAX || (list && !json_is_array(list)))
		return "groups must be a list of at most 100 names";
	json_array_foreach(list, i, item) {
		groups[i] = str_of(json_string_value(item), json_string_length(item));
		if (!groups[i].len)
			return "groups must be a list of names";
	}
	row->groups = groups;
	row->groups_len = n;
	return NULL;
}

static const char *take_expiry(struct gate_request *r, struct store_invite *row)
{
	json_int_t seconds = json_integer_value(json_object_get(r->args, "expires_seconds"));

	if (seconds < EXPIRES_MIN || seconds > EXPIRES_MAX)
		return "an invitation holds for one minute at least and 90 days at most";
	row->created_us = clock_utc_us();
	row->expires_us = row->created_us + (uint64_t)seconds * 1000000;
	return NULL;
}

static bool make_token(struct gate_request *r, struct work *w)
{
	char token[PERSON_ID_LEN + 1], id[PERSON_ID_LEN + 1];
	struct buf hash = BUF_INIT(0);
	bool ok;

	person_id_new(token); /* 128 random bits as 26 letters and digits */
	person_id_new(id);
	w->token = arena_dup(r->arena, str_from(token));
	w->row.id = arena_dup(r->arena, str_of(id, ID_LEN));
	ok = invite_hash(w->token, &hash);
	w->row.token_hash = arena_dup(r->arena, buf_view(&hash));
	buf_done(&hash);
	return ok && !arena_is_full(r->arena);
}

static void on_created(struct store_req *req, int result)
{
	struct gate_request *r = req->owner;
	const struct work *w = r->rows;
	json_t *answer, *invite;

	if (result == STORE_E_EXISTS) {
		gate_request_fail(r, "exists", "the address is in use, was once, or another invitation is for it",
				"choose another address, or revoke the other invitation");
		return;
	}
	if (result == STORE_E_FULL) {
		gate_request_fail(r, "limit", "there are as many open invitations as the setting invites.max allows",
				"revoke some: 'gatehouse invite list' shows them");
		return;
	}
	if (result == STORE_E_MANY) {
		gate_request_fail(r, "limit", "You have as many open invitations as one may have.", "");
		return;
	}
	if (result) {
		gate_request_fail(r, "internal", "the store could not do it", "the gate's log says why");
		return;
	}
	if (w->row.expires_us > r->gate->invites_until_us)
		invite_until(r->gate, w->row.expires_us);
	answer = control_ok();
	invite = invite_json(&w->row);
	json_object_set_new(invite, "uri", uri_json(w));
	json_object_set_new(answer, "invite", invite);
	gate_request_done(r, answer);
}

static void create_row(struct gate_request *r)
{
	const struct work *w = r->rows;
	json_int_t by_person = json_integer_value(json_object_get(r->args, "max_by_person")); /* 0: as many as there may be */

	if (store_invite_add(r->gate->store, &r->req, &w->row, r->gate->settings->invites_max,
			    by_person > 0 ? (size_t)by_person : SIZE_MAX))
		gate_request_fail(r, "internal", "out of memory, or a group's name that cannot be kept", "");
}

/* What the record says of it: never the token. */
static struct str act_text(struct gate_request *r, const struct store_invite *row)
{
	struct buf b = BUF_INIT(0);
	struct str text;

	buf_printf(&b, "invitation %.*s until ", STR_FMT(row->id));
	clock_put(&b, row->expires_us);
	for (size_t i = 0; i < row->groups_len; i++)
		buf_printf(&b, "%s%.*s", i ? ", " : ", groups: ", STR_FMT(row->groups[i]));
	text = arena_dup(r->arena, buf_view(&b));
	buf_done(&b);
	return text;
}

void gate_invite_create(struct gate_request *r)
{
	struct work *w = arena_zalloc(r->arena, sizeof(*w));
	const char *fault = w ? take_address(r, &w->row) : "out of memory";

	if (fault) {
		gate_request_fail(r, "bad_jid", fault, "");
		return;
	}
	fault = take_groups(r, &w->row);
	if (!fault)
		fault = take_expiry(r, &w->row);
	if (!fault && !r->gate->settings->invites_enabled)
		fault = "invitations are switched off by the setting invites.enabled";
	if (fault) {
		gate_request_fail(r, "bad_request", fault, "");
		return;
	}
	w->row.made_by = control_member(json_object_get(r->root, "by"), "name");
	r->rows = w;
	r->req.done = on_created;
	if (make_token(r, w) && gate_act_add(r, w->row.jid.len ? w->row.jid : w->row.domain, act_text(r, &w->row)))
		gate_act_begin(r, false, create_row);
	else
		gate_request_fail(r, "internal", "out of memory", "");
}

/* ---- listing and revoking ---- */

static void on_listed(struct store_req *req, int result)
{
	struct gate_request *r = req->owner;
	json_t *answer, *list;

	if (result) {
		gate_request_fail(r, "internal", "the store could not do it", "the gate's log says why");
		return;
	}
	list = json_array();
	for (size_t i = 0; i < req->invites->len; i++)
		json_array_append_new(list, invite_json(&req->invites->rows[i]));
	answer = control_ok();
	json_object_set_new(answer, "invites", list);
	gate_request_done(r, answer);
}

void gate_invite_list(struct gate_request *r)
{
	r->req.done = on_listed;
	if (store_invite_all(r->gate->store, &r->req))
		gate_request_fail(r, "internal", "out of memory", "");
}

static void on_revoked(struct store_req *req, int result)
{
	struct gate_request *r = req->owner;

	if (result == STORE_E_NONE)
		gate_request_fail(r, "not_found", "no open invitation has this id", "'gatehouse invite list' shows them");
	else if (result)
		gate_request_fail(r, "internal", "the store could not do it", "the gate's log says why");
	else
		gate_request_done(r, control_ok());
}

static void revoke_row(struct gate_request *r)
{
	if (store_invite_revoke(r->gate->store, &r->req, control_member(r->args, "id"), clock_utc_us()))
		gate_request_fail(r, "internal", "out of memory", "");
}

void gate_invite_revoke(struct gate_request *r)
{
	r->req.done = on_revoked;
	if (gate_act_add(r, control_member(r->args, "id"), STR_NONE))
		gate_act_begin(r, true, revoke_row);
	else
		gate_request_fail(r, "internal", "out of memory", "");
}

/* ---- whether clients are told ---- */

static void on_looked(struct store_req *req, int result)
{
	struct gate *g = req->owner;
	uint64_t until_us = 0;

	for (size_t i = 0; result == 0 && i < req->invites->len; i++) {
		const struct store_invite *v = &req->invites->rows[i];

		if (!v->used_us && !v->revoked_us && v->expires_us > until_us)
			until_us = v->expires_us;
	}
	if (result == 0)
		invite_until(g, until_us);
	store_req_release(req);
}

void gate_invites_tick(struct gate *g)
{
	uint64_t version = store_invites_version(g->store) + 1; /* 0: never looked */

	if (version == g->invites_version || g->invites_req.pending)
		return;
	g->invites_version = version;
	store_req_init(&g->invites_req, on_looked, g);
	if (store_invite_all(g->store, &g->invites_req))
		g->invites_version = 0;
}
