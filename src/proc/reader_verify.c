/* verify: the whole record is read again, every hash and root computed again, the signatures of checkpoints
 * checked. The same as tools/verify-record, with the server's own code: that one is for whoever does not want
 * to trust it. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "proc/reader.h"
#include "record/line.h"
#include "record/note.h"
#include "record/segment.h"
#include "record/tree.h"

enum {
	HISTORY_MAX = 64 << 20,
};

struct signed_root {
	uint64_t size;
	unsigned char root[TREE_HASH];
	const char *source;
};

struct verify {
	const struct reader *r;
	struct buf damage;     /* JSON objects or lines of text */
	struct buf not_proved; /* likewise */
	bool damaged;
	bool has_key;
	unsigned char key[32];
	char origin[NOTE_ORIGIN_MAX + 1];
	struct tree tree;
	bool started;
	struct signed_root *roots; /* by size */
	size_t roots_len, roots_at;
	uint64_t current_size; /* of `checkpoint`; 0: none */
	uint64_t segments;
};

static void say(struct verify *v, const char *kind, uint64_t serial, uint64_t line, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));

static void say(struct verify *v, const char *kind, uint64_t serial, uint64_t line, const char *fmt, ...)
{
	char text[512], place[64] = "";
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	if (serial)
		snprintf(place, sizeof(place),
			line ? "segment %08" PRIu64 ", line %" PRIu64 ": " : "segment %08" PRIu64 ": ",
			serial, line);
	if (!v->r->json) {
		buf_printf(&v->damage, "DAMAGE %s: %s%s\n", kind, place, text);
	} else {
		buf_printf(&v->damage,
			"%s{\"kind\":\"%s\",\"segment\":%" PRIu64 ",\"line\":%" PRIu64 ",\"text\":",
			v->damaged ? "," : "", kind, serial, line);
		if (!line_quote(&v->damage, str_from(text)))
			buf_lit(&v->damage, "\"?\"");
		buf_putc(&v->damage, '}');
	}
	v->damaged = true;
}

static void say_not_proved(struct verify *v, const char *text)
{
	if (!v->r->json) {
		buf_printf(&v->not_proved, "not proved: %s\n", text);
		return;
	}
	if (v->not_proved.len)
		buf_putc(&v->not_proved, ',');
	buf_printf(&v->not_proved, "\"%s\"", text);
}

/* ---- checkpoints ---- */

static int add_root(struct verify *v, const struct checkpoint *c, const char *source)
{
	struct signed_root *roots = realloc(v->roots, (v->roots_len + 1) * sizeof(*roots));

	if (!roots)
		return -ENOMEM;
	v->roots = roots;
	roots[v->roots_len] = (struct signed_root){.size = c->size, .source = source};
	memcpy(roots[v->roots_len++].root, c->root, TREE_HASH);
	return 0;
}

/* Notes in a text: each begins with a line that is followed by a number and ends with its signature line. */
static int take_notes(struct verify *v, struct str text, const char *source, uint64_t *out_last)
{
	static const char dash[] = "\n\n\xe2\x80\x94 ";
	struct checkpoint c;
	size_t from = 0, end;
	int code = 0;

	while (code == 0 && from < text.len) {
		const char *mark = memmem(text.data + from, text.len - from, dash, sizeof(dash) - 1);

		if (!mark)
			break;
		end = str_find(text, '\n', (size_t)(mark - text.data) + 2);
		if (end == text.len)
			break; /* cut */
		while (from < end && text.data[from] == '\n')
			from++;
		code = note_open(str_cut(text, from, end + 1), v->key, &c);
		if (code == 0) {
			code = add_root(v, &c, source);
			*out_last = c.size;
		} else if (from > 0 || code == -EKEYREJECTED) {
			say(v, code == -EKEYREJECTED ? "wrong key" : "edited", 0, 0,
				"%s: a checkpoint is not signed by this record's key or not one", source);
			code = 0;
		} else {
			code = 0; /* the front of a file of which only the end is here */
		}
		from = end + 1;
	}
	return code;
}

