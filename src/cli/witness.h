/* While no server runs: what an administrator does and who reads the record is still recorded. The recorder
 * is started once to append one event; it alone writes the record and holds its key. */
#pragma once

#include <jansson.h>
#include <stdint.h>

#include "base/err.h"
#include "conf/settings.h"

/* An administrator's act, as a running server would write it. */
struct witness_act {
	const char *command; /* as in ipc/control.h */
	const char *target;
	const char *text;   /* the reason given, person ids; may be "" */
	const char *undone; /* why it was not done after all; NULL: it is about to be done */
	uint64_t of_seq;    /* then: the line that said so */
};

/* 0: the line is durable, *out_seq its number. Negative with *err: it is not, so nothing may be done. */
[[nodiscard]] int witness_admin(
	const struct settings *s, const struct witness_act *act, uint64_t *out_seq, struct err *err);

/* The same for many acts: the recorder stays until witness_close(), which accepts NULL. */
struct witness;
[[nodiscard]] int witness_open(struct witness **out, const struct settings *s, struct err *err);
[[nodiscard]] int witness_put(
	struct witness *w, const struct witness_act *act, uint64_t *out_seq, struct err *err);
/* Some thousand at once, which are durable together; of a few MiB in all. */
[[nodiscard]] int witness_put_many(
	struct witness *w, const struct witness_act *acts, size_t n, uint64_t *out_seqs, struct err *err);
void witness_close(struct witness *w);

/* That somebody who may not read the record wanted to; as far as this user can write it down. */
void witness_refusal(const struct settings *s, const char *command);

/* That the record is about to be read, with the options of the command (an array of texts, borrowed). */
[[nodiscard]] int witness_access(
	const struct settings *s, const char *command, json_t *argv, struct err *err);

/* Becomes the recorder's user when this is root, as the files want it; else nothing. Between fork and exec. 0
 * or -errno. */
[[nodiscard]] int witness_become(const struct settings *s);
