/* Commands: the record, and what is copied, restored, moved. */
#include "cli/commands.h"
#include "cli/cli.h"
#include "cli/help.h"

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

const struct command commands_record[] = {
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
