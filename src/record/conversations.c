#include "record/conversations.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/list.h"
#include "base/log.h"
#include "base/map.h"
#include "record/line.h"
#include "record/segment.h"
#include "record/tree.h"

enum {
	KEY = 16,
	RECORD = KEY + 8,
	HEAD = 8 + 8 + 8 + TREE_HASH,
};

static const char magic[8] = {'G', 'H', 'C', 'O', 'N', 'V', '1', '\n'};

struct conversation {
	uint64_t number; /* last given */
	unsigned char key[KEY];
	size_t len;
	char name[];
};

/* The file as mapped; data is NULL when there is none. */
struct table {
	const unsigned char *data;
	size_t size;
	uint64_t serial, count;
};

struct conversations {
	int dir_fd;
	struct worker *keeper;
	struct map open;    /* touched by the open segment */
	struct map merging; /* the segment before, until its merge is done; only read meanwhile */
	struct table table;
	struct job job;
	uint64_t merge_serial;
};

/* ---- the file ---- */

static uint64_t get_u64(const unsigned char *at)
{
	uint64_t v;

	memcpy(&v, at, sizeof(v));
	return le64toh(v);
}

static void table_close(struct table *t)
{
	if (t->data)
		munmap((void *)(uintptr_t)t->data, t->size);
	*t = (struct table){};
}

static bool table_is_whole(const struct table *t)
{
	unsigned char hash[TREE_HASH];

	if (t->size < HEAD || memcmp(t->data, magic, sizeof(magic)) != 0 ||
		(t->size - HEAD) / RECORD != get_u64(t->data + 16) || (t->size - HEAD) % RECORD)
		return false;
	tree_sha256(str_of((const char *)t->data + HEAD, t->size - HEAD), hash);
	return memcmp(hash, t->data + 24, TREE_HASH) == 0;
}

/* Leaves *out empty when the file is missing or damaged: it is derived. */
static void table_open(int dir_fd, struct table *out)
{
	AUTO(auto_close) int fd = openat(dir_fd, "conversations", O_RDONLY | O_CLOEXEC);
	struct table t = {};
	struct stat st;
	void *data;

	*out = t;
	if (fd < 0 || fstat(fd, &st) < 0 || st.st_size < HEAD)
		return;
	data = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (data == MAP_FAILED)
		return;
	t.data = data;
	t.size = (size_t)st.st_size;
	if (!table_is_whole(&t)) {
		log_warn("record: the file 'conversations' is damaged; making it again");
		table_close(&t);
		return;
	}
	t.serial = get_u64(t.data + 8);
	t.count = get_u64(t.data + 16);
	*out = t;
}

