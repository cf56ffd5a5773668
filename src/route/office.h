/* What administrators ask for with their clients (XEP-0133), on its way to whoever does it: the same that serves the
 * control socket. One question, one answer; asked and answered on loop 0. */
#pragma once

#include <jansson.h>

#include "command/command.h"
#include "command/dialog.h"
#include "parcel/parcel.h"

struct office_result;

struct office_ask {
	struct task task;
	struct parcel *parcel; /* the request; its origin asks, its receipt says that it is recorded */
	const struct command *command;
	bool prepare;   /* not the act: the values its form shows */
	json_t *values; /* of the form, owned */
	void (*answered)(struct office_ask *ask, struct office_result *result); /* NULL: a command's form is answered */
	char dialog[DIALOG_ID + 1];
};

struct office {
	void (*run)(void *owner, struct office_ask *ask); /* ends with office_answer(), perhaps later */
	void *owner;
};

/* How it ended. */
struct office_result {
	json_t *values;   /* what the answer shows; taken over; NULL: nothing */
	struct str more;  /* XML in the answer's form, behind the values */
	const char *note; /* "info" by default */
	bool failed;      /* the note says why */
	bool conflict;    /* with what is there already: the whole answer is an error */
	bool unavailable; /* nothing was done, it may be tried again: the same */
};

/* Takes the ask, with its parcel, to the office. */
void office_post(struct office_ask *ask);

/* Answers and frees. */
void office_answer(struct office_ask *ask, struct office_result *result);
