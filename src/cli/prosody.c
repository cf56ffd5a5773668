#include "cli/prosody.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "cli/lua.h"
#include "cli/past.h"
#include "cli/tree.h"
#include "stanza/ns.h"

enum {
	PATH_BYTES = 4096,
	ITEM_BYTES = 64 << 20, /* memory for one value of a file */
	STANZA_DEPTH = 100,
};

struct prosody {
	struct intake *in;
	const struct cli *cli;
	const char *folder;
	char host[256], user[1024]; /* as the folder and the file are called */
	struct place *node;         /* whose items are read */
};

/* One file, mapped: its size does not matter. */
struct file {
	char path[PATH_BYTES];
	struct str text;
	size_t at;
};

static int unreadable(const struct prosody *p, const char *path)
{
	return cli_fail(p->cli, CLI_USAGE, "run this as root, with Prosody stopped", "%s: %s", path, strerror(errno));
}

/* *out_there false: no such file. */
static int file_open(struct prosody *p, struct file *f, const char *store, const char *end, bool *out_there)
{
	AUTO(auto_close) int fd = -1;
	struct stat st;
	void *map;
	int n = snprintf(f->path, sizeof(f->path), "%s/%s/%s/%s.%s", p->folder, p->host, store, p->user, end);

	*out_there = false;
	f->at = 0;
	f->text = STR_NONE;
	fd = n < (int)sizeof(f->path) ? intake_source(p->in, f->path) : -1;
	if (fd < 0)
		return n >= (int)sizeof(f->path) || errno == ENOENT || errno == ENOTDIR ? 0 : unreadable(p, f->path);
	if (fstat(fd, &st) || !S_ISREG(st.st_mode))
		return unreadable(p, f->path);
	if (st.st_size == 0)
		return 0;
	map = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (map == MAP_FAILED)
		return unreadable(p, f->path);
	f->text = str_of(map, (size_t)st.st_size);
	intake_hash(p->in, map, (size_t)st.st_size);
	*out_there = true;
	return 0;
}

static void file_close(struct file *f)
{
	if (f->text.data)
		munmap((void *)(size_t)f->text.data, f->text.len);
	f->text = STR_NONE;
}

/* The next value of the file. 1, 0 at the end, or the negative of an exit code. */
static int file_next(struct prosody *p, struct file *f, struct arena *arena, struct lua *out)
{
	int r = lua_next(f->text, &f->at, arena, out);
	size_t line = 1;

	if (r >= 0)
		return r;
	for (size_t i = 0; i < f->at && i < f->text.len; i++)
		line += f->text.data[i] == '\n';
	return -cli_fail(p->cli, CLI_USAGE, "mend the file, or move it away; what was taken in before stays",
		r == -ENOMEM ? "%s, line %zu: too large" : "%s, line %zu: this is no data of Prosody's", f->path, line);
}

/* Calls `each` for every value of a file that may not be there. */
static int each_value(struct prosody *p, const char *store, const char *end,
	int (*each)(struct prosody *p, const struct lua *value, struct arena *arena))
{
	struct file f;
	bool there;
	int r = file_open(p, &f, store, end, &there), got = 1;

	while (!r && there && got > 0) {
		struct arena *arena = arena_new(ITEM_BYTES);
		struct lua value;

		got = arena ? file_next(p, &f, arena, &value) : -CLI_INTERNAL;
		if (got > 0)
			r = each(p, &value, arena);
		arena_free(arena);
	}
	if (!r && there)
		file_close(&f);
	else if (r && f.text.data)
		file_close(&f);
	return r ? r : got < 0 ? -got : 0;
}

/* ---- stanzas ---- */

