-- A store of version 1 as it lies on disks: never edited. Later versions are reached from it.
CREATE TABLE schema (version INTEGER PRIMARY KEY, since_us INTEGER NOT NULL);
INSERT INTO schema VALUES (1, 1);
CREATE TABLE meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
INSERT INTO meta VALUES ('applied_seq', 0);
CREATE TABLE account (
  account_id INTEGER PRIMARY KEY,
  person_id TEXT NOT NULL UNIQUE,
  jid TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL, mail TEXT NOT NULL, language TEXT NOT NULL, department TEXT NOT NULL,
  groups TEXT NOT NULL,
  disabled INTEGER NOT NULL DEFAULT 0, removed INTEGER NOT NULL DEFAULT 0,
  created_us INTEGER NOT NULL);
CREATE TABLE verifier (
  account_id INTEGER NOT NULL, kind INTEGER NOT NULL, iterations INTEGER NOT NULL,
  salt BLOB NOT NULL, stored_key BLOB NOT NULL, server_key BLOB NOT NULL,
  PRIMARY KEY (account_id, kind)) WITHOUT ROWID;
CREATE TABLE roster (owner TEXT PRIMARY KEY, version INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE roster_item (
  owner TEXT NOT NULL, contact TEXT NOT NULL, name TEXT NOT NULL, groups TEXT NOT NULL,
  subscription INTEGER NOT NULL, ask INTEGER NOT NULL, approved INTEGER NOT NULL, hidden INTEGER NOT NULL,
  pending_in TEXT NOT NULL,
  PRIMARY KEY (owner, contact)) WITHOUT ROWID;
CREATE TABLE block (owner TEXT NOT NULL, jid TEXT NOT NULL, PRIMARY KEY (owner, jid)) WITHOUT ROWID;
CREATE TABLE message (
  message_id INTEGER PRIMARY KEY,
  owner TEXT NOT NULL, id TEXT NOT NULL, queue INTEGER NOT NULL, seq INTEGER NOT NULL,
  session TEXT NOT NULL, time_us INTEGER NOT NULL, sender TEXT NOT NULL, kind INTEGER NOT NULL,
  xml TEXT NOT NULL, UNIQUE (owner, id));
CREATE INDEX message_order ON message (owner, queue, seq);
CREATE INDEX message_spool ON message (owner) WHERE queue = 1;
