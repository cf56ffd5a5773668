/* copy: the files of the record as a stream, for `gatehouse backup`. lines: its lines as a stream, for `gatehouse
 * restore --from-record`. What is named here is written while a server writes on, so:
 *
 *   - of the open segment only what was durable when the recorder said where it ends (--extent) is read: whole flushes;
 *   - checkpoints are those that such a copy holds the lines of, no later one;
 *   - what can be derived is left out: the open segment's leaf hashes, the conversations' numbers.
 *
 * The stream: a line "file NAME BYTES", then the bytes; "same NAME BYTES SHA256" for what the asker has (--have) and is
 * to compare; at last "end". A stream without that is not whole. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/text.h"
#include "proc/reader.h"
#include "record/line.h"
#include "record/segment.h"

enum {
	COPY_BLOCK = 256 << 10,
	NOTES_WINDOW = 256 << 10, /* the end of `checkpoints` in which the last one that fits is looked for */
	MISSING = 1,
};

static int out_of_stream(struct err *err)
{
	return err_set(err, -EPIPE, "nobody takes what is copied");
}

/* ---- whole files ---- */

static int send_bytes(int fd, uint64_t bytes, const char *name, struct err *err)
{
	AUTO(auto_free) char *block = malloc(COPY_BLOCK);
	uint64_t at = 0;

	if (!block)
		return -ENOMEM;
	while (at < bytes) {
		size_t want = bytes - at < COPY_BLOCK ? (size_t)(bytes - at) : COPY_BLOCK;
		ssize_t n = pread(fd, block, want, (off_t)at);

		if (n <= 0)
			return err_set(err, -EIO, "record '%s': %s", name, n ? strerror(errno) : "it became shorter");
		if (fwrite(block, 1, (size_t)n, stdout) != (size_t)n)
			return out_of_stream(err);
		at += (uint64_t)n;
	}
	return 0;
}

static int send_hash(int fd, const char *name, uint64_t bytes, struct err *err)
{
	AUTO(auto_free) char *block = malloc(COPY_BLOCK);
	EVP_MD_CTX *hash = EVP_MD_CTX_new();
	unsigned char sum[32];
	struct buf hex = BUF_INIT(128);
	ssize_t n = -1;
	off_t at = 0;

	if (block && hash && EVP_DigestInit_ex(hash, EVP_sha256(), NULL) == 1)
		while ((n = pread(fd, block, COPY_BLOCK, at)) > 0 && EVP_DigestUpdate(hash, block, (size_t)n) == 1)
			at += n;
	if (n == 0 && EVP_DigestFinal_ex(hash, sum, NULL) == 1) {
		hex_put(&hex, sum, sizeof(sum));
		printf("same %s %" PRIu64 " %s\n", name, bytes, buf_cstr(&hex));
	} else {
		n = err_set(err, -EIO, "record '%s' cannot be read", name);
	}
	EVP_MD_CTX_free(hash);
	buf_done(&hex);
	return (int)n;
}

