#include "room/config.h"

#include <errno.h>
#include <stdlib.h>

#include "stanza/ns.h"
#include "stanza/xml_out.h"

enum field_kind {
	FIELD_BOOL,
	FIELD_CHOICE, /* uint32_t: position among the words */
	FIELD_NUMBER, /* uint32_t: 0 is "none" */
	FIELD_COUNT,  /* uint32_t, as a text */
	FIELD_SET,    /* uint32_t: bits, by position among the words */
	FIELD_TEXT,
	FIELD_SECRET,
	FIELD_LINES,
};

struct field {
	const char *var, *label, *words; /* without a label: in the store alone */
	size_t offset;
	enum field_kind kind;
	uint32_t max;
};

#define AT(member) offsetof(struct room_config, member)

static const struct field fields[] = {
	{"muc#roomconfig_roomname", "Name", NULL, AT(name), FIELD_TEXT, 0},
	{"muc#roomconfig_roomdesc", "Description", NULL, AT(description), FIELD_TEXT, 0},
	{"muc#roomconfig_lang", "Language", NULL, AT(language), FIELD_TEXT, 0},
	{"muc#roomconfig_pubsub", "Address of a node that belongs to the room", NULL, AT(pubsub), FIELD_TEXT, 0},
	{"muc#roomconfig_persistentroom", "The room stays when everybody has left", NULL, AT(persistent),
		FIELD_BOOL, 0},
	{"muc#roomconfig_publicroom", "The room is listed", NULL, AT(public), FIELD_BOOL, 0},
	{"muc#roomconfig_membersonly", "Only members may enter", NULL, AT(members_only), FIELD_BOOL, 0},
	{"muc#roomconfig_moderatedroom", "Who enters may listen only", NULL, AT(moderated), FIELD_BOOL, 0},
	{"muc#roomconfig_passwordprotectedroom", "A password is needed", NULL, AT(protected), FIELD_BOOL, 0},
	{"muc#roomconfig_roomsecret", "Password", NULL, AT(password), FIELD_SECRET, 0},
	{"muc#roomconfig_whois", "Who sees real addresses", "moderators|anyone", AT(whois), FIELD_CHOICE, 0},
	{"muc#roomconfig_allowpm", "Who may send private messages", "anyone|participants|moderators|none",
		AT(allow_pm), FIELD_CHOICE, 0},
	{"muc#roomconfig_changesubject", "Participants may change the subject", NULL, AT(change_subject),
		FIELD_BOOL, 0},
	{"muc#roomconfig_allowinvites", "Occupants may invite others", NULL, AT(allow_invites), FIELD_BOOL,
		0},
	{"muc#roomconfig_maxusers", "Most occupants at a time", NULL, AT(max_users), FIELD_NUMBER,
		CONFIG_USERS_MAX},
	{"muc#maxhistoryfetch", "Messages shown to who enters", NULL, AT(history), FIELD_COUNT, 100},
	{"muc#roomconfig_enablearchiving", "What is said can be read later", NULL, AT(archive), FIELD_BOOL, 0},
	{"muc#roomconfig_enablelogging", "What is said can be read later (logging)", NULL, AT(logging),
		FIELD_BOOL, 0},
	{"muc#roomconfig_presencebroadcast", "Whose presence is shown", "moderator|participant|visitor",
		AT(broadcast), FIELD_SET, 0},
	/* None of the registered fields says it; x- marks them as ours (XEP-0068 3.4). */
	{"x-roomconfig_ownergroups", "Groups of accounts whose people are owners", NULL, AT(owner_groups), FIELD_LINES, 0},
	{"x-roomconfig_admingroups", "Groups of accounts whose people are admins", NULL, AT(admin_groups), FIELD_LINES, 0},
	{"x-roomconfig_membergroups", "Groups of accounts whose people are members", NULL, AT(member_groups), FIELD_LINES, 0},
	{"x-roomconfig_registration", "Who is no member may become one by himself", "none|approval|anyone",
		AT(registration), FIELD_CHOICE, 0},
	{"x-member_invites", NULL, NULL, AT(member_invites), FIELD_BOOL, 0},
	{"muc#roomconfig_getmemberlist", "Who may read the list of members", "moderator|participant|visitor",
		AT(see_list), FIELD_SET, 0},
};

