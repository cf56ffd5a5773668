#include "proc/gate_post.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/log.h"
#include "ipc/frame.h"
#include "mail/address.h"
#include "mail/job.h"
#include "mail/letter.h"
#include "proc/gate.h"

enum {
	CLIENTS_OF_ONE = 200,
	BATCH = 32,                /* mails taken from the queue at a time */
	IN_MAX = 1 << 20,          /* bytes of answers that are not read yet */
	OUT_MAX = 4 << 20,
	BURST_SECONDS = 10,        /* of mail.rate_per_minute may go at once */
	AGAIN_SECONDS_MAX = 7200,
};

#define PER_SECOND 1000000ull
#define PER_HOUR (3600 * PER_SECOND)

enum flight_state {
	FLIGHT_NONE,
	FLIGHT_ASKING,    /* the store: does it still hold? */
	FLIGHT_SENDING,   /* with the courier */
	FLIGHT_RECORDING, /* the record has not taken it yet */
	FLIGHT_KEEPING,   /* nor the store */
};

/* One mail that is under way. */
struct flight {
	struct gate *gate;
	enum flight_state state;
	struct waiter waiter;
	struct store_req req;
	struct arena *arena;
	struct store_mail mail; /* what is to be kept of it */
	const struct store_mail *row; /* FLIGHT_ASKING: in due_req */
};

/* One incarnation of the link; lives until libuv has let go of it. */
struct post_link {
	uv_poll_t poll;
	struct gate *gate;
	int fd;
};

struct gate_post {
	struct post_link *link; /* NULL: there is no courier */
	struct buf in, out;
	char confinement[MAIL_TEXT_MAX + 1];

	struct flight flights[MAIL_FLIGHT];
	unsigned flying;

	struct store_req due_req; /* its rows are those that wait */
	size_t next;              /* of them */
	bool has_due, stale;
	uint64_t looked_version, looked_us; /* of the store, when it was looked last; 0: never */

	struct store_req count_req;
	struct store_mail_counts counts;
	uint64_t counted_version; /* 0: never */

	double tokens;
	uint64_t refilled_us;
	uint64_t sent, failed, tried_again;
};

static void post_step(struct gate *g);

/* ---- the link ---- */

static void on_link(uv_poll_t *poll, int status, int events);

static void link_watch(struct gate_post *p)
{
	int events = UV_READABLE | (p->out.len ? UV_WRITABLE : 0);

	uv_poll_start(&p->link->poll, events, on_link);
}

static void flight_later(struct flight *f, struct str why);

static void on_closed(uv_handle_t *handle)
{
	free(handle->data);
}

/* What was with it may or may not have been sent; it is tried again. */
static void link_drop(struct gate *g)
{
	struct gate_post *p = g->post;
	struct post_link *l = p->link;

	if (!l)
		return;
	p->link = NULL;
	uv_poll_stop(&l->poll);
	close(l->fd);
	uv_close((uv_handle_t *)&l->poll, on_closed);
	buf_clear(&p->in);
	buf_clear(&p->out);
	p->confinement[0] = '\0';
	for (size_t i = 0; i < MAIL_FLIGHT; i++)
		if (p->flights[i].state == FLIGHT_SENDING)
			flight_later(&p->flights[i], STR("the courier ended while it was sending"));
}

void gate_post_link(struct gate *g, int fd)
{
	struct post_link *l = fd >= 0 ? calloc(1, sizeof(*l)) : NULL;

	link_drop(g);
	if (!l || uv_poll_init(loop_uv(g->loop[0]), &l->poll, fd)) {
		log_error("the link to the courier cannot be used");
		free(l);
		if (fd >= 0)
			close(fd);
		return;
	}
	l->gate = g;
	l->fd = fd;
	l->poll.data = l;
	g->post->link = l;
	link_watch(g->post);
	post_step(g);
}

static void answer_take(struct gate *g, const struct mail_answer *a);

