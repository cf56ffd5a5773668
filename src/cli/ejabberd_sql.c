/* Who has something in the database is gathered first; then all of one person or room at a time. The file is read as hostile:
 * tables only, no views, no virtual tables, nothing of the schema is run. */
#include "cli/ejabberd_sql.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/map.h"
#include "cli/ejabberd_terms.h"
#include "cli/past.h"
#include "cli/tree.h"
#include "pubsub/place.h"
#include "route/reread.h"
#include "stanza/ns.h"

enum {
	TERM_BYTES = 64 << 20, /* memory for one term */
	BLOCK = 1 << 20,
	WAIT_MS = 5000, /* for somebody who has it locked */
	VALUE_BYTES = 256 << 20, /* of one column */
};

/* A room or a person. */
struct owner {
	struct owner *next; /* as they are found */
	struct str jid, local, domain;
	struct str name, host; /* as rows of the archive name it */
	bool is_room;
};

struct database {
	struct intake *in;
	const struct cli *cli;
	const char *path;
	sqlite3 *db;
	bool hosts; /* rows name the domain (new_sql_schema) */
	struct str domain; /* of people; empty: rows name it */
	struct arena *names;
	struct map owners; /* by address */
	struct owner *first, **end;
};

/* What a row is for. 0 or an exit code. */
typedef int row_fn(struct database *d, sqlite3_stmt *st, void *more);

/* ---- the file ---- */

bool ejabberd_sql_wrote(const char *path)
{
	static const char magic[16] = "SQLite format 3";
	AUTO(auto_close) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	char start[sizeof(magic)];

	return fd >= 0 && read(fd, start, sizeof(start)) == sizeof(start) && memcmp(start, magic, sizeof(start)) == 0;
}

static int broken(struct database *d)
{
	return cli_fail(d->cli, CLI_USAGE,
		"stop ejabberd, and name its database; what was taken in before stays, and the same command may be run again",
		"%s: %s", d->path, sqlite3_errmsg(d->db));
}

static int hash_file(struct database *d)
{
	AUTO(auto_close) int fd = intake_source(d->in, d->path);
	AUTO(auto_free) char *block = malloc(BLOCK);
	ssize_t n = -1;

	while (fd >= 0 && block && (n = read(fd, block, BLOCK)) > 0)
		intake_hash(d->in, block, (size_t)n);
	return n < 0 ? cli_fail(d->cli, CLI_USAGE, "name a file that you may read", "%s: %s", d->path, strerror(errno)) : 0;
}

