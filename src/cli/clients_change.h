/* A change of one file of policy/clients, whole or not at all: the policy with it is judged, the act is recorded, the file is
 * replaced in one step, and a running server reads it. Whatever fails, the files and the server stay as they were. */
#pragma once

#include "cli/people.h"
#include "cli/table.h"
#include "rule/client_set.h"
#include "rule/rule_set.h"

struct clients {
	struct cli *cli;
	struct people people;
	struct arena *arena;
	struct policy_set *policy; /* as the folder is now; without the engine of inspection */
	const struct client_set *set;
	const char *dir; /* of the policy */
};

/* 0, or an exit code after saying why; clients_close() in both cases. */
[[nodiscard]] int clients_open(struct clients *c, struct cli *cli);
void clients_close(struct clients *c);

struct clients_act {
	const char *name;   /* "deny": for the record */
	const char *target; /* id of the rule */
	const char *text;   /* what it does, and why */
	bool protects;      /* it is done also while the record takes nothing */
	struct str at;      /* of a dry run: the day it is to be looked at; empty: now */
	bool observes;      /* it is a rule that only looks */
	bool dry_run;
};

/* Exit code; what happened is said, or printed as JSON. */
[[nodiscard]] int clients_change(struct clients *c, const struct policy_change *change, const struct clients_act *act);

/* Whom the policy would reach with this change, of those who are connected; nothing is changed. `change` NULL: the folder as it
 * is now, against what is in force. `rule`: only its own; empty: all. Exit code. */
[[nodiscard]] int clients_dry_run(
	struct clients *c, const struct policy_change *change, struct str rule, struct str at);

/* The text of a file of the policy, on the arena. 0, or an exit code after saying why. */
[[nodiscard]] int clients_file_read(struct clients *c, struct str file, struct str *out);

/* "deny-gajim", or with -2, -3, .. where that is taken. On the arena, NUL behind it; empty: memory is out. */
struct str clients_id_make(const struct clients *c, const char *head, struct str name);

/* The end of a command that lists: with --json `all` under that name, else the table. Both are done with; r is not 0: nothing is
 * printed, and it is returned. */
[[nodiscard]] int clients_list_end(const struct clients *c, int r, const char *name, json_t *all, struct table *t);

json_t *clients_text_json(struct str s); /* an empty one is "" */

/* The system user who runs this. */
const char *clients_user(void);
