/* user import: the file is read and judged whole, then people go in by batches: verifiers are derived by as
 * many threads as there are processors, and the batch is handed to the server or the store. */
#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/language.h"
#include "base/log.h"
#include "base/map.h"
#include "cli/amount.h"
#include "cli/commands.h"
#include "cli/csv.h"
#include "cli/people.h"
#include "cli/progress.h"
#include "ipc/control.h"
#include "jid/jid.h"

enum {
	FILE_MAX = 64 << 20,
	THREADS_MAX = 64,
	BATCH = 256, /* people handed over at a time */
	UNSPOKEN_MAX = 100, /* bytes of languages that are named in a warning */
};

enum column {
	COLUMN_JID,
	COLUMN_PASSWORD,
	COLUMN_NAME,
	COLUMN_GROUPS,
	COLUMN_MAIL,
	COLUMN_LANGUAGE,
	COLUMN_DEPARTMENT,
	COLUMNS,
};

static const char *const column_names[COLUMNS] = {
	"jid", "password", "name", "groups", "mail", "language", "department"};

struct newcomer {
	unsigned line;
	struct str jid; /* canonical */
	struct str fields[COLUMNS];
	struct store_verifier verifiers[STORE_VERIFIER_KINDS];
	int result; /* of deriving */
};

struct import {
	struct cli *cli;
	struct people people;
	struct arena *arena;
	char *data; /* the file; holds passwords, wiped */
	size_t data_len;
	int columns[CSV_FIELDS]; /* enum column of each field; -1: none of ours */
	size_t columns_len;
	struct newcomer *all;
	size_t len, cap;
	struct map seen; /* canonical addresses of this file */
	json_t *bad;     /* [{"line","jid","text"},..] */
	json_t *confusable; /* [{"line","jid","like"},..] */
	struct buf unspoken; /* languages in which the server says nothing, "nl, pt-BR" */
	size_t added;
};

/* ---- reading ---- */

static void bad_line(struct import *im, unsigned line, struct str jid, const char *text)
{
	json_array_append_new(im->bad, json_pack("{s:i, s:s%, s:s}", "line", (int)line, "jid",
					       jid.data ? jid.data : "", jid.len, "text", text));
	if (!im->cli->json)
		fprintf(stderr, "line %u: %s%s%s\n", line, jid.len ? LOG_STR(jid) : "", jid.len ? ": " : "",
			text);
}

static int read_file(struct import *im, const char *path)
{
	AUTO(auto_close) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	struct stat st;
	ssize_t n = 0;

	if (fd < 0 || fstat(fd, &st))
		return cli_fail(im->cli, CLI_USAGE, "name a CSV file that you may read", "%s: %s", path,
			strerror(errno));
	if (!S_ISREG(st.st_mode) || st.st_size > FILE_MAX)
		return cli_fail(im->cli, CLI_USAGE, "split it", "%s is no file of at most %d MiB", path,
			FILE_MAX >> 20);
	im->data = malloc((size_t)st.st_size + 1);
	if (!im->data)
		return cli_fail(im->cli, CLI_INTERNAL, NULL, "out of memory");
	while (im->data_len < (size_t)st.st_size &&
		(n = read(fd, im->data + im->data_len, (size_t)st.st_size - im->data_len)) > 0)
		im->data_len += (size_t)n;
	return n < 0 ? cli_fail(im->cli, CLI_USAGE, NULL, "%s: %s", path, strerror(errno)) : 0;
}

static int column_of(struct str name)
{
	for (int i = 0; i < COLUMNS; i++)
		if (str_eq_nocase(str_trim(name), str_from(column_names[i])))
			return i;
	return -1;
}

static int read_head(struct import *im, struct csv *csv)
{
	static const char remedy[] =
		"the first line names the columns: jid,password,name,groups,mail,language,department";
	bool have[COLUMNS] = {};
	struct csv_row row;

	if (!csv_next(csv, &row) || row.problem)
		return cli_fail(im->cli, CLI_USAGE, remedy, "the file has no readable first line");
	im->columns_len = row.len;
	for (size_t i = 0; i < row.len; i++) {
		int c = im->columns[i] = column_of(row.fields[i]);

		if (c < 0)
			return cli_fail(im->cli, CLI_USAGE, remedy, "line 1: unknown column '%s'",
				LOG_STR(row.fields[i]));
		if (have[c])
			return cli_fail(im->cli, CLI_USAGE, remedy, "line 1: the column %s is there twice",
				column_names[c]);
		have[c] = true;
	}
	if (!have[COLUMN_JID] || !have[COLUMN_PASSWORD])
		return cli_fail(
			im->cli, CLI_USAGE, remedy, "line 1: the columns jid and password are needed");
	return 0;
}

