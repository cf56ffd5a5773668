/* Who a person knows: contacts, requests, the block list. Gathered, and put down together at the end. */
#include "cli/intake_private.h"

#include <string.h>

#include "stanza/xml_out.h"

enum {
	GROUPS_MAX = 1000,
};

bool intake_address(struct intake *in, struct str text, struct jid *out)
{
	return jid_parse(out, str_trim(text), in->arena) == 0;
}

static struct contact *find_contact(struct intake *in, struct str bare)
{
	struct contact *c = in->contacts;

	while (c && !str_eq(c->item.contact, bare))
		c = c->next;
	return c;
}

static struct contact *add_contact(struct intake *in, struct str bare)
{
	struct contact *c = find_contact(in, bare);

	if (c || in->contacts_len >= in->people.settings->limits_roster_items)
		return c;
	c = arena_zalloc(in->arena, sizeof(*c));
	if (!c)
		return NULL;
	c->item.contact = bare;
	c->next = in->contacts;
	in->contacts = c;
	in->contacts_len++;
	return c;
}

static bool groups_dup(struct intake *in, struct store_roster_item *to, const struct store_roster_item *from)
{
	size_t n = from->groups_len < GROUPS_MAX ? from->groups_len : GROUPS_MAX;
	struct str *groups = arena_zalloc(in->arena, (n + 1) * sizeof(*groups));
	size_t len = 0;

	for (size_t i = 0; groups && i < n; i++) {
		bool twice = !from->groups[i].len || memchr(from->groups[i].data, 0x1f, from->groups[i].len);

		for (size_t k = 0; k < len; k++)
			twice |= str_eq(groups[k], from->groups[i]);
		if (!twice)
			groups[len++] = arena_dup(in->arena, from->groups[i]);
	}
	to->groups = groups;
	to->groups_len = len;
	return groups != NULL;
}

void intake_contact(struct intake *in, const struct store_roster_item *item)
{
	struct contact *c = NULL;
	struct jid jid;

	if (!intake_address(in, item->contact, &jid) || str_eq(jid.bare, in->jid.bare)) {
		intake_left(in, TALLY_CONTACTS, 1, "the contact is no address, or oneself");
		return;
	}
	c = add_contact(in, jid.bare);
	if (!c || !groups_dup(in, &c->item, item)) {
		intake_left(in, TALLY_CONTACTS, 1, "the roster is full (limits.roster_items)");
		return;
	}
	c->item.name = arena_dup(in->arena, item->name);
	c->item.subscription = item->subscription;
	c->item.ask = item->ask;
	c->item.approved = item->approved;
	c->item.hidden = false;
}

/* A bare request says nothing of anybody's own; it is a signal and needs no receipt, which the zeros say. */
void intake_request(struct intake *in, struct str from)
{
	struct contact *c = NULL;
	struct buf text = BUF_INIT(16384);
	struct jid jid;
	bool is_new;

	if (!intake_address(in, from, &jid) || str_eq(jid.bare, in->jid.bare)) {
		intake_left(in, TALLY_REQUESTS, 1, "the address is none");
		return;
	}
	is_new = !find_contact(in, jid.bare);
	c = add_contact(in, jid.bare);
	if (!c || c->item.subscription & STORE_SUB_FROM)
		return;
	c->item.hidden = is_new;
	buf_lit(&text, "0 0 \n<presence type='subscribe' from='");
	xml_escape(&text, jid.bare);
	buf_lit(&text, "' to='");
	xml_escape(&text, in->jid.bare);
	buf_lit(&text, "'/>");
	c->item.pending_in = arena_dup(in->arena, buf_view(&text));
	buf_done(&text);
}

void intake_block(struct intake *in, struct str text)
{
	struct name *n;
	struct jid jid;

	if (!intake_address(in, text, &jid)) {
		intake_left(in, TALLY_BLOCKED, 1, "the address is none");
		return;
	}
	for (n = in->blocked; n; n = n->next)
		if (str_eq(n->jid, jid.full))
			return;
	n = in->blocked_len < in->people.settings->limits_blocked_items ? arena_zalloc(in->arena, sizeof(*n)) : NULL;
	if (!n) {
		intake_left(in, TALLY_BLOCKED, 1, "the list is full (limits.blocked_items)");
		return;
	}
	*n = (struct name){.next = in->blocked, .jid = jid.full};
	in->blocked = n;
	in->blocked_len++;
}

/* ---- the end of a person ---- */

int intake_put_contacts(struct intake *in)
{
	struct store_roster_item *items = arena_zalloc(in->arena, (in->contacts_len + 1) * sizeof(*items));
	uint64_t requests = 0;
	size_t n = 0;
	int r;

	if (!items)
		return intake_failed(in, "one person's roster is too large");
	for (const struct contact *c = in->contacts; c; c = c->next) {
		items[n++] = c->item;
		requests += c->item.pending_in.len > 0;
		in->tally.carried[TALLY_CONTACTS] += !c->item.hidden;
	}
	in->tally.carried[TALLY_REQUESTS] += requests;
	if (!n)
		return 0;
	r = store_roster_put(in->people.store, &in->req, in->jid.bare, items, n, 1);
	if (!r)
		r = store_wait(&in->req);
	store_req_release(&in->req);
	return r ? intake_failed(in, "the store does not take a roster") : 0;
}

int intake_put_blocked(struct intake *in)
{
	struct str *jids = arena_zalloc(in->arena, (in->blocked_len + 1) * sizeof(*jids));
	size_t n = 0;
	int r;

	for (const struct name *b = in->blocked; jids && b; b = b->next)
		jids[n++] = b->jid;
	if (!n)
		return jids ? 0 : intake_failed(in, "memory is out");
	r = store_block_put(in->people.store, &in->req, in->jid.bare, jids, n);
	if (!r)
		r = store_wait(&in->req);
	store_req_release(&in->req);
	in->tally.carried[TALLY_BLOCKED] += n;
	return r ? intake_failed(in, "the store does not take a block list") : 0;
}
