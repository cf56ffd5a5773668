/* The record is read twice, by the reader, in order:
 *
 *   1  content -> rows of archives, in large batches while the next ones are read
 *      content -> waits for its recipient, until `delivered` or `fetched` names it with one of his sessions
 *      admin   -> which accounts there are, with their person ids; what is switched off; what imports brought
 *      what was said to rooms -> their archives, and how they are set (rebuild_rooms.c)
 *   2  from the first message that still waits: what waits -> offline queues
 *
 * Memory: what waits at one time, and the accounts. What is not of the record is said at the end. */
#include "cli/rebuild.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/amount.h"
#include "cli/backup.h"
#include "cli/past.h"
#include "cli/reading.h"
#include "cli/rebuild_private.h"
#include "cli/witness.h"
#include "jid/jid.h"
#include "route/history_kind.h"
#include "route/reread.h"
#include "stanza/ns.h"
#include "stanza/xml_out.h"
#include "store/copy.h"

enum {
	READ_BYTES = 1 << 20,
};

int rebuild_failed(struct rebuild *b, const char *what)
{
	if (!b->failed)
		b->failed = cli_fail(b->cli, CLI_INTERNAL, "the lines above say why; begin anew with the store's file moved away",
			"%s", what);
	return b->failed;
}

/* ---- what waits ---- */

static struct str seq_key(const uint64_t *seq)
{
	return str_of((const char *)seq, sizeof(*seq));
}

static int wait_add(struct rebuild *b, uint64_t seq, struct str to)
{
	struct waiting *w = malloc(sizeof(*w));

	if (!w)
		return rebuild_failed(b, "memory is out");
	*w = (struct waiting){.seq = seq, .serial = b->serial, .to = map_hash(to)};
	if (map_put(&b->waiting, seq_key(&w->seq), w) == 0)
		return 0;
	free(w);
	return rebuild_failed(b, "memory is out");
}

/* Its author's sessions get copies of it, too, and his history has it: that says nothing of whom it is for. */
static bool is_for(struct rebuild *b, const struct waiting *w, struct str who)
{
	buf_clear(&b->scratch);
	return line_unescape(who, &b->scratch) && w->to == map_hash(jid_split(buf_view(&b->scratch)).bare);
}

static int take_outcome(struct rebuild *b)
{
	struct str who;
	uint64_t seq;
	size_t at = 0;
	int r;

	while ((r = line_next_pair(b->entry.of, &at, &seq, &who)) > 0) {
		struct waiting *w = map_get(&b->waiting, seq_key(&seq));

		if (!w || !is_for(b, w, who))
			continue;
		map_del(&b->waiting, seq_key(&seq));
		free(w);
	}
	return r < 0 ? rebuild_failed(b, "a line of the record cannot be read") : 0;
}

/* ---- messages ---- */

struct str rebuild_delivered(const struct said *e)
{
	return e->deliver.len ? buf_view(&e->deliver) : buf_view(&e->stanza);
}

/* Also what stands in no archive may take something back. */
static int archive_message(struct rebuild *b, const struct node *stanza)
{
	struct said *e = &b->entry;
	struct jid to = jid_split(buf_view(&e->to));
	struct str type = node_attr(stanza, STR("type"));
	struct store_archived row = {.seq = e->head.seq,
		.id = buf_view(&e->id),
		.time_us = line_time_us(e->head.time),
		.from = buf_view(&e->from),
		.to = buf_view(&e->to),
		.views = b->judge};
	struct buf stone = BUF_INIT(0);
	int r = 0;

	if (history_takes(type, stanza))
		row.views |= STORE_VIEW_SENDER | (rebuild_living(b, to.bare) ? STORE_VIEW_RECIPIENT : 0);
	history_read(&row, type, stanza, true, &stone);
	buf_clear(&b->scratch);
	xml_put(&b->scratch, stanza, NS_CLIENT);
	row.xml = buf_view(&b->scratch);
	if (row.views != b->judge || row.retracts.len)
		r = rebuild_put_row(b, &row);
	buf_done(&stone);
	return r;
}

