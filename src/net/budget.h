/* How many connections an address may hold, and how many of them without a login: counted for the whole gate.
 * IPv6 addresses count by /64. Thread-safe. */
#pragma once

#include <stdbool.h>
#include <sys/socket.h>

struct budget;

struct budget_limits {
	unsigned connections;             /* in all */
	unsigned per_address;             /* from one address */
	unsigned unauthenticated_address; /* from one address, not logged in */
};

enum budget_answer {
	BUDGET_OK,
	BUDGET_TOTAL,
	BUDGET_ADDRESS,
	BUDGET_UNAUTHENTICATED,
};

struct budget_entry; /* an address's count */

[[nodiscard]] struct budget *budget_new(const struct budget_limits *limits);
struct budget *budget_free(struct budget *b);
void budget_set_limits(struct budget *b, const struct budget_limits *limits);

/* Takes a place; *out is handed back with budget_leave. Loopback counts like any address. */
enum budget_answer budget_enter(struct budget *b, const struct sockaddr *from, struct budget_entry **out);
void budget_login(struct budget *b, struct budget_entry *e); /* no longer unauthenticated */
void budget_leave(struct budget *b, struct budget_entry *e, bool logged_in);
