/* The recorder: the only writer of the record and the holder of its key. Options, what needs rights,
 * confinement, the record, the loop. The supervisor has made it the user it is to be. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/rand.h"
#include "base/text.h"
#include "conf/settings.h"
#include "ipc/control.h"
#include "ipc/frame.h"
#include "ipc/supervise.h"
#include "proc/confine.h"
#include "record/publish.h"
#include "record/segment.h"
#include "record/server.h"

#ifndef GATEHOUSE_VERSION
#define GATEHOUSE_VERSION "unversioned"
#endif

enum {
	EXIT_USAGE = 2,
	EXIT_RIGHTS = 3,
	EXIT_INTERNAL = 4,
	EXIT_RECORD =
		70, /* the record cannot be trusted to be written: start again and look at what is there */
	STOPPED = 1,
};

struct recorder {
	struct settings *settings;
	struct journal_config journal_config;
	char origin[NOTE_ORIGIN_MAX + 1];
	int verifier_fd; /* keys/record.pub; -1: it cannot be written */
	struct confine_state confinement;
	struct journal *journal;
	struct server *server;
	struct supervise supervise;
	int failed; /* of the journal, outside of its server's loop: final */
};

/* ---- options ---- */

static void read_options(struct recorder *r, int argc, char **argv)
{
	struct err err = {};

	if (argc != 3 || strcmp(argv[1], "--dir") != 0) {
		fprintf(stderr, "recorder is started by the supervisor: use 'gatehouse serve --dir DIR'\n");
		exit(EXIT_USAGE);
	}
	if (settings_load(&r->settings, argv[2], &err)) {
		fprintf(stderr, "%s\n", err.text);
		exit(EXIT_USAGE);
	}
	log_init("recorder", (enum log_level)r->settings->log_level);
}

/* ---- what needs rights ---- */

static int open_dir(const char *path, bool make, int *out, struct err *err)
{
	if (make && mkdir(path, 0700) < 0 && errno != EEXIST)
		return err_errno(err, "%s", path);
	*out = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return *out < 0 ? err_errno(err, "%s", path) : 0;
}

/* A key is made only for a record that has no segment yet: an old record with a new key would not verify. */
static int open_key(struct recorder *r, struct err *err)
{
	const char *path = r->settings->record_key.data;
	struct segment_list list = {};
	int code = segment_list(r->journal_config.dir_fd, &list);
	bool is_new = list.len == 0;

	segment_list_done(&list);
	if (code)
		return err_set(err, code, "%s: %s", r->settings->record_dir.data, strerror(-code));
	if (is_new && access(path, F_OK) < 0 && errno == ENOENT)
		return note_key_create(&r->journal_config.key, path, err);
	return note_key_load(&r->journal_config.key, path, err);
}

