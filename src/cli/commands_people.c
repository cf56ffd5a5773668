/* Commands: people, their sessions, devices and mails. */
#include "cli/commands.h"
#include "cli/cli.h"
#include "cli/help.h"

static const struct cli_option add_options[] = {
	{"--password-stdin", NULL, "Read the password from standard input instead of asking for it."},
	{"--generate", NULL, "Make a random password and print it."},
	{"--name", "NAME", "The person's name."},
	{"--mail", "ADDRESS", "The person's mail address."},
	{"--language", "TAG", "Language (BCP 47) the person is spoken to in, such as de-CH; the server has words in en, de, fr, es, fi."},
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
	{"--language", "TAG", "Language (BCP 47) the person is spoken to in, such as de-CH; the server has words in en, de, fr, es, fi."},
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

static const struct cli_option reason_options[] = {
	{"--reason", "TEXT", "Why; it goes into the record."},
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

static const struct cli_option remove_options[] = {
	{"--yes", NULL, "Do not ask."},
	{},
};

const struct command commands_people[] = {
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
	{"devices waiting", "[JID]", "show what waits to be confirmed",
		"Lists the devices, and the networks beside another one, that are limited until the person confirms them on another device or "
		"'devices confirm' does (settings devices.confirm, devices.confirm_networks): of one account, or of all.",
		"  gatehouse devices waiting\n", NULL, 0, 1, false, cmd_devices_waiting},
	{"devices confirm", "JID ID [--reason TEXT]", "lift the limits of a new device",
		"The device is the person's, as far as you know: ask him over another way than this account. Its limits go at once, and what was "
		"kept from it reaches it. ID is the one of 'devices waiting', or the digits it begins with. The act is recorded.",
		"  gatehouse devices confirm alice@example.org 4f9a1c0be2d37788 --reason 'Called her.'\n", reason_options, 2, 2, false,
		cmd_devices_confirm},
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
	{},
};
