#include "record/record.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "base/rand.h"
#include "base/text.h"
#include "record/link.h"
#include "record/outcome.h"
#include "record/record_private.h"

enum {
	QUEUE_BYTES = 16 << 20,
	READ_BYTES = 64 << 10,
	IN_MAX = FRAME_MAX + READ_BYTES + FRAME_HEADER,
	SEND_MAX = 256 << 10, /* one write; more is a chance for the recorder to begin */
	RULES_MAX = 256,
};

struct record {
	struct loop *loop;
	struct record_config config;
	struct backlog backlog;
	struct buf in;
	struct buf more; /* MORE frames that are not written yet */
	uv_poll_t *poll; /* NULL: no link */
	int fd;
	int events;
	bool welcome, full;
	bool more_cut; /* the front of `more` is the rest of a frame */
	bool replayed;     /* the end of replay has come */
	unsigned credit;   /* for the next MORE */
	uint64_t last_seq; /* of the last receipt, or of the end of replay */
	uint64_t appended, receipted;
	struct hook hook;
	struct outcomes outcomes;
	struct timer timer;
	struct receipt signals[SIGNAL_KINDS];
	uint64_t signal_counts[SIGNAL_KINDS];
};

/* ---- the link ---- */

static void on_poll(uv_poll_t *poll, int status, int events);

static void watch(struct record *r)
{
	bool wants_write = r->welcome && (r->backlog.frames.len > r->backlog.sent || r->more.len);
	int events = UV_READABLE | (wants_write ? UV_WRITABLE : 0);

	if (r->poll && events != r->events)
		uv_poll_start(r->poll, events, on_poll);
	r->events = events;
}

static void on_poll_closed(uv_handle_t *handle)
{
	free(handle);
}

static void drop_link(struct record *r)
{
	if (r->poll) {
		uv_poll_stop(r->poll);
		r->poll->data = NULL;
		uv_close((uv_handle_t *)r->poll, on_poll_closed);
		close(r->fd);
	}
	r->poll = NULL;
	r->fd = -1;
	r->welcome = false;
	r->events = 0;
	buf_clear(&r->in);
	buf_clear(&r->more);
	r->more_cut = false;
}

static void link_down(struct record *r, const char *why)
{
	if (why)
		log_error("link %u to the recorder: %s", r->config.link, why);
	drop_link(r);
	if (r->config.on_down)
		r->config.on_down(r->config.owner);
}

