#include "proc/reader.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/text.h"
#include "conf/settings.h"
#include "proc/confine.h"

static const char usage[] = "usage: reader --dir DIR tail|show|verify|copy|lines [--name=value ...]\n";

/* As the command says it: text for people on standard error, or the object that --json promises. What was
 * shown in spite of `text` stays the answer. */
static int fail(const struct reader *r, int code, const char *text)
{
	static const char *const names[] = {"ok", "no", "usage", "unreachable", "internal"};
	struct buf quoted = BUF_INIT(0);

	if (!r->json || code <= READER_NO) {
		fprintf(stderr, "gatehouse: %s\n", text);
		return code;
	}
	json_escape(&quoted, str_from(text));
	printf("{\"error\":{\"code\":\"%s\",\"text\":\"%s\",\"remedy\":\"\"}}\n", names[code],
		buf_cstr(&quoted));
	buf_done(&quoted);
	return fflush(stdout) ? READER_INTERNAL : code;
}

/* ---- options ---- */

struct option {
	const char *name;
	struct str *text;
	uint64_t *number;
	bool *flag;
};

static int take_number(struct str value, uint64_t *out)
{
	unsigned long long n;

	if (!str_to_u64(value, UINT64_MAX, &n))
		return -EINVAL;
	*out = n;
	return 0;
}

static int take_option(const struct option *options, size_t n, const char *word)
{
	struct str all = str_from(word), name, value;
	size_t eq = str_find(all, '=', 0);

	name = str_cut(all, 0, eq);
	value = str_cut(all, eq + 1, all.len);
	for (size_t i = 0; i < n; i++) {
		const struct option *o = &options[i];

		if (!str_eq(name, str_from(o->name)))
			continue;
		if (o->flag)
			*o->flag = true;
		if (o->text)
			*o->text = value;
		return o->number ? take_number(value, o->number) : 0;
	}
	return -EINVAL;
}

/* A whole second ends in Z, the times in the record go on with a fraction: without it they compare. */
static struct str without_zone(struct str time)
{
	return str_ends(time, STR("Z")) ? str_cut(time, 0, time.len - 1) : time;
}

static int read_options(struct reader *r, int argc, char **argv)
{
	struct reader_filter *f = &r->filter;
	char text[128];
	const struct option options[] = {
		{"--json", NULL, NULL, &r->json},
		{"--follow", NULL, NULL, &r->follow},
		{"--lines", NULL, &r->limit, NULL},
		{"--limit", NULL, &r->limit, NULL},
		{"--with", &f->with, NULL, NULL},
		{"--from", &f->from, NULL, NULL},
		{"--to", &f->to, NULL, NULL},
		{"--type", &f->type, NULL, NULL},
		{"--action", &f->action, NULL, NULL},
		{"--conversation", &f->conversation, NULL, NULL},
		{"--rule", &f->rule, NULL, NULL},
		{"--word", &f->word, NULL, NULL},
		{"--seq", NULL, &f->seq, &f->has_seq},
		{"--checkpoint-text", &r->checkpoint, NULL, &r->has_checkpoint},
		{"--extent-serial", NULL, &r->extent.serial, NULL},
		{"--extent-bytes", NULL, &r->extent.bytes, NULL},
		{"--extent-size", NULL, &r->extent.size, NULL},
		{"--have-first", NULL, &r->have_first, NULL},
		{"--have-last", NULL, &r->have_last, NULL},
	};

	for (int i = 4; i < argc; i++)
		if (take_option(options, sizeof(options) / sizeof(options[0]), argv[i])) {
			snprintf(text, sizeof(text), "'%.60s' is not an option or has a wrong value",
				LOG_STR(str_from(argv[i])));
			return fail(r, READER_USAGE, text);
		}
	f->from = without_zone(f->from);
	f->to = without_zone(f->to);
	return 0;
}

/* ---- what needs rights ---- */

static int open_verifier(const struct settings *s)
{
	struct str key = s->record_key, end = STR(".key");
	struct buf path = BUF_INIT(4096);
	int fd;

	buf_str(&path, str_ends(key, end) ? str_cut(key, 0, key.len - end.len) : key);
	buf_lit(&path, ".pub");
	fd = open(buf_cstr(&path), O_RDONLY | O_CLOEXEC);
	buf_done(&path);
	return fd;
}

static int open_all(struct reader *r, const char *dir, struct err *err)
{
	struct settings *s;
	int code = settings_load(&s, dir, err);
	struct confine_path paths[1];
	struct confine_rules rules = {.paths = paths, .paths_len = 1};

	if (code)
		return code;
	r->dir_fd = open(s->record_dir.data, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (r->dir_fd < 0)
		code = err_errno(err, "record '%s'", s->record_dir.data);
	r->verifier_fd = open_verifier(s);
	paths[0] = (struct confine_path){s->record_dir.data, CONFINE_READ};
	if (code == 0)
		code = confine(&rules, NULL, err);
	settings_free(s);
	return code;
}

struct verb {
	const char *name;
	uint64_t limit; /* lines that are shown unless an option says otherwise */
	int (*run)(struct reader *r, struct err *err);
};

static const struct verb *find_verb(const char *name)
{
	static const struct verb verbs[] = {{"tail", 10, reader_show}, {"show", 100, reader_show},
		{"verify", 0, reader_verify}, {"copy", 0, reader_copy}, {"lines", 0, reader_lines}};

	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (strcmp(verbs[i].name, name) == 0)
			return &verbs[i];
	return NULL;
}

int main(int argc, char **argv)
{
	struct reader r = {.dir_fd = -1, .verifier_fd = -1};
	struct err err = {};
	const struct verb *verb;
	int code;

	log_init("reader", LOG_INFO);
	if (argc < 4 || strcmp(argv[1], "--dir") != 0) {
		fputs(usage, stderr);
		return READER_USAGE;
	}
	verb = find_verb(argv[3]);
	if (!verb) {
		fputs(usage, stderr);
		return READER_USAGE;
	}
	r.limit = verb->limit;
	if (read_options(&r, argc, argv))
		return READER_USAGE;
	code = open_all(&r, argv[2], &err);
	if (code)
		return fail(
			&r, code == -EACCES || code == -EPERM ? READER_RIGHTS : READER_INTERNAL, err.text);
	code = verb->run(&r, &err);
	if (fflush(stdout) && code == READER_OK)
		code = READER_INTERNAL;
	return err.text[0] ? fail(&r, code, err.text) : code;
}
