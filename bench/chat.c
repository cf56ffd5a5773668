/* `load chat`: 2n connections are n pairs; each talks to its partner, whose index differs in the last bit.
 *
 * Closed loop: every sender has `window` messages under way and sends the next when one has arrived. Open
 * loop: message k is due at start + k / rate, whatever has become of the others, and its latency counts from
 * then. */
#include "chat.h"

#include <stdlib.h>

#include "clock.h"
#include "fatal.h"
#include "mode.h"

static void chat_say(struct chat *chat, struct client *c, uint64_t due_ns)
{
	struct chat_stream *stream = &chat->streams[c->index];
	uint32_t partner = c->crowd->clients[c->index ^ 1].account;
	struct speech_head head = {stream->sent++, due_ns};

	buf_print(&c->out, "<message to='%s%u@%s' type='chat' id='%s%x'><body>", chat->opt->user, partner,
		chat->opt->domain, chat->speech.tag, head.seq);
	speech_add(&chat->speech, head, &c->out);
	buf_add(&c->out, STR("</body></message>"));
	chat->sum.sent++;
	if (chat->opt->window > 1 && chat->opt->rate == 0)
		client_flush_later(c);
	else
		client_flush(c);
}

static void chat_error(struct chat *chat, struct client *c, struct str stanza)
{
	if (!chat->errors++) {
		size_t length = stanza.len < sizeof(chat->error) - 1 ? stanza.len : sizeof(chat->error) - 1;

		memcpy(chat->error, stanza.data, length);
	}
	if (chat->opt->rate == 0 && chat->sending)
		chat_say(chat, c, clock_now());
}

void chat_hear(struct chat *chat, struct client *c, struct str stanza)
{
	struct client *partner = &c->crowd->clients[c->index ^ 1];
	struct histogram *latency;
	struct speech_head head;
	struct str body;
	uint64_t now;

	if (!str_starts(stanza, STR("<message")))
		return;
	if (str_has(str_tag(stanza), STR("error"))) {
		chat_error(chat, c, stanza);
		return;
	}
	if (!str_between(stanza, STR("<body>"), STR("</body>"), &body))
		return;
	if (!speech_read(&chat->speech, body, &head)) {
		chat->foreign++;
		return;
	}
	now = clock_now();
	tally_note(&chat->streams[partner->index].tally, head.seq, &chat->sum);
	latency = chat->latency_of(chat->owner, head.at_ns);
	if (latency)
		histogram_add(latency, now > head.at_ns ? (now - head.at_ns) / NS_PER_US : 0);
	if (chat->sending && chat->opt->rate == 0 && partner->step)
		chat_say(chat, partner, now);
}

void chat_begin(struct chat *chat)
{
	speech_init(&chat->speech, chat->opt->shortest, chat->opt->longest);
	chat->zero_ns = clock_now();
	chat->sending = true;
	for (unsigned i = 0; chat->opt->rate == 0 && i < chat->count; i++) {
		for (unsigned n = 0; n < chat->opt->window; n++)
			chat_say(chat, &chat->crowd->clients[i], clock_now());
	}
}

/* Senders take turns in an order that spreads them over all connections. */
void chat_serve(struct chat *chat, uint64_t end_ns)
{
	double gap = chat->opt->rate > 0 ? (double)NS_PER_SECOND / chat->opt->rate : 0;

	for (;;) {
		uint64_t now = clock_now();
		uint64_t due = end_ns;

		while (gap > 0) {
			due = chat->zero_ns + (uint64_t)((double)chat->next * gap);
			if (due > now || due >= end_ns)
				break;
			if (now - due > chat->late_ns && chat->latency_of(chat->owner, due))
				chat->late_ns = now - due;
			chat_say(chat, &chat->crowd->clients[(chat->next * chat->offset) % chat->count], due);
			chat->next++;
		}
		if (now >= end_ns)
			return;
		crowd_pass(chat->crowd, due < end_ns ? due : end_ns);
	}
}

void chat_drain(struct chat *chat)
{
	uint64_t end = clock_now() + clock_seconds(chat->opt->drain);

	chat->sending = false;
	while (chat->sum.received + chat->errors < chat->sum.sent && clock_now() < end)
		crowd_pass(chat->crowd,
			end < clock_now() + NS_PER_SECOND / 10 ? end : clock_now() + NS_PER_SECOND / 10);
	crowd_rest(chat->crowd, 0.05); /* whatever comes twice */
}

/* A step through the clients that visits all of them: the first number from 0.38 n on without a common
 * divisor. */
