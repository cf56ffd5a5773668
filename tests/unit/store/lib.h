/* Stores for tests: in a fresh directory, on the plain backend, a slow one, or one that fails now and then.
 */
#pragma once

#include "store/private.h"

enum fake_kind {
	FAKE_PLAIN,
	FAKE_SLOW,   /* 200 us a request, 2 ms a commit */
	FAKE_FAULTY, /* every fifth request and every seventh commit fails */
	FAKE_KINDS,
};

struct fixture {
	char dir[64];
	char path[96];
	struct store *store;
	struct store_req req;
	enum fake_kind kind;
};

void fixture_open(struct fixture *f, enum fake_kind kind);
void fixture_reopen(struct fixture *f);
void fixture_close(struct fixture *f); /* and removes the directory */

/* Puts a file of version 1 (schema-1.sql) in the place of the store, with `sql` run on it, and opens that. */
void fixture_from_first_version(struct fixture *f, const char *sql);

/* Waits for the answer of what `call` (0: it was asked) has asked with f->req. */
int fixture_answer(struct fixture *f, int call);

/* Asks until the backend has not failed: ask(store, &f->req, ...). */
#define ASK(f, ask, ...)                                                                                     \
	({                                                                                                   \
		int answer_;                                                                                 \
		do                                                                                           \
			answer_ =                                                                            \
				fixture_answer((f), ask((f)->store, &(f)->req __VA_OPT__(, ) __VA_ARGS__));  \
		while (answer_ == STORE_E_FAILED && (f)->kind == FAKE_FAULTY);                               \
		answer_;                                                                                     \
	})
