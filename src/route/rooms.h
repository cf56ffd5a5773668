/* Rooms on the loops (XEP-0045): a room lives on one loop, by the hash of its address; what is sent to it
 * passes to that loop from the sender's home as to a user's home, and what it says (src/room/) goes to the
 * homes of who is in it, one shared blob for all. */
#pragma once

#include "parcel/parcel.h"
#include "route/letter.h"
#include "route/user.h"

/* Is the domain one of ours for rooms (setting rooms.service)? */
bool rooms_is_service(const struct home *h, struct str domain);

/* On the sender's home, the sender being loaded; `to` is a room, an occupant or the service. Takes over the
 * parcel's reference. */
void rooms_send(struct user *sender, struct parcel *p);

/* Presence the server sends on behalf of a session has arrived at a room's loop: only its end matters. Frees
 * it. */
void rooms_run_letter(struct task *task);

/* Once a second: what the store refused is tried again. */
void rooms_tick(struct home *h);

/* A person is another one now (directory_watch()): what groups give him in rooms follows. Any thread. */
void rooms_person_changed(struct route *r, const struct person *was, const struct person *is);

/* Before the loops run: reads all rooms that are kept. 0, -ENOMEM, -EIO. */
[[nodiscard]] int rooms_load(struct route *r);
/* After they have stopped. */
void rooms_done(struct home *h);

/* An IQ to the service itself. */
void rooms_service_iq(struct home *h, struct parcel *p);
/* The items of a domain of ours: its rooms service (XEP-0030). */
void rooms_put_services(struct buf *out, const struct home *h, struct str domain);

/* Does this account own every room? May it create one? */
bool rooms_is_admin(const struct home *h, struct str bare);
bool rooms_may_create(const struct home *h, struct str bare);
