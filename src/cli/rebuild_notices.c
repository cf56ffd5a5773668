/* What administrators say to everybody, and the lists of who may exchange anything with people here: the act names the form
 * that holds the words by its id (proc/gate_office_say.c, gate_lists.c), so the last forms are kept until it comes. */
#include "cli/rebuild_private.h"

#include <string.h>

#include "jid/jid.h"
#include "route/reread.h"
#include "stanza/ns.h"

static const struct {
	const char *command, *var; /* var NULL: it is deleted */
	struct str name;
	bool addresses;
} acts[] = {
	{"set-motd", "motd", STR("motd"), false},
	{"edit-motd", "motd", STR("motd"), false},
	{"delete-motd", NULL, STR("motd"), false},
	{"set-welcome", "welcome", STR("welcome"), false},
	{"delete-welcome", NULL, STR("welcome"), false},
	{"edit-blacklist", "blacklistjids", STR("blacklist"), true},
	{"edit-whitelist", "whitelistjids", STR("whitelist"), true},
};

enum { ACTS = sizeof(acts) / sizeof(acts[0]) };

/* ---- forms ---- */

static const struct str prefix = {.data = "http://jabber.org/protocol/admin#", .len = 33};

static const char *var_of(struct str node)
{
	struct str command = str_starts(node, prefix) ? str_cut(node, prefix.len, node.len) : STR_NONE;

	for (size_t i = 0; i < ACTS; i++)
		if (str_eq(command, str_from(acts[i].command)))
			return acts[i].var;
	return NULL;
}

/* The values of the one field that counts; NULL: the stanza is something else. */
static json_t *form_values(const struct node *stanza, struct arena *arena)
{
	const struct node *command = node_child(stanza, STR("command"), NS_COMMANDS);
	const struct node *form = command ? node_child(command, STR("x"), NS_DATA_FORMS) : NULL;
	const char *var = command ? var_of(node_attr(command, STR("node"))) : NULL;
	json_t *values = form && var ? json_array() : NULL;

	for (const struct node *f = values ? node_first_element(form) : NULL; f; f = node_next_element(f)) {
		if (!str_eq(node_attr(f, STR("var")), str_from(var)))
			continue;
		for (const struct node *v = node_first_element(f); v; v = node_next_element(v)) {
			struct str text = node_text(v, arena);

			if (node_is(v, STR("value"), NS_DATA_FORMS))
				json_array_append_new(values, json_stringn(text.data ? text.data : "", text.len));
		}
	}
	return values;
}

/* Also of what the copy has: its act may be the first line that the copy lacks. */
void rebuild_notice_form(struct rebuild *b)
{
	const struct said *e = &b->entry;
	struct str xml = buf_view(&e->stanza), id = buf_view(&e->id);
	struct notice_form *f = &b->forms[b->forms_at];
	struct arena *arena = NULL;
	struct node *stanza;

	if (id.len != sizeof(f->id) || !memmem(xml.data, xml.len, prefix.data, prefix.len))
		return;
	stanza = reread_stanza(xml, &arena);
	json_decref(f->values);
	*f = (struct notice_form){
		.seq = e->head.seq, .time_us = line_time_us(e->head.time), .values = stanza ? form_values(stanza, arena) : NULL};
	memcpy(f->id, id.data, sizeof(f->id));
	b->forms_at = (b->forms_at + 1) % NOTICE_FORMS;
	arena_free(arena);
}

/* ---- acts ---- */

static const struct notice_form *form_find(const struct rebuild *b, struct str id)
{
	for (size_t i = 0; i < NOTICE_FORMS; i++)
		if (b->forms[i].values && str_eq(id, str_of(b->forms[i].id, sizeof(b->forms[i].id))))
			return &b->forms[i];
	return NULL;
}

/* A value a line; addresses in their normal form. */
static void put_lines(struct buf *out, const json_t *list, bool addresses)
{
	struct arena *arena = arena_new(0);
	bool any = false;

	for (size_t i = 0; arena && i < json_array_size(list); i++) {
		const json_t *value = json_array_get(list, i);
		struct str line = str_of(json_string_value(value), json_string_length(value));
		struct jid jid;

		if (addresses && jid_parse(&jid, str_trim(line), arena))
			continue;
		if (any)
			buf_putc(out, '\n');
		buf_str(out, addresses ? jid.full : line);
		any = true;
	}
	arena_free(arena);
}

static struct notice *notice_of(struct rebuild *b, struct str name)
{
	size_t i = 0;

	while (i < NOTICES - 1 && b->notices[i].name.len && !str_eq(b->notices[i].name, name))
		i++;
	b->notices[i].name = name;
	return &b->notices[i];
}

static void undo(struct rebuild *b)
{
	for (size_t i = 0; i < NOTICES; i++) {
		struct notice *n = &b->notices[i];

		if (!n->act || n->act != b->entry.of_seq)
			continue;
		json_decref(n->text);
		n->text = n->before;
		n->form = n->form_before;
		n->before = NULL;
		n->act = 0;
	}
}

static bool take(struct rebuild *b, size_t which)
{
	const struct notice_form *f = form_find(b, buf_view(&b->entry.text));
	struct notice *n = notice_of(b, acts[which].name);
	struct buf text = BUF_INIT(0);

	if (acts[which].var && !f)
		return false;
	if (acts[which].var)
		put_lines(&text, f->values, acts[which].addresses);
	json_decref(n->before);
	n->before = n->text;
	n->form_before = n->form;
	n->text = json_stringn(text.len ? text.data : "", text.len);
	n->form = f ? *f : (struct notice_form){.seq = 0};
	n->form.values = NULL;
	n->act = b->entry.head.seq;
	buf_done(&text);
	return true;
}

void rebuild_notice_act(struct rebuild *b)
{
	if (b->entry.head.seq <= b->applied)
		return;
	if (b->entry.undone) {
		undo(b);
		return;
	}
	for (size_t i = 0; i < ACTS; i++)
		if (str_eq(b->entry.command, str_from(acts[i].command)))
			b->notices_left += !take(b, i);
}

/* ---- into the store ---- */

static int put(struct rebuild *b, const struct notice *n)
{
	struct store_notice row = {.name = n->name,
		.text = str_of(json_string_value(n->text), json_string_length(n->text)),
		.id = str_of(n->form.id, sizeof(n->form.id)),
		.seq = n->form.seq,
		.utc_us = n->form.time_us};
	struct store_req req;
	int r;

	store_req_init(&req, NULL, NULL);
	r = row.text.len ? store_notice_put(b->people.store, &req, &row) : store_notice_delete(b->people.store, &req, n->name);
	if (!r)
		r = store_wait(&req);
	store_req_release(&req);
	return r ? rebuild_failed(b, "the store does not take what is said to everybody") : 0;
}

int rebuild_put_notices(struct rebuild *b)
{
	int r = 0;

	for (size_t i = 0; i < NOTICES && !r; i++)
		if (b->notices[i].text)
			r = put(b, &b->notices[i]);
	return r;
}

void rebuild_notices_done(struct rebuild *b)
{
	for (size_t i = 0; i < NOTICES; i++) {
		json_decref(b->notices[i].text);
		json_decref(b->notices[i].before);
	}
	for (size_t i = 0; i < NOTICE_FORMS; i++)
		json_decref(b->forms[i].values);
}