static bool may_wait(struct rebuild *b, const struct node *stanza)
{
	struct str type = node_attr(stanza, STR("type"));

	return rebuild_living(b, jid_split(buf_view(&b->entry.to)).bare) && !node_child(stanza, STR("no-store"), NS_HINTS) &&
	       (!type.len || str_is(type, "normal") || str_is(type, "chat"));
}

static int message_first(struct rebuild *b, const struct node *stanza)
{
	struct jid to = jid_split(buf_view(&b->entry.to));
	int r = 0;

	b->messages++;
	if (!jid_is_domain(&to))
		r = archive_message(b, stanza);
	return r || !may_wait(b, stanza) ? r : wait_add(b, b->entry.head.seq, to.bare);
}

static int take_content(struct rebuild *b)
{
	struct said *e = &b->entry;
	struct arena *arena = NULL;
	struct node *stanza;
	int r;

	if (str_is(e->action, "block"))
		return 0;
	if (e->room)
		return b->second ? 0 : rebuild_room_entry(b);
	if (!b->second && str_is(e->kind, "iq"))
		rebuild_notice_form(b);
	if (!str_is(e->kind, "message"))
		return 0;
	stanza = reread_stanza(rebuild_delivered(e), &arena);
	if (!stanza) {
		b->no_stanza += !b->second;
		return 0;
	}
	if (!b->second)
		r = message_first(b, stanza);
	else
		r = may_wait(b, stanza) ? rebuild_keep(b, stanza) : 0; /* he may have been removed since */
	arena_free(arena);
	return r;
}

/* ---- lines ---- */

static int take_admin(struct rebuild *b)
{
	struct str command = b->entry.command;

	if (str_is(command, PAST_COMMAND))
		return rebuild_past(b);
	if (str_is(command, "import.room"))
		return rebuild_room_made(b);
	if (str_is(command, "import.item")) {
		rebuild_past_item(b);
	} else if (str_is(command, "import")) {
		buf_clear(&b->past_owner); /* it begins */
	} else {
		rebuild_take_act(b);
		rebuild_notice_act(b);
		rebuild_switch_act(b);
	}
	return 0;
}

static int take_line(struct rebuild *b, struct str line)
{
	struct line_scan scan;
	struct said *e = &b->entry;
	enum event type;

	if (line_read_head(&scan, line, &e->head))
		return rebuild_failed(b, "a line of the record cannot be read: see 'gatehouse record verify'");
	type = e->head.type;
	if (!b->lines++ && !b->second)
		b->first_seq = e->head.seq;
	b->last_seq = e->head.seq;
	if (b->second && (type != EVENT_CONTENT || !map_get(&b->waiting, seq_key(&e->head.seq))))
		return 0;
	if (type != EVENT_CONTENT && type != EVENT_DELIVERED && type != EVENT_FETCHED && type != EVENT_ADMIN &&
		type != EVENT_SEGMENT)
		return 0;
	if (!rebuild_entry_read(b, scan))
		return rebuild_failed(b, "a line of the record cannot be read: see 'gatehouse record verify'");
	if (type == EVENT_CONTENT)
		return take_content(b);
	if (type == EVENT_ADMIN)
		return take_admin(b);
	if (type != EVENT_SEGMENT)
		return take_outcome(b);
	b->serial = e->serial;
	return 0;
}

/* All lines of a stream; the last one is "end". */
static int take_lines(struct rebuild *b, int fd)
{
	struct buf in = BUF_INIT(LINE_MAX_BYTES + 2 * READ_BYTES);
	bool end = false;
	ssize_t n = 1;
	int r = 0;

	while (!r && !end && n > 0) {
		char *room = buf_room(&in, READ_BYTES);
		size_t from = 0, to;

		n = room ? read(fd, room, READ_BYTES) : -1;
		if (n < 0 && errno == EINTR && room) {
			n = 1;
			continue;
		}
		in.len += n > 0 ? (size_t)n : 0;
		while (!r && !end && (to = str_find(buf_view(&in), '\n', from)) < in.len) {
			struct str line = str_cut(buf_view(&in), from, to);

			end = str_is(line, "end");
			r = end ? 0 : take_line(b, line);
			from = to + 1;
		}
		buf_shift(&in, from);
		progress_at(&b->progress, (size_t)b->messages);
	}
	buf_done(&in);
	return r ? r : end ? 0 : CLI_INTERNAL;
}

