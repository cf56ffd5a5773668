/* A listening socket, made by the supervisor. Connections are accepted on loop 0 and spread over the loops in turn. */
#pragma once

#include "net/budget.h"
#include "net/conn.h"

struct listener;

/* Called on the loop the connection is for; owns the socket and the place from now on. */
typedef void listener_accept_fn(void *owner, unsigned loop_index, int fd, enum conn_kind kind, struct budget_entry *place);

struct listener_target {
	struct loop **loops;
	unsigned count;
	struct budget *budget;
	listener_accept_fn *accept;
	void *owner;
};

/* `fd`: a listening socket, owned from now on. `target` is borrowed and outlives the listener. Loop 0's thread. */
[[nodiscard]] int listener_new(struct listener **out, int fd, enum conn_kind kind, const struct listener_target *target);
void listener_stop(struct listener *l); /* accepts no more; the memory goes with the loop's closing callbacks */