/* False: what came is no answer. */
static bool frame_take(struct gate *g, const struct frame *frame)
{
	struct gate_post *p = g->post;
	struct mail_answer answer;
	struct str text;

	if (frame->type == MAIL_HELLO && !mail_hello_read(frame->payload, &text)) {
		snprintf(p->confinement, sizeof(p->confinement), "%.*s", STR_FMT(text));
		return true;
	}
	if (frame->type != MAIL_ANSWER || mail_answer_read(frame->payload, &answer))
		return false;
	answer_take(g, &answer);
	return true;
}

/* 0, -EPIPE when the other side has gone, or another -errno. */
static int link_read(struct gate *g)
{
	struct gate_post *p = g->post;
	char *to = buf_room(&p->in, 16384);
	ssize_t n = to ? recv(p->link->fd, to, 16384, MSG_DONTWAIT) : -1;
	struct frame frame;
	size_t at = 0;
	int r;

	if (n == 0)
		return -EPIPE;
	if (n < 0)
		return !to ? -ENOMEM : errno == EAGAIN || errno == EINTR ? 0 : -errno;
	p->in.len += (size_t)n;
	while ((r = frame_next(buf_view(&p->in), &at, &frame)) == 1)
		if (!frame_take(g, &frame))
			return -EPROTO;
	buf_shift(&p->in, at);
	return r;
}

static int link_write(struct gate_post *p)
{
	ssize_t n = p->out.len ? send(p->link->fd, p->out.data, p->out.len, MSG_DONTWAIT | MSG_NOSIGNAL) : 0;

	if (n > 0)
		buf_shift(&p->out, (size_t)n);
	return n >= 0 || errno == EAGAIN || errno == EINTR ? 0 : -errno;
}

static void on_link(uv_poll_t *poll, int status, int events)
{
	struct gate *g = ((struct post_link *)poll->data)->gate;
	int r = status < 0 ? -EPIPE : 0;

	if (!r && events & UV_WRITABLE)
		r = link_write(g->post);
	if (!r && events & UV_READABLE)
		r = link_read(g);
	if (r) {
		if (r != -EPIPE && r != -ECONNRESET)
			log_error("the courier sent what is no answer, or cannot be reached (%s): it is started again", strerror(-r));
		link_drop(g);
		return;
	}
	post_step(g);
	if (g->post->link)
		link_watch(g->post);
}

/* ---- what became of a mail ---- */

static void flight_free(struct flight *f)
{
	f->state = FLIGHT_NONE;
	f->gate->post->flying--;
	store_req_release(&f->req);
	f->arena = arena_free(f->arena);
}

static void on_kept(struct store_req *req, int result)
{
	struct flight *f = req->owner;
	struct gate *g = f->gate;

	if (result)
		log_error("what became of a mail could not be kept: it may be sent once more");
	flight_free(f);
	post_step(g);
}

static void flight_keep(struct flight *f)
{
	f->state = FLIGHT_KEEPING;
	store_req_init(&f->req, on_kept, f);
	if (store_mail_mark(f->gate->store, &f->req, &f->mail) == 0)
		return;
	log_error("out of memory: what became of a mail is not kept");
	flight_free(f);
}

static void on_recorded(struct waiter *w, const struct receipt *receipt)
{
	struct flight *f = container_of(w, struct flight, waiter);

	if (receipt)
		flight_keep(f);
}

/* Whom was written to, where, for which rule and stage; never the text. */
static int record_mail(struct flight *f)
{
	const struct store_mail *m = &f->mail;
	bool failed = m->state == STORE_MAIL_FAILED;
	struct extra extra[3] = {
		{.key = KEY_COMMAND, .text = m->purpose},
		{.key = KEY_TARGET, .text = m->address},
		{.key = KEY_OK, .number = !failed},
	};
	struct entry entry = {
		.type = EVENT_MAIL,
		.id = m->id,
		.to = m->jid,
		.to_id = m->person,
		.rules = &m->about,
		.rules_len = m->about.len ? 1 : 0,
		.text = m->stage,
		.reason = failed ? m->error : STR_NONE,
		.extra = extra,
		.extra_len = 3,
	};

	f->waiter.done = on_recorded;
	return record_append(f->gate->record[0], &entry, &f->waiter);
}

