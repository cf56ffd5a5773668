#include "cli/ejabberd_terms.h"

#include <string.h>

#include "base/buf.h"
#include "cli/tree.h"
#include "pubsub/options.h"
#include "stanza/ns.h"

enum {
	STANZA_DEPTH = 100,
	SECONDS_MAX = 100000, /* mega */
};

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
		if (str_eq(erlang_text(erlang_item(a, 0)), str_from(name)))
			return erlang_text(erlang_item(a, 1));
	return STR_NONE;
}

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

struct node *ejabberd_stanza(const struct erlang *v, struct str ns, struct arena *arena)
{
	return stanza(v, ns, arena, 0);
}

/* ---- addresses and times ---- */

struct str ejabberd_address(const struct erlang *v, struct arena *arena)
{
	struct str local = erlang_text(erlang_item(v, 0)), domain = erlang_text(erlang_item(v, 1));
	struct str resource = erlang_text(erlang_item(v, 2));

	return domain.len ? arena_printf(arena, "%.*s%s%.*s%s%.*s", STR_FMT(local), local.len ? "@" : "", STR_FMT(domain),
				    resource.len ? "/" : "", STR_FMT(resource))
			  : STR_NONE;
}

uint64_t ejabberd_time(const struct erlang *v)
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

/* ---- rooms ---- */

static void take_option(struct intake *in, const struct erlang *options, const char *theirs, const char *ours)
{
	const struct erlang *v = erlang_property(options, theirs);
	struct str text = erlang_text(v);

	if (v && v->kind == ERLANG_INTEGER && v->integer >= 0)
		text = arena_printf(intake_arena(in), "%lld", (long long)v->integer);
	else if (v && v->kind == ERLANG_ATOM)
		text = str_is(v->text, "true") ? STR("1") : str_is(v->text, "false") ? STR("0") : v->text;
	if (text.len && tree_is_text(text))
		intake_room_option(in, ours, text);
}

/* Who enters a moderated room there has a voice at once, unless it says otherwise; here he has none. */
static void take_options(struct intake *in, const struct erlang *options)
{
	static const char *const same[][2] = {{"title", "roomname"}, {"description", "roomdesc"}, {"lang", "lang"},
		{"public", "publicroom"}, {"members_only", "membersonly"}, {"password_protected", "passwordprotectedroom"},
		{"password", "roomsecret"}, {"allow_change_subj", "changesubject"}, {"allow_user_invites", "allowinvites"},
		{"allowpm", "allowpm"}, {"max_users", "maxusers"}, {"mam", "enablearchiving"}};
	static const char *const none_here[] = {"captcha_protected", "vcard", "subscribers", "hats_users"};
	bool voiceless = erlang_is(erlang_property(options, "members_by_default"), "false");

	for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++)
		take_option(in, options, same[i][0], same[i][1]);
	intake_room_option(in, "whois",
		erlang_is(erlang_property(options, "anonymous"), "false") ? STR("anyone") : STR("moderators"));
	intake_room_option(in, "moderatedroom",
		voiceless && erlang_is(erlang_property(options, "moderated"), "true") ? STR("1") : STR("0"));
	for (size_t i = 0; i < sizeof(none_here) / sizeof(none_here[0]); i++) {
		const struct erlang *v = erlang_property(options, none_here[i]);

		if (v && (erlang_is(v, "true") || v->len || erlang_text(v).len))
			intake_left(in, TALLY_OTHER, 1, "a captcha, picture, subscription or hat of a room");
	}
}

/* [{{User, Server, _}, Word | {Word, Reason}}] */
static void take_affiliations(struct intake *in, const struct erlang *list)
{
	for (const struct erlang *a = list && list->kind == ERLANG_LIST ? list->items : NULL; a; a = a->next) {
		const struct erlang *word = erlang_item(a, 1);

		if (word && word->kind == ERLANG_TUPLE)
			word = erlang_item(word, 0);
		intake_room_affiliation(in, ejabberd_address(erlang_item(a, 0), intake_arena(in)),
			word && word->kind == ERLANG_ATOM ? word->text : STR(""), STR(""));
	}
}

/* Text, or [{text, Language, Text}]; its author a nickname, or {Nickname, Address}. */
static void take_subject(struct intake *in, const struct erlang *options)
{
	const struct erlang *subject = erlang_property(options, "subject");
	const struct erlang *author = erlang_property(options, "subject_author");
	struct str text = erlang_text(subject), nick, room = intake_jid(in);

	if (subject && subject->kind == ERLANG_LIST)
		text = erlang_text(erlang_item(erlang_item(subject, 0), 2));
	if (author && author->kind == ERLANG_TUPLE)
		author = erlang_item(author, 0);
	nick = erlang_text(author);
	if (!text.len || !tree_is_text(text) || !tree_is_text(nick))
		return;
	intake_room_subject(in, text,
		nick.len ? arena_printf(intake_arena(in), "%.*s/%.*s", STR_FMT(room), STR_FMT(nick)) : room, 0);
}

void ejabberd_room(struct intake *in, const struct erlang *options)
{
	take_options(in, options);
	take_affiliations(in, erlang_property(options, "affiliations"));
	take_subject(in, options);
}

