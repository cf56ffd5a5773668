/* Lines of the record as their members. */
#include "cli/rebuild_private.h"

struct field {
	const char *name;
	struct buf *text;
	struct str *raw;
	uint64_t *number;
};

static bool take_member(struct rebuild *b, const struct line_value *v)
{
	struct said *e = &b->entry;
	const struct field fields[] = {{"id", &e->id, NULL, NULL}, {"from", &e->from, NULL, NULL},
		{"to", &e->to, NULL, NULL}, {"nick", &e->nick, NULL, NULL}, {"stanza", &e->stanza, NULL, NULL},
		{"deliver", &e->deliver, NULL, NULL},
		{"target", &e->target, NULL, NULL}, {"text", &e->text, NULL, NULL}, {"kind", NULL, &e->kind, NULL},
		{"action", NULL, &e->action, NULL}, {"of", NULL, &e->of, NULL}, {"command", NULL, &e->command, NULL},
		{"of_seq", NULL, NULL, &e->of_seq}, {"serial", NULL, NULL, &e->serial}};

	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		if (!str_eq(v->key, str_from(fields[i].name)))
			continue;
		if (fields[i].raw)
			*fields[i].raw = v->text;
		if (fields[i].number)
			return line_get_u64(v, fields[i].number);
		return !fields[i].text || line_unescape(v->text, fields[i].text);
	}
	e->room |= str_is(v->key, "room");
	e->members |= str_is(v->key, "members");
	e->undone |= str_is(v->key, "ok") && str_is(v->text, "false");
	return true;
}

bool rebuild_entry_read(struct rebuild *b, struct line_scan scan)
{
	struct said *e = &b->entry;
	struct buf *const bufs[] = {&e->id, &e->from, &e->to, &e->nick, &e->stanza, &e->deliver, &e->target, &e->text};
	struct line_value v;
	int r;

	for (size_t i = 0; i < sizeof(bufs) / sizeof(bufs[0]); i++)
		buf_clear(bufs[i]);
	e->kind = e->action = e->of = e->command = STR_NONE;
	e->of_seq = e->serial = 0;
	e->room = e->members = e->undone = false;
	while ((r = line_next(&scan, &v)) > 0)
		if (!take_member(b, &v))
			return false;
	return r == 0;
}
