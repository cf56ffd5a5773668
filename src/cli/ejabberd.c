/* The tables stand in any order, and so do the messages of one archive: the file is gone through once to find where what
 * is wanted stands, and read again by archive, in order of time. In memory: a place and a time for each message. */
#include "cli/ejabberd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/map.h"
#include "cli/erlang.h"
#include "cli/past.h"
#include "cli/tree.h"
#include "stanza/ns.h"

enum {
	TERM_BYTES = 64 << 20, /* memory for one term */
	STANZA_DEPTH = 100,
	SECONDS_MAX = 100000, /* mega */
};

/* Where a message stands. */
struct place_of {
	uint64_t time_us;
	size_t at;
};

/* A room or a person. */
struct archive {
	struct archive *next; /* in the order of the file */
	struct str local, domain;
	bool is_room; /* somebody said something in it, or there is a row of it, */
	size_t room_at; /* here; SIZE_MAX: none */
	struct place_of *said;
	size_t len, cap;
};

struct ejabberd {
	struct intake *in;
	const struct cli *cli;
	const char *path;
	struct str text;
	struct arena *names;
	struct map archives; /* by address */
	struct archive *first, **end;
};

/* ---- the file ---- */

/* 1, 0 at the end, or the negative of an exit code. */
static int next_term(struct ejabberd *e, size_t *at, struct arena *arena, struct erlang *out)
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

static struct archive *archive_of(struct ejabberd *e, const struct erlang *pair)
{
	struct str local = erlang_text(erlang_item(pair, 0)), domain = erlang_text(erlang_item(pair, 1));
	struct str key = arena_printf(e->names, "%.*s@%.*s", STR_FMT(local), STR_FMT(domain));
	struct archive *a = key.data ? map_get(&e->archives, key) : NULL;

	if (a || !local.len || !domain.len || !key.data)
		return a;
	a = arena_zalloc(e->names, sizeof(*a));
	if (!a || map_put(&e->archives, key, a))
		return NULL;
	a->local = str_cut(key, 0, local.len);
	a->domain = str_cut(key, local.len + 1, key.len);
	a->room_at = SIZE_MAX;
	*e->end = a;
	e->end = &a->next;
	return a;
}

static bool archive_add(struct archive *a, struct place_of said)
{
	if (a->len == a->cap) {
		size_t cap = a->cap ? a->cap * 2 : 64;
		struct place_of *all = reallocarray(a->said, cap, sizeof(*all));

		if (!all)
			return false;
		a->said = all;
		a->cap = cap;
	}
	a->said[a->len++] = said;
	return true;
}

/* {Mega, Seconds, Micro}; 0: it is none. */
static uint64_t time_of(const struct erlang *v)
{
	const struct erlang *part = erlang_item(v, 0);
	int64_t n[3] = {};

	for (int i = 0; i < 3; i++, part = part->next) {
		if (!part || part->kind != ERLANG_INTEGER || part->integer < 0 || part->integer >= 1000000)
			return 0;
		n[i] = part->integer;
	}
	return n[0] < SECONDS_MAX ? ((uint64_t)n[0] * 1000000 + (uint64_t)n[1]) * 1000000 + (uint64_t)n[2] : 0;
}

/* What is not taken from here. */
static void count_left(struct ejabberd *e, const struct erlang *table)
{
	static const char export[] = "it comes with 'ejabberdctl export_piefxis': import that, too";
	static const struct {
		const char *table;
		enum tally_kind kind;
		const char *why;
	} others[] = {{"passwd", TALLY_ACCOUNTS, export}, {"roster", TALLY_CONTACTS, export},
		{"offline_msg", TALLY_OFFLINE, export}, {"vcard", TALLY_VCARDS, export},
		{"private_storage", TALLY_PRIVATE, export}, {"privacy", TALLY_BLOCKED, export},
		{"pubsub_item", TALLY_PUBLISHED, "items of nodes are not taken from a dump"},
		{"archive_prefs", TALLY_OTHER, "what somebody wants kept in his history"},
		{"muc_registered", TALLY_OTHER, "a nickname for a whole service: here it is each room's"},
		{"motd", TALLY_OTHER, "an announcement"}, {"sr_group", TALLY_OTHER, "a shared roster group"}};

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (erlang_is(table, others[i].table))
			intake_left(e->in, others[i].kind, 1, others[i].why);
}

