/* Commands: which clients may connect, and what is switched off. */
#include "cli/commands.h"
#include "cli/cli.h"
#include "cli/help.h"

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

static const struct cli_option lockdown_extend_options[] = {
	{"--for", "TIME", "How long from now on: a number with s, min, h or d (2h)."},
	{"--until", "TIME", "When it ends (2026-11-23T18:00:00Z)."},
	{"--no-end", NULL, "It does not end by itself any more."},
	{},
};

static const struct cli_option lockdown_rehearse_options[] = {LOCKDOWN_OPTIONS, {}};

#define DRY_RUN {"--dry-run", NULL, "Only tell whom it would reach, of those who are connected and of who was lately; change nothing."}

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

static const struct cli_option judge_options[] = {
	{"--batch", NULL, "Read JSON lines and write one judgement a line."},
	{"--known", "FILE", "More hashes: JSON lines with caps_hash, caps_ver (or ja4), product, version and range."},
	{},
};

const struct command commands_clients[] = {
	{"lockdown on", "WHAT [--group NAME | --product NAME | --account JID | --device ID | --payload LINK] --reason TEXT [--for TIME]",
		"switch something off, now",
		"WHAT is everything, messages, files, links, calls, rooms or outside. Without a further word it is for all; "
		"members of the group that the setting lockdown.break_glass_group names go on talking. With everything, "
		"sessions end at once and nobody logs in; messages wait until the end. People are told what is off, until "
		"when and why. It is done also when the record cannot be written at the moment, and survives restarts. What is off already "
		"is not switched off twice: 'lockdown extend' changes its end.\n\n"
		"docs/client-control.md has a page to follow in an emergency.",
		"  gatehouse lockdown on links --for 2h --reason \"A worm spreads by links.\"\n"
		"  gatehouse lockdown on everything --product Gajim --versions '<1.8' --reason \"Update Gajim.\"\n"
		"  gatehouse lockdown on everything --account bob@example.org --reason \"Stolen telephone.\"\n",
		lockdown_on_options, 1, 1, false, cmd_lockdown_on},
	{"lockdown extend", "ID --for TIME | --until TIME | --no-end", "change when a switch ends",
		"It goes on without a gap; those who are there, and whom it is for, are told the new end. An earlier end is taken, too. What is off, "
		"for whom and why does not change: for that, switch it on again and off anew.",
		"  gatehouse lockdown extend L-7kq2 --for 2h\n", lockdown_extend_options, 1, 1, false, cmd_lockdown_extend},
	{"lockdown off", "ID|all", "switch on again",
		"Those it was for are told; what waited for them is delivered. 'gatehouse lockdown status' shows the ids. "
		"With 'all' it is no error that nothing is switched off.",
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
		"Who was not let in, or not let stay: by a rule about clients (client; held: denied again and again), by a handshake that came "
		"to nothing (tls), with a mechanism that is not offered (mechanism), after too many failed logins (throttle), by a lock-down "
		"(switch). What was the same but for the time is one row, with a count. Wrong passwords stand in the record.",
		"  gatehouse clients refused --since 24h\n", refused_options, 0, 0, false, cmd_clients_refused},
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
	{},
};