static int take_file(struct verify *v, const char *name, uint64_t *out_last)
{
	AUTO(auto_close) int fd = openat(v->r->dir_fd, name, O_RDONLY | O_CLOEXEC);
	struct buf text = BUF_INIT(HISTORY_MAX);
	ssize_t n = fd < 0 ? 0 : 1;
	int code;

	while (n > 0) {
		char *to = buf_room(&text, 65536);

		n = to ? read(fd, to, 65536) : 0;
		text.len += n > 0 ? (size_t)n : 0;
	}
	code = take_notes(v, buf_view(&text), name, out_last);
	buf_done(&text);
	return code;
}

static int by_size(const void *a, const void *b)
{
	const struct signed_root *x = a, *y = b;

	return x->size < y->size ? -1 : x->size > y->size;
}

/* What was kept elsewhere proves something only when there is a checkpoint in it. */
static int take_outside(struct verify *v, struct err *err)
{
	size_t before = v->roots_len;
	bool damaged = v->damaged;
	uint64_t last = 0;
	int code = take_notes(v, v->r->checkpoint, "the checkpoint given", &last);

	if (code == 0 && v->roots_len == before && v->damaged == damaged)
		return err_set(err, -EINVAL, "there is no checkpoint in the file given with --checkpoint");
	return code;
}

/* Before the segments: a server that writes meanwhile can then only be ahead. */
static int take_checkpoints(struct verify *v, struct err *err)
{
	uint64_t last = 0;
	int code = take_file(v, "checkpoint", &v->current_size);

	if (code == 0)
		code = take_file(v, "checkpoints", &last);
	if (code == 0 && v->r->has_checkpoint)
		code = take_outside(v, err);
	if (v->roots_len)
		qsort(v->roots, v->roots_len, sizeof(*v->roots), by_size);
	return code;
}

static void compare_roots(struct verify *v)
{
	unsigned char root[TREE_HASH];

	for (; v->roots_at < v->roots_len && v->roots[v->roots_at].size <= v->tree.size; v->roots_at++) {
		const struct signed_root *s = &v->roots[v->roots_at];

		tree_root(&v->tree, root);
		if (s->size == v->tree.size && memcmp(root, s->root, TREE_HASH) != 0)
			say(v, "edited", 0, 0,
				"%s: the first %" PRIu64 " lines are not those that were signed", s->source,
				s->size);
	}
}

static void judge_end(struct verify *v)
{
	uint64_t signed_size = v->roots_len ? v->roots[v->roots_len - 1].size : 0;

	if (signed_size > v->tree.size)
		say(v, "truncated", 0, 0, "%" PRIu64 " lines were signed, the record ends after %" PRIu64,
			signed_size, v->tree.size);
	if (v->current_size == 0)
		say(v, "missing", 0, 0, "there is no readable checkpoint in the file 'checkpoint'");
	else if (signed_size > v->current_size)
		say(v, "replayed checkpoint", 0, 0, "'checkpoint' is older than the newest one known");
	if (signed_size < v->tree.size)
		say_not_proved(v, "lines behind the last checkpoint: they are not signed yet");
	if (!v->r->has_checkpoint)
		say_not_proved(v,
			"that nothing was removed from the end: give --checkpoint with one kept elsewhere");
}

/* ---- segments ---- */

static bool take_start(struct verify *v, uint64_t serial, struct str line)
{
	struct segment_start start;
	unsigned char here[TREE_HASH], before[TREE_HASH];

	if (segment_parse_start(line, &start) < 0 || start.serial != serial) {
		say(v, "edited", serial, 1, "this is not the first line of this segment");
		return v->started;
	}
	tree_root(&start.tree, here);
	tree_root(&v->tree, before);
	if (v->started && (start.tree.size != v->tree.size || memcmp(here, before, TREE_HASH) != 0))
		say(v, start.tree.size > v->tree.size ? "missing" : "edited", serial, 1,
			"it goes on from line number %" PRIu64 ", what is before it ends with %" PRIu64,
			start.tree.size, v->tree.size);
	if (!v->started)
		memcpy(v->origin, start.origin, sizeof(v->origin));
	else if (strcmp(v->origin, start.origin) != 0)
		say(v, "wrong key", serial, 1, "it is of another record");
	v->tree = start.tree;
	v->started = true;
	return true;
}

