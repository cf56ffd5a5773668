/* A store being made anew from the record (cli/rebuild.h), for the files that do it: entries as they are read, who there is,
 * rows on their way to the store. */
#pragma once

#include <jansson.h>

#include "account/verifier.h"
#include "base/map.h"
#include "cli/people.h"
#include "cli/progress.h"
#include "record/line.h"
#include "record/record.h"
#include "stanza/node.h"

enum {
	BATCH_ROWS = 2048,
	PUTS = 3, /* batches on their way to the store */
	KEEPS = 256, /* waiting messages on their way: the store puts them down together */
	NAMED_MAX = 20, /* addresses that the report names */
	NOTICES = 4,    /* what the store keeps of administrators' words: store_notice_put */
	NOTICE_FORMS = 64, /* the last forms, whose acts may be still to come */
};

/* A message nobody is known to have got. */
struct waiting {
	uint64_t seq, serial;
	uint64_t to; /* map_hash() of the bare address of whom it waits for */
};

/* How administrators have left an account. */
struct standing {
	bool disabled, removed;
	bool password;   /* set since the copy, which has the one before */
	json_t *changes; /* since the copy: members of user.change; may be NULL */
};

struct somebody {
	char id[PERSON_ID_LEN + 1];
	uint64_t created_us, seq; /* of the line that announced it; 0: it was in the copy */
	bool known, was_disabled; /* the store has it; as the copy says */
	struct standing now, before; /* before the act of line `act` */
	uint64_t act;
	struct str groups, copied; /* a name a line: now, and those of the copy */
	size_t len;
	char jid[];
};

/* A form of an administrator; values NULL: none. */
struct notice_form {
	char id[RECORD_ID];
	uint64_t seq, time_us;
	json_t *values; /* of its one field that counts */
};

/* What such a form set since the copy; text NULL: nothing did. And what was before the act of line `act`. */
struct notice {
	struct str name;
	json_t *text, *before;
	struct notice_form form, form_before;
	uint64_t act;
};

struct put {
	struct store_req req;
	bool asked;
	size_t len;
};

struct said {
	struct line_head head;
	struct buf id, from, to, nick, stanza, deliver; /* unescaped */
	struct str kind, action, of, command;
	struct buf target, text;
	uint64_t of_seq, serial;
	bool room, members, undone; /* members: somebody was in it */
};

struct rebuild {
	struct cli *cli;
	struct people people;
	struct said entry;
	struct map waiting, persons, rooms;
	struct arena *names; /* of groups */
	struct buf passwords; /* whose passwords were set since the copy */
	struct notice notices[NOTICES];
	struct notice_form forms[NOTICE_FORMS];
	unsigned forms_at;
	struct switch_act *switch_acts; /* owned */
	size_t switch_acts_len;
	struct put put[PUTS];
	unsigned put_at;
	struct store_req keep[KEEPS];
	unsigned keep_at;
	unsigned judge; /* STORE_VIEW_JUDGE when somebody's wishes are known */
	struct buf scratch;
	struct progress progress;
	struct buf past_owner; /* whose history an import brings; past_us: the time of its first message */
	uint64_t past_us;
	struct buf subject, subject_from, subject_room; /* that an import brings; empty: none */
	uint64_t last_seq, first_seq, serial;
	uint64_t applied; /* up to this line all is in the copy */
	uint64_t lines, messages, rows, offline, rooms_left, no_stanza, took_ms;
	size_t accounts_made, accounts_changed, passwords_set, invites_closed, notices_left;
	size_t switches, switches_left; /* that are on now; acts that cannot be read */
	int failed;
	bool second;
};

/* Says why, once. The exit code, also in b->failed. */
int rebuild_failed(struct rebuild *b, const char *what);

/* The stanza as it was to arrive. */
struct str rebuild_delivered(const struct said *e);

/* The members of a line into b->entry. False: it cannot be read. */
[[nodiscard]] bool rebuild_entry_read(struct rebuild *b, struct line_scan scan);

/* ---- who there is (rebuild_people.c) ---- */

/* NULL: nobody is known by that address. */
struct somebody *rebuild_person(struct rebuild *b, struct str jid);
/* The same, of somebody who is still there. */
struct somebody *rebuild_living(struct rebuild *b, struct str jid);
/* What b->entry, an administrator's act, says of accounts. */
void rebuild_take_act(struct rebuild *b);
/* Those of the copy; and into the store, those it lacks, and what became of the others. 0 or an exit code. */
[[nodiscard]] int rebuild_known_persons(struct rebuild *b);
[[nodiscard]] int rebuild_make_persons(struct rebuild *b);
/* Whether an invitation was used since the copy cannot be told from it: all are closed. */
[[nodiscard]] int rebuild_close_invites(struct rebuild *b);
void rebuild_persons_done(struct rebuild *b);

/* ---- what they said to everybody, and whom they shut out (rebuild_notices.c) ---- */

/* b->entry may be a form of theirs; is an act of theirs. */
void rebuild_notice_form(struct rebuild *b);
void rebuild_notice_act(struct rebuild *b);
[[nodiscard]] int rebuild_put_notices(struct rebuild *b);
void rebuild_notices_done(struct rebuild *b);

/* ---- what was switched off (rebuild_lockdown.c) ---- */

/* b->entry is an act. */
void rebuild_switch_act(struct rebuild *b);
/* All of them, in order; then those that are on are counted. One whose time is over ends when the server starts. */
[[nodiscard]] int rebuild_put_switches(struct rebuild *b);
void rebuild_switches_done(struct rebuild *b);

/* ---- rows on their way (rebuild_rows.c) ---- */

/* All copy. 0 or an exit code. */
[[nodiscard]] int rebuild_put_row(struct rebuild *b, const struct store_archived *row);
[[nodiscard]] int rebuild_put_all(struct rebuild *b);
/* A message that waits for its recipient: that of b->entry. */
[[nodiscard]] int rebuild_keep(struct rebuild *b, const struct node *stanza);
[[nodiscard]] int rebuild_keep_all(struct rebuild *b);

/* ---- rooms (rebuild_rooms.c) ---- */

[[nodiscard]] int rebuild_known_rooms(struct rebuild *b);
/* b->entry was said to a room. */
[[nodiscard]] int rebuild_room_entry(struct rebuild *b);
/* No server runs: a room of that address that does not stay has ended. */
[[nodiscard]] int rebuild_room_end(struct rebuild *b, struct str jid);
/* b->entry says that an import has made one. */
[[nodiscard]] int rebuild_room_made(struct rebuild *b);
[[nodiscard]] int rebuild_save_rooms(struct rebuild *b);
void rebuild_rooms_done(struct rebuild *b);

/* ---- what imports brought (rebuild_past.c) ---- */

[[nodiscard]] int rebuild_past(struct rebuild *b);
void rebuild_past_item(struct rebuild *b);
