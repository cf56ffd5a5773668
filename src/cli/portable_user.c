#include "cli/portable_user.h"

#include <errno.h>

#include "base/clock.h"
#include "base/text.h"
#include "cli/past.h"
#include "jid/jid.h"
#include "pubsub/avatar.h"
#include "pubsub/place.h"
#include "stanza/ns.h"
#include "stanza/xml_out.h"

enum {
	GATHER = 1 << 20,
	PAGE_ROWS = 5000,
	PAGE_BYTES = 8 << 20,
};

static int settle(struct portable_out *o)
{
	int r = buf_failed(&o->text) ? -ENOMEM : o->text.len ? o->write(o->owner, buf_view(&o->text)) : 0;

	buf_clear(&o->text);
	return r;
}

static void attr_put(struct portable_out *o, const char *name, struct str value)
{
	buf_printf(&o->text, " %s='", name);
	xml_escape(&o->text, value);
	buf_putc(&o->text, '\'');
}

static void element_put(struct portable_out *o, const char *name, struct str text)
{
	buf_printf(&o->text, "<%s>", name);
	xml_escape(&o->text, text);
	buf_printf(&o->text, "</%s>", name);
}

/* What our serialiser wrote inside of jabber:client: its root may be without a namespace of its own. */
static size_t root_put(struct portable_out *o, struct str xml)
{
	size_t name = 1;

	while (name < xml.len && !memchr(" />", xml.data[name], 3))
		name++;
	buf_str(&o->text, str_cut(xml, 0, name));
	if (!str_starts(str_cut(xml, name, xml.len), STR(" xmlns='")))
		buf_lit(&o->text, " xmlns='jabber:client'");
	return name;
}

static void stanza_put(struct portable_out *o, struct str xml)
{
	size_t name = root_put(o, xml);

	buf_str(&o->text, str_cut(xml, name, xml.len));
}

static void delay_put(struct portable_out *o, struct str from, uint64_t time_us)
{
	buf_lit(&o->text, "<delay xmlns='urn:xmpp:delay'");
	attr_put(o, "from", from);
	buf_lit(&o->text, " stamp='");
	clock_put_us(&o->text, time_us);
	buf_lit(&o->text, "'/>");
}

/* A store request that was asked: its result. The request is released by the caller. */
static int answer(int asked, struct store_req *req)
{
	return asked ? asked : store_wait(req);
}

/* ---- the account ---- */

static void base64_element_put(struct portable_out *o, const char *name, const uint8_t *data, size_t len)
{
	buf_printf(&o->text, "<%s>", name);
	base64_put(&o->text, data, len);
	buf_printf(&o->text, "</%s>", name);
}

static void scram_put(struct portable_out *o, enum store_verifier_kind kind, const struct store_verifier *v)
{
	static const char *const names[STORE_VERIFIER_KINDS] = {
		"SCRAM-SHA-1", "SCRAM-SHA-256", "SCRAM-SHA-512"};

	buf_printf(&o->text,
		"<scram-credentials xmlns='urn:xmpp:pie:0#scram' mechanism='%s'><iter-count>%u</iter-count>",
		names[kind], (unsigned)v->iterations);
	base64_element_put(o, "salt", v->salt, v->salt_len);
	base64_element_put(o, "server-key", v->server_key, v->key_len);
	base64_element_put(o, "stored-key", v->stored_key, v->key_len);
	buf_lit(&o->text, "</scram-credentials>");
}

/* Whoever is locked out here is not let in elsewhere: the form cannot say it, so the keys stay behind. */
static int keys_put(struct portable_out *o, struct store_req *req, const struct store_account *row)
{
	bool any = false;
	int r = 0;

	if (row->disabled) {
		tally_left(o->tally, TALLY_PASSWORDS, 1,
			"the account is locked, which the form cannot say: its keys stay here");
		return 0;
	}
	for (int kind = 0; kind < STORE_VERIFIER_KINDS && (!r || r == STORE_E_NONE); kind++) {
		r = answer(store_verifier_get(o->store, req, row->jid, (enum store_verifier_kind)kind), req);
		if (r == 0)
			scram_put(o, (enum store_verifier_kind)kind, req->verifier);
		any |= r == 0;
		store_req_release(req);
	}
	o->tally->carried[TALLY_PASSWORDS] += any;
	if (!any)
		tally_left(o->tally, TALLY_PASSWORDS, 1, "the account has none");
	return r == STORE_E_NONE ? 0 : r;
}

