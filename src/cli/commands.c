/* The table of commands: names, options and the text that teaches them. Help and manual pages are printed
 * from here. */
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

static const struct cli_option add_options[] = {
	{"--password-stdin", NULL, "Read the password from standard input instead of asking for it."},
	{"--generate", NULL, "Make a random password and print it."},
	{"--name", "NAME", "The person's name."},
	{"--mail", "ADDRESS", "The person's mail address."},
	{"--language", "TAG", "Language for notices (BCP 47), such as en or de-CH."},
	{"--department", "TEXT", "The person's department."},
	{"--groups", "A,B...", "Groups that rules can name; commas between them."},
	{"--allow-confusable", NULL, "Add the person though the address looks like another one."},
	{},
};

static const struct cli_option silence_options[] = {
	{"--for", "TIME", "How long: a number with s, min, h or d (2h)."},
	{},
};

static const struct cli_option change_options[] = {
	{"--name", "NAME", "The person's name."},
	{"--mail", "ADDRESS", "The person's mail address."},
	{"--language", "TAG", "Language for notices (BCP 47), such as en or de-CH."},
	{"--department", "TEXT", "The person's department."},
	{"--groups", "A,B...", "All groups the person is in; commas between them."},
	{},
};

static const struct cli_option import_options[] = {
	{"--dry-run", NULL, "Judge the file only; add nobody."},
	{},
};

static const struct cli_option list_options[] = {
	{"--domain", "DOMAIN", "Only people of this domain."},
	{"--prefix", "TEXT", "Only addresses that begin like this."},
	{"--limit", "N", "At most so many."},
	{},
};

static const struct cli_option password_options[] = {
	{"--password-stdin", NULL, "Read the password from standard input instead of asking for it."},
	{"--generate", NULL, "Make a random password and print it."},
	{},
};

#define LOCKDOWN_OPTIONS                                                                                                   \
	{"--group", "NAME", "Only for the members of this group."},                                                        \
		{"--product", "NAME", "Only for sessions of this program, as 'session list' names it."},                   \
		{"--versions", "RANGE", "With --product: only these versions, such as '<1.8' or '>=2.0, <2.14.12'."},      \
		{"--account", "JID", "Only for this account."},                                                            \
		{"--device", "JID/RESOURCE", "Only for this session's address, or for the id of an installation."},        \
		{"--payload", "LINK", "With links or files: only this link, or file by its hash, whoever sends it."},               \
		{"--reason", "TEXT", "Why: people are told, and it goes into the record."},                                \
		{"--for", "TIME", "How long: a number with s, min, h or d (2h); then it ends by itself."},                 \
		{"--until", "TIME", "When it ends by itself (2026-11-23T18:00:00Z)."},                                     \
		{"--except", "GROUP", "Members of this group are left out, beside lockdown.break_glass_group."}

static const struct cli_option lockdown_on_options[] = {
	LOCKDOWN_OPTIONS,
	{"--dry-run", NULL, "The same as 'lockdown rehearse'."},
	{},
};

static const struct cli_option lockdown_rehearse_options[] = {LOCKDOWN_OPTIONS, {}};

static const struct cli_option status_options[] = {
	{"--figures", NULL, "Also everything it counts; --json has it always."},
	{},
};

static const struct cli_option reason_options[] = {
	{"--reason", "TEXT", "Why; it goes into the record."},
	{},
};

#define DRY_RUN {"--dry-run", NULL, "Only tell whom of those who are connected it would reach; change nothing."}

static const struct cli_option check_options[] = {
	{"--dry-run", NULL, "Tell whom of those who are connected the rules about clients would reach after a reload."},
	{"--at", "DATE", "Look at that day instead of now."},
	{},
};

static const struct cli_option clients_rules_options[] = {
	{"--exceptions", NULL, "Only the exceptions of all rules, with who answers for them and until when."},
	{},
};

static const struct cli_option clients_show_options[] = {
	{"--language", "TAG", "Language of the text that people read."},
	{},
};

static const struct cli_option clients_enforce_options[] = {
	{"--notice-from", "DATE", "From then on people get mail."},
	{"--warn-from", "DATE", "From then on they get a message at each login, too."},
	{"--from", "DATE", "From then on the rule has its effect; without it at once."},
	DRY_RUN,
	{},
};

static const struct cli_option clients_dry_options[] = {DRY_RUN, {}};

static const struct cli_option clients_deny_options[] = {
	{"--reason", "TEXT", "Why; people read it."},
	{"--link", "ADDRESS", "Where a better one is; without it the catalogue's."},
	{"--reference", "ADDRESS", "What it rests on, such as an advisory."},
	{"--os", "NAME", "Only on this system, such as Windows."},
	{"--class", "CLASS", "Only clients that are named, unknown or silent."},
	{"--from", "WHO...", "Only for these: group:NAME, person:JID, domain:NAME, inside, outside."},
	{"--except", "WHO...", "Not for these, until --except-until."},
	{"--except-until", "DATE", "The end of --except; without it in 30 days."},
	{"--expires", "DATE", "The rule ends then by itself."},
	{"--restrict", "LIMITS...", "Take only this from the client: speak, files, outside."},
	{"--observe", NULL, "Only look: the record tells whom it would reach."},
	DRY_RUN,
	{},
};

