#include "room/nick.h"

#include "jid/skeleton.h"

struct nick_look nick_look(struct str nick)
{
	struct nick_look look = {};
	struct buf b = BUF_INIT(0);

	for (int form = 0; form < NICK_FORMS; form++) {
		buf_clear(&b);
		if (skeleton_put_name(nick, (enum skeleton_form)form, &b) == 0 && b.len)
			look.form[form] = map_hash(buf_view(&b));
	}
	buf_done(&b);
	return look;
}

static bool is_alike(const struct nick_look *a, const struct nick_look *b)
{
	for (int form = 0; form < NICK_FORMS; form++)
		if (a->form[form] && a->form[form] == b->form[form])
			return true;
	return false;
}

static bool is_taken(const struct room *r, struct str nick, struct str bare)
{
	struct nick_look look = nick_look(nick);

	room_each_occupant(o, r)
	{
		if (is_alike(&look, &o->look) && !str_eq(o->bare, bare))
			return true;
	}
	return false;
}

bool nick_is_free(const struct room *r, struct str nick, struct str bare, struct room_sink *sink)
{
	if (!r->alike && is_taken(r, nick, bare))
		return false;
	return !sink->may_be_called || sink->may_be_called(sink, bare, nick);
}