struct walk {
	struct tree confirmed; /* at the last batch line */
	uint64_t number;       /* of the line in the segment */
	uint64_t batch_number;
	uint64_t odd; /* first line whose hash is not the one kept beside */
	bool broken;  /* a root did not agree: the rest cannot be judged by roots */
	int leaves_fd;
};

static bool batch_agrees(const struct verify *v, struct line_scan scan)
{
	unsigned char root[TREE_HASH], stated[TREE_HASH];
	struct line_value m;
	uint64_t size = UINT64_MAX;
	bool has = false;

	while (line_next(&scan, &m) > 0) {
		if (str_is(m.key, "size") && !line_get_u64(&m, &size))
			return false;
		if (str_is(m.key, "root"))
			has = line_get_base64(&m, stated, TREE_HASH);
	}
	tree_root(&v->tree, root);
	return has && size == v->tree.size && memcmp(root, stated, TREE_HASH) == 0;
}

static void compare_leaf(struct walk *w, const unsigned char *leaf)
{
	unsigned char kept[TREE_HASH];

	if (w->odd == 0 && w->leaves_fd >= 0 &&
		pread(w->leaves_fd, kept, TREE_HASH, (off_t)((w->number - 1) * TREE_HASH)) == TREE_HASH &&
		memcmp(kept, leaf, TREE_HASH) != 0)
		w->odd = w->number;
}

static void take_line(struct verify *v, uint64_t serial, struct walk *w, struct str line)
{
	unsigned char leaf[TREE_HASH];
	struct line_scan scan;
	struct line_head head = {};
	bool parsed = line_read_head(&scan, line, &head) == 0;

	w->number++;
	tree_leaf(line, leaf);
	compare_leaf(w, leaf);
	if (!w->broken && (!parsed || head.seq != v->tree.size ||
				  (head.type == EVENT_BATCH && !batch_agrees(v, scan)))) {
		uint64_t at = w->odd ? w->odd : w->number;

		say(v, parsed && head.seq > v->tree.size ? "missing" : "edited", serial, at,
			"it is not the line that was recorded here (lines %" PRIu64 " to %" PRIu64
			" do not verify)",
			w->batch_number + 1, w->number);
		w->broken = true;
	}
	tree_append(&v->tree, leaf);
	if (!w->broken)
		compare_roots(v);
	if (parsed && head.type == EVENT_BATCH) {
		w->batch_number = w->number;
		w->confirmed = v->tree;
	}
}

/* What is behind the last batch line of the open segment is being written. */
static void end_segment(struct verify *v, uint64_t serial, const struct walk *w, bool open_segment)
{
	if (w->number == w->batch_number)
		return;
	if (!open_segment)
		say(v, "truncated", serial, w->number, "the segment ends without a batch line");
	v->tree = w->confirmed;
}

static int verify_segment(struct verify *v, uint64_t serial, bool last)
{
	AUTO(segment_lines_freep) struct segment_lines *l = NULL;
	char name[SEGMENT_NAME];
	struct walk w = {};
	struct str line;
	struct err err;
	int code = segment_lines_open(&l, v->r->dir_fd, serial, 0, &err);

	if (code) {
		say(v, "missing", serial, 0, "%s", err.text);
		return 0;
	}
	segment_name(name, serial, SEGMENT_LEAVES);
	w.leaves_fd = openat(v->r->dir_fd, name, O_RDONLY | O_CLOEXEC);
	while ((code = segment_lines_next(l, &line)) > 0) {
		if (w.number == 0 && !take_start(v, serial, line))
			break;
		take_line(v, serial, &w, line);
	}
	if (code < 0)
		say(v, "edited", serial, w.number, "the file is damaged behind this line");
	end_segment(v, serial, &w, last && !segment_lines_is_sealed(l));
	if (w.odd && !w.broken)
		say(v, "edited", serial, w.odd,
			"the leaf hash beside this line is not its own; the line is whole");
	v->started = v->started && !w.broken; /* the next segment says where it begins */
	auto_close(&w.leaves_fd);
	v->segments++;
	return 0;
}

