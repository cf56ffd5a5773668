/* What is switched off (rule/lockdown.h), on the home of those it is for: who may have a session, what people are told. What does
 * not reach them: sluice.h. */
#pragma once

#include "route/session.h"
#include "rule/lockdown.h"

/* Why such a session ends, for the record. */
#define LOCK_REASON "switched off"

/* The switches in force; NULL: none. */
struct lockdown *lock_in_force(const struct home *h);
/* Somebody as switches see him; `person` NULL: no account of ours. Borrowed. */
struct subject lock_subject(const struct home *h, const struct person *person, const struct jid *jid);

/* Calls with the session as switches see it; what it points to lasts for the call. */
void lock_ask(const struct session *s, void (*ask)(const struct lockdown_party *who, void *owner), void *owner);

/* Is the switch, one of `l`, for this session? */
[[nodiscard]] bool lock_is_for(const struct lockdown *l, const struct lockdown_switch *off, const struct session *s);

/* Does a switch in force leave him no session? Of one that is there, and of one that is about to be. */
[[nodiscard]] bool lock_bars(const struct session *s);
[[nodiscard]] bool lock_bars_errand(struct home *h, const struct errand *e, const struct jid *full);

/* A headline in his language: what is off; or, `over`, that it is on again. */
void lock_tell(struct session *s, const struct lockdown_switch *off, bool over);
/* The same, and the connection ends with it; the session is to be ended by the caller, soon. */
void lock_shut(struct session *s, const struct lockdown_switch *off);
/* Is contact with the outside off for it? */
[[nodiscard]] bool lock_shuts_outside(const struct session *s);
/* Must it be known what a client is before it may do anything? */
[[nodiscard]] bool lock_needs_client(const struct home *h);
/* It is known now (`first`), or known to be another: what is off for its product. */
void lock_judged(struct session *s, bool first);
/* The session has become available: what is off for him. */
void lock_greet(struct session *s);