static int pass(struct rebuild *b, uint64_t serial)
{
	json_t *argv = json_array();
	struct reading *reading = NULL;
	char word[64];
	int r, ended;

	snprintf(word, sizeof(word), "--have-first=%" PRIu64, serial);
	json_array_append_new(argv, json_string(word));
	r = reading_open(&reading, b->cli, b->people.settings, NULL, "lines", argv);
	if (!r) {
		r = take_lines(b, reading_fd(reading));
		ended = reading_close(reading);
		r = b->failed ? b->failed : ended ? ended : r;
	}
	json_decref(argv);
	return r;
}

/* ---- the copy of the store ---- */

/* What the copy says waits, and the record says has been received since. */
static int drop_received(struct rebuild *b, struct str owner)
{
	struct store_req req, del;
	int r;

	store_req_init(&req, NULL, NULL);
	store_req_init(&del, NULL, NULL);
	r = store_message_load(b->people.store, &req, STORE_OFFLINE, owner, 0, 0);
	if (!r)
		r = store_wait(&req);
	for (size_t i = 0; !r && i < req.messages->len; i++) {
		const struct store_message *m = &req.messages->rows[i];

		if (m->seq < b->first_seq || map_get(&b->waiting, seq_key(&m->seq)))
			continue;
		r = store_message_delete(b->people.store, &del, owner, &m->id, 1, 0);
		if (!r)
			r = store_wait(&del);
	}
	store_req_release(&req);
	store_req_release(&del);
	return r ? rebuild_failed(b, "waiting messages of the copy cannot be gone through") : 0;
}

static int drop_all_received(struct rebuild *b)
{
	struct store_req req;
	int r;

	store_req_init(&req, NULL, NULL);
	r = store_message_unspool(b->people.store, &req, STR(""), STR(""));
	if (!r)
		r = store_wait(&req);
	if (!r)
		r = store_message_owners(b->people.store, &req, STORE_OFFLINE);
	if (!r)
		r = store_wait(&req);
	if (r)
		rebuild_failed(b, "waiting messages of the copy cannot be gone through");
	for (size_t i = 0; !r && i < req.messages->len; i++)
		r = drop_received(b, req.messages->rows[i].owner);
	store_req_release(&req);
	return r ? b->failed : 0;
}

/* --store names a store's file or a backup. */
static int copy_store(struct rebuild *b, const char *from)
{
	const char *to = b->people.settings->store_file.data;
	struct store_copied copied;
	struct store_copy *copy = NULL;
	char file[BACKUP_PATH];
	struct err err = {};
	struct stat st;
	int r;

	snprintf(file, sizeof(file), "%s", from);
	if (stat(from, &st) == 0 && S_ISDIR(st.st_mode) && !backup_join(file, from, BACKUP_STORE))
		return rebuild_failed(b, "the path is too long");
	r = store_copy_open(&copy, file, &err);
	if (!r)
		r = people_become_owner(b->people.settings);
	if (!r)
		r = store_copy_write(copy, to, NULL, NULL, &copied, &err);
	people_become_root();
	store_copy_free(copy);
	b->judge = STORE_VIEW_JUDGE;
	return r ? cli_fail(b->cli, CLI_USAGE, "name a store's file or a backup", "%s",
			   err.text[0] ? err.text : strerror(-r))
		 : 0;
}

static int open_store(struct rebuild *b)
{
	struct store_options options = {.path = b->people.settings->store_file.data, .create = true};
	struct err err = {};
	int r = people_become_owner(b->people.settings);

	if (!r)
		r = store_open(&b->people.store, &options, &err);
	return r ? cli_fail(b->cli, CLI_INTERNAL, NULL, "%s", err.text[0] ? err.text : strerror(-r)) : 0;
}

/* ---- the command ---- */

