/* What the server itself says to people, in each of its languages: one table, so that nothing is said in some of them only. Words in
 * braces stand for what is put in; they are the same in each language (tests/unit/base/test_phrase.c). Administrators are spoken to in English,
 * elsewhere. */
#pragma once

#include "base/buf.h"
#include "base/language.h"

enum phrase {
	/* A device that was not known: {device}, {time}, {address}, {help}: PHRASE_HELP_AFTER or a full stop. */
	PHRASE_DEVICE_NEW,
	PHRASE_DEVICE_SUBJECT,
	PHRASE_DEVICE_NAMELESS, /* in the place of a name */
	PHRASE_DEVICE_ON,       /* behind the program: {name} */
	PHRASE_HELP_AFTER,      /* behind "get help": {help} */
	/* A session that was taken over: {time}, {name} of the session, {address}. */
	PHRASE_TAKEN_RESUMED,
	PHRASE_TAKEN_REPLACED,
	PHRASE_TAKEN_REFUSED,
	PHRASE_TAKEN_THERE, /* {address}: of who had it */
	PHRASE_TAKEN_ELSEWHERE, /* {address}: the one before */
	PHRASE_TAKEN_WEAKER,
	PHRASE_TAKEN_ADVICE,
	PHRASE_TAKEN_SUBJECT,
	PHRASE_HELP, /* {help} */
	/* Too many strangers: {minutes}. */
	PHRASE_FLOOD,
	PHRASE_FLOOD_DESK, /* by an administrator */
	/* Held for him; addresses come behind: {count}. */
	PHRASE_STRANGER,
	PHRASE_STRANGERS, /* several */
	/* Channels that are less protected than what is written. */
	PHRASE_WEAK_CALL,
	PHRASE_WEAK_FILE,
	PHRASE_IN_BAND_FILE,
	/* Names: {who} is the address of who goes by one, {name} and {address} are whose it is. */
	PHRASE_NAME_TAKEN,
	PHRASE_NAME_MIXED,
	PHRASE_WARN_MIXED,
	PHRASE_WARN_RESERVED,
	PHRASE_WARN_COLLEAGUE,
	/* Switched off: {time}, {what}: of PHRASE_LOCK_WHAT, {reason}. */
	PHRASE_LOCK_UNTIL,
	PHRASE_LOCK_OPEN,
	PHRASE_LOCK_OVER,
	PHRASE_LOCK_REASON,
	PHRASE_LOCK_WHAT, /* everything; the others in the order of enum lockdown_what */
	PHRASE_LOCK_MESSAGES,
	PHRASE_LOCK_FILES,
	PHRASE_LOCK_LINKS,
	PHRASE_LOCK_CALLS,
	PHRASE_LOCK_ROOMS,
	PHRASE_LOCK_OUTSIDE,
	/* An extension that ends: {date}. */
	PHRASE_RETIRED,
	/* A mail about a program that has to go: {date}, {address}. */
	PHRASE_CAMPAIGN_SUBJECT,
	PHRASE_CAMPAIGN_CLIENTS,
	PHRASE_CAMPAIGN_SEEN,
	PHRASE_CAMPAIGN_WHOSE,
	/* A program that is not accepted: {client}, {date}, {limits}, {reason}, {link}. First before its campaign's last date. */
	PHRASE_CLIENT_LATER_DENY,
	PHRASE_CLIENT_LATER_RESTRICT,
	PHRASE_CLIENT_REPLACE, /* it is advised against */
	PHRASE_CLIENT_RESTRICTED,
	PHRASE_CLIENT_DENIED,
	PHRASE_CLIENT_DATE, /* alone */
	PHRASE_CLIENT_REASON,
	PHRASE_CLIENT_LINK,
	PHRASE_CLIENT_NO_RETRY,
	PHRASE_CLIENT_YOURS, /* in the place of {client}, when it is not known */
	PHRASE_CLIENT_WAY, /* in the place of {client}, when it is how it logs in: the name of that comes behind */
	PHRASE_CLIENT_LIMIT_SPEAK, /* in the order of enum client_limit */
	PHRASE_CLIENT_LIMIT_FILES,
	PHRASE_CLIENT_LIMIT_OUTSIDE,
	PHRASE_CLIENT_LIMIT_HISTORY,
	PHRASE_CLIENT_LIMIT_HEAR,
	PHRASE_CLIENT_LIMIT_ACCOUNT,
	/* One that waits to be confirmed: {device}, {time}, {address}, {id}, {help}. The words to answer are in each language yes and no. */
	PHRASE_DEVICE_WAITS,
	PHRASE_NETWORK_WAITS,
	PHRASE_UNCONFIRMED,     /* to itself: {limits}, {id}, {help} */
	PHRASE_CONFIRMED,       /* what became of an answer: {id} */
	PHRASE_CONFIRMED_SELF,
	PHRASE_REFUSED,         /* {id} */
	PHRASE_NOTHING_WAITS,
	PHRASE_WHICH_WAITS,     /* {list} */
	PHRASE_CANNOT_CONFIRM,
	PHRASE_CONFIRM_LATER,
	PHRASES,
};

/* What stands for {name}. A list ends with a row without a name. */
struct phrase_word {
	const char *name;
	struct str value;
};

struct str phrase(enum phrase p, enum language language);

/* `words` may be NULL. What is put in is taken as it is: braces in it mean nothing. */
void phrase_put(struct buf *out, enum phrase p, enum language language, const struct phrase_word *words);
