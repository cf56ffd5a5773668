/* What the commands about clients (gate_clients*.c) share: one walk over the inventory, page after page, with what is known
 * beside it: who the person is, which sessions are there now, and what the rules say. */
#pragma once

#include "base/map.h"
#include "client/judgement.h"
#include "client/version.h"
#include "ipc/control.h"
#include "proc/gate.h"
#include "rule/client_rule.h"

/* The sessions of one installation. */
struct live {
	unsigned count;
	uint64_t uses[STORE_USES]; /* that the store does not know of yet */
	json_t *sessions; /* owned */
};

/* A row, and what goes with it; as long as it is looked at. */
struct look_row {
	const struct store_client *client;
	const struct person *person; /* NULL: the account is being removed */
	const struct live *live;     /* NULL: nobody is there now */
	struct judgement judged;     /* views */
	struct client_decision decision;
	enum client_posture posture;
	struct str minimum; /* that baseline or catalogue name; empty: none */
	bool excepted;      /* a rule has something against it, and an exception names the person */
	bool current;       /* neither the baseline nor any rule has something against it */
};

struct look {
	struct gate_request *request;
	struct map live; /* owner, U+001F, key -> struct live */
	struct store_client_query query;
	/* What is wanted; empty: anything. */
	struct str group, department;
	const struct version_range *versions;
	int class; /* -1: any */
	bool online, below, laggards;
	uint64_t at_us; /* the time at which rules are asked */
	size_t scanned, scan_max; /* rows; 0: all */
	bool complete; /* the walk came to the end */
	/* For each row that is wanted; false: enough, this one included. */
	bool (*each)(struct look *look, const struct look_row *row);
	/* The end; frees the look with look_free() and answers. `failed`: the store could not. */
	void (*end)(struct look *look, bool failed);
	void *owner;
};

/* In the request's arena. NULL: memory is out. */
[[nodiscard]] struct look *look_new(struct gate_request *r);
/* Takes the filters of r->args. NULL, or what is wrong with them, in the request's arena. */
[[nodiscard]] const char *look_filter(struct look *look);
void look_begin(struct look *look);
void look_free(struct look *look);

/* The row as rules see it, at look->at_us; `person` is kept by the caller as long as `out`. */
void look_case(const struct look *look, const struct look_row *row, struct subject *person, struct client_case *out);

/* As ipc/control.h says: C. */
json_t *look_row_json(const struct look *look, const struct look_row *row);

/* Is it held to be true what this hash says? */
[[nodiscard]] bool clients_hash_is_believed(const struct gate *g, const struct store_caps_client *h);