enum {
	FIELDS = sizeof(fields) / sizeof(fields[0]),
};

static void *place(const struct room_config *c, const struct field *f)
{
	return (char *)(uintptr_t)c + f->offset;
}

void config_init(struct room_config *c)
{
	*c = (struct room_config){.public = true,
		.allow_invites = true,
		.history = 20,
		.registration = REGISTRATION_APPROVAL,
		.archive = true,
		.logging = true,
		.broadcast = ROLES_ALL,
		.see_list = ROLES_MODERATOR};
}

void config_done(struct room_config *c)
{
	for (size_t i = 0; i < FIELDS; i++)
		if (fields[i].kind >= FIELD_TEXT)
			free((char *)(uintptr_t)((struct str *)place(c, &fields[i]))->data);
	*c = (struct room_config){.public = false};
}

static bool text_set(struct str *field, struct str text)
{
	char *copy = str_dupz(text);

	if (!copy)
		return false;
	free((char *)(uintptr_t)field->data);
	*field = str_of(copy, text.len);
	return true;
}

bool config_copy(struct room_config *to, const struct room_config *from)
{
	bool ok = true;

	*to = *from;
	for (size_t i = 0; i < FIELDS; i++)
		if (fields[i].kind >= FIELD_TEXT)
			*(struct str *)place(to, &fields[i]) = STR_NONE;
	for (size_t i = 0; ok && i < FIELDS; i++)
		if (fields[i].kind >= FIELD_TEXT)
			ok = text_set(place(to, &fields[i]), *(struct str *)place(from, &fields[i]));
	if (!ok)
		config_done(to);
	return ok;
}

static bool value_differs(const struct field *f, const void *a, const void *b)
{
	switch (f->kind) {
	case FIELD_BOOL:
		return *(const bool *)a != *(const bool *)b;
	case FIELD_CHOICE:
	case FIELD_NUMBER:
	case FIELD_COUNT:
	case FIELD_SET:
		return *(const uint32_t *)a != *(const uint32_t *)b;
	case FIELD_TEXT:
	case FIELD_SECRET:
	case FIELD_LINES:
		return !str_eq(*(const struct str *)a, *(const struct str *)b);
	}
	return false;
}

bool config_differs(const struct room_config *a, const struct room_config *b)
{
	for (size_t i = 0; i < FIELDS; i++) {
		const struct field *f = &fields[i];
		bool told = f->offset == AT(archive) || f->offset == AT(logging) || f->offset == AT(whois);

		if (!told && value_differs(f, place(a, f), place(b, f)))
			return true;
	}
	return false;
}

/* ---- words of a choice ---- */

static struct str word_at(const char *words, uint32_t index)
{
	struct str all = str_from(words);
	size_t from = 0, to = 0;

	for (uint32_t i = 0; from <= all.len; i++, from = to + 1) {
		to = str_find(all, '|', from);
		if (i == index)
			return str_cut(all, from, to);
	}
	return STR_NONE;
}

static bool word_find(const char *words, struct str word, uint32_t *out)
{
	for (uint32_t i = 0; word.len && word_at(words, i).len; i++)
		if (str_eq(word_at(words, i), word)) {
			*out = i;
			return true;
		}
	return false;
}

struct str config_pm_word(const struct room_config *c)
{
	for (size_t i = 0; i < FIELDS; i++)
		if (fields[i].offset == AT(allow_pm))
			return word_at(fields[i].words, c->allow_pm);
	return STR("");
}

/* ---- values as text ---- */

