/* History of before: each message is a line of the record first, marked as brought in; the number of that line is its place.
 * They go by batches, lines made durable together, then rows. An archive begins empty: what an interrupted import has put
 * there is nobody's then. */
#include "cli/intake_private.h"

#include <stdlib.h>

#include "base/clock.h"
#include "cli/past.h"
#include "cli/tree.h"
#include "route/history_kind.h"
#include "stanza/ns.h"
#include "stanza/xml_out.h"

enum {
	BATCH = 1000,
	BATCH_BYTES = 2 << 20,
	MESSAGE_BYTES = 256 << 10,
};

struct history_taken {
	struct arena *arena; /* of the batch */
	struct store_archived rows[BATCH];
	struct witness_act acts[BATCH];
	size_t len, bytes;
	uint64_t first_us, last_us; /* of this archive */
	bool begun;
};

uint64_t intake_history_began(const struct intake *in)
{
	return in->history ? in->history->first_us : 0;
}

void intake_forget_history(struct intake *in)
{
	if (!in->history)
		return;
	arena_free(in->history->arena);
	free(in->history);
	in->history = NULL;
}

static int begin(struct intake *in)
{
	struct history_taken *h = in->history ? in->history : calloc(1, sizeof(*h));
	int r = 0;

	if (!h)
		return intake_failed(in, "memory is out");
	in->history = h;
	if (!h->arena && !(h->arena = arena_new(0)))
		return intake_failed(in, "memory is out");
	if (h->begun)
		return 0;
	h->begun = true;
	if (in->adds)
		return 0;
	r = store_archive_leave(in->people.store, &in->req, in->jid.bare);
	if (!r)
		r = store_wait(&in->req);
	store_req_release(&in->req);
	return r ? intake_failed(in, "the store does not take history") : 0;
}

static int put_rows(struct intake *in, const uint64_t *seqs)
{
	struct history_taken *h = in->history;
	int r = store_archive_begin(&in->req);

	for (size_t i = 0; i < h->len && !r; i++) {
		h->rows[i].seq = seqs[i];
		r = store_archive_add(&in->req, &h->rows[i]);
	}
	if (!r)
		r = store_archive_put(in->people.store, &in->req);
	if (!r)
		r = store_wait(&in->req);
	store_req_release(&in->req);
	return r ? intake_failed(in, "the store does not take history") : 0;
}

int intake_put_history(struct intake *in)
{
	struct history_taken *h = in->history;
	uint64_t seqs[BATCH];
	struct err err = {};
	int r;

	if (!h || !h->len)
		return 0;
	if (witness_put_many(in->witness, h->acts, h->len, seqs, &err)) {
		in->failed = true;
		return cli_fail(in->cli, CLI_INTERNAL, "every act is recorded before it is done", "%s", err.text);
	}
	r = put_rows(in, seqs);
	in->tally.carried[TALLY_HISTORY] += r ? 0 : h->len;
	h->arena = arena_free(h->arena);
	h->len = h->bytes = 0;
	progress_at(&in->messages, (size_t)in->tally.carried[TALLY_HISTORY]);
	return r;
}

/* Copies into the batch. */
static int add(struct intake *in, const struct store_archived *row, const struct buf *line)
{
	struct history_taken *h = in->history;
	struct store_archived *to = &h->rows[h->len];
	struct arena *arena = h->arena;

	*to = *row;
	to->id = arena_dup(arena, row->id);
	to->from = arena_dup(arena, row->from);
	to->to = arena_dup(arena, row->to);
	to->own = arena_dup(arena, row->own);
	to->origin = arena_dup(arena, row->origin);
	to->xml = arena_dup(arena, row->xml);
	h->acts[h->len++] = (struct witness_act){.command = PAST_COMMAND,
		.target = arena_printf(arena, "%.*s%c", STR_FMT(in->jid.bare), 0).data,
		.text = arena_printf(arena, "%.*s%c", STR_FMT(buf_view(line)), 0).data};
	if (arena_is_full(arena))
		return intake_failed(in, "memory is out");
	h->bytes += line->len;
	return h->len == BATCH || h->bytes >= BATCH_BYTES ? intake_put_history(in) : 0;
}

