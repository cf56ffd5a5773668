/* config check, config show. */
#include <errno.h>
#include <stdlib.h>

#include "cli/certificate.h"
#include "cli/commands.h"
#include "cli/cli.h"

int cmd_config_check(struct cli *cli)
{
	struct settings *settings = NULL;
	struct buf warnings = BUF_INIT(4096);
	struct err err = {};
	int r = cli_settings(cli, &settings);

	if (r)
		return r;
	r = certificate_check(settings, &warnings, &err);
	if (r == -EACCES)
		r = cli_fail(cli, CLI_UNREACHABLE, "run this as root or as the owner of the data directory",
			"%s", err.text);
	else if (r)
		r = cli_fail(cli, CLI_USAGE, NULL, "%s", err.text);
	else if (cli->json)
		r = cli_print_json(json_pack("{s:b, s:s, s:s}", "ok", 1, "file", settings->file.data,
					   "warnings", buf_cstr(&warnings)),
			CLI_OK);
	else
		cli_say(cli, "%s is in order%s%s\n", settings->file.data, warnings.len ? "; but " : "",
			buf_cstr(&warnings));
	buf_done(&warnings);
	settings_free(settings);
	return r;
}

/* The table's presets as a set: what a file with nothing but a domain would give. */
static int print_presets_json(struct buf *out)
{
	struct settings *s = NULL;

	if (settings_parse(&s, "DIR", STR("domains: [example.org]\n"), "presets", NULL))
		return CLI_INTERNAL;
	settings_print_json(s, out);
	settings_free(s);
	return CLI_OK;
}

static int print_defaults(struct cli *cli)
{
	struct buf out = BUF_INIT(1 << 20);
	int r = CLI_OK;

	if (cli->json)
		r = print_presets_json(&out);
	else
		settings_print(NULL, &out);
	if (!r)
		r = cli_print(buf_view(&out));
	buf_done(&out);
	return r;
}

int cmd_config_show(struct cli *cli)
{
	struct settings *settings = NULL;
	struct buf out = BUF_INIT(1 << 20);
	int r;

	if (cli_has(cli, "--defaults"))
		return print_defaults(cli);
	if (!cli->dir || !cli->dir[0])
		return cli_fail(cli, CLI_USAGE, "add --dir DIR, or --defaults for what holds without a file",
			"which data directory?");
	r = cli_settings(cli, &settings);
	if (r)
		return r;
	if (cli->json)
		settings_print_json(settings, &out);
	else
		settings_print(settings, &out);
	r = cli_print(buf_view(&out));
	buf_done(&out);
	settings_free(settings);
	return r;
}
