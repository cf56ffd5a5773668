/* Rooms: how they are set, who stands how to them, the subject; what was said in them goes the way of all history. */
#include "cli/intake_private.h"

#include <errno.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/rand.h"
#include "base/text.h"
#include "conf/service.h"
#include "room/room.h"
#include "stanza/ns.h"
#include "stanza/xml_out.h"

enum {
	LIST_BYTES = 256 << 10, /* of the line in the record that says who stands how to a room, */
	CONFIG_BYTES = 64 << 10, /* and how it is set */
};

struct room_taken {
	struct room_config config;
	struct store_affiliation *affiliations;
	size_t len, cap;
	struct str subject, subject_from; /* in the arena */
	uint64_t subject_us;
};

void intake_forget_room(struct intake *in)
{
	if (!in->room)
		return;
	config_done(&in->room->config);
	free(in->room->affiliations);
	free(in->room);
	in->room = NULL;
}

/* ---- begin ---- */

static int know(struct intake *in, struct str jid)
{
	struct str key = arena_dup(in->rooms_arena, jid);

	return key.data ? map_put(&in->rooms, key, in) : -ENOMEM;
}

static int know_rooms(struct intake *in)
{
	int r;

	if (in->rooms_arena)
		return 0;
	in->rooms_arena = arena_new(0);
	if (!in->rooms_arena)
		return intake_failed(in, "memory is out");
	r = store_room_all(in->people.store, &in->req);
	if (!r)
		r = store_wait(&in->req);
	for (size_t i = 0; !r && i < in->req.rooms->len; i++)
		r = know(in, in->req.rooms->rows[i].jid);
	store_req_release(&in->req);
	return r ? intake_failed(in, "the store's rooms cannot be read") : 0;
}

static const char *refusal(struct intake *in, struct str local, struct str service)
{
	if (!local.len || jid_make(&in->jid, local, service, STR(""), in->arena))
		return "the name is no address";
	if (!settings_is_rooms(in->people.settings, in->jid.domain))
		return "this server has no rooms at that address (setting rooms.service)";
	if (in->rooms.len >= in->people.settings->rooms_max && !map_get(&in->rooms, in->jid.bare))
		return "there are too many (rooms.max)";
	return NULL;
}

int intake_room_begin(struct intake *in, struct str local, struct str service, bool *out_skip)
{
	int r = know_rooms(in);
	const char *why;

	*out_skip = true;
	if (r)
		return r;
	in->arena = arena_new(PERSON_BYTES);
	in->room = calloc(1, sizeof(*in->room));
	if (!in->arena || !in->room)
		return intake_failed(in, "memory is out");
	config_init(&in->room->config);
	in->room->config.persistent = true;
	why = refusal(in, local, service);
	if (why)
		intake_left(in, TALLY_ROOMS, 1, why);
	*out_skip = why || map_get(&in->rooms, in->jid.bare);
	in->rooms_there += !why && *out_skip;
	if (*out_skip)
		intake_forget(in);
	return 0;
}

/* ---- what it has ---- */

void intake_room_option(struct intake *in, const char *name, struct str value)
{
	struct buf var = BUF_INIT(256);

	buf_printf(&var, "%s%s", str_starts(str_from(name), STR("muc#")) ? "" : "muc#roomconfig_", name);
	if (config_set(&in->room->config, buf_view(&var), value))
		intake_left(in, TALLY_OTHER, 1, "a value of a room's configuration that this server has not");
	buf_done(&var);
}

void intake_room_affiliation(struct intake *in, struct str text, struct str word, struct str nick)
{
	struct room_taken *room = in->room;
	enum affiliation affiliation;
	struct jid jid;

	if (!intake_address(in, text, &jid) || !affiliation_parse(word, &affiliation)) {
		intake_left(in, TALLY_OTHER, 1, "somebody's affiliation with a room: the address or the word is none");
		return;
	}
	if (affiliation == AFFILIATION_NONE)
		return;
	if (room->len == in->people.settings->rooms_affiliations_max) {
		intake_left(in, TALLY_OTHER, 1, "somebody's affiliation with a room: too many (rooms.affiliations_max)");
		return;
	}
	if (room->len == room->cap) {
		size_t cap = room->cap ? room->cap * 2 : 64;
		void *all = reallocarray(room->affiliations, cap, sizeof(*room->affiliations));

		if (!all)
			abort();
		room->affiliations = all;
		room->cap = cap;
	}
	room->affiliations[room->len++] = (struct store_affiliation){
		.jid = jid.bare, .nick = arena_dup(in->arena, nick), .affiliation = (uint8_t)affiliation};
}

