/* The tables stand in any order, and so do the messages of one archive: the file is gone through once to find where what
 * is wanted stands, and read again by archive, in order of time. In memory: a place and a time for each message. */
#include "cli/ejabberd_private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "cli/ejabberd.h"
#include "cli/past.h"
#include "cli/tree.h"
#include "stanza/ns.h"

/* ---- the file ---- */

int ejabberd_term(struct ejabberd *e, size_t *at, struct arena *arena, struct erlang *out)
{
	int r = erlang_next(e->text, at, arena, out);
	size_t line = 1;

	if (r >= 0)
		return r;
	for (size_t i = 0; i < *at && i < e->text.len; i++)
		line += e->text.data[i] == '\n';
	return -cli_fail(e->cli, CLI_USAGE, "take the dump again; what was taken in before stays",
		r == -ENOMEM ? "%s, line %zu: too large" : "%s, line %zu: this is no term of Erlang", e->path, line);
}

static int file_open(struct ejabberd *e)
{
	AUTO(auto_close) int fd = intake_source(e->in, e->path);
	struct stat st;
	void *map;

	if (fd < 0 || fstat(fd, &st) || !S_ISREG(st.st_mode) || st.st_size == 0)
		return cli_fail(e->cli, CLI_USAGE, "name a file that you may read", "%s: %s", e->path,
			fd < 0 ? strerror(errno) : "it is empty, or no file");
	map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (map == MAP_FAILED)
		return cli_fail(e->cli, CLI_USAGE, NULL, "%s: %s", e->path, strerror(errno));
	e->text = str_of(map, (size_t)st.st_size);
	intake_hash(e->in, map, (size_t)st.st_size);
	return 0;
}

bool ejabberd_wrote(const char *path)
{
	AUTO(auto_close) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	char start[8];

	return fd >= 0 && read(fd, start, sizeof(start)) == sizeof(start) && memcmp(start, "{tables,", sizeof(start)) == 0;
}

/* ---- what there is ---- */

struct archive *ejabberd_archive(struct ejabberd *e, const struct erlang *pair)
{
	struct str local = erlang_text(erlang_item(pair, 0)), domain = erlang_text(erlang_item(pair, 1));
	struct str key = arena_printf(e->names, "%.*s@%.*s", STR_FMT(local), STR_FMT(domain));
	struct archive *a = key.data ? map_get(&e->archives, key) : NULL;

	if (!tree_is_text(local) || !tree_is_text(domain))
		return NULL;
	if (a || !local.len || !domain.len || !key.data)
		return a;
	a = arena_zalloc(e->names, sizeof(*a));
	if (!a || map_put(&e->archives, key, a))
		return NULL;
	a->local = str_cut(key, 0, local.len);
	a->domain = str_cut(key, local.len + 1, key.len);
	a->room_at = a->prefs_at = SIZE_MAX;
	*e->end = a;
	e->end = &a->next;
	return a;
}

bool places_add(struct places *p, uint64_t time_us, size_t at)
{
	if (p->len == p->cap) {
		size_t cap = p->cap ? p->cap * 2 : 64;
		struct place_of *all = reallocarray(p->all, cap, sizeof(*all));

		if (!all)
			return false;
		p->all = all;
		p->cap = cap;
	}
	p->all[p->len++] = (struct place_of){.time_us = time_us, .at = at};
	return true;
}

static int by_time(const void *a, const void *b)
{
	const struct place_of *x = a, *y = b;

	if (x->time_us != y->time_us)
		return x->time_us < y->time_us ? -1 : 1;
	return x->at < y->at ? -1 : x->at > y->at;
}

void places_sort(struct places *p)
{
	if (p->len)
		qsort(p->all, p->len, sizeof(*p->all), by_time);
}

/* {muc_room, {Name, Service}, Options, ...}; {archive_prefs, {User, Server}, Word, Always, Never};
 * {archive_msg, {Name, Service}, Id, Time, Peer, BarePeer, Packet, Nick, Type}. */
static bool note_owned(struct ejabberd *e, const struct erlang *v, size_t at)
{
	const struct erlang *table = erlang_item(v, 0);
	bool room = erlang_is(table, "muc_room"), prefs = erlang_is(table, "archive_prefs");
	struct archive *a = ejabberd_archive(e, erlang_item(v, 1));

	if (!a) {
		intake_left(e->in, room ? TALLY_ROOMS : prefs ? TALLY_PREFERENCES : TALLY_HISTORY, 1, "the name is no address");
		return !arena_is_full(e->names);
	}
	a->is_room = a->is_room || room || erlang_is(erlang_item(v, 8), "groupchat");
	if (room)
		a->room_at = at;
	else if (prefs)
		a->prefs_at = at;
	else
		return places_add(&a->said, ejabberd_time(erlang_item(v, 3)), at);
	return true;
}

static bool note_term(struct ejabberd *e, const struct erlang *v, size_t at)
{
	const struct erlang *table = erlang_item(v, 0);

	if (erlang_is(table, "muc_room") || erlang_is(table, "archive_msg") || erlang_is(table, "archive_prefs"))
		return note_owned(e, v, at);
	if (ejabberd_is_of_node(table))
		return ejabberd_note_node(e, v, at);
	if (table && table->kind == ERLANG_ATOM)
		ejabberd_left(e->in, table->text, 1);
	return true;
}

