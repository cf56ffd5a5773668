#include "parcel/errand.h"

#include <stdlib.h>

#include "account/directory.h"

struct errand *errand_new(enum errand_kind kind, struct port *port)
{
	struct errand *e = calloc(1, sizeof(*e));

	if (!e)
		return NULL;
	e->arena = arena_new(0);
	if (!e->arena) {
		free(e);
		return NULL;
	}
	e->kind = kind;
	e->port = port_ref(port);
	return e;
}

void errand_free(struct errand *e)
{
	if (!e)
		return;
	person_unref(e->person);
	origin_unref(e->origin);
	port_unref(e->port);
	arena_free(e->arena);
	free(e);
}
