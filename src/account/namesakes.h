/* Who is called what: an index over the directory, kept by it, by what localparts and names look like (jid/skeleton.h).
 * Private to src/account; directory.h has the call. Thread-safe. Holds references of its own. Sixteen bytes for each form of
 * a name; whoever asks compares what is found, since only hashes are kept. */
#pragma once

#include "account/directory.h"

enum {
	NAMESAKES_MAX = 64, /* kept for one name: who is called like so many others is not looked for */
};

struct namesakes;

struct namesakes *namesakes_new(void); /* NULL: memory is out */
struct namesakes *namesakes_free(struct namesakes *n); /* accepts NULL, returns NULL */

/* -ENOMEM: he is not found by all that he is called. */
[[nodiscard]] int namesakes_add(struct namesakes *n, const struct person *p);
void namesakes_remove(struct namesakes *n, const struct person *p);

/* Up to NAMESAKES_MAX people who may be called so, each with a reference for the caller; perhaps twice. */
size_t namesakes_find(struct namesakes *n, struct str text, const struct person **out);