static int find_all(struct ejabberd *e)
{
	size_t at = 0, before;
	bool first = true;
	int got = 1, r = 0;

	while (!r && got > 0) {
		struct arena *arena = arena_new(TERM_BYTES);
		struct erlang v;

		before = at;
		got = arena ? ejabberd_term(e, &at, arena, &v) : -CLI_INTERNAL;
		if (got > 0 && first && !erlang_is(erlang_item(&v, 0), "tables"))
			r = cli_fail(e->cli, CLI_USAGE, "name a file that 'ejabberdctl dump' wrote", "%s is none", e->path);
		else if (got > 0 && !note_term(e, &v, before))
			r = cli_fail(e->cli, CLI_INTERNAL, NULL, "memory is out");
		first = false;
		arena_free(arena);
	}
	return r ? r : got < 0 ? -got : 0;
}

/* ---- messages ---- */

static int take_message(struct ejabberd *e, const struct archive *a, const struct place_of *place)
{
	struct arena *arena = arena_new(TERM_BYTES);
	size_t at = place->at;
	struct past past = {.time_us = place->time_us};
	struct erlang v;
	int r = arena ? ejabberd_term(e, &at, arena, &v) : -CLI_INTERNAL;

	if (r > 0) {
		past.message = ejabberd_stanza(erlang_item(&v, 6), NS_CLIENT, arena);
		if (past.message && !str_is(past.message->name, "message"))
			past.message = NULL;
		if (past.message && a->is_room)
			past.message = ejabberd_said(e->in, past.message, erlang_text(erlang_item(&v, 7)),
				ejabberd_address(erlang_item(&v, 4), arena), arena);
		else
			past.id = erlang_text(erlang_item(&v, 2));
	}
	if (r > 0 && past.message && past.message->first && !arena_is_full(arena))
		r = -intake_history(e->in, &past);
	else if (r > 0)
		intake_left(e->in, TALLY_HISTORY, 1, "it is no message");
	arena_free(arena);
	return r < 0 ? -r : 0;
}

static int take_messages(struct ejabberd *e, struct archive *a)
{
	int r = 0;

	places_sort(&a->said);
	for (size_t i = 0; i < a->said.len && !r; i++)
		r = take_message(e, a, &a->said.all[i]);
	return r;
}

/* ---- rooms ---- */

static int take_row(struct ejabberd *e, size_t at)
{
	struct arena *arena = arena_new(TERM_BYTES);
	struct erlang v;
	int r = arena ? ejabberd_term(e, &at, arena, &v) : -CLI_INTERNAL;

	if (r > 0)
		ejabberd_room(e->in, erlang_item(&v, 2));
	arena_free(arena);
	return r < 0 ? -r : 0;
}

static int take_room(struct ejabberd *e, struct archive *a)
{
	bool skip;
	int r;

	if (a->room_at == SIZE_MAX) {
		intake_left(e->in, TALLY_HISTORY, a->said.len, "it was said in a room that did not stay");
		return 0;
	}
	r = intake_room_begin(e->in, a->local, a->domain, &skip);
	if (r || skip)
		return r;
	r = take_row(e, a->room_at);
	if (!r)
		r = take_messages(e, a);
	return r ? r : intake_room_end(e->in);
}

/* ---- people ---- */

static int take_prefs(struct ejabberd *e, size_t at)
{
	struct arena *arena = arena_new(TERM_BYTES);
	struct erlang v;
	int r = arena ? ejabberd_term(e, &at, arena, &v) : -CLI_INTERNAL;

	if (r > 0) {
		const struct erlang *word = erlang_item(&v, 2);

		r = -ejabberd_prefs(e->in, word && word->kind == ERLANG_ATOM ? word->text : STR("always"), erlang_item(&v, 3),
			erlang_item(&v, 4));
	}
	arena_free(arena);
	return r < 0 ? -r : 0;
}

static int take_person(struct ejabberd *e, struct archive *a)
{
	bool skip;
	int r = intake_more_begin(e->in, a->local, a->domain, &skip);

	if (r || skip)
		return r;
	r = ejabberd_take_nodes(e, a);
	if (!r && a->prefs_at != SIZE_MAX)
		r = take_prefs(e, a->prefs_at);
	if (!r)
		r = take_messages(e, a);
	return r ? r : intake_more_end(e->in);
}

/* ---- all ---- */

static void done(struct ejabberd *e)
{
	for (struct archive *a = e->first; a; a = a->next)
		free(a->said.all);
	ejabberd_nodes_done(e);
	map_done(&e->archives);
	arena_free(e->names);
	if (e->text.data)
		munmap((void *)(size_t)e->text.data, e->text.len);
}

int ejabberd_read(struct intake *in, const struct cli *cli, const char *path)
{
	struct ejabberd e = {.in = in, .cli = cli, .path = path, .names = arena_new(0)};
	int r;

	e.end = &e.first;
	map_init(&e.archives);
	map_init(&e.nodes);
	r = e.names ? file_open(&e) : CLI_INTERNAL;
	if (!r)
		r = find_all(&e);
	if (!r)
		ejabberd_left_nodes(&e);
	for (struct archive *a = e.first; a && !r; a = a->next)
		r = a->is_room ? take_room(&e, a) : take_person(&e, a);
	done(&e);
	return r;
}
