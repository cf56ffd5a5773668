#include "cli/portable.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/text.h"
#include "cli/past.h"
#include "stanza/ns.h"
#include "stanza/tokenizer.h"

#define NS_PIE_OLD STR("http://www.xmpp.org/extensions/xep-0227.html#ns") /* before it had a number */
#define NS_XINCLUDE STR("http://www.w3.org/2001/XInclude")

enum {
	BLOCK = 64 << 10,
	INCLUDES = 3, /* of files by files: the main one, a host's, a person's */
	PATH_BYTES = 4096,
};

enum level {
	LEVEL_NONE,
	LEVEL_SERVER,
	LEVEL_HOST,
	LEVEL_USER,
	LEVEL_OFFLINE,
	LEVEL_ARCHIVE,
};

struct portable {
	struct intake *in;
	const struct cli *cli;
	char folder[PATH_BYTES]; /* of the main file */
	struct buf host;
	enum level level[XML_CONTAINERS * (INCLUDES + 1) + 2];
	size_t depth;
	unsigned includes;
	bool skip; /* the person open now */
};

static const struct xml_limits limits = {.stanza_bytes = 16 << 20,
	.depth = 200,
	.attributes = 1000,
	.attribute_bytes = 1 << 20,
	.name_bytes = 4096,
	.children = 200000,
	.nodes = 2000000,
	.arena_bytes = 512 << 20};

static int read_path(struct portable *p, const char *path);

static bool is_pie(const struct node *n, const char *name)
{
	return str_eq(n->name, str_from(name)) && (str_eq(n->ns, NS_PIE) || str_eq(n->ns, NS_PIE_OLD));
}

static enum level level_of(const struct node *n)
{
	if (is_pie(n, "server-data"))
		return LEVEL_SERVER;
	if (is_pie(n, "host"))
		return LEVEL_HOST;
	if (is_pie(n, "user"))
		return LEVEL_USER;
	if (is_pie(n, "offline-messages"))
		return LEVEL_OFFLINE;
	return node_is(n, STR("archive"), NS_PIE_MAM) ? LEVEL_ARCHIVE : LEVEL_NONE;
}

static bool is_container(void *owner, const struct node *n)
{
	(void)owner;
	return level_of(n) != LEVEL_NONE;
}

static enum level where(const struct portable *p)
{
	return p->depth ? p->level[p->depth - 1] : LEVEL_NONE;
}

/* ---- passwords ---- */

/* One server writes base64 of base64. */
static bool take_base64(struct str text, bool twice, uint8_t *out, size_t max, uint8_t *out_len)
{
	struct buf b = BUF_INIT(4096), inner = BUF_INIT(4096);
	bool ok = base64_parse(str_trim(text), &b) && (!twice || base64_parse(buf_view(&b), &inner));
	struct str found = twice ? buf_view(&inner) : buf_view(&b);

	ok = ok && found.len && found.len <= max;
	if (ok) {
		memcpy(out, found.data, found.len);
		*out_len = (uint8_t)found.len;
	}
	buf_done(&b);
	buf_done(&inner);
	return ok;
}

/* Salt and keys as they are written; the length of a key shows whether twice. */
static bool take_keys(
	struct store_verifier *v, enum store_verifier_kind kind, struct str salt, struct str stored, struct str server)
{
	size_t want = verifier_key_len(kind);
	uint8_t probe[256], len = 0;
	bool twice = !take_base64(stored, false, probe, sizeof(probe) - 1, &len) || len != want;

	return take_base64(salt, twice, v->salt, STORE_SALT_MAX, &v->salt_len) &&
	       take_base64(stored, twice, v->stored_key, STORE_KEY_MAX, &len) &&
	       take_base64(server, twice, v->server_key, STORE_KEY_MAX, &v->key_len) && len == want && v->key_len == want;
}

static struct str child_text(const struct node *n, const char *name, struct arena *arena)
{
	const struct node *c = node_child(n, str_from(name), n->ns);

	return c ? node_text(c, arena) : STR_NONE;
}

