/* A person of the store as <user/> of XEP-0227 (1.1): SCRAM keys, roster, requests, block list, vCard,
 * private XML, personal eventing, waiting messages, history. What the form has no place for is counted.
 * Blocking; for a process without a loop. */
#pragma once

#include "base/buf.h"
#include "cli/tally.h"
#include "store/store.h"

struct portable_out {
	struct store *store;
	struct tally *tally;
	bool history; /* is wanted */
	/* Takes what has gathered. 0 or -errno, which ends the writing. */
	int (*write)(void *owner, struct str text);
	void *owner;
	struct buf text; /* private */
};

/* <user>...</user>. 0, the result of a store request, or negative. */
[[nodiscard]] int portable_user_put(struct portable_out *o, const struct store_account *row);
/* What stands around people. */
void portable_begin_put(struct portable_out *o);
void portable_host_put(struct portable_out *o, struct str domain);
void portable_host_end_put(struct portable_out *o);
/* Also writes what is still gathered. 0 or negative. */
[[nodiscard]] int portable_end_put(struct portable_out *o);
