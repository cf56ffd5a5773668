/* The tables, as a list of migrations: one step a version, each in its own transaction. Steps are never
 * edited once released; docs and DIR/VERSION follow the number of steps. */
#include <errno.h>

#include "base/clock.h"
#include "store/sqlite.h"

static const char *const steps[] = {
	/* 1 */
	"CREATE TABLE meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;"
	"INSERT INTO meta VALUES ('applied_seq', 0);"
	/* A removed account stays as a row: its address and person id are never given again. */
	"CREATE TABLE account ("
	"  account_id INTEGER PRIMARY KEY,"
	"  person_id TEXT NOT NULL UNIQUE,"
	"  jid TEXT NOT NULL UNIQUE,"
	"  name TEXT NOT NULL, mail TEXT NOT NULL, language TEXT NOT NULL, department TEXT NOT NULL,"
	"  groups TEXT NOT NULL," /* separated by U+001F */
	"  disabled INTEGER NOT NULL DEFAULT 0, removed INTEGER NOT NULL DEFAULT 0,"
	"  created_us INTEGER NOT NULL);"
	"CREATE TABLE verifier ("
	"  account_id INTEGER NOT NULL, kind INTEGER NOT NULL, iterations INTEGER NOT NULL,"
	"  salt BLOB NOT NULL, stored_key BLOB NOT NULL, server_key BLOB NOT NULL,"
	"  PRIMARY KEY (account_id, kind)) WITHOUT ROWID;"
	"CREATE TABLE roster (owner TEXT PRIMARY KEY, version INTEGER NOT NULL) WITHOUT ROWID;"
	"CREATE TABLE roster_item ("
	"  owner TEXT NOT NULL, contact TEXT NOT NULL, name TEXT NOT NULL, groups TEXT NOT NULL,"
	"  subscription INTEGER NOT NULL, ask INTEGER NOT NULL, approved INTEGER NOT NULL, hidden INTEGER "
	"NOT NULL,"
	"  pending_in TEXT NOT NULL,"
	"  PRIMARY KEY (owner, contact)) WITHOUT ROWID;"
	"CREATE TABLE block (owner TEXT NOT NULL, jid TEXT NOT NULL, PRIMARY KEY (owner, jid)) WITHOUT ROWID;"
	"CREATE TABLE message ("
	"  message_id INTEGER PRIMARY KEY,"
	"  owner TEXT NOT NULL, id TEXT NOT NULL, queue INTEGER NOT NULL, seq INTEGER NOT NULL,"
	"  session TEXT NOT NULL, time_us INTEGER NOT NULL, sender TEXT NOT NULL, kind INTEGER NOT NULL,"
	"  xml TEXT NOT NULL, UNIQUE (owner, id));"
	"CREATE INDEX message_order ON message (owner, queue, seq);"
	"CREATE INDEX message_spool ON message (owner) WHERE queue = 1;",
	/* 2: archives. A row is shared by the archives it stands in. Its key is the number of its record entry, which
	 * every index ends in, so each index is (what is asked for, order). `id_key` is narrow and its upper half rises
	 * with seq: rows are added at one place of that index, not all over it (sqlite_archive_find.c). */
	"CREATE TABLE archive_owner (owner_id INTEGER PRIMARY KEY, jid TEXT UNIQUE);" /* NULL: has gone */
	"CREATE TABLE archive_pair (pair_id INTEGER PRIMARY KEY, one TEXT NOT NULL, other TEXT NOT NULL,"
	"  UNIQUE (one, other));" /* bare, one <= other */
	"CREATE TABLE archive ("
	"  seq INTEGER PRIMARY KEY, sender INTEGER, recipient INTEGER, pair INTEGER NOT NULL," /* owners; NULL: none */
	"  id_key INTEGER NOT NULL, id TEXT NOT NULL, time_us INTEGER NOT NULL,"
	"  from_resource TEXT NOT NULL, to_resource TEXT NOT NULL, xml TEXT NOT NULL);"
	"CREATE INDEX archive_sender ON archive (sender) WHERE sender IS NOT NULL;"
	"CREATE INDEX archive_recipient ON archive (recipient) WHERE recipient IS NOT NULL;"
	"CREATE INDEX archive_with ON archive (pair);"
	"CREATE INDEX archive_id ON archive (id_key);"
	"CREATE TABLE archive_prefs ("
	"  owner TEXT PRIMARY KEY, fallback INTEGER NOT NULL, always TEXT NOT NULL, never TEXT NOT NULL) WITHOUT ROWID;",
	/* 3: rooms */
	"CREATE TABLE room ("
	"  jid TEXT PRIMARY KEY, config TEXT NOT NULL, secret TEXT NOT NULL,"
	"  subject TEXT NOT NULL, subject_from TEXT NOT NULL, subject_id TEXT NOT NULL,"
	"  subject_seq INTEGER NOT NULL, subject_us INTEGER NOT NULL) WITHOUT ROWID;"
	"CREATE TABLE room_affiliation ("
	"  room TEXT NOT NULL, jid TEXT NOT NULL, affiliation INTEGER NOT NULL, nick TEXT NOT NULL, reason TEXT NOT "
	"NULL,"
	"  PRIMARY KEY (room, jid)) WITHOUT ROWID;",
	/* 4: when people were there last (XEP-0012) */
	"CREATE TABLE seen (owner TEXT PRIMARY KEY, utc_us INTEGER NOT NULL) WITHOUT ROWID;",
	/* 5: what people keep for themselves and show of themselves. Items are ordered by item_id; one that is
	 * published again gets a new one. */
	"CREATE TABLE private_xml ("
	"  owner TEXT NOT NULL, ns TEXT NOT NULL, name TEXT NOT NULL, xml TEXT NOT NULL,"
	"  PRIMARY KEY (owner, ns, name)) WITHOUT ROWID;"
	"CREATE TABLE vcard ("
	"  owner TEXT PRIMARY KEY, photo TEXT NOT NULL, seq INTEGER NOT NULL, time_us INTEGER NOT NULL,"
	"  id TEXT NOT NULL, xml TEXT NOT NULL);"
	"CREATE TABLE pep_node ("
	"  owner TEXT NOT NULL, node TEXT NOT NULL, state TEXT NOT NULL, PRIMARY KEY (owner, node)) WITHOUT ROWID;"
	"CREATE TABLE pep_item ("
	"  item_id INTEGER PRIMARY KEY AUTOINCREMENT,"
	"  owner TEXT NOT NULL, node TEXT NOT NULL, id TEXT NOT NULL, bytes INTEGER NOT NULL,"
	"  publisher TEXT NOT NULL, seq INTEGER NOT NULL, time_us INTEGER NOT NULL, record_id TEXT NOT NULL,"
	"  xml TEXT NOT NULL, UNIQUE (owner, node, id));"
	"CREATE INDEX pep_item_order ON pep_item (owner, node, item_id);"
	"CREATE TABLE caps ("
	"  caps_id INTEGER PRIMARY KEY AUTOINCREMENT, hash TEXT NOT NULL, ver TEXT NOT NULL, text TEXT NOT NULL,"
	"  UNIQUE (hash, ver));",
	/* 6: rooms: since when, up to which entry of the record, who set the subject, and a picture */
	"ALTER TABLE room ADD COLUMN created_us INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE room ADD COLUMN saved_seq INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE room ADD COLUMN subject_bare TEXT NOT NULL DEFAULT '';"
	"ALTER TABLE room ADD COLUMN vcard TEXT NOT NULL DEFAULT '';",
	/* 7: logins; what is said to everybody: message of the day, welcome */
	"CREATE TABLE visit (owner TEXT PRIMARY KEY, login_us INTEGER NOT NULL, logins INTEGER NOT NULL,"
	"  motd TEXT NOT NULL, welcomed INTEGER NOT NULL) WITHOUT ROWID;"
	"CREATE TABLE notice (name TEXT PRIMARY KEY, text TEXT NOT NULL, id TEXT NOT NULL, seq INTEGER NOT NULL,"
	"  utc_us INTEGER NOT NULL) WITHOUT ROWID;",
	/* 8: what an owner has of the archive stands in blocks (sqlite_archive.h), not in indexes. id_key is two hashes
	 * now; nothing searches by it. Blocks of rows that are there are made when the file is opened. */
	"DROP INDEX archive_sender; DROP INDEX archive_recipient; DROP INDEX archive_with; DROP INDEX archive_id;"
	"CREATE TABLE archive_list ("
	"  owner INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL, entries BLOB NOT NULL,"
	"  PRIMARY KEY (owner, first)) WITHOUT ROWID;"
	"CREATE TABLE archive_listed (part INTEGER PRIMARY KEY, seq INTEGER NOT NULL);",
	/* 9: invitations. Of a token only its hash is kept. */
	"CREATE TABLE invite ("
	"  token_hash TEXT PRIMARY KEY, id TEXT NOT NULL UNIQUE, domain TEXT NOT NULL, jid TEXT NOT NULL,"
	"  groups TEXT NOT NULL, made_by TEXT NOT NULL, created_us INTEGER NOT NULL, expires_us INTEGER NOT NULL,"
	"  used_us INTEGER NOT NULL DEFAULT 0, used_by TEXT NOT NULL DEFAULT '', revoked_us INTEGER NOT NULL DEFAULT 0"
	") WITHOUT ROWID;"
	"CREATE INDEX invite_jid ON invite (jid) WHERE jid <> '';",
	/* 10: which contacts changed last, for clients that know an older roster */
	"CREATE TABLE roster_change ("
	"  owner TEXT NOT NULL, contact TEXT NOT NULL, version INTEGER NOT NULL,"
	"  PRIMARY KEY (owner, contact)) WITHOUT ROWID;",
	/* 11: who made a room */
	"ALTER TABLE room ADD COLUMN creator TEXT NOT NULL DEFAULT '';",
	/* 12: which programs people use; what hashes of capabilities stand for, and who has vouched for it; how many were
	 * up to date; who was refused */
	"CREATE TABLE client ("
	"  owner TEXT NOT NULL, key TEXT NOT NULL, class INTEGER NOT NULL, basis INTEGER NOT NULL,"
	"  confidence INTEGER NOT NULL, contradictions INTEGER NOT NULL, product TEXT NOT NULL, version TEXT NOT NULL,"
	"  version_before TEXT NOT NULL, version_us INTEGER NOT NULL, os TEXT NOT NULL, device TEXT NOT NULL,"
	"  caps TEXT NOT NULL, node TEXT NOT NULL, agent TEXT NOT NULL, ja4 TEXT NOT NULL, resource TEXT NOT NULL,"
	"  addresses TEXT NOT NULL, networks INTEGER NOT NULL, first_us INTEGER NOT NULL, last_us INTEGER NOT NULL,"
	"  sessions INTEGER NOT NULL, messages INTEGER NOT NULL, rooms INTEGER NOT NULL, files INTEGER NOT NULL,"
	"  calls INTEGER NOT NULL, PRIMARY KEY (owner, key)) WITHOUT ROWID;"
	"CREATE TABLE caps_client ("
	"  hash TEXT PRIMARY KEY, product TEXT NOT NULL, version TEXT NOT NULL, os TEXT NOT NULL, node TEXT NOT NULL,"
	"  state INTEGER NOT NULL, varies INTEGER NOT NULL, contradicted INTEGER NOT NULL, first_us INTEGER NOT NULL,"
	"  last_us INTEGER NOT NULL) WITHOUT ROWID;"
	"CREATE TABLE caps_voucher (hash TEXT NOT NULL, owner TEXT NOT NULL, PRIMARY KEY (hash, owner)) WITHOUT ROWID;"
	"CREATE INDEX caps_voucher_owner ON caps_voucher (owner);"
	"CREATE TABLE posture ("
	"  taken_us INTEGER NOT NULL, product TEXT NOT NULL, baseline TEXT NOT NULL, seen INTEGER NOT NULL,"
	"  above INTEGER NOT NULL, PRIMARY KEY (taken_us, product)) WITHOUT ROWID;"
	"CREATE TABLE refusal ("
	"  kind TEXT NOT NULL, owner TEXT NOT NULL, address TEXT NOT NULL, product TEXT NOT NULL, version TEXT NOT NULL,"
	"  rule TEXT NOT NULL, reason TEXT NOT NULL, count INTEGER NOT NULL, first_us INTEGER NOT NULL,"
	"  last_us INTEGER NOT NULL, PRIMARY KEY (kind, owner, address, product, version, rule)) WITHOUT ROWID;"
	"CREATE INDEX refusal_owner ON refusal (owner);",
	/* 13: mails on their way out. Text goes when a mail has ended; that it was sent stays. */
	"CREATE TABLE mail ("
	"  mail_id INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, purpose TEXT NOT NULL, about TEXT NOT NULL,"
	"  stage TEXT NOT NULL, person TEXT NOT NULL, jid TEXT NOT NULL, address TEXT NOT NULL, language TEXT NOT NULL,"
	"  subject TEXT NOT NULL, body TEXT NOT NULL, state INTEGER NOT NULL, tries INTEGER NOT NULL DEFAULT 0,"
	"  error TEXT NOT NULL DEFAULT '', created_us INTEGER NOT NULL, due_us INTEGER NOT NULL,"
	"  ended_us INTEGER NOT NULL DEFAULT 0);"
	"CREATE INDEX mail_due ON mail (due_us) WHERE state = 0;"
	"CREATE INDEX mail_state ON mail (state, due_us);"
	"CREATE INDEX mail_age ON mail (created_us);"
	"CREATE INDEX mail_told ON mail (person, purpose, about, stage, address, created_us);",
	/* 14: what is switched off */
	"CREATE TABLE lockdown ("
	"  id TEXT PRIMARY KEY, what TEXT NOT NULL, scope TEXT NOT NULL, name TEXT NOT NULL, versions TEXT NOT NULL,"
	"  reason TEXT NOT NULL, made_by TEXT NOT NULL, excepted TEXT NOT NULL, start_us INTEGER NOT NULL,"
	"  end_us INTEGER NOT NULL) WITHOUT ROWID;",
	/* 15: what devices log in with instead of a password */
	"CREATE TABLE token ("
	"  owner TEXT NOT NULL, key TEXT NOT NULL, seed TEXT NOT NULL, fresh INTEGER NOT NULL, mechanism TEXT NOT NULL,"
	"  issued_us INTEGER NOT NULL, expires_us INTEGER NOT NULL, count INTEGER NOT NULL,"
	"  PRIMARY KEY (owner, key, seed)) WITHOUT ROWID;",
	/* 16: from whom strangers are held off */
	"CREATE TABLE silence ("
	"  owner TEXT PRIMARY KEY, cause TEXT NOT NULL, since_us INTEGER NOT NULL, until_us INTEGER NOT NULL,"
	"  peace_ms INTEGER NOT NULL, many INTEGER NOT NULL, refused INTEGER NOT NULL, told INTEGER NOT NULL) WITHOUT ROWID;",
	/* 17: how installations logged in last (until now by password, as far as is known); which devices an account has been
	 * used with, so that a new one is told of, and where */
	"ALTER TABLE client ADD COLUMN auth INTEGER NOT NULL DEFAULT 0;"
	"UPDATE client SET auth = 1;"
	"CREATE TABLE device ("
	"  owner TEXT NOT NULL, key TEXT NOT NULL, product TEXT NOT NULL, device TEXT NOT NULL, address TEXT NOT NULL,"
	"  first_us INTEGER NOT NULL, last_us INTEGER NOT NULL, untold INTEGER NOT NULL,"
	"  PRIMARY KEY (owner, key)) WITHOUT ROWID;"
	"INSERT INTO device SELECT owner, CASE WHEN agent <> '' THEN key ELSE 'product:' || "
	"  CASE WHEN product = '' THEN '' ELSE lower(product) END END AS known, '', '', '', min(first_us), max(last_us), 0 "
	"  FROM client GROUP BY owner, known;",
	/* 18: what people have chosen for themselves */
	"CREATE TABLE privacy (owner TEXT PRIMARY KEY, reach INTEGER NOT NULL, last_activity INTEGER NOT NULL) WITHOUT ROWID;",
	/* 19: who counts apart in the posture, because an exception names him */
	"ALTER TABLE posture ADD COLUMN excepted INTEGER NOT NULL DEFAULT 0;",
	/* 20: by what mechanism and over which TLS an installation has logged in last; empty: not since this is kept */
	("ALTER TABLE client ADD COLUMN mechanism TEXT NOT NULL DEFAULT '';"
	 "ALTER TABLE client ADD COLUMN tls TEXT NOT NULL DEFAULT '';"),
	/* 21: which devices wait to be confirmed, and since when; 0: it does not. The rows of one arrival have the same */
	("ALTER TABLE device ADD COLUMN waits_us INTEGER NOT NULL DEFAULT 0;"
	 "CREATE INDEX device_waits ON device (owner, waits_us) WHERE waits_us > 0;"),
};

