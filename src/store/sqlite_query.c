/* The text of every statement. Values always go in as parameters. */
#include "store/sqlite.h"

#define ACCOUNT                                                                                              \
	"SELECT person_id, jid, name, mail, language, department, groups, disabled, created_us FROM "        \
	"account "

#define PEP_ITEM "item_id, node, id, publisher, seq, time_us, record_id, xml"

#define HAS_KIND "SELECT 1 FROM verifier v WHERE v.account_id = a.account_id AND v.kind = "

#define CLIENT                                                                                               \
	"SELECT owner, key, class, basis, confidence, contradictions, product, version, version_before, "    \
	"version_us, os, device, caps, node, agent, ja4, resource, addresses, networks, first_us, last_us, " \
	"sessions, messages, rooms, files, calls, mechanism, tls FROM client "
#define INVITE "SELECT id, domain, jid, groups, made_by, created_us, expires_us, used_us, used_by, revoked_us FROM invite "
#define MAIL                                                                                                 \
	"SELECT id, purpose, about, stage, person, jid, address, language, subject, state, tries, error, created_us, "        \
	"due_us, ended_us"
#define INVITE_OPEN "used_us = 0 AND revoked_us = 0 "

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
	[SQ_VERIFIER_LACKING] = "SELECT coalesce(sum(NOT EXISTS (" HAS_KIND "0)), 0), coalesce(sum(NOT EXISTS (" HAS_KIND
				"1)), 0), coalesce(sum(NOT EXISTS (" HAS_KIND "2)), 0) "
				"FROM account a WHERE NOT a.removed AND NOT a.disabled",
	[SQ_ROSTER_VERSION_GET] = "SELECT version FROM roster WHERE owner = ?1",
	[SQ_ROSTER_VERSION_PUT] = "INSERT INTO roster (owner, version) VALUES (?1, ?2) "
				  "ON CONFLICT (owner) DO UPDATE SET version = excluded.version",
	/* ?1 owner, ?2 contact, ?3 version */
	[SQ_ROSTER_LOG_BEGIN] =
		"INSERT OR IGNORE INTO roster_change (owner, contact, version) SELECT ?1, '', ?3 WHERE ?2 <> ''",
	[SQ_ROSTER_LOG_PUT] = "INSERT OR REPLACE INTO roster_change (owner, contact, version) VALUES (?1, ?2, ?3)",
	[SQ_ROSTER_LOG_RAISE] =
		"UPDATE roster_change SET version = max(version, coalesce((SELECT version FROM roster_change WHERE owner = ?1 "
		"AND contact <> '' ORDER BY version DESC LIMIT 1 OFFSET 50), 0)) WHERE owner = ?1 AND contact = '' AND ?2 <> '' "
		"AND ?3 > 0",
	[SQ_ROSTER_LOG_TRIM] =
		"DELETE FROM roster_change WHERE owner = ?1 AND contact <> '' AND ?2 <> '' AND ?3 > 0 AND version <= "
		"(SELECT version FROM roster_change WHERE owner = ?1 AND contact = '')",
	[SQ_ROSTER_LOG_GET] = "SELECT contact, version FROM roster_change WHERE owner = ?1 AND (version > ?2 OR contact = '') "
			      "ORDER BY version",
	[SQ_ROSTER_LOG_CLEAR] = "DELETE FROM roster_change WHERE owner = ?1",
	[SQ_ROSTER_LOAD] = "SELECT contact, name, groups, subscription, ask, approved, hidden, pending_in "
			   "FROM roster_item WHERE owner = ?1 ORDER BY contact",
	[SQ_ROSTER_PUT] = "INSERT OR REPLACE INTO roster_item (owner, contact, name, groups, subscription, "
			  "ask, approved, "
			  "hidden, pending_in) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
	[SQ_ROSTER_DELETE] = "DELETE FROM roster_item WHERE owner = ?1 AND contact = ?2",
	[SQ_ROSTER_CLEAR] = "DELETE FROM roster_item WHERE owner = ?1",
	[SQ_ROSTER_PART] = "UPDATE roster_item SET subscription = 0, ask = 0, pending_in = '' WHERE owner = ?1 AND contact = ?2 "
			   "AND (subscription <> 0 OR ask OR pending_in <> '')",
	[SQ_ROSTER_PART_HIDDEN] = "DELETE FROM roster_item WHERE owner = ?1 AND contact = ?2 AND hidden",
	[SQ_ROSTER_VERSION_CLEAR] = "DELETE FROM roster WHERE owner = ?1",
	[SQ_BLOCK_LOAD] = "SELECT jid FROM block WHERE owner = ?1 ORDER BY jid",
	[SQ_BLOCK_PUT] = "INSERT OR IGNORE INTO block (owner, jid) VALUES (?1, ?2)",
	[SQ_BLOCK_DELETE] = "DELETE FROM block WHERE owner = ?1 AND jid = ?2",
	[SQ_BLOCK_CLEAR] = "DELETE FROM block WHERE owner = ?1",
	[SQ_MESSAGE_PUT] = "INSERT INTO message (owner, id, queue, seq, session, time_us, sender, kind, xml) "
			   "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT DO NOTHING",
	[SQ_MESSAGE_LOAD] = "SELECT session, seq, id, time_us, sender, kind, xml FROM message "
			    "WHERE owner = ?1 AND queue = ?2 AND seq > ?3 ORDER BY seq LIMIT ?4",
	[SQ_MESSAGE_FROM] = "SELECT id, xml FROM message WHERE owner = ?1 AND (sender = ?2 OR substr(sender, 1, "
			    "length(?2) + 1) = ?2 || '/') ORDER BY queue DESC, seq DESC LIMIT ?3",
	[SQ_MESSAGE_REPLACE] = "UPDATE message SET xml = ?3 WHERE owner = ?1 AND id = ?2",
	[SQ_MESSAGE_DELETE] = "DELETE FROM message WHERE owner = ?1 AND id = ?2",
	[SQ_MESSAGE_CLEAR] = "DELETE FROM message WHERE owner = ?1",
	[SQ_MESSAGE_UNSPOOL] = "UPDATE message SET queue = 0, session = '' WHERE queue = 1 "
			       "AND (?1 = '' OR owner = ?1) AND (?2 = '' OR session = ?2)",
	[SQ_MESSAGE_RELEASE] = "UPDATE message SET queue = 0 WHERE owner = ?1 AND id = ?2 AND queue = 2",
	[SQ_MESSAGE_COUNT] =
		"SELECT count(*) FROM (SELECT 1 FROM message WHERE owner = ?1 AND queue = ?2 LIMIT ?3)",
	[SQ_MESSAGE_OWNERS] = "SELECT DISTINCT owner FROM message WHERE queue = ?1 ORDER BY owner",
	[SQ_OWNER_FIND] = "SELECT owner_id FROM archive_owner WHERE jid = ?1",
	[SQ_ACCOUNT_GONE] = "SELECT 1 FROM account WHERE jid = ?1 AND removed",
	[SQ_OWNER_ADD] = "INSERT INTO archive_owner (jid) VALUES (?1)",
	[SQ_OWNER_LEAVE] = "UPDATE archive_owner SET jid = NULL WHERE jid = ?1",
	[SQ_OWNER_GONE] = "SELECT owner_id FROM archive_owner WHERE jid IS NULL LIMIT 1",
	[SQ_OWNER_DELETE] = "DELETE FROM archive_owner WHERE owner_id = ?1",
	[SQ_PAIR_FIND] = "SELECT pair_id FROM archive_pair WHERE one = ?1 AND other = ?2",
	[SQ_PAIR_ADD] = "INSERT INTO archive_pair (one, other) VALUES (?1, ?2)",
	[SQ_ARCHIVE_PUT] = "INSERT INTO archive (seq, sender, recipient, pair, id_key, id, time_us, from_resource, "
			   "to_resource, xml) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) "
			   "ON CONFLICT (seq) DO NOTHING",
	[SQ_ARCHIVE_REPLACE] = "UPDATE archive SET xml = ?2 WHERE seq = ?1",
	[SQ_ARCHIVE_GET] = "SELECT id, time_us, xml, sender, recipient, from_resource, to_resource FROM archive "
			   "WHERE seq = ?1",
	[SQ_ARCHIVE_BEHIND] = "SELECT seq, pair, id_key, sender, recipient FROM archive WHERE seq > ?1 ORDER BY seq",
	[SQ_ARCHIVE_IS] = "SELECT 1 FROM archive WHERE seq = ?1 AND id = ?2",
	[SQ_TABLE_ROOT] = "SELECT rootpage FROM sqlite_schema WHERE type = 'table' AND name = ?1",
	[SQ_ARCHIVE_AT] = "SELECT seq, time_us FROM archive WHERE seq >= ?1 ORDER BY seq LIMIT 1",
	[SQ_ARCHIVE_EXPIRED] = "WITH lowest AS (SELECT seq, time_us FROM archive ORDER BY seq LIMIT ?2) "
			       "SELECT max(seq) FROM lowest "
			       "WHERE seq < coalesce((SELECT min(seq) FROM lowest WHERE time_us >= ?1), ~(1 << 63))",
	[SQ_ARCHIVE_OWNERS_TO] = "SELECT sender FROM archive WHERE seq <= ?1 AND sender IS NOT NULL UNION "
				 "SELECT recipient FROM archive WHERE seq <= ?1 AND recipient IS NOT NULL",
	[SQ_ARCHIVE_DELETE_TO] = "DELETE FROM archive WHERE seq <= ?1",
	[SQ_ARCHIVE_DROP] = "DELETE FROM archive WHERE seq = ?1 AND coalesce(sender, ?2) = ?2 "
			    "AND coalesce(recipient, ?2) = ?2",
	[SQ_ARCHIVE_HIDE] = "UPDATE archive SET sender = nullif(sender, ?2), recipient = nullif(recipient, ?2) "
			    "WHERE seq = ?1",
	[SQ_LIST_PUT] = "INSERT OR REPLACE INTO archive_list (owner, first, last, entries) VALUES (?1, ?2, ?3, ?4)",
	[SQ_LIST_AT] = "SELECT first, entries FROM archive_list WHERE owner = ?1 AND first <= ?2 "
		       "ORDER BY first DESC LIMIT 1",
	[SQ_LIST_BEHIND] = "SELECT first, entries FROM archive_list WHERE owner = ?1 AND first > ?2 "
			   "ORDER BY first LIMIT 1",
	[SQ_LIST_DOWN] = "SELECT first, entries FROM archive_list WHERE owner = ?1 AND first < ?3 AND first >= "
			 "coalesce((SELECT max(first) FROM archive_list WHERE owner = ?1 AND first <= ?2), 0) "
			 "ORDER BY first DESC",
	[SQ_LIST_UP] = "SELECT first, entries FROM archive_list WHERE owner = ?1 AND first < ?3 AND first >= "
		       "coalesce((SELECT max(first) FROM archive_list WHERE owner = ?1 AND first <= ?2), 0) "
		       "ORDER BY first",
	[SQ_LIST_DELETE] = "DELETE FROM archive_list WHERE owner = ?1 AND first = ?2",
	[SQ_LIST_DELETE_TO] = "DELETE FROM archive_list WHERE owner = ?1 AND last <= ?2",
	[SQ_LIST_MARKS] = "SELECT part, seq FROM archive_listed",
	[SQ_LIST_MARK] = "INSERT OR REPLACE INTO archive_listed (part, seq) VALUES (?1, ?2)",
	[SQ_PREFS_LOAD] = "SELECT fallback, always, never FROM archive_prefs WHERE owner = ?1",
	[SQ_PREFS_PUT] = "INSERT OR REPLACE INTO archive_prefs (owner, fallback, always, never) VALUES (?1, ?2, ?3, ?4)",
	[SQ_PREFS_CLEAR] = "DELETE FROM archive_prefs WHERE owner = ?1",
	[SQ_SEEN_PUT] = "INSERT OR REPLACE INTO seen (owner, utc_us) SELECT ?1, ?2 "
		       "WHERE EXISTS (SELECT 1 FROM account WHERE jid = ?1 AND NOT removed)",
	[SQ_SEEN_GET] = "SELECT utc_us FROM seen WHERE owner = ?1",
	[SQ_SEEN_CLEAR] = "DELETE FROM seen WHERE owner = ?1",
	[SQ_VISIT_PUT] = "INSERT INTO visit (owner, login_us, logins, motd, welcomed) SELECT ?1, ?2, 1, '', 0 "
			 "WHERE EXISTS (SELECT 1 FROM account WHERE jid = ?1 AND NOT removed) "
			 "ON CONFLICT (owner) DO UPDATE SET login_us = ?2, logins = logins + 1",
	[SQ_VISIT_GREET] = "UPDATE visit SET motd = ?2, welcomed = 1 WHERE owner = ?1",
	[SQ_VISIT_GET] = "SELECT login_us, logins, motd, welcomed FROM visit WHERE owner = ?1",
	[SQ_VISIT_CLEAR] = "DELETE FROM visit WHERE owner = ?1",
	[SQ_NOTICE_PUT] = "INSERT OR REPLACE INTO notice (name, text, id, seq, utc_us) VALUES (?1, ?2, ?3, ?4, ?5)",
	[SQ_NOTICE_DELETE] = "DELETE FROM notice WHERE name = ?1",
	[SQ_NOTICE_ALL] = "SELECT name, text, id, seq, utc_us FROM notice",
	[SQ_SWITCH_PUT] = "INSERT OR REPLACE INTO lockdown (id, what, scope, name, versions, reason, made_by, excepted, start_us, "
			  "end_us) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
	[SQ_SWITCH_DELETE] = "DELETE FROM lockdown WHERE id = ?1",
	[SQ_SWITCH_ALL] = "SELECT id, what, scope, name, versions, reason, made_by, excepted, start_us, end_us FROM lockdown "
			  "ORDER BY start_us, id",
	[SQ_PRIVACY_PUT] = "INSERT OR REPLACE INTO privacy (owner, reach, last_activity) SELECT ?1, ?2, ?3 "
			   "WHERE EXISTS (SELECT 1 FROM account WHERE jid = ?1 AND NOT removed)",
	[SQ_PRIVACY_GET] = "SELECT reach, last_activity FROM privacy WHERE owner = ?1",
	[SQ_PRIVACY_CLEAR] = "DELETE FROM privacy WHERE owner = ?1",
	[SQ_SILENCE_PUT] = "INSERT OR REPLACE INTO silence (owner, cause, since_us, until_us, peace_ms, many, refused, told) SELECT ?1, "
			   "?2, ?3, ?4, ?5, ?6, ?7, ?8 WHERE EXISTS (SELECT 1 FROM account WHERE jid = ?1 AND NOT removed)",
	[SQ_SILENCE_CLEAR] = "DELETE FROM silence WHERE owner = ?1",
	[SQ_SILENCE_ALL] = "SELECT owner, cause, since_us, until_us, peace_ms, many, refused, told FROM silence",
	[SQ_IN_ROSTER] = "SELECT 1 FROM roster_item WHERE owner = ?1 AND contact = ?2 AND NOT hidden",
	[SQ_BLOCKS] = "SELECT 1 FROM block WHERE owner = ?1 AND (jid IN (?2, ?3, ?4, ?5) "
		       "OR substr(?4, -length(jid) - 1) = '.' || jid) LIMIT 1",
	[SQ_ROOM_ALL] = "SELECT jid, config, secret, subject, subject_from, subject_id, subject_seq, subject_us, "
			"subject_bare, vcard, created_us, saved_seq, creator FROM room ORDER BY jid",
	[SQ_ROOM_PUT] = "INSERT OR REPLACE INTO room (jid, config, secret, subject, subject_from, subject_id, "
			"subject_seq, subject_us, subject_bare, vcard, created_us, saved_seq, creator) "
			"VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
	[SQ_ROOM_DELETE] = "DELETE FROM room WHERE jid = ?1",
	[SQ_AFFILIATION_OF] = "SELECT jid, affiliation, nick, reason FROM room_affiliation WHERE room = ?1 "
			      "ORDER BY jid",
	[SQ_AFFILIATION_PUT] = "INSERT OR REPLACE INTO room_affiliation (room, jid, affiliation, nick, reason) "
			       "VALUES (?1, ?2, ?3, ?4, ?5)",
	[SQ_AFFILIATION_DELETE] = "DELETE FROM room_affiliation WHERE room = ?1 AND jid = ?2",
	[SQ_AFFILIATION_CLEAR] = "DELETE FROM room_affiliation WHERE room = ?1",
	[SQ_PRIVATE_GET] = "SELECT xml FROM private_xml WHERE owner = ?1 AND ns = ?2 AND name = ?3",
	[SQ_PRIVATE_ALL] = "SELECT xml FROM private_xml WHERE owner = ?1 ORDER BY ns, name",
	[SQ_PRIVATE_PUT] = "INSERT OR REPLACE INTO private_xml (owner, ns, name, xml) VALUES (?1, ?2, ?3, ?4)",
	[SQ_PRIVATE_BYTES] = "SELECT sum(length(CAST(xml AS BLOB)) + length(ns) + length(name)) FROM private_xml "
			     "WHERE owner = ?1",
	[SQ_PRIVATE_CLEAR] = "DELETE FROM private_xml WHERE owner = ?1",
	[SQ_VCARD_GET] = "SELECT photo, seq, time_us, id, xml FROM vcard WHERE owner = ?1",
	[SQ_PHOTO_GET] = "SELECT photo, seq, time_us, id, '' FROM vcard WHERE owner = ?1",
	[SQ_VCARD_PUT] = "INSERT OR REPLACE INTO vcard (owner, photo, seq, time_us, id, xml) VALUES (?1, ?2, ?3, ?4, "
			 "?5, ?6)",
	[SQ_VCARD_CLEAR] = "DELETE FROM vcard WHERE owner = ?1",
	[SQ_PEP_NODES] = "SELECT node, state FROM pep_node WHERE owner = ?1 ORDER BY node",
	[SQ_PEP_NODE_PUT] = "INSERT OR REPLACE INTO pep_node (owner, node, state) VALUES (?1, ?2, ?3)",
	[SQ_PEP_NODE_DELETE] = "DELETE FROM pep_node WHERE owner = ?1 AND node = ?2",
	[SQ_PEP_NODES_CLEAR] = "DELETE FROM pep_node WHERE owner = ?1",
	[SQ_PEP_ITEM_PUT] = "INSERT OR REPLACE INTO pep_item (owner, node, id, bytes, publisher, seq, time_us, "
			    "record_id, xml) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
	[SQ_PEP_ITEM_DELETE] = "DELETE FROM pep_item WHERE owner = ?1 AND node = ?2 AND id = ?3",
	[SQ_PEP_PURGE] = "DELETE FROM pep_item WHERE owner = ?1 AND node = ?2",
	[SQ_PEP_TRIM] = "DELETE FROM pep_item WHERE owner = ?1 AND node = ?2 AND item_id <= (SELECT item_id FROM "
			"pep_item WHERE owner = ?1 AND node = ?2 ORDER BY item_id DESC LIMIT 1 OFFSET ?3)",
	[SQ_PEP_BYTES] = "SELECT sum(bytes) FROM pep_item WHERE owner = ?1",
	[SQ_PEP_ITEMS_CLEAR] = "DELETE FROM pep_item WHERE owner = ?1",
	[SQ_PEP_ITEMS] = "SELECT * FROM (SELECT " PEP_ITEM " FROM pep_item WHERE owner = ?1 AND node = ?2 "
			 "ORDER BY item_id DESC LIMIT ?3) ORDER BY item_id",
	[SQ_PEP_ITEM_BY_ID] = "SELECT " PEP_ITEM " FROM pep_item WHERE owner = ?1 AND node = ?2 AND id = ?3",
	[SQ_PEP_LAST] = "SELECT " PEP_ITEM " FROM pep_item WHERE owner = ?1 AND node = ?2 "
			"ORDER BY item_id DESC LIMIT 1",
	[SQ_CAPS_GET] = "SELECT text FROM caps WHERE hash = ?1 AND ver = ?2",
	[SQ_CAPS_PUT] = "INSERT OR REPLACE INTO caps (hash, ver, text) VALUES (?1, ?2, ?3)",
	[SQ_CAPS_TRIM] = "DELETE FROM caps WHERE caps_id <= (SELECT caps_id FROM caps ORDER BY caps_id DESC LIMIT 1 "
			 "OFFSET ?1)",
	[SQ_INVITE_ALL] = INVITE "ORDER BY created_us, id",
	[SQ_INVITE_FIND] = INVITE "WHERE token_hash = ?1",
	[SQ_INVITE_ADD] = "INSERT INTO invite (token_hash, id, domain, jid, groups, made_by, created_us, expires_us) "
			  "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
	[SQ_INVITE_COUNT] = "SELECT count(*) FROM invite WHERE " INVITE_OPEN "AND expires_us > ?1",
	[SQ_INVITE_COUNT_BY] = "SELECT count(*) FROM invite WHERE made_by = ?2 AND " INVITE_OPEN "AND expires_us > ?1",
	[SQ_INVITE_TAKEN] = "SELECT 1 WHERE EXISTS (SELECT 1 FROM account WHERE jid = ?1) OR EXISTS ("
			    "SELECT 1 FROM invite WHERE jid = ?1 AND token_hash <> ?2 AND " INVITE_OPEN
			    "AND expires_us > ?3)",
	[SQ_INVITE_REVOKE] = "UPDATE invite SET revoked_us = ?2 WHERE id = ?1 AND " INVITE_OPEN "AND expires_us > ?2",
	[SQ_INVITE_USE] = "UPDATE invite SET used_us = ?3, used_by = ?2 WHERE token_hash = ?1 AND " INVITE_OPEN,
	[SQ_INVITE_FORGET] = "DELETE FROM invite WHERE expires_us < ?1",
	/* What is not known this time stays as it was. `addresses` are the last ones, each with a space before it and the
	 * newest first, cut off behind 600 characters: a network that comes back later than that counts again. */
	[SQ_CLIENT_NOTE] =
		"INSERT INTO client SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, '', ?18, ?9, ?10, ?11, ?12, ?13, ?14, ?15, "
		"' ' || ?16 || CASE ?16 WHEN '' THEN '' ELSE ' ' END, ?16 <> '', ?18, ?18, ?17, ?19, ?20, ?21, ?22, ?23, ?24, ?25 "
		"WHERE EXISTS (SELECT 1 FROM account WHERE jid = ?1 AND NOT removed) "
		"ON CONFLICT (owner, key) DO UPDATE SET class = ?3, basis = ?4, confidence = ?5, contradictions = ?6, "
		"product = CASE ?7 WHEN '' THEN product ELSE ?7 END, "
		"version_before = CASE WHEN ?8 IN ('', version) OR version = '' THEN version_before ELSE version END, "
		"version_us = CASE WHEN ?8 IN ('', version) THEN version_us ELSE ?18 END, "
		"version = CASE ?8 WHEN '' THEN version ELSE ?8 END, "
		"os = CASE ?9 WHEN '' THEN os ELSE ?9 END, device = CASE ?10 WHEN '' THEN device ELSE ?10 END, "
		"caps = CASE ?11 WHEN '' THEN caps ELSE ?11 END, node = CASE ?12 WHEN '' THEN node ELSE ?12 END, "
		"agent = ?13, ja4 = CASE ?14 WHEN '' THEN ja4 ELSE ?14 END, resource = ?15, "
		"networks = networks + (?16 <> '' AND instr(addresses, ' ' || ?16 || ' ') = 0), "
		"addresses = CASE WHEN ?16 = '' THEN addresses "
		"ELSE substr(' ' || ?16 || replace(addresses, ' ' || ?16 || ' ', ' '), 1, 600) END, "
		"last_us = max(last_us, ?18), sessions = sessions + ?17, messages = messages + ?19, rooms = rooms + ?20, "
		"files = files + ?21, calls = calls + ?22, auth = CASE ?23 WHEN 0 THEN auth ELSE ?23 END, "
		"mechanism = CASE ?24 WHEN '' THEN mechanism ELSE ?24 END, tls = CASE ?24 WHEN '' THEN tls ELSE ?25 END",
	[SQ_CLIENT_PART] = "UPDATE client SET sessions = sessions - 1 WHERE owner = ?1 AND key = ?2 AND sessions > 0",
	[SQ_CLIENT_MERGE] =
		"UPDATE client SET first_us = min(client.first_us, w.first_us), messages = client.messages + w.messages, "
		"rooms = client.rooms + w.rooms, files = client.files + w.files, calls = client.calls + w.calls "
		"FROM (SELECT first_us, messages, rooms, files, calls FROM client WHERE owner = ?1 AND key = ?2 "
		"AND sessions = 0) AS w WHERE owner = ?1 AND key = ?3",
	[SQ_CLIENT_DROP] = "DELETE FROM client WHERE owner = ?1 AND key = ?2 AND sessions = 0",
	[SQ_CLIENT_COUNT] = "SELECT count(*) FROM client WHERE owner = ?1",
	[SQ_CLIENT_TRIM] = "DELETE FROM client WHERE owner = ?1 AND key IN (SELECT key FROM client WHERE owner = ?1 "
			   "ORDER BY last_us DESC, key LIMIT -1 OFFSET ?2)",
	[SQ_CLIENT_SWEEP] = "DELETE FROM client WHERE last_us < ?1",
	[SQ_CLIENT_CLEAR] = "DELETE FROM client WHERE owner = ?1",
	[SQ_CLIENT_LIST] = CLIENT "WHERE (owner, key) > (?1, ?2) AND (?3 = '' OR product = ?3 COLLATE NOCASE) "
				  "AND (?4 = '' OR agent = ?4) AND last_us >= ?5 ORDER BY owner, key LIMIT ?6",
	[SQ_CLIENT_OF] = CLIENT "WHERE owner = ?1 AND key > ?2 AND (?3 = '' OR product = ?3 COLLATE NOCASE) "
				"AND (?4 = '' OR agent = ?4) AND last_us >= ?5 ORDER BY key LIMIT ?6",
	[SQ_CAPS_CLIENT_GET] = "SELECT product, version, state, varies FROM caps_client WHERE hash = ?1",
	[SQ_CAPS_CLIENT_ADD] = "INSERT INTO caps_client (hash, product, version, os, node, state, varies, contradicted, "
			       "first_us, last_us) VALUES (?1, ?2, ?3, ?4, ?5, 0, 0, 0, ?6, ?6)",
	[SQ_CAPS_CLIENT_SEE] = "UPDATE caps_client SET last_us = max(last_us, ?2), contradicted = contradicted + ?3, "
			       "varies = max(varies, ?4), version = CASE WHEN ?4 AND state = 0 THEN '' ELSE version END "
			       "WHERE hash = ?1",
	[SQ_CAPS_CLIENT_PUT] =
		"INSERT INTO caps_client (hash, product, version, os, node, state, varies, contradicted, first_us, last_us) "
		"VALUES (?1, ?2, ?3, ?4, '', ?5, 0, 0, ?6, ?6) ON CONFLICT (hash) DO UPDATE SET "
		"product = CASE ?2 WHEN '' THEN product ELSE ?2 END, version = CASE ?2 WHEN '' THEN version ELSE ?3 END, "
		"os = CASE ?4 WHEN '' THEN os ELSE ?4 END, state = ?5",
	[SQ_CAPS_CLIENT_DELETE] = "DELETE FROM caps_client WHERE hash = ?1",
	[SQ_CAPS_CLIENT_TRIM] = "DELETE FROM caps_client WHERE state = 0 AND hash IN (SELECT hash FROM caps_client "
				"ORDER BY state > 0 DESC, last_us DESC, hash LIMIT -1 OFFSET ?1)",
	[SQ_CAPS_CLIENT_ALL] =
		"SELECT hash, product, version, os, node, state, varies, contradicted, first_us, last_us, "
		"(SELECT count(*) FROM caps_voucher v WHERE v.hash = c.hash) FROM caps_client c ORDER BY product, version, hash",
	[SQ_VOUCHER_ADD] = "INSERT OR IGNORE INTO caps_voucher SELECT ?1, ?2 WHERE "
			   "EXISTS (SELECT 1 FROM account WHERE jid = ?2 AND NOT removed) AND "
			   "(SELECT count(*) FROM caps_voucher WHERE hash = ?1) < ?3",
	[SQ_VOUCHER_CLEAR] = "DELETE FROM caps_voucher WHERE owner = ?1",
	[SQ_VOUCHER_ORPHANS] = "DELETE FROM caps_voucher WHERE NOT EXISTS (SELECT 1 FROM caps_client c WHERE c.hash = "
			       "caps_voucher.hash)",
	[SQ_POSTURE_PUT] = "INSERT OR REPLACE INTO posture (taken_us, product, baseline, seen, above, excepted) "
			   "VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
	[SQ_POSTURE_TRIM] = "DELETE FROM posture WHERE taken_us < ?1",
	[SQ_POSTURE_ALL] = "SELECT taken_us, product, baseline, seen, above, excepted FROM posture WHERE taken_us >= ?1 "
			   "ORDER BY taken_us, product",
	[SQ_REFUSAL_AGAIN] = "UPDATE refusal SET count = count + ?9, last_us = max(last_us, ?7), reason = ?8 WHERE kind = ?1 AND owner = ?2 "
			     "AND address = ?3 AND product = ?4 AND version = ?5 AND rule = ?6",
	[SQ_REFUSAL_ADD] = "INSERT INTO refusal VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?8, ?9, ?7, ?7)",
	[SQ_REFUSAL_TRIM] = "DELETE FROM refusal WHERE kind = ?2 AND (SELECT count(*) FROM refusal WHERE kind = ?2) > ?1 AND last_us <= "
			    "(SELECT last_us FROM refusal WHERE kind = ?2 ORDER BY last_us DESC LIMIT 1 OFFSET ?1 - ?1 / 16)",
	[SQ_REFUSAL_CLEAR] = "DELETE FROM refusal WHERE owner = ?1",
	[SQ_REFUSAL_ALL] = "SELECT kind, owner, address, product, version, rule, reason, count, first_us, last_us FROM refusal "
			   "WHERE last_us >= ?1 ORDER BY last_us DESC, owner LIMIT ?2",
	[SQ_MAIL_ADD] = "INSERT INTO mail (id, purpose, about, stage, person, jid, address, language, subject, body, state, "
			"created_us, due_us) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, 0, ?11, ?12)",
	[SQ_MAIL_TOLD] = "SELECT count(*) FROM mail WHERE person = ?1 AND purpose = ?2 AND about = ?3 AND stage = ?4 AND "
			 "address = ?5 AND created_us >= ?6",
	[SQ_MAIL_OPEN_COUNT] = "SELECT count(*) FROM mail WHERE state = 0",
	[SQ_MAIL_FORGET] = "DELETE FROM mail WHERE state <> 0 AND created_us < ?1",
	[SQ_MAIL_CLEAR] = "DELETE FROM mail WHERE jid = ?1",
	[SQ_MAIL_MARK] = "UPDATE mail SET state = ?2, tries = ?3, error = ?4, due_us = ?5, ended_us = ?6, "
			 "body = CASE WHEN ?2 IN (1, 3) THEN '' ELSE body END WHERE id = ?1",
	[SQ_MAIL_RETRY] = "UPDATE mail SET state = 0, tries = 0, due_us = ?2, created_us = CASE WHEN state = 0 THEN created_us "
			  "ELSE ?2 END, ended_us = 0 WHERE (?1 = '' OR id = ?1) AND state IN (0, 2)",
	[SQ_MAIL_DROP] = "UPDATE mail SET state = 3, error = '', body = '', ended_us = ?2 WHERE (?1 = '' OR id = ?1) AND "
			 "state IN (0, 2)",
	[SQ_MAIL_DUE] = MAIL ", body FROM mail WHERE state = 0 AND due_us <= ?1 ORDER BY due_us LIMIT ?2",
	[SQ_MAIL_LIST] = MAIL ", '' FROM mail WHERE (?1 < 0 OR state = ?1) AND (?2 = 0 OR mail_id < (SELECT mail_id FROM mail "
			      "WHERE id = ?4)) ORDER BY mail_id DESC LIMIT ?3",
	[SQ_MAIL_GET] = MAIL ", body FROM mail WHERE id = ?1",
	[SQ_MAIL_COUNT] = "SELECT state, count(*), min(due_us) FROM mail GROUP BY state",
	[SQ_TOKEN_FIND] = "SELECT mechanism, seed, issued_us, expires_us, count, fresh FROM token "
			  "WHERE owner = ?1 AND key = ?2 ORDER BY fresh DESC",
	[SQ_TOKEN_USE] = "UPDATE token SET fresh = 0, count = max(count, ?5) WHERE owner = ?1 AND key = ?2 AND seed = ?3 "
			 "AND (NOT ?4 OR count < ?5)",
	[SQ_TOKEN_PAST] = "DELETE FROM token WHERE owner = ?1 AND key = ?2 AND seed <> ?3 AND NOT fresh",
	[SQ_TOKEN_PUT] = "INSERT INTO token (owner, key, seed, fresh, mechanism, issued_us, expires_us, count) "
			 "SELECT ?1, ?2, ?3, 1, ?4, ?5, ?6, 0 WHERE EXISTS (SELECT 1 FROM account WHERE jid = ?1 AND NOT removed "
			 "AND NOT disabled AND (coalesce(length(?7), 0) = 0 OR EXISTS (SELECT 1 FROM verifier WHERE "
			 "verifier.account_id = account.account_id AND salt = ?7)))",
	[SQ_TOKEN_DROP] = "DELETE FROM token WHERE owner = ?1 AND key = ?2 AND (?3 = 0 OR fresh)",
	[SQ_TOKEN_CLEAR] = "DELETE FROM token WHERE owner = ?1",
	[SQ_CLIENT_LEAVE] = "UPDATE client SET auth = 0 WHERE owner = ?1 AND auth < 3",
	[SQ_CLIENT_REVOKE] = "UPDATE client SET auth = 0 WHERE owner = ?1 AND key = ?2",
	[SQ_DEVICE_LIST] =
		"SELECT c.key AS key, product, version, os, device, agent, resource, addresses, first_us, c.last_us AS last_us, "
		"sessions, coalesce(t.until_us, 0), auth FROM client c LEFT JOIN "
		"(SELECT key, max(expires_us) AS until_us FROM token WHERE owner = ?1 AND expires_us > ?2 GROUP BY key) AS t "
		"ON c.key = 'agent:' || t.key WHERE c.owner = ?1 "
		"UNION ALL SELECT 'agent:' || t.key, '', '', '', '', t.key, '', '', min(t.issued_us), max(t.issued_us), 0, "
		"max(t.expires_us), 0 FROM token t WHERE t.owner = ?1 AND t.expires_us > ?2 AND NOT EXISTS "
		"(SELECT 1 FROM client c WHERE c.owner = ?1 AND c.key = 'agent:' || t.key) GROUP BY t.key "
		"ORDER BY last_us DESC, key",
	[SQ_DEVICE_SEEN] = "UPDATE device SET last_us = max(last_us, ?3) WHERE owner = ?1 AND key = ?2",
	[SQ_DEVICE_ADD] = "INSERT INTO device (owner, key, product, device, address, first_us, last_us, untold, waits_us) "
			  "SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?6, ?7, ?8 WHERE EXISTS (SELECT 1 FROM account WHERE jid = ?1 AND NOT removed)",
	[SQ_DEVICE_GET] = "SELECT first_us, untold, waits_us FROM device WHERE owner = ?1 AND key = ?2",
	/* all; networks; new ones since ?2; those nobody was told of, met after ?3 */
	[SQ_DEVICE_COUNT] = "SELECT count(*), coalesce(sum(key >= 'network:' AND key < 'network;'), 0), "
			    "coalesce(sum(first_us > ?2 AND product || device || address <> ''), 0), "
			    "coalesce(sum(untold AND first_us > ?3), 0) FROM device WHERE owner = ?1",
	[SQ_DEVICE_UNTOLD] = "SELECT owner, key, product, device, address, first_us, waits_us FROM device WHERE owner = ?1 AND untold AND "
			     "first_us > ?2 ORDER BY first_us, key LIMIT 10",
	[SQ_DEVICE_TOLD] = "UPDATE device SET untold = 0 WHERE owner = ?1 AND key = ?2",
	/* One row for what arrived together: that of which something is said. */
	[SQ_DEVICE_WAITING] = "SELECT owner, key, product, device, address, first_us, waits_us, "
			      "min(first_us + (address = '') * 4611686018427387904) FROM device WHERE waits_us > 0 AND owner = ?1 "
			      "AND (?2 = 0 OR waits_us = ?2) GROUP BY waits_us ORDER BY waits_us LIMIT 10000",
	[SQ_DEVICE_WAITING_ALL] = "SELECT owner, key, product, device, address, first_us, waits_us, "
				  "min(first_us + (address = '') * 4611686018427387904) FROM device WHERE waits_us > 0 AND ?2 = 0 "
				  "AND ?1 = '' GROUP BY owner, waits_us ORDER BY waits_us, owner LIMIT 10000",
	[SQ_DEVICE_CONFIRM] = "UPDATE device SET waits_us = 0 WHERE owner = ?1 AND waits_us = ?2",
	[SQ_DEVICE_REFUSE] = "DELETE FROM token WHERE owner = ?1 AND key IN (SELECT substr(key, 7) FROM device WHERE owner = ?1 "
			     "AND waits_us = ?2 AND key >= 'agent:' AND key < 'agent;')",
	[SQ_DEVICE_DROP] = "DELETE FROM device WHERE owner = ?1 AND key = ?2",
	[SQ_DEVICE_TRIM] = "DELETE FROM device WHERE owner = ?1 AND key IN (SELECT key FROM device WHERE owner = ?1 "
			   "ORDER BY key IN (?3, ?4) DESC, waits_us > 0, last_us DESC, key LIMIT -1 OFFSET ?2)",
	[SQ_DEVICE_SWEEP] = "DELETE FROM device WHERE last_us < ?1",
	[SQ_DEVICE_CLEAR] = "DELETE FROM device WHERE owner = ?1",
	[SQ_TOKEN_TRIM] = "DELETE FROM token WHERE owner = ?1 AND key IN (SELECT key FROM token WHERE owner = ?1 GROUP BY key "
			  "ORDER BY max(issued_us) DESC, key LIMIT -1 OFFSET ?2)",
};
