#include "route/history_prefs.h"

#include <errno.h>
#include <stdlib.h>

#include "route/answer.h"
#include "route/deliver.h"
#include "route/iq.h"
#include "stanza/ns.h"
#include "stanza/xml_out.h"
#include "store/prefs.h"

static const struct str fallbacks[] = {
	[STORE_KEEP_ALL] = STR("always"),
	[STORE_KEEP_NONE] = STR("never"),
	[STORE_KEEP_ROSTER] = STR("roster"),
};

/* ---- the answer ---- */

static void list_put(struct buf *b, const char *name, const struct str *list, size_t len)
{
	buf_printf(b, "<%s>", name);
	for (size_t i = 0; i < len; i++) {
		buf_lit(b, "<jid>");
		xml_escape(b, list[i]);
		buf_lit(b, "</jid>");
	}
	buf_printf(b, "</%s>", name);
}

static void answer_prefs(struct session *s, const struct parcel *p, const struct store_prefs *prefs)
{
	static const struct store_prefs none = {.fallback = STORE_KEEP_ALL};
	struct buf text = BUF_INIT(0);

	prefs = prefs ? prefs : &none;
	iq_put_result(&text, p);
	buf_lit(&text, "<prefs xmlns='urn:xmpp:mam:2' default='");
	buf_str(&text, fallbacks[prefs->fallback]);
	buf_lit(&text, "'>");
	list_put(&text, "always", prefs->always, prefs->always_len);
	list_put(&text, "never", prefs->never, prefs->never_len);
	buf_lit(&text, "</prefs></iq>");
	if (!buf_failed(&text))
		deliver_own_bytes(s, buf_view(&text));
	buf_done(&text);
}

static void refuse(struct parcel *p, enum stanza_condition condition)
{
	answer_error(p, condition, NULL);
	parcel_end(p);
}

void history_prefs_get(struct session *s, struct parcel *p)
{
	if (s->user->failed) {
		refuse(p, STANZA_INTERNAL_SERVER_ERROR);
	} else if (!s->user->home->settings->history_enabled) {
		refuse(p, STANZA_SERVICE_UNAVAILABLE);
	} else {
		answer_prefs(s, p, s->user->prefs);
		parcel_end(p);
	}
}

/* ---- reading ---- */

static unsigned count_elements(const struct node *n)
{
	unsigned count = 0;

	for (const struct node *c = n ? node_first_element(n) : NULL; c; c = node_next_element(c))
		count++;
	return count;
}

static bool list_read(const struct node *list, struct arena *arena, const struct str **out, size_t *out_len)
{
	struct str *jids = arena_alloc(arena, (count_elements(list) + 1) * sizeof(*jids));
	size_t len = 0;

	for (const struct node *c = list ? node_first_element(list) : NULL; jids && c;
		c = node_next_element(c)) {
		struct jid jid;

		if (!node_is(c, STR("jid"), NS_MAM) || jid_parse(&jid, node_text(c, arena), arena))
			return false;
		jids[len++] = jid.full;
	}
	*out = jids;
	*out_len = len;
	return jids != NULL;
}

static bool fallback_read(struct str text, uint8_t *out)
{
	for (uint8_t i = 0; i < sizeof(fallbacks) / sizeof(fallbacks[0]); i++) {
		if (!str_eq(fallbacks[i], text))
			continue;
		*out = i;
		return true;
	}
	return false;
}

static bool prefs_read(struct store_prefs *out, const struct node *payload, struct arena *arena)
{
	const struct node *always = node_child(payload, STR("always"), NS_MAM);
	const struct node *never = node_child(payload, STR("never"), NS_MAM);

	return fallback_read(node_attr(payload, STR("default")), &out->fallback) &&
	       list_read(always, arena, &out->always, &out->always_len) &&
	       list_read(never, arena, &out->never, &out->never_len);
}

/* ---- setting ---- */

struct change {
	struct store_req req;
	struct user *user;
	struct parcel *parcel;
	struct arena *arena; /* of prefs */
	struct store_prefs *prefs;
};

static void change_free(struct change *c)
{
	store_req_release(&c->req);
	arena_free(c->arena);
	free(c);
}

static void on_written(struct store_req *req, int result)
{
	struct change *c = req->owner;
	struct user *u = c->user;
	struct session *s = session_by_origin(u, c->parcel->origin);

	if (result == 0) {
		user_set_prefs(u, c->prefs, c->arena);
		c->arena = NULL;
		if (s)
			answer_prefs(s, c->parcel, u->prefs);
	} else {
		answer_error(c->parcel, STANZA_INTERNAL_SERVER_ERROR, NULL);
	}
	parcel_end(c->parcel);
	change_free(c);
	user_busy(u, -1);
}

static enum stanza_condition change_ask(struct change *c)
{
	const struct node *payload = iq_payload(c->parcel);
	struct store *store = c->user->home->route->env.store;
	struct store_prefs *prefs;

	c->arena = arena_new(0);
	prefs = c->prefs = c->arena ? arena_zalloc(c->arena, sizeof(*prefs)) : NULL;
	if (!prefs)
		return STANZA_RESOURCE_CONSTRAINT;
	if (!prefs_read(prefs, payload, c->arena))
		return STANZA_BAD_REQUEST;
	if (prefs->always_len + prefs->never_len > PREFS_ADDRESSES_MAX)
		return STANZA_RESOURCE_CONSTRAINT;
	return store_prefs_put(store, &c->req, c->user->bare, prefs) ? STANZA_RESOURCE_CONSTRAINT
								     : STANZA_CONDITIONS;
}

void history_prefs_set(struct session *s, struct parcel *p)
{
	struct change *c = calloc(1, sizeof(*c));
	enum stanza_condition condition;

	if (!c || !s->user->home->settings->history_enabled) {
		free(c);
		refuse(p, STANZA_SERVICE_UNAVAILABLE);
		return;
	}
	c->user = s->user;
	c->parcel = p;
	store_req_init(&c->req, on_written, c);
	user_busy(s->user, 1);
	condition = change_ask(c);
	if (condition == STANZA_CONDITIONS)
		return;
	refuse(p, condition);
	change_free(c);
	user_busy(s->user, -1);
}
