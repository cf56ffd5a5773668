#include "record/segment.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "base/cleanup.h"
#include "record/line.h"

enum {
	READ_CHUNK = 256 << 10,
	PACKED_CHUNK = 64 << 10,
	GZIP = 15 + 16, /* inflateInit2: the largest window, and gzip's head and end */
};

static const char *const suffixes[] = {".jsonl", ".jsonl.gz", ".leaves", ".jsonl.next"};

void segment_name(char out[SEGMENT_NAME], uint64_t serial, enum segment_file file)
{
	snprintf(out, SEGMENT_NAME, "%08llu%s", (unsigned long long)serial, suffixes[file]);
}

/* ---- listing ---- */

static bool parse_name(const char *name, uint64_t *serial, bool *sealed)
{
	struct str s = str_from(name);
	size_t dot = str_find(s, '.', 0);
	struct str end = str_cut(s, dot, s.len);
	unsigned long long n;

	if (dot < 8 || dot > 12 || !str_to_u64(str_cut(s, 0, dot), UINT64_MAX, &n) || n == 0)
		return false;
	*serial = n;
	*sealed = str_is(end, ".jsonl.gz");
	return *sealed || str_is(end, ".jsonl");
}

static int add(struct segment_list *l, uint64_t serial, bool sealed)
{
	struct segment_info *items = NULL;

	for (size_t i = 0; i < l->len && !items; i++)
		if (l->items[i].serial == serial)
			items = &l->items[i];
	if (!items) {
		items = realloc(l->items, (l->len + 1) * sizeof(*items));
		if (!items)
			return -ENOMEM;
		l->items = items;
		items = &l->items[l->len++];
		*items = (struct segment_info){.serial = serial};
	}
	if (sealed)
		items->sealed = true;
	else
		items->raw = true;
	return 0;
}

static int by_serial(const void *a, const void *b)
{
	const struct segment_info *x = a, *y = b;

	return x->serial < y->serial ? -1 : x->serial > y->serial;
}

int segment_list(int dir_fd, struct segment_list *out)
{
	struct segment_list l = {};
	int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), r = 0;
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *e;
	uint64_t serial;
	bool sealed;

	if (!dir)
		return -errno;
	while (r == 0 && (e = readdir(dir)))
		if (parse_name(e->d_name, &serial, &sealed))
			r = add(&l, serial, sealed);
	closedir(dir);
	if (r) {
		segment_list_done(&l);
		return r;
	}
	if (l.len)
		qsort(l.items, l.len, sizeof(*l.items), by_serial);
	*out = l;
	return 0;
}

void segment_list_done(struct segment_list *l)
{
	free(l->items);
	*l = (struct segment_list){};
}

/* ---- lines ---- */

struct segment_lines {
	int fd;
	struct buf in;
	size_t at;
	uint64_t left; /* bytes still to be read */
	bool sealed, end;
	z_stream z;           /* of a sealed file */
	bool inside, members; /* of a gzip member; whether there was one */
	unsigned char packed[PACKED_CHUNK];
};

static int open_file(int dir_fd, uint64_t serial, bool *sealed)
{
	char name[SEGMENT_NAME];
	int fd;

	segment_name(name, serial, SEGMENT_RAW);
	fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC);
	*sealed = fd < 0 && errno == ENOENT;
	if (!*sealed)
		return fd;
	segment_name(name, serial, SEGMENT_SEALED);
	return openat(dir_fd, name, O_RDONLY | O_CLOEXEC);
}

/* Takes over fd. */
static int lines_new(struct segment_lines **out, int fd, bool sealed, uint64_t limit)
{
	struct segment_lines *l = calloc(1, sizeof(*l));

	if (!l || (sealed && inflateInit2(&l->z, GZIP) != Z_OK)) {
		close(fd);
		free(l);
		return -ENOMEM;
	}
	l->fd = fd;
	buf_init(&l->in, LINE_MAX_BYTES + 2 * READ_CHUNK);
	l->sealed = sealed;
	l->left = limit && !sealed ? limit : UINT64_MAX;
	*out = l;
	return 0;
}

int segment_lines_open(
	struct segment_lines **out, int dir_fd, uint64_t serial, uint64_t limit, struct err *err)
{
	bool sealed;
	int fd = open_file(dir_fd, serial, &sealed);

	if (fd < 0)
		return err_errno(err, "segment %08llu", (unsigned long long)serial);
	return lines_new(out, fd, sealed, limit);
}

int segment_lines_open_kind(struct segment_lines **out, int dir_fd, uint64_t serial, bool sealed)
{
	char name[SEGMENT_NAME];
	int fd;

	segment_name(name, serial, sealed ? SEGMENT_SEALED : SEGMENT_RAW);
	fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -errno : lines_new(out, fd, sealed, 0);
}

struct segment_lines *segment_lines_free(struct segment_lines *l)
{
	if (!l)
		return NULL;
	if (l->sealed)
		inflateEnd(&l->z);
	close(l->fd);
	buf_done(&l->in);
	free(l);
	return NULL;
}

void segment_lines_freep(struct segment_lines **l)
{
	*l = segment_lines_free(*l);
}

bool segment_lines_is_sealed(const struct segment_lines *l)
{
	return l->sealed;
}

static ssize_t read_some(int fd, void *to, size_t room)
{
	ssize_t n;

	do
		n = read(fd, to, room);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : n;
}

