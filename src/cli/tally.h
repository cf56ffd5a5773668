/* What was carried from one server to another, by kind, and what stayed behind, with the reason: what import
 * and export report at their end, for people or as JSON. */
#pragma once

#include <jansson.h>
#include <stdint.h>

enum tally_kind {
	TALLY_ACCOUNTS,
	TALLY_PASSWORDS, /* accounts whose password is carried */
	TALLY_CONTACTS,
	TALLY_REQUESTS, /* for a subscription, waiting for an answer */
	TALLY_BLOCKED,
	TALLY_OFFLINE,
	TALLY_VCARDS,
	TALLY_PRIVATE,
	TALLY_PUBLISHED, /* items of personal eventing */
	TALLY_HISTORY,
	TALLY_PREFERENCES, /* what somebody wants kept in his history */
	TALLY_ROOMS,
	TALLY_OTHER,
	TALLY_KINDS,
};

enum {
	TALLY_REASONS = 64,
};

struct tally {
	uint64_t carried[TALLY_KINDS];
	struct tally_reason {
		enum tally_kind kind;
		const char *text;
		uint64_t n;
	} reasons[TALLY_REASONS];
	size_t reasons_len;
};

/* `n` of a kind stay behind. `why` is a constant; more reasons than there is room for are added to the last
 * one. */
void tally_left(struct tally *t, enum tally_kind kind, uint64_t n, const char *why);

/* {"accounts":N,..}, and [{"kind","count","why"},..]; the caller's. */
json_t *tally_carried_json(const struct tally *t);
json_t *tally_left_json(const struct tally *t);
/* A table on standard output. */
void tally_print(const struct tally *t);