static int check(struct rebuild *b)
{
	const struct settings *s = b->people.settings;
	struct err err = {};
	uint64_t seq;

	if (b->people.control)
		return cli_fail(b->cli, CLI_USAGE, "gatehouse stop", "the server runs; its store is not lost");
	if (access(s->store_file.data, F_OK) == 0)
		return cli_fail(b->cli, CLI_NO, "move it away first, and name it with --store if it is a good copy",
			"%s is there; nothing is written over", s->store_file.data);
	if (reading_allowed(b->cli, s, "lines"))
		return CLI_UNREACHABLE;
	if (witness_admin(s,
		    &(struct witness_act){
			    .command = "restore", .target = s->store_file.data, .text = "the store, from the record"},
		    &seq, &err))
		return cli_fail(b->cli, CLI_INTERNAL, NULL, "nothing was done: %s", err.text);
	return 0;
}

static uint64_t first_serial(const struct rebuild *b)
{
	struct map_slot *slot;
	uint64_t serial = UINT64_MAX;

	for (size_t i = 0; (slot = map_next(&b->waiting, &i));)
		if (((struct waiting *)slot->value)->serial < serial)
			serial = ((struct waiting *)slot->value)->serial;
	return serial;
}

static int finish(struct rebuild *b)
{
	struct store_req req;
	int r = 0;

	if (b->waiting.len) {
		b->second = true;
		r = pass(b, first_serial(b));
		if (rebuild_keep_all(b))
			r = b->failed;
	}
	if (r)
		return r;
	store_req_init(&req, NULL, NULL);
	r = store_commit_applied(b->people.store, &req, b->last_seq);
	if (!r)
		r = store_wait(&req);
	store_req_release(&req);
	return r ? rebuild_failed(b, "the store cannot be written") : 0;
}

static int work(struct rebuild *b)
{
	uint64_t begun = clock_mono_ms();
	int r = rebuild_known_persons(b);

	b->applied = store_applied_seq(b->people.store);
	if (!r)
		r = rebuild_known_rooms(b);
	progress_begin(&b->progress, "messages", 0, b->cli->json);
	if (!r)
		r = pass(b, 0);
	if (rebuild_put_all(b))
		r = b->failed;
	if (!r)
		r = rebuild_make_persons(b);
	if (!r)
		r = rebuild_close_invites(b);
	if (!r)
		r = rebuild_put_notices(b);
	if (!r)
		r = rebuild_put_switches(b);
	if (!r)
		r = rebuild_save_rooms(b);
	if (!r && cli_has(b->cli, "--store"))
		r = drop_all_received(b);
	if (!r)
		r = finish(b);
	b->took_ms = clock_mono_ms() - begun;
	progress_end(&b->progress);
	return r;
}

__attribute__((format(printf, 2, 3))) static void lacks(json_t *list, const char *fmt, ...)
{
	struct buf text = BUF_INIT(0);
	va_list args;

	va_start(args, fmt);
	buf_vprintf(&text, fmt, args);
	va_end(args);
	if (text.len)
		json_array_append_new(list, json_stringn(text.data, text.len));
	buf_done(&text);
}

/* What the copy is older than. */
static void lacking_since(const struct rebuild *b, json_t *list)
{
	lacks(list, "rosters, block lists, vCards, private data, personal eventing, preferences for history: they are as in the copy");
	if (b->passwords_set)
		lacks(list, "passwords set since the copy (%zu), which has the ones before: %.*s%s", b->passwords_set,
			STR_FMT(buf_view(&b->passwords)), b->passwords_set > NAMED_MAX ? " .." : "");
	if (b->accounts_made)
		lacks(list, "passwords of %s that the copy has not: set them with 'gatehouse user password'",
			AMOUNT(b->accounts_made, "account", "accounts"));
	if (b->invites_closed)
		lacks(list, "whether %s been used since the copy: that is closed now", AMOUNT(b->invites_closed, "invitation has", "invitations have"));
}