static void count_details(struct portable_out *o, const struct store_account *row)
{
	if (row->name.len || row->mail.len || row->language.len || row->department.len || row->groups_len)
		tally_left(o->tally, TALLY_OTHER, 1,
			"name, mail address, language, department and groups of an account: the form has no "
			"place for them");
}

/* ---- roster, block list ---- */

static const char *const subscriptions[] = {"none", "to", "from", "both"};

static void contact_put(struct portable_out *o, const struct store_roster_item *item)
{
	buf_lit(&o->text, "<item");
	attr_put(o, "jid", item->contact);
	if (item->name.len)
		attr_put(o, "name", item->name);
	buf_printf(&o->text, " subscription='%s'", subscriptions[item->subscription & STORE_SUB_BOTH]);
	if (item->ask)
		buf_lit(&o->text, " ask='subscribe'");
	if (item->approved)
		buf_lit(&o->text, " approved='true'");
	buf_putc(&o->text, '>');
	for (size_t i = 0; i < item->groups_len; i++)
		element_put(o, "group", item->groups[i]);
	buf_lit(&o->text, "</item>");
	o->tally->carried[TALLY_CONTACTS]++;
}

/* The stanza stands behind a line of our own. */
static void request_put(struct portable_out *o, const struct store_roster_item *item)
{
	struct str line = item->pending_in;

	stanza_put(o, str_cut(line, str_find(line, '\n', 0) + 1, line.len));
	o->tally->carried[TALLY_REQUESTS]++;
}

static int roster_put(struct portable_out *o, struct store_req *req, struct str owner)
{
	int r = answer(store_roster_load(o->store, req, owner), req);

	if (!r) {
		buf_lit(&o->text, "<query xmlns='jabber:iq:roster'>");
		for (size_t i = 0; i < req->roster->len; i++)
			if (!req->roster->items[i].hidden)
				contact_put(o, &req->roster->items[i]);
		buf_lit(&o->text, "</query>");
		for (size_t i = 0; i < req->roster->len; i++)
			if (req->roster->items[i].pending_in.len)
				request_put(o, &req->roster->items[i]);
	}
	store_req_release(req);
	return r;
}

/* As a privacy list (XEP-0016), which is what the form has. */
static int blocked_put(struct portable_out *o, struct store_req *req, struct str owner)
{
	int r = answer(store_block_load(o->store, req, owner), req);

	if (!r && req->names->len) {
		buf_lit(&o->text,
			"<query xmlns='jabber:iq:privacy'><default name='blocked'/><list name='blocked'>");
		for (size_t i = 0; i < req->names->len; i++) {
			buf_printf(&o->text, "<item type='jid' action='deny' order='%zu'", i + 1);
			attr_put(o, "value", req->names->names[i]);
			buf_lit(&o->text, "/>");
		}
		buf_lit(&o->text, "</list></query>");
		o->tally->carried[TALLY_BLOCKED] += req->names->len;
	}
	store_req_release(req);
	return r;
}

/* ---- vCard, private XML ---- */

/* With its picture, where that stands in the nodes (XEP-0398). */
static void card_put(struct portable_out *o, const struct store_vcard *card, struct str owner)
{
	struct buf text = BUF_INIT(0);
	struct store_req req;
	bool apart = avatar_is_apart(card->xml) && card->photo.len;

	store_req_init(&req, NULL, NULL);
	if (apart && answer(store_pep_items_by_id(o->store, &req, owner, NS_AVATAR_DATA, &card->photo, 1), &req))
		apart = false;
	avatar_join_card(&text, card->xml, apart && req.items->len ? req.items->rows[0].xml : STR(""));
	stanza_put(o, buf_view(&text));
	o->text.failed |= buf_failed(&text);
	store_req_release(&req);
	buf_done(&text);
}

static int vcard_put(struct portable_out *o, struct store_req *req, struct str owner)
{
	int r = answer(store_vcard_get(o->store, req, owner), req);

	if (!r && req->vcard && req->vcard->xml.len) {
		card_put(o, req->vcard, owner);
		o->tally->carried[TALLY_VCARDS]++;
	}
	store_req_release(req);
	return r;
}

