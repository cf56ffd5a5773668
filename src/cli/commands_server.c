/* Commands: the server as a whole, its settings and its policy. */
#include "cli/commands.h"
#include "cli/cli.h"
#include "cli/help.h"

static const struct cli_option init_options[] = {
	{"--domain", "DOMAIN...", "The domain of the people's addresses; may be given several times."},
	{"--demo", NULL,
		"Add three accounts (alice, bob, carol) with random passwords, kept in DIR/demo.txt."},
	{"--port-offset", "N", "Add N to the ports 5222 and 5223, for a second server on one machine."},
	{},
};

static const struct cli_option status_options[] = {
	{"--figures", NULL, "Also everything it counts; --json has it always."},
	{},
};

static const struct cli_option check_options[] = {
	{"--dry-run", NULL, "Tell whom of those who are connected the rules about clients would reach after a reload."},
	{"--at", "DATE", "Look at that day instead of now."},
	{},
};

static const struct cli_option show_config_options[] = {
	{"--defaults", NULL, "Print what holds without a file, not what is set."},
	{},
};

static const struct cli_option policy_test_options[] = {
	{"--from", "JID", "Who sends it; without it anybody."},
	{"--to", "JID", "Who receives it; without it anybody."},
	{"--kind", "KIND", "What kind of text it is; without it a message."},
	{"--language", "TAG", "Language of the notice."},
	{},
};

static const struct cli_option help_options[] = {
	{"--man", NULL, "Print a manual page (roff) instead of text."},
	{},
};

const struct command commands_server[] = {
	{"init", "--dir DIR --domain DOMAIN [--domain DOMAIN ...] [--demo]",
		"make a new server's data directory",
		"Makes DIR with everything a server needs: a commented gatehouse.yaml, a certificate "
		"authority of its own "
		"and a server certificate for all domains, the key that signs the record, a sample policy, "
		"and an empty "
		"store.\n\n"
		"As root it also makes the system users gatehouse-gate, gatehouse-recorder and gatehouse-courier and the group "
		"gatehouse-record (whose members may read the record) where they are missing, and says so. "
		"As an ordinary "
		"user it makes your own group the one that may read the record.\n\n"
		"A directory that holds a server already is left as it is.",
		"  gatehouse init --dir /var/lib/gatehouse --domain example.org\n"
		"  gatehouse init --dir ./demo --domain example.org --demo\n",
		init_options, 0, 0, false, cmd_init},
	{"serve", "[--dir DIR]", "run the server in the foreground",
		"Starts the supervisor, which starts the recorder and the gate and starts them again when "
		"they die. Log "
		"lines go to standard error. Ctrl-C or SIGTERM stops cleanly; SIGHUP reads certificates, "
		"policy and limits "
		"again.",
		"  gatehouse serve --dir ./demo\n", NULL, 0, 0, false, cmd_serve},
	{"status", "[--figures]", "is it running, and how is it doing",
		"Asks the running server for its processes, sessions, loops and the state of the record. "
		"Exit code 3 when "
		"it is not running.",
		"  gatehouse status --dir ./demo\n  gatehouse status --dir ./demo --json | jq .record\n",
		status_options, 0, 0, false, cmd_status},
	{"reload", "[--dir DIR]", "read certificates, policy and limits again",
		"The server checks the new files first; when something is wrong with them it says so and "
		"goes on with the "
		"old ones. Sessions stay. Settings that need a restart are named.",
		"  gatehouse reload --dir ./demo\n", NULL, 0, 0, false, cmd_reload},
	{"stop", "[--dir DIR]", "stop the running server cleanly",
		"Ends the sessions, then the recorder with a last signed checkpoint. Waits until it has "
		"happened.",
		"  gatehouse stop --dir ./demo\n", NULL, 0, 0, false, cmd_stop},
	{"version", "", "print the version",
		"Prints the version of this command and of what it was built with.", NULL, NULL, 0, 0, true,
		cmd_version},
	{"help", "[--man] [COMMAND]", "explain a command", "Prints the same as gatehouse COMMAND --help.",
		"  gatehouse help user add\n  gatehouse help --man user add | man -l -\n", help_options, 0, 3,
		true, cmd_help},
	{"config check", "[--dir DIR]", "judge the settings",
		"Reads gatehouse.yaml and says whether it is in order: exit code 0 or 2. An error names "
		"file, line, setting, "
		"what was found and what is accepted. Certificate and key are looked at too.",
		"  gatehouse config check --dir ./demo\n", NULL, 0, 0, false, cmd_config_check},
	{"config show", "[--defaults]", "print all settings with their meaning",
		"Prints every setting with its value, commented, as YAML that could be a gatehouse.yaml. "
		"With --defaults it "
		"prints what holds without a file and needs no data directory.",
		"  gatehouse config show --dir ./demo\n  gatehouse config show --defaults | less\n",
		show_config_options, 0, 0, true, cmd_config_show},
	{"policy check", "[--dir DIR]", "judge the policy and run its samples",
		"Loads the rules and dictionaries of the policy folder and runs every sample in them: a rule "
		"must match what "
		"it says it matches and leave alone what it says it leaves alone. The running server is not "
		"involved, but for --dry-run.",
		"  gatehouse policy check --dir ./demo\n  gatehouse policy check --dry-run --at 2027-10-15\n",
		check_options, 0, 0, false, cmd_policy_check},
	{"policy test", "[--from JID] [--to JID] [--kind KIND] TEXT",
		"which rules would fire on a text, and why",
		"Shows the verdict on a text, the rules that fire and why others do not, and what the sender "
		"would read. TEXT "
		"- reads standard input. Exit code 1 when it would be stopped.",
		"  gatehouse policy test --from alice@example.org --to bob@example.org 'project nightfall is "
		"on'\n",
		policy_test_options, 1, 1, false, cmd_policy_test},
	{},
};
