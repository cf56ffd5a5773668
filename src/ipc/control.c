/* The control protocol's texts, and the command's side of the socket. */
#include "ipc/control.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"

json_t *control_text(struct str s)
{
	return json_stringn(s.data ? s.data : "", s.len);
}

json_t *control_time(uint64_t utc_us)
{
	struct buf b = BUF_INIT(0);
	json_t *v;

	clock_put(&b, utc_us);
	v = control_text(buf_view(&b));
	buf_done(&b);
	return v;
}

struct str control_member(const json_t *object, const char *name)
{
	const json_t *v = json_object_get(object, name);

	return json_is_string(v) ? str_of(json_string_value(v), json_string_length(v)) : STR("");
}

json_t *control_ok(void)
{
	return json_pack("{s:b}", "ok", 1);
}

json_t *control_error(const char *code, const char *text, const char *remedy)
{
	return json_pack("{s:{s:s, s:s, s:s}}", "error", "code", code, "text", text, "remedy", remedy);
}

static int bad_request(json_t **out_root, const char *text)
{
	*out_root = control_error(
		"bad_request", text, "send one line: {\"cmd\":\"name\",\"args\":{...}}; see gatehouse help");
	return -EINVAL;
}

int control_request_parse(struct str line, json_t **out_root, const char **out_cmd, json_t **out_args)
{
	json_error_t error;
	json_t *root, *cmd, *args;

	root = json_loadb(line.data ? line.data : "", line.len, JSON_REJECT_DUPLICATES, &error);
	if (!root)
		return bad_request(out_root, "the request is not JSON");
	cmd = json_object_get(root, "cmd");
	args = json_object_get(root, "args");
	if (!args && json_is_object(root)) {
		args = json_object();
		if (json_object_set_new(root, "args", args))
			args = NULL;
	}
	if (!json_is_string(cmd) || !json_is_object(args)) {
		json_decref(root);
		return bad_request(out_root, "cmd must be a text and args an object");
	}
	*out_root = root;
	*out_cmd = json_string_value(cmd);
	*out_args = args;
	return 0;
}

static const char *const changes[] = {"name", "mail", "language", "department", "groups"};

bool control_changes_put(struct buf *out, const json_t *args)
{
	bool any = false;

	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		char *value = json_dumps(json_object_get(args, changes[i]), JSON_ENCODE_ANY);

		if (value)
			buf_printf(out, "%s%s: %s", any ? ", " : "", changes[i], value);
		any |= value != NULL;
		free(value);
	}
	return any;
}

/* Moves behind the name, its ": " and its value. False: there is no further one. */
static bool take_change(struct str text, size_t *at, json_t *out)
{
	size_t colon = str_find(text, ':', *at);
	struct str name = str_cut(text, *at, colon), rest = str_cut(text, colon + 1, text.len);
	json_error_t error;
	json_t *value;

	value = json_loadb(rest.data ? rest.data : "", rest.len, JSON_DECODE_ANY | JSON_DISABLE_EOF_CHECK, &error);
	if (!value)
		return false;
	*at = colon + 1 + (size_t)error.position;
	if (str_starts(str_cut(text, *at, text.len), STR(", ")))
		*at += 2;
	return json_object_setn_new(out, name.data, name.len, value) == 0;
}

json_t *control_changes_parse(struct str text)
{
	json_t *out = json_object();
	size_t at = 0;

	while (out && at < text.len)
		if (!take_change(text, &at, out)) {
			json_decref(out);
			return NULL;
		}
	return out;
}

static int put_json(const char *data, size_t len, void *owner)
{
	struct buf *out = owner;

	buf_put(out, data, len);
	return buf_failed(out) ? -1 : 0;
}

int control_line(const json_t *message, struct buf *out)
{
	if (!message || json_dump_callback(message, put_json, out, JSON_COMPACT))
		return -ENOMEM;
	buf_putc(out, '\n');
	return buf_failed(out) ? -ENOMEM : 0;
}

static const char *member(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text ? text : "";
}

bool control_failed(
	const json_t *answer, const char **out_code, const char **out_text, const char **out_remedy)
{
	const json_t *error = json_object_get(answer, "error");

	if (!error && json_is_true(json_object_get(answer, "ok")))
		return false;
	*out_code = error ? member(error, "code") : "internal";
	*out_text = error ? member(error, "text") : "the server's answer is not understood";
	*out_remedy = error ? member(error, "remedy") : "";
	return true;
}

/* ---- the command's side ---- */

struct control {
	int fd;
	struct buf in; /* what came behind the last answer's line stays here */
};