/* "NS\1NAME", or a plain name. */
static void put_attr(struct arena *arena, struct node *n, const struct lua_pair *a)
{
	size_t cut;

	if (a->key.kind != LUA_STRING || a->value.kind != LUA_STRING || str_is(a->key.string, "xmlns"))
		return;
	cut = str_find(a->key.string, '\1', 0);
	if (cut < a->key.string.len)
		node_set_attr_ns(arena, n, str_cut(a->key.string, cut + 1, a->key.string.len),
			str_cut(a->key.string, 0, cut), a->value.string);
	else if (str_is(a->key.string, "xml:lang"))
		node_set_attr_ns(arena, n, STR("lang"), NS_XML, a->value.string);
	else
		node_set_attr(arena, n, a->key.string, a->value.string);
}

/* {name=, attr={}, "text", {child}} with the namespace of what it stands in. NULL: it is none. */
static struct node *stanza(const struct lua *v, struct str ns, struct arena *arena, unsigned depth)
{
	const struct lua *attrs = lua_get(v, STR("attr"));
	struct str own = lua_text(attrs, STR("xmlns"));
	struct node *n;

	if (depth > STANZA_DEPTH || !lua_text(v, STR("name")).len)
		return NULL;
	n = node_new(arena, lua_text(v, STR("name")), own.data ? own : ns);
	if (!n)
		return NULL;
	for (const struct lua_pair *a = attrs && attrs->kind == LUA_TABLE ? attrs->pairs : NULL; a; a = a->next)
		put_attr(arena, n, a);
	if (!tree_is_xml(n))
		return NULL;
	for (const struct lua_pair *c = v->pairs; c; c = c->next) {
		struct node *child = NULL;

		if (c->key.kind != LUA_NUMBER)
			continue;
		if (c->value.kind == LUA_STRING)
			child = tree_is_text(c->value.string) ? node_add_text(arena, n, c->value.string) : NULL;
		else if ((child = stanza(&c->value, n->ns, arena, depth + 1)))
			node_append(n, child);
		if (!child)
			return NULL;
	}
	return n;
}

/* ---- what a person has ---- */

static bool take_hex(struct str text, uint8_t *out, uint8_t *out_len)
{
	*out_len = (uint8_t)(text.len / 2);
	return text.len <= 2 * STORE_KEY_MAX && hex_parse(text, out, text.len / 2);
}

static int take_account(struct prosody *p, const struct lua *v, struct arena *arena)
{
	const struct lua *rounds = lua_get(v, STR("iteration_count"));
	struct str salt = lua_text(v, STR("salt")), password = lua_text(v, STR("password"));
	struct store_verifier keys = {};
	uint8_t len;

	(void)arena;
	if (lua_get(v, STR("disabled")) && lua_get(v, STR("disabled"))->boolean)
		intake_disabled(p->in);
	if (password.len)
		intake_password(p->in, password);
	if (!rounds || rounds->kind != LUA_NUMBER || rounds->number < 1 || rounds->number > 1e8 || !salt.len ||
		salt.len > STORE_SALT_MAX || !take_hex(lua_text(v, STR("stored_key")), keys.stored_key, &len) ||
		!take_hex(lua_text(v, STR("server_key")), keys.server_key, &keys.key_len) || len != keys.key_len)
		return 0;
	keys.iterations = (uint32_t)rounds->number;
	keys.salt_len = (uint8_t)salt.len;
	memcpy(keys.salt, salt.data, salt.len);
	for (int kind = 0; kind < STORE_VERIFIER_KINDS; kind++)
		intake_verifier(p->in, (enum store_verifier_kind)kind, &keys); /* the length says which */
	return 0;
}

static uint8_t subscription_of(struct str text)
{
	return str_is(text, "both") ? STORE_SUB_BOTH
	       : str_is(text, "to") ? STORE_SUB_TO
				    : str_is(text, "from") ? STORE_SUB_FROM : STORE_SUB_NONE;
}