/* Until the record takes it nothing further goes out (post_may_send), and each tick tries again. */
static void flight_record(struct flight *f)
{
	f->state = FLIGHT_RECORDING;
	if (record_mail(f))
		f->waiter.done = NULL;
}

static void flight_end(struct flight *f, enum store_mail_state state, struct str why)
{
	f->mail.state = (uint8_t)state;
	f->mail.error = arena_dup(f->arena, why);
	f->mail.ended_us = clock_utc_us();
	f->mail.tries++;
	if (state == STORE_MAIL_SENT)
		f->gate->post->sent++;
	else
		f->gate->post->failed++;
	flight_record(f);
}

static uint64_t wait_us(const struct gate *g, uint64_t tries)
{
	uint64_t seconds = g->settings->mail_retry_seconds;

	for (; tries > 1 && seconds < AGAIN_SECONDS_MAX; tries--)
		seconds *= 2;
	return (seconds < AGAIN_SECONDS_MAX ? seconds : AGAIN_SECONDS_MAX) * PER_SECOND;
}

static void flight_later(struct flight *f, struct str why)
{
	struct gate *g = f->gate;
	uint64_t now = clock_utc_us();

	if (now > f->mail.created_us + g->settings->mail_give_up_hours * PER_HOUR) {
		flight_end(f, STORE_MAIL_FAILED, why);
		return;
	}
	f->mail.state = STORE_MAIL_QUEUED;
	f->mail.tries++;
	f->mail.error = arena_dup(f->arena, why);
	f->mail.due_us = now + wait_us(g, f->mail.tries);
	g->post->tried_again++;
	log_warn("a mail to %s is not sent yet: %s", LOG_STR(f->mail.address), LOG_STR(f->mail.error));
	flight_keep(f);
}

static void answer_take(struct gate *g, const struct mail_answer *a)
{
	for (size_t i = 0; i < MAIL_FLIGHT; i++) {
		struct flight *f = &g->post->flights[i];

		if (f->state != FLIGHT_SENDING || !str_eq(f->mail.id, a->id))
			continue;
		if (a->outcome == MAIL_LATER) {
			flight_later(f, a->text);
			return;
		}
		if (a->outcome == MAIL_REFUSED)
			log_warn("the mail server refuses a mail to %s: %s", LOG_STR(f->mail.address), LOG_STR(a->text));
		flight_end(f, a->outcome == MAIL_SENT ? STORE_MAIL_SENT : STORE_MAIL_FAILED, a->text);
		return;
	}
	log_warn("the courier answered about a mail that it was not given");
}

/* ---- sending ---- */

static struct flight *flight_new(struct gate *g, const struct store_mail *m)
{
	struct flight *f = NULL;

	for (size_t i = 0; i < MAIL_FLIGHT && !f; i++)
		if (g->post->flights[i].state == FLIGHT_NONE)
			f = &g->post->flights[i];
	if (!f)
		return NULL;
	f->arena = arena_new(1 << 16);
	if (!f->arena)
		return NULL;
	f->mail = *m;
	f->mail.id = arena_dup(f->arena, m->id);
	f->mail.purpose = arena_dup(f->arena, m->purpose);
	f->mail.about = arena_dup(f->arena, m->about);
	f->mail.stage = arena_dup(f->arena, m->stage);
	f->mail.person = arena_dup(f->arena, m->person);
	f->mail.jid = arena_dup(f->arena, m->jid);
	f->mail.address = arena_dup(f->arena, m->address);
	f->mail.subject = f->mail.body = f->mail.language = STR_NONE;
	store_req_init(&f->req, on_kept, f);
	f->row = m;
	f->state = FLIGHT_ASKING;
	g->post->flying++;
	return f;
}

/* As text, into the link. 0, or -EINVAL with the reason. */
static int letter_send(struct gate *g, const struct store_mail *m, struct err *err)
{
	struct buf from = BUF_INIT(0), text = BUF_INIT(MAIL_MESSAGE_MAX);
	struct letter letter = {.id = m->id, .to = m->address, .subject = m->subject, .body = m->body, .language = m->language,
		.utc_us = m->created_us};
	struct mail_job job = {.id = m->id, .to = m->address};
	struct str address;
	int r;

	mail_mailbox_split(g->settings->mail_from, &letter.from_name, &address);
	r = mail_address_put(&from, address, err);
	letter.from = job.from = buf_view(&from);
	if (!r)
		r = letter_put(&text, &letter, err);
	if (r == -ENOMEM)
		err_set(err, r, "the text is too long");
	job.message = buf_view(&text);
	if (!r)
		mail_job_put(&g->post->out, &job);
	buf_done(&from);
	buf_done(&text);
	return r;
}