int control_address(const char *path, struct sockaddr_un *out, struct err *err)
{
	if (strlen(path) >= sizeof(out->sun_path))
		return err_set(err, -ENAMETOOLONG,
			"%s: too long for a unix socket; set control.socket to a shorter path", path);
	*out = (struct sockaddr_un){.sun_family = AF_UNIX};
	memcpy(out->sun_path, path, strlen(path) + 1);
	return 0;
}

int control_open(struct control **out, const char *path, struct err *err)
{
	AUTO(auto_close) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un address;
	struct control *c;
	int r;

	if (fd < 0)
		return err_errno(err, "socket");
	r = control_address(path, &address, err);
	if (r)
		return r;
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)))
		return err_errno(err, "%s", path);
	c = calloc(1, sizeof(*c));
	if (!c)
		return err_set(err, -ENOMEM, "out of memory");
	c->fd = fd;
	fd = -1;
	buf_init(&c->in, CONTROL_ANSWER_MAX);
	*out = c;
	return 0;
}

struct control *control_free(struct control *c)
{
	if (c) {
		close(c->fd);
		buf_done(&c->in);
		free(c);
	}
	return NULL;
}

static int send_all(int fd, struct str text, const int *fds, size_t n)
{
	union {
		char bytes[CMSG_SPACE(sizeof(int) * CONTROL_FDS)];
		struct cmsghdr align;
	} box = {};
	size_t at = 0;

	while (at < text.len) {
		struct iovec iov = {.iov_base = (void *)(size_t)(text.data + at), .iov_len = text.len - at};
		struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
		ssize_t sent;

		if (n && at == 0) {
			msg.msg_control = box.bytes;
			msg.msg_controllen = CMSG_SPACE(sizeof(int) * n);
			CMSG_FIRSTHDR(&msg)->cmsg_level = SOL_SOCKET;
			CMSG_FIRSTHDR(&msg)->cmsg_type = SCM_RIGHTS;
			CMSG_FIRSTHDR(&msg)->cmsg_len = CMSG_LEN(sizeof(int) * n);
			memcpy(CMSG_DATA(CMSG_FIRSTHDR(&msg)), fds, sizeof(int) * n);
		}
		sent = sendmsg(fd, &msg, MSG_NOSIGNAL);
		if (sent < 0 && errno != EINTR)
			return -errno;
		at += sent > 0 ? (size_t)sent : 0;
	}
	return 0;
}

/* Reads until there is a line; its length, or -errno. */
static ssize_t read_line(struct control *c)
{
	size_t seen = 0, at;

	for (;;) {
		char *room;
		ssize_t n;

		at = str_find(buf_view(&c->in), '\n', seen);
		if (at < c->in.len)
			return (ssize_t)at;
		seen = c->in.len;
		room = buf_room(&c->in, 65536);
		if (!room)
			return -EMSGSIZE;
		n = read(c->fd, room, 65536);
		if (n == 0)
			return -EPIPE;
		if (n < 0 && errno != EINTR)
			return -errno;
		c->in.len += n > 0 ? (size_t)n : 0;
	}
}

static int read_answer(struct control *c, json_t **out, struct err *err)
{
	json_error_t error;
	ssize_t len = read_line(c);

	if (len == -EPIPE)
		return err_set(err, -EPIPE, "the server closed the connection; its log says why");
	if (len < 0)
		return err_set(err, (int)len, "reading the server's answer: %s", strerror((int)-len));
	*out = json_loadb(c->in.data, (size_t)len, 0, &error);
	buf_shift(&c->in, (size_t)len + 1);
	return *out ? 0 : err_set(err, -EPROTO, "the server's answer is not JSON: %s", error.text);
}

int control_call(struct control *c, const char *cmd, json_t *args, const int *fds, size_t n, json_t **out,
	struct err *err)
{
	json_t *request = json_pack("{s:s, s:o}", "cmd", cmd, "args", args ? args : json_object());
	struct buf line = BUF_INIT(CONTROL_REQUEST_MAX);
	int r;

	if (n > CONTROL_FDS)
		abort();
	r = control_line(request, &line);
	json_decref(request);
	if (r)
		err_set(err, r, "the request is too large or memory is out");
	else
		r = send_all(c->fd, buf_view(&line), fds, n);
	buf_done(&line);
	if (r == -EPIPE || r == -ECONNRESET)
		return err_set(err, r, "the server closed the connection; its log says why");
	if (r)
		return r == -ENOMEM ? r : err_set(err, r, "sending the request: %s", strerror(-r));
	return read_answer(c, out, err);
}
