/* A connection is closed because another one takes its place, and whoever closes it wants to know: was there still somebody at the
 * other end? A phone that has changed networks has left nobody behind; a session that is stolen has. Travels to the stream with
 * port_close_parting() and comes back by its task, once, whatever happens. */
#pragma once

#include "loop/loop.h"

struct parting {
	struct task task;  /* runs on: */
	struct loop *back;
	bool there;        /* what was said last has been acknowledged from there */
};

/* From any loop. */
void parting_answer(struct parting *p, bool there);