/* The public half lies beside the key: record.pub for record.key. */
static void open_verifier(struct recorder *r)
{
	struct str key = r->settings->record_key, end = STR(".key");
	struct buf path = BUF_INIT(4096);

	buf_str(&path, str_ends(key, end) ? str_cut(key, 0, key.len - end.len) : key);
	buf_lit(&path, ".pub");
	r->verifier_fd = open(buf_cstr(&path), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
	if (r->verifier_fd >= 0)
		fchmod(r->verifier_fd, 0644); /* whatever the umask: it is there to be read */
	else
		log_warn("%s cannot be written: %s", buf_cstr(&path), strerror(errno));
	buf_done(&path);
}

/* The first domain and a random part: two records never have one name. */
static void make_origin(struct recorder *r)
{
	const struct settings *s = r->settings;
	unsigned char random[4];
	char hex[9] = "";
	struct buf b = {.data = hex, .cap = 8, .max = 8};

	rand_bytes(random, sizeof(random));
	hex_put(&b, random, sizeof(random));
	snprintf(r->origin, sizeof(r->origin), "%.200s/record/%s",
		s->domains.len ? s->domains.items[0].data : "", hex);
	for (char *c = r->origin; *c; c++) /* of an internationalised domain */
		if (!note_origin_is_valid(str_of(c, 1)))
			*c = '-';
}

static int open_all(struct recorder *r, struct err *err)
{
	const struct settings *s = r->settings;
	struct journal_config *c = &r->journal_config;
	int code;

	*c = (struct journal_config){
		.dir_fd = -1,
		.copy_fd = -1,
		.outside_fd = -1,
		.syslog_fd = -1,
		.origin = r->origin,
		.version = GATEHOUSE_VERSION,
		.segment_bytes = s->record_segment_bytes,
		.min_free = s->record_min_free_bytes,
		.outside_path = s->record_checkpoint_file.len ? s->record_checkpoint_file.data : NULL,
		.flush = (enum space_flush)s->record_flush,
	};
	code = open_dir(s->record_dir.data, true, &c->dir_fd, err);
	if (code == 0 && s->record_copy_dir.len)
		code = open_dir(s->record_copy_dir.data, false, &c->copy_fd, err);
	if (code == 0)
		code = open_key(r, err);
	if (code == 0)
		code = publish_open_outside(s->record_checkpoint_file.data, &c->outside_fd, err);
	if (code == 0 && s->record_syslog)
		c->syslog_fd = publish_open_syslog();
	open_verifier(r);
	return code;
}

/* Where the checkpoint file is made anew when it was moved away. Not for a file in /: that would be everywhere. */
static bool outside_folder(struct str path, char *out, size_t size)
{
	char *slash;

	if (path.len == 0 || path.len >= size)
		return false;
	memcpy(out, path.data, path.len);
	out[path.len] = '\0';
	slash = strrchr(out, '/');
	if (!slash || slash == out)
		return false;
	*slash = '\0';
	return true;
}

static int shut_in(struct recorder *r, struct err *err)
{
	const struct settings *s = r->settings;
	struct confine_path paths[3] = {{s->record_dir.data, CONFINE_WRITE}};
	struct confine_rules rules = {.paths = paths, .paths_len = 1};
	char outside[4096];
	int code;

	if (s->record_copy_dir.len)
		paths[rules.paths_len++] = (struct confine_path){s->record_copy_dir.data, CONFINE_WRITE};
	if (outside_folder(s->record_checkpoint_file, outside, sizeof(outside)))
		paths[rules.paths_len++] = (struct confine_path){outside, CONFINE_NEW};
	code = confine(&rules, &r->confinement, err);
	if (code == 0)
		confine_log(&r->confinement);
	return code;
}

static void write_verifier(struct recorder *r)
{
	struct buf text = BUF_INIT(1024);
	char old[1024];
	ssize_t n = r->verifier_fd >= 0 ? pread(r->verifier_fd, old, sizeof(old), 0) : 0;

	journal_put_verifier(r->journal, &text);
	if (r->verifier_fd >= 0 && (n < 0 || !str_eq(str_of(old, (size_t)n), buf_view(&text))))
		if (ftruncate(r->verifier_fd, 0) < 0 || pwrite(r->verifier_fd, text.data, text.len, 0) < 0)
			log_warn("the record's public key could not be written: %s", strerror(errno));
	auto_close(&r->verifier_fd);
	r->verifier_fd = -1;
	buf_done(&text);
}

/* ---- the supervisor's requests ---- */

static json_t *answer_status(struct recorder *r)
{
	struct journal_stats s;
	struct buf root = BUF_INIT(64);
	char confined[CONFINE_TEXT_MAX];
	json_t *answer;

	journal_stats(r->journal, &s);
	base64_put(&root, s.root, sizeof(s.root));
	answer = json_pack("{s:b, s:{s:I, s:I, s:I, s:s, s:s, s:I, s:I, s:s, s:s}}", "ok", 1, "record",
		"size", (json_int_t)s.lines, "entries", (json_int_t)s.lines, "segments",
		(json_int_t)s.segments, "origin", s.origin, "root", buf_cstr(&root), "checkpoint",
		(json_int_t)s.checkpoint_size, "free_bytes", (json_int_t)s.bytes_free, "flush",
		s.direct ? "direct" : "buffered", "state", s.full ? "full" : "ok");
	buf_done(&root);
	confine_text(&r->confinement, confined);
	json_object_set_new(answer, "recorder_confinement", json_string(confined));
	return answer;
}

static void put_words(struct buf *b, const json_t *argv)
{
	const json_t *word;
	size_t i;

	json_array_foreach(argv, i, word)
	{
		if (i)
			buf_putc(b, ' ');
		buf_str(b, str_from(json_string_value(word)));
	}
}

static void put_who(struct buf *fields, const json_t *by, const json_t *args)
{
	const char *name = json_string_value(json_object_get(by, "name"));
	const char *command = json_string_value(json_object_get(args, "command"));

	field_put(fields, KEY_ACTOR, name ? str_from(name) : STR("unknown"));
	field_put_u64(fields, KEY_UID, (uint64_t)(uint32_t)json_integer_value(json_object_get(by, "uid")));
	field_put(fields, KEY_COMMAND, command ? str_from(command) : STR("unknown"));
}

/* Makes the line durable and answers with its number. Frees the fields. */
static json_t *answer_event(struct recorder *r, enum event type, struct buf *fields, const char *refusal)
{
	uint64_t seq = 0;
	int code = buf_failed(fields) ? -ENOMEM : server_events(r->server, type, fields, 1, &seq);

	buf_done(fields);
	if (code == 0)
		return json_pack("{s:b, s:I}", "ok", 1, "seq", (json_int_t)seq);
	return control_error(code > 0 ? "full" : "unavailable", refusal,
		code > 0 ? "make room on the disk of the record, then try again" : "try again");
}

/* How far the record is durable with that line: who copies it reads no further. */
static json_t *with_extent(const struct recorder *r, json_t *answer)
{
	struct journal_extent e = journal_extent(r->journal);

	json_object_set_new(answer, "extent",
		json_pack("{s:I, s:I, s:I}", "serial", (json_int_t)e.serial, "bytes", (json_int_t)e.bytes, "size",
			(json_int_t)e.size));
	return answer;
}

/* The line that says who looks at the record; the supervisor starts the reader when it is durable. Or who was
 * not allowed to: how often since the last such line. */
static json_t *answer_access(struct recorder *r, const json_t *by, const json_t *args)
{
	struct buf fields = BUF_INIT(1 << 20), words = BUF_INIT(1 << 19);
	bool refused = json_is_true(json_object_get(args, "refused"));
	json_int_t count = json_integer_value(json_object_get(args, "count"));

	put_words(&words, json_object_get(args, "argv"));
	put_who(&fields, by, args);
	if (!refused)
		field_put(&fields, KEY_FILTER, buf_view(&words));
	if (refused)
		field_put(&fields, KEY_OK, str_of("\0", 1));
	if (count > 0)
		field_put_u64(&fields, KEY_COUNT, (uint64_t)count);
	buf_done(&words);
	return with_extent(r, answer_event(r, EVENT_ACCESS, &fields, "the access cannot be recorded, so it is refused"));
}

static void put_act(struct buf *fields, const json_t *by, const json_t *act)
{
	const char *target = json_string_value(json_object_get(act, "target"));
	const char *text = json_string_value(json_object_get(act, "text"));
	const char *undone = json_string_value(json_object_get(act, "undone"));

	put_who(fields, by, act);
	if (target && target[0])
		field_put(fields, KEY_TARGET, str_from(target));
	if (text && text[0])
		field_put(fields, KEY_TEXT, str_from(text));
	if (undone) {
		field_put(fields, KEY_OK, str_of("\0", 1));
		field_put(fields, KEY_REASON, str_from(undone));
		field_put_u64(fields, KEY_OF_SEQ, (uint64_t)json_integer_value(json_object_get(act, "of_seq")));
	}
}

/* An administrator's act on the data directory while no gate runs; a running gate writes such lines itself.
 */
static json_t *answer_admin(struct recorder *r, const json_t *by, const json_t *args)
{
	struct buf fields = BUF_INIT(1 << 20);

	put_act(&fields, by, args);
	return answer_event(r, EVENT_ADMIN, &fields, "nothing was done: the act cannot be recorded");
}

/* Many of them, made durable together: what is brought from another server. */
static json_t *answer_admins(struct recorder *r, const json_t *by, const json_t *args)
{
	const json_t *acts = json_object_get(args, "acts"), *act;
	size_t n = json_array_size(acts), i;
	struct buf *fields = calloc(n + 1, sizeof(*fields));
	uint64_t *seqs = calloc(n + 1, sizeof(*seqs));
	json_t *list = json_array();
	int code = fields && seqs && list ? 0 : -ENOMEM;

	json_array_foreach(acts, i, act)
	{
		if (code)
			break;
		buf_init(&fields[i], 1 << 20);
		put_act(&fields[i], by, act);
		code = buf_failed(&fields[i]) ? -ENOMEM : 0;
	}
	if (!code)
		code = server_events(r->server, EVENT_ADMIN, fields, n, seqs);
	for (i = 0; fields && i < n; i++)
		buf_done(&fields[i]);
	for (i = 0; !code && i < n; i++)
		json_array_append_new(list, json_integer((json_int_t)seqs[i]));
	free(fields);
	free(seqs);
	if (code == 0)
		return json_pack("{s:b, s:o}", "ok", 1, "seqs", list);
	json_decref(list);
	return control_error(code > 0 ? "full" : "unavailable", "nothing was done: the acts cannot be recorded",
		code > 0 ? "make room on the disk of the record, then try again" : "try again");
}

/* Ends the open segment; its last lines say who wanted that (they may have been too much for it and have ended it
 * themselves). Compressing it is the background's. */
static json_t *answer_seal(struct recorder *r, const json_t *by)
{
	uint64_t serial = journal_extent(r->journal).serial;
	const char *failed, *text, *remedy;
	json_t *args, *answer;
	char name[32];

	snprintf(name, sizeof(name), "%08" PRIu64, serial);
	args = json_pack("{s:s, s:s}", "command", "record.seal", "target", name);
	answer = answer_admin(r, by, args);
	json_decref(args);
	if (control_failed(answer, &failed, &text, &remedy))
		return answer;
	if (journal_extent(r->journal).serial == serial)
		r->failed = journal_seal(r->journal);
	if (r->failed > 0)
		r->failed = 0; /* no space, which is said below */
	if (journal_extent(r->journal).serial == serial) {
		json_decref(answer);
		return control_error("unavailable", "the segment cannot be ended now, it goes on",
			"make room on the disk of the record");
	}
	json_object_set_new(answer, "segment", json_string(name));
	return answer;
}

static json_t *answer_request(struct recorder *r, struct str text)
{
	const char *cmd;
	json_t *root, *args, *answer;

	if (control_request_parse(text, &root, &cmd, &args))
		return root;
	if (strcmp(cmd, "status") == 0)
		answer = answer_status(r);
	else if (strcmp(cmd, "record.access") == 0)
		answer = answer_access(r, json_object_get(root, "by"), args);
	else if (strcmp(cmd, "record.admin") == 0)
		answer = answer_admin(r, json_object_get(root, "by"), args);
	else if (strcmp(cmd, "record.admins") == 0)
		answer = answer_admins(r, json_object_get(root, "by"), args);
	else if (strcmp(cmd, "record.seal") == 0)
		answer = answer_seal(r, json_object_get(root, "by"));
	else
		answer = control_error("unknown_command", "the recorder does not know this command", "");
	json_decref(root);
	return answer;
}

static int take_control(struct recorder *r, uint32_t id, struct str text)
{
	json_t *answer = answer_request(r, text);
	struct buf line = BUF_INIT(1 << 20);
	int code = answer ? control_line(answer, &line) : -ENOMEM;

	json_decref(answer);
	if (r->failed == 0)
		r->failed = server_failure(r->server);
	if (r->failed) /* whoever asked learns that this process has ended */
		code = r->failed;
	if (code == 0)
		code = supervise_send(&r->supervise, SUPERVISE_CONTROL, id, buf_view(&line), -1);
	buf_done(&line);
	return code;
}

static int take_message(struct recorder *r, const struct supervise_message *m)
{
	switch (m->type) {
	case SUPERVISE_LINK:
		if (m->fd < 0)
			return -EPROTO;
		return server_add(r->server, m->number, m->fd);
	case SUPERVISE_CONTROL:
		return take_control(r, m->number, m->text);
	case SUPERVISE_STOP:
		return STOPPED;
	default:
		return -EPROTO;
	}
}

static int on_supervise(void *owner)
{
	struct recorder *r = owner;
	struct supervise_message m;
	int code = supervise_flush(&r->supervise);

	while (code == 0 && (code = supervise_recv(&r->supervise, &m)) > 0)
		code = take_message(r, &m);
	server_watch_write(r->server, supervise_wants_write(&r->supervise));
	if (r->failed)
		return r->failed;
	if (code < 0)
		log_warn(code == -EPROTO ? "the supervisor sent something unknown: stopping"
					 : "the supervisor has gone: stopping");
	return code ? STOPPED : 0;
}

/* ---- running ---- */

static int run(struct recorder *r)
{
	struct server_config c = {
		.journal = r->journal,
		.gather_us = r->settings->record_gather_us,
		.watch_fd = SUPERVISE_FD,
		.on_watch = on_supervise,
		.owner = r,
	};
	int code = supervise_init(&r->supervise, SUPERVISE_FD);

	if (code == 0)
		code = server_new(&r->server, &c);
	if (code == 0)
		code = supervise_send(&r->supervise, SUPERVISE_READY, 0, STR_NONE, -1);
	if (code) {
		log_error("no supervisor: %s", strerror(-code));
		return EXIT_USAGE;
	}
	code = server_run(r->server);
	if (code == STOPPED)
		code = server_drain(r->server);
	if (code < 0) {
		log_error("record: writing failed: %s. What the disk holds is looked at when the recorder "
			  "starts again",
			strerror(-code));
		_exit(EXIT_RECORD);
	}
	server_free(r->server);
	return 0;
}

static void ignore_signals(void)
{
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN); /* the write says so as well */
	signal(SIGINT, SIG_IGN); /* the supervisor stops the gate first, then this process */
	signal(SIGTERM, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
}

static int record(struct recorder *r)
{
	struct err err = {};
	int code = open_all(r, &err);

	if (code == 0)
		code = shut_in(r, &err);
	if (code) {
		log_error("%s", err.text);
		return code == -EACCES || code == -EPERM ? EXIT_RIGHTS : EXIT_INTERNAL;
	}
	code = journal_open(&r->journal, &r->journal_config, &err);
	if (code) {
		log_error("%s", err.text);
		return code == -EBADMSG ? EXIT_RECORD : EXIT_INTERNAL;
	}
	write_verifier(r);
	code = run(r);
	journal_close(r->journal);
	supervise_done(&r->supervise);
	return code;
}

int main(int argc, char **argv)
{
	struct recorder r = {.verifier_fd = -1};
	int code;

	umask(077);
	ignore_signals();
	read_options(&r, argc, argv);
	make_origin(&r);
	code = record(&r);
	settings_free(r.settings);
	return code;
}