/* Until the welcome only HELLO may travel: what the recorder has already is not known before. */
static int send_hello(struct record *r)
{
	struct link_hello h = {
		.link = r->config.link,
		.replay = r->config.want_replay && !r->replayed,
		.n = r->backlog.first_n - 1,
		.seq = r->last_seq,
		.applied_seq = r->config.applied_seq,
	};
	struct buf b = BUF_INIT(256);
	ssize_t n;

	memcpy(h.boot, r->config.boot, sizeof(h.boot));
	link_put_hello(&b, &h);
	n = send(r->fd, b.data, b.len, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (n >= 0)
		n = (size_t)n == b.len ? 0 : -EIO; /* an empty socket takes 48 bytes */
	else
		n = -errno;
	buf_done(&b);
	return (int)n;
}

int record_relink(struct record *r, int fd)
{
	int code;

	drop_link(r);
	if (fcntl(fd, F_SETFL, O_NONBLOCK) < 0) {
		close(fd);
		return -errno;
	}
	r->poll = calloc(1, sizeof(*r->poll));
	if (!r->poll || (code = uv_poll_init(loop_uv(r->loop), r->poll, fd)) < 0) {
		free(r->poll);
		r->poll = NULL;
		close(fd);
		return -ENOMEM;
	}
	r->fd = fd;
	r->poll->data = r;
	r->credit = 0;
	code = send_hello(r);
	if (code)
		drop_link(r);
	else
		watch(r);
	return code;
}

/* ---- writing ---- */

static bool send_from(struct record *r, const char *data, size_t len, size_t *sent)
{
	ssize_t n = send(r->fd, data, len, MSG_NOSIGNAL | MSG_DONTWAIT);

	if (n < 0 && errno != EAGAIN && errno != EINTR) {
		link_down(r, NULL); /* its end was or will be read as well */
		return false;
	}
	*sent = n > 0 ? (size_t)n : 0;
	return n > 0;
}

/* One write a pass. A frame that was cut by a full socket is finished before anything else. */
static void write_out(struct record *r)
{
	struct backlog *b = &r->backlog;
	size_t left = b->frames.len - b->sent, n = 0;

	if (!r->welcome)
		return;
	if (r->more.len && (left == 0 || r->more_cut)) {
		if (send_from(r, r->more.data, r->more.len, &n))
			buf_shift(&r->more, n);
		r->more_cut = r->more.len > 0 && (n > 0 || r->more_cut);
	} else if (left && send_from(r, b->frames.data + b->sent, left < SEND_MAX ? left : SEND_MAX, &n)) {
		b->sent += n;
	}
	watch(r);
}

static void on_pass(struct hook *hook)
{
	struct record *r = container_of(hook, struct record, hook);

	if (r->credit) {
		link_put_number(&r->more, LINK_MORE, r->credit);
		r->credit = 0;
	}
	write_out(r);
}

/* ---- reading ---- */

static int take_receipt(struct record *r, struct str payload)
{
	struct link_receipt run;
	struct receipt receipt;

	if (link_get_receipt(payload, &run) < 0 || run.first_n != r->backlog.first_n ||
		run.count > r->backlog.len)
		return -EPROTO;
	for (uint64_t i = 0; i < run.count; i++) {
		struct slot slot = backlog_take(&r->backlog);

		receipt = (struct receipt){.seq = run.first_seq + i, .time_us = run.time_us};
		memcpy(receipt.id, slot.id, RECORD_ID);
		r->last_seq = receipt.seq;
		r->receipted++;
		if (slot.waiter)
			slot.waiter->done(slot.waiter, &receipt);
	}
	return 0;
}

static int take_welcome(struct record *r, struct str payload)
{
	uint64_t next;

	if (r->welcome || link_get_number(payload, &next) < 0 || next != r->backlog.first_n)
		return -EPROTO;
	r->welcome = true;
	r->full = false;
	backlog_rewind(&r->backlog, next);
	if (r->config.on_ready)
		r->config.on_ready(r->config.owner);
	return 0;
}

static int take_replay(struct record *r, struct str p)
{
	struct str rules[RULES_MAX], src;
	struct entry entry;

	if (p.len < LINK_REPLAY_HEAD ||
		entry_get(str_cut(p, LINK_REPLAY_HEAD, p.len), &entry, rules, RULES_MAX, &src) < 0)
		return -EPROTO;
	if (r->config.on_replay)
		r->config.on_replay(r->config.owner, link_u64(p.data), link_u64(p.data + 8), src, &entry);
	return 0;
}

static int take_sm_count(struct record *r, struct str p)
{
	struct str sm = STR_NONE, value;
	uint64_t h = 0;
	uint16_t key;
	size_t at = 0;
	int code;

	while ((code = field_next(p, &at, &key, &value)) > 0) {
		if (key == KEY_SM)
			sm = value;
		else if (key == KEY_SM_H && field_u64(value, &h) < 0)
			return -EPROTO;
	}
	if (code == 0 && r->config.on_sm_count)
		r->config.on_sm_count(r->config.owner, sm, h);
	return code;
}

static int take_replay_end(struct record *r, struct str payload)
{
	uint64_t last;

	if (link_get_number(payload, &last) < 0)
		return -EPROTO;
	r->replayed = true;
	if (r->last_seq < last)
		r->last_seq = last;
	if (r->config.on_replay_end)
		r->config.on_replay_end(r->config.owner, last);
	return 0;
}

static int take_space(struct record *r, bool full)
{
	bool changed = full != r->full;

	r->full = full;
	if (changed && full && r->config.on_full)
		r->config.on_full(r->config.owner);
	if (changed && !full && r->config.on_ready)
		r->config.on_ready(r->config.owner);
	return 0;
}

static int take_frame(struct record *r, const struct frame *f)
{
	switch (f->type) {
	case LINK_RECEIPT:
		return take_receipt(r, f->payload);
	case LINK_WELCOME:
		return take_welcome(r, f->payload);
	case LINK_FULL:
		return take_space(r, true);
	case LINK_READY:
		return take_space(r, false);
	case LINK_REPLAY:
		return take_replay(r, f->payload);
	case LINK_SM_COUNT:
		return take_sm_count(r, f->payload);
	case LINK_REPLAY_END:
		return take_replay_end(r, f->payload);
	}
	return -EPROTO;
}

/* Callbacks may append, which touches the backlog only; the link itself may go down in between. */
static void take_frames(struct record *r)
{
	struct frame f;
	size_t at = 0;
	int code;

	while ((code = frame_next(buf_view(&r->in), &at, &f)) > 0) {
		code = take_frame(r, &f);
		if (code < 0 || !r->poll)
			break;
	}
	if (code < 0) {
		link_down(r, "malformed frame");
		return;
	}
	if (r->poll)
		buf_shift(&r->in, at);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
	struct record *r = poll->data;
	ssize_t n = 0;
	char *to;

	if (!r)
		return;
	if (events & UV_WRITABLE)
		write_out(r);
	if (!r->poll || (status == 0 && !(events & UV_READABLE)))
		return;
	to = buf_room(&r->in, READ_BYTES);
	if (status == 0 && to)
		n = recv(r->fd, to, READ_BYTES, MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		link_down(r, NULL);
		return;
	}
	r->in.len += (size_t)n;
	take_frames(r);
}

/* ---- appending ---- */

int record_append(struct record *r, const struct entry *entry, struct waiter *w)
{
	const struct event_type *type = event_type(entry->type);
	int code;

	if (!type || !type->gate)
		return -EINVAL;
	if (r->full && (w || entry->type == EVENT_CONTENT))
		return RECORD_E_FULL;
	code = backlog_put(&r->backlog, entry, w);
	r->appended += code == 0;
	return code;
}

void record_replay_more(struct record *r)
{
	r->credit++;
}

/* ---- outcomes ---- */

static void write_outcomes(struct record *r)
{
	while (outcomes_take(&r->outcomes)) {
		struct extra of = {.key = KEY_OF, .text = buf_view(&r->outcomes.taken)};
		struct entry entry = {.type = r->outcomes.type, .extra = &of, .extra_len = 1};

		if (record_append(r, &entry, NULL) && r->outcomes.lost++ == 0)
			log_error("the record is too far behind: what became of some messages cannot be "
				  "recorded");
	}
}

static void on_second(struct timer *timer)
{
	struct record *r = container_of(timer, struct record, timer);

	outcomes_due(&r->outcomes);
	write_outcomes(r);
	timer_start(r->loop, timer, 1);
}

static void add_outcome(struct record *r, enum event type, uint64_t seq, struct str who)
{
	if (outcomes_add(&r->outcomes, type, seq, who))
		write_outcomes(r);
}

void record_delivered(struct record *r, uint64_t seq, struct str who)
{
	add_outcome(r, EVENT_DELIVERED, seq, who);
}

void record_offline(struct record *r, uint64_t seq, struct str who)
{
	add_outcome(r, EVENT_OFFLINE, seq, who);
}

void record_fetched(struct record *r, uint64_t seq, struct str who)
{
	add_outcome(r, EVENT_FETCHED, seq, who);
}

/* ---- the handle ---- */

int record_open(struct record **out, struct loop *loop, int fd, const struct record_config *config)
{
	struct record *r = calloc(1, sizeof(*r));
	int code;

	if (!r)
		return -ENOMEM;
	r->loop = loop;
	r->config = *config;
	r->fd = -1;
	buf_init(&r->in, IN_MAX);
	outcomes_init(&r->outcomes);
	list_init(&r->hook.link);
	r->hook.run = on_pass;
	timer_init(&r->timer, on_second);
	code = backlog_init(&r->backlog, config->queue_bytes ? config->queue_bytes : QUEUE_BYTES);
	if (code == 0 && fd >= 0)
		code = record_relink(r, fd);
	if (code) {
		record_free(r);
		return code;
	}
	loop_add_hook(loop, &r->hook);
	timer_start(loop, &r->timer, 1);
	*out = r;
	return 0;
}

struct record *record_free(struct record *r)
{
	if (!r)
		return NULL;
	timer_stop(&r->timer);
	loop_remove_hook(&r->hook);
	drop_link(r);
	while (r->backlog.slots && r->backlog.len) {
		struct slot slot = backlog_take(&r->backlog);

		if (slot.waiter)
			slot.waiter->done(slot.waiter, NULL);
	}
	backlog_done(&r->backlog);
	outcomes_done(&r->outcomes);
	buf_done(&r->in);
	buf_done(&r->more);
	free(r);
	return NULL;
}

const struct receipt *record_signal(struct record *r, enum record_signal kind)
{
	r->signal_counts[kind]++;
	return &r->signals[kind];
}

void record_stats(const struct record *r, struct record_stats *out)
{
	*out = (struct record_stats){
		.queued = r->backlog.len,
		.queued_bytes = r->backlog.frames.len - r->backlog.taken,
		.appended = r->appended,
		.receipted = r->receipted,
		.last_seq = r->last_seq,
		.up = r->welcome,
		.full = r->full,
	};
	memcpy(out->signals, r->signal_counts, sizeof(out->signals));
}

void record_id(char out[RECORD_ID])
{
	unsigned char random[16];
	struct buf b = {.data = out, .cap = RECORD_ID, .max = RECORD_ID};

	rand_pooled(random, sizeof(random));
	base64url_put(&b, random, sizeof(random));
}
