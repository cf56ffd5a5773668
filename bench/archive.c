/* What people's history costs the store (src/store): CPU of an archived message, and the time of a page.
 *
 *     archive fill FILE ROWS [BATCH]      adds rows to a store, BATCH (1000) in a transaction; CPU of the writing thread
 *     archive read FILE QUERIES [cold]    asks for pages of 50 and prints p50, p95, p99 of each kind of question;
 *                                         cold: the file is dropped from the page cache before each
 *
 * The mix: 20,000 people, of whom the n-th writes like (n + 10)^-0.8; each has 20 contacts, some dearer than others; 300
 * conversations are under way at a time, each of eight messages or so. Ten million rows are about 6 GB. */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "store/store.h"

enum {
	PEOPLE = 20000,
	CONTACTS = 20,
	TALKS = 300,
	TALK_END = 8, /* one message in so many is the last of its conversation */
	PAGE = 50,
	STEP_US = 3000000, /* between two messages: ten million are a year */
};

static const uint64_t epoch_us = UINT64_C(1750000000000000);

static void fail(const char *what)
{
	fprintf(stderr, "archive: %s\n", what);
	exit(1);
}

/* ---- chance, the same in every run ---- */

static uint64_t state = 88172645463325252;

static uint64_t roll(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return state * UINT64_C(2685821657736338717);
}

static double roll_unit(void)
{
	return (double)(roll() >> 11) / (double)(1ull << 53);
}

/* Rank n of PEOPLE, drawn like (n + 10)^-0.8: the first has one message in 180. */
static unsigned rank_of(double u)
{
	double low = pow(10, 0.2), high = pow(PEOPLE + 10, 0.2);

	return (unsigned)(pow(low + u * (high - low), 5) - 10) % PEOPLE;
}

static unsigned roll_person(void)
{
	return rank_of(roll_unit());
}

static unsigned contact_of(unsigned person, unsigned k)
{
	uint64_t h = (person + 1) * UINT64_C(0x9e3779b97f4a7c15) + k * UINT64_C(0xbf58476d1ce4e5b9);

	h = (h ^ h >> 29) * UINT64_C(0x94d049bb133111eb);
	h ^= h >> 32;
	return k % 2 ? (unsigned)(h % PEOPLE) : rank_of((double)(h & 0xFFFFFF) / (double)(1 << 24));
}

static unsigned roll_contact(unsigned person)
{
	double u = roll_unit();

	return contact_of(person, (unsigned)(u * u * CONTACTS));
}

static struct str name_of(unsigned person, const char *resource, char out[64])
{
	/* spread: neighbours in rank are no neighbours in the alphabet */
	int len = snprintf(out, 64, "u%05u@example.org%s", (person * 7919u) % PEOPLE, resource);

	return str_of(out, (size_t)len);
}

/* ---- the store ---- */

static struct store *open_store(const char *path)
{
	struct store *s;
	struct err err = {};

	if (store_open(&s, &(struct store_options){.path = path, .create = true}, &err))
		fail(err.text);
	return s;
}