enum {
	SCHEMA_VERSION = sizeof(steps) / sizeof(steps[0]),
};

static int schema_fail(struct sq *q, const char *path, struct err *err)
{
	return err_set(err, -EIO, "store '%s': %s", path, sqlite3_errmsg(q->db));
}

static int schema_exec(struct sq *q, const char *text, const char *path, struct err *err)
{
	return sqlite3_exec(q->db, text, NULL, NULL, NULL) == SQLITE_OK ? 0 : schema_fail(q, path, err);
}

/* The newest row of the table `schema`; 0 for a file without tables. */
static int schema_version(struct sq *q, const char *path, unsigned *out, struct err *err)
{
	static const char text[] = "SELECT coalesce(max(version), 0) FROM schema";
	sqlite3_stmt *st;
	int r = schema_exec(q,
		"CREATE TABLE IF NOT EXISTS schema (version INTEGER PRIMARY KEY, since_us INTEGER NOT NULL)",
		path, err);

	if (r)
		return r;
	if (sqlite3_prepare_v2(q->db, text, sizeof(text), &st, NULL) != SQLITE_OK)
		return schema_fail(q, path, err);
	r = sqlite3_step(st) == SQLITE_ROW ? 0 : schema_fail(q, path, err);
	*out = (unsigned)sqlite3_column_int64(st, 0);
	sqlite3_finalize(st);
	return r;
}