static int private_put(struct portable_out *o, struct store_req *req, struct str owner)
{
	int r = answer(store_private_all(o->store, req, owner), req);

	if (!r && req->names->len) {
		buf_lit(&o->text, "<query xmlns='jabber:iq:private'>");
		for (size_t i = 0; i < req->names->len; i++)
			buf_str(&o->text, req->names->names[i]);
		buf_lit(&o->text, "</query>");
		o->tally->carried[TALLY_PRIVATE] += req->names->len;
	}
	store_req_release(req);
	return r;
}

/* ---- personal eventing ---- */

static void people_put(struct portable_out *o, const struct place *p, bool subscriptions_wanted)
{
	bool any = false;

	for (size_t i = 0; i < p->people_len; i++) {
		const struct place_standing *s = &p->people[i];

		if (subscriptions_wanted ? !s->subscribed : s->kind == STANDING_NONE)
			continue;
		if (!any) {
			buf_printf(&o->text, "<%s", subscriptions_wanted ? "subscriptions" : "affiliations");
			attr_put(o, "node", p->name);
			buf_putc(&o->text, '>');
		}
		any = true;
		if (subscriptions_wanted)
			buf_lit(&o->text, "<subscription subscription='subscribed'");
		else
			buf_lit(&o->text, "<affiliation");
		attr_put(o, "jid", s->jid);
		if (!subscriptions_wanted)
			attr_put(o, "affiliation", str_from(standing_word((enum standing_kind)s->kind)));
		buf_lit(&o->text, "/>");
	}
	if (any)
		buf_printf(&o->text, "</%s>", subscriptions_wanted ? "subscriptions" : "affiliations");
}

static int node_put(struct portable_out *o, const struct store_pep_node *row)
{
	struct place *p = place_new(row->name);

	if (!p || !place_take_text(p, row->state)) {
		place_free(p);
		return -ENOMEM;
	}
	buf_lit(&o->text, "<configure");
	attr_put(o, "node", row->name);
	buf_lit(&o->text, "><x xmlns='jabber:x:data' type='submit'>");
	options_put_submit(&o->text, &p->options);
	buf_lit(&o->text, "</x></configure>");
	people_put(o, p, false);
	people_put(o, p, true);
	place_free(p);
	return 0;
}

static void item_put(struct portable_out *o, const struct store_pep_item *item)
{
	buf_lit(&o->text, "<item");
	attr_put(o, "id", item->id);
	if (item->publisher.len)
		attr_put(o, "publisher", item->publisher);
	buf_putc(&o->text, '>');
	buf_str(&o->text, item->xml);
	buf_lit(&o->text, "</item>");
	o->tally->carried[TALLY_PUBLISHED]++;
}

static int items_put(struct portable_out *o, struct str owner, struct str node)
{
	struct store_req req;
	int r;

	store_req_init(&req, NULL, NULL);
	r = answer(store_pep_items(o->store, &req, owner, node, 0), &req);
	if (!r) {
		buf_lit(&o->text, "<items");
		attr_put(o, "node", node);
		buf_putc(&o->text, '>');
		for (size_t i = 0; i < req.items->len; i++)
			item_put(o, &req.items->rows[i]);
		buf_lit(&o->text, "</items>");
	}
	store_req_release(&req);
	return r ? r : settle(o);
}

static int published_put(struct portable_out *o, struct store_req *req, struct str owner)
{
	int r = answer(store_pep_nodes(o->store, req, owner), req);
	size_t len = r ? 0 : req->nodes->len;

	if (len)
		buf_lit(&o->text, "<pubsub xmlns='http://jabber.org/protocol/pubsub#owner'>");
	for (size_t i = 0; !r && i < len; i++)
		r = node_put(o, &req->nodes->rows[i]);
	if (len)
		buf_lit(&o->text, "</pubsub><pubsub xmlns='http://jabber.org/protocol/pubsub'>");
	for (size_t i = 0; !r && i < len; i++)
		r = items_put(o, owner, req->nodes->rows[i].name);
	if (len)
		buf_lit(&o->text, "</pubsub>");
	store_req_release(req);
	return r;
}

/* ---- messages ---- */