/* {muc_room, {Name, Service}, Options, ...}; {archive_msg, {Name, Service}, Id, Time, Peer, BarePeer, Packet, Nick, Type}. */
static bool note_term(struct ejabberd *e, const struct erlang *v, size_t at)
{
	const struct erlang *table = erlang_item(v, 0);
	bool room = erlang_is(table, "muc_room");
	struct archive *a;

	if (!room && !erlang_is(table, "archive_msg")) {
		count_left(e, table);
		return true;
	}
	a = archive_of(e, erlang_item(v, 1));
	if (!a) {
		intake_left(e->in, room ? TALLY_ROOMS : TALLY_HISTORY, 1, "the name is no address");
		return !arena_is_full(e->names);
	}
	a->is_room = a->is_room || room || erlang_is(erlang_item(v, 8), "groupchat");
	if (!room)
		return archive_add(a, (struct place_of){.time_us = time_of(erlang_item(v, 3)), .at = at});
	a->room_at = at;
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
		got = arena ? next_term(e, &at, arena, &v) : -CLI_INTERNAL;
		if (got > 0 && first && !erlang_is(erlang_item(&v, 0), "tables"))
			r = cli_fail(e->cli, CLI_USAGE, "name a file that 'ejabberdctl dump' wrote", "%s is none", e->path);
		else if (got > 0 && !note_term(e, &v, before))
			r = cli_fail(e->cli, CLI_INTERNAL, NULL, "memory is out");
		first = false;
		arena_free(arena);
	}
	return r ? r : got < 0 ? -got : 0;
}

/* ---- stanzas ---- */

static bool put_attrs(struct arena *arena, struct node *n, const struct erlang *attrs)
{
	for (const struct erlang *a = attrs ? attrs->items : NULL; a; a = a->next) {
		struct str name = erlang_text(erlang_item(a, 0)), value = erlang_text(erlang_item(a, 1));

		if (str_is(name, "xml:lang"))
			node_set_attr_ns(arena, n, STR("lang"), NS_XML, value);
		else if (name.len && !str_is(name, "xmlns") && !memchr(name.data, ':', name.len))
			node_set_attr(arena, n, name, value);
	}
	return tree_is_xml(n);
}

static struct str attr_of(const struct erlang *attrs, const char *name)
{
	for (const struct erlang *a = attrs ? attrs->items : NULL; a; a = a->next)
		if (str_is(erlang_text(erlang_item(a, 0)), name))
			return erlang_text(erlang_item(a, 1));
	return STR_NONE;
}

/* {xmlel, Name, [{Name, Value}], [{xmlel, ...} | {xmlcdata, Text}]} with the namespace of what it stands in. NULL: it is
 * none. */
static struct node *stanza(const struct erlang *v, struct str ns, struct arena *arena, unsigned depth)
{
	struct str name = erlang_text(erlang_item(v, 1));
	const struct erlang *attrs = erlang_item(v, 2), *inside = erlang_item(v, 3);
	struct str own = attr_of(attrs, "xmlns");
	struct node *n;

	if (depth > STANZA_DEPTH || !erlang_is(erlang_item(v, 0), "xmlel") || !inside || !name.len ||
		memchr(name.data, ':', name.len))
		return NULL;
	n = node_new(arena, name, own.data ? own : ns);
	if (!n || !put_attrs(arena, n, attrs))
		return NULL;
	for (const struct erlang *c = inside->items; c; c = c->next) {
		struct str text = erlang_text(erlang_item(c, 1));
		struct node *child = NULL;

		if (erlang_is(erlang_item(c, 0), "xmlcdata"))
			child = tree_is_text(text) ? node_add_text(arena, n, text) : NULL;
		else if ((child = stanza(c, n->ns, arena, depth + 1)))
			node_append(n, child);
		if (!child)
			return NULL;
	}
	return n;
}

