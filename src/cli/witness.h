/* While no server runs: what an administrator does and who reads the record is still recorded. The recorder
 * is started once to append one event; it alone writes the record and holds its key. */
#pragma once

#include <jansson.h>

#include "base/err.h"
#include "conf/settings.h"

/* An administrator's act (command as in ipc/control.h) on `target`; `text` is what a running server would
 * write beside it: the reason given, person ids; may be "". 0 or negative with *err. */
[[nodiscard]] int witness_admin(
	const struct settings *s, const char *command, const char *target, const char *text, struct err *err);

/* That the record is about to be read, with the options of the command (an array of texts, borrowed). */
[[nodiscard]] int witness_access(
	const struct settings *s, const char *command, json_t *argv, struct err *err);

/* Becomes the recorder's user when this is root, as the files want it; else nothing. Between fork and exec. 0
 * or -errno. */
[[nodiscard]] int witness_become(const struct settings *s);
