/* From argv to a subcommand: names of one to three words, options in any place, --help everywhere. */
#include "cli/cli.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "cli/help.h"
#include "conf/layout.h"
#include "conf/nearest.h"

enum {
	NAMES_MAX = 128,
	WORDS_MAX = 3, /* of a name */
};

static const char *const common_options[] = {"--dir", "--json", "--help"};

/* ---- output ---- */

static const char *exit_name(int code)
{
	static const char *const names[] = {"ok", "no", "usage", "unreachable", "internal"};

	return code >= 0 && code <= CLI_INTERNAL ? names[code] : "internal";
}

int cli_fail(const struct cli *cli, int code, const char *remedy, const char *fmt, ...)
{
	char text[1024];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	if (cli && cli->json) {
		json_t *error = json_pack("{s:{s:s, s:s, s:s}}", "error", "code", exit_name(code), "text",
			text, "remedy", remedy ? remedy : "");

		return cli_print_json(error, code);
	}
	fflush(stdout);
	fprintf(stderr, "gatehouse: %s\n", text);
	if (remedy && remedy[0])
		fprintf(stderr, "  next: %s\n", remedy);
	return code;
}

int cli_print_json(json_t *value, int code)
{
	bool ok = value && json_dumpf(value, stdout, JSON_INDENT(2)) == 0 && putchar('\n') != EOF &&
		  !fflush(stdout);

	json_decref(value);
	return ok ? code : CLI_INTERNAL;
}

void cli_say(const struct cli *cli, const char *fmt, ...)
{
	va_list args;

	if (cli->json)
		return;
	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
	fflush(stdout);
}

int cli_print(struct str text)
{
	return fwrite(text.data ? text.data : "", 1, text.len, stdout) == text.len && !fflush(stdout)
		       ? CLI_OK
		       : CLI_INTERNAL;
}

int cli_settings(const struct cli *cli, struct settings **out)
{
	struct err err = {};
	int r = layout_check(cli->dir, &err);

	if (r)
		return cli_fail(cli, r == -EACCES ? CLI_UNREACHABLE : CLI_USAGE,
			r == -EACCES ? "run this as the user who owns the data directory" : NULL, "%s",
			err.text);
	r = settings_load(out, cli->dir, &err);
	if (r == -ENOENT)
		return cli_fail(cli, CLI_USAGE,
			"make it with 'gatehouse init --dir DIR --domain DOMAIN', or name another --dir",
			"%s is no data directory: %s", cli->dir, err.text);
	if (r)
		return cli_fail(cli, r == -EACCES ? CLI_UNREACHABLE : CLI_USAGE,
			r == -EACCES ? "run this as the user who owns the data directory"
				     : "mend the file, then try again",
			"%s", err.text);
	return 0;
}

/* ---- options ---- */

static int option_index(const struct command *c, const char *name)
{
	for (int i = 0; c->options && c->options[i].name; i++)
		if (strcmp(c->options[i].name, name) == 0)
			return i;
	return -1;
}

const char *cli_value(const struct cli *cli, const char *option)
{
	int i = option_index(cli->command, option);

	if (i < 0)
		abort();
	return cli->values[i];
}

bool cli_has(const struct cli *cli, const char *option)
{
	return cli_value(cli, option) != NULL;
}

int cli_number(const struct cli *cli, const char *option, unsigned long long max, unsigned long long *out)
{
	const char *text = cli_value(cli, option);

	if (!text || str_to_u64(str_from(text), max, out))
		return 0;
	return cli_fail(cli, CLI_USAGE, NULL, "%s '%s': accepted is a whole number up to %llu", option,
		LOG_STR(str_from(text)), max);
}

static int unknown_option(const struct cli *cli, const char *found)
{
	const char *names[CLI_OPTIONS_MAX + 4], *nearest;
	size_t n = 0;
	char remedy[256];

	for (size_t i = 0; i < 3; i++)
		names[n++] = common_options[i];
	for (int i = 0; cli->command->options && cli->command->options[i].name; i++)
		names[n++] = cli->command->options[i].name;
	nearest = nearest_word(str_from(found), names, n);
	if (nearest)
		snprintf(remedy, sizeof(remedy), "did you mean %s? 'gatehouse %s --help' lists all", nearest,
			cli->command->name);
	else
		snprintf(remedy, sizeof(remedy), "'gatehouse %s --help' lists all", cli->command->name);
	return cli_fail(cli, CLI_USAGE, remedy, "unknown option %s", LOG_STR(str_from(found)));
}

