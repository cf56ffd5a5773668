/* Stands for gate, recorder or reader (by the name it is started as) in the supervisor's test: says READY
 * when it has what the contract promises, echoes requests, ends when told. Whoever finds the contract broken
 * exits with 9. */
#include <errno.h>
#include <jansson.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ipc/control.h"
#include "ipc/supervise.h"

struct fake {
	struct supervise sup;
	const char *dir;
	bool gate, ready;
	size_t loops, listeners, links, keys, got_listeners;
};

_Noreturn static void broken(const char *what)
{
	fprintf(stderr, "fake: %s\n", what);
	_exit(9);
}

static void say(struct fake *f, enum supervise_type type, uint32_t number, struct str text)
{
	if (supervise_send(&f->sup, type, number, text, -1))
		broken("cannot send");
}

static void maybe_ready(struct fake *f)
{
	if (f->ready || !f->links)
		return;
	if (f->gate && (f->links < f->loops || f->got_listeners < f->listeners || f->keys < 2))
		return;
	f->ready = true;
	say(f, SUPERVISE_READY, 0, STR_NONE);
}

static void on_start(struct fake *f, struct str text)
{
	json_t *start = json_loadb(text.data, text.len, 0, NULL);

	f->loops = (size_t)json_integer_value(json_object_get(start, "loops"));
	f->listeners = json_array_size(json_object_get(start, "listeners"));
	if (!f->gate || !f->loops)
		broken("START");
	json_decref(start);
}

static void on_key(struct fake *f, const struct supervise_message *m)
{
	char text[27];

	if (str_is(m->text, "settings")) {
		if (pread(m->fd, text, sizeof(text), 0) <= 0)
			broken("KEY holds no settings");
		return;
	}
	if (pread(m->fd, text, sizeof(text), 0) != sizeof(text) || memcmp(text, "-----BEGIN", 10))
		broken("KEY is no PEM file");
	f->keys++;
}

static void on_reload(struct fake *f)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/refuse", f->dir);
	say(f, SUPERVISE_RELOAD, 0, access(path, F_OK) == 0 ? STR("the fake gate refuses") : STR(""));
}

static void on_control(struct fake *f, const struct supervise_message *m)
{
	struct buf line = BUF_INIT(0);
	json_t *root, *args, *answer;
	const char *cmd;

	if (control_request_parse(m->text, &root, &cmd, &args))
		broken("request");
	if (strcmp(cmd, "session.list") == 0)
		return; /* never answered */
	answer = json_pack("{s:b, s:s, s:O, s:O}", "ok", 1, f->gate ? "gate_cmd" : "recorder_cmd", cmd,
		f->gate ? "gate_args" : "recorder_args", args, "by", json_object_get(root, "by"));
	json_object_set_new(
		answer, f->gate ? "gate_links" : "recorder_links", json_integer((json_int_t)f->links));
	if (control_line(answer, &line))
		broken("memory");
	say(f, SUPERVISE_CONTROL, m->number, buf_view(&line));
	buf_done(&line);
	json_decref(answer);
	json_decref(root);
}

static void on_message(struct fake *f, const struct supervise_message *m)
{
	switch (m->type) {
	case SUPERVISE_START:
		on_start(f, m->text);
		break;
	case SUPERVISE_KEY:
		on_key(f, m);
		break;
	case SUPERVISE_LISTENER:
		f->got_listeners++;
		break;
	case SUPERVISE_LINK:
		f->links++;
		break;
	case SUPERVISE_RELOAD:
		on_reload(f);
		break;
	case SUPERVISE_CONTROL:
		on_control(f, m);
		break;
	case SUPERVISE_STOP:
		_exit(0);
	default:
		broken("unknown message");
	}
	if (m->fd >= 0)
		close(m->fd);
	maybe_ready(f);
}

static int read_record(int argc, char **argv)
{
	for (int i = 3; i < argc; i++)
		printf("%s%s", argv[i], i + 1 < argc ? " " : "\n");
	return 1;
}

int main(int argc, char **argv)
{
	struct fake f = {.dir = argc > 2 ? argv[2] : ""};
	const char *slash = strrchr(argv[0], '/');
	const char *name = slash ? slash + 1 : argv[0];

	if (strcmp(name, "reader") == 0)
		return read_record(argc, argv);
	if (strcmp(name, "gatehouse") == 0) /* policy check */
		return access("/nonexistent", F_OK) == 0;
	f.gate = strcmp(name, "gate") == 0;
	if (supervise_init(&f.sup, SUPERVISE_FD))
		broken("no descriptor 3");
	for (;;) {
		struct pollfd watch = {.fd = SUPERVISE_FD, .events = POLLIN};
		struct supervise_message m;
		int r;

		if (supervise_wants_write(&f.sup))
			watch.events |= POLLOUT;
		poll(&watch, 1, -1);
		while ((r = supervise_recv(&f.sup, &m)) > 0)
			on_message(&f, &m);
		if (r == -EPIPE)
			_exit(0);
		if (r < 0 || supervise_flush(&f.sup))
			broken("receiving");
	}
}