static void take_contact(struct prosody *p, struct str jid, const struct lua *v, struct arena *arena)
{
	const struct lua *groups = lua_get(v, STR("groups")), *approved = lua_get(v, STR("approved"));
	struct store_roster_item item = {.contact = jid,
		.name = lua_text(v, STR("name")),
		.subscription = subscription_of(lua_text(v, STR("subscription"))),
		.ask = str_is(lua_text(v, STR("ask")), "subscribe"),
		.approved = approved && approved->boolean};
	struct str *names;
	size_t max = 0;

	for (const struct lua_pair *g = groups ? groups->pairs : NULL; g; g = g->next)
		max++;
	names = arena_zalloc(arena, (max + 1) * sizeof(*names));
	for (const struct lua_pair *g = names && groups ? groups->pairs : NULL; g; g = g->next)
		if (g->key.kind == LUA_STRING && tree_is_text(g->key.string))
			names[item.groups_len++] = g->key.string;
	item.groups = names;
	if (names && (!item.name.len || tree_is_text(item.name)))
		intake_contact(p->in, &item);
}

/* Requests stand beside, under the key false (or "pending", in older files). */
static void take_pending(struct prosody *p, const struct lua *v)
{
	const struct lua *pending = lua_get(v, STR("pending"));

	for (const struct lua_pair *r = pending ? pending->pairs : NULL; r; r = r->next)
		if (r->key.kind == LUA_STRING)
			intake_request(p->in, r->key.string);
}

static int take_roster(struct prosody *p, const struct lua *v, struct arena *arena)
{
	take_pending(p, v);
	for (const struct lua_pair *c = v->kind == LUA_TABLE ? v->pairs : NULL; c; c = c->next) {
		if (c->key.kind == LUA_BOOL)
			take_pending(p, &c->value);
		else if (c->key.kind == LUA_STRING && c->value.kind == LUA_TABLE && !str_is(c->key.string, "pending"))
			take_contact(p, c->key.string, &c->value, arena);
	}
	return 0;
}

static int take_blocked(struct prosody *p, const struct lua *v, struct arena *arena)
{
	(void)arena;
	for (const struct lua_pair *c = v->kind == LUA_TABLE ? v->pairs : NULL; c; c = c->next)
		if (c->key.kind == LUA_STRING && c->value.kind != LUA_NIL)
			intake_block(p->in, c->key.string);
	return 0;
}

static int take_vcard(struct prosody *p, const struct lua *v, struct arena *arena)
{
	struct node *n = stanza(v, STR("vcard-temp"), arena, 0);

	if (n && node_is(n, STR("vCard"), STR("vcard-temp")))
		return intake_vcard(p->in, n);
	intake_left(p->in, TALLY_VCARDS, 1, "it is none");
	return 0;
}

static int take_private(struct prosody *p, const struct lua *v, struct arena *arena)
{
	int r = 0;

	for (const struct lua_pair *c = v->kind == LUA_TABLE ? v->pairs : NULL; c && !r; c = c->next) {
		struct node *n = stanza(&c->value, STR(""), arena, 0);

		if (n && n->ns.len)
			r = intake_private(p->in, n);
		else
			intake_left(p->in, TALLY_PRIVATE, 1, "it is no element with a namespace");
	}
	return r;
}

/* ---- personal eventing ---- */

/* As the archive keeps a stanza: with its time beside it. */
static struct node *stored(const struct lua *v, struct str ns, struct arena *arena, uint64_t *out_us)
{
	const struct lua *when = lua_get(v, STR("when"));
	struct node *n = stanza(v, ns, arena, 0);

	*out_us = when && when->kind == LUA_NUMBER && when->number > 0 && when->number < 1e11 ? (uint64_t)(when->number * 1e6) : 0;
	if (n && !*out_us && !clock_parse(node_attr(n, STR("stamp")), out_us))
		*out_us = 0;
	if (n) {
		node_del_attr(n, STR("stamp"));
		node_del_attr(n, STR("stamp_legacy"));
	}
	return n;
}

static int take_offline(struct prosody *p, const struct lua *v, struct arena *arena)
{
	uint64_t time_us;
	struct node *n = stored(v, NS_CLIENT, arena, &time_us);

	if (n)
		return intake_offline(p->in, n, time_us);
	intake_left(p->in, TALLY_OFFLINE, 1, "it is no message, or says not whose");
	return 0;
}

