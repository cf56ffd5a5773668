/* The text of every statement. Values always go in as parameters. */
#include "store/sqlite.h"

#define ACCOUNT                                                                                              \
	"SELECT person_id, jid, name, mail, language, department, groups, disabled, created_us FROM "        \
	"account "

const char *const sq_text[SQ_COUNT] = {
	[SQ_BEGIN] = "BEGIN IMMEDIATE",
	[SQ_COMMIT] = "COMMIT",
	[SQ_ROLLBACK] = "ROLLBACK",
	[SQ_SAVEPOINT] = "SAVEPOINT request",
	[SQ_RELEASE] = "RELEASE request",
	[SQ_UNDO] = "ROLLBACK TO request",
	[SQ_APPLIED_GET] = "SELECT value FROM meta WHERE name = 'applied_seq'",
	[SQ_APPLIED_RAISE] = "UPDATE meta SET value = ?1 WHERE name = 'applied_seq' AND value < ?1",
	[SQ_ACCOUNT_ALL] = ACCOUNT "WHERE NOT removed ORDER BY jid",
	[SQ_ACCOUNT_GET] = ACCOUNT "WHERE jid = ?1 AND NOT removed",
	[SQ_ACCOUNT_ID] = "SELECT account_id FROM account WHERE jid = ?1 AND NOT removed",
	[SQ_ACCOUNT_ADD] =
		"INSERT INTO account (person_id, jid, name, mail, language, department, groups, disabled, "
		"created_us) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT DO NOTHING",
	[SQ_ACCOUNT_UPDATE] =
		"UPDATE account SET name = coalesce(?2, name), mail = coalesce(?3, mail), "
		"language = coalesce(?4, language), department = coalesce(?5, department), "
		"groups = coalesce(?6, groups), disabled = coalesce(?7, disabled) WHERE account_id = ?1",
	[SQ_ACCOUNT_REMOVE] =
		"UPDATE account SET removed = 1, disabled = 1, name = '', mail = '', language = '', "
		"department = '', groups = '' WHERE account_id = ?1",
	[SQ_VERIFIER_GET] =
		"SELECT v.iterations, v.salt, v.stored_key, v.server_key FROM account a JOIN verifier v "
		"USING (account_id) WHERE a.jid = ?1 AND NOT a.removed AND v.kind = ?2",
	[SQ_VERIFIER_PUT] =
		"INSERT INTO verifier (account_id, kind, iterations, salt, stored_key, server_key) "
		"VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
	[SQ_VERIFIER_CLEAR] = "DELETE FROM verifier WHERE account_id = ?1",
	[SQ_ROSTER_VERSION_GET] = "SELECT version FROM roster WHERE owner = ?1",
	[SQ_ROSTER_VERSION_PUT] = "INSERT INTO roster (owner, version) VALUES (?1, ?2) "
				  "ON CONFLICT (owner) DO UPDATE SET version = excluded.version",
	[SQ_ROSTER_LOAD] = "SELECT contact, name, groups, subscription, ask, approved, hidden, pending_in "
			   "FROM roster_item WHERE owner = ?1 ORDER BY contact",
	[SQ_ROSTER_PUT] = "INSERT OR REPLACE INTO roster_item (owner, contact, name, groups, subscription, "
			  "ask, approved, "
			  "hidden, pending_in) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
	[SQ_ROSTER_DELETE] = "DELETE FROM roster_item WHERE owner = ?1 AND contact = ?2",
	[SQ_ROSTER_CLEAR] = "DELETE FROM roster_item WHERE owner = ?1",
	[SQ_ROSTER_VERSION_CLEAR] = "DELETE FROM roster WHERE owner = ?1",
	[SQ_BLOCK_LOAD] = "SELECT jid FROM block WHERE owner = ?1 ORDER BY jid",
	[SQ_BLOCK_PUT] = "INSERT OR IGNORE INTO block (owner, jid) VALUES (?1, ?2)",
	[SQ_BLOCK_DELETE] = "DELETE FROM block WHERE owner = ?1 AND jid = ?2",
	[SQ_BLOCK_CLEAR] = "DELETE FROM block WHERE owner = ?1",
	[SQ_MESSAGE_PUT] = "INSERT INTO message (owner, id, queue, seq, session, time_us, sender, kind, xml) "
			   "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT DO NOTHING",
	[SQ_MESSAGE_LOAD] = "SELECT session, seq, id, time_us, sender, kind, xml FROM message "
			    "WHERE owner = ?1 AND queue = ?2 AND seq > ?3 ORDER BY seq LIMIT ?4",
	[SQ_MESSAGE_DELETE] = "DELETE FROM message WHERE owner = ?1 AND id = ?2",
	[SQ_MESSAGE_CLEAR] = "DELETE FROM message WHERE owner = ?1",
	[SQ_MESSAGE_UNSPOOL] = "UPDATE message SET queue = 0, session = '' WHERE queue = 1 "
			       "AND (?1 = '' OR owner = ?1) AND (?2 = '' OR session = ?2)",
	[SQ_MESSAGE_COUNT] =
		"SELECT count(*) FROM (SELECT 1 FROM message WHERE owner = ?1 AND queue = ?2 LIMIT ?3)",
	[SQ_MESSAGE_OWNERS] = "SELECT DISTINCT owner FROM message WHERE queue = ?1 ORDER BY owner",
};