static int schema_step(struct sq *q, unsigned version, const char *path, struct err *err)
{
	char note[96];
	int r = schema_exec(q, "BEGIN IMMEDIATE", path, err);

	if (r)
		return r;
	sqlite3_snprintf(sizeof(note), note, "INSERT INTO schema VALUES (%u, %lld)", version,
		(sqlite3_int64)clock_utc_us());
	r = schema_exec(q, steps[version - 1], path, err);
	if (r == 0)
		r = schema_exec(q, note, path, err);
	if (r == 0)
		r = schema_exec(q, "COMMIT", path, err);
	if (r)
		sqlite3_exec(q->db, "ROLLBACK", NULL, NULL, NULL);
	return r;
}

int sq_migrate(struct sq *q, const char *path, struct err *err)
{
	return sq_migrate_to(q, path, SCHEMA_VERSION, err);
}

int sq_migrate_to(struct sq *q, const char *path, unsigned last, struct err *err)
{
	unsigned version = 0;
	int r = schema_version(q, path, &version, err);

	if (r)
		return r;
	if (version > SCHEMA_VERSION)
		return err_set(err, STORE_E_NEWER, "store '%s' has schema version %u; this program knows %u",
			path, version, (unsigned)SCHEMA_VERSION);
	while (r == 0 && version < last)
		r = schema_step(q, ++version, path, err);
	return r;
}

unsigned store_schema_version(void)
{
	return SCHEMA_VERSION;
}