/* With the rights of who runs this; then nothing is opened any more: a transaction holds the file as it is. */
static int file_open(void *owner)
{
	struct database *d = owner;
	static const char begin[] = "PRAGMA cell_size_check = ON; PRAGMA temp_store = MEMORY; PRAGMA mmap_size = 0; BEGIN;"
				    "SELECT count(*) FROM sqlite_master";

	if (sqlite3_open_v2(d->path, &d->db, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK)
		return -1;
	sqlite3_busy_timeout(d->db, WAIT_MS);
	(void)sqlite3_db_config(d->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	(void)sqlite3_db_config(d->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	(void)sqlite3_db_config(d->db, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL);
	(void)sqlite3_db_config(d->db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
	(void)sqlite3_drop_modules(d->db, NULL);
	(void)sqlite3_limit(d->db, SQLITE_LIMIT_LENGTH, VALUE_BYTES);
	return sqlite3_exec(d->db, begin, NULL, NULL, NULL) == SQLITE_OK ? 0 : -1;
}

/* ---- asking ---- */

static struct str column(sqlite3_stmt *st, int i)
{
	const char *text = (const char *)sqlite3_column_text(st, i);

	return text ? str_of(text, (size_t)sqlite3_column_bytes(st, i)) : STR("");
}

static void bind_text(sqlite3_stmt *st, int i, struct str text)
{
	sqlite3_bind_text(st, i, text.data ? text.data : "", (int)text.len, SQLITE_TRANSIENT);
}

/* Is there such a table, with such a column? */
static bool has(struct database *d, const char *table, const char *name)
{
	sqlite3_stmt *st = NULL;
	char text[256];
	bool found;

	snprintf(text, sizeof(text), "SELECT %s FROM %s LIMIT 0", name, table);
	found = sqlite3_prepare_v2(d->db, text, -1, &st, NULL) == SQLITE_OK;
	sqlite3_finalize(st);
	return found;
}

static int each_row(struct database *d, sqlite3_stmt *st, row_fn *each, void *more)
{
	int r = 0, step = SQLITE_DONE;

	while (st && !r && (step = sqlite3_step(st)) == SQLITE_ROW)
		r = each(d, st, more);
	if (!st || (!r && step != SQLITE_DONE))
		r = broken(d);
	sqlite3_finalize(st);
	return r;
}

static sqlite3_stmt *prepare(struct database *d, const char *text)
{
	sqlite3_stmt *st = NULL;

	return sqlite3_prepare_v2(d->db, text, -1, &st, NULL) == SQLITE_OK ? st : NULL;
}

static int each(struct database *d, const char *text, row_fn *fn)
{
	return each_row(d, prepare(d, text), fn, NULL);
}

/* Rows of one owner. `text` and `with_host` ask the same, of databases of the two kinds. */
static int each_of(struct database *d, const struct owner *o, const char *text, const char *with_host, row_fn *fn, void *more)
{
	sqlite3_stmt *st = prepare(d, d->hosts ? with_host : text);

	if (st)
		bind_text(st, 1, o->name);
	if (st && d->hosts)
		bind_text(st, 2, o->host);
	return each_row(d, st, fn, more);
}

static int each_of_node(struct database *d, const char *text, int64_t node, int64_t max, row_fn *fn, void *more)
{
	sqlite3_stmt *st = prepare(d, text);

	if (st)
		sqlite3_bind_int64(st, 1, node);
	if (st && sqlite3_bind_parameter_count(st) > 1)
		sqlite3_bind_int64(st, 2, max);
	return each_row(d, st, fn, more);
}

static int take_number(struct database *d, sqlite3_stmt *st, void *more)
{
	(void)d;
	*(uint64_t *)more = (uint64_t)sqlite3_column_int64(st, 0);
	return 0;
}

/* A term, as it stands in a column. */
static bool term_of(struct str text, struct arena *arena, struct erlang *out)
{
	struct str whole = text.len < TERM_BYTES ? arena_printf(arena, "%.*s.", STR_FMT(text)) : STR_NONE;
	size_t at = 0;

	return whole.data && erlang_next(whole, &at, arena, out) > 0;
}

/* ---- whose ---- */

static struct owner *owner_of(struct database *d, struct str local, struct str domain)
{
	struct str key = arena_printf(d->names, "%.*s@%.*s", STR_FMT(local), STR_FMT(domain));
	struct owner *o = key.data ? map_get(&d->owners, key) : NULL;

	if (!tree_is_text(local) || !tree_is_text(domain))
		return NULL;
	if (o || !key.data || !local.len || !domain.len)
		return o;
	o = arena_zalloc(d->names, sizeof(*o));
	if (!o || map_put(&d->owners, key, o))
		return NULL;
	o->jid = key;
	o->local = str_cut(key, 0, local.len);
	o->domain = str_cut(key, local.len + 1, key.len);
	o->name = o->local;
	o->host = o->domain;
	*d->end = o;
	d->end = &o->next;
	return o;
}

static int unnamed(struct database *d)
{
	if (arena_is_full(d->names))
		return cli_fail(d->cli, CLI_INTERNAL, NULL, "memory is out");
	intake_left(d->in, TALLY_OTHER, 1, "a row whose name is no address");
	return 0;
}

/* username, server_host: a room's address, or a person's name. */
static int find_archive(struct database *d, sqlite3_stmt *st, void *more)
{
	struct str name = column(st, 0), host = column(st, 1);
	size_t at = str_find(name, '@', 0);
	bool room = at < name.len;
	struct owner *o = room ? owner_of(d, str_cut(name, 0, at), str_cut(name, at + 1, name.len))
			       : owner_of(d, name, d->domain.len ? d->domain : host);

	(void)more;
	if (!o)
		return unnamed(d);
	o->is_room |= room;
	o->name = room ? o->jid : o->local;
	o->host = arena_dup(d->names, host);
	return 0;
}

static int find_room(struct database *d, sqlite3_stmt *st, void *more)
{
	struct owner *o = owner_of(d, column(st, 0), column(st, 1));

	(void)more;
	if (!o)
		return unnamed(d);
	o->is_room = true;
	o->name = o->jid;
	return 0;
}

static int find_publisher(struct database *d, sqlite3_stmt *st, void *more)
{
	struct str host = column(st, 0);
	size_t at = str_find(host, '@', 0), end = str_find(host, '/', 0);

	(void)more;
	if (at >= host.len)
		return 0; /* a service */
	return owner_of(d, str_cut(host, 0, at), str_cut(host, at + 1, end)) ? 0 : unnamed(d);
}

/* In databases of the old kind people have a name and no domain. */
static int know_domain(struct database *d)
{
	const char *given = cli_value(d->cli, "--domain");

	d->hosts = has(d, "archive", "server_host") || has(d, "archive_prefs", "server_host");
	if (d->hosts)
		return 0;
	d->domain = given ? str_from(given) : intake_domain(d->in);
	return d->domain.len ? 0
			     : cli_fail(d->cli, CLI_USAGE, "say it: --domain DOMAIN",
				       "%s does not name the domain of its people, and this server has several", d->path);
}

static int find_all(struct database *d)
{
	int r = know_domain(d);

	if (!r && has(d, "archive", "xml"))
		r = each(d, d->hosts ? "SELECT DISTINCT username, server_host FROM archive" : "SELECT DISTINCT username, '' FROM archive",
			find_archive);
	if (!r && has(d, "archive_prefs", "def"))
		r = each(d, d->hosts ? "SELECT username, server_host FROM archive_prefs" : "SELECT username, '' FROM archive_prefs",
			find_archive);
	if (!r && has(d, "muc_room", "opts"))
		r = each(d, "SELECT name, host FROM muc_room", find_room);
	if (!r && has(d, "pubsub_node", "host"))
		r = each(d, "SELECT DISTINCT host FROM pubsub_node", find_publisher);
	return r;
}

/* ---- what stays behind ---- */

static int count(struct database *d, const char *text, uint64_t *out)
{
	*out = 0;
	return each_row(d, prepare(d, text), take_number, out);
}

static int count_left(struct database *d)
{
	static const char *const tables[] = {"users", "rosterusers", "spool", "vcard", "private_storage", "privacy_list_data",
		"muc_registered", "muc_room_subscribers", "motd", "sr_group"};
	uint64_t n;
	int r = 0;

	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]) && !r; i++) {
		char text[256];

		if (!has(d, tables[i], "1"))
			continue;
		snprintf(text, sizeof(text), "SELECT count(*) FROM %s", tables[i]);
		r = count(d, text, &n);
		if (!r)
			ejabberd_left(d->in, str_from(tables[i]), n);
	}
	if (r || !has(d, "pubsub_item", "payload") || !has(d, "pubsub_node", "host"))
		return r;
	r = count(d, "SELECT count(*) FROM pubsub_item WHERE nodeid IN (SELECT nodeid FROM pubsub_node WHERE instr(host, '@') = 0)", &n);
	if (!r)
		ejabberd_left_service(d->in, n);
	return r;
}

/* ---- history ---- */

/* timestamp, peer, xml, nick */
static int take_message(struct database *d, sqlite3_stmt *st, void *more)
{
	const struct owner *o = more;
	struct str xml = column(st, 2);
	int64_t time = sqlite3_column_int64(st, 0);
	struct past past = {.time_us = time > 0 ? (uint64_t)time : 0};
	struct arena *arena = NULL;
	int r = 0;

	if (xml.len && (unsigned char)xml.data[0] < 0x20) {
		intake_left(d->in, TALLY_HISTORY, 1, "it is packed (compress_xml of mod_mam)");
		return 0;
	}
	past.message = reread_stanza(xml, &arena);
	if (past.message && !node_is(past.message, STR("message"), NS_CLIENT))
		past.message = NULL;
	if (past.message && o->is_room)
		past.message = ejabberd_said(d->in, past.message, column(st, 3), column(st, 1), arena);
	if (past.message && past.message->first)
		r = intake_history(d->in, &past);
	else
		intake_left(d->in, TALLY_HISTORY, 1, "it is no message");
	arena_free(arena);
	return r;
}

static int take_messages(struct database *d, struct owner *o)
{
	if (!has(d, "archive", "xml"))
		return 0;
	return each_of(d, o, "SELECT timestamp, peer, xml, nick FROM archive WHERE username = ?1 ORDER BY timestamp, id",
		"SELECT timestamp, peer, xml, nick FROM archive WHERE username = ?1 AND server_host = ?2 ORDER BY timestamp, id",
		take_message, o);
}

/* ---- rooms ---- */

struct row {
	struct arena *arena;
	struct erlang options;
	bool there, good;
};

static int take_opts(struct database *d, sqlite3_stmt *st, void *more)
{
	struct row *row = more;

	(void)d;
	row->there = true;
	row->good = term_of(column(st, 0), row->arena, &row->options) && row->options.kind == ERLANG_LIST;
	return 0;
}

static int read_row(struct database *d, const struct owner *o, struct row *out)
{
	sqlite3_stmt *st;

	*out = (struct row){.arena = arena_new(TERM_BYTES)};
	if (!out->arena)
		return cli_fail(d->cli, CLI_INTERNAL, NULL, "memory is out");
	if (!has(d, "muc_room", "opts"))
		return 0;
	st = prepare(d, "SELECT opts FROM muc_room WHERE name = ?1 AND host = ?2");
	if (st) {
		bind_text(st, 1, o->local);
		bind_text(st, 2, o->domain);
	}
	return each_row(d, st, take_opts, out);
}

static int leave_said(struct database *d, const struct owner *o, const char *why)
{
	uint64_t n = 0;
	int r = has(d, "archive", "xml") ? each_of(d, o, "SELECT count(*) FROM archive WHERE username = ?1",
						   "SELECT count(*) FROM archive WHERE username = ?1 AND server_host = ?2", take_number, &n)
					 : 0;

	intake_left(d->in, TALLY_HISTORY, n, why);
	return r;
}

static int bring_room(struct database *d, struct owner *o, const struct row *row)
{
	bool skip;
	int r = intake_room_begin(d->in, o->local, o->domain, &skip);

	if (r || skip)
		return r;
	ejabberd_room(d->in, &row->options);
	r = take_messages(d, o);
	return r ? r : intake_room_end(d->in);
}

static int take_room(struct database *d, struct owner *o)
{
	struct row row;
	int r = read_row(d, o, &row);

	if (!r && !row.there) {
		r = leave_said(d, o, "it was said in a room that did not stay");
	} else if (!r && !row.good) { /* nobody knows whom it would let in */
		intake_left(d->in, TALLY_ROOMS, 1, "how it is set is no term of Erlang");
		r = leave_said(d, o, "it was said in a room that stays behind");
	} else if (!r) {
		r = bring_room(d, o, &row);
	}
	arena_free(row.arena);
	return r;
}

/* ---- personal eventing ---- */

static int take_option(struct database *d, sqlite3_stmt *st, void *more)
{
	struct arena *arena = arena_new(TERM_BYTES);
	struct erlang v;

	if (arena && term_of(column(st, 1), arena, &v))
		ejabberd_node_option(d->in, more, column(st, 0), &v);
	arena_free(arena);
	return 0;
}

/* jid, affiliation (a letter), subscriptions ("s:ID,p:ID") */
static int take_person_of_node(struct database *d, sqlite3_stmt *st, void *more)
{
	static const struct {
		const char *letter, *word;
	} words[] = {{"o", "owner"}, {"p", "publisher"}, {"u", "publish_only"}, {"m", "member"}, {"c", "outcast"}};
	struct str rest = column(st, 2), word = STR("none");
	bool subscribed = false;

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (str_eq(column(st, 1), str_from(words[i].letter)))
			word = str_from(words[i].word);
	for (size_t at = 0; at < rest.len; at = str_find(rest, ',', at) + 1)
		subscribed |= str_starts(str_cut(rest, at, rest.len), STR("s:"));
	ejabberd_node_person(d->in, more, column(st, 0), word, subscribed);
	return 0;
}

/* itemid, publisher, payload */
static int take_item(struct database *d, sqlite3_stmt *st, void *more)
{
	struct str id = column(st, 0), xml = column(st, 2);
	struct arena *arena = NULL;
	struct node *n = xml.len ? reread_stanza(xml, &arena) : NULL;
	int r = 0;

	if (xml.len && !n)
		intake_left(d->in, TALLY_PUBLISHED, 1, "it is no item");
	else
		r = intake_node_item(d->in, more, id, column(st, 1), n);
	arena_free(arena);
	return r;
}

static int take_inside(struct database *d, int64_t node, struct place *place, uint64_t items)
{
	uint64_t max;
	int r = each_of_node(d, "SELECT name, val FROM pubsub_node_option WHERE nodeid = ?1", node, 0, take_option, place);

	if (!r)
		r = each_of_node(d, "SELECT jid, affiliation, subscriptions FROM pubsub_state WHERE nodeid = ?1", node, 0,
			take_person_of_node, place);
	max = intake_node_items_max(d->in, place);
	intake_left(d->in, TALLY_PUBLISHED, items > max ? items - max : 0, "the node holds newer ones, and no more (personal.items)");
	return r ? r
		 : each_of_node(d,
			   "SELECT itemid, publisher, payload FROM (SELECT itemid, publisher, payload, modification FROM pubsub_item"
			   " WHERE nodeid = ?1 ORDER BY modification DESC LIMIT ?2) ORDER BY modification",
			   node, (int64_t)max, take_item, place);
}

/* nodeid, node */
static int take_node(struct database *d, sqlite3_stmt *st, void *more)
{
	int64_t node = sqlite3_column_int64(st, 0);
	struct str name = column(st, 1);
	struct place *place;
	uint64_t items = 0;
	int r = each_of_node(d, "SELECT count(*) FROM pubsub_item WHERE nodeid = ?1", node, 0, take_number, &items);

	(void)more;
	if (r)
		return r;
	if (intake_node_is_there(d->in, name)) {
		intake_left(d->in, TALLY_PUBLISHED, items, "its node is there already, and as it was");
		return 0;
	}
	place = intake_node(d->in, name);
	return place ? take_inside(d, node, place, items) : 0;
}

static int take_nodes(struct database *d, const struct owner *o)
{
	sqlite3_stmt *st;

	if (!has(d, "pubsub_node", "node") || !has(d, "pubsub_item", "payload"))
		return 0;
	st = prepare(d, "SELECT nodeid, node FROM pubsub_node WHERE host = ?1");
	if (st)
		bind_text(st, 1, o->jid);
	return each_row(d, st, take_node, NULL);
}

/* ---- people ---- */

static int take_pref(struct database *d, sqlite3_stmt *st, void *more)
{
	struct arena *arena = arena_new(TERM_BYTES);
	struct erlang always, never;
	int r = 0;

	(void)more;
	if (arena && term_of(column(st, 1), arena, &always) && term_of(column(st, 2), arena, &never))
		r = ejabberd_prefs(d->in, column(st, 0), &always, &never);
	else
		intake_left(d->in, TALLY_PREFERENCES, 1, "it is no term of Erlang");
	arena_free(arena);
	return r;
}

static int take_person(struct database *d, struct owner *o)
{
	bool skip;
	int r = intake_more_begin(d->in, o->local, o->domain, &skip);

	if (r || skip)
		return r;
	r = take_nodes(d, o);
	if (!r && has(d, "archive_prefs", "def"))
		r = each_of(d, o, "SELECT def, always, never FROM archive_prefs WHERE username = ?1",
			"SELECT def, always, never FROM archive_prefs WHERE username = ?1 AND server_host = ?2", take_pref, NULL);
	if (!r)
		r = take_messages(d, o);
	return r ? r : intake_more_end(d->in);
}

/* ---- all ---- */

int ejabberd_sql_read(struct intake *in, const struct cli *cli, const char *path)
{
	struct database d = {.in = in, .cli = cli, .path = path, .names = arena_new(0)};
	int r;

	d.end = &d.first;
	map_init(&d.owners);
	r = d.names ? hash_file(&d) : CLI_INTERNAL;
	if (!r && intake_reach(in, file_open, &d))
		r = broken(&d);
	if (!r)
		r = find_all(&d);
	if (!r)
		r = count_left(&d);
	for (struct owner *o = d.first; o && !r; o = o->next)
		r = o->is_room ? take_room(&d, o) : take_person(&d, o);
	sqlite3_close(d.db);
	map_done(&d.owners);
	arena_free(d.names);
	return r;
}