/* What is wrong with this person, or NULL. */
static const char *judge(struct import *im, struct newcomer *n)
{
	struct jid jid;
	int r;

	if (jid_parse(&jid, str_trim(n->fields[COLUMN_JID]), im->arena) || jid_is_domain(&jid) ||
		!jid_is_bare(&jid))
		return "this is no address; write it as name@domain";
	if (!people_domain_is_ours(&im->people, jid.domain))
		return "this server does not answer for that domain";
	n->jid = jid.bare;
	if (map_get(&im->seen, n->jid))
		return "this address stands in the file twice";
	r = verifier_policy(n->fields[COLUMN_PASSWORD], n->jid, people_password_min(&im->people));
	if (r)
		return verifier_text(r);
	for (int c = COLUMN_NAME; c < COLUMNS; c++) {
		const char *fault = people_fault(column_names[c], n->fields[c]);

		if (fault)
			return fault;
	}
	return NULL;
}

static void note_language(struct import *im, struct str tag)
{
	struct str all = buf_view(&im->unspoken);

	if (!tag.len || language_is_spoken(tag) || all.len > UNSPOKEN_MAX)
		return;
	for (size_t from = 0, to; from < all.len; from = to + 2) {
		to = str_find(all, ',', from);
		if (str_eq(str_cut(all, from, to), tag))
			return;
	}
	if (all.len)
		buf_lit(&im->unspoken, ", ");
	buf_str(&im->unspoken, tag);
}

static struct newcomer *newcomer_new(struct import *im)
{
	if (im->len == im->cap) {
		size_t cap = im->cap ? im->cap * 2 : 1024;
		struct newcomer *all = realloc(im->all, cap * sizeof(*all));

		if (!all)
			abort();
		im->all = all;
		im->cap = cap;
	}
	im->all[im->len] = (struct newcomer){};
	return &im->all[im->len];
}

static void take_row(struct import *im, const struct csv_row *row, unsigned line)
{
	struct newcomer *n = newcomer_new(im);
	const char *problem = row->problem;

	n->line = line;
	for (size_t i = 0; i < row->len && i < im->columns_len; i++)
		n->fields[im->columns[i]] = row->fields[i];
	if (!problem && row->len != im->columns_len)
		problem = "it has not as many fields as the first line";
	if (!problem)
		problem = judge(im, n);
	if (!problem && map_put(&im->seen, n->jid, im))
		problem = "memory is out";
	if (problem)
		bad_line(im, line, str_cut(n->fields[COLUMN_JID], 0, 200), problem);
	else
		note_language(im, im->all[im->len++].fields[COLUMN_LANGUAGE]);
}

static int read_people(struct import *im)
{
	struct csv csv;
	struct csv_row row;
	int r;

	csv_init(&csv, im->data, im->data_len);
	r = read_head(im, &csv);
	while (!r && csv_next(&csv, &row))
		take_row(im, &row, csv.line);
	return r;
}

/* ---- deriving ---- */

struct derive {
	struct newcomer *people;
	size_t len;
	uint32_t iterations;
	_Atomic size_t next;
};

static void *derive_thread(void *owner)
{
	struct derive *d = owner;
	size_t i;

	while ((i = atomic_fetch_add(&d->next, 1)) < d->len)
		d->people[i].result = verifier_make(d->people[i].verifiers,
			d->people[i].fields[COLUMN_PASSWORD], d->iterations, VERIFIER_DEFAULT);
	return NULL;
}

static unsigned processors(void)
{
	cpu_set_t set;
	unsigned n = 1;

	if (sched_getaffinity(0, sizeof(set), &set) == 0)
		n = (unsigned)CPU_COUNT(&set);
	return n < 1 ? 1 : n > THREADS_MAX ? THREADS_MAX : n;
}

static void derive_all(struct newcomer *people, size_t len, uint32_t iterations)
{
	struct derive d = {.people = people, .len = len, .iterations = iterations};
	pthread_t threads[THREADS_MAX];
	unsigned n = processors(), started = 0;

	while (started + 1 < n && pthread_create(&threads[started], NULL, derive_thread, &d) == 0)
		started++;
	derive_thread(&d);
	while (started)
		pthread_join(threads[--started], NULL);
}

/* ---- handing over ---- */

static json_t *groups_json(struct str groups)
{
	json_t *list = json_array();
	size_t from = 0, to;

	while (from < groups.len) {
		struct str one;

		to = str_find(groups, ';', from);
		one = str_trim(str_cut(groups, from, to));
		if (one.len)
			json_array_append_new(list, json_stringn(one.data, one.len));
		from = to + 1;
	}
	return list;
}

static json_t *newcomer_json(const struct newcomer *n)
{
	json_t *user = json_pack("{s:s%, s:o, s:o}", "jid", n->jid.data, n->jid.len, "verifiers",
		people_verifiers_json(n->verifiers), "groups", groups_json(n->fields[COLUMN_GROUPS]));

	for (int c = COLUMN_NAME; c < COLUMNS; c++)
		if (c != COLUMN_GROUPS && n->fields[c].len)
			json_object_set_new(
				user, column_names[c], json_stringn(n->fields[c].data, n->fields[c].len));
	return user;
}

