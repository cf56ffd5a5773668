#include "parcel/parcel.h"

#include <stdint.h>
#include <string.h>

#include "account/directory.h"
#include "stanza/ns.h"
#include "stanza/xml_out.h"

struct parcel *parcel_new(struct arena *arena, struct node *stanza, enum parcel_kind kind)
{
	struct parcel *p = arena_zalloc(arena, sizeof(*p));

	if (!p) {
		arena_free(arena);
		return NULL;
	}
	p->refs = 1;
	p->arena = arena;
	p->stanza = stanza;
	p->kind = kind;
	p->type = node_attr(stanza, STR("type"));
	p->id = node_attr(stanza, STR("id"));
	list_init(&p->pending);
	return p;
}

struct parcel *parcel_ref(struct parcel *p)
{
	p->refs++;
	return p;
}

struct str parcel_secret(const struct parcel *p, const char *name)
{
	for (const struct secret *s = p->secrets; s; s = s->next)
		if (str_eq(s->name, str_from(name)))
			return s->value;
	return STR_NONE;
}

static void secrets_wipe(struct parcel *p)
{
	for (struct secret *s = p->secrets; s; s = s->next)
		if (s->value.len)
			explicit_bzero((char *)(uintptr_t)s->value.data, s->value.len);
}

struct parcel *parcel_unref(struct parcel *p)
{
	if (!p || --p->refs != 0)
		return NULL;
	secrets_wipe(p);
	person_unref(p->recipient);
	origin_unref(p->origin);
	port_unref(p->port);
	arena_free(p->arena);
	return NULL;
}

void parcel_answer(struct parcel *p, const struct node *reply)
{
	struct buf out = BUF_INIT(0);
	struct blob *blob = NULL;

	if (!reply || !p->port)
		return;
	xml_put(&out, reply, NS_CLIENT);
	if (!buf_failed(&out))
		blob = blob_new(buf_view(&out));
	buf_done(&out);
	if (!blob)
		return;
	if (p->origin && p->origin->answer)
		p->origin->answer(p->origin, p->port, blob);
	else
		port_write(p->port, blob);
	blob_unref(blob);
}
