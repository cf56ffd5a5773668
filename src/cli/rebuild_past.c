/* What imports brought, as the lines of the record hold it. The lines of one archive stand together; an import that was
 * broken off has begun again from its first message, and so does the archive here, unless its owner was there already. */
#include "cli/rebuild_private.h"

#include "cli/past.h"
#include "conf/service.h"
#include "jid/jid.h"
#include "route/reread.h"
#include "stanza/ns.h"
#include "stanza/xml_out.h"

/* Then it was put beside what was there. */
static bool is_there(struct rebuild *b, struct str owner)
{
	return rebuild_person(b, owner) || map_get(&b->rooms, owner);
}

static int begin(struct rebuild *b, struct str owner)
{
	struct store_req req;
	int r = rebuild_put_all(b);

	if (!r)
		r = rebuild_room_end(b, owner);
	buf_clear(&b->past_owner);
	buf_str(&b->past_owner, owner);
	b->past_us = 0;
	if (r || is_there(b, owner))
		return r;
	store_req_init(&req, NULL, NULL);
	r = store_archive_leave(b->people.store, &req, owner);
	if (!r)
		r = store_wait(&req);
	store_req_release(&req);
	return r ? rebuild_failed(b, "the store does not begin an archive") : 0;
}

static int put(struct rebuild *b, const struct past *past, struct store_archived *row)
{
	buf_clear(&b->scratch);
	xml_put(&b->scratch, past->message, NS_CLIENT);
	row->id = past->id;
	row->time_us = past->time_us;
	row->xml = buf_view(&b->scratch);
	if (!b->past_us)
		b->past_us = past->time_us;
	b->messages++;
	return rebuild_put_row(b, row);
}

int rebuild_past(struct rebuild *b)
{
	const struct said *e = &b->entry;
	struct store_archived row = {.seq = e->head.seq};
	struct str owner = buf_view(&e->target);
	struct arena *arena = NULL;
	struct node *result;
	struct past past;
	int r = 0;

	if (b->second || e->head.seq <= b->applied)
		return 0;
	result = reread_stanza(buf_view(&e->text), &arena);
	if (!str_eq(buf_view(&b->past_owner), owner))
		r = begin(b, owner);
	if (!r && result && past_read(result, &past) && past_row(&past, owner, arena, &row))
		r = put(b, &past, &row);
	else if (!r)
		b->no_stanza++;
	arena_free(arena);
	return r;
}

/* The subject of the room whose line comes next. */
void rebuild_past_item(struct rebuild *b)
{
	struct str room = buf_view(&b->entry.target);
	struct arena *arena = NULL;
	const struct node *message, *subject;

	buf_clear(&b->subject);
	if (b->second || !settings_is_rooms(b->people.settings, jid_split(room).domain))
		return;
	message = reread_stanza(buf_view(&b->entry.text), &arena);
	subject = message ? node_child(message, STR("subject"), NS_CLIENT) : NULL;
	if (subject) {
		buf_str(&b->subject, node_text(subject, arena));
		buf_clear(&b->subject_from);
		buf_str(&b->subject_from, node_attr(message, STR("from")));
		buf_clear(&b->subject_room);
		buf_str(&b->subject_room, room);
	}
	arena_free(arena);
}
