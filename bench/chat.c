/* `load chat`: 2n connections are n pairs; each talks to its partner, whose index differs in the last bit.
 *
 * Closed loop: every sender has `window` messages under way and sends the next when one has arrived. Open
 * loop: message k is due at start + k / rate, whatever has become of the others, and its latency counts from
 * then. */
#include <stdlib.h>

#include "clock.h"
#include "crowd.h"
#include "fatal.h"
#include "mode.h"
#include "report.h"
#include "speech.h"

struct chat_stream { /* from one client to its partner */
	uint32_t sent;
	struct tally tally;
};

struct chat {
	const struct option_set *opt;
	struct crowd *crowd;
	struct chat_stream *streams;
	struct speech speech;
	struct tally_sum sum;
	struct histogram latency;
	uint64_t arrived; /* messages while measuring */
	uint64_t errors;  /* error stanzas */
	uint64_t foreign; /* of another run */
	uint64_t late_ns; /* the most that the generator was behind its own schedule */
	uint64_t offset;  /* shifts the order of senders in the open loop */
	bool sending;
	bool measuring;
	char error[200]; /* the first one */
};

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

static void chat_stanza(struct client *c, struct str stanza)
{
	struct chat *chat = c->crowd->owner;
	struct client *partner = &c->crowd->clients[c->index ^ 1];
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
	if (chat->measuring) {
		histogram_add(&chat->latency, now > head.at_ns ? (now - head.at_ns) / NS_PER_US : 0);
		chat->arrived++;
	}
	if (chat->sending && chat->opt->rate == 0 && partner->step)
		chat_say(chat, partner, now);
}

static void chat_ready(struct client *c)
{
	(void)c;
}

static void chat_gone(struct client *c, bool leaving, const char *why)
{
	(void)c;
	(void)leaving;
	(void)why;
}

static const struct duty chat_duty = {chat_ready, chat_stanza, chat_gone};

static void chat_fill(struct chat *chat)
{
	for (unsigned i = 0; i < chat->crowd->count; i++) {
		for (unsigned n = 0; n < chat->opt->window; n++)
			chat_say(chat, &chat->crowd->clients[i], clock_now());
	}
}

/* Serves until `end_ns`; in the open loop says what falls due. *next is the number of the next message since
 * `zero_ns`. Senders take turns in an order that spreads them over all connections. */
static void chat_serve(struct chat *chat, uint64_t zero_ns, uint64_t end_ns, uint64_t *next)
{
	double gap = chat->opt->rate > 0 ? (double)NS_PER_SECOND / chat->opt->rate : 0;

	for (;;) {
		uint64_t now = clock_now();
		uint64_t due = end_ns;

		while (gap > 0) {
			due = zero_ns + (uint64_t)((double)*next * gap);
			if (due > now || due >= end_ns)
				break;
			if (chat->measuring && now - due > chat->late_ns)
				chat->late_ns = now - due;
			chat_say(chat, &chat->crowd->clients[(*next * chat->offset) % chat->crowd->count],
				due);
			++*next;
		}
		if (now >= end_ns)
			return;
		crowd_pass(chat->crowd, due < end_ns ? due : end_ns);
	}
}

static void chat_drain(struct chat *chat)
{
	uint64_t end = clock_now() + clock_seconds(chat->opt->drain);

	chat->sending = false;
	while (chat->sum.received + chat->errors < chat->sum.sent && clock_now() < end)
		crowd_pass(chat->crowd,
			end < clock_now() + NS_PER_SECOND / 10 ? end : clock_now() + NS_PER_SECOND / 10);
	crowd_rest(chat->crowd, 0.05); /* whatever comes twice */
}

static void chat_report(const struct chat *chat, const struct watch *watch, const struct watch_reading *from,
	const struct watch_reading *to)
{
	double seconds = (double)(to->at_ns - from->at_ns) / (double)NS_PER_SECOND;
	struct report r;

	report_begin(&r, chat->opt);
	report_count(&r, "window", chat->opt->rate > 0 ? 0 : chat->opt->window);
	report_real(&r, "rate", chat->opt->rate);
	report_real(&r, "seconds", seconds);
	report_count(&r, "messages", chat->arrived);
	report_real(&r, "per_second", (double)chat->arrived / seconds);
	report_say(&r, " %.0f/s;", (double)chat->arrived / seconds);
	report_latency(&r, &chat->latency);
	report_cpu(&r, watch, from, to, chat->arrived);
	report_tally(&r, &chat->sum);
	report_count(&r, "foreign", chat->foreign);
	report_real(&r, "behind_us", (double)chat->late_ns / 1000);
	report_count(&r, "errors", chat->errors);
	if (chat->errors) {
		report_text(&r, "error", chat->error);
		report_say(&r, " %llu errors (%s);", (unsigned long long)chat->errors, chat->error);
	}
	report_crowd(&r, chat->crowd);
	report_end(&r, chat->opt->quiet);
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

int chat_run(const struct option_set *opt, const struct watch *watch)
{
	unsigned count = opt->connections & ~1U;
	struct chat *chat = must_alloc(1, sizeof(*chat));
	struct watch_reading from, to;
	uint64_t zero, next = 0;
	bool good;

	if (!count || opt->accounts < count)
		fatal("chat needs an account for each of an even number of connections");
	chat->opt = opt;
	chat->crowd = crowd_new(opt, &chat_duty, chat, count);
	chat->streams = must_alloc(count, sizeof(*chat->streams));
	chat->offset = chat_offset(count);
	crowd_ramp(chat->crowd, 0, count);
	crowd_rest(chat->crowd, 0.3);

	speech_init(&chat->speech, opt->shortest, opt->longest);
	zero = clock_now();
	chat->sending = true;
	if (opt->rate == 0)
		chat_fill(chat);
	chat_serve(chat, zero, zero + clock_seconds(opt->warm), &next);
	watch_read(watch, &from);
	chat->measuring = true;
	chat_serve(chat, zero, zero + clock_seconds(opt->warm + opt->seconds), &next);
	chat->measuring = false;
	watch_read(watch, &to);
	chat_drain(chat);
	chat_report(chat, watch, &from, &to);
	good = chat->sum.received == chat->sum.sent && !chat->sum.duplicates && !chat->sum.disorder &&
	       !chat->errors && !chat->crowd->failures;

	crowd_leave(chat->crowd);
	for (unsigned i = 0; i < count; i++)
		tally_done(&chat->streams[i].tally);
	crowd_free(chat->crowd);
	free(chat->streams);
	free(chat);
	return good ? 0 : 1;
}
