/* record.tail, record.show, record.verify, record.copy: nobody looks into the record without leaving a line in it. The
 * recorder writes that line first; only when it is durable does the reader start, with the asker's own
 * descriptors for its output. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "base/log.h"
#include "proc/desk.h"

enum {
	WORDS_MAX = 64,
	WORDS_OWN = 3, /* of the extent */
	WORD_BYTES = 65536,
};

/* Options only, and none that would lead the reader elsewhere. */
static bool argv_is_fine(const json_t *argv)
{
	const json_t *word;
	size_t i;

	if (!json_is_array(argv) || json_array_size(argv) > WORDS_MAX)
		return false;
	json_array_foreach(argv, i, word)
	{
		const char *text = json_string_value(word);

		if (!text || strlen(text) > WORD_BYTES || strncmp(text, "--", 2) ||
			strncmp(text, "--dir", 5) == 0 || strncmp(text, "--extent", 8) == 0)
			return false;
	}
	return true;
}

static const char *reader_verb(const struct caller *c)
{
	return c->cmd + strlen("record.");
}

void reader_begin(struct caller *c)
{
	json_t *argv = json_object_get(c->args, "argv"), *args;

	if (c->fds_len != 2 || !argv_is_fine(argv)) {
		caller_refuse(c, "bad_request", "record commands need argv (options) and two descriptors",
			"use the command gatehouse");
		return;
	}
	args = json_pack("{s:s, s:O}", "command", reader_verb(c), "argv", argv);
	caller_forward(c, ROLE_RECORDER, "record.access", args);
	json_decref(args);
}

/* Of this user, or the place that was told longest ago. */
static struct refused *refused_place(struct desk *d, uid_t uid)
{
	struct refused *oldest = &d->refused[0];

	for (size_t i = 0; i < DESK_REFUSED_USERS; i++) {
		if (d->refused[i].told_ms && d->refused[i].uid == uid)
			return &d->refused[i];
		if (d->refused[i].told_ms < oldest->told_ms)
			oldest = &d->refused[i];
	}
	*oldest = (struct refused){.uid = uid};
	return oldest;
}

void reader_refused(struct caller *c)
{
	struct refused *r = refused_place(c->desk, c->peer.uid);
	uint64_t now = uv_now(&c->desk->supervisor->loop) | 1;
	json_t *args;

	r->count++;
	if (r->told_ms && now - r->told_ms < DESK_REFUSED_MS)
		return;
	args = json_pack("{s:s, s:b, s:i}", "command", reader_verb(c), "refused", 1, "count", (int)r->count);
	caller_tell(c, ROLE_RECORDER, "record.access", args);
	json_decref(args);
	r->told_ms = now;
	r->count = 0;
}

/* Where the record ended when the access was recorded. */
static size_t put_extent(const json_t *answer, char text[WORDS_OWN][48], char **words)
{
	static const char *const names[WORDS_OWN] = {"serial", "bytes", "size"};
	const json_t *extent = json_object_get(answer, "extent");

	for (size_t i = 0; i < WORDS_OWN; i++) {
		snprintf(text[i], 48, "--extent-%s=%lld", names[i],
			(long long)json_integer_value(json_object_get(extent, names[i])));
		words[i] = text[i];
	}
	return WORDS_OWN;
}

static int reader_start(struct caller *c, const json_t *answer, struct err *err)
{
	struct supervisor *s = c->desk->supervisor;
	json_t *argv = json_object_get(c->args, "argv");
	char path[sizeof(s->libexec) + 32], dir_option[] = "--dir";
	char extent[WORDS_OWN][48];
	char *words[WORDS_MAX + WORDS_OWN + 5];
	struct spawn sp = {.path = path, .argv = words, .fds = {-1, c->fds[0], c->fds[1], -1}};
	size_t n = 0;

	sp.user = s->first->users_recorder.data;
	snprintf(path, sizeof(path), "%s/reader", s->libexec);
	words[n++] = path;
	words[n++] = dir_option;
	words[n++] = (char *)(size_t)s->settings->dir.data;
	words[n++] = (char *)(size_t)reader_verb(c);
	for (size_t i = 0; i < json_array_size(argv); i++)
		words[n++] = (char *)(size_t)json_string_value(json_array_get(argv, i));
	n += put_extent(answer, extent, words + n);
	words[n] = NULL;
	return spawn(&sp, &c->reader, err);
}

void reader_recorded(struct caller *c, json_t *answer)
{
	const char *code, *text, *remedy;
	struct err err = {};

	if (control_failed(answer, &code, &text, &remedy)) {
		caller_answer(c, answer);
		return;
	}
	log_info("%s (uid %u) reads the record: %s", c->peer.name, (unsigned)c->peer.uid, reader_verb(c));
	if (reader_start(c, answer, &err))
		caller_refuse(c, "internal", err.text, "");
	json_decref(answer);
}

void reader_ended(struct caller *c, int status)
{
	int code = WIFEXITED(status) ? WEXITSTATUS(status) : 4;

	if (WIFSIGNALED(status))
		log_warn("reader was killed by signal %d", WTERMSIG(status));
	caller_answer(c, json_pack("{s:b, s:i}", "ok", 1, "exit", code));
}
