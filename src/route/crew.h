/* Groups of accounts that appear in rosters by themselves (setting rosters.groups). Two people who are in one of them, both
 * enabled, are mates: each has the other in his roster, with the group's name, subscription `both`. Nothing of it is
 * stored: it is computed from the directory, whose index says who is in a group. What is stored of a mate is a user's own
 * name and groups for him, and a subscription of former times, which counts again when they are mates no more.
 *
 * A home knows of each shown group who is connected here. So presence for the mates is one task a loop, which hands it to
 * those who are there, and not one a member. Walls come before it: the policy of the sender's home travels along (sight.h).
 *
 * All on the loop of the home, but crew_watch. */
#pragma once

#include "route/letter.h"
#include "route/user.h"

/* One group a connected user is in; part of user->crews. */
struct crew_link {
	struct list link; /* struct crew's members */
	struct user *user;
};

struct mates {
	const struct person **people; /* counted; each once */
	size_t len, cap;
};

/* How the group is called in rosters; false: it is not shown. */
[[nodiscard]] bool crew_label(const struct settings *s, struct str group, struct str *out);

/* Are they mates? Persons may be NULL. */
[[nodiscard]] bool crew_are_mates(const struct settings *s, const struct person *a, const struct person *b);

/* Is the account with this address a mate of the user? Walls are not asked. */
[[nodiscard]] bool crew_knows(const struct user *u, struct str bare);

/* And is he in a group that is called like this in the user's roster? */
[[nodiscard]] bool crew_shares(const struct user *u, struct str bare, struct str label);

/* All mates. Memory being out leaves some out. */
struct mates crew_mates(const struct home *h, const struct person *person);
void mates_done(struct mates *m);

/* A number for what the groups add to the user's roster; 0: nothing, or it is changing just now. */
uint64_t crew_sum(const struct user *u);

/* The user's person, as the directory has it. Called when he is loaded. */
void crew_find_person(struct user *u);
/* The first session has begun; the last one has ended, or the user is freed. */
void crew_enter(struct user *u);
void crew_leave(struct user *u);
/* Frees what the home knows. */
void crew_done(struct home *h);

/* Presence of the session for the mates who are there; or (LETTER_PROBE) theirs for the session. `kept` NULL: a signal. */
void crew_say(struct session *s, enum letter_kind kind, struct blob *stanza, const struct kept *kept, struct hold *hold);

/* The item for this address is to be pushed soon; once a second a part of what waits goes out. */
void crew_push_later(struct user *u, struct str bare);
void crew_tick(struct home *h);

/* From now on changes of people reach those who see them. Before the loops run. */
void crew_watch(struct route *r);
void crew_unwatch(struct route *r);
