/* A segment file as a start, a replay and the reader read it, and a checkpoint. A file is judged clean, torn
 * or damaged without reading outside it, and what is said to be whole is not longer than the file. */
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "record/flush_scan.h"
#include "record/line.h"
#include "record/note.h"
#include "record/segment.h"

static struct conversations *fresh_numbers(void)
{
	static int dir_fd = -1;
	static char dir[] = "/tmp/gatehouse-fuzz-XXXXXX";
	struct conversations *c = NULL;
	struct err err;

	if (dir_fd < 0) {
		log_set_level(LOG_ERROR);
		if (!mkdtemp(dir))
			abort();
		dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		rmdir(dir); /* nothing is ever written there */
	}
	if (conversations_open(&c, dir_fd, 0, NULL, &err))
		abort();
	return c;
}

static void try_flushes(struct str file)
{
	struct conversations *numbers = fresh_numbers();
	struct flush_scan s;
	struct err err;
	uint64_t end;

	flush_scan_init(&s, file, 1);
	while (flush_scan_next(&s, numbers, &err) > 0)
		if (s.leaves.len != s.line * TREE_HASH)
			abort();
	if (s.at <= file.len && flush_scan_tail(&s, &end) != FLUSH_CLEAN && end > file.len)
		abort();
	flush_scan_done(&s);
	conversations_free(numbers);
}

static void try_value(const struct line_value *v)
{
	struct buf text = BUF_INIT(0);
	struct str item;
	uint64_t number;
	size_t at = 0;

	if (v->kind == '"' && line_unescape(v->text, &text) && text.len > v->text.len)
		abort();
	while (v->kind == '[' && line_next_string(v->text, &at, &item) > 0)
		;
	at = 0;
	while (v->kind == '[' && line_next_pair(v->text, &at, &number, &item) > 0)
		;
	if (line_get_u64(v, &number) && v->kind != '0')
		abort();
	buf_done(&text);
}

static void try_line(struct str line)
{
	struct segment_start start;
	struct line_scan scan;
	struct line_head head;
	struct line_value v;

	if (line_read_head(&scan, line, &head))
		return;
	line_time_us(head.time);
	while (line_next(&scan, &v) > 0)
		try_value(&v);
	if (segment_parse_start(line, &start) == 0 && start.tree.size != head.seq)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const unsigned char key[32] = {1};
	struct str file = str_of((const char *)data, len);
	struct checkpoint c;
	size_t at = 0, end;

	if (len == 0)
		return 0;
	for (; at < len; at = end + 1) {
		end = str_find(file, '\n', at);
		try_line(str_cut(file, at, end));
	}
	if (note_open(file, key, &c) == 0)
		abort();
	try_flushes(file);
	return 0;
}