static bool kind_of(struct str mechanism, enum store_verifier_kind *out)
{
	static const char *const names[STORE_VERIFIER_KINDS] = {"SCRAM-SHA-1", "SCRAM-SHA-256", "SCRAM-SHA-512"};

	for (int kind = 0; kind < STORE_VERIFIER_KINDS; kind++)
		if (str_eq(mechanism, str_from(names[kind]))) {
			*out = (enum store_verifier_kind)kind;
			return true;
		}
	return false;
}

static void take_scram(struct portable *p, const struct node *n)
{
	struct arena *arena = intake_arena(p->in);
	struct store_verifier v = {};
	enum store_verifier_kind kind;
	unsigned long long rounds = 0;

	if (!kind_of(node_attr(n, STR("mechanism")), &kind) ||
		!str_to_u64(str_trim(child_text(n, "iter-count", arena)), 100000000, &rounds) || rounds < 1 ||
		!take_keys(&v, kind, child_text(n, "salt", arena), child_text(n, "stored-key", arena),
			child_text(n, "server-key", arena))) {
		intake_left(p->in, TALLY_PASSWORDS, 1, "keys of a mechanism that this server has not, or incomplete ones");
		return;
	}
	v.iterations = (uint32_t)rounds;
	intake_verifier(p->in, kind, &v);
}

static struct str next_part(struct str *rest)
{
	size_t end = str_find(*rest, ',', 0);
	struct str part = str_cut(*rest, 0, end);

	*rest = str_cut(*rest, end + 1, rest->len);
	return part;
}

/* Keys in the place of a password: "scram:[HASH,]STORED,SERVER,SALT,ROUNDS". */
static bool take_packed(struct portable *p, struct str rest)
{
	static const struct {
		const char *name;
		enum store_verifier_kind kind;
	} hashes[] = {{"sha256,", STORE_SHA_256}, {"sha512,", STORE_SHA_512}, {"sha,", STORE_SHA_1}};
	enum store_verifier_kind kind = STORE_SHA_1;
	struct str stored, server, salt;
	struct store_verifier v = {};
	unsigned long long rounds;

	for (size_t i = 0; i < 3; i++)
		if (str_starts(rest, str_from(hashes[i].name))) {
			kind = hashes[i].kind;
			rest = str_cut(rest, strlen(hashes[i].name), rest.len);
		}
	stored = next_part(&rest);
	server = next_part(&rest);
	salt = next_part(&rest);
	if (!take_keys(&v, kind, salt, stored, server) || !str_to_u64(rest, 100000000, &rounds))
		return false;
	v.iterations = (uint32_t)rounds;
	intake_verifier(p->in, kind, &v);
	return true;
}

static void take_password(struct portable *p, struct str password)
{
	struct str packed = STR("scram:");

	if (!str_starts(password, packed) || !take_packed(p, str_cut(password, packed.len, password.len)))
		intake_password(p->in, password);
}

/* ---- what a person has ---- */

static uint8_t subscription_of(struct str text)
{
	return str_is(text, "both") ? STORE_SUB_BOTH
	       : str_is(text, "to") ? STORE_SUB_TO
				    : str_is(text, "from") ? STORE_SUB_FROM : STORE_SUB_NONE;
}

static void take_item(struct portable *p, const struct node *n)
{
	struct arena *arena = intake_arena(p->in);
	struct store_roster_item item = {.contact = node_attr(n, STR("jid")),
		.name = node_attr(n, STR("name")),
		.subscription = subscription_of(node_attr(n, STR("subscription"))),
		.ask = str_is(node_attr(n, STR("ask")), "subscribe"),
		.approved = str_is(node_attr(n, STR("approved")), "true")};
	struct str *groups;
	size_t max = 0;

	node_each(c, n) max++;
	groups = arena_zalloc(arena, (max + 1) * sizeof(*groups));
	if (!groups)
		return;
	node_each(c, n) if (node_is(c, STR("group"), n->ns)) groups[item.groups_len++] = node_text(c, arena);
	item.groups = groups;
	intake_contact(p->in, &item);
}