void intake_room_subject(struct intake *in, struct str text, struct str from, uint64_t time_us)
{
	in->room->subject = arena_dup(in->arena, text);
	in->room->subject_from = arena_dup(in->arena, from);
	in->room->subject_us = time_us;
}

struct node *intake_room_said(
	struct intake *in, struct node *n, struct str real, struct str affiliation, struct arena *arena)
{
	struct node *next, *x, *item;

	for (struct node *c = n->first; c; c = next) {
		next = c->next;
		if (node_is(c, STR("x"), NS_MUC_USER) || node_is(c, STR("occupant-id"), NS_OCCUPANT_ID) ||
			(node_is(c, STR("stanza-id"), NS_SID) && str_eq(node_attr(c, STR("by")), in->jid.bare)))
			node_remove(c);
	}
	node_del_attr(n, STR("to"));
	if (!real.len)
		return n;
	x = node_add(arena, n, STR("x"), NS_MUC_USER);
	item = x ? node_add(arena, x, STR("item"), NS_MUC_USER) : NULL;
	if (!item)
		return NULL;
	node_set_attr(arena, item, STR("affiliation"), affiliation.len ? affiliation : STR("none"));
	node_set_attr(arena, item, STR("jid"), real);
	node_set_attr(arena, item, STR("role"), STR("participant"));
	return n;
}

/* ---- the end ---- */

/* A line that says that there is the room now, who stands how to it, and, in lines behind that, how it is set; its password is
 * for nobody to read. */
static int record_room(struct intake *in, uint64_t *out_seq)
{
	const struct room_taken *room = in->room;
	struct room_config shown = room->config; /* borrows */
	struct buf text = BUF_INIT(LIST_BYTES + CONFIG_BYTES);
	int r;

	for (size_t i = 0; i < room->len && text.len < LIST_BYTES - 8192; i++)
		buf_printf(&text, "%s%.*s %.*s", i ? ", " : "", STR_FMT(room->affiliations[i].jid),
			STR_FMT(affiliation_name((enum affiliation)room->affiliations[i].affiliation)));
	shown.password = STR_NONE;
	buf_putc(&text, '\n');
	config_put_text(&text, &shown);
	r = intake_record(in, "import.room", &text, out_seq);
	buf_done(&text);
	return r;
}

static int record_subject(struct intake *in, struct store_room *row, char id[INTAKE_ID + 1])
{
	struct buf xml = BUF_INIT(ITEM_BYTES);
	int r;

	buf_lit(&xml, "<message xmlns='jabber:client' type='groupchat' from='");
	xml_escape(&xml, row->subject_from);
	buf_lit(&xml, "'><subject>");
	xml_escape(&xml, row->subject);
	buf_lit(&xml, "</subject></message>");
	intake_id(in, buf_view(&xml), row->subject_us, id);
	row->subject_id = str_of(id, INTAKE_ID);
	r = intake_record(in, "import.item", &xml, &row->subject_seq);
	buf_done(&xml);
	return r;
}

static int put_room(struct intake *in, struct store_room *row)
{
	int r = store_room_put(in->people.store, &in->req, row);

	if (!r)
		r = store_wait(&in->req);
	store_req_release(&in->req);
	if (!r)
		r = know(in, in->jid.bare);
	in->tally.carried[TALLY_ROOMS] += r == 0;
	return r ? intake_failed(in, "the store does not take a room") : 0;
}

int intake_room_end(struct intake *in)
{
	const struct room_taken *room = in->room;
	struct buf config = BUF_INIT(0), secret = BUF_INIT(0);
	unsigned char bytes[ROOM_SECRET];
	char id[INTAKE_ID + 1];
	struct store_room row = {.jid = in->jid.bare,
		.whole = true,
		.affiliations = room->affiliations,
		.affiliations_len = room->len,
		.subject = room->subject,
		.subject_from = room->subject_from,
		.subject_us = room->subject_us ? room->subject_us : clock_utc_us()};
	int r = intake_put_history(in);

	rand_bytes(bytes, sizeof(bytes));
	hex_put(&secret, bytes, sizeof(bytes));
	config_put_text(&config, &room->config);
	row.config = buf_view(&config);
	row.secret = buf_view(&secret);
	row.created_us = intake_history_began(in);
	if (!row.created_us)
		row.created_us = clock_utc_us();
	if (!r && row.subject.len)
		r = record_subject(in, &row, id);
	else
		row.subject_us = 0;
	if (!r)
		r = record_room(in, &row.saved_seq);
	if (!r)
		r = put_room(in, &row);
	buf_done(&config);
	buf_done(&secret);
	intake_forget(in);
	return r;
}
