/* Personal eventing: nodes gather with how they are set and are put down at the end; items go in as they come. */
#include "cli/intake_private.h"

#include <string.h>

#include "base/clock.h"
#include "cli/tree.h"
#include "pubsub/bookmarks.h"
#include "stanza/ns.h"
#include "stanza/xml_out.h"

int intake_know_nodes(struct intake *in)
{
	int r = store_pep_nodes(in->people.store, &in->req, in->jid.bare);

	if (!r)
		r = store_wait(&in->req);
	in->nodes_there_len = r ? 0 : in->req.nodes->len;
	in->nodes_there = arena_zalloc(in->arena, (in->nodes_there_len + 1) * sizeof(*in->nodes_there));
	for (size_t i = 0; in->nodes_there && i < in->nodes_there_len; i++)
		in->nodes_there[i] = arena_dup(in->arena, in->req.nodes->rows[i].name);
	store_req_release(&in->req);
	return r || arena_is_full(in->arena) ? intake_failed(in, "the store's nodes cannot be read") : 0;
}

bool intake_node_is_there(const struct intake *in, struct str name)
{
	for (size_t i = 0; i < in->nodes_there_len; i++)
		if (str_eq(in->nodes_there[i], name))
			return true;
	return false;
}

struct place *intake_node(struct intake *in, struct str name)
{
	struct node_taken *n;

	for (n = in->nodes; n; n = n->next)
		if (str_eq(n->place->name, name))
			return n->place;
	if (!name.len || name.len > PLACE_NAME_MAX || !tree_is_text(name) ||
		in->nodes_len + in->nodes_there_len >= in->people.settings->personal_nodes) {
		intake_left(in, TALLY_PUBLISHED, 1,
			"a node without a name, with one too long or that is no text, or too many of them (personal.nodes)");
		return NULL;
	}
	n = arena_zalloc(in->arena, sizeof(*n));
	if (!n || !(n->place = place_new(name)))
		return NULL;
	n->next = in->nodes;
	in->nodes = n;
	in->nodes_len++;
	return n->place;
}

void intake_forget_nodes(struct intake *in)
{
	for (struct node_taken *n = in->nodes; n; n = n->next)
		place_free(n->place);
	in->nodes = NULL;
	in->nodes_len = 0;
}

static bool is_access_model(struct str value)
{
	return str_is(value, "open") || str_is(value, "presence") || str_is(value, "roster") || str_is(value, "whitelist");
}

void intake_node_option(struct intake *in, struct place *p, struct str var, struct str value)
{
	struct str prefix = STR("pubsub#");
	struct buf line = BUF_INIT(2 * OPTIONS_TEXT_MAX);

	if (!str_starts(var, prefix))
		buf_str(&line, prefix);
	buf_str(&line, var);
	if (str_ends(buf_view(&line), STR("#access_model")) && p->secret) {
		value = STR("whitelist"); /* whatever it was */
	} else if (str_ends(buf_view(&line), STR("#access_model")) && !is_access_model(value)) {
		intake_left(in, TALLY_OTHER, 1, "a node's access model that this server has not: it is a whitelist now");
		value = STR("whitelist");
	} else if (str_ends(buf_view(&line), STR("#publish_model")) && !str_is(value, "publishers")) {
		intake_left(in, TALLY_OTHER, 1, "a node to which others may publish: here its owner does");
	}
	buf_putc(&line, ' ');
	buf_str(&line, value);
	if (buf_failed(&line) || memchr(value.data ? value.data : "", '\n', value.len) ||
		!options_take_line(&p->options, buf_view(&line)))
		intake_left(in, TALLY_OTHER, 1, "a value of a node's configuration that is too long");
	buf_done(&line);
}

void intake_node_person(struct intake *in, struct place *p, struct str text, struct str affiliation, bool subscribed)
{
	enum pubsub_fault fault = PUBSUB_OK;
	enum standing_kind kind;
	struct jid jid;

	if (!intake_address(in, text, &jid) || str_is(affiliation, "owner"))
		return;
	if (subscribed)
		fault = place_subscribe(p, jid.full, true);
	if (!fault && affiliation.len && standing_parse(affiliation, &kind))
		fault = place_affiliate(p, jid.bare, kind);
	if (fault)
		intake_left(in, TALLY_OTHER, 1, "too many people stand beside one node");
}

