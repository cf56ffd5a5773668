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

/* The same with a file of any version. */
void fixture_from_version(struct fixture *f, unsigned version, const char *sql);

/* A copy of a file, and one in the place of another (`to` goes when `from` is not there). */
void fixture_copy_file(const char *from, const char *to);
void fixture_move_file(const char *from, const char *to);

/* Runs SQL on a store's file that nobody has open. */
void fixture_sql(const char *path, const char *text);

/* What a query of one number finds in a store's file, also while it is open. */
int64_t fixture_number(const char *path, const char *query);

/* One test a backend: `test` finds the kind where *state points. */
extern enum fake_kind fixture_kinds[FAKE_KINDS];
#define FIXTURE_TESTS(test)                                                                                  \
	{"on_the_plain_backend", (test), NULL, NULL, &fixture_kinds[FAKE_PLAIN]},                            \
		{"on_a_slow_backend", (test), NULL, NULL, &fixture_kinds[FAKE_SLOW]},                        \
	{                                                                                                    \
		"on_a_backend_that_fails", (test), NULL, NULL, &fixture_kinds[FAKE_FAULTY]                   \
	}

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