/* An archive is in the order of its times; what does not say one, or stands out of order, has that of the one before. */
static void order(struct intake *in, struct store_archived *row)
{
	uint64_t now = clock_utc_us();

	if (!row->time_us || row->time_us < in->history->last_us || row->time_us > now) {
		intake_left(in, TALLY_OTHER, 1, "the time of a message of the history, which stood out of order");
		row->time_us = row->time_us > now ? now : in->history->last_us;
	}
	in->history->last_us = row->time_us;
	if (!in->history->first_us)
		in->history->first_us = row->time_us;
}

static const char *refusal(const struct intake *in, const struct past *p)
{
	const struct settings *s = in->people.settings;
	uint64_t days = s->history_days, now = clock_utc_us(), age = days * UINT64_C(86400000000);

	if (!s->history_enabled)
		return "history is switched off (history.enabled)";
	if (in->adds && p->time_us <= in->newest_us)
		return "it is in the history here already, or older than what is";
	if (days && p->time_us && p->time_us + age < now)
		return "it is older than history goes here (history.days)";
	if (in->room ? !str_is(node_attr(p->message, STR("type")), "groupchat")
		     : !history_takes(node_attr(p->message, STR("type")), p->message))
		return "it is of a kind that history does not hold here (said in a room, an error, a hint against it)";
	return NULL;
}

static int put_message(struct intake *in, const struct past *p, struct store_archived *row, const struct xml_stamp *stamp)
{
	struct buf xml = BUF_INIT(MESSAGE_BYTES);
	struct buf line = BUF_INIT(2 * MESSAGE_BYTES);
	char made[INTAKE_ID + 1];
	int r = 0;

	xml_put_stamped(&xml, p->message, NS_CLIENT, stamp);
	row->xml = buf_view(&xml);
	row->id = p->id;
	if (row->id.len != INTAKE_ID || !tree_is_text(row->id)) { /* what is handed to people has ids of one length */
		intake_id(in, row->xml, row->time_us, made);
		row->id = str_of(made, INTAKE_ID);
	}
	past_put(&line, row->id, row->time_us, row->xml);
	if (buf_failed(&xml) || buf_failed(&line))
		intake_left(in, TALLY_HISTORY, 1, "it is too long");
	else
		r = add(in, row, &line);
	buf_done(&line);
	buf_done(&xml);
	return r;
}

/* Ids that the archive's own server has given; ours are written from the row. */
static void strip_ids(struct node *message, struct str owner)
{
	struct node *next;

	for (struct node *n = message->first; n; n = next) {
		next = n->next;
		if (node_is(n, STR("stanza-id"), NS_SID) && str_eq(node_attr(n, STR("by")), owner))
			node_remove(n);
	}
}

int intake_history(struct intake *in, const struct past *p)
{
	struct arena *arena = arena_new(PERSON_BYTES);
	struct store_archived row = {};
	struct xml_stamp stamp = {};
	const char *why;
	int r = arena ? begin(in) : intake_failed(in, "memory is out");

	why = r ? NULL : refusal(in, p);
	if (!r && why) {
		intake_left(in, TALLY_HISTORY, 1, why);
	} else if (!r && !past_row(p, in->jid.bare, arena, &row)) {
		intake_left(in, TALLY_HISTORY, 1, "it is neither from nor to the person whose history it is");
	} else if (!r) {
		row.time_us = p->time_us;
		order(in, &row);
		strip_ids(p->message, in->jid.bare);
		if (!in->room)
			stamp = (struct xml_stamp){.from = row.from, .to = row.to};
		r = put_message(in, p, &row, &stamp);
	}
	arena_free(arena);
	return r;
}

/* ---- to what is there ---- */

int intake_know_newest(struct intake *in)
{
	const struct store_archive_query query = {.owner = in->jid.bare, .newest = true, .max = 1};
	int r = store_archive_load(in->people.store, &in->req, &query);

	if (!r)
		r = store_wait(&in->req);
	in->newest_us = !r && in->req.page->len ? in->req.page->rows->time_us : 0;
	store_req_release(&in->req);
	return r ? intake_failed(in, "the store's history cannot be read") : 0;
}
