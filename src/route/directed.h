/* Whom a session has sent directed presence without sharing its presence with them by a subscription (RFC
 * 6121 4.6): they are told when it ends. Bounded by limits.directed_presence. */
#pragma once

#include "route/session.h"

/* False: there is no room. Somebody who is told anyway, by subscription, needs no place. */
bool directed_add(struct session *s, const struct jid *to);
void directed_remove(struct session *s, struct str to);
void directed_clear(struct session *s);
bool directed_is_empty(const struct session *s);

/* Has the session shown itself to this address? */
bool directed_knows(const struct session *s, const struct jid *who);

/* To any address of this domain? */
bool directed_knows_domain(const struct session *s, struct str domain);

/* for (size_t i = 0; directed_next(s, &i); ) ... directed_at(s, i - 1): the addresses. */
bool directed_next(const struct session *s, size_t *at);
struct str directed_at(const struct session *s, size_t at);
