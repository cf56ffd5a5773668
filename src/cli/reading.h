/* The reader at work for a command: it alone opens the record, in a process of its own, after the access is recorded; by
 * the running server, or from here when none runs. */
#pragma once

#include <jansson.h>
#include <sys/types.h>

#include "cli/cli.h"

struct control;
struct reading;

/* Whether this user may read the record (control.record_group, also for root). A refusal is recorded. 0, or an exit code
 * after saying why. */
[[nodiscard]] int reading_allowed(const struct cli *cli, const struct settings *s, const char *verb);

/* Runs the reader with these options, its output to `out_fd`, and waits for it; its exit code. The caller has had the
 * access recorded, or nothing is shown to anybody. */
[[nodiscard]] int reading_run(
	const struct cli *cli, const struct settings *s, const char *verb, const json_t *argv, int out_fd);

/* Begins a stream of the reader's output. `control` is the running server's, used by this until reading_close(), or NULL:
 * none runs. `argv` is borrowed until then. 0, or an exit code after saying why. */
[[nodiscard]] int reading_open(struct reading **out, const struct cli *cli, const struct settings *s,
	struct control *control, const char *verb, json_t *argv);
int reading_fd(const struct reading *r);
/* Waits for the reader. Its exit code, or another one after saying why. */
[[nodiscard]] int reading_close(struct reading *r);
