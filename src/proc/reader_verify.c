/* verify: the whole record is read again, every hash and root computed again, the signatures of checkpoints
 * checked. The same as tools/verify-record, with the server's own code: that one is for whoever does not want
 * to trust it. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/map.h"
#include "base/text.h"
#include "proc/reader.h"
#include "record/line.h"
#include "record/note.h"
#include "record/segment.h"
#include "record/tree.h"

enum {
	AGAIN_US = 200000,
};

struct signed_root {
	uint64_t size;
	unsigned char root[TREE_HASH];
	const char *source;
};

struct talk {
	uint64_t number; /* of its last line */
	size_t len;
	char name[]; /* escaped, as in the line */
};

struct verify {
	const struct reader *r;
	struct buf damage;     /* JSON objects or lines of text */
	struct buf not_proved; /* likewise */
	bool damaged;
	bool has_key;
	unsigned char key[32];
	char origin[NOTE_ORIGIN_MAX + 1];
	char key_text[512]; /* the key in verifier form */
	char time[LINE_TIME]; /* of the line before */
	struct map talks;     /* conversation -> struct talk */
	bool partial;         /* their numbers may begin anywhere */
	struct tree tree;
	bool started;
	struct signed_root *roots; /* by size */
	size_t roots_len, roots_at;
	size_t notes; /* checkpoints that were looked at, good or not */
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

/* Cuts the first line, without its newline, off `rest`. */
static bool cut_line(struct str *rest, struct str *out)
{
	size_t end = str_find(*rest, '\n', 0);

	if (end == rest->len)
		return false;
	*out = str_cut(*rest, 0, end);
	*rest = str_cut(*rest, end + 1, rest->len);
	return true;
}

static bool has_only(struct str s, const char *also)
{
	for (size_t i = 0; i < s.len; i++)
		if (!memchr("0123456789", s.data[i], 10) && (!s.data[i] || !strchr(also, s.data[i])))
			return false;
	return s.len > 0;
}

static const char base64_also[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz+/=";

/* "— NAME BASE64" */
static bool is_signature(struct str line)
{
	struct str dash = STR("\xe2\x80\x94 ");
	size_t space;

	if (!str_starts(line, dash))
		return false;
	line = str_cut(line, dash.len, line.len);
	space = str_find(line, ' ', 0);
	return space > 0 && space < line.len && has_only(str_cut(line, space + 1, line.len), base64_also);
}

/* Bytes of the signed note that `text` begins with; 0: it does not begin with one. */
static size_t note_length(struct str text)
{
	struct str rest = text, origin, size, root, empty, line, behind;
	size_t len = 0;

	if (!cut_line(&rest, &origin) || !cut_line(&rest, &size) || !cut_line(&rest, &root) || !cut_line(&rest, &empty))
		return 0;
	if (!origin.len || str_find(origin, ' ', 0) < origin.len || !has_only(size, "") || root.len != 44 ||
		!has_only(root, base64_also) || empty.len)
		return 0;
	for (behind = rest; cut_line(&behind, &line) && is_signature(line); rest = behind)
		len = (size_t)(behind.data - text.data);
	return len;
}

static int take_note(struct verify *v, struct str note, const char *source, uint64_t *out_first)
{
	struct checkpoint c;
	int code = note_open(note, v->key, &c);

	v->notes++;
	if (code == 0 && str_eq(c.origin, str_from(v->origin))) {
		if (*out_first == 0)
			*out_first = c.size;
		return add_root(v, &c, source);
	}
	say(v, code == -EINVAL ? "edited" : "wrong key", 0, 0, "%s: a checkpoint is not signed by this record's key",
		source);
	return 0;
}

static bool has_text(struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.data[i] != '\n')
			return true;
	return false;
}

/* The beginning of a checkpoint that is being written has an empty line, but no whole line behind that. */
static bool is_more_than_begun(struct str s)
{
	size_t at = 0;
	const char *mark;

	while ((mark = memmem(s.data + at, s.len - at, "\n\n", 2))) {
		at = (size_t)(mark - s.data) + 1;
		if (at + 1 < s.len && s.data[at + 1] != '\n' && str_find(s, '\n', at + 1) < s.len)
			return true;
	}
	return false;
}

/* All notes of a text; *out_first is the size of the first. Returns whether there is anything else, but the
 * beginning of one at the end. */
static int take_notes(struct verify *v, struct str text, const char *source, uint64_t *out_first, bool *out_odd)
{
	size_t at = 0, from = 0, len;
	bool odd = false;
	int code = 0;

	while (text.len && text.data[text.len - 1] == '\0') /* a file system may leave them after a power cut */
		text.len--;
	while (code == 0 && at < text.len) {
		len = note_length(str_cut(text, at, text.len));
		if (len == 0) {
			at = str_find(text, '\n', at) + 1;
			continue;
		}
		odd = odd || has_text(str_cut(text, from, at));
		code = take_note(v, str_cut(text, at, at + len), source, out_first);
		from = at += len;
	}
	*out_odd = odd || is_more_than_begun(str_cut(text, from, text.len));
	return code;
}

static int take_file(struct verify *v, const char *name, uint64_t *out_first)
{
	AUTO(auto_close) int fd = openat(v->r->dir_fd, name, O_RDONLY | O_CLOEXEC);
	struct buf text = BUF_INIT(0);
	ssize_t n = fd < 0 ? 0 : 1;
	bool odd = false;
	int code;

	while (n > 0) {
		char *to = buf_room(&text, 65536);

		n = to ? read(fd, to, 65536) : 0;
		text.len += n > 0 ? (size_t)n : 0;
	}
	code = buf_failed(&text) ? -ENOMEM : take_notes(v, buf_view(&text), name, out_first, &odd);
	if (odd)
		say(v, "edited", 0, 0, "%s: there is something in it that is no checkpoint", name);
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
	size_t before = v->notes;
	uint64_t first = 0;
	bool odd;
	int code = take_notes(v, v->r->checkpoint, "the checkpoint given", &first, &odd);

	if (code == 0 && v->notes == before)
		return err_set(err, -EINVAL, "there is no checkpoint in the file given with --checkpoint");
	return code;
}

/* Before the segments: a server that writes meanwhile can then only be ahead. */
static int take_checkpoints(struct verify *v, struct err *err)
{
	uint64_t first = 0;
	int code = take_file(v, "checkpoints", &first);

	if (code == 0)
		code = take_file(v, "checkpoint", &v->current_size);
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

/* ---- lines ---- */

static void forget_talks(struct verify *v, bool partial)
{
	struct map_slot *slot;

	for (size_t i = 0; (slot = map_next(&v->talks, &i));)
		free(slot->value);
	map_done(&v->talks);
	map_init(&v->talks);
	v->partial = partial;
}

static struct talk *talk_get(struct verify *v, struct str name)
{
	struct talk *t = map_get(&v->talks, name);

	if (t)
		return t;
	t = calloc(1, sizeof(*t) + name.len);
	if (!t)
		return NULL;
	memcpy(t->name, name.data, name.len);
	t->len = name.len;
	if (map_put(&v->talks, str_of(t->name, t->len), t) == 0)
		return t;
	free(t);
	return NULL;
}

/* The numbers of a conversation have no gap; where older segments were disposed of the first may be any. */
static bool number_follows(struct verify *v, struct str conv, uint64_t number)
{
	struct talk *t = talk_get(v, conv);
	bool follows = t && (number == t->number + 1 || (t->number == 0 && v->partial && number > 0));

	if (t)
		t->number = number;
	return follows;
}

/* The file that a start moved aside is there as it was. */
static bool file_is_whole(const struct verify *v, struct str name, const unsigned char hash[TREE_HASH])
{
	struct buf path = BUF_INIT(256), data = BUF_INIT(0);
	unsigned char found[TREE_HASH];
	int fd = -1;
	ssize_t n;
	char *to;

	buf_str(&path, name);
	if (!buf_failed(&path) && str_find(name, '/', 0) == name.len)
		fd = openat(v->r->dir_fd, buf_cstr(&path), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	while (fd >= 0 && (to = buf_room(&data, 65536)) && (n = read(fd, to, 65536)) > 0)
		data.len += (size_t)n;
	tree_sha256(buf_view(&data), found);
	buf_done(&path);
	buf_done(&data);
	if (fd >= 0)
		close(fd);
	return fd >= 0 && memcmp(found, hash, TREE_HASH) == 0;
}

/* What a line says besides its number and its place in the tree. */
static void judge_line(struct verify *v, uint64_t serial, uint64_t at, struct line_scan scan, const struct line_head *head)
{
	unsigned char hash[TREE_HASH] = {};
	struct str conv = STR_NONE, file = STR_NONE;
	struct line_value m;
	uint64_t number = 0;
	bool has_number = false;

	while (line_next(&scan, &m) > 0) {
		if (str_is(m.key, "conv"))
			conv = m.text;
		else if (str_is(m.key, "cseq"))
			has_number = line_get_u64(&m, &number);
		else if (str_is(m.key, "file"))
			file = m.text;
		else if (str_is(m.key, "sha256") && !line_get_base64(&m, hash, TREE_HASH))
			memset(hash, 0, sizeof(hash));
	}
	if (memcmp(head->time.data, v->time, LINE_TIME) < 0)
		say(v, "edited", serial, at, "its time is before that of the line before");
	memcpy(v->time, head->time.data, LINE_TIME);
	if (has_number && !number_follows(v, conv, number))
		say(v, "missing", serial, at, "its number does not follow the last one of its conversation");
	if (head->type == EVENT_RECOVERED && !file_is_whole(v, file, hash))
		say(v, "edited", serial, at, "the file moved aside at a start is missing or changed");
}

/* ---- segments ---- */

static bool take_start(struct verify *v, uint64_t serial, struct str line)
{
	struct segment_start start;
	struct line_value key;
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
	if (strcmp(v->origin, start.origin) != 0 || !line_find(line, STR("key"), &key) ||
		!str_eq(key.text, str_from(v->key_text)))
		say(v, "wrong key", serial, 1, "it is of another record");
	if (!v->started || start.tree.size != v->tree.size)
		forget_talks(v, start.tree.size > 0);
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
	uint64_t leaves; /* hashes in it */
	uint64_t limit;  /* lines to be judged */
	bool open;
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
	if (!w->broken) {
		judge_line(v, serial, w->number, scan, &head);
		compare_roots(v);
	}
	if (parsed && head.type == EVENT_BATCH) {
		w->batch_number = w->number;
		w->confirmed = v->tree;
	}
}

/* The number of the segment's last batch line. What stands behind it in the open one is being written. */
static uint64_t whole_lines(const struct verify *v, uint64_t serial)
{
	AUTO(segment_lines_freep) struct segment_lines *l = NULL;
	struct line_scan scan;
	struct line_head head;
	struct str line;
	uint64_t number = 0, whole = 0;

	if (segment_lines_open(&l, v->r->dir_fd, serial, 0, NULL))
		return 0;
	while (segment_lines_next(l, &line) > 0) {
		number++;
		if (line_read_head(&scan, line, &head) == 0 && head.type == EVENT_BATCH)
			whole = number;
	}
	return whole;
}

static uint64_t leaves_there(int fd)
{
	struct stat st;

	return fd >= 0 && fstat(fd, &st) == 0 ? (uint64_t)st.st_size / TREE_HASH : 0;
}

static void end_segment(struct verify *v, uint64_t serial, const struct walk *w, const struct segment_lines *l)
{
	if (w->number != w->batch_number || (w->limit == UINT64_MAX && segment_lines_rest(l))) {
		say(v, "truncated", serial, w->number, "the segment ends without a batch line");
		v->tree = w->confirmed;
	}
	if (w->odd && !w->broken)
		say(v, "edited", serial, w->odd, "the leaf hash beside this line is not its own; the line is whole");
	else if (w->leaves != w->number && (w->leaves > w->number || !w->open) && !w->broken)
		say(v, w->leaves > w->number ? "truncated" : "edited", serial, w->number,
			"%" PRIu64 " leaf hashes are there", w->leaves);
	if (w->broken)
		forget_talks(v, true);
	v->started = v->started && !w->broken; /* the next segment says where it begins */
	v->segments++;
}

static int verify_segment(struct verify *v, uint64_t serial, bool last)
{
	AUTO(segment_lines_freep) struct segment_lines *l = NULL;
	AUTO(auto_close) int leaves_fd = -1;
	char name[SEGMENT_NAME];
	struct walk w = {.limit = UINT64_MAX};
	struct str line;
	struct err err;
	int code;

	segment_name(name, serial, SEGMENT_LEAVES);
	w.leaves_fd = leaves_fd = openat(v->r->dir_fd, name, O_RDONLY | O_CLOEXEC);
	w.leaves = leaves_there(leaves_fd); /* before the lines: they may only be ahead */
	code = segment_lines_open(&l, v->r->dir_fd, serial, 0, &err);
	if (code) {
		say(v, "missing", serial, 0, "%s", err.text);
		return 0;
	}
	w.open = last && !segment_lines_is_sealed(l);
	w.confirmed = v->tree;
	if (w.open)
		w.limit = whole_lines(v, serial);
	while (w.number < w.limit && (code = segment_lines_next(l, &line)) > 0) {
		if (w.number == 0 && !take_start(v, serial, line))
			break;
		take_line(v, serial, &w, line);
	}
	if (code < 0)
		say(v, "edited", serial, w.number, "the file is damaged behind this line");
	end_segment(v, serial, &w, l);
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
		ok = str_eq(all, buf_view(&again)) && plus < sizeof(v->origin) && all.len < sizeof(v->key_text);
	}
	if (ok) {
		memcpy(v->origin, all.data, plus);
		memcpy(v->key_text, all.data, all.len);
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

static int verify(struct verify *v, struct err *err)
{
	int code = read_verifier(v, err);

	tree_init(&v->tree);
	map_init(&v->talks);
	if (code == 0)
		code = take_checkpoints(v, err);
	if (code == 0)
		code = verify_segments(v, err);
	if (code == 0)
		judge_end(v);
	return code;
}

static void verify_done(struct verify *v)
{
	free(v->roots);
	forget_talks(v, false);
	map_done(&v->talks);
	buf_done(&v->damage);
	buf_done(&v->not_proved);
}

/* Once more when there is damage: the server may have been in the middle of a write. */
int reader_verify(struct reader *r, struct err *err)
{
	bool damaged = false;
	int code = 0;

	for (int again = 1; again >= 0; again--) {
		struct verify v = {.r = r, .damage = BUF_INIT(64 << 20), .not_proved = BUF_INIT(65536)};

		code = verify(&v, err);
		damaged = v.damaged;
		if (code == 0 && (!damaged || !again))
			print_result(&v);
		verify_done(&v);
		if (code || !damaged)
			break;
		if (again)
			usleep(AGAIN_US);
	}
	if (code)
		return READER_USAGE;
	return damaged ? READER_NO : READER_OK;
}
