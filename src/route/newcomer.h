/* Devices that an account has not been used with before: the person hears of one where he is already, and once. A device that says
 * which it is (XEP-0388) is judged by that while it is bound; one that does not, when its program is known, by product and
 * network: by the first two numbers of an IPv4 address, the first two groups of an IPv6 address. Both are claims of the client;
 * that it has logged in is not. What is known stands in the store (`device`), so a restart forgets nobody.
 *
 *   logs in -> first of the account:  known from now on
 *           -> known:                 nothing; it is told of those that came later and that nobody has been told of
 *           -> new:                   a line of the record; a headline to the sessions of other devices, a mail by setting.
 *                                     Nobody is there: it is told to the first device known before that comes
 *
 * Beyond LATELY_MAX new devices within an hour only the record hears of them. On the home loop. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

struct session;
struct judgement;

enum { NEWCOMER_ID = 8 };

enum meeting {
	MEETING_NONE,   /* it has not been asked, or the store has not answered */
	MEETING_FAILED, /* nobody can tell */
	MEETING_DONE,
};

/* In a session. */
struct newcomer {
	uint64_t since_us; /* when its device was met first; 0: it has not been asked yet */
	uint64_t product;  /* hash of the key it was asked by */
	uint64_t waits_us;   /* it waits to be confirmed since then (confirmation.h); 0: it does not */
	uint64_t network_us; /* and because it is in use in a network beside another */
	char id[NEWCOMER_ID]; /* the first digits of the id it waits by, or has waited by; zeros: it has none */
	uint8_t meeting;     /* enum meeting */
	bool untold;       /* there are later ones nobody has been told of */
	bool exempt;       /* it is the account's first */
	bool announced;    /* it was new itself */
	bool untold_itself; /* nobody has been told of it: whoever it is, it is told in nobody's place */
};

/* It has been bound. Its program is known, or known to be another. It has become available. */
void newcomer_bound(struct session *s);
void newcomer_judged(struct session *s, const struct judgement *client);
void newcomer_greet(struct session *s);
/* Its account, or its device, is in use from two networks: the one of `s` is to be confirmed, if it never was; the other has been there
 * before, and need not be. */
void newcomer_beside(struct session *s, struct session *other);
/* Is a key of the store's that of such a network, and of no device? Any thread. */
[[nodiscard]] bool newcomer_is_network(struct str key);
