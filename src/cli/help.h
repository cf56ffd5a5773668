/* Help on the terminal and manual pages, both from the table of commands. */
#pragma once

#include "cli/cli.h"

/* All return an exit code. */
int help_overview(void);
int help_group(const char *word); /* the commands that begin with this word */
int help_command(const struct command *command);
int help_man(const struct command *command); /* gatehouse-NAME(1) as roff; NULL: gatehouse(1) */

int cmd_help(struct cli *cli); /* "help [--man] [COMMAND]" */