static void take_roster(struct portable *p, const struct node *n)
{
	node_each(c, n) if (node_is(c, STR("item"), n->ns)) take_item(p, c);
}

static void take_blocklist(struct portable *p, const struct node *n)
{
	node_each(c, n) if (node_is(c, STR("item"), n->ns)) intake_block(p->in, node_attr(c, STR("jid")));
}

/* Of privacy lists (XEP-0016) what a block list can say: everything of one address denied, in the default list. */
static void take_privacy(struct portable *p, const struct node *n)
{
	const struct node *standard = node_child(n, STR("default"), n->ns);
	struct str name = standard ? node_attr(standard, STR("name")) : STR_NONE;

	node_each(list, n)
	{
		if (!node_is(list, STR("list"), n->ns))
			continue;
		node_each(item, list)
		{
			if (item->kind != NODE_ELEMENT)
				continue;
			if (name.len && str_eq(node_attr(list, STR("name")), name) &&
				str_is(node_attr(item, STR("type")), "jid") &&
				str_is(node_attr(item, STR("action")), "deny") && !node_first_element(item))
				intake_block(p->in, node_attr(item, STR("value")));
			else
				intake_left(p->in, TALLY_BLOCKED, 1, "a privacy list says what a block list cannot");
		}
	}
}

static int take_private(struct portable *p, const struct node *n)
{
	int r = 0;

	for (const struct node *c = node_first_element(n); c && !r; c = node_next_element(c))
		r = c->ns.len ? intake_private(p->in, c) : 0;
	return r;
}

/* A field with several values is a list, as the store has it. */
static void take_field(struct portable *p, struct place *place, const struct node *field)
{
	struct arena *arena = intake_arena(p->in);
	struct buf value = BUF_INIT(65536);
	struct str var = node_attr(field, STR("var"));

	node_each(v, field)
	{
		if (!node_is(v, STR("value"), NS_DATA_FORMS))
			continue;
		if (value.len)
			buf_putc(&value, '\x1f');
		buf_str(&value, node_text(v, arena));
	}
	if (!str_is(var, "FORM_TYPE"))
		intake_node_option(p->in, place, var, buf_view(&value));
	buf_done(&value);
}

/* How nodes are set, and who stands beside them. */
static void take_nodes(struct portable *p, const struct node *n)
{
	for (const struct node *c = node_first_element(n); c; c = node_next_element(c)) {
		const struct node *form = node_child(c, STR("x"), NS_DATA_FORMS);
		struct place *place = intake_node(p->in, node_attr(c, STR("node")));

		for (const struct node *f = place && form ? node_first_element(form) : NULL; f; f = node_next_element(f))
			take_field(p, place, f);
		for (const struct node *who = place ? node_first_element(c) : NULL; who; who = node_next_element(who))
			if (node_is(who, STR("affiliation"), n->ns) || node_is(who, STR("subscription"), n->ns))
				intake_node_person(p->in, place, node_attr(who, STR("jid")), node_attr(who, STR("affiliation")),
					str_is(node_attr(who, STR("subscription")), "subscribed"));
	}
}

static int take_published(struct portable *p, const struct node *n)
{
	int r = 0;

	for (const struct node *items = node_first_element(n); items && !r; items = node_next_element(items)) {
		struct place *place =
			node_is(items, STR("items"), n->ns) ? intake_node(p->in, node_attr(items, STR("node"))) : NULL;

		for (const struct node *item = place ? node_first_element(items) : NULL; item && !r; item = node_next_element(item))
			if (node_is(item, STR("item"), n->ns))
				r = intake_node_item(p->in, place, node_attr(item, STR("id")), node_attr(item, STR("publisher")),
					node_first_element(item));
	}
	return r;
}