/* The room speaks for whom had that nickname. */
struct node *ejabberd_said(
	struct intake *in, struct node *message, struct str nick, struct str real, struct arena *arena)
{
	struct str room = intake_jid(in);

	if (!tree_is_text(nick))
		return NULL;
	node_set_attr(arena, message, STR("from"),
		nick.len ? arena_printf(arena, "%.*s/%.*s", STR_FMT(room), STR_FMT(nick)) : room);
	node_set_attr(arena, message, STR("type"), STR("groupchat"));
	return intake_room_said(in, message, nick.len && tree_is_text(real) ? real : STR_NONE, STR_NONE, arena);
}

/* ---- personal eventing ---- */

/* Names of groups, with what stands between them in the store. */
static void put_list(struct buf *out, const struct erlang *list)
{
	for (const struct erlang *v = list->items; v; v = v->next) {
		struct str name = erlang_text(v);

		if (!name.len || !tree_is_text(name))
			continue;
		if (out->len)
			buf_putc(out, '\x1f');
		buf_str(out, name);
	}
}

/* False: there is nothing to say. */
static bool value_put(struct buf *out, const struct erlang *v)
{
	switch (v->kind) {
	case ERLANG_ATOM:
		buf_str(out, str_is(v->text, "true") ? STR("1") : str_is(v->text, "false") ? STR("0") : v->text);
		return tree_is_text(v->text);
	case ERLANG_INTEGER:
		buf_printf(out, "%lld", (long long)v->integer);
		return true;
	case ERLANG_BINARY:
	case ERLANG_STRING:
		buf_str(out, v->text);
		return v->text.len > 0 && tree_is_text(v->text);
	case ERLANG_LIST:
		put_list(out, v);
		return out->len > 0;
	default:
		return false;
	}
}

static bool is_unbounded(const struct erlang *v)
{
	return erlang_is(v, "max") || erlang_is(v, "unlimited") || erlang_is(v, "infinity") ||
	       (v->kind == ERLANG_INTEGER && v->integer > OPTIONS_ITEMS_MAX);
}

void ejabberd_node_option(struct intake *in, struct place *p, struct str name, const struct erlang *v)
{
	struct buf text = BUF_INIT(8 * OPTIONS_TEXT_MAX);

	if (str_is(name, "item_expire") && v->kind == ERLANG_INTEGER)
		intake_left(in, TALLY_OTHER, 1, "a node's items go by age there: here by number");
	if (str_is(name, "max_items") && is_unbounded(v))
		buf_lit(&text, "max");
	else if (!value_put(&text, v))
		buf_clear(&text);
	if (name.len && text.len && tree_is_text(name))
		intake_node_option(in, p, name, buf_view(&text));
	buf_done(&text);
}

void ejabberd_node_person(struct intake *in, struct place *p, struct str jid, struct str affiliation, bool subscribed)
{
	bool writes_only = str_is(affiliation, "publish_only");

	if (writes_only)
		intake_left(in, TALLY_OTHER, 1, "somebody who may publish to a node and not look into it");
	intake_node_person(in, p, jid, writes_only ? STR("none") : affiliation, subscribed);
}

/* ---- preferences ---- */

static size_t addresses(const struct erlang *list, struct str **out, struct arena *arena)
{
	size_t n = 0;

	*out = arena_zalloc(arena, ((list ? list->len : 0) + 1) * sizeof(**out));
	for (const struct erlang *v = *out && list && list->kind == ERLANG_LIST ? list->items : NULL; v; v = v->next)
		(*out)[n++] = ejabberd_address(v, arena);
	return n;
}

int ejabberd_prefs(struct intake *in, struct str fallback, const struct erlang *always, const struct erlang *never)
{
	struct arena *arena = intake_arena(in);
	struct str *kept, *left;
	size_t kept_len = addresses(always, &kept, arena), left_len = addresses(never, &left, arena);

	return intake_prefs(in, fallback, kept, kept_len, left, left_len);
}

/* ---- what stays behind ---- */

void ejabberd_left(struct intake *in, struct str table, uint64_t n)
{
	static const char export[] = "it comes with 'ejabberdctl export_piefxis': import that, too";
	static const struct {
		const char *table, *sql; /* as Mnesia and databases call it */
		enum tally_kind kind;
		const char *why;
	} others[] = {{"passwd", "users", TALLY_ACCOUNTS, export}, {"roster", "rosterusers", TALLY_CONTACTS, export},
		{"offline_msg", "spool", TALLY_OFFLINE, export}, {"vcard", "vcard", TALLY_VCARDS, export},
		{"private_storage", "private_storage", TALLY_PRIVATE, export},
		{"privacy", "privacy_list_data", TALLY_BLOCKED, export},
		{"muc_registered", "muc_registered", TALLY_OTHER, "a nickname for a whole service: here it is each room's"},
		{"motd", "motd", TALLY_OTHER, "an announcement"},
		{"sr_group", "sr_group", TALLY_OTHER, "a shared roster group"}};

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (str_eq(table, str_from(others[i].table)) || str_eq(table, str_from(others[i].sql))) {
			intake_left(in, others[i].kind, n, others[i].why);
			return;
		}
}

void ejabberd_left_service(struct intake *in, uint64_t items)
{
	intake_left(in, TALLY_PUBLISHED, items, "it stands with a service of its own: here people publish under their own address");
}