static const struct cli_option clients_allow_options[] = {
	{"--reason", "TEXT", "Why; it stands in the rule."},
	{"--os", "NAME", "Only on this system."},
	{"--class", "CLASS", "Only clients that are named, unknown or silent."},
	{"--from", "WHO...", "Only for these: group:NAME, person:JID, domain:NAME, inside, outside."},
	{"--expires", "DATE", "The rule ends then by itself."},
	{"--emergency", NULL, "It lifts emergency rules as well, such as 'clients deny' makes."},
	DRY_RUN,
	{},
};

static const struct cli_option clients_advisory_options[] = {
	{"--product", "NAME", "How the program calls itself, where the advisory calls it otherwise."},
	{"--versions", "RANGE", "The versions it is about, where the advisory has none that a program tells."},
	DRY_RUN,
	{},
};

static const struct cli_option mail_options[] = {
	{"--state", "STATE", "Only those that are queued, sent, failed or dropped."},
	{"--limit", "N", "At most so many; 100 without it."},
	{},
};

static const struct cli_option all_options[] = {
	{"--all", NULL, "All that wait or were given up."},
	{},
};

static const struct cli_option invite_options[] = {
	{"--user", "NAME", "The name of the account; without it whoever uses the invitation chooses one."},
	{"--domain", "DOMAIN", "The domain of the account; without it the first of the server's."},
	{"--group", "GROUP...", "A group the account will be in; may be given several times."},
	{"--expires", "TIME", "How long it holds: a number with min, h or d (3d); 90d at most."},
	{},
};

/* Of the inventory. */
#define FILTERS                                                                                              \
	{"--product", "NAME", "Only this product."}, \
		{"--versions", "RANGE", "Only these versions, such as '>=2.0, <2.14.12' or '1.7.*'."}, \
		{"--class", "WORD", "Only clients that are named, unknown or silent."}, \
		{"--group", "NAME", "Only members of this group."}, \
		{"--department", "TEXT", "Only this department."}, \
		{"--since", "TIME", "Only what was seen since: 2026-11-22, 2026-11-22T15:00:00Z, or 30d."}, \
		{"--online", NULL, "Only what is connected now."}

static const struct cli_option clients_options[] = {
	FILTERS,
	{"--below", NULL, "Only what is below the baseline."},
	{"--limit", "N", "At most so many."},
	{"--csv", NULL, "Comma-separated values instead of a table."},
	{},
};

static const struct cli_option laggards_options[] = {
	FILTERS,
	{"--at", "TIME", "As the rules will have it at that time."},
	{"--limit", "N", "At most so many."},
	{"--csv", NULL, "Comma-separated values instead of a table."},
	{},
};

static const struct cli_option posture_options[] = {
	FILTERS,
	{"--by", "WHAT", "Also by department or by group."},
	{"--days", "N", "Days of history (30)."},
	{"--csv", NULL, "Comma-separated values instead of a table."},
	{},
};

static const struct cli_option hashes_options[] = {
	{"--confirm", "HASH", "From now on it stands for what it was learnt to, or for --product."},
	{"--reject", "HASH", "It stands for nothing, whatever clients say."},
	{"--forget", "HASH", "As if it had never been seen."},
	{"--product", "NAME", "With --confirm: what it stands for."},
	{"--version", "TEXT", "With --product: which version; without it any."},
	{"--os", "TEXT", "With --product: where it runs."},
	{},
};

static const struct cli_option refused_options[] = {
	{"--since", "TIME", "Only since: 2026-11-22, 2026-11-22T15:00:00Z, or 24h."},
	{"--limit", "N", "At most so many (1000)."},
	{"--csv", NULL, "Comma-separated values instead of a table."},
	{},
};

static const struct cli_option remove_options[] = {
	{"--yes", NULL, "Do not ask."},
	{},
};

