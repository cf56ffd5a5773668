/* import: accounts of another server, with what belongs to them. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "cli/commands.h"
#include "cli/portable.h"
#include "cli/prosody.h"

static int import(struct intake *in, const struct cli *cli, const char *path, bool prosody)
{
	return prosody ? prosody_read(in, cli, path) : portable_read(in, cli, path);
}

int cmd_import(struct cli *cli)
{
	const char *format = cli_value(cli, "--format");
	AUTO(auto_free) char *path = realpath(cli->args[0], NULL);
	struct intake *in = NULL;
	struct stat st;
	bool prosody;
	int r;

	if (!path || stat(path, &st))
		return cli_fail(cli, CLI_USAGE, "name a file of XEP-0227 or the data folder of a Prosody", "%s: %s",
			cli->args[0], strerror(errno));
	prosody = format ? strcmp(format, "prosody") == 0 : S_ISDIR(st.st_mode);
	if (format && !prosody && strcmp(format, "xep0227"))
		return cli_fail(cli, CLI_USAGE, "accepted: xep0227 prosody", "--format '%s' is no format", format);
	if (prosody != S_ISDIR(st.st_mode))
		return cli_fail(cli, CLI_USAGE, "xep0227 is a file, prosody a folder", "%s is not of that format", path);
	r = intake_open(&in, cli, path, prosody ? "prosody" : "xep0227");
	return r ? r : intake_close(in, import(in, cli, path, prosody));
}