/* MISSING when there is none. `limit`: bytes at most; 0: all. */
static int send_file(const struct reader *r, const char *name, uint64_t limit, bool had, struct err *err)
{
	AUTO(auto_close) int fd = openat(r->dir_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	struct stat st;
	uint64_t bytes;

	if (fd < 0)
		return errno == ENOENT ? MISSING : err_errno(err, "record '%s'", name);
	if (fstat(fd, &st))
		return err_errno(err, "record '%s'", name);
	bytes = (uint64_t)st.st_size;
	if (limit && limit < bytes)
		bytes = limit;
	if (had)
		return send_hash(fd, name, bytes, err);
	printf("file %s %" PRIu64 "\n", name, bytes);
	return send_bytes(fd, bytes, name, err);
}

/* ---- checkpoints ---- */

struct notes {
	struct str text;   /* the window */
	size_t end;        /* behind the last one that fits, with its empty line */
	struct str newest; /* that one */
};

static bool next_text_line(struct str text, size_t *at, struct str *out)
{
	size_t end = str_find(text, '\n', *at);

	if (end == text.len)
		return false;
	*out = str_cut(text, *at, end);
	*at = end + 1;
	return true;
}

/* origin, size, root, nothing, signatures, nothing: the size stands three lines above the first signature. */
static void find_notes(struct notes *n, uint64_t max)
{
	struct str above[4] = {}, line;
	size_t at = 0;
	unsigned long long size;
	bool inside = false;

	while (next_text_line(n->text, &at, &line)) {
		if (str_starts(line, STR("\xe2\x80\x94 ")) && !inside) {
			if (above[3].len || !above[0].data || !str_to_u64(above[1], UINT64_MAX, &size))
				continue;
			if (size > max)
				return;
			inside = true;
			n->newest = str_of(above[0].data, (size_t)(n->text.data + at - above[0].data));
		} else if (inside && line.len) {
			n->newest.len = (size_t)(n->text.data + at - n->newest.data);
		} else if (inside) {
			n->end = at;
			inside = false;
		}
		memmove(above, above + 1, sizeof(above) - sizeof(above[0]));
		above[3] = line;
	}
}

static int send_notes(int fd, uint64_t bytes, const struct notes *n, struct err *err)
{
	uint64_t all = bytes - n->text.len + n->end;
	int code;

	printf("file checkpoints %" PRIu64 "\n", all);
	code = send_bytes(fd, all, "checkpoints", err);
	if (code)
		return code;
	printf("file checkpoint %zu\n", n->newest.len);
	return fwrite(n->newest.data, 1, n->newest.len, stdout) == n->newest.len ? 0 : out_of_stream(err);
}

/* A record that began this moment has none yet. */
static int send_checkpoints(const struct reader *r, struct err *err)
{
	AUTO(auto_close) int fd = openat(r->dir_fd, "checkpoints", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	AUTO(auto_free) char *window = malloc(NOTES_WINDOW);
	struct notes n = {};
	struct stat st;
	size_t len;

	if (fd < 0)
		return errno == ENOENT ? 0 : err_errno(err, "record 'checkpoints'");
	if (!window || fstat(fd, &st))
		return err_errno(err, "record 'checkpoints'");
	len = st.st_size < NOTES_WINDOW ? (size_t)st.st_size : NOTES_WINDOW;
	if (pread(fd, window, len, st.st_size - (off_t)len) != (ssize_t)len)
		return err_set(err, -EIO, "record 'checkpoints' cannot be read");
	n.text = str_of(window, len);
	find_notes(&n, r->extent.serial ? r->extent.size : UINT64_MAX);
	return n.end ? send_notes(fd, (uint64_t)st.st_size, &n, err) : 0;
}

/* ---- segments ---- */

/* A segment that has ended may be sealed between two looks: then its other file is there. */
static int send_segment(const struct reader *r, uint64_t serial, bool open, struct err *err)
{
	bool had = serial >= r->have_first && serial <= r->have_last;
	char name[SEGMENT_NAME];
	int code;

	segment_name(name, serial, SEGMENT_RAW);
	code = send_file(r, name, open ? r->extent.bytes : 0, false, err);
	if (open && code != MISSING)
		return code;
	if (code == MISSING) {
		segment_name(name, serial, SEGMENT_SEALED);
		code = send_file(r, name, 0, had, err);
	}
	if (code == MISSING)
		return err_set(err, -ENOENT, "segment %08" PRIu64 " is missing", serial);
	segment_name(name, serial, SEGMENT_LEAVES);
	return code ? code : send_file(r, name, 0, had, err);
}

static int send_segments(const struct reader *r, struct err *err)
{
	struct segment_list list;
	int code = segment_list(r->dir_fd, &list);
	uint64_t last;

	if (code)
		return err_set(err, code, "the record cannot be read: %s", strerror(-code));
	last = r->extent.serial ? r->extent.serial : list.len ? list.items[list.len - 1].serial : 0;
	for (size_t i = 0; i < list.len && code == 0; i++)
		if (list.items[i].serial <= last)
			code = send_segment(r, list.items[i].serial, list.items[i].serial == last, err);
	segment_list_done(&list);
	return code;
}

/* What starts moved aside: named by lines of the record, so it belongs to it. */
static int send_torn(const struct reader *r, struct err *err)
{
	int fd = openat(r->dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), code = 0;
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *e;

	if (!dir)
		return err_errno(err, "the record");
	while (code == 0 && (e = readdir(dir)))
		if (str_starts(str_from(e->d_name), STR("torn-")) && str_ends(str_from(e->d_name), STR(".bin")))
			code = send_file(r, e->d_name, 0, false, err);
	closedir(dir);
	return code;
}

int reader_copy(struct reader *r, struct err *err)
{
	int code = send_checkpoints(r, err);

	if (code == 0)
		code = send_segments(r, err);
	if (code == 0)
		code = send_torn(r, err);
	if (code == 0)
		puts("end");
	return code ? READER_INTERNAL : READER_OK;
}

/* ---- lines ---- */

static int send_lines(const struct reader *r, uint64_t serial, struct err *err)
{
	AUTO(segment_lines_freep) struct segment_lines *l = NULL;
	struct str line;
	int code = segment_lines_open(&l, r->dir_fd, serial, 0, err);

	while (code == 0 && (code = segment_lines_next(l, &line)) > 0)
		code = fwrite(line.data, 1, line.len, stdout) == line.len && putc('\n', stdout) != EOF
			? 0 : out_of_stream(err);
	if (code == -EBADMSG)
		err_set(err, code, "segment %08" PRIu64 " is damaged: see 'gatehouse record verify'", serial);
	return code;
}

int reader_lines(struct reader *r, struct err *err)
{
	struct segment_list list;
	int code = segment_list(r->dir_fd, &list);

	if (code)
		return err_set(err, READER_INTERNAL, "the record cannot be read: %s", strerror(-code));
	for (size_t i = 0; i < list.len && code == 0; i++)
		if (list.items[i].serial >= r->have_first)
			code = send_lines(r, list.items[i].serial, err);
	segment_list_done(&list);
	if (code == 0)
		puts("end");
	return code ? READER_INTERNAL : READER_OK;
}