/* {User, Server, Resource} as an address in the arena; empty: it is none. */
static struct str address(const struct erlang *v, struct arena *arena)
{
	struct str local = erlang_text(erlang_item(v, 0)), domain = erlang_text(erlang_item(v, 1));
	struct str resource = erlang_text(erlang_item(v, 2));

	return domain.len ? arena_printf(arena, "%.*s%s%.*s%s%.*s", STR_FMT(local), local.len ? "@" : "", STR_FMT(domain),
				    resource.len ? "/" : "", STR_FMT(resource))
			  : STR_NONE;
}

/* ---- messages ---- */

/* The room speaks for whom had that nickname. */
static struct node *said(struct ejabberd *e, const struct erlang *v, struct node *message, struct arena *arena)
{
	struct str nick = erlang_text(erlang_item(v, 7)), room = intake_jid(e->in);

	node_set_attr(arena, message, STR("from"),
		nick.len ? arena_printf(arena, "%.*s/%.*s", STR_FMT(room), STR_FMT(nick)) : room);
	node_set_attr(arena, message, STR("type"), STR("groupchat"));
	if (!tree_is_text(nick))
		return NULL;
	return intake_room_said(e->in, message, nick.len ? address(erlang_item(v, 4), arena) : STR_NONE, STR_NONE, arena);
}

