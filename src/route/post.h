/* Mails to people and administrators: whoever has something to say puts it into the store's queue, from any loop, and goes on;
 * the gate sends what is there (proc/gate_post.c). What was queued outlives a restart. */
#pragma once

#include <stdint.h>

#include "base/str.h"
#include "loop/loop.h"

struct store;
struct settings;
struct person;

struct post {
	struct str purpose;   /* a word: "client", "device", "outbreak" .. what of it is a list */
	struct str about;     /* the rule, the device ..; may be empty */
	struct str stage;     /* how far that has come: "advise", "warn" ..; may be empty */
	struct str subject;   /* one line */
	struct str body;      /* lines end in \n */
	struct str language;  /* BCP 47, of the text */
	uint64_t since_us;    /* nothing when one of these purpose, about, stage and recipient was queued since then;
			       * POST_ALWAYS: in any case */
};

#define POST_ALWAYS UINT64_MAX

enum {
	POST_NO_ADDRESS = 1, /* the person has none, or none that can be used */
	POST_OFF,            /* there is no mail.server */
	POST_TOLD,           /* was queued since since_us */
	POST_FULL,           /* mail.queue_max wait */
};

/* Queues a mail; everything is copied. `done` (NULL: nobody asks) is called later on this loop with 0, one of POST_* or negative.
 * 0, POST_NO_ADDRESS, POST_OFF or -ENOMEM: then it is not called. The calling thread runs a loop. */
[[nodiscard]] int post_mail(struct store *store, const struct settings *settings, const struct person *to,
	const struct post *post, void (*done)(void *owner, int result), void *owner);

/* The same to everybody in mail.to_admins. 0, POST_OFF (also: the list is empty) or -ENOMEM. */
[[nodiscard]] int post_admins(struct store *store, const struct settings *settings, const struct post *post);

/* And to one address that belongs to no account. */
[[nodiscard]] int post_to(struct store *store, const struct settings *settings, struct str address, const struct post *post,
	void (*done)(void *owner, int result), void *owner);