static void take_config(struct prosody *p, struct place *place, const struct lua *config)
{
	static const char *const others[][2] = {{"payload_type", "type"}, {"notify_items", "deliver_notifications"},
		{"include_payload", "deliver_payloads"}};

	for (const struct lua_pair *c = config && config->kind == LUA_TABLE ? config->pairs : NULL; c; c = c->next) {
		struct str name = c->key.kind == LUA_STRING ? c->key.string : STR_NONE, value = c->value.string;
		char number[320]; /* a double has up to 309 digits */

		for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
			if (str_eq(name, str_from(others[i][0])))
				name = str_from(others[i][1]);
		if (c->value.kind == LUA_BOOL)
			value = c->value.boolean ? STR("1") : STR("0");
		else if (c->value.kind == LUA_NUMBER)
			value = str_of(number, (size_t)snprintf(number, sizeof(number), "%.0f", c->value.number));
		if (name.len && c->value.kind != LUA_TABLE && c->value.kind != LUA_NIL && tree_is_text(value))
			intake_node_option(p->in, place, name, value);
	}
}

static int take_item(struct prosody *p, const struct lua *v, struct arena *arena)
{
	uint64_t time_us;
	struct node *n = stored(v, STR("http://jabber.org/protocol/pubsub"), arena, &time_us);

	if (n)
		return intake_node_item(p->in, p->node, lua_text(v, STR("key")), lua_text(v, STR("with")), n);
	intake_left(p->in, TALLY_PUBLISHED, 1, "it is no item");
	return 0;
}

/* The items of a node are a store of their own, called by it. */
static int take_items(struct prosody *p, struct str node)
{
	struct buf store = BUF_INIT(PATH_BYTES);
	int r = 0;

	buf_lit(&store, "pep_");
	for (size_t i = 0; i < node.len; i++) {
		unsigned char c = (unsigned char)node.data[i];

		if (c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'))
			buf_putc(&store, (char)c);
		else
			buf_printf(&store, "%%%02x", c);
	}
	if (buf_cstr(&store))
		r = each_value(p, buf_cstr(&store), "list", take_item);
	buf_done(&store);
	return r;
}

static int take_nodes(struct prosody *p, const struct lua *v, struct arena *arena)
{
	int r = 0;

	(void)arena;
	for (const struct lua_pair *c = v->kind == LUA_TABLE ? v->pairs : NULL; c && !r; c = c->next) {
		const struct lua *people = lua_get(&c->value, STR("affiliations"));

		if (c->key.kind != LUA_STRING || !(p->node = intake_node(p->in, c->key.string)))
			continue;
		take_config(p, p->node, lua_get(&c->value, STR("config")));
		for (const struct lua_pair *a = people && people->kind == LUA_TABLE ? people->pairs : NULL; a; a = a->next)
			if (a->key.kind == LUA_STRING && a->value.kind == LUA_STRING)
				intake_node_person(p->in, p->node, a->key.string, a->value.string, false);
		people = lua_get(&c->value, STR("subscribers"));
		for (const struct lua_pair *a = people && people->kind == LUA_TABLE ? people->pairs : NULL; a; a = a->next)
			if (a->key.kind == LUA_STRING)
				intake_node_person(p->in, p->node, a->key.string, STR_NONE, true);
		r = take_items(p, c->key.string);
	}
	return r;
}

static int take_past(struct prosody *p, const struct lua *v, struct arena *arena)
{
	struct past past = {.id = lua_text(v, STR("key"))};

	past.message = stored(v, NS_CLIENT, arena, &past.time_us);
	if (past.message && str_is(past.message->name, "message"))
		return intake_history(p->in, &past);
	intake_left(p->in, TALLY_HISTORY, 1, "it is no message");
	return 0;
}

static int take_person(struct prosody *p)
{
	static const struct {
		const char *store, *end;
		int (*take)(struct prosody *p, const struct lua *value, struct arena *arena);
	} stores[] = {{"accounts", "dat", take_account}, {"roster", "dat", take_roster}, {"blocklist", "dat", take_blocked},
		{"vcard", "dat", take_vcard}, {"private", "dat", take_private}, {"offline", "list", take_offline},
		{"pep", "dat", take_nodes}, {"archive", "list", take_past}};
	int r = 0;

	for (size_t i = 0; i < sizeof(stores) / sizeof(stores[0]) && !r; i++)
		r = each_value(p, stores[i].store, stores[i].end, stores[i].take);
	return r ? r : intake_end(p->in);
}

/* ---- folders ---- */

/* %2e and the like. False: it is none, or has bytes that no name has. */
static bool decode(const char *text, struct buf *out)
{
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if (c == '%' && (!text[1] || !text[2] || !hex_parse(str_of(text + 1, 2), &c, 1) || !c))
			return false;
		text += *text == '%' ? 2 : 0;
		buf_putc(out, (char)c);
	}
	return !buf_failed(out);
}