/* The value behind an option: --x=value or the next word. */
static const char *take_value(int argc, char **argv, int *at)
{
	char *equals = strchr(argv[*at], '=');

	if (equals)
		return equals + 1;
	return *at + 1 < argc ? argv[++*at] : NULL;
}

static int parse_common(struct cli *cli, const char *name, int argc, char **argv, int *at)
{
	if (strcmp(name, "--json") == 0) {
		cli->json = true;
		return 0;
	}
	cli->dir = take_value(argc, argv, at);
	return cli->dir && cli->dir[0] ? 0
				       : cli_fail(cli, CLI_USAGE, NULL, "--dir needs a directory behind it");
}

/* Keeps the value of option i: "X..." gathers what is given several times, any other is given once. */
static int keep_value(struct cli *cli, int i, const char *value)
{
	const struct cli_option *o = &cli->command->options[i];
	size_t len = strlen(o->value);
	char *joined;

	if (!cli->values[i]) {
		cli->values[i] = value;
		return 0;
	}
	if (len < 3 || strcmp(o->value + len - 3, "...") != 0)
		return cli_fail(cli, CLI_USAGE, NULL, "%s is given twice", o->name);
	if (asprintf(&joined, "%s,%s", cli->values[i], value) < 0)
		return cli_fail(cli, CLI_INTERNAL, NULL, "out of memory");
	free(cli->joined[i]);
	cli->values[i] = cli->joined[i] = joined;
	return 0;
}

static int parse_option(struct cli *cli, int argc, char **argv, int *at)
{
	const char *value;
	char name[64];
	size_t len = strcspn(argv[*at], "=");
	bool has_value = argv[*at][len] == '=';
	int i;

	snprintf(name, sizeof(name), "%.*s", (int)len, argv[*at]);
	if ((strcmp(name, "--json") == 0 && !has_value) || strcmp(name, "--dir") == 0)
		return parse_common(cli, name, argc, argv, at);
	i = option_index(cli->command, name);
	if (i < 0)
		return unknown_option(cli, argv[*at]);
	if (!cli->command->options[i].value) {
		if (has_value)
			return cli_fail(cli, CLI_USAGE, NULL, "%s takes no value", name);
		cli->values[i] = "";
		return 0;
	}
	value = take_value(argc, argv, at);
	if (!value)
		return cli_fail(
			cli, CLI_USAGE, NULL, "%s needs %s behind it", name, cli->command->options[i].value);
	return keep_value(cli, i, value);
}

static bool wants_help(int argc, char **argv)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--"); i++)
		if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
			return true;
	return false;
}

static bool has_json(int argc, char **argv)
{
	for (int i = 0; i < argc && strcmp(argv[i], "--"); i++)
		if (strcmp(argv[i], "--json") == 0)
			return true;
	return false;
}

static int parse(struct cli *cli, int argc, char **argv)
{
	bool only_words = false;
	int r = 0;

	cli->json = has_json(argc, argv); /* known before the first error is printed */
	for (int i = 0; i < argc && !r; i++) {
		if (!only_words && strcmp(argv[i], "--") == 0)
			only_words = true;
		else if (!only_words && argv[i][0] == '-' && argv[i][1])
			r = parse_option(cli, argc, argv, &i);
		else
			cli->args[cli->args_len++] = argv[i];
	}
	return r;
}

static int check(struct cli *cli)
{
	const struct command *c = cli->command;
	char remedy[512];

	snprintf(remedy, sizeof(remedy), "gatehouse %s %s", c->name, c->usage);
	if (cli->args_len < c->min_args)
		return cli_fail(cli, CLI_USAGE, remedy, "something is missing behind '%s'", c->name);
	if (c->max_args >= 0 && cli->args_len > c->max_args)
		return cli_fail(cli, CLI_USAGE, remedy, "one word too many: '%s'",
			LOG_STR(str_from(cli->args[c->max_args])));
	if (!cli->dir)
		cli->dir = getenv("GATEHOUSE_DIR");
	if (!c->no_dir && (!cli->dir || !cli->dir[0]))
		return cli_fail(cli, CLI_USAGE, "add --dir DIR, or set GATEHOUSE_DIR once",
			"which data directory? It is the folder that 'gatehouse init' made");
	return 0;
}

