/* The frame of the command `gatehouse`: one file a subcommand, tables of commands (commands_*.c). A
 * subcommand declares its options and its help here and gets them parsed; it prints a table for people or,
 * with --json, one JSON document. What it returns is the exit code. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/err.h"
#include "conf/settings.h"

/* The exit codes, for all subcommands. */
enum cli_exit {
	CLI_OK = 0,
	CLI_NO = 1,          /* the answer is no; damage was found; a sample did not match */
	CLI_USAGE = 2,       /* wrong usage or bad input */
	CLI_UNREACHABLE = 3, /* the server cannot be reached, or this is not permitted */
	CLI_INTERNAL = 4,
};

struct cli_option {
	const char *name;  /* "--from" */
	const char *value; /* what stands behind it ("JID"); NULL: a flag; "DOMAIN...": may be given several
			    * times, the values come with commas between them */
	const char *text;  /* one sentence */
};

struct cli;

struct command {
	const char *name;    /* "policy test" */
	const char *usage;   /* arguments and options as in a synopsis: "[--from JID] TEXT" */
	const char *summary; /* one line, no full stop */
	const char *about;   /* paragraphs, "\n\n" between them; what it does, what happens, what is needed */
	const char *examples;             /* lines "gatehouse ..." */
	const struct cli_option *options; /* ended by name NULL; NULL: only the common ones */
	int min_args, max_args;           /* words that are no options; max -1: any number */
	bool no_dir;                      /* works without a data directory */
	int (*run)(struct cli *cli);
};

enum {
	CLI_OPTIONS_MAX = 24,
};

struct cli {
	const struct command *command;
	const char *dir; /* --dir or $GATEHOUSE_DIR; NULL only where command->no_dir */
	bool json;
	char **args;
	int args_len;
	char *joined[CLI_OPTIONS_MAX];       /* private: values put together */
	const char *values[CLI_OPTIONS_MAX]; /* of command->options, by position; NULL: not given */
};

/* The tables (commands_*.c), in the order in which help shows them: names, options and the text that teaches them. Help and manual
 * pages are printed from here. */
extern const struct command commands_server[], commands_people[], commands_clients[], commands_record[];

/* The first one for NULL; NULL behind the last. */
const struct command *command_next(const struct command *c);
#define command_each(c) for (const struct command *c = command_next(NULL); c; c = command_next(c))

/* Parses and runs. `argv` is main's. */
int cli_main(int argc, char **argv);

/* The value of an option ("" for a flag that was given), or NULL. The name must be one of the command's. */
const char *cli_value(const struct cli *cli, const char *option);
bool cli_has(const struct cli *cli, const char *option);
/* The value as a number: 0 (absent: *out stays as it is), or CLI_USAGE after printing what is accepted. */
[[nodiscard]] int cli_number(
	const struct cli *cli, const char *option, unsigned long long max, unsigned long long *out);

/* ---- output ---- */

/* Prints "gatehouse: text" and, where not NULL, "  next: remedy" on standard error; with --json
 * {"error":{"code","text","remedy"}} on standard output instead. Returns `code`. Text from outside goes
 * through LOG_STR(). */
int cli_fail(const struct cli *cli, int code, const char *remedy, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* One JSON document and a line break on standard output. `value` is stolen. Returns `code`, or CLI_INTERNAL
 * when it cannot be written. */
int cli_print_json(json_t *value, int code);

/* printf to standard output where people read: prints nothing with --json. */
void cli_say(const struct cli *cli, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Bytes as they are. CLI_OK or CLI_INTERNAL. */
int cli_print(struct str text);

/* ---- what most commands begin with ---- */

/* Reads DIR/gatehouse.yaml. 0, or an exit code after saying why. */
[[nodiscard]] int cli_settings(const struct cli *cli, struct settings **out);

