#include "route/carbons.h"

#include "route/deliver.h"
#include "route/quiet.h"
#include "route/message.h"
#include "stanza/ns.h"
#include "stanza/xml_out.h"

static bool is_private(const struct node *stanza)
{
	return node_child(stanza, STR("private"), NS_CARBONS) || node_child(stanza, STR("no-copy"), NS_HINTS);
}

/* An invitation that a room passes on (XEP-0045 section 7.8.2). */
static bool is_mediated_invitation(const struct node *stanza)
{
	const struct node *x = node_child(stanza, STR("x"), NS_MUC_USER);

	return x && node_child(x, STR("invite"), NS_MUC_USER);
}

/* What instant messaging clients show or keep track of, beside a body (section 6.1). */
static bool has_payload(const struct node *stanza)
{
	for (const struct node *c = node_first_element(stanza); c; c = node_next_element(c))
		if (str_is(c->name, "body") || str_eq(c->ns, NS_RECEIPTS) || str_eq(c->ns, NS_CHATSTATES) ||
			str_eq(c->ns, NS_CHAT_MARKERS) || node_is(c, STR("x"), NS_CONFERENCE))
			return true;
	return is_mediated_invitation(stanza);
}

static bool is_from_a_room(const struct node *stanza)
{
	return node_child(stanza, STR("x"), NS_MUC_USER) && !is_mediated_invitation(stanza);
}

bool carbons_wanted(const struct parcel *p)
{
	enum message_type type = message_type(p->type);

	if (is_private(p->stanza))
		return false;
	return type == MESSAGE_CHAT || (type == MESSAGE_NORMAL && has_payload(p->stanza));
}

/* The parcel is on its last leg here and nobody else reads its tree any more. */
bool carbons_take(struct user *u, struct parcel *p)
{
	bool wanted = u->carbons > 0 && carbons_wanted(p) && !is_from_a_room(p->stanza);
	struct node *private = node_child(p->stanza, STR("private"), NS_CARBONS);

	if (private) {
		node_remove(private);
		p->xml = STR_NONE; /* which has it still */
	}
	return wanted;
}

/* <message from='own bare' to='session'><sent|received><forwarded>the message */
static void copy_put(struct buf *out, const struct session *s, const struct parcel *p, const char *direction,
	const struct node *sid)
{
	struct xml_stamp stamp = {.extra = sid};

	buf_lit(out, "<message from='");
	xml_escape(out, s->user->bare);
	buf_lit(out, "' to='");
	xml_escape(out, s->origin->jid.full);
	buf_lit(out, "'");
	if (p->type.len)
		buf_printf(out, " type='%s'", message_type(p->type) == MESSAGE_CHAT ? "chat" : "normal");
	buf_printf(out, "><%s xmlns='urn:xmpp:carbons:2'><forwarded xmlns='urn:xmpp:forward:0'>", direction);
	xml_put_stamped(out, p->stanza, NS_FORWARD, &stamp);
	buf_printf(out, "</forwarded></%s></message>", direction);
}

static void copy_to(
	struct session *s, const struct parcel *p, const char *direction, const struct receipt *receipt)
{
	struct attr by = {.name = STR("by"), .value = s->user->bare};
	struct attr id = {.next = &by, .name = STR("id"), .value = str_from(p->record_id)};
	struct node sid = {.name = STR("stanza-id"), .ns = NS_SID, .attrs = &id, .kind = NODE_ELEMENT};
	struct blob *blob;

	copy_put(&s->user->home->scratch, s, p, direction, p->record_id[0] ? &sid : NULL);
	blob = blob_of_scratch(s->user->home);
	if (blob && p->class == CLASS_SIGNAL)
		deliver(s, &(struct goods){.blob = blob, .note = true, .calm = CALM_SIGNAL}, receipt);
	else if (blob)
		deliver(s, &(struct goods){.blob = blob, .note = true, .author = p->origin->jid.bare}, receipt);
	blob_unref(blob);
}

void carbons_sent(struct user *u, const struct parcel *p, const struct receipt *receipt)
{
	if (!carbons_wanted(p) || str_eq(p->to.bare, u->bare))
		return;
	session_each(s, u) if (s->carbons && s->origin != p->origin && session_may_get(s, &p->to)) copy_to(s, p, "sent", receipt);
}

void carbons_received(
	struct user *u, const struct parcel *p, const struct session *only, const struct receipt *receipt)
{
	session_each(s, u)
	{
		bool has_it = only ? s == only : session_takes_messages(s) || !session_may_get(s, &p->origin->jid);

		if (s->carbons && !has_it && s->origin != p->origin)
			copy_to(s, p, "received", receipt);
	}
}

void carbons_set(struct session *s, bool on)
{
	if (s->carbons == on)
		return;
	s->carbons = on;
	s->user->carbons += on ? 1 : (unsigned)-1;
}
