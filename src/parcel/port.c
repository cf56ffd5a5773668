#include "parcel/port.h"

#include <stdlib.h>

/* What travels when the caller is on another loop. */
struct letter {
	struct task task;
	struct port *port;
	struct blob *bytes;
	const char *condition, *text;
};

struct port *port_ref(struct port *p)
{
	p->refs++;
	return p;
}

static void letter_post(struct port *p, struct letter letter, void (*run)(struct task *))
{
	struct letter *l = malloc(sizeof(*l));

	if (!l) {
		blob_unref(letter.bytes);
		return;
	}
	*l = letter;
	l->port = p;
	l->task.run = run;
	loop_post(p->loop, &l->task);
}

static void run_free(struct task *task)
{
	struct letter *l = container_of(task, struct letter, task);

	l->port->ops->free(l->port);
	free(l);
}

struct port *port_unref(struct port *p)
{
	if (!p || --p->refs != 0)
		return NULL;
	if (loop_current() == p->loop)
		p->ops->free(p);
	else
		letter_post(p, (struct letter){.bytes = NULL}, run_free);
	return NULL;
}

static void run_write(struct task *task)
{
	struct letter *l = container_of(task, struct letter, task);

	l->port->ops->write(l->port, blob_view(l->bytes));
	blob_unref(l->bytes);
	port_unref(l->port);
	free(l);
}

void port_write(struct port *p, struct blob *bytes)
{
	if (loop_current() == p->loop) {
		p->ops->write(p, blob_view(bytes));
		return;
	}
	letter_post(port_ref(p), (struct letter){.bytes = blob_ref(bytes)}, run_write);
}

void port_write_str(struct port *p, struct str bytes)
{
	struct blob *copy;

	if (loop_current() == p->loop) {
		p->ops->write(p, bytes);
		return;
	}
	copy = blob_new(bytes);
	if (copy)
		letter_post(port_ref(p), (struct letter){.bytes = copy}, run_write);
}

static void run_close(struct task *task)
{
	struct letter *l = container_of(task, struct letter, task);

	l->port->ops->close(l->port, l->condition, l->text);
	port_unref(l->port);
	free(l);
}

/* Also on the port's own loop closing is posted: the caller may be inside a callback of that very connection. */
void port_close(struct port *p, const char *condition, const char *text)
{
	letter_post(port_ref(p), (struct letter){.condition = condition, .text = text}, run_close);
}