/* Added: a warning, and no failure. */
static void note_confusable(struct import *im, const struct newcomer *one, const char *like)
{
	json_array_append_new(im->confusable, json_pack("{s:i, s:s%, s:s}", "line", (int)one->line, "jid", one->jid.data,
						      one->jid.len, "like", like));
	if (!im->cli->json)
		fprintf(stderr, "line %u: %s was added, but looks like %s\n", one->line, LOG_STR(one->jid),
			LOG_STR(str_from(like)));
}

static void take_failures(
	struct import *im, const struct newcomer *const *sent, size_t n, const json_t *answer)
{
	const json_t *failure;
	size_t i;

	im->added += (size_t)json_integer_value(json_object_get(answer, "added"));
	json_array_foreach(json_object_get(answer, "failed"), i, failure)
	{
		size_t index = (size_t)json_integer_value(json_object_get(failure, "index"));
		const char *text = json_string_value(json_object_get(failure, "text"));

		if (index < n)
			bad_line(im, sent[index]->line, sent[index]->jid, text ? text : "refused");
	}
	json_array_foreach(json_object_get(answer, "confusable"), i, failure)
	{
		size_t index = (size_t)json_integer_value(json_object_get(failure, "index"));
		const char *like = json_string_value(json_object_get(failure, "like"));

		if (index < n && like)
			note_confusable(im, sent[index], like);
	}
}

static int hand_over(struct import *im, struct newcomer *people, size_t len)
{
	const struct newcomer *sent[BATCH];
	json_t *users = json_array(), *answer = NULL;
	size_t n = 0;
	int r;

	for (size_t i = 0; i < len; i++) {
		if (people[i].result) {
			bad_line(im, people[i].line, people[i].jid,
				people[i].result > 0 ? verifier_text(people[i].result)
						     : "deriving verifiers failed");
			continue;
		}
		json_array_append_new(users, newcomer_json(&people[i]));
		sent[n++] = &people[i];
		verifier_wipe(people[i].verifiers, STORE_VERIFIER_KINDS);
	}
	r = people_call(&im->people, "user.import", json_pack("{s:o}", "users", users), &answer);
	if (!r)
		take_failures(im, sent, n, answer);
	json_decref(answer);
	return r;
}

static int add_people(struct import *im)
{
	struct progress progress;
	int r = 0;

	progress_begin(&progress, "people", im->len, im->cli->json);
	for (size_t at = 0; at < im->len && !r; at += BATCH) {
		size_t n = im->len - at < BATCH ? im->len - at : BATCH;

		derive_all(im->all + at, n, im->people.settings->sasl_iterations);
		r = hand_over(im, im->all + at, n);
		progress_at(&progress, at + n);
	}
	progress_end(&progress);
	if (r && im->added && !im->cli->json)
		fprintf(stderr,
			"%s added before; run the same command again, it then says that the address is taken\n",
			AMOUNT(im->added, "person was", "people were"));
	return r;
}

/* ---- the command ---- */

static int report(struct import *im, bool dry)
{
	size_t bad = json_array_size(im->bad);
	int code = bad ? CLI_NO : CLI_OK;

	if (im->cli->json)
		return cli_print_json(json_pack("{s:b, s:I, s:O, s:O}", "ok", !bad, dry ? "good" : "added",
					      (json_int_t)(dry ? im->len : im->added), "failed", im->bad, "confusable",
					      im->confusable),
			code);
	if (dry)
		cli_say(im->cli, "%s could be added, %s not\n", AMOUNT(im->len, "person", "people"), AMOUNT(bad, "line", "lines"));
	else
		cli_say(im->cli, "%s added, %s not taken\n", AMOUNT(im->added, "person", "people"), AMOUNT(bad, "line", "lines"));
	if (!dry && im->added)
		cli_say(im->cli, "delete %s: it holds passwords\n", im->cli->args[0]);
	return code;
}

int cmd_user_import(struct cli *cli)
{
	struct import im = {.cli = cli, .arena = arena_new(0), .bad = json_array(), .confusable = json_array()};
	bool dry = cli_has(cli, "--dry-run");
	int r;

	map_init(&im.seen);
	/* the file first: root reads it as root, and goes on as the owner of the store */
	r = im.arena && im.bad && im.confusable ? read_file(&im, cli->args[0]) : CLI_INTERNAL;
	if (!r)
		r = people_open(&im.people, cli, true);
	if (!r)
		r = people_need_settings(&im.people);
	if (!r)
		r = read_people(&im);
	if (!r && !dry)
		r = add_people(&im);
	if (!r)
		r = report(&im, dry);
	if (im.unspoken.len)
		people_warn_language(buf_view(&im.unspoken));
	buf_done(&im.unspoken);
	if (im.data)
		OPENSSL_cleanse(im.data, im.data_len);
	free(im.data);
	free(im.all);
	map_done(&im.seen);
	json_decref(im.bad);
	json_decref(im.confusable);
	arena_free(im.arena);
	people_close(&im.people);
	return r;
}
