/* import: accounts of another server, with what belongs to them. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/cleanup.h"
#include "cli/commands.h"
#include "cli/ejabberd.h"
#include "cli/ejabberd_sql.h"
#include "cli/portable.h"
#include "cli/prosody.h"

static const struct {
	const char *name;
	bool file, folder;
	bool (*wrote)(const char *path); /* NULL: what is nothing else */
	int (*read)(struct intake *in, const struct cli *cli, const char *path);
} formats[] = {{"xep0227", true, true, NULL, portable_read}, {"prosody", false, true, NULL, prosody_read},
	{"ejabberd", true, false, ejabberd_wrote, ejabberd_read},
	{"ejabberd-sqlite", true, false, ejabberd_sql_wrote, ejabberd_sql_read}};

enum {
	FORMATS = sizeof(formats) / sizeof(formats[0]),
};

/* FORMATS: there is none of that name. */
static size_t format_of(const char *name, const char *path, bool folder)
{
	size_t i = 0;

	if (!name && folder)
		return !portable_is_folder(path);
	while (i < FORMATS && (name ? strcmp(formats[i].name, name) != 0 : !formats[i].wrote || !formats[i].wrote(path)))
		i++;
	return name || i < FORMATS ? i : 0;
}

int cmd_import(struct cli *cli)
{
	const char *name = cli_value(cli, "--format");
	AUTO(auto_free) char *path = realpath(cli->args[0], NULL);
	struct intake *in = NULL;
	struct stat st;
	size_t format;
	int r;

	if (!path || stat(path, &st))
		return cli_fail(cli, CLI_USAGE, "name a file of XEP-0227, a dump or database of an ejabberd or the data folder of a Prosody",
			"%s: %s", cli->args[0], strerror(errno));
	format = format_of(name, path, S_ISDIR(st.st_mode));
	if (format == FORMATS)
		return cli_fail(cli, CLI_USAGE, "accepted: xep0227 prosody ejabberd ejabberd-sqlite", "--format '%s' is no format", name);
	if (S_ISDIR(st.st_mode) ? !formats[format].folder : !formats[format].file)
		return cli_fail(cli, CLI_USAGE, "prosody is a folder, xep0227 a file or a folder, the others are files", "%s is not of that format",
			path);
	r = intake_open(&in, cli, path, formats[format].name);
	return r ? r : intake_close(in, formats[format].read(in, cli, path));
}
