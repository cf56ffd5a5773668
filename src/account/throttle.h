/* Slows down password guessing: counts failed logins per address (an IPv6 /64 is one address) and per
 * account, each in a bucket that leaks with time. Bounded memory: fixed tables of small sets, in which the
 * entry that matters least makes room, so a flood of new keys can push out only what shares their set. Keys
 * are seeded hashes; nobody can aim.
 *
 * An address that is over its limit is refused before the password is looked at. An account over its limit is
 * not locked, or anybody could lock anybody out: it is refused only to addresses from which nobody has lately
 * logged in to it. Success does not clear a count, or an attacker would get new guesses each time the owner's
 * client connects again.
 *
 * Thread-safe: shared by all loops; 16 locks, each held for some 100 ns. Attempts that are under way at the
 * same time are counted when they fail, so the limits can be exceeded by the number of connections that may
 * be open before login. Time comes from the caller (loop_ms), so tests have their own. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/str.h"

struct throttle;

struct throttle_settings {
	unsigned account_failures; /* in a row before an account is refused to strangers */
	unsigned account_refill_s; /* seconds until one more attempt is allowed */
	unsigned address_failures; /* in a row before an address is refused */
	unsigned address_refill_s;
	unsigned delay_ms_max; /* longest delay of a failure's answer */
	size_t entries;        /* of each of the three tables, 16 bytes each; rounded up to a power of two */
};

#define THROTTLE_DEFAULTS                                                                                    \
	((struct throttle_settings){.account_failures = 20,                                                  \
		.account_refill_s = 30,                                                                      \
		.address_failures = 200,                                                                      \
		.address_refill_s = 2,                                                                      \
		.delay_ms_max = 4000,                                                                        \
		.entries = 16384})

enum throttle_verdict {
	THROTTLE_PASS = 0,
	THROTTLE_ADDRESS, /* refuse: this address failed too often */
	THROTTLE_ACCOUNT, /* refuse: this account was attacked and this address is a stranger to it */
};

[[nodiscard]] int throttle_new(
	struct throttle **out, const struct throttle_settings *settings); /* 0 or -ENOMEM */
struct throttle *throttle_free(struct throttle *t);                       /* accepts NULL, returns NULL */

/* Changes the limits in place (reload); `entries` stays as it was made. */
void throttle_set(struct throttle *t, const struct throttle_settings *settings);

/* Asked before the proof is checked (SCRAM: when the user is known, before server-first; then answer every
 * refusal with the same failure as a wrong password). `account` is the bare JID, may be empty. */
enum throttle_verdict throttle_ask(
	struct throttle *t, struct str account, const struct sockaddr *address, uint64_t now_ms);

/* Counts one failure. Returns by how many milliseconds to delay the answer: 0 for the first ones, then
 * doubling from 250 up to delay_ms_max. The delay is for existing and unknown accounts alike. */
unsigned throttle_failed(
	struct throttle *t, struct str account, const struct sockaddr *address, uint64_t now_ms);

/* Makes the address known to the account. */
void throttle_succeeded(
	struct throttle *t, struct str account, const struct sockaddr *address, uint64_t now_ms);