static int take_child(struct portable *p, const struct node *n)
{
	if (node_is(n, STR("query"), NS_ROSTER))
		take_roster(p, n);
	else if (node_is(n, STR("scram-credentials"), NS_PIE_SCRAM))
		take_scram(p, n);
	else if (node_is(n, STR("vCard"), STR("vcard-temp")))
		return intake_vcard(p->in, n);
	else if (node_is(n, STR("query"), STR("jabber:iq:private")))
		return take_private(p, n);
	else if (node_is(n, STR("presence"), NS_CLIENT) && str_is(node_attr(n, STR("type")), "subscribe"))
		intake_request(p->in, node_attr(n, STR("from")));
	else if (node_is(n, STR("blocklist"), NS_BLOCKING))
		take_blocklist(p, n);
	else if (node_is(n, STR("query"), STR("jabber:iq:privacy")))
		take_privacy(p, n);
	else if (node_is(n, STR("pubsub"), NS_PUBSUB_OWNER))
		take_nodes(p, n);
	else if (node_is(n, STR("pubsub"), NS_PUBSUB))
		return take_published(p, n);
	else if (level_of(n) == LEVEL_NONE)
		intake_left(p->in, TALLY_OTHER, 1, "it is nothing this server knows");
	return 0;
}

/* ---- the document ---- */

static int open_user(struct portable *p, const struct node *n)
{
	int r = intake_begin(p->in, node_attr(n, STR("name")), buf_view(&p->host), &p->skip);

	if (!r && !p->skip)
		take_password(p, node_attr(n, STR("password")));
	return r;
}

static int close_user(struct portable *p)
{
	bool skip = p->skip;

	p->skip = false;
	return skip ? 0 : intake_end(p->in);
}

static int enter(struct portable *p, const struct node *n)
{
	enum level level = level_of(n);

	if (level == LEVEL_NONE || p->depth == sizeof(p->level) / sizeof(p->level[0]))
		return cli_fail(p->cli, CLI_USAGE, "name a file of XEP-0227", "the file begins with <%s/>, which is none",
			LOG_STR(n->name));
	p->level[p->depth++] = level;
	if (level == LEVEL_HOST) {
		buf_clear(&p->host);
		buf_str(&p->host, node_attr(n, STR("jid")));
	}
	return level == LEVEL_USER ? open_user(p, n) : 0;
}

static int leave(struct portable *p)
{
	enum level level = p->level[--p->depth];

	return level == LEVEL_USER ? close_user(p) : 0;
}

/* Only files below the main one's folder, by a relative path. */
static int include(struct portable *p, const struct node *n)
{
	struct str href = node_attr(n, STR("href"));
	char path[PATH_BYTES];

	if (!href.data || !href.len || href.data[0] == '/' || memmem(href.data, href.len, "..", 2) || memchr(href.data, ':', href.len) ||
		memchr(href.data, '\0', href.len) || p->includes == INCLUDES ||
		snprintf(path, sizeof(path), "%s/%.*s", p->folder, STR_FMT(href)) >= (int)sizeof(path))
		return cli_fail(p->cli, CLI_USAGE, "put the files into one folder", "the file includes '%s', which is not read",
			LOG_STR(href));
	return read_path(p, path);
}

static int take_past(struct portable *p, const struct node *n)
{
	struct past past;

	if (node_is(n, STR("result"), NS_MAM) && past_read(n, &past))
		return intake_history(p->in, &past);
	intake_left(p->in, TALLY_HISTORY, 1, "it is no message");
	return 0;
}

static int take_element(struct portable *p, const struct node *n)
{
	enum level level = where(p);
	int r;

	if (node_is(n, STR("include"), NS_XINCLUDE))
		return include(p, n);
	if (level == LEVEL_HOST && is_pie(n, "user")) { /* an empty one */
		r = open_user(p, n);
		return r ? r : close_user(p);
	}
	if (p->skip)
		return 0;
	if (level == LEVEL_USER)
		return take_child(p, n);
	if (level == LEVEL_OFFLINE)
		return intake_offline(p->in, n, 0);
	if (level == LEVEL_ARCHIVE)
		return take_past(p, n);
	if (level_of(n) == LEVEL_NONE)
		intake_left(p->in, TALLY_OTHER, 1, "it is nothing this server knows");
	return 0;
}

