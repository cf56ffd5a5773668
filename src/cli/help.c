#include "cli/help.h"

#include <stdio.h>
#include <string.h>

#include "base/log.h"

static const char intro[] =
	"Gatehouse is a private instant-messaging server: no message is delivered that is not recorded.\n"
	"This command makes, runs and administers it.";

static const struct cli_option common[] = {
	{"--dir", "DIR", "The server's data directory; without it $GATEHOUSE_DIR."},
	{"--json", NULL, "Print one JSON document instead of text for people."},
	{"--help", NULL, "Print this."},
	{},
};

struct code {
	int code;
	const char *text;
};

static const struct code codes[] = {
	{CLI_OK, "done; the answer is yes"},
	{CLI_NO, "the answer is no, or damage was found"},
	{CLI_USAGE, "wrong usage or bad input"},
	{CLI_UNREACHABLE, "the server cannot be reached, or you may not do this"},
	{CLI_INTERNAL, "something inside failed; the text says what"},
};

static void print_options(const struct cli_option *options)
{
	char left[64];

	for (; options && options->name; options++) {
		snprintf(left, sizeof(left), "%s%s%s", options->name, options->value ? " " : "",
			options->value ? options->value : "");
		printf("  %-24s %s\n", left, options->text);
	}
}

static void print_codes(void)
{
	printf("\nExit codes:\n");
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		printf("  %d  %s\n", codes[i].code, codes[i].text);
}

static void print_commands(const char *word)
{
	size_t n = word ? strlen(word) : 0;

	command_each (c)
		if (!word || (strncmp(c->name, word, n) == 0 && c->name[n] == ' '))
			printf("  %-24s %s\n", c->name, c->summary);
}

int help_overview(void)
{
	printf("%s\n\nusage: gatehouse COMMAND [--dir DIR] [--json] ...\n\nCommands:\n", intro);
	print_commands(NULL);
	printf("\nFirst steps:\n"
	       "  gatehouse init --dir ./demo --domain example.org --demo\n"
	       "  gatehouse serve --dir ./demo\n"
	       "  gatehouse status --dir ./demo\n"
	       "\n'gatehouse COMMAND --help' explains one command, with examples.\n");
	print_codes();
	return CLI_OK;
}

int help_group(const char *word)
{
	printf("usage: gatehouse %s COMMAND ...\n\nCommands:\n", word);
	print_commands(word);
	printf("\n'gatehouse %s COMMAND --help' explains one command, with examples.\n", word);
	return CLI_OK;
}

int help_command(const struct command *c)
{
	printf("gatehouse %s: %s\n\nusage: gatehouse %s %s\n\n%s\n\nOptions:\n", c->name, c->summary, c->name,
		c->usage, c->about);
	print_options(c->options);
	print_options(c->no_dir ? common + 1 : common);
	if (c->examples)
		printf("\nExamples:\n%s", c->examples);
	print_codes();
	return CLI_OK;
}

/* ---- manual pages ---- */

static void roff(const char *text)
{
	bool start = true;

	for (; *text; text++) {
		if (start && (*text == '.' || *text == '\''))
			printf("\\&");
		start = *text == '\n';
		if (*text == '\n' && text[1] == '\n') {
			printf("\n.PP\n");
			text++;
		} else if (*text == '\\') {
			printf("\\e");
		} else if (*text == '-') {
			printf("\\-");
		} else {
			putchar(*text);
		}
	}
}

static void man_options(const struct cli_option *options)
{
	for (; options && options->name; options++) {
		printf(".TP\n\\fB");
		roff(options->name);
		printf("\\fR");
		if (options->value)
			printf(" \\fI%s\\fR", options->value);
		printf("\n");
		roff(options->text);
		printf("\n");
	}
}

static void man_codes(void)
{
	printf(".SH EXIT STATUS\n");
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		printf(".TP\n%d\n%s\n", codes[i].code, codes[i].text);
}

static void man_overview(void)
{
	printf(".TH GATEHOUSE 1 \"\" \"Gatehouse\" \"Gatehouse manual\"\n.SH NAME\n"
	       "gatehouse \\- make, run and administer a Gatehouse server\n.SH SYNOPSIS\n"
	       "\\fBgatehouse\\fR \\fICOMMAND\\fR [\\fB\\-\\-dir\\fR \\fIDIR\\fR] [\\fB\\-\\-json\\fR] "
	       "...\n.SH DESCRIPTION\n");
	roff(intro);
	printf("\n.SH COMMANDS\n");
	command_each (c) {
		printf(".TP\n\\fB%s\\fR ", c->name);
		roff(c->usage);
		printf("\n");
		roff(c->summary);
		printf("\n");
	}
	printf(".SH ENVIRONMENT\n.TP\nGATEHOUSE_DIR\nThe data directory where \\fB\\-\\-dir\\fR is not "
	       "given.\n"
	       ".TP\nGATEHOUSE_LIBEXEC\nWhere the server's executables are looked for first.\n"
	       ".TP\nGATEHOUSE_DATA\nWhere the sample policy is looked for first.\n");
	man_codes();
	printf(".SH SEE ALSO\n\\fBgatehouse.yaml\\fR(5)\n");
}

int help_man(const struct command *c)
{
	if (!c) {
		man_overview();
		return CLI_OK;
	}
	printf(".TH \"gatehouse %s\" 1 \"\" \"Gatehouse\" \"Gatehouse manual\"\n.SH NAME\ngatehouse ",
		c->name);
	roff(c->name);
	printf(" \\- ");
	roff(c->summary);
	printf("\n.SH SYNOPSIS\n\\fBgatehouse %s\\fR ", c->name);
	roff(c->usage);
	printf("\n.SH DESCRIPTION\n");
	roff(c->about);
	printf("\n.SH OPTIONS\n");
	man_options(c->options);
	man_options(c->no_dir ? common + 1 : common);
	if (c->examples) {
		printf(".SH EXAMPLES\n.nf\n");
		roff(c->examples);
		printf(".fi\n");
	}
	man_codes();
	printf(".SH SEE ALSO\n\\fBgatehouse\\fR(1), \\fBgatehouse.yaml\\fR(5)\n");
	return CLI_OK;
}

static const struct command *command_named(const struct cli *cli)
{
	struct buf name = BUF_INIT(128);
	const struct command *found = NULL;

	for (int i = 0; i < cli->args_len; i++)
		buf_printf(&name, "%s%s", i ? " " : "", cli->args[i]);
	command_each (c)
		if (!found && str_eq(str_from(c->name), buf_view(&name)))
			found = c;
	buf_done(&name);
	return found;
}

int cmd_help(struct cli *cli)
{
	const struct command *c = cli->args_len ? command_named(cli) : NULL;

	if (cli->args_len && !c) {
		size_t n = strlen(cli->args[0]);

		command_each (other)
			if (cli->args_len == 1 && strncmp(other->name, cli->args[0], n) == 0 && other->name[n] == ' ')
				return help_group(cli->args[0]);
		return cli_fail(cli, CLI_USAGE, "'gatehouse help' lists all commands",
			"there is no command '%s'", LOG_STR(str_from(cli->args[0])));
	}
	if (cli_has(cli, "--man"))
		return help_man(c);
	return c ? help_command(c) : help_overview();
}
