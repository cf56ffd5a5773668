/* The command `gatehouse`; what it can do is in the tables of commands_*.c. */
#include <signal.h>

#include "cli/cli.h"

int main(int argc, char **argv)
{
	/* a reader that went away shows as a failed write, not as a death without a word */
	signal(SIGPIPE, SIG_IGN);
	return cli_main(argc, argv);
}
