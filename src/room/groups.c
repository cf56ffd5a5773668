#include "room/groups.h"

#include "room/admin.h"
#include "room/say.h"
#include "stanza/xml_out.h"

static struct str list_of(const struct room_config *c, enum affiliation affiliation)
{
	switch (affiliation) {
	case AFFILIATION_OWNER:
		return c->owner_groups;
	case AFFILIATION_ADMIN:
		return c->admin_groups;
	case AFFILIATION_MEMBER:
		return c->member_groups;
	default:
		return STR("");
	}
}

/* The line at *at, which moves behind it. False at the end. */
static bool next_line(struct str list, size_t *at, struct str *out)
{
	size_t end;

	if (*at >= list.len)
		return false;
	end = str_find(list, '\n', *at);
	*out = str_cut(list, *at, end);
	*at = end + 1;
	return true;
}

bool groups_name(struct str list, struct str group)
{
	struct str line;

	for (size_t at = 0; next_line(list, &at, &line);)
		if (str_eq(line, group))
			return true;
	return false;
}

/* ---- who has what ---- */

static bool has_groups(const struct room_config *c)
{
	return c->owner_groups.len || c->admin_groups.len || c->member_groups.len;
}

enum affiliation room_group_affiliation(const struct room *r, struct str bare)
{
	if (!r->in_groups || !has_groups(&r->config))
		return AFFILIATION_NONE;
	for (enum affiliation a = AFFILIATION_OWNER; a > AFFILIATION_NONE; a--)
		if (list_of(&r->config, a).len && r->in_groups(r, bare, list_of(&r->config, a)))
			return a;
	return AFFILIATION_NONE;
}

struct listing {
	struct buf *out;
	const struct room *room;
	const struct room_request *rq;
	struct room_sink *sink;
	enum affiliation affiliation;
};

static void put_person(void *owner, struct str bare)
{
	const struct listing *l = owner;
	const struct affiliated *row = map_get(&l->room->affiliations, bare);

	if ((row && row->affiliation == l->affiliation) || room_affiliation(l->room, bare) != l->affiliation)
		return; /* is listed already, or has another one */
	if (!l->rq->admin && !l->sink->may_meet(l->sink, l->rq->from.bare, bare))
		return;
	buf_lit(l->out, "<item affiliation='");
	buf_str(l->out, affiliation_name(l->affiliation));
	buf_lit(l->out, "' jid='");
	xml_escape(l->out, bare);
	buf_lit(l->out, "'/>");
}

void groups_put(struct buf *out, const struct room *r, enum affiliation affiliation, const struct room_request *rq,
	struct room_sink *sink)
{
	struct listing l = {.out = out, .room = r, .rq = rq, .sink = sink, .affiliation = affiliation};

	if (list_of(&r->config, affiliation).len)
		sink->each_in_groups(sink, list_of(&r->config, affiliation), put_person, &l);
}

/* ---- naming them ---- */

static enum room_outcome check_list(
	struct str now, struct str next, const struct room_request *rq, struct room_sink *sink)
{
	struct str line;
	unsigned n = 0;

	for (size_t at = 0; next_line(next, &at, &line);) {
		if (++n > GROUPS_MAX || line.len > GROUP_MAX)
			return ROOM_E_NOT_ACCEPTABLE;
		if (!rq->again && !groups_name(now, line) && !sink->may_name_group(sink, rq->from.bare, line))
			return ROOM_E_NOT_ACCEPTABLE;
	}
	return ROOM_OK;
}

enum room_outcome groups_check(const struct room *r, const struct room_config *next, const struct room_request *rq,
	struct room_sink *sink)
{
	enum room_outcome result = ROOM_OK;

	for (enum affiliation a = AFFILIATION_MEMBER; result == ROOM_OK && a <= AFFILIATION_OWNER; a++)
		result = check_list(list_of(&r->config, a), list_of(next, a), rq, sink);
	return result;
}

/* ---- keeping it right ---- */

static void regard(struct occupant *o, struct room_sink *sink, const struct room_stamp *stamp)
{
	struct room *r = o->room;
	enum affiliation now = room_affiliation(r, o->bare), was = o->affiliation;
	struct notice_of n = {.was = o->role};

	if (now == o->affiliation)
		return;
	o->affiliation = now;
	if (now == AFFILIATION_OUTCAST || (r->config.members_only && now < AFFILIATION_MEMBER)) {
		n.codes[0] = now == AFFILIATION_OUTCAST ? 301 : 321;
		admin_expel(o, &n, sink, stamp);
		return;
	}
	o->role = room_role_after(o, was);
	say_presence(o, &n, sink, stamp);
}

void room_regard(struct room *r, struct str bare, struct room_sink *sink, const struct room_stamp *stamp)
{
	list_each_safe (it, &r->occupants) {
		struct occupant *o = container_of(it, struct occupant, link);

		if (bare.len == 0 || str_eq(o->bare, bare))
			regard(o, sink, stamp);
	}
}

void room_account_gone(struct room *r, struct str bare)
{
	const struct affiliated *row = map_get(&r->affiliations, bare);

	if (row && row->affiliation > AFFILIATION_NONE)
		(void)!room_affiliate(r, bare, AFFILIATION_NONE, STR(""), STR(""));
}