static int begin_person(struct prosody *p, bool *out_skip)
{
	struct buf local = BUF_INIT(4096), domain = BUF_INIT(1024);
	int r = 0;

	*out_skip = !decode(p->user, &local) || !decode(p->host, &domain);
	if (*out_skip)
		intake_left(p->in, TALLY_ACCOUNTS, 1, "the name is no address");
	else
		r = intake_begin(p->in, buf_view(&local), buf_view(&domain), out_skip);
	buf_done(&local);
	buf_done(&domain);
	return r;
}

static bool ends_in(const char *name, const char *end, char *out, size_t size)
{
	size_t n = strlen(name), m = strlen(end);

	if (name[0] == '.' || n <= m || n - m >= size || strcmp(name + n - m, end))
		return false;
	memcpy(out, name, n - m);
	out[n - m] = '\0';
	return true;
}

/* Calls for each entry in order of names; 0 where there is no such folder. */
static int each_entry(struct prosody *p, const char *path, int (*each)(struct prosody *p, const char *name))
{
	struct dirent **entries = NULL;
	int n = intake_folder(p->in, path, &entries), r = 0;

	if (n < 0)
		return errno == ENOENT || errno == ENOTDIR ? 0 : unreadable(p, path);
	for (int i = 0; i < n; i++) {
		if (!r && entries[i]->d_name[0] != '.')
			r = each(p, entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
	return r;
}

static int each_account(struct prosody *p, const char *name)
{
	bool skip;
	int r;

	if (!ends_in(name, ".dat", p->user, sizeof(p->user)))
		return 0;
	r = begin_person(p, &skip);
	return r || skip ? r : take_person(p);
}

/* ---- rooms ---- */

static void take_room_data(struct prosody *p, const struct lua *data)
{
	static const struct {
		const char *theirs, *ours;
		bool inverted;
	} options[] = {{"name", "roomname", false}, {"description", "roomdesc", false}, {"language", "lang", false},
		{"hidden", "publicroom", true}, {"members_only", "membersonly", false}, {"moderated", "moderatedroom", false},
		{"whois", "whois", false}, {"changesubject", "changesubject", false}, {"allow_member_invites", "allowinvites", false},
		{"history_length", "muc#maxhistoryfetch", false}, {"archiving", "enablearchiving", false},
		{"password", "roomsecret", false}};

	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		const struct lua *v = lua_get(data, str_from(options[i].theirs));
		char number[32];

		if (v && v->kind == LUA_STRING && tree_is_text(v->string))
			intake_room_option(p->in, options[i].ours, v->string);
		else if (v && v->kind == LUA_BOOL)
			intake_room_option(p->in, options[i].ours, v->boolean != options[i].inverted ? STR("1") : STR("0"));
		else if (v && v->kind == LUA_NUMBER && v->number >= 0 && v->number < 1e9)
			intake_room_option(p->in, options[i].ours,
				str_of(number, (size_t)snprintf(number, sizeof(number), "%.0f",
						       v->number > 100 ? 100 : v->number)));
	}
	if (lua_text(data, STR("password")).len)
		intake_room_option(p->in, "passwordprotectedroom", STR("1"));
}

static void take_room_subject(struct prosody *p, const struct lua *data)
{
	const struct lua *time = lua_get(data, STR("subject_time"));
	struct str text = lua_text(data, STR("subject")), from = lua_text(data, STR("subject_from"));

	if (text.len && tree_is_text(text) && tree_is_text(from))
		intake_room_subject(p->in, text, from.len ? from : intake_jid(p->in),
			time && time->kind == LUA_NUMBER && time->number > 0 && time->number < 1e11 ? (uint64_t)(time->number * 1e6)
												: 0);
}

/* Beside the fields of the room's own, or in a table of theirs in files of before. */
static int take_room(struct prosody *p, const struct lua *v, struct arena *arena)
{
	const struct lua *of_all = lua_get(v, STR("_affiliation_data")), *older = lua_get(v, STR("_affiliations"));
	const struct lua *data = lua_get(v, STR("_data"));

	(void)arena;
	if (older)
		v = older;
	for (const struct lua_pair *a = v->kind == LUA_TABLE ? v->pairs : NULL; a; a = a->next) {
		const struct lua *more = of_all && a->key.kind == LUA_STRING ? lua_get(of_all, a->key.string) : NULL;
		struct str nick = more ? lua_text(more, STR("reserved_nickname")) : STR("");

		if (a->key.kind == LUA_STRING && a->value.kind == LUA_STRING && memchr(a->key.string.data, '@', a->key.string.len) &&
			a->key.string.data[0] != '_')
			intake_room_affiliation(p->in, a->key.string, a->value.string, tree_is_text(nick) ? nick : STR(""));
	}
	if (data) {
		take_room_data(p, data);
		take_room_subject(p, data);
	}
	return 0;
}

static struct node *said(struct prosody *p, struct node *n, struct arena *arena)
{
	const struct node *x = node_child(n, STR("x"), NS_MUC_USER);
	const struct node *item = x ? node_child(x, STR("item"), NS_MUC_USER) : NULL;
	struct str real = item ? node_attr(item, STR("jid")) : STR_NONE;

	return intake_room_said(p->in, n, real, item ? node_attr(item, STR("affiliation")) : STR_NONE, arena);
}

static int take_said(struct prosody *p, const struct lua *v, struct arena *arena)
{
	struct past past = {};

	past.message = stored(v, NS_CLIENT, arena, &past.time_us);
	if (past.message && str_is(past.message->name, "message") && past.message->first)
		past.message = said(p, past.message, arena);
	else
		past.message = NULL;
	if (past.message)
		return intake_history(p->in, &past);
	intake_left(p->in, TALLY_HISTORY, 1, "it is no message");
	return 0;
}

static int each_room(struct prosody *p, const char *name)
{
	struct buf local = BUF_INIT(4096), domain = BUF_INIT(1024);
	bool skip = true;
	int r = 0;

	if (!ends_in(name, ".dat", p->user, sizeof(p->user)))
		return 0;
	if (decode(p->user, &local) && decode(p->host, &domain))
		r = intake_room_begin(p->in, buf_view(&local), buf_view(&domain), &skip);
	buf_done(&local);
	buf_done(&domain);
	if (r || skip)
		return r;
	r = each_value(p, "config", "dat", take_room);
	if (!r)
		r = each_value(p, "muc_log", "list", take_said);
	return r ? r : intake_room_end(p->in);
}

static int each_host(struct prosody *p, const char *name)
{
	char path[PATH_BYTES];
	int r;

	if (snprintf(p->host, sizeof(p->host), "%s", name) >= (int)sizeof(p->host))
		return 0;
	snprintf(path, sizeof(path), "%s/%s/accounts", p->folder, name);
	r = each_entry(p, path, each_account);
	snprintf(path, sizeof(path), "%s/%s/config", p->folder, name);
	return r ? r : each_entry(p, path, each_room);
}

int prosody_read(struct intake *in, const struct cli *cli, const char *folder)
{
	struct prosody p = {.in = in, .cli = cli, .folder = folder};

	return each_entry(&p, folder, each_host);
}
