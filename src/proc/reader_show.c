/* tail and show: the latest lines that pass the filter, oldest first; then, if asked, those that are written
 * from now on. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "proc/reader.h"
#include "record/line.h"
#include "record/segment.h"

enum {
	FOLLOW_US = 200000,
	TEXT_MAX = 400, /* bytes of a text shown in a table line */
};

/* ---- the filter ---- */

static bool contains_nocase(struct str text, struct str word)
{
	for (size_t i = 0; i + word.len <= text.len; i++)
		if (str_eq_nocase(str_cut(text, i, i + word.len), word))
			return true;
	return false;
}

/* The address itself, or it with a resource. */
static bool is_address(struct str value, struct str address)
{
	return str_starts(value, address) && (value.len == address.len || value.data[address.len] == '/');
}

static bool list_has(struct str array, struct str item)
{
	struct str each;
	size_t at = 0;

	while (line_next_string(array, &at, &each) > 0)
		if (str_eq(each, item))
			return true;
	return false;
}

static bool pairs_have(struct str array, struct str address)
{
	struct str who;
	uint64_t number;
	size_t at = 0;

	while (line_next_pair(array, &at, &number, &who) > 0)
		if (is_address(who, address))
			return true;
	return false;
}

struct matches {
	bool with, action, conversation, rule, word;
};

static void match_member(const struct reader_filter *f, const struct line_value *v, struct matches *m)
{
	struct str k = v->key;

	if (str_is(k, "from") || str_is(k, "to") || str_is(k, "actor") || str_is(k, "target") ||
		str_is(k, "from_id") || str_is(k, "to_id"))
		m->with |= is_address(v->text, f->with);
	else if (str_is(k, "of") && v->kind == '[')
		m->with |= f->with.len && pairs_have(v->text, f->with);
	else if (str_is(k, "action"))
		m->action |= str_eq(v->text, f->action);
	else if (str_is(k, "conv"))
		m->conversation |= str_eq(v->text, f->conversation);
	else if (str_is(k, "rules") || str_is(k, "observed"))
		m->rule |= v->kind == '[' && list_has(v->text, f->rule);
	else if (str_is(k, "stanza") || str_is(k, "deliver") || str_is(k, "text") || str_is(k, "reason"))
		m->word |= contains_nocase(v->text, f->word);
}

static bool head_passes(const struct reader_filter *f, const struct line_head *h)
{
	if (f->has_seq && h->seq != f->seq)
		return false;
	if (f->type.len && (h->type == EVENT_NONE || !str_eq(event_type(h->type)->name, f->type)))
		return false;
	if (f->from.len &&
		memcmp(h->time.data, f->from.data, f->from.len < LINE_TIME ? f->from.len : LINE_TIME) < 0)
		return false;
	return !f->to.len ||
	       memcmp(h->time.data, f->to.data, f->to.len < LINE_TIME ? f->to.len : LINE_TIME) < 0;
}

static bool passes(const struct reader_filter *f, struct str line)
{
	struct line_scan scan;
	struct line_head head;
	struct line_value v;
	struct matches m = {};

	if (line_read_head(&scan, line, &head) < 0 || !head_passes(f, &head))
		return false;
	if ((head.type == EVENT_BATCH || head.type == EVENT_SEGMENT) && !f->type.len && !f->has_seq)
		return false; /* the record's own book-keeping is shown when asked for */
	while (line_next(&scan, &v) > 0)
		match_member(f, &v, &m);
	return (m.with || !f->with.len) && (m.action || !f->action.len) &&
	       (m.conversation || !f->conversation.len) && (m.rule || !f->rule.len) &&
	       (m.word || !f->word.len);
}

/* ---- printing ---- */

struct shown {
	struct str from, to, action, rules, text, reason, who;
};

static void note_member(const struct line_value *v, struct shown *s)
{
	const struct {
		struct str key;
		struct str *to;
	} places[] = {{STR("from"), &s->from}, {STR("to"), &s->to}, {STR("action"), &s->action},
		{STR("rules"), &s->rules}, {STR("stanza"), &s->text}, {STR("text"), &s->text},
		{STR("command"), &s->text}, {STR("of"), &s->text}, {STR("reason"), &s->reason},
		{STR("actor"), &s->who}, {STR("target"), &s->to}};

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
		if (str_eq(v->key, places[i].key))
			*places[i].to = v->text;
}

