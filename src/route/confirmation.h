/* Until a device is confirmed (settings `devices`): what is left to a session whose device the account has not been used with, or
 * that makes it be in use from two networks at once. Limits are those of rules about clients (rule/client_rule.h, ruling.h); what
 * waits stands in the store, in the table of newcomer.h, so that a restart changes nothing. On the session's home loop.
 *
 *   bound --> asked in the store (newcomer.h); until that answers, what it sends waits as on probation (probation.h)
 *          -> known:    as everybody
 *          -> waits:    limited. Other devices are told what to answer (newcomer.c)
 *   `yes` of another device that is not limited, or an administrator -> the limits go at once
 *   `no`                                                             -> its sessions and tokens end; it goes on waiting
 *
 * What has come with one arrival, a program and its network, waits and is confirmed together: it has the same store_untold.waits_us. */
#pragma once

#include "parcel/parcel.h"
#include "route/session.h"

/* The rule that the record names, and what the session is told. */
#define CONFIRMATION_RULE STR("unconfirmed-device")
void confirmation_put_text(struct buf *out, const struct session *s, unsigned limits);

/* Is anybody limited at all? */
[[nodiscard]] bool confirmation_is_on(const struct settings *settings);
/* Is who waits so long, for his device or his network (0: not for that), limited by these settings? What has waited since they were others
 * may limit nobody. */
[[nodiscard]] bool confirmation_holds(const struct settings *settings, uint64_t waits_us, uint64_t network_us);
/* Bits of enum client_limit. */
[[nodiscard]] unsigned confirmation_limits(const struct session *s);
/* Must it wait until it is known whether its device is? */
[[nodiscard]] bool confirmation_awaits(const struct session *s);
/* That is known now, or another: s->newcomer. */
void confirmation_met(struct session *s);

/* Appends what people call a device that waits by: the first NEWCOMER_ID digits of its id (client/installation.h). */
void confirmation_id_put(struct buf *out, struct str owner, struct str key);

/* Is this message to the server an answer? Then it is the callee's from now on. */
[[nodiscard]] bool confirmation_hears(struct user *u, struct parcel *p);