static double cpu_us(int who)
{
	struct rusage u;

	getrusage(who, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1e6 + (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
}

/* Of all threads but this one. */
static double cpu_of_store(void)
{
	return cpu_us(RUSAGE_SELF) - cpu_us(RUSAGE_THREAD);
}

/* The highest number so far, from the end of the archive of the most talkative. */
static uint64_t last_seq(struct store *s)
{
	uint64_t seq = 0;

	for (unsigned person = 0; person < 50; person++) {
		char owner[64];
		struct store_archive_query q = {.owner = name_of(person, "", owner), .max = 1, .newest = true};
		struct store_req req;

		store_req_init(&req, NULL, NULL);
		if (store_archive_load(s, &req, &q) || store_wait(&req))
			fail("cannot read");
		if (req.page->len && req.page->rows[0].seq > seq)
			seq = req.page->rows[0].seq;
		store_req_release(&req);
	}
	return seq ? seq + 1000 : 0; /* behind all others, too */
}

/* ---- fill ---- */

struct talk {
	unsigned a, b;
};

static void talk_begin(struct talk *t)
{
	t->a = roll_person();
	do
		t->b = roll_contact(t->a);
	while (t->b == t->a && (t->a = roll_person(), true));
}

static void put_text(struct buf *b, size_t len)
{
	static const char words[] = "the report of the third quarter is with me since this morning and I will look at it when "
				    "the others have sent what they promised, could you please tell them again; thank you, "
				    "see you at the meeting upstairs, there is coffee; and the numbers are as we expected, ";
	size_t at = roll() % (sizeof(words) - 1);

	for (size_t i = 0; i < len; i++)
		buf_put(b, &words[(at + i) % (sizeof(words) - 1)], 1);
}

static void put_id(char out[24])
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

	for (unsigned i = 0; i < 22; i++)
		out[i] = alphabet[roll() >> 58];
	out[22] = '\0';
}

static void add_row(struct store_req *req, struct talk *t, uint64_t seq, struct buf *xml)
{
	bool turned = roll() >> 63;
	char id[24], own[24], from[64], to[64];
	struct store_archived row = {.seq = seq, .time_us = epoch_us + seq * STEP_US};

	put_id(id);
	put_id(own);
	row.id = str_of(id, 22);
	row.from = name_of(turned ? t->b : t->a, "/desk.8f2a", from);
	row.to = name_of(turned ? t->a : t->b, "", to);
	row.views = STORE_VIEW_SENDER | STORE_VIEW_RECIPIENT;
	buf_clear(xml);
	buf_printf(xml, "<message type='chat' id='%s' from='%.*s' to='%.*s'><body>", own, STR_FMT(row.from),
		STR_FMT(row.to));
	put_text(xml, 20 + roll() % 281);
	buf_printf(xml, "</body><request xmlns='urn:xmpp:receipts'/><origin-id xmlns='urn:xmpp:sid:0' id='%s'/></message>",
		own);
	row.xml = buf_view(xml);
	if (store_archive_add(req, &row))
		fail("out of memory");
}

static void put_batch(struct store *s, struct talk *talks, uint64_t first, size_t len, struct buf *xml)
{
	struct store_req req;

	store_req_init(&req, NULL, NULL);
	if (store_archive_begin(&req))
		fail("out of memory");
	for (size_t i = 0; i < len; i++) {
		struct talk *t = &talks[roll() % TALKS];

		add_row(&req, t, first + i, xml);
		if (roll() % TALK_END == 0)
			talk_begin(t);
	}
	if (store_archive_put(s, &req) || store_wait(&req))
		fail("cannot write");
	store_req_release(&req);
}

static void fill(const char *path, uint64_t rows, size_t batch)
{
	static struct talk talks[TALKS];
	struct store *s = open_store(path);
	struct buf xml = BUF_INIT(0);
	uint64_t seq = last_seq(s), part = rows / 10 ? rows / 10 : 1;
	double before, begin;

	state ^= (seq + 1) * UINT64_C(0x9e3779b97f4a7c15);
	for (size_t i = 0; i < TALKS; i++)
		talk_begin(&talks[i]);
	before = begin = cpu_of_store();
	for (uint64_t done = 0, told = 0; done < rows; done += batch) {
		put_batch(s, talks, seq + done + 1, batch, &xml);
		if (done + batch - told < part)
			continue;
		printf("%11llu rows  %6.2f us CPU a row\n", (unsigned long long)(done + batch),
			(cpu_of_store() - before) / (double)(done + batch - told));
		fflush(stdout);
		before = cpu_of_store();
		told = done + batch;
	}
	store_close(s);
	printf("all, with closing  %6.2f us CPU a row\n", (cpu_of_store() - begin) / (double)rows);
	buf_done(&xml);
}

/* ---- read ---- */

enum kind { LAST, LAST_WITH, BEFORE, BEFORE_WITH, AFTER, SINCE, BETWEEN, ANY_ID, NEXT_ID_OLD, COUNT, KINDS };

static const char *const kinds[KINDS] = {
	[LAST] = "last page",
	[LAST_WITH] = "last page, with a contact",
	[BEFORE] = "before an id",
	[BEFORE_WITH] = "before an id, with a contact",
	[AFTER] = "after an id",
	[SINCE] = "start",
	[BETWEEN] = "start and end, with a contact",
	[ANY_ID] = "an id that is not there",
	[NEXT_ID_OLD] = "after the oldest id",
	[COUNT] = "how many",
};

struct reader {
	struct store *store;
	const char *path;
	uint64_t end_us;
	bool cold;
	double *us;
};

static void go_cold(const struct reader *r)
{
	char wal[4096];

	snprintf(wal, sizeof(wal), "%s-wal", r->path);
	for (const char *path = r->path; path; path = path == r->path ? wal : NULL) {
		int fd = open(path, O_RDONLY | O_CLOEXEC);

		if (fd < 0)
			continue;
		posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
		close(fd);
	}
}

static uint64_t roll_time(const struct reader *r)
{
	return epoch_us + (uint64_t)(roll_unit() * (double)(r->end_us - epoch_us));
}

/* An id of this archive, from some time or from its beginning. */
static bool id_of(const struct reader *r, struct str owner, uint64_t start_us, char out[24])
{
	struct store_archive_query q = {.owner = owner, .max = 1, .start_us = start_us};
	struct store_req req;
	bool there;

	store_req_init(&req, NULL, NULL);
	if (store_archive_load(r->store, &req, &q) || store_wait(&req))
		fail("cannot read");
	there = req.page->len > 0;
	if (there)
		snprintf(out, 24, "%.*s", STR_FMT(req.page->rows[0].id));
	store_req_release(&req);
	return there;
}

/* Microseconds; below 0: there was nothing to ask for. */
static double ask(const struct reader *r, enum kind kind)
{
	unsigned person = roll_person();
	char owner[64], with[64], id[24] = "";
	struct store_archive_query q = {.owner = name_of(person, "", owner), .max = PAGE};
	struct store_req req;
	uint64_t begin;
	int result;

	if (kind == LAST_WITH || kind == BEFORE_WITH || kind == BETWEEN)
		q.with = name_of(roll_contact(person), "", with);
	if ((kind == BEFORE || kind == BEFORE_WITH || kind == AFTER || kind == NEXT_ID_OLD) &&
		!id_of(r, q.owner, kind == NEXT_ID_OLD ? 0 : roll_time(r), id))
		return -1;
	if (kind == ANY_ID)
		put_id(id);
	if (kind == BEFORE || kind == BEFORE_WITH)
		q.before_page = str_from(id);
	else
		q.after_page = str_from(id);
	q.newest = kind == LAST || kind == LAST_WITH || kind == BEFORE || kind == BEFORE_WITH;
	q.count = kind == COUNT;
	if (kind == SINCE || kind == BETWEEN)
		q.start_us = roll_time(r);
	if (kind == BETWEEN)
		q.end_us = q.start_us + UINT64_C(30) * 86400 * 1000000;
	if (r->cold)
		go_cold(r);
	store_req_init(&req, NULL, NULL);
	begin = clock_mono_us();
	if (store_archive_load(r->store, &req, &q))
		fail("cannot ask");
	result = store_wait(&req);
	begin = clock_mono_us() - begin;
	if (result && !(result == STORE_E_NONE && kind == ANY_ID))
		fail("a question failed");
	store_req_release(&req);
	return (double)begin;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static void read_kind(const struct reader *r, enum kind kind, size_t queries)
{
	size_t len = 0;

	for (size_t i = 0; i < queries; i++) {
		double us = ask(r, kind);

		if (us >= 0)
			r->us[len++] = us;
	}
	qsort(r->us, len, sizeof(*r->us), compare);
	if (len)
		printf("%-32s p50 %8.2f  p95 %8.2f  p99 %8.2f  max %8.2f ms\n", kinds[kind], r->us[len / 2] / 1e3,
			r->us[len * 95 / 100] / 1e3, r->us[len * 99 / 100] / 1e3, r->us[len - 1] / 1e3);
	fflush(stdout);
}

static void read_pages(const char *path, size_t queries, bool cold)
{
	uint64_t begin = clock_mono_us();
	struct reader r = {.store = open_store(path), .path = path, .cold = cold};

	printf("opening took %.2f s\n", (double)(clock_mono_us() - begin) / 1e6);
	r.end_us = epoch_us + last_seq(r.store) * STEP_US;
	r.us = calloc(queries, sizeof(*r.us));
	for (enum kind kind = 0; r.us && kind < KINDS; kind++)
		read_kind(&r, kind, queries);
	free(r.us);
	store_close(r.store);
}

int main(int argc, char **argv)
{
	if (argc >= 4 && strcmp(argv[1], "fill") == 0)
		fill(argv[2], strtoull(argv[3], NULL, 10), argc > 4 ? strtoull(argv[4], NULL, 10) : 1000);
	else if (argc >= 4 && strcmp(argv[1], "read") == 0)
		read_pages(argv[2], strtoull(argv[3], NULL, 10), argc > 4 && strcmp(argv[4], "cold") == 0);
	else
		fail("fill FILE ROWS [BATCH] | read FILE QUERIES [cold]");
	return 0;
}