/* More packed bytes. 1; 0: the file's end, between two members; or negative. */
static int read_packed(struct segment_lines *l)
{
	ssize_t n = read_some(l->fd, l->packed, PACKED_CHUNK);

	if (n < 0)
		return (int)n;
	if (n == 0)
		return l->inside || !l->members ? -EBADMSG : 0;
	l->z.next_in = l->packed;
	l->z.avail_in = (unsigned)n;
	return 1;
}

/* Nothing but whole members may be in a sealed file (docs/record-format.md section 1); zlib's own reader of files
 * passes over what stands behind them. Bytes, 0 at the end, or negative. */
static ssize_t unpack(struct segment_lines *l, char *to, size_t room)
{
	int code = 1;

	l->z.next_out = (unsigned char *)to;
	l->z.avail_out = (unsigned)room;
	while (l->z.avail_out == room) {
		if (l->z.avail_in == 0 && (code = read_packed(l)) <= 0)
			return code;
		if (!l->inside && inflateReset(&l->z) != Z_OK)
			return -EBADMSG;
		l->inside = l->members = true;
		code = inflate(&l->z, Z_NO_FLUSH);
		if (code == Z_STREAM_END)
			l->inside = false;
		else if (code != Z_OK && code != Z_BUF_ERROR)
			return code == Z_MEM_ERROR ? -ENOMEM : -EBADMSG;
	}
	return (ssize_t)(room - l->z.avail_out);
}

static int fill(struct segment_lines *l)
{
	size_t want = l->left < READ_CHUNK ? (size_t)l->left : READ_CHUNK;
	ssize_t n;
	char *to;

	buf_shift(&l->in, l->at);
	l->at = 0;
	to = buf_room(&l->in, READ_CHUNK);
	if (!to)
		return -EBADMSG;
	n = l->sealed ? unpack(l, to, want) : read_some(l->fd, to, want);
	if (n < 0)
		return (int)n;
	l->end = n == 0;
	l->left -= (uint64_t)n;
	l->in.len += (size_t)n;
	return 0;
}

int segment_lines_next(struct segment_lines *l, struct str *out)
{
	size_t searched = 0;

	for (;;) {
		const char *start, *newline;
		size_t left;
		int r;

		while (searched == 0 && l->at < l->in.len && l->in.data[l->at] == '\n')
			l->at++;
		start = l->in.data + l->at;
		left = l->in.len - l->at;
		newline = left > searched ? memchr(start + searched, '\n', left - searched) : NULL;
		if (newline) {
			*out = str_of(start, (size_t)(newline - start));
			l->at += out->len + 1;
			return 1;
		}
		searched = left;
		if (l->end)
			return 0;
		r = fill(l);
		if (r < 0)
			return r;
	}
}

size_t segment_lines_rest(const struct segment_lines *l)
{
	return l->in.len - l->at;
}

/* ---- the first line ---- */

static bool parse_peaks(struct str array, uint64_t size, struct tree *out)
{
	unsigned char peaks[TREE_PEAKS][TREE_HASH];
	struct line_value v = {.kind = '"'};
	size_t at = 0;
	unsigned n = 0;
	int r;

	while ((r = line_next_string(array, &at, &v.text)) > 0)
		if (n == TREE_PEAKS || !line_get_base64(&v, peaks[n++], TREE_HASH))
			return false;
	return r == 0 && tree_resume(out, size, peaks, n);
}

static bool take_start(
	const struct line_value *v, struct segment_start *s, unsigned char root[TREE_HASH], struct str *peaks)
{
	if (str_is(v->key, "serial"))
		return line_get_u64(v, &s->serial);
	if (str_is(v->key, "root"))
		return line_get_base64(v, root, TREE_HASH);
	if (str_is(v->key, "peaks"))
		*peaks = v->text;
	if (str_is(v->key, "checkpoint"))
		s->checkpoint = v->text;
	if (str_is(v->key, "origin")) {
		if (!note_origin_is_valid(v->text))
			return false;
		memcpy(s->origin, v->text.data, v->text.len);
		s->origin[v->text.len] = '\0';
	}
	return true;
}

int segment_parse_start(struct str line, struct segment_start *out)
{
	unsigned char root[TREE_HASH] = {}, computed[TREE_HASH];
	struct segment_start s = {};
	struct str peaks = STR_NONE;
	struct line_scan scan;
	struct line_head head;
	struct line_value v;
	int r;

	if (line_read_head(&scan, line, &head) < 0 || head.type != EVENT_SEGMENT)
		return -EBADMSG;
	while ((r = line_next(&scan, &v)) > 0)
		if (!take_start(&v, &s, root, &peaks))
			return -EBADMSG;
	if (r < 0 || s.serial == 0 || !s.origin[0] || !parse_peaks(peaks, head.seq, &s.tree))
		return -EBADMSG;
	tree_root(&s.tree, computed);
	if (memcmp(root, computed, TREE_HASH) != 0)
		return -EBADMSG;
	*out = s;
	return 0;
}

int segment_first_seq(int dir_fd, uint64_t serial, uint64_t *out)
{
	AUTO(segment_lines_freep) struct segment_lines *l = NULL;
	struct line_scan scan;
	struct line_head head;
	struct str line;
	int r = segment_lines_open(&l, dir_fd, serial, 0, NULL);

	if (r == 0)
		r = segment_lines_next(l, &line);
	if (r < 0)
		return r;
	if (r == 0 || line_read_head(&scan, line, &head) < 0)
		return -EBADMSG;
	*out = head.seq;
	return 0;
}