/* The body of a message where there is one. */
static struct str body_of(struct str stanza)
{
	static const char open_tag[] = "<body>", close_tag[] = "</body>";
	const char *a = memmem(stanza.data, stanza.len, open_tag, sizeof(open_tag) - 1), *b;

	if (!a)
		return stanza;
	a += sizeof(open_tag) - 1;
	b = memmem(a, (size_t)(stanza.data + stanza.len - a), close_tag, sizeof(close_tag) - 1);
	return b ? str_of(a, (size_t)(b - a)) : stanza;
}

/* Text from outside: unescaped from JSON, then made harmless for a terminal. */
static void put_text(struct buf *b, const char *before, struct str escaped)
{
	struct buf text = BUF_INIT(LINE_MAX_BYTES);

	if (escaped.len && line_unescape(escaped, &text)) {
		buf_str(b, str_from(before));
		log_escape(b, body_of(buf_view(&text)), TEXT_MAX);
	}
	buf_done(&text);
}

static void print_table(struct str line)
{
	struct line_scan scan;
	struct line_head head;
	struct line_value v;
	struct shown s = {};
	struct buf b = BUF_INIT(0);

	if (line_read_head(&scan, line, &head) < 0)
		return;
	while (line_next(&scan, &v) > 0)
		note_member(&v, &s);
	buf_printf(&b, "%.*s  %8llu  %-13s", STR_FMT(head.time), (unsigned long long)head.seq,
		head.type == EVENT_NONE ? "?" : event_type(head.type)->name.data);
	put_text(&b, " ", s.who);
	put_text(&b, " ", s.from);
	put_text(&b, " -> ", s.to);
	put_text(&b, "  ", s.action);
	put_text(&b, " ", s.rules);
	put_text(&b, "  ", s.text);
	put_text(&b, "  ", s.reason);
	printf("%.*s\n", STR_FMT(buf_view(&b)));
	buf_done(&b);
}

static void print_line(const struct reader *r, struct str line)
{
	if (r->json)
		printf("%.*s\n", STR_FMT(line));
	else
		print_table(line);
}

/* ---- the latest ---- */

/* The last `max` lines of one segment that pass, in a ring. */
struct found {
	char **lines;
	size_t max, first, len;
	struct found *older;
};

static int found_add(struct found *f, struct str line)
{
	char *copy = str_dupz(line);

	if (!copy)
		return -ENOMEM;
	if (f->len == f->max) {
		free(f->lines[f->first]);
		f->lines[f->first] = copy;
		f->first = (f->first + 1) % f->max;
		return 0;
	}
	if ((f->len & (f->len - 1)) == 0) { /* grows by powers of two up to max */
		size_t cap = f->len ? f->len * 2 : 1;
		char **lines = realloc(f->lines, (cap < f->max ? cap : f->max) * sizeof(char *));

		if (!lines) {
			free(copy);
			return -ENOMEM;
		}
		f->lines = lines;
	}
	f->lines[f->len++] = copy;
	return 0;
}

static void found_print(const struct reader *r, struct found *f)
{
	for (size_t i = 0; i < f->len; i++) {
		char *line = f->lines[(f->first + i) % f->max];

		print_line(r, str_from(line));
		free(line);
	}
	free(f->lines);
	free(f);
}

static int search_segment(
	const struct reader *r, uint64_t serial, struct found *f, uint64_t *last_seq, struct err *err)
{
	AUTO(segment_lines_freep) struct segment_lines *l = NULL;
	struct line_scan scan;
	struct line_head head;
	struct str line;
	int code = segment_lines_open(&l, r->dir_fd, serial, 0, err);

	while (code == 0 && (code = segment_lines_next(l, &line)) > 0) {
		code = passes(&r->filter, line) ? found_add(f, line) : 0;
		if (line_read_head(&scan, line, &head) == 0 && head.seq + 1 > *last_seq)
			*last_seq = head.seq + 1;
	}
	if (code == -EBADMSG)
		err_set(err, code, "segment %08llu is damaged: see 'gatehouse record verify'",
			(unsigned long long)serial);
	return code == -EBADMSG ? 0 : code; /* what could be read is shown */
}