static void item_put(struct buf *out, const struct place *p, struct str id, struct str publisher, struct str payload)
{
	buf_lit(out, "<items xmlns='http://jabber.org/protocol/pubsub' node='");
	xml_escape(out, p->name);
	buf_lit(out, "'><item id='");
	xml_escape(out, id);
	buf_lit(out, "' publisher='");
	xml_escape(out, publisher);
	buf_lit(out, "'>");
	buf_str(out, payload);
	buf_lit(out, "</item></items>");
}

size_t intake_node_items_max(const struct intake *in, const struct place *p)
{
	size_t most = in->people.settings->personal_items, wanted = p->options.items_max;

	return wanted && wanted < most ? wanted : most;
}

static int put_item(struct intake *in, const struct place *p, struct store_pep_item *row)
{
	struct buf text = BUF_INIT(ITEM_BYTES);
	char record_id[INTAKE_ID + 1];
	int r;

	item_put(&text, p, row->id, row->publisher, row->xml);
	r = intake_record(in, "import.item", &text, &row->stamp.seq);
	intake_id(in, buf_view(&text), 0, record_id);
	row->stamp.id = str_of(record_id, INTAKE_ID);
	row->stamp.time_us = clock_utc_us();
	buf_done(&text);
	if (r)
		return r;
	r = store_pep_item_put(in->people.store, &in->req,
		&(struct store_pep_place){.owner = in->jid.bare,
			.items_max = intake_node_items_max(in, p),
			.bytes_max = in->people.settings->personal_bytes},
		row);
	if (!r)
		r = store_wait(&in->req);
	store_req_release(&in->req);
	in->tally.carried[TALLY_PUBLISHED] += r == 0;
	if (r == STORE_E_FULL)
		intake_left(in, TALLY_PUBLISHED, 1, "too much of it (personal.bytes)");
	return r && r != STORE_E_FULL ? intake_failed(in, "the store does not take an item") : 0;
}

/* Is there one among the private data? It is newer, or the same. */
static int find_list(struct intake *in, bool *out_there)
{
	int r = store_private_get(in->people.store, &in->req, in->jid.bare, BOOKMARKS_LIST, STR("storage"));

	if (!r)
		r = store_wait(&in->req);
	*out_there = !r && in->req.text;
	store_req_release(&in->req);
	return r ? intake_failed(in, "the store's private data cannot be read") : 0;
}

static int put_list(struct intake *in, const struct node *list)
{
	bool there;
	int r = find_list(in, &there);

	if (r)
		return r;
	if (!list || !node_is(list, STR("storage"), BOOKMARKS_LIST))
		intake_left(in, TALLY_PUBLISHED, 1, "it is no list of bookmarks");
	else if (there || intake_node_is_there(in, BOOKMARKS_NODE))
		intake_left(in, TALLY_PUBLISHED, 1, "a list of bookmarks: there are some already");
	else
		return intake_private(in, list);
	return 0;
}

int intake_node_item(
	struct intake *in, const struct place *p, struct str id, struct str publisher, const struct node *payload)
{
	size_t max = in->people.settings->personal_item_bytes;
	struct buf xml = BUF_INIT(max < ITEM_BYTES / 2 ? max : ITEM_BYTES / 2);
	struct jid who;
	int r = 0;

	if (str_eq(p->name, BOOKMARKS_LIST))
		return put_list(in, payload);
	if (!intake_address(in, publisher, &who))
		who = in->jid;
	if (payload)
		xml_put(&xml, payload, NS_PUBSUB);
	if (buf_failed(&xml) || !id.len || id.len > PLACE_NAME_MAX || !tree_is_text(id))
		intake_left(in, TALLY_PUBLISHED, 1, "it is too long (personal.item_bytes), or has no name that is one");
	else if (p->options.persist)
		r = put_item(in, p,
			&(struct store_pep_item){.node = p->name, .id = id, .publisher = who.full, .xml = buf_view(&xml)});
	buf_done(&xml);
	return r;
}

int intake_put_nodes(struct intake *in)
{
	int r = 0;

	for (const struct node_taken *n = in->nodes; n && !r; n = n->next) {
		struct buf state = BUF_INIT(0);

		place_put_text(&state, n->place);
		r = buf_failed(&state) ? -1
				       : store_pep_node_put(in->people.store, &in->req, in->jid.bare,
						 &(struct store_pep_node){.name = n->place->name, .state = buf_view(&state)});
		if (!r)
			r = store_wait(&in->req);
		store_req_release(&in->req);
		buf_done(&state);
	}
	return r ? intake_failed(in, "the store does not take a node") : 0;
}
