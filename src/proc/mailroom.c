/* The courier, as the supervisor has it: started once there is a gate to work for, started again when it ends, replaced when
 * settings change. Where mails go, and the password for it, it gets in a file without a name; it opens none of ours. It is no
 * child of the table: the server runs as well without it. */
#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "mail/address.h"
#include "mail/job.h"
#include "proc/supervisor.h"

enum {
	DELAY_MIN_MS = 200,
	DELAY_MAX_MS = 30000,
	HEALTHY_MS = 60000,
	STEP = 512, /* bytes read at a time */
	PORT_REQUIRED = 587,
	PORT_DIRECT = 465,
	PORT_NEVER = 25,
};

/* ---- what it is given ---- */

static int read_all(const char *path, struct buf *out, mode_t closed_to, struct err *err)
{
	AUTO(auto_close) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct stat st;
	ssize_t n = 1;

	if (fd < 0)
		return err_errno(err, "%s", path);
	if (fstat(fd, &st) || !S_ISREG(st.st_mode))
		return err_set(err, -EINVAL, "'%s' is no file", path);
	if (st.st_mode & closed_to)
		return err_set(err, -EPERM, "'%s' must be a file that only its owner can read (chmod 600)", path);
	while (n > 0 && !buf_failed(out)) {
		char *to = buf_room(out, STEP);

		n = to ? read(fd, to, STEP) : -1;
		if (n > 0)
			out->len += (size_t)n;
	}
	if (buf_failed(out))
		return err_set(err, -EFBIG, "'%s' is larger than %zu bytes", path, out->max - STEP);
	return n < 0 ? err_errno(err, "%s", path) : 0;
}

static int read_password(const struct settings *s, struct buf *out, struct err *err)
{
	struct str text;
	int r = read_all(s->mail_password_file.data, out, 077, err);

	if (r)
		return r;
	text = buf_view(out);
	text = str_cut(text, 0, str_find(text, '\n', 0));
	if (text.len && text.data[text.len - 1] == '\r')
		text.len--;
	for (size_t i = 0; i < text.len; i++)
		if ((unsigned char)text.data[i] < ' ')
			text.len = 0;
	out->len = text.len;
	return text.len && text.len <= MAIL_PASSWORD_MAX ? 0
			: err_set(err, -EBADMSG, "'%s' must hold the password for mail.user in one line",
				  s->mail_password_file.data);
}

static int read_authorities(const struct settings *s, struct buf *out, struct err *err)
{
	int r = read_all(s->mail_ca_file.data, out, 0, err);

	if (!r && out->len > MAIL_CA_MAX)
		r = err_set(err, -EFBIG, "'%s' is larger than %d bytes", s->mail_ca_file.data, MAIL_CA_MAX);
	if (!r && !memmem(out->data ? out->data : "", out->len, "-----BEGIN CERTIFICATE-----", 27))
		r = err_set(err, -EBADMSG, "'%s' (mail.ca_file) holds no certificate in PEM form", s->mail_ca_file.data);
	return r;
}

static uint64_t port_of(const struct settings *s)
{
	static const uint64_t usual[] = {
		[SETTINGS_MAIL_REQUIRED] = PORT_REQUIRED, [SETTINGS_MAIL_DIRECT] = PORT_DIRECT, [SETTINGS_MAIL_NEVER] = PORT_NEVER};

	return s->mail_port ? s->mail_port : usual[s->mail_tls];
}

static void wipe(struct buf *b)
{
	if (b->data)
		OPENSSL_cleanse(b->data, b->cap);
	buf_done(b);
}

/* The frame MAIL_OUTLET. 0 or -errno. */
static int outlet_put(const struct settings *s, struct buf *out, struct err *err)
{
	struct buf password = BUF_INIT(MAIL_PASSWORD_MAX + STEP), ca = BUF_INIT(MAIL_CA_MAX + STEP), from = BUF_INIT(0);
	struct mail_outlet outlet = {.server = s->mail_server, .user = s->mail_user, .port = port_of(s),
		.seconds = s->mail_timeout_seconds, .tls = (enum mail_tls)s->mail_tls, .anywhere = s->mail_in_the_clear};
	struct str name, address;
	int r;

	mail_mailbox_split(s->mail_from, &name, &address);
	r = mail_address_put(&from, address, err);
	if (!r && s->mail_user.len)
		r = read_password(s, &password, err);
	if (!r && s->mail_ca_file.len)
		r = read_authorities(s, &ca, err);
	outlet.name = str_cut(buf_view(&from), str_find(buf_view(&from), '@', 0) + 1, from.len);
	outlet.password = buf_view(&password);
	outlet.ca = buf_view(&ca);
	if (!r)
		mail_outlet_put(out, &outlet);
	wipe(&password);
	buf_done(&ca);
	buf_done(&from);
	return r ? r : buf_failed(out) ? err_set(err, -ENOMEM, "out of memory") : 0;
}

int mailroom_check(const struct settings *settings, struct err *err)
{
	struct buf out = BUF_INIT(0);
	int r = settings->mail_server.len ? outlet_put(settings, &out, err) : 0;

	wipe(&out);
	return r;
}

