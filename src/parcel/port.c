#include "parcel/port.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "parcel/parting.h"
#include "parcel/standing.h"

/* What travels when the caller is on another loop. */
struct letter {
	struct task task;
	struct port *port;
	struct blob *bytes;
	const char *condition, *text;
	struct str lang; /* of `bytes`, when they are what people are told */
	struct standing *standing; /* counted */
	struct parting *parting;
};

struct port *port_ref(struct port *p)
{
	p->refs++;
	return p;
}

static void run_last_free(struct task *task)
{
	struct port *p = container_of(task, struct port, last);

	p->ops->free(p);
}

struct port *port_unref(struct port *p)
{
	if (!p || --p->refs != 0)
		return NULL;
	if (loop_current() == p->loop) {
		p->ops->free(p);
		return NULL;
	}
	p->last.run = run_last_free;
	loop_post(p->loop, &p->last);
	return NULL;
}

static void run_last_close(struct task *task)
{
	struct port *p = container_of(task, struct port, last);

	p->ops->close(p, "resource-constraint", STR("The server is out of memory."), STR_NONE, NULL);
	port_unref(p);
}

/* Takes the reference: while it is under way the port is not freed. */
static void port_fail(struct port *p)
{
	if (atomic_exchange(&p->failed, true)) {
		port_unref(p);
		return;
	}
	p->last.run = run_last_close;
	loop_post(p->loop, &p->last);
}

/* Takes the reference. */
static void letter_post(struct port *p, struct letter letter, void (*run)(struct task *))
{
	struct letter *l = malloc(sizeof(*l));

	if (!l) {
		blob_unref(letter.bytes);
		standing_unref(letter.standing);
		if (letter.parting)
			parting_answer(letter.parting, false);
		port_fail(p);
		return;
	}
	*l = letter;
	l->port = p;
	l->task.run = run;
	loop_post(p->loop, &l->task);
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
	else
		port_fail(port_ref(p));
}

static void run_close(struct task *task)
{
	struct letter *l = container_of(task, struct letter, task);

	if (l->standing)
		l->port->ops->close(l->port, l->condition, l->standing->text, l->standing->lang, NULL);
	else if (l->bytes)
		l->port->ops->close(l->port, l->condition, blob_view(l->bytes), l->lang, NULL);
	else
		l->port->ops->close(l->port, l->condition, l->text ? str_from(l->text) : STR_NONE, STR_NONE, l->parting);
	standing_unref(l->standing);
	blob_unref(l->bytes);
	port_unref(l->port);
	free(l);
}

/* Also on the port's own loop closing is posted: the caller may be inside a callback of that very connection. */
void port_close(struct port *p, const char *condition, const char *text)
{
	letter_post(port_ref(p), (struct letter){.condition = condition, .text = text}, run_close);
}

void port_close_parting(struct port *p, const char *condition, const char *text, struct parting *parting)
{
	letter_post(port_ref(p), (struct letter){.condition = condition, .text = text, .parting = parting}, run_close);
}

void port_close_told(struct port *p, const char *condition, struct standing *standing)
{
	letter_post(port_ref(p), (struct letter){.condition = condition, .standing = standing_ref(standing)}, run_close);
}

static void run_judge(struct task *task)
{
	struct letter *l = container_of(task, struct letter, task);

	if (l->port->ops->judge)
		l->port->ops->judge(l->port, l->standing);
	standing_unref(l->standing);
	port_unref(l->port);
	free(l);
}

/* Posted on the port's own loop, too: what waits there goes on as if it had come just now. */
void port_judge(struct port *p, struct standing *standing)
{
	letter_post(port_ref(p), (struct letter){.standing = standing_ref(standing)}, run_judge);
}

void port_close_text(struct port *p, const char *condition, struct str text, struct str lang)
{
	letter_post(port_ref(p), (struct letter){.condition = condition, .bytes = blob_new(text), .lang = lang}, run_close);
}