/* With its time as the last child. */
static void waiting_put(struct portable_out *o, const struct store_message *m)
{
	static const struct str end = STR("</message>");
	struct jid owner = jid_split(m->owner);
	struct str xml = m->xml;
	bool is_empty = str_ends(xml, STR("/>")) && !str_ends(xml, end);
	size_t cut = is_empty ? xml.len - 2 : str_ends(xml, end) ? xml.len - end.len : 0;
	size_t name;

	if (!cut) {
		tally_left(o->tally, TALLY_OFFLINE, 1, "it is no message");
		return;
	}
	name = root_put(o, xml);
	buf_str(&o->text, str_cut(xml, name, cut));
	if (is_empty)
		buf_putc(&o->text, '>');
	delay_put(o, owner.domain, m->time_us);
	buf_str(&o->text, end);
	o->tally->carried[TALLY_OFFLINE]++;
}

static int offline_put(struct portable_out *o, struct store_req *req, struct str owner)
{
	int r = answer(store_message_load(o->store, req, STORE_OFFLINE, owner, 0, 0), req);

	if (!r && req->messages->len) {
		buf_lit(&o->text, "<offline-messages>");
		for (size_t i = 0; i < req->messages->len; i++) {
			struct store_message m = req->messages->rows[i];

			m.owner = owner;
			waiting_put(o, &m);
		}
		buf_lit(&o->text, "</offline-messages>");
	}
	store_req_release(req);
	return r;
}

/* A page, and where the next one begins (in `after`). */
static int page_put(
	struct portable_out *o, struct store_req *req, struct str owner, struct buf *after, bool *out_end)
{
	struct store_archive_query query = {
		.owner = owner, .after_page = buf_view(after), .max = PAGE_ROWS, .max_bytes = PAGE_BYTES};
	int r = answer(store_archive_load(o->store, req, &query), req);
	size_t len = r ? 0 : req->page->len;

	for (size_t i = 0; !r && i < len; i++) {
		const struct store_archived *row = &req->page->rows[i];

		past_put(&o->text, row->id, row->time_us, row->xml);
		o->tally->carried[TALLY_HISTORY]++;
		if (o->text.len >= GATHER)
			r = settle(o);
	}
	*out_end = r || !len || req->page->complete;
	buf_clear(after);
	if (len)
		buf_str(after, req->page->rows[len - 1].id);
	store_req_release(req);
	return r;
}

static int history_put(struct portable_out *o, struct store_req *req, struct str owner)
{
	struct buf after = BUF_INIT(4096);
	bool end = false;
	int r = 0;

	buf_lit(&o->text, "<archive xmlns='urn:xmpp:pie:0#mam'>");
	while (!r && !end)
		r = page_put(o, req, owner, &after, &end);
	buf_lit(&o->text, "</archive>");
	buf_done(&after);
	return r;
}

static int count_prefs(struct portable_out *o, struct store_req *req, struct str owner)
{
	int r = answer(store_prefs_load(o->store, req, owner), req);

	if (!r && req->prefs)
		tally_left(
			o->tally, TALLY_OTHER, 1, "preferences for history: the form has no place for them");
	store_req_release(req);
	return r;
}

/* ---- a person ---- */

int portable_user_put(struct portable_out *o, const struct store_account *row)
{
	static int (*const parts[])(struct portable_out * o, struct store_req * req, struct str owner) = {
		roster_put, blocked_put, vcard_put, private_put, published_put, offline_put, count_prefs};
	struct store_req req;
	int r;

	store_req_init(&req, NULL, NULL);
	buf_lit(&o->text, "<user");
	attr_put(o, "name", jid_split(row->jid).local);
	buf_putc(&o->text, '>');
	r = keys_put(o, &req, row);
	for (size_t i = 0; !r && i < sizeof(parts) / sizeof(parts[0]); i++)
		r = parts[i](o, &req, row->jid);
	if (!r && o->history)
		r = history_put(o, &req, row->jid);
	buf_lit(&o->text, "</user>\n");
	count_details(o, row);
	o->tally->carried[TALLY_ACCOUNTS] += r == 0;
	return r ? r : settle(o);
}

void portable_begin_put(struct portable_out *o)
{
	buf_lit(&o->text, "<?xml version='1.0' encoding='UTF-8'?>\n<server-data xmlns='urn:xmpp:pie:0'>\n");
}

void portable_host_put(struct portable_out *o, struct str domain)
{
	buf_lit(&o->text, "<host");
	attr_put(o, "jid", domain);
	buf_lit(&o->text, ">\n");
}

void portable_host_end_put(struct portable_out *o)
{
	buf_lit(&o->text, "</host>\n");
}

int portable_end_put(struct portable_out *o)
{
	buf_lit(&o->text, "</server-data>\n");
	return settle(o);
}
