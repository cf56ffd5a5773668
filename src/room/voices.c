#include "room/voices.h"

#include <stdlib.h>

struct voice {
	struct list link; /* room->voices, the newest last */
	enum role role;
	struct str bare; /* view of text */
	char text[];
};

#define each_voice(v, r)                                                                                     \
	list_each (v##_, &(r)->voices)                                                                       \
	with_container(struct voice, v, v##_)

static struct voice *voice_of(const struct room *r, struct str bare)
{
	each_voice(v, r)
	{
		if (str_eq(v->bare, bare))
			return v;
	}
	return NULL;
}

static void drop(struct room *r, struct voice *v)
{
	if (!v)
		return;
	list_remove(&v->link);
	r->voice_count--;
	free(v);
}

void voice_drop(struct room *r, struct str bare)
{
	drop(r, voice_of(r, bare));
}

void voices_done(struct room *r)
{
	while (r->voice_count)
		drop(r, container_of(r->voices.next, struct voice, link));
}

static bool is_kept(const struct occupant *o)
{
	return o->room->config.moderated && o->affiliation >= AFFILIATION_NONE && o->affiliation < AFFILIATION_ADMIN &&
	       o->role < ROLE_MODERATOR && o->role != room_role_for(o->room, o->affiliation);
}

/* When memory is out he is like others when he comes again. */
void voice_keep(struct room *r, const struct occupant *o)
{
	struct voice *v;

	voice_drop(r, o->bare);
	v = is_kept(o) ? malloc(sizeof(*v) + o->bare.len) : NULL;
	if (!v)
		return;
	if (r->voice_count == VOICES_MAX)
		drop(r, container_of(r->voices.next, struct voice, link));
	memcpy(v->text, o->bare.data, o->bare.len);
	v->bare = str_of(v->text, o->bare.len);
	v->role = o->role;
	list_append(&r->voices, &v->link);
	r->voice_count++;
}

enum role voice_role(const struct room *r, struct str bare, enum affiliation affiliation)
{
	const struct voice *v = r->config.moderated && affiliation < AFFILIATION_ADMIN ? voice_of(r, bare) : NULL;

	return v ? v->role : room_role_for(r, affiliation);
}