static uint64_t table_find(const struct table *t, const unsigned char key[KEY])
{
	uint64_t low = 0, high = t->count;

	while (low < high) {
		uint64_t middle = low + (high - low) / 2;
		const unsigned char *at = t->data + HEAD + middle * RECORD;
		int c = memcmp(at, key, KEY);

		if (c == 0)
			return get_u64(at + KEY);
		if (c < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return 0;
}

/* ---- merging ---- */

static int by_key(const void *a, const void *b)
{
	const struct conversation *const *x = a, *const *y = b;

	return memcmp((*x)->key, (*y)->key, KEY);
}

/* The map's values by key; the caller frees. NULL when memory is out. */
static struct conversation **sorted(const struct map *m)
{
	struct conversation **list = calloc(m->len + 1, sizeof(struct conversation *));
	struct map_slot *slot;
	size_t at = 0, n = 0;

	if (!list)
		return NULL;
	while ((slot = map_next(m, &at)))
		list[n++] = slot->value;
	qsort(list, n, sizeof(struct conversation *), by_key);
	return list;
}

static void put_u64(struct buf *b, uint64_t value)
{
	uint64_t v = htole64(value);

	buf_put(b, &v, sizeof(v));
}

/* Both are sorted; where both have a key the map's number is the later one. */
static void merge_records(struct buf *b, const struct table *t, struct conversation **list, size_t n)
{
	uint64_t i = 0;
	size_t k = 0;

	while (i < t->count || k < n) {
		const unsigned char *at = i < t->count ? t->data + HEAD + i * RECORD : NULL;
		int c = !at ? 1 : k == n ? -1 : memcmp(at, list[k]->key, KEY);

		if (c < 0) {
			buf_put(b, at, RECORD);
		} else {
			buf_put(b, list[k]->key, KEY);
			put_u64(b, list[k]->number);
			k++;
		}
		i += c <= 0;
	}
}

static void put_table(
	struct buf *b, const struct table *t, struct conversation **list, size_t n, uint64_t serial)
{
	unsigned char hash[TREE_HASH] = {};

	buf_put(b, magic, sizeof(magic));
	put_u64(b, serial);
	put_u64(b, 0);
	buf_put(b, hash, sizeof(hash));
	merge_records(b, t, list, n);
	if (buf_failed(b))
		return;
	uint64_t count = htole64((b->len - HEAD) / RECORD);

	tree_sha256(str_of(b->data + HEAD, b->len - HEAD), hash);
	memcpy(b->data + 16, &count, sizeof(count));
	memcpy(b->data + 24, hash, sizeof(hash));
}

static int replace_file(int dir_fd, struct str data)
{
	AUTO(auto_close)
	int fd = openat(dir_fd, "conversations.tmp", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0)
		return -errno;
	for (size_t at = 0; at < data.len;) {
		ssize_t n = write(fd, data.data + at, data.len - at);

		if (n < 0)
			return -errno;
		at += (size_t)n;
	}
	if (fsync(fd) < 0 || renameat(dir_fd, "conversations.tmp", dir_fd, "conversations") < 0)
		return -errno;
	return 0;
}

static int merge(struct conversations *c, const struct map *m, uint64_t serial)
{
	AUTO(auto_free) struct conversation **list = sorted(m);
	struct buf b = BUF_INIT(0);
	int r = -ENOMEM;

	if (list) {
		put_table(&b, &c->table, list, m->len, serial);
		r = buf_failed(&b) ? -ENOMEM : replace_file(c->dir_fd, buf_view(&b));
	}
	buf_done(&b);
	return r;
}

static void merge_job(struct job *job)
{
	struct conversations *c = container_of(job, struct conversations, job);
	int r = merge(c, &c->merging, c->merge_serial);

	if (r < 0) /* the next start reads the segments instead */
		log_warn("record: the file 'conversations' cannot be written: %s", strerror(-r));
}

/* ---- in memory ---- */

static void forget(struct map *m)
{
	struct map_slot *slot;
	size_t at = 0;

	while ((slot = map_next(m, &at)))
		free(slot->value);
	map_done(m);
	map_init(m);
}

static uint64_t known_number(const struct conversations *c, struct str name, const unsigned char key[KEY])
{
	const struct conversation *v = map_get(&c->merging, name);

	return v ? v->number : table_find(&c->table, key);
}

static struct conversation *find_or_add(struct conversations *c, struct str name)
{
	struct conversation *v = map_get(&c->open, name);
	unsigned char hash[TREE_HASH];

	if (v)
		return v;
	v = calloc(1, sizeof(*v) + name.len + 1);
	if (!v)
		return NULL;
	tree_sha256(name, hash);
	memcpy(v->key, hash, KEY);
	memcpy(v->name, name.data, name.len);
	v->number = known_number(c, name, v->key);
	if (map_put(&c->open, str_of(v->name, name.len), v) < 0) {
		free(v);
		return NULL;
	}
	return v;
}

uint64_t conversations_next(struct conversations *c, struct str name)
{
	struct conversation *v = find_or_add(c, name);

	return v ? ++v->number : 0;
}

int conversations_check(struct conversations *c, struct str name, uint64_t number)
{
	struct conversation *v = find_or_add(c, name);

	if (!v)
		return -ENOMEM;
	if (number != v->number + 1)
		return -EBADMSG;
	v->number = number;
	return 0;
}

/* The merge before failed (no space): its numbers go into the next one. */
static void carry_over(struct conversations *c)
{
	struct map_slot *slot;
	size_t at = 0;

	while ((slot = map_next(&c->merging, &at))) {
		struct conversation *v = slot->value;

		if (map_get(&c->open, slot->key) || map_put(&c->open, slot->key, v) < 0)
			free(v);
	}
	map_done(&c->merging);
	map_init(&c->merging);
}

void conversations_rotate(struct conversations *c, uint64_t serial)
{
	worker_settle(c->keeper, 60000); /* the merge before this one */
	table_close(&c->table);
	table_open(c->dir_fd, &c->table);
	if (c->table.serial < c->merge_serial)
		carry_over(c);
	else
		forget(&c->merging);
	c->merging = c->open;
	map_init(&c->open);
	c->merge_serial = serial;
	worker_post(c->keeper, &c->job);
}

/* ---- opening ---- */

static int take_line(struct conversations *c, struct str line)
{
	struct buf name = BUF_INIT(65536);
	struct line_value conv, cseq;
	uint64_t number;
	int r = 0;

	if (!line_find(line, STR("conv"), &conv))
		return 0;
	if (!line_find(line, STR("cseq"), &cseq) || !line_get_u64(&cseq, &number) ||
		!line_unescape(conv.text, &name))
		r = -EBADMSG;
	else
		r = conversations_check(c, buf_view(&name), number);
	buf_done(&name);
	return r;
}

static int read_segment(struct conversations *c, uint64_t serial, struct err *err)
{
	AUTO(segment_lines_freep) struct segment_lines *l = NULL;
	struct str line;
	int r = segment_lines_open(&l, c->dir_fd, serial, 0, err);

	if (r)
		return r;
	while ((r = segment_lines_next(l, &line)) > 0) {
		r = take_line(c, line);
		if (r < 0)
			break;
	}
	if (r < 0)
		return err_set(err, r, "segment %08llu: %s; restore it from its copy or a backup",
			(unsigned long long)serial,
			r == -EBADMSG ? "damaged (numbers of a conversation are missing)" : strerror(-r));
	return 0;
}

/* Reads the segments that the table does not cover and merges them. */
static int catch_up(struct conversations *c, uint64_t serial, struct err *err)
{
	struct segment_list list;
	int r = segment_list(c->dir_fd, &list);

	for (size_t i = 0; r == 0 && i < list.len; i++)
		if (list.items[i].serial > c->table.serial && list.items[i].serial <= serial)
			r = read_segment(c, list.items[i].serial, err);
	segment_list_done(&list);
	if (r == 0) {
		r = merge(c, &c->open, serial);
		if (r == -ENOSPC || r == -EDQUOT) {
			c->merging = c->open; /* the numbers stay in memory */
			c->merge_serial = serial;
			map_init(&c->open);
			return 0;
		}
		forget(&c->open);
		table_close(&c->table);
		table_open(c->dir_fd, &c->table);
	}
	return r;
}

int conversations_open(
	struct conversations **out, int dir_fd, uint64_t serial, struct worker *keeper, struct err *err)
{
	struct conversations *c = calloc(1, sizeof(*c));
	int r = 0;

	if (!c)
		return -ENOMEM;
	c->dir_fd = dir_fd;
	c->keeper = keeper;
	c->job.run = merge_job;
	map_init(&c->open);
	map_init(&c->merging);
	table_open(dir_fd, &c->table);
	if (c->table.serial > serial)
		table_close(&c->table);
	if (c->table.serial < serial)
		r = catch_up(c, serial, err);
	if (r) {
		conversations_free(c);
		return r;
	}
	*out = c;
	return 0;
}

struct conversations *conversations_free(struct conversations *c)
{
	if (!c)
		return NULL;
	forget(&c->open);
	forget(&c->merging);
	table_close(&c->table);
	free(c);
	return NULL;
}