/* ---- the command ---- */

/* The command whose words begin argv, the longest name first; *out_words is how many they are. */
static const struct command *command_find(int argc, char **argv, int *out_words)
{
	for (*out_words = argc < WORDS_MAX ? argc : WORDS_MAX; *out_words > 0; --*out_words) {
		char name[128] = "";

		for (int i = 0, at = 0; i < *out_words && at >= 0 && (size_t)at < sizeof(name); i++)
			at += snprintf(name + at, sizeof(name) - (size_t)at, "%s%s", i ? " " : "", argv[i]);
		command_each (c)
			if (strcmp(c->name, name) == 0)
				return c;
	}
	return NULL;
}

static const struct command *const tables[] = {commands_server, commands_people, commands_clients, commands_record};

/* The table behind the one that ends with this entry; NULL: it is the last. */
static const struct command *table_behind(const struct command *c)
{
	for (size_t i = 0; i + 1 < sizeof(tables) / sizeof(tables[0]); i++)
		for (const struct command *other = tables[i]; other->name; other++)
			if (other == c)
				return tables[i + 1];
	return NULL;
}

const struct command *command_next(const struct command *c)
{
	if (!c)
		return tables[0];
	return c[1].name ? c + 1 : table_behind(c);
}

static bool is_group(const char *word)
{
	size_t n = strlen(word);

	command_each (c)
		if (strncmp(c->name, word, n) == 0 && c->name[n] == ' ')
			return true;
	return false;
}

static int unknown_command(int argc, char **argv)
{
	struct cli cli = {.json = has_json(argc, argv)};
	const char *names[NAMES_MAX], *nearest;
	char found[128], remedy[256];
	size_t n = 0;

	command_each (c)
		if (n < NAMES_MAX)
			names[n++] = c->name;
	snprintf(found, sizeof(found), "%s%s%s", argv[0], argc > 1 && argv[1][0] != '-' ? " " : "",
		argc > 1 && argv[1][0] != '-' ? argv[1] : "");
	nearest = nearest_word(str_from(found), names, n);
	if (!nearest)
		nearest = nearest_word(str_from(argv[0]), names, n);
	snprintf(remedy, sizeof(remedy), "%s%s%s'gatehouse help' lists all commands",
		nearest ? "did you mean '" : "", nearest ? nearest : "", nearest ? "'? " : "");
	return cli_fail(&cli, CLI_USAGE, remedy, "there is no command '%s'", LOG_STR(str_from(found)));
}

/* Nothing, or the first word of several commands: a person is shown what there is, a script is told that it
 * asked for nothing. */
static int no_command(int argc, char **argv)
{
	struct cli cli = {.json = has_json(argc, argv)};
	int r = cli.json ? 0 : argc < 2 ? help_overview() : help_group(argv[1]);

	if (r || wants_help(argc, argv))
		return r;
	fflush(stdout);
	return cli_fail(&cli, CLI_USAGE, "'gatehouse help' lists all commands", "which command?");
}

int cli_main(int argc, char **argv)
{
	struct cli cli = {};
	int words, r;

	if (argc < 2 || (argc == 2 && wants_help(argc, argv)))
		return argc < 2 ? no_command(argc, argv) : help_overview();
	cli.command = command_find(argc - 1, argv + 1, &words);
	if (!cli.command && is_group(argv[1]) && (argc == 2 || argv[2][0] == '-'))
		return no_command(argc, argv);
	if (!cli.command)
		return unknown_command(argc - 1, argv + 1);
	if (wants_help(argc, argv))
		return help_command(cli.command);
	cli.args = calloc((size_t)argc + 1, sizeof(char *));
	if (!cli.args)
		return CLI_INTERNAL;
	r = parse(&cli, argc - 1 - words, argv + 1 + words);
	if (!r)
		r = check(&cli);
	if (!r)
		r = cli.command->run(&cli);
	for (int i = 0; i < CLI_OPTIONS_MAX; i++)
		free(cli.joined[i]);
	free(cli.args);
	return r;
}
