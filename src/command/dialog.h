/* Sessions of ad-hoc commands (XEP-0050): one from the first request, answered with a form, to the last. A session
 * belongs to the full address that began it and to one command. Their number and life are bounded.
 *
 *   execute --form--> executing --execute, complete with the form--> completed
 *                        |------ cancel ----------------------------> canceled
 *                        `------ no request for DIALOG_SECONDS ------> expired
 *
 * Every command of ours has one stage, so `prev` and `next` are never among its actions. One loop's. */
#pragma once

#include <stdint.h>

#include "base/list.h"
#include "command/command.h"

enum {
	DIALOG_SECONDS = 600,
	DIALOGS_MAX = 500,      /* here */
	DIALOGS_OF_ONE = 20,    /* of one account */
	DIALOG_ID = 32,         /* characters of a session's id */
};

struct dialogs {
	struct list list; /* oldest first */
	unsigned count;
};

void dialogs_init(struct dialogs *d);
void dialogs_done(struct dialogs *d);

struct dialog_request {
	const struct command *command;
	struct str who;     /* full address */
	struct str session; /* sessionid as it came; data NULL: none */
	struct str action;  /* as it came; empty: execute */
	struct str lang;    /* xml:lang as it came */
	uint64_t now;       /* seconds, monotonic */
};

enum dialog_step {
	DIALOG_BEGIN,  /* a new session: show the form, or do it at once */
	DIALOG_SUBMIT, /* the form is there; ends with dialog_end() unless it is to be corrected */
	DIALOG_CANCEL, /* has ended */
	DIALOG_E_MALFORMED_ACTION, /* the five of bad-request */
	DIALOG_E_BAD_ACTION,
	DIALOG_E_BAD_LOCALE,
	DIALOG_E_BAD_PAYLOAD,
	DIALOG_E_BAD_SESSION,
	DIALOG_E_EXPIRED, /* not-allowed */
	DIALOG_E_MANY,    /* resource-constraint */
	DIALOG_E_MEMORY,
};

/* What the request asks for. The id of the session goes to out_id in any case where there is one. */
enum dialog_step dialog_take(struct dialogs *d, const struct dialog_request *rq, char out_id[DIALOG_ID + 1]);

/* The session has ended; its id is not used again. */
void dialog_end(struct dialogs *d, struct str id);

/* The condition of XEP-0050 for an error, NULL: it has none of its own. */
const char *dialog_condition(enum dialog_step step);