static const struct cli_option judge_options[] = {
	{"--batch", NULL, "Read JSON lines and write one judgement a line."},
	{"--known", "FILE", "More hashes: JSON lines with caps_hash, caps_ver (or ja4), product, version and range."},
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

static const struct cli_option tail_options[] = {
	{"--lines", "N", "How many lines to begin with (10)."},
	{"--follow", NULL, "Go on printing as lines are written, until interrupted."},
	{},
};

static const struct cli_option show_options[] = {
	{"--with", "JID", "Only lines that concern this address."},
	{"--from", "TIME", "Only from this time on (2026-11-22 or 2026-11-22T15:00:00Z)."},
	{"--to", "TIME", "Only before this time."},
	{"--type", "WORD", "Only lines of this type (content, login, access ...)."},
	{"--action", "WORD", "Only lines with this verdict (allow, log, block)."},
	{"--rule", "NAME", "Only lines that this rule decided."},
	{"--conversation", "NAME", "Only lines of this conversation."},
	{"--word", "TEXT", "Only lines that hold this text."},
	{"--seq", "N", "Only the line with this number."},
	{"--limit", "N", "At most so many, the latest ones (100)."},
	{},
};

static const struct cli_option verify_options[] = {
	{"--checkpoint", "FILE",
		"A checkpoint kept elsewhere: shows that nothing was removed from the end since."},
	{},
};

static const struct cli_option backup_options[] = {
	{"--with-keys", NULL,
		"Also copy the certificate's private key and the key that signs the record: who has them can speak for this "
		"server."},
	{},
};

static const struct cli_option restore_options[] = {
	{"--from-record", NULL, "Make the store of --dir anew from its record; no backup is named then."},
	{"--store", "FILE", "With --from-record: a copy of the store, or a backup, for what the record does not hold."},
	{},
};

static const struct cli_option portable_options[] = {
	{"--format", "NAME", "xep0227 (a file, or a folder of them), ejabberd (a dump), ejabberd-sqlite (a database), prosody (a data folder); without it, by what SOURCE is."},
	{"--domain", "DOMAIN", "Whose people a database of an ejabberd has, if it does not say so and this server has several domains."},
	{},
};

static const struct cli_option export_options[] = {
	{"--each", NULL, "A folder with a file for each person, named by the address: what Prosody reads as its storage."},
	{"--user", "JID...", "Only this person; may be given several times."},
	{"--no-history", NULL, "Leave out people's history."},
	{},
};

static const struct cli_option help_options[] = {
	{"--man", NULL, "Print a manual page (roff) instead of text."},
	{},
};

const struct command commands[] = {
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

	{"user add", "JID [--password-stdin | --generate] [--name NAME] ...", "add a person",
		"Adds an account for the address JID. The password is asked for twice, or read from standard "
		"input, or "
		"made; it is never taken from the command line, where others could see it. Only verifiers "
		"derived from it "
		"are kept.\n\nEach account has an immutable person id; an address that was removed is never "
		"given again.",
		"  gatehouse user add alice@example.org --name 'Alice Example' --groups sales,berlin\n"
		"  pwgen -s 16 1 | gatehouse user add bob@example.org --password-stdin\n",
		add_options, 1, 1, false, cmd_user_add},
	{"user import", "FILE.csv [--dry-run]", "add many people from a CSV file",
		"Adds the people of a CSV file (RFC 4180, UTF-8). Its first line names the columns, in any "
		"order: jid and "
		"password are needed; name, groups, mail, language and department may be there. Groups are "
		"divided by "
		"semicolons.\n\n"
		"Lines that cannot be taken are named with their number and the reason; the others are "
		"added. Deriving "
		"verifiers takes most of the time: about 20,000 people in two minutes on two processors. "
		"Exit code 1 when "
		"a line was not taken. Delete the file afterwards: it holds passwords.",
		"  gatehouse user import people.csv --dry-run\n  gatehouse user import people.csv\n",
		import_options, 1, 1, false, cmd_user_import},
	{"user list", "[--domain DOMAIN] [--prefix TEXT] [--limit N]", "list people",
		"Lists accounts ordered by address.",
		"  gatehouse user list\n  gatehouse user list --json | jq -r '.users[].jid'\n", list_options,
		0, 0, false, cmd_user_list},
	{"user show", "JID", "show one person and their sessions",
		"Prints what is known about an account and, when the server runs, its sessions.",
		"  gatehouse user show alice@example.org\n", NULL, 1, 1, false, cmd_user_show},
	{"user password", "JID [--password-stdin | --generate]", "set a new password",
		"Replaces the account's verifiers and closes its sessions.",
		"  gatehouse user password alice@example.org --generate\n", password_options, 1, 1, false,
		cmd_user_password},
	{"user change", "JID [--name NAME] [--groups A,B] ...", "change what is said of a person",
		"Changes the name, groups, mail address, language or department of an account; what is not named "
		"stays. --groups names all groups the person is in from now on, '' none. Sessions stay; who sees "
		"the person in a group of the roster sees the change at once.",
		"  gatehouse user change alice@example.org --groups sales,berlin\n"
		"  gatehouse user change bob@example.org --name 'Bob B. Example'\n",
		change_options, 1, 1, false, cmd_user_change},
	{"user disable", "JID [--reason TEXT]", "lock an account",
		"The account cannot log in any more and its sessions are closed. Nothing is deleted; 'user "
		"enable' undoes "
		"it.",
		"  gatehouse user disable bob@example.org --reason 'left the company'\n", reason_options, 1,
		1, false, cmd_user_disable},
	{"user enable", "JID", "unlock an account", "Undoes 'user disable'.",
		"  gatehouse user enable bob@example.org\n", NULL, 1, 1, false, cmd_user_enable},
	{"user remove", "JID [--yes]", "remove an account for good",
		"Closes the account's sessions and deletes its verifiers, roster and waiting messages. What "
		"is in the record "
		"stays there, and the address is never given to anybody again. To lock somebody out for a "
		"while use 'user "
		"disable'.",
		"  gatehouse user remove bob@example.org\n", remove_options, 1, 1, false, cmd_user_remove},

	{"invite create", "[--user NAME] [--group GROUP ...] [--expires 3d]", "invite somebody to make an account",
		"Prints a link with which one person can make one account, once, and choose the password: nobody else "
		"knows it. Hand the link over as you would a key. It is shown this one time; the server keeps a hash "
		"of it. Needs a running server. Whoever opens the link needs a client that knows invitations, such as "
		"Conversations or Gajim.",
		"  gatehouse invite create --user dora --group sales --expires 12h\n"
		"  gatehouse invite create --json | jq -r .invite.uri\n",
		invite_options, 0, 0, false, cmd_invite_create},
	{"invite list", "", "list invitations",
		"Lists invitations: those that are open, and for 30 days those that were used, were revoked or have "
		"run out.",
		"  gatehouse invite list\n", NULL, 0, 0, false, cmd_invite_list},
	{"invite revoke", "ID", "close an invitation that has not been used",
		"From then on the link makes no account. 'gatehouse invite list' shows the ids.",
		"  gatehouse invite revoke k3jz7qvw2a\n", NULL, 1, 1, false, cmd_invite_revoke},

	{"mail list", "[--state STATE] [--limit N]", "list mails on their way out",
		"Lists mails to people and administrators, the newest first: those that wait, and for 400 days those that were "
		"sent, were given up (failed) or are not wanted any more (dropped). What a mail server said last stands "
		"beside them.",
		"  gatehouse mail list --state failed\n  gatehouse mail list --json | jq -r '.mails[].address'\n",
		mail_options, 0, 0, false, cmd_mail_list},
	{"mail show", "ID", "show a mail", "Shows a mail with its text; the text goes when it has been sent or dropped.",
		"  gatehouse mail show Hq3xJ0r1S2mF8k9dT7wZbQ\n", NULL, 1, 1, false, cmd_mail_show},
	{"mail retry", "ID | --all", "send what waits or failed now",
		"What waits for its next try is due at once; what was given up waits again.",
		"  gatehouse mail retry --all\n", all_options, 0, 1, false, cmd_mail_retry},
	{"mail drop", "ID | --all", "send a mail no more", "What waits or was given up is not sent any more.",
		"  gatehouse mail drop Hq3xJ0r1S2mF8k9dT7wZbQ\n", all_options, 0, 1, false, cmd_mail_drop},
	{"mail test", "ADDRESS", "send a mail to see whether it works",
		"Queues a mail to this address; 'gatehouse mail list' shows what became of it, and what the mail server said.",
		"  gatehouse mail test me@example.org\n", NULL, 1, 1, false, cmd_mail_test},

	{"session list", "[JID]", "list who is connected",
		"Lists the sessions of the running server, or of one account.",
		"  gatehouse session list\n  gatehouse session list alice@example.org\n", NULL, 0, 1, false,
		cmd_session_list},
	{"session close", "JID[/RESOURCE] [--reason TEXT]", "end sessions",
		"Ends all sessions of an account, or one of them. The client may connect again; to prevent "
		"that use 'user "
		"disable'.",
		"  gatehouse session close alice@example.org/phone\n", reason_options, 1, 1, false,
		cmd_session_close},

	{"lockdown on", "WHAT [--group NAME | --product NAME | --account JID | --device ID | --payload LINK] --reason TEXT [--for TIME]",
		"switch something off, now",
		"WHAT is everything, messages, files, links, calls, rooms or outside. Without a further word it is for all; "
		"members of the group that the setting lockdown.break_glass_group names go on talking. With everything, "
		"sessions end at once and nobody logs in; messages wait until the end. People are told what is off, until "
		"when and why. It is done also when the record cannot be written at the moment, and survives restarts.\n\n"
		"docs/client-control.md has a page to follow in an emergency.",
		"  gatehouse lockdown on links --for 2h --reason \"A worm spreads by links.\"\n"
		"  gatehouse lockdown on everything --product Gajim --versions '<1.8' --reason \"Update Gajim.\"\n"
		"  gatehouse lockdown on everything --account bob@example.org --reason \"Stolen telephone.\"\n",
		lockdown_on_options, 1, 1, false, cmd_lockdown_on},
	{"lockdown off", "ID|all", "switch on again",
		"Those it was for are told; what waited for them is delivered. 'gatehouse lockdown status' shows the ids.",
		"  gatehouse lockdown off L-7kq2\n  gatehouse lockdown off all\n", NULL, 1, 1, false, cmd_lockdown_off},
	{"lockdown status", "", "what is switched off, for whom, until when and why",
		"Exit code 1: something is switched off.", "  gatehouse lockdown status --json\n", NULL, 0, 0, false,
		cmd_lockdown_status},
	{"lockdown rehearse", "WHAT [as in 'lockdown on']", "whom a switch would hit; nothing is changed",
		"Prints how many people, sessions, groups and rooms, by name. It is recorded as a rehearsal; --reason may say what for.",
		"  gatehouse lockdown rehearse everything --group sales\n", lockdown_rehearse_options, 1, 1,
		false, cmd_lockdown_rehearse},

	{"clients judge", "[--batch] [--known FILE] [FILE | FIELD=VALUE...]", "say what is held of a client that shows these signals",
		"Judges recorded signals of a program as the server judges those of a session: product, version, system, "
		"device, what that rests on, how sure it is, and which signals contradict each other. Asks no server.\n\n"
		"Without --batch one client: words FIELD=VALUE, or one JSON object from FILE or standard input. With --batch "
		"JSON lines, one object a client; for each there is one line of JSON on standard output, also for one that "
		"cannot be read: {\"line\":N,\"error\":..}. The exit code is 2 then. A member 'id' comes back with its "
		"judgement; members that are not known are passed over.\n\n"
		"Fields, each as the program gave it: caps_hash, caps_ver, caps_node (XEP-0115), caps_verified (true: what it "
		"answered hashes to caps_ver); disco_category, disco_type, disco_name (its first identity, XEP-0030), "
		"form_software, form_version, form_os, form_os_version (XEP-0232); version_name, version_version, version_os "
		"(XEP-0092); agent_id, agent_software, agent_device (SASL2); resource; ja4. How far the questions came: disco "
		"and version, each unasked, waiting, result or error; left out, they follow from the fields. Groups may be "
		"objects: {\"version\":{\"name\":\"Gajim\"}}.",
		"  gatehouse clients judge version_name=Gajim version_version=1.7.3 resource=gajim.X1\n"
		"  gatehouse clients judge --batch signals.jsonl\n",
		judge_options, 0, -1, true, cmd_clients_judge},
	{"clients list", "[FILTERS] [--csv]", "list the programs people use",
		"One row for each installation of a program that has been seen, as far as installations can be told apart: whose, "
		"product and version, where it runs, whether it is connected now, and what the rules about clients say of it. "
		"A version is what the client claims. docs/client-control.md says what is known of clients and from what.",
		"  gatehouse clients list --product Gajim --versions '<1.8'\n  gatehouse clients list --group traders --online\n"
		"  gatehouse clients list --class unknown --since 7d\n",
		clients_options, 0, 0, false, cmd_clients_list},
	{"clients show", "JID", "show all programs of one person",
		"Every installation of a person with versions, networks, what it has been used for, what contradicted each other in "
		"what it says, and its live sessions.",
		"  gatehouse clients show alice@example.org\n", NULL, 1, 1, false, cmd_clients_show},
	{"clients laggards", "[FILTERS] [--at TIME] [--csv]", "list who has not updated",
		"Installations below the baseline, or that a rule about clients has something against, now or at the time --at: who, which version, "
		"which one is wanted, which rule, last seen, and how many days it is beyond the date of its campaign. Exit code 1 when there are any.",
		"  gatehouse clients laggards\n  gatehouse clients laggards --at 2026-12-01 --department Sales --csv\n",
		laggards_options, 0, 0, false, cmd_clients_laggards},
	{"clients export", "[FILTERS] [--at TIME]", "write the inventory for device management and scanners",
		"All that is known of each installation, as comma-separated values with a heading or, with --json, as one document. "
		"Columns keep their names and order; new ones come at the end.",
		"  gatehouse clients export > clients.csv\n  gatehouse clients export --json --since 30d\n", laggards_options, 0, 0, false,
		cmd_clients_export},
	{"clients posture", "[FILTERS] [--by WHAT] [--days N] [--csv]", "show how many clients are up to date",
		"Of the installations seen within the last day (or since --since) how many the rules have nothing against: all, by "
		"product, and with --by by department or group, with the number of accounts there and what they use. Then how it was on "
		"earlier days.",
		"  gatehouse clients posture\n  gatehouse clients posture --by department --since 90d\n", posture_options, 0, 0, false,
		cmd_clients_posture},
	{"clients hashes", "[--confirm HASH] [--reject HASH] [--forget HASH] [--product NAME] [--version TEXT] [--os TEXT]",
		"show or decide what hashes of capabilities stand for",
		"Clients show a hash of what they can do (XEP-0115). The server learns which product and version shows which hash when "
		"clients of several accounts say the same (clients.vouchers) and none says another product. An administrator may confirm "
		"or reject one, name one himself, or have it forgotten. A hash is written as in the list: 'sha-1 VER'.",
		"  gatehouse clients hashes\n  gatehouse clients hashes --confirm 'sha-1 QgayPKawpkPSDYmwT/WM94uAlu0=' --product Exodus "
		"--version 0.9.1\n",
		hashes_options, 0, 0, false, cmd_clients_hashes},
	{"clients refused", "[--since TIME] [--limit N] [--csv]", "list who was refused, and why",
		"Clients that were judged and not let stay, by a rule about clients. What was the same but for the time is one row, with a "
		"count. Failed logins and handshakes stand in the record and the log.",
		"  gatehouse clients refused --since 24h\n", refused_options, 0, 0, false, cmd_clients_refused},
	{"devices list", "JID", "show what has access to an account",
		"Lists the programs and devices with which somebody is logged in or can log in again: by the password or certificate they "
		"used last, or by a token they were given. Names are what the program says of itself. docs/client-control.md, 'Hijack'.",
		"  gatehouse devices list alice@example.org\n", NULL, 1, 1, false, cmd_devices_list},
	{"devices show", "JID ID", "show one device of an account", "Shows all that is kept of it, and its sessions.",
		"  gatehouse devices show alice@example.org 4f9a1c0be2d37788\n", NULL, 2, 2, false, cmd_devices_show},
	{"devices logout", "JID ID [--reason TEXT]", "end the sessions of a device",
		"Ends its sessions, those that wait to be resumed too. Its tokens stay, so it may come back by itself. The act is "
		"recorded; it is done also while the record takes nothing.",
		"  gatehouse devices logout alice@example.org 4f9a1c0be2d37788\n", reason_options, 2, 2, false, cmd_devices_logout},
	{"devices revoke", "JID ID [--reason TEXT]", "take its access from a device",
		"Ends its tokens and its sessions, those that wait to be resumed too. What knows the password can log in with that again; "
		"then the person's other devices are told of it as of a new one. The act is recorded; it is done also while the record takes "
		"nothing.",
		"  gatehouse devices revoke alice@example.org 4f9a1c0be2d37788 --reason 'Lost on the train.'\n", reason_options, 2, 2,
		false, cmd_devices_revoke},
	{"flood list", "", "show who gets too much from people he does not know",
		"Lists the people from whom the server holds off everybody they do not know, since when, until when, and how "
		"much has been refused. Cause: too many senders, too many stanzas, or asked by an administrator.",
		"  gatehouse flood list\n", NULL, 0, 0, false, cmd_flood_list},
	{"flood silence", "JID [--for 1h]", "hold off everybody a person does not know",
		"Whoever is no contact of this person, in no shown group with him and has not been written to by him is told to "
		"try again later, and reaches him no more until the time is over or 'flood release'. The person is told once. "
		"The time is 10 seconds to 30 days; without --for it is an hour.",
		"  gatehouse flood silence alice@example.org --for 2h\n", silence_options, 1, 1, false, cmd_flood_silence},
	{"flood release", "JID", "let everybody write to a person again",
		"Undoes 'flood silence', and ends what the server began by itself.",
		"  gatehouse flood release alice@example.org\n", NULL, 1, 1, false, cmd_flood_release},

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

	{"clients rules", "[--exceptions]", "the rules about clients, and where they are now",
		"Shows the rules and virtual patches of policy/clients with their stage today, the dates of their campaigns, when they "
		"end and how many exceptions they have. The folder is read, not the running server.",
		"  gatehouse clients rules\n  gatehouse clients rules --exceptions\n", clients_rules_options, 0, 0, false,
		cmd_clients_rules},
	{"clients rules show", "ID", "one rule about clients, and what people read of it",
		"Shows all of one rule or virtual patch: whom it is about, its dates, its exceptions with owner and end, and the text "
		"that people read now.",
		"  gatehouse clients rules show gajim-too-old --language de\n", clients_show_options, 1, 1, false,
		cmd_clients_rules_show},
	{"clients catalogue", "", "the approved clients",
		"Shows the catalogue of policy/clients: the approved programs, their minimum version, where to get them, the SHA-256 of "
		"the download.",
		"  gatehouse clients catalogue\n", NULL, 0, 0, false, cmd_clients_catalogue},
	{"clients enforce", "ID [--from DATE] [--warn-from DATE] [--notice-from DATE]", "put a rule that observes in force",
		"Changes the rule in its file to 'mode: enforce', with dates to a campaign, checks the whole policy and has a running "
		"server read it: it holds for people who are connected, too. If anything fails, file and server stay as they were. "
		"The act is recorded. A day is its begin in UTC; a time is written as 2027-10-15T08:00:00+02:00.",
		"  gatehouse clients enforce advisory-cve-2027-1234 --dry-run\n  gatehouse clients enforce advisory-cve-2027-1234 --warn-from "
		"2027-10-01 --from 2027-10-15\n",
		clients_enforce_options, 1, 1, false, cmd_clients_enforce},
	{"clients deny", "PRODUCT [RANGE] --reason TEXT", "shut a client out now",
		"Writes an emergency rule into a file of its own, checks the whole policy and has a running server read it: sessions of such "
		"clients end, and who comes back with another client is let in at once. An emergency rule is not lifted by rules that "
		"allow, only by its exceptions and by emergency rules. PRODUCT may have a * and may be 'any'; RANGE is such as "
		"'<1.8.4', '>=2.0, <2.14.12' or '<1.8.4 || unknown' (who does not tell it as well). The act is recorded; 'clients drop' takes the rule away.",
		"  gatehouse clients deny Pidgin '<2.14.12' --reason 'Pictures take it over.' --except group:security\n"
		"  gatehouse clients deny any --class silent --reason 'Programs must say what they are.' --dry-run\n",
		clients_deny_options, 1, 2, false, cmd_clients_deny},
	{"clients allow", "PRODUCT [RANGE]", "let a client in whatever other rules say",
		"Writes a rule that allows, which lifts other rules for whom it names, but for emergency rules (see --emergency). The same "
		"steps as 'clients deny'.",
		"  gatehouse clients allow Gajim --from group:it --expires 2027-12-31 --reason 'Tests of the new version.'\n",
		clients_allow_options, 1, 2, false, cmd_clients_allow},
	{"clients drop", "ID", "take a rule about clients away",
		"Takes a rule or virtual patch out of its file (and the file away, when nothing else is in it), with the same steps as "
		"'clients deny'.",
		"  gatehouse clients drop deny-pidgin\n", clients_dry_options, 1, 1, false, cmd_clients_drop},
	{"clients advisory import", "FILE [--product NAME] [--versions RANGE]", "propose a rule for an advisory",
		"Reads an advisory, a document of OSV (JSON) or of the short form in docs/client-control.md (JSON or YAML), and writes a "
		"rule for it that only observes. FILE - is standard input. 'clients enforce' puts the rule in force.",
		"  gatehouse clients advisory import CVE-2027-1234.json\n  gatehouse clients advisory import GHSA.json --product Converse\n",
		clients_advisory_options, 1, 1, false, cmd_clients_advisory_import},
	{"clients advisory list", "", "the advisories that were imported", "Shows them with what has become of their rules.",
		"  gatehouse clients advisory list\n", NULL, 0, 0, false, cmd_clients_advisory_list},
	{"clients advisory show", "ID", "one advisory", "Shows all that is kept of it.",
		"  gatehouse clients advisory show CVE-2027-1234\n", NULL, 1, 1, false, cmd_clients_advisory_show},

	{"record tail", "[--lines N] [--follow]", "the latest lines of the record",
		"Prints the latest lines of the record. Needs membership of the group control.record_group, "
		"also for root. "
		"Each use is itself recorded.",
		"  gatehouse record tail --follow\n", tail_options, 0, 0, false, cmd_record_tail},
	{"record show", "[--with JID] [--from TIME] [--to TIME] [--action WORD] ...",
		"find lines of the record",
		"Prints the lines of the record that match all options. Needs membership of the group "
		"control.record_group, "
		"also for root. Each use is itself recorded.",
		"  gatehouse record show --with alice@example.org\n  gatehouse record show --action block "
		"--json\n",
		show_options, 0, 0, false, cmd_record_show},
	{"record verify", "[--checkpoint FILE]", "check the record from its first line to its last",
		"Recomputes the record's tree and checks every signature. Exit code 0: whole; 1: damage, "
		"which is named by "
		"segment and line. gatehouse-verify-record (tools/verify-record in the source) does the same with no "
		"code of the server: one file in Python, to be copied to whoever does not want to trust this one.",
		"  gatehouse record verify\n  gatehouse record verify --checkpoint "
		"/mnt/elsewhere/checkpoints\n",
		verify_options, 0, 0, false, cmd_record_verify},
	{"record seal", "", "end the open segment of the record now",
		"Ends the segment that is being written and begins the next one, for instance before a copy "
		"of the record is "
		"taken away. The ended one is compressed and made read-only in the background. For "
		"administrators; the "
		"act itself is recorded.",
		"  gatehouse record seal\n", NULL, 0, 0, false, cmd_record_seal},

	{"backup", "FOLDER [--with-keys]", "copy everything while the server runs",
		"Makes a folder in FOLDER, named by the time, that holds the store, the record, settings, policy and certificate, "
		"with a SHA-256 of every file (sha256sum -c SHA256SUMS checks them). The server goes on meanwhile. The record "
		"in it reaches at least as far as the store, so nothing that was acknowledged before the backup began is "
		"missing after a restore.\n\n"
		"Sealed segments of the record that the newest backup in FOLDER has are compared with it and linked, not copied "
		"again; each backup is complete in itself, and any of them may be deleted. Private keys and components' secrets are left "
		"out unless --with-keys is given; the record cannot be continued without its key.\n\n"
		"To be run as root or as the user who owns the data directory, who must also be a member of "
		"control.record_group, because the record is read. The act is recorded.",
		"  gatehouse backup /srv/backup/gatehouse\n", backup_options, 1, 1, false, cmd_backup},
	{"restore", "BACKUP | --from-record [--store FILE]", "make a data directory from a backup, or the store from the record",
		"Copies a backup into --dir, which must be empty or not there, checks every file's SHA-256 on the way and "
		"verifies the record before it says so. What the store lacks is taken from the record at the first start.\n\n"
		"With --from-record the store alone is made anew, in a data directory whose store is lost: people's history and "
		"the messages that wait for them come from the record, accounts with passwords, rosters and the like from --store. "
		"What administrators did to accounts since is done again, but for passwords, and open invitations are closed. "
		"Without --store the accounts are those the record names, and new passwords have to be set. Rooms are those of "
		"--store, with what was said and changed in them since, and those that were made since. What was not to be had "
		"from the record is said at the end. The server must be stopped.",
		"  gatehouse restore /srv/backup/gatehouse/20261122T040000Z --dir /var/lib/gatehouse\n"
		"  gatehouse restore --from-record --store /srv/backup/gatehouse/20261122T040000Z\n",
		restore_options, 0, 1, false, cmd_restore},

	{"export", "FILE [--each] [--user JID ...] [--no-history]", "write people with what belongs to them, for another server",
		"Writes FILE in the form of XEP-0227 (version 1.1), which ejabberd, Prosody and others read: accounts with their SCRAM "
		"keys, so that nobody needs a new password, rosters with requests, block lists (as privacy lists), vCards, private "
		"data, personal eventing with its configuration, waiting messages and history. What the form has no place for is "
		"counted, with the reason: rooms, and what an account says of a person. Locked accounts are written without keys, "
		"so that they stay locked.\n\n"
		"With --each FILE becomes a folder with a document for each person. Point the data_path of a Prosody with "
		"default_storage = \"xep0227\" there, or take them over with prosody-migrator; its password_hash has to be one that "
		"the keys are for (\"SHA-256\").\n\n"
		"Run it while the server runs: what was accepted before the act is in it, and the server goes on. Of a server that is "
		"stopped, messages of the seconds before the stop may be missing: its next start takes them from the record. To be run as root or as the user who "
		"owns the data directory, who must also be a member of control.record_group, because people's messages are in it. The "
		"act is recorded before it is done, and afterwards what was written, with its SHA-256 (with --each of all files, one "
		"behind the other in the order of the addresses). Only who runs this may read FILE; it holds what opens people's "
		"accounts.",
		"  gatehouse export /srv/export/people.xml\n  gatehouse export /srv/export/prosody --each --no-history\n",
		export_options, 1, 1, false, cmd_export},
	{"import", "SOURCE [--format NAME] [--domain DOMAIN]", "take in accounts of another server with what belongs to them",
		"SOURCE is a file of XEP-0227, as 'ejabberdctl export_piefxis FOLDER' and other servers write it (with what it "
		"includes), a folder of such files (*.xml, as 'gatehouse export --each' makes one), or the data folder of a Prosody "
		"(/var/lib/prosody), which must be stopped. Accounts of the domains that this server answers for are taken "
		"in with their passwords (the SCRAM keys are carried, nobody has to set a new one), rosters, requests, block lists, vCards, private data, personal eventing, waiting messages and history; "
		"of a Prosody also its rooms with configuration, affiliations, subject and what was said in them, where rooms.service "
		"names their address. What cannot be carried is "
		"counted, with the reason.\n\n"
		"An ejabberd's export leaves out its rooms, all history and what people published (avatars, nicknames, bookmarks and the "
		"like). SOURCE may also be what 'ejabberdctl dump FILE' wrote, "
		"taken in after the export: rooms with configuration, affiliations, subject and what was said in them, and of people "
		"who are there personal eventing, preferences of history, and histories; a node that is there already stays as it is, "
		"and to a history that is there only what is newer is added.\n\n"
		"Where an ejabberd keeps its tables in SQLite (sql_type: sqlite), SOURCE is that database instead of the dump, or in "
		"addition to it, with ejabberd stopped; it is only read. Databases whose tables do not name the domain (without "
		"new_sql_schema) hold the people of --domain. From PostgreSQL or MySQL copy the tables into such a file first: "
		"docs/moving.md shows how.\n\n"
		"The server must be stopped. Who is there already stays as they are, so the same command may be run again, also "
		"after it was interrupted. Everything that others may be shown is in the record before it is in the store, "
		"as brought in and not as said here; it is not inspected.",
		"  gatehouse import /srv/export/20261122-040000.xml\n  gatehouse import /var/lib/prosody\n"
		"  gatehouse import /var/lib/ejabberd/ejabberd.db --domain example.org\n", portable_options, 1, 1,
		false, cmd_import},
	{},
};