static int search(struct reader *r, const struct segment_list *list, struct found **out, uint64_t *next,
	struct err *err)
{
	uint64_t left = r->limit;
	int code = 0;

	for (size_t i = list->len; i > 0 && left && code == 0; i--) {
		struct found *f = calloc(1, sizeof(*f));

		if (!f)
			return -ENOMEM;
		f->max = left;
		f->older = *out;
		*out = f;
		code = search_segment(r, list->items[i - 1].serial, f, next, err);
		left -= f->len;
	}
	return code;
}

/* ---- what comes ---- */

static void print_new(const struct reader *r, struct str line, uint64_t *next)
{
	struct line_scan scan;
	struct line_head head;

	if (line_read_head(&scan, line, &head) < 0 || head.seq < *next)
		return;
	if (passes(&r->filter, line))
		print_line(r, line);
	*next = head.seq + 1;
}

/* A segment that is complete: all that is left of it. */
static int follow_rest(const struct reader *r, uint64_t serial, uint64_t *next)
{
	AUTO(segment_lines_freep) struct segment_lines *l = NULL;
	struct str line;
	int code = segment_lines_open(&l, r->dir_fd, serial, 0, NULL);

	while (code == 0 && (code = segment_lines_next(l, &line)) > 0) {
		print_new(r, line, next);
		code = 0;
	}
	return code;
}

/* The open segment from *at on. Padding behind the last line is looked at again: lines may be there the next
 * time. */
static int follow_open(const struct reader *r, uint64_t serial, uint64_t *next, uint64_t *at)
{
	char name[SEGMENT_NAME];
	AUTO(auto_close) int fd = -1;
	struct buf data = BUF_INIT(16 << 20);
	uint64_t base = *at;
	size_t from = 0, end;
	ssize_t n;
	char *to = buf_room(&data, LINE_MAX_BYTES + (1 << 20));

	segment_name(name, serial, SEGMENT_RAW);
	fd = openat(r->dir_fd, name, O_RDONLY | O_CLOEXEC);
	n = fd < 0 || !to ? -1 : pread(fd, to, LINE_MAX_BYTES + (1 << 20), (off_t)base);
	data.len = n > 0 ? (size_t)n : 0;
	while ((end = str_find(buf_view(&data), '\n', from)) < data.len) {
		if (end > from) {
			print_new(r, str_cut(buf_view(&data), from, end), next);
			*at = base + end + 1;
		}
		from = end + 1;
	}
	buf_done(&data);
	return fd < 0 ? -ENOENT : 0;
}

static bool has_segment(const struct reader *r, uint64_t serial)
{
	char name[SEGMENT_NAME];

	segment_name(name, serial, SEGMENT_RAW);
	if (faccessat(r->dir_fd, name, F_OK, 0) == 0)
		return true;
	segment_name(name, serial, SEGMENT_SEALED);
	return faccessat(r->dir_fd, name, F_OK, 0) == 0;
}

/* Until whoever started this process ends it, or nobody reads what it prints. */
static int follow(const struct reader *r, uint64_t serial, uint64_t next)
{
	uint64_t at = 0;

	while (!ferror(stdout)) {
		if (has_segment(r, serial + 1)) {
			int code = follow_rest(r, serial, &next);

			if (code)
				return code;
			serial++;
			at = 0;
			continue;
		}
		follow_open(r, serial, &next, &at);
		fflush(stdout);
		usleep(FOLLOW_US);
	}
	return 0;
}

int reader_show(struct reader *r, struct err *err)
{
	struct segment_list list;
	struct found *found = NULL;
	uint64_t next = 0, serial, shown = 0;
	int code = segment_list(r->dir_fd, &list);

	if (code)
		return err_set(err, READER_INTERNAL, "the record cannot be read: %s", strerror(-code));
	code = search(r, &list, &found, &next, err);
	while (found) {
		struct found *older = found->older;

		shown += found->len;
		found_print(r, found);
		found = older;
	}
	serial = list.len ? list.items[list.len - 1].serial : 1;
	segment_list_done(&list);
	if (code == 0 && r->follow)
		code = follow(r, serial, next);
	if (code && !err->text[0])
		err_set(err, code, "the record cannot be read: %s", strerror(-code));
	return code ? READER_INTERNAL : shown || r->follow ? READER_OK : READER_NO;
}
