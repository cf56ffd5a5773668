/* What became of recorded entries (delivered, left offline, fetched), gathered so that a line names up to
 * 500. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"
#include "record/event.h"

enum {
	OUTCOMES_MAX = 500,
	OUTCOME_KINDS = 3,
};

struct outcomes {
	struct {
		struct buf pairs; /* as VALUE_PAIRS travels */
		unsigned count;
		bool due;
	} kinds[OUTCOME_KINDS]; /* delivered, offline, fetched */
	struct buf taken;
	enum event type; /* of what was taken */
	uint64_t lost;   /* lines that could not be queued */
};

void outcomes_init(struct outcomes *o);
void outcomes_done(struct outcomes *o);

/* True when there is something to take now. */
[[nodiscard]] bool outcomes_add(struct outcomes *o, enum event type, uint64_t seq, struct str who);

/* A second is over: everything is to be taken. */
void outcomes_due(struct outcomes *o);

/* Moves one kind that is due to `taken` and sets `type`. False when none is. */
[[nodiscard]] bool outcomes_take(struct outcomes *o);
