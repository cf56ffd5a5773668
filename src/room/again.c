/* What the record brings again after a crash. Who was in the room then is not known any more but for the nickname of
 * the sender; what only a role allowed is left out. */
#include "room/admin.h"
#include "room/invite.h"
#include "room/room.h"
#include "room/talk.h"
#include "stanza/ns.h"

/* He as he was. In a moderated room who had been given voice cannot be told from who had none. */
static struct occupant author(struct room *r, const struct room_request *rq, struct str nick)
{
	struct occupant o = {.room = r, .nick = nick, .bare = rq->from.bare};

	o.role = room_role_for(r, room_affiliation_of(r, rq));
	room_occupant_id(r, o.bare, o.id);
	return o;
}

static bool is_decision(const struct room_request *rq)
{
	const struct node *form = node_child(rq->stanza, STR("x"), NS_DATA_FORMS);

	return str_is(rq->stanza->name, "message") && form && register_is_form(form, rq->arena);
}

/* 7.8.2: who is invited to a room for members is one from then on. */
static bool makes_members(const struct room *r, const struct node *x)
{
	return r->config.members_only && x && node_child(x, STR("invite"), NS_MUC_USER);
}

bool room_opens(const struct room_request *rq)
{
	const struct node *query = node_child(rq->stanza, STR("query"), NS_MUC_OWNER);
	const struct node *form = query ? node_child(query, STR("x"), NS_DATA_FORMS) : NULL;

	return !rq->to.resource.len && str_is(rq->stanza->name, "iq") && form && str_is(node_attr(form, STR("type")), "submit");
}

static bool is_setting(const struct node *payload)
{
	return str_eq(payload->ns, NS_MUC_ADMIN) || str_eq(payload->ns, NS_MUC_OWNER) ||
	       str_eq(payload->ns, NS_REGISTER) || str_eq(payload->ns, NS_VCARD);
}

void room_again(struct room *r, const struct room_request *rq, struct str nick, struct room_sink *sink)
{
	const struct node *payload = node_first_element(rq->stanza), *x = node_child(rq->stanza, STR("x"), NS_MUC_USER);
	struct str type = node_attr(rq->stanza, STR("type"));

	if (rq->to.resource.len || rq->stamp.time_us < r->created_us)
		return;
	if (str_is(rq->stanza->name, "message") && str_is(type, "groupchat") && nick.len) {
		struct occupant o = author(r, rq, nick);

		(void)!talk_groupchat(r, &o, rq, sink);
	} else if (is_decision(rq) && rq->stamp.seq > r->saved_seq) {
		(void)!room_message(r, rq, sink);
	} else if (str_is(rq->stanza->name, "message") && nick.len && makes_members(r, x)) {
		struct occupant o = author(r, rq, nick);

		if (rq->stamp.seq > r->saved_seq)
			(void)!invite_send(r, &o, x, rq, sink);
	} else if (str_is(rq->stanza->name, "iq") && str_is(type, "set") && payload) {
		bool done = rq->stamp.seq <= r->saved_seq;

		if ((is_setting(payload) && !done) || str_eq(payload->ns, NS_MODERATE) ||
			str_eq(payload->ns, NS_FASTEN))
			(void)!room_iq(r, rq, sink);
	}
}

/* ---- nobody hears it ---- */

static void send_nothing(struct room_sink *sink, const struct seat *const *seats, size_t len, struct str xml,
	const struct room_stamp *stamp, enum room_goods goods)
{
	(void)sink;
	(void)seats;
	(void)len;
	(void)xml;
	(void)stamp;
	(void)goods;
}

static void post_nothing(struct room_sink *sink, struct str bare, struct str xml, const struct room_stamp *stamp)
{
	(void)sink;
	(void)bare;
	(void)xml;
	(void)stamp;
}

static void answer_nobody(struct room_sink *sink, struct str payload)
{
	(void)sink;
	(void)payload;
}

void room_sink_silence(struct room_sink *sink)
{
	sink->send = send_nothing;
	sink->post = post_nothing;
	sink->result = answer_nobody;
}