static int digest(const struct buf *text, unsigned char *out)
{
	return EVP_Digest(text->data, text->len, out, NULL, EVP_sha256(), NULL) == 1 ? 0 : -EIO;
}

/* Would it be given the same? What cannot be read is not. */
static bool is_as_given(const struct supervisor *s)
{
	struct buf text = BUF_INIT(0);
	struct err err = {};
	unsigned char now[sizeof(s->mailroom.given)];
	bool same = s->settings->mail_server.len && !outlet_put(s->settings, &text, &err) && !digest(&text, now) &&
			memcmp(now, s->mailroom.given, sizeof(now)) == 0;

	wipe(&text);
	return same;
}

/* In memory alone; the courier reads it from its beginning. */
static int outlet_file(const struct settings *s, int *out_fd, unsigned char *out_digest, struct err *err)
{
	struct buf text = BUF_INIT(0);
	int r = outlet_put(s, &text, err), fd = -1;

	if (!r && digest(&text, out_digest))
		r = err_set(err, -EIO, "the crypto library makes no digest");

	if (!r)
		fd = memfd_create("outlet", MFD_CLOEXEC);
	if (!r && (fd < 0 || write(fd, text.data, text.len) != (ssize_t)text.len))
		r = err_errno(err, "a file in memory");
	wipe(&text);
	if (r && fd >= 0)
		close(fd);
	*out_fd = r ? -1 : fd;
	return r;
}

/* ---- start and end ---- */

static void on_again(uv_timer_t *timer)
{
	mailroom_step(timer->data);
}

static void again_later(struct supervisor *s)
{
	uv_timer_start(&s->mailroom.again, on_again, s->mailroom.delay_ms, 0);
	s->mailroom.delay_ms = s->mailroom.delay_ms * 2 > DELAY_MAX_MS ? DELAY_MAX_MS : s->mailroom.delay_ms * 2;
}

void mailroom_open(struct supervisor *s)
{
	uv_timer_init(&s->loop, &s->mailroom.again);
	s->mailroom.again.data = s;
	s->mailroom.delay_ms = DELAY_MIN_MS;
}

static int launch(struct supervisor *s, int link, struct err *err)
{
	char path[sizeof(s->libexec) + 32];
	char *argv[] = {path, NULL};
	struct spawn sp = {.path = path, .argv = argv, .user = s->settings->users_courier.data};
	AUTO(auto_close) int outlet = -1;
	int r = outlet_file(s->settings, &outlet, s->mailroom.given, err);

	if (r)
		return r;
	snprintf(path, sizeof(path), "%s/courier", s->libexec);
	memcpy(sp.fds, (int[]){outlet, -1, -1, link}, sizeof(sp.fds));
	return spawn(&sp, &s->mailroom.pid, err);
}

void mailroom_step(struct supervisor *s)
{
	struct child *gate = &s->children[ROLE_GATE];
	struct err err = {};
	int pair[2], r;

	if (!s->settings->mail_server.len || s->mailroom.pid || !gate->ready || s->state != SUPERVISOR_RUNNING ||
		uv_is_active((uv_handle_t *)&s->mailroom.again))
		return;
	r = socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) ? -errno : 0;
	if (!r) {
		r = launch(s, pair[1], &err);
		close(pair[1]);
		if (!r)
			child_send(gate, SUPERVISE_COURIER, 0, STR_NONE, pair[0]);
		close(pair[0]);
	}
	if (r) {
		log_error("the courier cannot be started: %s", err.text[0] ? err.text : strerror(-r));
		again_later(s);
		return;
	}
	s->mailroom.started_ms = clock_mono_ms();
	log_info("courier started (pid %d)", (int)s->mailroom.pid);
}

void mailroom_renew(struct supervisor *s)
{
	s->mailroom.delay_ms = DELAY_MIN_MS;
	uv_timer_stop(&s->mailroom.again);
	if (s->mailroom.pid && is_as_given(s))
		return;
	s->mailroom.renewed = s->mailroom.pid != 0;
	if (s->mailroom.pid)
		kill(s->mailroom.pid, SIGTERM);
	else
		mailroom_step(s);
}

bool mailroom_process_ended(struct supervisor *s, pid_t pid, int status)
{
	bool wanted = (s->mailroom.renewed || !s->children[ROLE_GATE].ready) && status == 0;
	char how[96];

	if (!pid || s->mailroom.pid != pid)
		return false;
	s->mailroom.pid = 0;
	s->mailroom.renewed = false;
	if (s->state == SUPERVISOR_STOPPING)
		return true;
	if (wanted) { /* the next gate's READY is the next step */
		mailroom_step(s);
		return true;
	}
	s->mailroom.restarts++;
	if (clock_mono_ms() - s->mailroom.started_ms >= HEALTHY_MS)
		s->mailroom.delay_ms = DELAY_MIN_MS;
	status_text(status, how);
	log_error("courier %s; starting it again in %u.%u s", how, s->mailroom.delay_ms / 1000,
		s->mailroom.delay_ms % 1000 / 100);
	again_later(s);
	return true;
}

void mailroom_close(struct supervisor *s)
{
	uv_timer_stop(&s->mailroom.again);
}
