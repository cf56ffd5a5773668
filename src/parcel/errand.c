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
	standing_unref(e->standing);
	port_unref(e->port);
	arena_free(e->arena);
	free(e);
}

static void run_answer(struct task *task)
{
	struct errand *e = container_of(task, struct errand, task);

	e->answer(e);
}

void errand_answer(struct errand *e, enum errand_error error)
{
	e->error = error;
	if (e->port->loop == loop_current()) {
		e->answer(e);
		return;
	}
	e->task.run = run_answer;
	loop_post(e->port->loop, &e->task);
}
