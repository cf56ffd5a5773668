/* The courier: carries mails to a mail server. It speaks to a machine outside, so it has nothing that is worth taking but the mails
 * themselves and the password for that server: no store, no record, no keys, no settings, no exec. Of files it reads what
 * finding a host and judging a certificate need.
 *
 *   0: where mails go (MAIL_OUTLET)     3: the link to the gate (mail/job.h)
 *
 * It ends with its link, after a malformed frame, or when asked (SIGTERM): then what is under way is finished first. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "ipc/frame.h"
#include "proc/confine.h"
#include "proc/courier.h"
#include "proc/probe.h"

enum {
	OUTLET = 0,
	LINK = 3,
	STEP_MS = 1000,
	IN_MAX = (MAIL_MESSAGE_MAX + 4096) * 2,
	OUT_MAX = 1 << 20,
};

struct courier {
	struct buf setup; /* what `outlet` points into */
	struct mail_outlet outlet;
	struct smtp *smtp;
	struct buf in, out; /* of the link */
	bool bad, lost;
};

static volatile sig_atomic_t ending;

static void on_term(int number)
{
	(void)number;
	ending = 1;
}

/* ---- beginning ---- */

static int read_outlet(struct courier *c, struct err *err)
{
	struct frame frame;
	size_t at = 0;
	ssize_t n = 1;

	c->setup = BUF_INIT(FRAME_MAX + FRAME_HEADER);
	while (n > 0) {
		char *to = buf_room(&c->setup, 16384);

		n = to ? pread(OUTLET, to, 16384, (off_t)c->setup.len) : -1;
		if (n > 0)
			c->setup.len += (size_t)n;
	}
	close(OUTLET);
	if (n < 0 || frame_next(buf_view(&c->setup), &at, &frame) != 1 || frame.type != MAIL_OUTLET ||
		mail_outlet_read(frame.payload, &c->outlet))
		return err_set(err, -EPROTO, "the courier is started by the supervisor: use 'gatehouse serve'");
	return 0;
}

static int courier_confine(struct confine_state *state, struct err *err)
{
	static const struct confine_path paths[] = {
		{"/etc/ssl", CONFINE_READ},
		{"/usr/lib/ssl", CONFINE_READ},
		{"/usr/share/ca-certificates", CONFINE_READ},
		{"/usr/local/share/ca-certificates", CONFINE_READ},
		{"/etc/resolv.conf", CONFINE_READ},
		{"/run/systemd/resolve", CONFINE_READ},
		{"/run/resolvconf", CONFINE_READ},
		{"/run/NetworkManager", CONFINE_READ},
		{"/etc/hosts", CONFINE_READ},
		{"/etc/host.conf", CONFINE_READ},
		{"/etc/nsswitch.conf", CONFINE_READ},
		{"/etc/gai.conf", CONFINE_READ},
		{"/etc/services", CONFINE_READ},
		{"/etc/localtime", CONFINE_READ},
		{"/dev/urandom", CONFINE_READ},
	};
	struct confine_rules rules = {.paths = paths, .paths_len = sizeof(paths) / sizeof(paths[0]), .net = true};
	int r = confine(&rules, state, err);

	if (!r)
		confine_log(state);
	return r;
}

/* ---- the link ---- */

static void on_answer(void *owner, const struct mail_answer *answer)
{
	struct courier *c = owner;

	mail_answer_put(&c->out, answer);
}

static void take_job(struct courier *c, struct str payload)
{
	struct mail_job job;

	if (mail_job_read(payload, &job)) {
		c->bad = true;
		return;
	}
	switch (smtp_send(c->smtp, &job)) {
	case 0:
		return;
	case -EBUSY: /* the gate knows how many there may be */
		c->bad = true;
		return;
	default:
		on_answer(c, &(struct mail_answer){.id = job.id, .outcome = MAIL_LATER, .text = STR("out of memory")});
	}
}

static void link_read(struct courier *c)
{
	char *to = buf_room(&c->in, 65536);
	ssize_t n = to ? recv(LINK, to, 65536, MSG_DONTWAIT) : -1;
	struct frame frame;
	size_t at = 0;
	int r = 0;

	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
		c->lost = true;
	if (n <= 0)
		return;
	c->in.len += (size_t)n;
	while (!c->bad && (r = frame_next(buf_view(&c->in), &at, &frame)) == 1)
		if (frame.type == MAIL_JOB)
			take_job(c, frame.payload);
		else
			c->bad = true;
	if (r < 0 || buf_failed(&c->in))
		c->bad = true;
	buf_shift(&c->in, at);
}

static void link_write(struct courier *c)
{
	ssize_t n;

	if (!c->out.len)
		return;
	n = send(LINK, c->out.data, c->out.len, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (n > 0)
		buf_shift(&c->out, (size_t)n);
	else if (n < 0 && errno != EAGAIN && errno != EINTR)
		c->lost = true;
}

static bool gate_has_gone(void)
{
	char next;

	return recv(LINK, &next, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

/* ---- running ---- */

static bool is_over(const struct courier *c)
{
	return c->bad || c->lost || buf_failed(&c->out) || (ending && !smtp_busy(c->smtp) && !c->out.len);
}

static void run(struct courier *c)
{
	while (!is_over(c)) {
		short events = (short)((ending ? 0 : CURL_WAIT_POLLIN) | (c->out.len ? CURL_WAIT_POLLOUT : 0));
		struct curl_waitfd wait = {.fd = LINK, .events = events};

		smtp_step(c->smtp, &wait, STEP_MS);
		if (!ending)
			link_read(c);
		else
			c->lost = c->lost || gate_has_gone();
		link_write(c);
	}
	if (c->bad)
		log_error("the gate sent what is no mail: ending");
}

static int courier_open(struct courier *c, struct err *err)
{
	struct confine_state state;
	char text[CONFINE_TEXT_MAX];
	int r = read_outlet(c, err);

	c->in = BUF_INIT(IN_MAX);
	c->out = BUF_INIT(OUT_MAX);
	if (!r && curl_global_init(CURL_GLOBAL_DEFAULT))
		r = err_set(err, -ENOMEM, "libcurl cannot be started");
	if (!r)
		r = courier_confine(&state, err);
	if (!r)
		r = smtp_new(&c->smtp, &c->outlet, on_answer, c, err);
	if (r)
		return r;
	probe_courier();
	confine_text(&state, text);
	mail_hello_put(&c->out, str_from(text));
	return 0;
}

int main(void)
{
	static struct courier c;
	struct err err = {.text = ""};
	struct sigaction term = {.sa_handler = on_term};

	log_init("courier", LOG_INFO);
	signal(SIGPIPE, SIG_IGN);
	sigaction(SIGTERM, &term, NULL);
	if (courier_open(&c, &err)) {
		log_error("%s", err.text[0] ? err.text : "out of memory");
		return 1;
	}
	run(&c);
	if (smtp_busy(c.smtp))
		_exit(c.bad); /* a thread of libcurl may still wait for a name: nobody waits for it */
	smtp_free(c.smtp);
	curl_global_cleanup();
	explicit_bzero(c.setup.data, c.setup.cap);
	buf_done(&c.setup);
	buf_done(&c.in);
	buf_done(&c.out);
	return c.bad;
}
