#include "route/rooms_row.h"

#include "base/log.h"
#include "base/text.h"
#include "route/reread.h"

/* ---- to the store ---- */

size_t rooms_row_people(const struct room *r, struct store_affiliation *rows)
{
	struct map_slot *slot;
	size_t n = 0;

	for (size_t i = 0; (slot = map_next(&r->affiliations, &i));) {
		const struct affiliated *a = slot->value;

		if (!a->unsaved && !r->resave)
			continue;
		if (rows)
			rows[n] = (struct store_affiliation){.jid = a->jid,
				.nick = a->nick,
				.reason = a->reason,
				.affiliation = (uint8_t)a->affiliation};
		n++;
	}
	return n;
}

void rooms_row_put(struct store_room *row, const struct room *r, struct buf *config, struct buf *secret)
{
	config_put_text(config, &r->config);
	hex_put(secret, r->secret, sizeof(r->secret));
	*row = (struct store_room){.jid = r->jid,
		.config = buf_view(config),
		.secret = buf_view(secret),
		.subject = r->subject,
		.subject_from = r->subject_from,
		.subject_id = str_of(r->subject_stamp.id, r->subject_stamp.seq ? STAMP_ID : 0),
		.subject_seq = r->subject_stamp.seq,
		.subject_us = r->subject_stamp.time_us,
		.subject_bare = r->subject_bare,
		.vcard = r->vcard,
		.creator = r->creator,
		.created_us = r->created_us,
		.saved_seq = r->saved_seq};
}

/* ---- from it ---- */

static bool vcard_fill(struct room *r, struct str xml)
{
	struct arena *arena = NULL;
	const struct node *vcard = xml.len ? reread_stanza(xml, &arena) : NULL;
	bool ok = !vcard || room_set_vcard(r, vcard, arena);

	arena_free(arena);
	return ok;
}

bool rooms_row_take(struct room *r, const struct store_room *row)
{
	bool ok = config_take_text(&r->config, row->config) && room_set_text(&r->creator, row->creator) &&
		  room_set_text(&r->subject, row->subject) && room_set_text(&r->subject_from, row->subject_from) &&
		  room_set_text(&r->subject_bare, row->subject_bare);

	if (!hex_parse(row->secret, r->secret, sizeof(r->secret)))
		log_warn("the secret of a room is damaged: its occupant ids change");
	if (row->subject_seq && row->subject_id.len == STAMP_ID) {
		r->subject_stamp.seq = row->subject_seq;
		r->subject_stamp.time_us = row->subject_us;
		memcpy(r->subject_stamp.id, row->subject_id.data, STAMP_ID);
	}
	for (size_t i = 0; ok && i < row->affiliations_len; i++) {
		const struct store_affiliation *a = &row->affiliations[i];

		if (a->affiliation <= AFFILIATION_OWNER)
			ok = room_affiliate(r, a->jid, (enum affiliation)a->affiliation, a->nick, a->reason);
	}
	ok = ok && vcard_fill(r, row->vcard);
	r->created_us = row->created_us;
	r->saved_seq = row->saved_seq;
	room_saved(r);
	r->kept = true;
	return ok;
}
