/* What the files of the office share (gate_office*.c): one ask, while it is being worked on. */
#pragma once

#include "account/verifier.h"
#include "command/form.h"
#include "proc/gate.h"
#include "route/office.h"

struct job {
	struct gate *gate;
	struct office_ask *ask;
	const char *command;                 /* as in ipc/control.h, and as the record names it */
	void (*run)(struct gate_request *r); /* does one step */
	json_t *steps;                       /* arguments of each; owned */
	size_t next;                         /* of them */
	void (*take)(struct job *j, const json_t *answer); /* shows what a step answered; NULL: nothing */
	struct buf faults;                   /* a line for each step that failed */
	bool exists, unavailable;
	const char *ends_asker; /* as in struct gate_request, of any step */
	json_t *shown;     /* what the answer shows, as it comes together; owned */
	json_t *people;    /* a set of addresses; owned */
	struct buf text;
	struct store_req req;
	size_t at; /* of the accounts named */
	uv_work_t work;
	char password[PASSWORD_MAX + 2];
	size_t password_len;
	uint32_t iterations;
	int made;
	struct store_verifier verifiers[STORE_VERIFIER_KINDS];
	bool has_verifiers;
};

/* gate_office.c. All of these but the last two end the job. */
void job_answer(struct job *j, struct office_result *result);
void job_fail(struct job *j, const char *note);
void job_step(struct job *j); /* the next step, or the end */
void shown_add(struct job *j, const char *var, struct str value);
struct str value_at(const json_t *list, size_t i);

/* gate_office_invite.c */
void office_invite(struct job *j);

/* gate_office_show.c: questions. */
void office_roster(struct job *j);
void office_lastlogin(struct job *j);
void office_stats(struct job *j);
void office_count(struct job *j);
void office_list(struct job *j);

/* gate_lists.c: who may exchange anything with people here. */
void office_blacklist(struct job *j);
void office_whitelist(struct job *j);

/* gate_office_say.c: what is said to everybody, and the end. */
void office_announce(struct job *j);
void office_motd(struct job *j);
void office_delete_motd(struct job *j);
void office_welcome(struct job *j);
void office_delete_welcome(struct job *j);
void office_restart(struct job *j);
void office_shutdown(struct job *j);