static void value_put(struct buf *out, const struct room_config *c, const struct field *f)
{
	const void *at = place(c, f);

	switch (f->kind) {
	case FIELD_BOOL:
		buf_putc(out, *(const bool *)at ? '1' : '0');
		return;
	case FIELD_CHOICE:
		buf_str(out, word_at(f->words, *(const uint32_t *)at));
		return;
	case FIELD_NUMBER:
	case FIELD_COUNT:
	case FIELD_SET:
		buf_u64(out, *(const uint32_t *)at);
		return;
	case FIELD_TEXT:
	case FIELD_SECRET:
	case FIELD_LINES:
		xml_escape(out, *(const struct str *)at);
		return;
	}
}

static int bool_take(struct str text, bool *out)
{
	if (str_is(text, "1") || str_is(text, "true"))
		*out = true;
	else if (str_is(text, "0") || str_is(text, "false"))
		*out = false;
	else
		return CONFIG_E_VALUE;
	return 0;
}

static int number_take(struct str text, uint32_t max, uint32_t *out)
{
	unsigned long long v = 0;

	if (text.len && !str_is(text, "none") && !str_to_u64(text, max, &v))
		return CONFIG_E_VALUE;
	*out = (uint32_t)v;
	return 0;
}

static int value_take(struct room_config *c, const struct field *f, struct str text)
{
	void *at = place(c, f);

	switch (f->kind) {
	case FIELD_BOOL:
		return bool_take(text, at);
	case FIELD_CHOICE:
		return word_find(f->words, text, at) ? 0 : CONFIG_E_VALUE;
	case FIELD_NUMBER:
	case FIELD_COUNT:
		return number_take(text, f->max, at);
	case FIELD_SET:
		return number_take(text, ROLES_ALL, at);
	case FIELD_TEXT:
	case FIELD_SECRET:
	case FIELD_LINES:
		if (text.len > (f->kind == FIELD_LINES ? CONFIG_LINES_MAX : CONFIG_TEXT_MAX))
			return CONFIG_E_VALUE;
		return text_set(at, text) ? 0 : -ENOMEM;
	}
	return CONFIG_E_VALUE;
}

/* ---- the form ---- */

static const char *const form_types[] = {
	[FIELD_BOOL] = "boolean",
	[FIELD_CHOICE] = "list-single",
	[FIELD_NUMBER] = "list-single",
	[FIELD_COUNT] = "text-single",
	[FIELD_SET] = "list-multi",
	[FIELD_TEXT] = "text-single",
	[FIELD_SECRET] = "text-private",
	[FIELD_LINES] = "text-multi",
};

static void option_put(struct buf *out, struct str value)
{
	buf_lit(out, "<option><value>");
	buf_str(out, value);
	buf_lit(out, "</value></option>");
}

static void number_options(struct buf *out, const struct field *f, uint32_t now)
{
	static const uint32_t steps[] = {10, 20, 50, 100, 200, 500, 1000};
	bool listed = now == 0;

	option_put(out, STR("none"));
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]) && steps[i] <= f->max; i++) {
		listed |= steps[i] == now;
		buf_printf(out, "<option><value>%u</value></option>", steps[i]);
	}
	if (!listed)
		buf_printf(out, "<option><value>%u</value></option>", now);
}

static void set_put(struct buf *out, const struct field *f, uint32_t bits)
{
	for (uint32_t i = 0; word_at(f->words, i).len; i++)
		if (bits & 1u << i) {
			buf_lit(out, "<value>");
			buf_str(out, word_at(f->words, i));
			buf_lit(out, "</value>");
		}
}

static void lines_put(struct buf *out, struct str lines)
{
	for (size_t from = 0, to; from < lines.len; from = to + 1) {
		to = str_find(lines, '\n', from);
		buf_lit(out, "<value>");
		xml_escape(out, str_cut(lines, from, to));
		buf_lit(out, "</value>");
	}
}