static int take_message(struct ejabberd *e, const struct archive *a, const struct place_of *place)
{
	struct arena *arena = arena_new(TERM_BYTES);
	size_t at = place->at;
	struct past past = {.time_us = place->time_us};
	struct erlang v;
	int r = arena ? next_term(e, &at, arena, &v) : -CLI_INTERNAL;

	if (r > 0) {
		past.message = stanza(erlang_item(&v, 6), NS_CLIENT, arena, 0);
		if (past.message && !str_is(past.message->name, "message"))
			past.message = NULL;
		if (past.message && a->is_room)
			past.message = said(e, &v, past.message, arena);
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

static int by_time(const void *a, const void *b)
{
	const struct place_of *x = a, *y = b;

	if (x->time_us != y->time_us)
		return x->time_us < y->time_us ? -1 : 1;
	return x->at < y->at ? -1 : x->at > y->at;
}

static int take_messages(struct ejabberd *e, struct archive *a)
{
	int r = 0;

	if (a->len)
		qsort(a->said, a->len, sizeof(*a->said), by_time);
	for (size_t i = 0; i < a->len && !r; i++)
		r = take_message(e, a, &a->said[i]);
	return r;
}

/* ---- rooms ---- */

static void take_option(struct ejabberd *e, const struct erlang *options, const char *theirs, const char *ours)
{
	const struct erlang *v = erlang_property(options, theirs);
	struct str text = erlang_text(v);

	if (v && v->kind == ERLANG_INTEGER && v->integer >= 0)
		text = arena_printf(intake_arena(e->in), "%lld", (long long)v->integer);
	else if (v && v->kind == ERLANG_ATOM)
		text = str_is(v->text, "true") ? STR("1") : str_is(v->text, "false") ? STR("0") : v->text;
	if (text.len && tree_is_text(text))
		intake_room_option(e->in, ours, text);
}

/* Who enters a moderated room there has a voice at once, unless it says otherwise; here he has none. */
static void take_options(struct ejabberd *e, const struct erlang *options)
{
	static const char *const same[][2] = {{"title", "roomname"}, {"description", "roomdesc"}, {"lang", "lang"},
		{"public", "publicroom"}, {"members_only", "membersonly"}, {"password_protected", "passwordprotectedroom"},
		{"password", "roomsecret"}, {"allow_change_subj", "changesubject"}, {"allow_user_invites", "allowinvites"},
		{"allowpm", "allowpm"}, {"max_users", "maxusers"}, {"mam", "enablearchiving"}};
	static const char *const none_here[] = {"captcha_protected", "vcard", "subscribers", "hats_users"};
	bool voiceless = erlang_is(erlang_property(options, "members_by_default"), "false");

	for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++)
		take_option(e, options, same[i][0], same[i][1]);
	intake_room_option(e->in, "whois",
		erlang_is(erlang_property(options, "anonymous"), "false") ? STR("anyone") : STR("moderators"));
	intake_room_option(e->in, "moderatedroom",
		voiceless && erlang_is(erlang_property(options, "moderated"), "true") ? STR("1") : STR("0"));
	for (size_t i = 0; i < sizeof(none_here) / sizeof(none_here[0]); i++) {
		const struct erlang *v = erlang_property(options, none_here[i]);

		if (v && (erlang_is(v, "true") || v->len || erlang_text(v).len))
			intake_left(e->in, TALLY_OTHER, 1, "a captcha, picture, subscription or hat of a room");
	}
}

/* [{{User, Server, _}, Word | {Word, Reason}}] */
static void take_affiliations(struct ejabberd *e, const struct erlang *list)
{
	for (const struct erlang *a = list && list->kind == ERLANG_LIST ? list->items : NULL; a; a = a->next) {
		const struct erlang *word = erlang_item(a, 1);

		if (word && word->kind == ERLANG_TUPLE)
			word = erlang_item(word, 0);
		intake_room_affiliation(e->in, address(erlang_item(a, 0), intake_arena(e->in)),
			word && word->kind == ERLANG_ATOM ? word->text : STR(""), STR(""));
	}
}

/* Text, or [{text, Language, Text}]; its author a nickname, or {Nickname, Address}. */
static void take_subject(struct ejabberd *e, const struct erlang *options)
{
	const struct erlang *subject = erlang_property(options, "subject");
	const struct erlang *author = erlang_property(options, "subject_author");
	struct str text = erlang_text(subject), nick, room = intake_jid(e->in);

	if (subject && subject->kind == ERLANG_LIST)
		text = erlang_text(erlang_item(erlang_item(subject, 0), 2));
	if (author && author->kind == ERLANG_TUPLE)
		author = erlang_item(author, 0);
	nick = erlang_text(author);
	if (!text.len || !tree_is_text(text) || !tree_is_text(nick))
		return;
	intake_room_subject(e->in, text,
		nick.len ? arena_printf(intake_arena(e->in), "%.*s/%.*s", STR_FMT(room), STR_FMT(nick)) : room, 0);
}

static int take_row(struct ejabberd *e, size_t at)
{
	struct arena *arena = arena_new(TERM_BYTES);
	struct erlang v;
	int r = arena ? next_term(e, &at, arena, &v) : -CLI_INTERNAL;

	if (r > 0) {
		const struct erlang *options = erlang_item(&v, 2);

		take_options(e, options);
		take_affiliations(e, erlang_property(options, "affiliations"));
		take_subject(e, options);
	}
	arena_free(arena);
	return r < 0 ? -r : 0;
}

static int take_room(struct ejabberd *e, struct archive *a)
{
	bool skip;
	int r;

	if (a->room_at == SIZE_MAX) {
		intake_left(e->in, TALLY_HISTORY, a->len, "it was said in a room that did not stay");
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

static int take_person(struct ejabberd *e, struct archive *a)
{
	bool skip;
	int r = intake_past_begin(e->in, a->local, a->domain, &skip);

	if (r || skip)
		return r;
	r = take_messages(e, a);
	return r ? r : intake_past_end(e->in);
}

/* ---- all ---- */

static void done(struct ejabberd *e)
{
	for (struct archive *a = e->first; a; a = a->next)
		free(a->said);
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
	r = e.names ? file_open(&e) : CLI_INTERNAL;
	if (!r)
		r = find_all(&e);
	for (struct archive *a = e.first; a && !r; a = a->next)
		r = a->is_room ? take_room(&e, a) : take_person(&e, a);
	done(&e);
	return r;
}