/* Is whom it is for still there, with this address? */
static bool is_theirs(const struct gate *g, const struct store_mail *m)
{
	AUTO(person_unrefp) const struct person *person = m->jid.len ? directory_get(g->directory, m->jid) : NULL;
	struct buf plain = BUF_INIT(0);
	bool same;

	if (!m->jid.len)
		return true;
	if (!person || person->disabled || !str_eq(person->id, m->person))
		return false;
	same = !mail_address_put(&plain, person->mail, NULL) && str_eq(buf_view(&plain), m->address);
	buf_done(&plain);
	return same;
}

static void flight_drop(struct flight *f, struct str why)
{
	f->mail.state = STORE_MAIL_DROPPED;
	f->mail.error = why;
	f->mail.ended_us = clock_utc_us();
	flight_keep(f);
}

static void flight_send(struct flight *f)
{
	struct gate *g = f->gate;
	struct err err = {.text = ""};

	if (!g->post->link) {
		flight_free(f); /* it is still in the queue */
		g->post->looked_version = 0;
	} else if (letter_send(g, f->row, &err)) {
		log_error("a mail cannot be written: %s", err.text);
		flight_end(f, STORE_MAIL_FAILED, str_from(err.text));
	} else {
		f->state = FLIGHT_SENDING;
		link_watch(g->post);
	}
}

static void on_asked(struct store_req *req, int result)
{
	struct flight *f = req->owner;
	struct gate *g = f->gate;
	AUTO(person_unrefp) const struct person *person = directory_get(g->directory, f->mail.jid);
	bool holds = result == 0 && person && gate_campaign_holds(g, person, req->clients, &f->mail);

	store_req_release(req);
	if (holds)
		flight_send(f);
	else
		flight_drop(f, STR("no program that this is about is in use any more, or its stage has changed"));
}

/* What was written about a person's program is looked at once more. */
static void flight_ask(struct flight *f)
{
	struct store_client_query query = {
		.owner = f->mail.jid, .since_us = gate_campaign_since_us(f->gate), .limit = CLIENTS_OF_ONE};

	store_req_init(&f->req, on_asked, f);
	if (store_client_list(f->gate->store, &f->req, &query)) {
		log_error("out of memory: a mail waits");
		flight_free(f);
	}
}

static void mail_send(struct gate *g, const struct store_mail *m)
{
	struct flight *f = flight_new(g, m);

	if (!f)
		return;
	if (!is_theirs(g, m))
		flight_drop(f, STR("the account has gone, or has another address now"));
	else if (str_eq(m->purpose, CAMPAIGN_PURPOSE))
		flight_ask(f);
	else
		flight_send(f);
}

static void refill(struct gate_post *p, uint32_t per_minute)
{
	uint64_t now = clock_mono_us();
	double most = (double)per_minute * BURST_SECONDS / 60;

	if (most < 1)
		most = 1;
	p->tokens += (double)(now - p->refilled_us) / 1e6 * per_minute / 60;
	if (p->tokens > most)
		p->tokens = most;
	p->refilled_us = now;
}

/* Nothing leaves that could not be recorded at once. */
static bool post_may_send(const struct gate *g)
{
	const struct gate_post *p = g->post;
	struct record_stats stats;

	record_stats(g->record[0], &stats);
	for (size_t i = 0; i < MAIL_FLIGHT; i++)
		if (p->flights[i].state == FLIGHT_RECORDING && !p->flights[i].waiter.done)
			return false;
	return g->ready && !g->stopping && p->link && g->settings->mail_server.len && stats.up && !stats.full;
}

static void due_release(struct gate_post *p)
{
	store_req_release(&p->due_req);
	p->has_due = p->stale = false;
	p->next = 0;
}

