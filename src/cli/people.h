/* Administration through one door: the commands of ipc/control.h, answered by the running server or, when
 * none runs, done here on the store (which only one process can have open). */
#pragma once

#include "account/verifier.h"
#include "cli/cli.h"
#include "cli/places.h"
#include "conf/settings.h"
#include "store/store.h"

struct control;

struct people {
	const struct cli *cli;
	struct settings *settings; /* NULL: the file is broken, and a server runs that was started before */
	char socket[PLACE_MAX];
	struct control *control; /* NULL: no server runs */
	struct store *store;     /* then this one is open */
};

/* Reads the settings and connects. `offline` says whether the store may be used when no server runs. 0, or an
 * exit code after saying why; people_close() in both cases. */
[[nodiscard]] int people_open(struct people *p, const struct cli *cli, bool offline);
void people_close(struct people *p);

/* The same, but the store stays closed: p->control is NULL when no server runs. */
[[nodiscard]] int people_open_control(struct people *p, const struct cli *cli);

/* Root goes through the store's folder as its owner, and comes back. 0 or -errno. */
[[nodiscard]] int people_become_owner(const struct settings *s);
void people_become_root(void);

/* The settings and the path of the control socket (PLACE_MAX bytes). While the file is broken and a server
 * answers at DIR/run/control.sock a line on standard error says so, *out is NULL and the result 0. 0, or an
 * exit code after saying why. */
[[nodiscard]] int people_settings(const struct cli *cli, struct settings **out, char *socket);

/* Characters a new password must have. */
size_t people_password_min(const struct people *p);

/* For what cannot be done without settings: 0, or an exit code after saying so. */
[[nodiscard]] int people_need_settings(const struct people *p);

/* Asks. `args` is stolen. 0: *out is the good answer, the caller's; else an exit code after printing the
 * error. */
[[nodiscard]] int people_call(struct people *p, const char *cmd, json_t *args, json_t **out);

/* Asks the running server, which there has to be, and shows its answer: as it is with --json, else by `show` (NULL: nothing is to be
 * said). `args` is stolen; NULL: an argument is not UTF-8. The exit code. */
[[nodiscard]] int people_ask(struct cli *cli, const char *cmd, json_t *args, void (*show)(struct cli *cli, const json_t *answer));

/* The text of a member of an answer; empty when it is not there. Borrowed. */
const char *people_text(const json_t *object, const char *name);

/* The canonical bare address of `text`, in one of the server's domains, NUL behind it, in `arena`. 0, or an
 * exit code after saying why. */
[[nodiscard]] int people_jid(const struct people *p, const char *text, struct arena *arena, struct str *out);

/* Whether the server answers for this canonical domain; true, too, while only the server can know. */
bool people_domain_is_ours(const struct people *p, struct str domain);

/* What is wrong with the text of a field ("name", "mail", "language", "department", "groups"), or NULL. */
const char *people_fault(const char *field, struct str text);
/* Says on standard error that the server has no texts of its own in these. */
void people_warn_language(struct str tags);

/* [V,..] as in ipc/control.h; kinds that are not there are left out. */
json_t *people_verifiers_json(const struct store_verifier verifiers[STORE_VERIFIER_KINDS]);

/* Prints an error answer, beginning with the address it is about unless `jid` is NULL; its exit code. */
int people_refused(const struct cli *cli, const json_t *answer, const char *jid);

/* An act of an administrator that changes nothing here (a copy that leaves): in the record, by the running server or the
 * recorder started once, before this returns, as the line *out_seq. 0, or an exit code after saying why: then nothing may be done. */
[[nodiscard]] int people_announce(
	const struct people *p, const char *command, const char *target, const char *text, uint64_t *out_seq);

/* people_offline.c: does a user.* command on the store. The answer is the caller's, good or bad. */
json_t *people_offline(struct people *p, const char *cmd, const json_t *args);
