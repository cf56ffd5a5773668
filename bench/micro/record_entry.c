/* What one entry of the recorder costs in its own code: the fields of a frame to a line, its leaf and the tree; the
 * disk is left out. bench/micro/record_cost.py measures the whole process. Build and run:
 *
 *     cc -O3 -std=gnu2x -D_GNU_SOURCE -Isrc bench/micro/record_entry.c BUILD/src/record/libjournal.a \
 *         BUILD/src/record/liblink.a BUILD/src/ipc/libipc.a BUILD/src/base/libbase.a -lcrypto -ldeflate -lz -ljansson
 *     ./a.out [DIRECTORY]
 *
 * DIRECTORY (default /dev/shm) takes a record for the time of the run.
 *
 * A Xeon guest with SHA instructions, two busy cores, gcc 12, a line of 609 bytes, best of 60 rounds in each of several runs:
 *
 *     room looked for in every call, text by eight bytes           1,380 ns
 *     room made once, text by sixteen, identity without printf     1,120
 *     fields walked inline, the salt's base64 in place             1,030
 *
 * 730 of them are OpenSSL's: 550 for the leaf (two runs of SHA-256 over it: 0x00, line), 180 for a node of the tree.
 */
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "ipc/frame.h"
#include "record/journal.h"

enum { ROUNDS = 60, GROUPS = 40, GROUP = 200, CONVERSATIONS = 400 };

static const char stanza[] = "<message xmlns='jabber:client' type='chat' to='bob@example.org' "
			     "from='alice@example.org/x' id='abcdef'><body>hello there, this is the text "
			     "of a chat message of usual length</body></message>";

static void put(struct buf *b, enum event_key key, const char *text)
{
	field_put(b, key, str_from(text));
}

/* The fields of a message as the gate sends them. */
static struct buf entry(unsigned i)
{
	struct buf b = BUF_INIT(0);
	char text[32];

	put(&b, KEY_ID, "xC1EPcrGobyjm2ImHKArQA");
	snprintf(text, sizeof(text), "c%u", i % CONVERSATIONS);
	put(&b, KEY_CONV, text);
	put(&b, KEY_FROM, "a@example.org/x");
	put(&b, KEY_FROM_ID, "p1");
	put(&b, KEY_TO, "b@example.org");
	put(&b, KEY_TO_ID, "p2");
	put(&b, KEY_KIND, "message");
	put(&b, KEY_STANZA, stanza);
	put(&b, KEY_ACTION, "allow");
	put(&b, KEY_POLICY, "v1");
	put(&b, KEY_RETENTION, "default");
	put(&b, KEY_SM, "stream-97");
	field_put_u64(&b, KEY_SM_H, i);
	put(&b, KEY_ADDRESS, "10.0.0.1:5555");
	put(&b, KEY_SESSION, "ssssssssssssssss");
	return b;
}

static struct journal *open_journal(const char *dir)
{
	struct journal_config c = {.copy_fd = -1, .outside_fd = -1, .syslog_fd = -1, .origin = "bench",
		.version = "0", .segment_bytes = 1u << 30, .flush = SPACE_BUFFERED};
	struct journal *j;
	struct err err = {};
	char key[4096];

	c.dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	snprintf(key, sizeof(key), "%s/key", dir);
	if (note_key_create(&c.key, key, &err) || journal_open(&j, &c, &err)) {
		fprintf(stderr, "%s\n", err.text);
		exit(1);
	}
	return j;
}

/* Nanoseconds an entry, without the flushes. */
static double round_of(struct journal *j, const struct buf *entries, double *out_flush)
{
	uint64_t append = 0, flush = 0, seq;

	for (unsigned g = 0; g < GROUPS; g++) {
		uint64_t begin = clock_mono_us(), middle;

		for (unsigned i = 0; i < GROUP; i++) {
			if (journal_append(j, EVENT_CONTENT, STR("729af034.0.12345"),
				    buf_view(&entries[(g * GROUP + i) % CONVERSATIONS]), &seq))
				exit(1);
		}
		middle = clock_mono_us();
		if (journal_flush(j))
			exit(1);
		append += middle - begin;
		flush += clock_mono_us() - middle;
	}
	*out_flush = (double)flush * 1e3 / (GROUPS * GROUP);
	return (double)append * 1e3 / (GROUPS * GROUP);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path);
}

int main(int argc, char **argv)
{
	char dir[4096];
	struct buf entries[CONVERSATIONS];
	double best = 1e9, best_flush = 1e9;
	struct journal *j;

	snprintf(dir, sizeof(dir), "%s/record-entry-XXXXXX", argc > 1 ? argv[1] : "/dev/shm");
	if (!mkdtemp(dir))
		return 1;
	for (unsigned i = 0; i < CONVERSATIONS; i++)
		entries[i] = entry(i);
	j = open_journal(dir);
	for (unsigned i = 0; i < ROUNDS; i++) {
		double flush, append = round_of(j, entries, &flush);

		best = append < best ? append : best;
		best_flush = flush < best_flush ? flush : best_flush;
	}
	journal_close(j);
	printf("an entry: line and leaf %.0f ns, flush of %u %.0f ns an entry\n", best, GROUP, best_flush);
	return nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS) ? 1 : 0;
}
