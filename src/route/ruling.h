/* How a session stands with the rules about clients, and what follows: allowed; warned, by a headline once a login; restricted, by
 * the limits of its standing (policy/limit.h); denied, by a stream error with the reason, before anything it has sent went
 * anywhere. Pure deciding is rule/client_rule.h. On the session's home loop. */
#pragma once

#include "route/session.h"
#include "rule/client_rule.h"

/* The worst that could become of it, whatever its client is: how much it matters to know that. */
[[nodiscard]] enum client_effect ruling_worst(const struct session *s);
/* Does a rule or patch that could be about it ask which system its client runs on? */
[[nodiscard]] bool ruling_asks_system(const struct session *s);
/* What would become of it if that were its client. */
[[nodiscard]] enum client_effect ruling_of(const struct session *s, const struct judgement *client);
/* Nobody waits, and ruling_worst() is that: sets s->standing by the rules that ask for no client. A denied session is doomed. */
void ruling_unasked(struct session *s, enum client_effect worst);
/* The same for one that has waited for that its device is known (confirmation.h), and hands over what waits for it. */
void ruling_met(struct session *s);
/* Memory is out, so it cannot be told what its client is, or what follows from it. Ends the session where that could matter, with
 * <resource-constraint/>. */
void ruling_fail(struct session *s);
/* Judges it from what it has shown until now (s->seen), sets s->standing and hands over what waits for it; or denies it. Memory is
 * out: ruling_fail(). */
void ruling_now(struct session *s);
/* Its client (s->standing->client; NULL: not judged) stays the same, the rules are others, or its device has been confirmed. */
void ruling_again(struct session *s);
/* The headline of its standing, where it has one and has not been told since it was bound. */
void ruling_warn(struct session *s);
