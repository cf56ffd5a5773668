#include "route/rooms_replay.h"

#include "account/directory.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "route/answer.h"
#include "route/rooms.h"
#include "route/rooms_archive.h"
#include "route/rooms_hall.h"

static void answer_nobody(struct origin *o, struct port *port, struct blob *stanza)
{
	(void)o;
	(void)port;
	(void)stanza;
}

static void run_again(struct task *task)
{
	struct parcel *p = parcel_of(task);
	struct home *h = home_here(p->route);
	struct room *r = map_get(&h->rooms, p->to.bare);
	struct room_request rq;
	const char *fault;
	struct hall hall;

	rooms_request(&rq, h, p);
	rq.again = true;
	/* He had founded it a moment before, or where it was refused he might have: nobody is in any room now. */
	if (!r && room_opens(&rq) && rooms_may_create(h, p->origin->jid.bare))
		r = hall_found(h, p, &fault);
	if (r) {
		hall_init(&hall, h, p);
		room_sink_silence(&hall.sink);
		hall.sink.archives = rq.archives && r->config.archive;
		room_again(r, &rq, p->room_nick, &hall.sink);
		hall_leave(&hall, r);
	}
	parcel_end(p);
}

static struct origin *sender(struct route *r, struct str from)
{
	struct jid jid = jid_split(from);
	AUTO(person_unrefp) const struct person *person = directory_get(r->env.directory, jid.bare);
	struct origin *o = NULL;

	if (person)
		o = origin_new(&(struct origin_parts){
			.jid = &jid, .person = person, .home = home_of(r, jid.bare)->loop});
	if (o)
		o->answer = answer_nobody;
	return o;
}

void rooms_replay(struct route *r, const struct route_replayed *entry, struct node *stanza, struct arena *arena)
{
	enum parcel_kind kind = str_is(stanza->name, "message")	 ? PARCEL_MESSAGE
				: str_is(stanza->name, "iq")	 ? PARCEL_IQ
								 : PARCEL_PRESENCE;
	struct origin *from = kind == PARCEL_PRESENCE ? NULL : sender(r, entry->from);
	struct parcel *p = from ? parcel_new(arena, stanza, kind) : NULL;
	struct jid to = jid_split(entry->to);

	if (!p) {
		if (!from)
			arena_free(arena);
		origin_unref(from);
		return;
	}
	p->origin = from;
	p->to = jid_dup(arena, &to);
	p->has_to = true;
	p->type = node_attr(stanza, STR("type"));
	p->route = r;
	p->class = CLASS_CONTENT;
	p->room_nick = arena_dup(arena, entry->nick);
	p->receipt = record_receipt_stored(arena, entry->seq, entry->utc_us, entry->id);
	if (arena_is_full(arena) || !p->receipt) {
		log_error("out of memory: entry %llu of the record is not in its room",
			(unsigned long long)entry->seq);
		parcel_unref(p);
		return;
	}
	p->hold = holds_take(&r->home[0].holds, entry->seq, loop_ms(r->home[0].loop));
	parcel_pass(p, home_of(r, p->to.bare), run_again);
}
