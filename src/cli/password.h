/* Passwords on their way in: from standard input, from a prompt without echo, or made. Never from the command
 * line, never into a log. The caller wipes what it got with password_wipe(). */
#pragma once

#include "cli/cli.h"

enum {
	PASSWORD_BYTES = 1024,
};

struct password {
	char text[PASSWORD_BYTES + 1];
	size_t len;
};

/* By the options --password-stdin and --generate of the command, else two prompts on the terminal. The
 * password has passed the rules for `jid`. 0, or an exit code after saying why. */
[[nodiscard]] int password_get(const struct cli *cli, const char *jid, size_t min, struct password *out);

/* Pronounceable, 72 bits of randomness: "buliva-nokita-fedora-..." */
void password_generate(struct password *out);
void password_wipe(struct password *p);