static int verify_segments(struct verify *v, struct err *err)
{
	struct segment_list list;
	int code = segment_list(v->r->dir_fd, &list);

	if (code == 0 && list.len == 0)
		code = -ENOENT;
	if (code)
		return err_set(err, code, "the record cannot be read: %s", strerror(-code));
	if (list.items[0].serial > 1)
		say_not_proved(v, "what the segments before the first held");
	for (size_t i = 0; code == 0 && i < list.len; i++) {
		for (uint64_t gone = i ? list.items[i - 1].serial + 1 : list.items[0].serial;
			gone < list.items[i].serial; gone++)
			say(v, "missing", gone, 0, "the segment is not there");
		code = verify_segment(v, list.items[i].serial, i + 1 == list.len);
	}
	segment_list_done(&list);
	return code;
}

/* ---- */

/* NAME+ID+base64(1, key) as the recorder wrote it beside its key. */
static int read_verifier(struct verify *v, struct err *err)
{
	struct buf raw = BUF_INIT(64), again = BUF_INIT(1024);
	char text[1024];
	ssize_t n = v->r->verifier_fd < 0 ? -1 : pread(v->r->verifier_fd, text, sizeof(text), 0);
	struct str all = n > 0 ? str_trim(str_of(text, (size_t)n)) : STR_NONE;
	size_t plus = str_find(all, '+', 0), second = str_find(all, '+', plus + 1);
	bool ok = base64_parse(str_cut(all, second + 1, all.len), &raw) && raw.len == 33 && raw.data[0] == 1;

	if (ok) {
		memcpy(v->key, raw.data + 1, sizeof(v->key));
		note_put_verifier(&again, str_cut(all, 0, plus), v->key);
		ok = str_eq(all, buf_view(&again));
	}
	buf_done(&raw);
	buf_done(&again);
	return ok ? 0
		  : err_set(err, -EINVAL, "the record's public key (keys/record.pub) is missing or damaged");
}

static void print_result(struct verify *v)
{
	unsigned char root[TREE_HASH];
	struct buf text = BUF_INIT(64), origin = BUF_INIT(0);

	tree_root(&v->tree, root);
	base64_put(&text, root, sizeof(root));
	json_escape(&origin, str_from(v->origin));
	if (v->r->json)
		printf("{\"ok\":%s,\"origin\":\"%s\",\"lines\":%" PRIu64 ",\"segments\":%" PRIu64
		       ",\"root\":\"%s\",\"damage\":[%.*s],\"not_proved\":[%.*s]}\n",
			v->damaged ? "false" : "true", buf_cstr(&origin), v->tree.size, v->segments,
			buf_cstr(&text), STR_FMT(buf_view(&v->damage)), STR_FMT(buf_view(&v->not_proved)));
	else
		printf("%.*s%s: %" PRIu64 " lines in %" PRIu64 " segments, root %s\n%.*s%s\n",
			STR_FMT(buf_view(&v->damage)), v->origin, v->tree.size, v->segments, buf_cstr(&text),
			STR_FMT(buf_view(&v->not_proved)), v->damaged ? "DAMAGED" : "whole");
	buf_done(&text);
	buf_done(&origin);
}

int reader_verify(struct reader *r, struct err *err)
{
	struct verify v = {.r = r, .damage = BUF_INIT(64 << 20), .not_proved = BUF_INIT(65536)};
	int code = read_verifier(&v, err);

	tree_init(&v.tree);
	if (code == 0)
		code = take_checkpoints(&v, err);
	if (code == 0)
		code = verify_segments(&v, err);
	if (code == 0) {
		judge_end(&v);
		print_result(&v);
	}
	free(v.roots);
	buf_done(&v.damage);
	buf_done(&v.not_proved);
	if (code)
		return READER_USAGE;
	return v.damaged ? READER_NO : READER_OK;
}