static uint64_t chat_offset(uint64_t count)
{
	for (uint64_t step = count * 38 / 100 + 1;; step++) {
		uint64_t a = count, b = step;

		while (b) {
			uint64_t rest = a % b;

			a = b;
			b = rest;
		}
		if (a == 1)
			return step;
	}
}

void chat_init(struct chat *chat, const struct option_set *opt, struct crowd *crowd, unsigned count)
{
	if (!count || count % 2 || opt->accounts < count)
		fatal("chat needs an account for each of an even number of connections");
	chat->opt = opt;
	chat->crowd = crowd;
	chat->count = count;
	chat->streams = must_alloc(count, sizeof(*chat->streams));
	chat->offset = chat_offset(count);
}

void chat_done(struct chat *chat)
{
	for (unsigned i = 0; i < chat->count; i++)
		tally_done(&chat->streams[i].tally);
	free(chat->streams);
}

bool chat_is_whole(const struct chat *chat)
{
	return chat->sum.received == chat->sum.sent && !chat->sum.duplicates && !chat->sum.disorder &&
	       !chat->errors;
}

void chat_report_losses(const struct chat *chat, struct report *r)
{
	report_tally(r, &chat->sum);
	report_count(r, "foreign", chat->foreign);
	report_real(r, "behind_us", (double)chat->late_ns / 1000);
	report_count(r, "errors", chat->errors);
	if (chat->errors) {
		report_text(r, "error", chat->error);
		report_say(r, " %llu errors (%s);", (unsigned long long)chat->errors, chat->error);
	}
}

/* ---- the mode ---- */

struct chat_mode {
	struct chat chat;
	struct histogram latency;
	bool measuring;
};

static void mode_ready(struct client *c)
{
	(void)c;
}

static void mode_stanza(struct client *c, struct str stanza)
{
	struct chat_mode *m = c->crowd->owner;

	chat_hear(&m->chat, c, stanza);
}

static void mode_gone(struct client *c, bool leaving, const char *why)
{
	(void)c;
	(void)leaving;
	(void)why;
}

static const struct duty mode_duty = {mode_ready, mode_stanza, mode_gone};

static struct histogram *mode_latency(void *owner, uint64_t due_ns)
{
	struct chat_mode *m = owner;

	(void)due_ns;
	return m->measuring ? &m->latency : NULL;
}

static void mode_report(const struct chat_mode *m, const struct watch *watch,
	const struct watch_reading *from, const struct watch_reading *to)
{
	const struct option_set *opt = m->chat.opt;
	double seconds = (double)(to->at_ns - from->at_ns) / (double)NS_PER_SECOND;
	struct report r;

	report_begin(&r, opt);
	report_count(&r, "window", opt->rate > 0 ? 0 : opt->window);
	report_real(&r, "rate", opt->rate);
	report_real(&r, "seconds", seconds);
	report_count(&r, "messages", m->latency.count);
	report_real(&r, "per_second", (double)m->latency.count / seconds);
	report_say(&r, " %.0f/s;", (double)m->latency.count / seconds);
	report_latency(&r, &m->latency);
	report_cpu(&r, watch, from, to, m->latency.count);
	chat_report_losses(&m->chat, &r);
	report_crowd(&r, m->chat.crowd);
	report_end(&r, opt->quiet);
}

int chat_run(const struct option_set *opt, const struct watch *watch)
{
	unsigned count = opt->connections & ~1U;
	struct chat_mode *m = must_alloc(1, sizeof(*m));
	struct crowd *crowd = crowd_new(opt, &mode_duty, m, count);
	struct watch_reading from, to;
	bool good;

	chat_init(&m->chat, opt, crowd, count);
	m->chat.latency_of = mode_latency;
	m->chat.owner = m;
	crowd_ramp(crowd, 0, count);
	crowd_rest(crowd, 0.3);

	chat_begin(&m->chat);
	chat_serve(&m->chat, m->chat.zero_ns + clock_seconds(opt->warm));
	watch_read(watch, &from);
	m->measuring = true;
	chat_serve(&m->chat, m->chat.zero_ns + clock_seconds(opt->warm + opt->seconds));
	m->measuring = false;
	watch_read(watch, &to);
	chat_drain(&m->chat);
	mode_report(m, watch, &from, &to);
	good = chat_is_whole(&m->chat) && !crowd->failures;

	crowd_leave(crowd);
	chat_done(&m->chat);
	crowd_free(crowd);
	free(m);
	return good ? 0 : 1;
}
