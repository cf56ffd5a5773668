/* Presence (RFC 6121 section 4): broadcast, probes, directed presence. */
#pragma once

#include "parcel/parcel.h"
#include "route/letter.h"
#include "route/session.h"

/* On the sender's home, the sender being loaded. Takes over the parcel's reference. */
void presence_send(struct user *sender, struct parcel *p);

/* A letter has arrived at its home. Frees it. */
void presence_run_letter(struct task *task);

/* The session is not available any more, by its own word or by its end: tells everybody who knew otherwise.
 * `stanza` (without `to`) is what they get, the session itself too (4.5.2); NULL: it has ended, a bare one is
 * made. */
void presence_end(struct session *s, struct blob *stanza, const struct kept *kept);

/* Shows the account's available sessions to a contact, or takes them from his sight. */
void presence_show(struct user *u, struct str contact);
void presence_hide(struct user *u, struct str contact);

/* Takes one session from the sight of an address. */
void presence_withdraw(struct session *s, struct str to);

/* Asks what the contact shows, for every available session. */
void presence_probe(struct user *u, struct str contact);

/* -128 to 127; false: the element holds something else. */
bool presence_priority(const struct node *stanza, struct arena *arena, int *out);

bool takes_if_available(const struct session *s);
bool takes_if_interested(const struct session *s);

/* XEP-0398: says in the parcel, available presence of this user's, which picture he shows. Before it is written to anybody;
 * on his home. */
void presence_stamp_photo(const struct user *u, struct parcel *p);
/* He shows another one: to all who get his presence. */
void presence_show_photo(struct user *u);
