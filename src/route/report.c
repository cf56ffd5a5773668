#include "route/report.h"

#include "account/directory.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "stanza/ns.h"

enum {
	IDS_MAX = 100,    /* stanza-ids of one report */
	ID_MAX = 256,     /* bytes of one */
	REASON_MAX = 256, /* bytes: a URN */
	TEXT_MAX = 8192,
};

static const struct node *report_of(const struct node *item)
{
	return node_child(item, STR("report"), NS_REPORTING);
}

bool report_is_valid(const struct node *item)
{
	const struct node *report = report_of(item);
	struct str reason = report ? node_attr(report, STR("reason")) : STR_NONE;

	return !report || (reason.len > 0 && reason.len <= REASON_MAX);
}

/* The record's form of a list: length and bytes of each. */
static void ids_put(struct buf *b, const struct node *report)
{
	unsigned count = 0;

	for (const struct node *n = node_first_element(report); n && count < IDS_MAX; n = node_next_element(n)) {
		struct str id = node_attr(n, STR("id"));
		unsigned char head[2] = {(unsigned char)id.len, (unsigned char)(id.len >> 8)};

		if (!node_is(n, STR("stanza-id"), NS_SID) || id.len == 0 || id.len > ID_MAX)
			continue;
		count++;
		buf_put(b, head, sizeof(head));
		buf_str(b, id);
	}
}

/* No character is cut in two. */
static struct str shortened(struct str text)
{
	size_t n = TEXT_MAX;

	if (text.len <= n)
		return text;
	while (n > 0 && ((unsigned char)text.data[n] & 0xc0) == 0x80)
		n--;
	return str_cut(text, 0, n);
}

static void note_one(const struct session *s, const struct node *item, struct arena *arena)
{
	const struct node *report = report_of(item), *text = node_child(report, STR("text"), NS_REPORTING);
	const struct origin *o = s->origin;
	struct buf ids = BUF_INIT(0);
	struct extra extra[1];
	struct jid jid;
	struct entry entry = {.type = EVENT_REPORT,
		.from = o->jid.full,
		.from_id = o->person ? o->person->id : STR_NONE,
		.session = o->session,
		.reason = node_attr(report, STR("reason"))};

	if (jid_parse(&jid, node_attr(item, STR("jid")), arena))
		return;
	AUTO(person_unrefp) const struct person *who = directory_get(s->user->home->route->env.directory, jid.bare);

	entry.to = jid.full;
	entry.to_id = who ? who->id : STR_NONE;
	if (text)
		entry.text = shortened(node_text(text, arena));
	ids_put(&ids, report);
	if (ids.len) {
		extra[0] = (struct extra){.key = KEY_REPORTED, .text = buf_view(&ids)};
		entry.extra = extra;
		entry.extra_len = 1;
	}
	if (record_append(s->user->home->record, &entry, NULL))
		log_warn("a report of abuse could not be recorded by itself; the block that brought it is");
	buf_done(&ids);
}

void report_note(struct session *s, const struct node *block, struct arena *arena)
{
	for (const struct node *item = node_first_element(block); item; item = node_next_element(item))
		if (report_of(item))
			note_one(s, item, arena);
}