static void field_put(struct buf *out, const struct room_config *c, const struct field *f)
{
	buf_printf(out, "<field var='%s' type='%s' label='%s'>", f->var, form_types[f->kind], f->label);
	if (f->kind == FIELD_LINES) {
		lines_put(out, *(const struct str *)place(c, f));
	} else if (f->kind == FIELD_SET) {
		set_put(out, f, *(uint32_t *)place(c, f));
	} else {
		buf_lit(out, "<value>");
		if (f->kind == FIELD_NUMBER && *(uint32_t *)place(c, f) == 0)
			buf_lit(out, "none");
		else
			value_put(out, c, f);
		buf_lit(out, "</value>");
	}
	for (uint32_t i = 0; f->words && word_at(f->words, i).len; i++)
		option_put(out, word_at(f->words, i));
	if (f->kind == FIELD_NUMBER)
		number_options(out, f, *(uint32_t *)place(c, f));
	buf_lit(out, "</field>");
}

void config_put_form(struct buf *out, const struct room_config *c)
{
	struct room_config shown = *c;

	shown.allow_invites = config_allows_invites(c);
	buf_lit(out, "<field var='FORM_TYPE' "
		     "type='hidden'><value>http://jabber.org/protocol/muc#roomconfig</value>"
		     "</field>");
	for (size_t i = 0; i < FIELDS; i++)
		if (fields[i].label)
			field_put(out, &shown, &fields[i]);
}

static struct str field_value(const struct node *field, struct arena *arena)
{
	const struct node *value = node_child(field, STR("value"), NS_DATA_FORMS);

	return value ? node_text(value, arena) : STR("");
}

static const struct field *field_find(struct str var)
{
	for (size_t i = 0; i < FIELDS; i++)
		if (str_eq(var, str_from(fields[i].var)))
			return &fields[i];
	return NULL; /* a field of another service: nothing to do (XEP-0004 3.2) */
}

/* The plural is another service's way to say it. */
static bool role_bit(const char *words, struct str word, uint32_t *out)
{
	return word_find(words, word, out) ||
	       (word.len && word.data[word.len - 1] == 's' &&
		       word_find(words, str_cut(word, 0, word.len - 1), out));
}

static int set_take(const struct field *f, const struct node *field, struct arena *arena, uint32_t *out)
{
	uint32_t bits = 0, bit;

	node_each (value, field) {
		if (!node_is(value, STR("value"), NS_DATA_FORMS))
			continue;
		if (node_text(value, arena).len && !role_bit(f->words, node_text(value, arena), &bit))
			return CONFIG_E_VALUE;
		if (node_text(value, arena).len)
			bits |= 1u << bit;
	}
	*out = bits;
	return 0;
}

/* Empty lines fall away, and spaces around a name. */
static int lines_take(struct room_config *c, const struct field *f, const struct node *field, struct arena *arena)
{
	struct buf out = BUF_INIT(0);
	int r;

	node_each (value, field) {
		struct str text = node_is(value, STR("value"), NS_DATA_FORMS) ? node_text(value, arena) : STR("");

		for (size_t from = 0, to; from < text.len; from = to + 1) {
			to = str_find(text, '\n', from);
			if (out.len && str_trim(str_cut(text, from, to)).len)
				buf_putc(&out, '\n');
			buf_str(&out, str_trim(str_cut(text, from, to)));
		}
	}
	r = buf_failed(&out) ? -ENOMEM : value_take(c, f, buf_view(&out));
	buf_done(&out);
	return r;
}

static int field_take(struct room_config *c, const struct node *field, struct arena *arena)
{
	struct str var = node_attr(field, STR("var"));
	const struct field *f = field_find(var);

	if (str_is(var, "FORM_TYPE"))
		return str_is(field_value(field, arena), "http://jabber.org/protocol/muc#roomconfig")
			       ? 0
			       : CONFIG_E_FORM;
	if (!f || !f->label)
		return 0;
	if (f->kind == FIELD_LINES)
		return lines_take(c, f, field, arena);
	return f->kind == FIELD_SET ? set_take(f, field, arena, place(c, f))
				    : value_take(c, f, field_value(field, arena));
}

