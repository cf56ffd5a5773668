/* All people of this server in memory, by bare JID: who may log in, whom a message can reach, which groups
 * policy sees. Loops look people up at once and without waiting for the store; changes are rare and replace a
 * person as a whole.
 *
 * Thread-safe: any thread may look up and change. A `struct person` never changes once it is in the
 * directory, so what a caller holds stays as it was until it lets go; who needs the present state looks up
 * again. Filled at start from store_account_all(); whoever changes the store changes the directory after the
 * store has answered. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "store/rows.h"

struct directory;

/* One block of memory, shared by reference count. All fields are read-only. */
struct person {
	struct str id;  /* immutable person id, 26 characters: what the record says */
	struct str jid; /* bare, canonical */
	struct str name;
	struct str mail;
	struct str language;
	struct str department;
	const struct str *groups;
	size_t groups_len;
	uint64_t created_us;
	bool disabled; /* may not log in; messages for it are refused like those for an unknown address */
	uint32_t keys; /* a new number with each new password, and each time it is disabled */
	uint32_t refs; /* private, atomic */
};

[[nodiscard]] int directory_new(struct directory **out); /* 0 or -ENOMEM */
struct directory *directory_free(
	struct directory *d); /* accepts NULL, returns NULL; persons still held stay */

/* Adds the person or replaces the one with the same address. 0 or -ENOMEM. */
[[nodiscard]] int directory_put(struct directory *d, const struct store_account *row);
/* The same for all rows; on -ENOMEM some are in. */
[[nodiscard]] int directory_load(struct directory *d, const struct store_accounts *rows);
/* The same; what was proven before counts for nothing any more. */
[[nodiscard]] int directory_put_keys(struct directory *d, const struct store_account *row);
void directory_remove(struct directory *d, struct str jid);

/* NULL: not one of us. The caller owns one reference: person_unref(). */
[[nodiscard]] const struct person *directory_get(struct directory *d, struct str bare);
[[nodiscard]] const struct person *directory_get_hashed(struct directory *d, struct str bare, uint64_t hash); /* map_hash(bare) */

size_t directory_count(struct directory *d);

/* Calls `each` for everybody, in no order; stops when it returns false. `each` may not change the directory.
 */
void directory_each(struct directory *d, bool (*each)(const struct person *person, void *owner), void *owner);

/* Calls `each` for everybody in the group, also who is disabled, in no order; stops when it returns false. It may look
 * people up, but neither change the directory nor ask for members again. */
void directory_each_member(struct directory *d, struct str group,
	bool (*each)(const struct person *person, void *owner), void *owner);

/* A number that changes when somebody joins, leaves, is disabled or enabled or gets another name. The same group has the
 * same after a restart. 0: nobody is in it. */
uint64_t directory_group_sum(struct directory *d, struct str group);

/* An account that a reader could take `text` for: its localpart or name looks the same (jid/skeleton.h). `self` is the account
 * that is called so, or wants to be, empty: none here; what it is called itself is never somebody else's. Only people for
 * whom `may` is true count; it may be NULL, and may not change the directory. NULL: nobody. The caller owns one reference. */
[[nodiscard]] const struct person *directory_namesake(struct directory *d, struct str text, struct str self,
	bool (*may)(const struct person *person, void *owner), void *owner);

/* From now on `changed` is called with what a person was and is (NULL: nothing), after the directory says so, on the
 * thread that changed it; changes of one person come in order. One watcher; NULL ends it. Not while others change the
 * directory. */
void directory_watch(struct directory *d,
	void (*changed)(void *owner, const struct person *was, const struct person *is), void *owner);

const struct person *person_ref(const struct person *p);   /* accepts NULL */
const struct person *person_unref(const struct person *p); /* accepts NULL, returns NULL */
static inline void person_unrefp(const struct person **p)  /* for AUTO() */
{
	person_unref(*p);
}

/* What somebody proved when he was `was`: does it hold for who is called so now? Either may be NULL. */
bool person_is_still(const struct person *was, const struct person *is);

bool person_in_group(const struct person *p, struct str group);