static int take_event(struct portable *p, enum xml_event event, const struct node *n)
{
	if (event == XML_STREAM_OPEN)
		return enter(p, n);
	return event == XML_STREAM_CLOSE ? leave(p) : take_element(p, n);
}

static int feed(struct portable *p, struct tokenizer *t, const char *data, size_t len, const char *path)
{
	int r = 0;

	while (len && !r) {
		struct arena *arena = NULL;
		struct node *n = NULL;
		enum xml_event event = tokenizer_feed(t, &data, &len, &n, &arena);

		if (event == XML_ERROR)
			r = cli_fail(p->cli, CLI_USAGE, "mend the file; what was taken in before stays", "%s: %s", path,
				tokenizer_error_text(t));
		else if (event != XML_MORE)
			r = take_event(p, event, n);
		if (event != XML_STREAM_CLOSE)
			arena_free(arena);
	}
	return r;
}

static int read_path(struct portable *p, const char *path)
{
	AUTO(auto_close) int fd = intake_source(p->in, path);
	AUTO(auto_free) char *block = malloc(BLOCK);
	struct tokenizer *t = tokenizer_new(&limits);
	size_t depth = p->depth;
	ssize_t n = -1;
	int r = 0;

	if (fd < 0 || !block || !t) {
		tokenizer_free(t);
		return cli_fail(p->cli, CLI_USAGE, "name a file that you may read", "%s: %s", path, strerror(errno));
	}
	tokenizer_set_containers(t, is_container, NULL);
	p->includes++;
	while (!r && (n = read(fd, block, BLOCK)) > 0) {
		intake_hash(p->in, block, (size_t)n);
		r = feed(p, t, block, (size_t)n, path);
	}
	p->includes--;
	tokenizer_free(t);
	if (!r && n < 0)
		return cli_fail(p->cli, CLI_USAGE, NULL, "%s: %s", path, strerror(errno));
	return !r && p->depth != depth ? cli_fail(p->cli, CLI_USAGE, "take the export again; what was taken in before stays",
						 "%s ends in the middle", path)
				       : r;
}

/* ---- a folder of documents ---- */

static bool is_document(const struct dirent *d)
{
	return d->d_name[0] != '.' && str_ends(str_from(d->d_name), STR(".xml"));
}

bool portable_is_folder(const char *path)
{
	DIR *dir = opendir(path);
	const struct dirent *d = NULL;

	while (dir && (d = readdir(dir)) && !is_document(d))
		;
	if (dir)
		closedir(dir);
	return d != NULL;
}

static int read_document(struct portable *p, const char *name)
{
	char path[PATH_BYTES];

	if (snprintf(path, sizeof(path), "%s/%s", p->folder, name) >= (int)sizeof(path))
		return cli_fail(p->cli, CLI_USAGE, "put the folder elsewhere", "%s: the path is too long", name);
	return read_path(p, path);
}

static int read_folder(struct portable *p)
{
	struct dirent **entries = NULL;
	int n = intake_folder(p->in, p->folder, &entries), r = 0, found = 0;

	if (n < 0)
		return cli_fail(p->cli, CLI_USAGE, "name a folder that you may read", "%s: %s", p->folder, strerror(errno));
	for (int i = 0; i < n; i++) {
		if (!r && is_document(entries[i]) && ++found)
			r = read_document(p, entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
	return r || found ? r : cli_fail(p->cli, CLI_USAGE, "name the folder of the documents", "%s holds no .xml", p->folder);
}

int portable_read(struct intake *in, const struct cli *cli, const char *path)
{
	struct portable p = {.in = in, .cli = cli, .host = BUF_INIT(4096)};
	const char *slash = strrchr(path, '/');
	struct stat st;
	bool folder = stat(path, &st) == 0 && S_ISDIR(st.st_mode);
	int r;

	if (folder)
		slash = path + strlen(path);
	snprintf(p.folder, sizeof(p.folder), "%.*s", slash ? (int)(slash - path) : 1, slash ? path : ".");
	r = folder ? read_folder(&p) : read_path(&p, path);
	buf_done(&p.host);
	return r;
}