static bool names_invites(const struct node *form)
{
	for (const struct node *n = node_first_element(form); n; n = node_next_element(n))
		if (str_is(node_attr(n, STR("var")), "muc#roomconfig_allowinvites"))
			return true;
	return false;
}

/* Where only members enter it must have been said in a form that makes it so, or has it so; what comes back as it was shown
 * says nothing else. */
static void settle_invites(struct room_config *c, const struct room_config *old, const struct node *form)
{
	bool wished = c->allow_invites;

	if (!names_invites(form) || (wished == config_allows_invites(old) && !(c->members_only && wished)))
		c->allow_invites = old->allow_invites;
	else
		c->member_invites = wished;
}

int config_take_form(struct room_config *c, const struct node *form, struct arena *arena)
{
	const struct room_config old = *c; /* for its flags: texts may go meanwhile */
	int r = 0;

	for (const struct node *n = node_first_element(form); r == 0 && n; n = node_next_element(n))
		if (node_is(n, STR("field"), NS_DATA_FORMS))
			r = field_take(c, n, arena);
	settle_invites(c, &old, form);
	if (c->logging != old.archive) /* whichever of the two names was used */
		c->archive = c->logging;
	c->logging = c->archive;
	if (r == 0 && c->protected && c->password.len == 0)
		return CONFIG_E_VALUE;
	return r;
}

/* ---- the store's text ---- */

/* A value is one line: its newlines and backslashes are escaped. */
static void line_put(struct buf *out, struct str value)
{
	for (size_t i = 0; i < value.len; i++) {
		if (value.data[i] == '\n')
			buf_lit(out, "\\n");
		else if (value.data[i] == '\\')
			buf_lit(out, "\\\\");
		else
			buf_putc(out, value.data[i]);
	}
}

static void line_take(struct buf *out, struct str line)
{
	for (size_t i = 0; i < line.len; i++) {
		if (line.data[i] == '\\' && i + 1 < line.len)
			buf_putc(out, line.data[++i] == 'n' ? '\n' : line.data[i]);
		else
			buf_putc(out, line.data[i]);
	}
}

void config_put_text(struct buf *out, const struct room_config *c)
{
	for (size_t i = 0; i < FIELDS; i++) {
		const struct field *f = &fields[i];

		buf_printf(out, "%s ", f->var);
		if (f->kind >= FIELD_TEXT)
			line_put(out, *(const struct str *)place(c, f));
		else
			value_put(out, c, f);
		buf_putc(out, '\n');
	}
}

static bool config_take_line(struct room_config *c, struct str line)
{
	size_t space = str_find(line, ' ', 0);
	const struct field *f = field_find(str_cut(line, 0, space));
	struct buf value = BUF_INIT(0);
	int r = 0;

	line_take(&value, str_cut(line, space + 1, line.len));
	if (buf_failed(&value))
		r = -ENOMEM;
	else if (f)
		r = value_take(c, f, buf_view(&value));
	buf_done(&value);
	return r >= 0;
}

int config_set(struct room_config *c, struct str var, struct str value)
{
	const struct field *f = field_find(var);
	int r = f ? value_take(c, f, value) : 0;

	if (f && f->offset == AT(allow_invites))
		c->member_invites = c->allow_invites;
	c->logging = c->archive;
	return r;
}

bool config_take_text(struct room_config *c, struct str text)
{
	bool ok = true;

	for (size_t from = 0, to; ok && from < text.len; from = to + 1) {
		to = str_find(text, '\n', from);
		ok = config_take_line(c, str_cut(text, from, to));
	}
	c->logging = c->archive;
	return ok;
}