static json_t *lacking(const struct rebuild *b)
{
	json_t *list = json_array();

	if (cli_has(b->cli, "--store")) {
		lacking_since(b, list);
	} else {
		lacks(list, "passwords: set new ones with 'gatehouse user password', or use --store with a copy");
		lacks(list, "rosters, block lists, vCards, private data, personal eventing, preferences for history: they are in "
			    "copies of the store only");
	}
	if (b->rooms_left)
		lacks(list, "%s of rooms that neither stay nor are in a copy: in the record only",
			AMOUNT(b->rooms_left, "message", "messages"));
	if (b->notices_left)
		lacks(list, "%s of what is said to everybody, or of blacklist and whitelist, whose form is not there",
			AMOUNT(b->notices_left, "change", "changes"));
	if (b->switches_left)
		lacks(list, "%s of switching off or on that cannot be read: see 'gatehouse lockdown status'", AMOUNT(b->switches_left, "step", "steps"));
	if (b->no_stanza)
		lacks(list, "%s no stanza", AMOUNT(b->no_stanza, "entry that holds", "entries that hold"));
	if (b->first_seq)
		lacks(list, "what stood before line %" PRIu64 ", which the record begins with", b->first_seq);
	return list;
}

static int report(const struct rebuild *b)
{
	uint64_t rate = b->took_ms ? b->messages * 1000 / b->took_ms : 0;
	json_t *list = lacking(b), *line;
	size_t i;

	if (b->cli->json)
		return cli_print_json(json_pack("{s:b, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o}", "ok", 1, "messages",
					      (json_int_t)b->messages, "archived", (json_int_t)b->rows, "offline",
					      (json_int_t)b->offline, "accounts", (json_int_t)b->accounts_made, "accounts_changed", (json_int_t)b->accounts_changed, "seconds",
					      (json_int_t)(b->took_ms / 1000), "messages_per_second", (json_int_t)rate,
					      "switches", (json_int_t)b->switches, "lacking", list),
			CLI_OK);
	cli_say(b->cli,
		"%s of the record: %" PRIu64 " in histories, %" PRIu64 " waiting for their recipients; %s made, %zu changed; %s a second\n",
		AMOUNT(b->messages, "message", "messages"), b->rows, b->offline, AMOUNT(b->accounts_made, "account", "accounts"),
		b->accounts_changed, AMOUNT(rate, "message", "messages"));
	if (b->switches)
		cli_say(b->cli, "%s on: 'gatehouse lockdown status' shows what is off\n", AMOUNT(b->switches, "switch is", "switches are"));
	json_array_foreach(list, i, line) cli_say(b->cli, "not from the record: %s\n", json_string_value(line));
	json_decref(list);
	return CLI_OK;
}

static void rebuild_done(struct rebuild *b)
{
	struct said *e = &b->entry;
	struct buf *const bufs[] = {
		&e->id, &e->from, &e->to, &e->nick, &e->stanza, &e->deliver, &e->target, &e->text, &b->scratch,
		&b->past_owner, &b->subject, &b->subject_from, &b->subject_room, &b->passwords};
	struct map_slot *slot;

	for (size_t i = 0; i < sizeof(bufs) / sizeof(bufs[0]); i++)
		buf_done(bufs[i]);
	for (size_t i = 0; (slot = map_next(&b->waiting, &i));)
		free(slot->value);
	map_done(&b->waiting);
	rebuild_rooms_done(b);
	rebuild_persons_done(b);
	rebuild_notices_done(b);
	rebuild_switches_done(b);
	arena_free(b->names);
	people_close(&b->people);
}

int rebuild(struct cli *cli)
{
	struct rebuild b = {.cli = cli};
	int r;

	map_init(&b.waiting);
	map_init(&b.persons);
	map_init(&b.rooms);
	r = people_open_control(&b.people, cli);
	if (!r)
		r = people_need_settings(&b.people);
	if (!r)
		r = check(&b);
	if (!r && cli_has(cli, "--store"))
		r = copy_store(&b, cli_value(cli, "--store"));
	if (!r)
		r = open_store(&b);
	if (!r)
		r = work(&b);
	if (!r)
		r = report(&b);
	rebuild_done(&b);
	return r;
}
