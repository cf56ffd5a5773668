#include "parcel/origin.h"

#include <stdlib.h>

#include "account/directory.h"
#include "base/map.h"

static struct str take(char **at, struct str from)
{
	struct str copy = str_of(*at, from.len);

	if (from.len)
		memcpy(*at, from.data, from.len);
	*at += from.len;
	return copy;
}

struct origin *origin_new(const struct origin_parts *parts)
{
	size_t text = parts->jid->full.len + parts->session.len + parts->address.len + parts->tls.len +
			parts->mechanism.len + parts->ja4.len + parts->agent_id.len + parts->agent_software.len + parts->agent_device.len;
	struct origin *o = malloc(sizeof(*o) + text);
	char *at;

	if (!o)
		return NULL;
	at = o->text;
	o->refs = 1;
	o->jid = jid_split(take(&at, parts->jid->full));
	o->hash = map_hash(o->jid.bare);
	o->session = take(&at, parts->session);
	o->address = take(&at, parts->address);
	o->tls = take(&at, parts->tls);
	o->mechanism = take(&at, parts->mechanism);
	o->ja4 = take(&at, parts->ja4);
	o->agent_id = take(&at, parts->agent_id);
	o->agent_software = take(&at, parts->agent_software);
	o->agent_device = take(&at, parts->agent_device);
	o->person = person_ref(parts->person);
	o->home = parts->home;
	o->ending = false;
	o->answer = NULL;
	o->owner = NULL;
	o->user = NULL;
	return o;
}

struct origin *origin_ref(struct origin *o)
{
	o->refs++;
	return o;
}

struct origin *origin_unref(struct origin *o)
{
	if (o && --o->refs == 0) {
		person_unref(o->person);
		free(o);
	}
	return NULL;
}