static void on_due(struct store_req *req, int result)
{
	struct gate *g = req->owner;

	if (result)
		return;
	g->post->has_due = true;
	post_step(g);
}

/* Rows that are under way are due as well, so it is looked only when none is. */
static void look(struct gate *g)
{
	struct gate_post *p = g->post;
	uint64_t version = store_mails_version(g->store) + 1, now = clock_utc_us();
	bool is_due = p->counts.due_us && p->counts.due_us <= now && now - p->looked_us >= PER_SECOND;

	if (p->flying || p->due_req.pending || (version == p->looked_version && !is_due))
		return;
	due_release(p);
	p->looked_version = version;
	p->looked_us = now;
	store_req_init(&p->due_req, on_due, g);
	if (store_mail_due(g->store, &p->due_req, now, BATCH))
		p->looked_version = 0;
}

static void post_step(struct gate *g)
{
	struct gate_post *p = g->post;

	if (!post_may_send(g))
		return;
	refill(p, g->settings->mail_rate_per_minute);
	if (p->stale && !p->flying && !p->due_req.pending)
		due_release(p);
	while (p->has_due && !p->stale && p->next < p->due_req.mails->len && p->flying < MAIL_FLIGHT && p->tokens >= 1 && post_may_send(g)) {
		p->tokens -= 1;
		mail_send(g, &p->due_req.mails->rows[p->next++]);
	}
	if (!p->has_due || p->next == p->due_req.mails->len)
		look(g);
	if (p->link && p->out.len)
		link_watch(p);
}

/* ---- the second ---- */

static void on_counted(struct store_req *req, int result)
{
	struct gate *g = req->owner;

	if (result == 0)
		g->post->counts = *req->mail_counts;
	store_req_release(req);
}

static void count(struct gate *g)
{
	struct gate_post *p = g->post;
	uint64_t version = store_mails_version(g->store) + 1;

	if (version == p->counted_version || p->count_req.pending)
		return;
	p->counted_version = version;
	store_req_init(&p->count_req, on_counted, g);
	if (store_mail_count(g->store, &p->count_req))
		p->counted_version = 0;
}

void gate_post_tick(struct gate *g)
{
	struct gate_post *p = g->post;

	for (size_t i = 0; i < MAIL_FLIGHT; i++)
		if (p->flights[i].state == FLIGHT_RECORDING && !p->flights[i].waiter.done)
			flight_record(&p->flights[i]);
	if (!g->stopping)
		count(g);
	post_step(g);
}

bool gate_post_is_busy(const struct gate *g)
{
	return g->post->flying > 0;
}

void gate_post_changed(struct gate *g)
{
	g->post->stale = true;
}

json_t *gate_post_status(const struct gate *g)
{
	const struct gate_post *p = g->post;
	const char *state = !g->settings->mail_server.len ? "off" : p->link ? "up" : "down";

	return json_pack("{s:s, s:s, s:{s:I, s:I, s:I, s:I}, s:{s:I, s:I, s:I}}", "courier", state, "confinement",
		p->confinement, "mails", "queued", (json_int_t)p->counts.count[STORE_MAIL_QUEUED], "sent",
		(json_int_t)p->counts.count[STORE_MAIL_SENT], "failed", (json_int_t)p->counts.count[STORE_MAIL_FAILED], "dropped",
		(json_int_t)p->counts.count[STORE_MAIL_DROPPED], "tries", "sent", (json_int_t)p->sent, "failed",
		(json_int_t)p->failed, "later", (json_int_t)p->tried_again);
}

int gate_post_open(struct gate *g)
{
	struct gate_post *p = calloc(1, sizeof(*p));

	if (!p)
		return -ENOMEM;
	p->in = BUF_INIT(IN_MAX);
	p->out = BUF_INIT(OUT_MAX);
	p->tokens = 1;
	p->refilled_us = clock_mono_us();
	for (size_t i = 0; i < MAIL_FLIGHT; i++)
		p->flights[i].gate = g;
	store_req_init(&p->due_req, on_due, g);
	store_req_init(&p->count_req, on_counted, g);
	g->post = p;
	return 0;
}
