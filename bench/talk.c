/* `load room`: rooms of --occupants, in each of which --window speakers have one message under way: the next one follows when
 * every occupant, the speaker too, has the last. One delivery is one message at one occupant. */
#include <stdio.h>
#include <stdlib.h>

#include "clock.h"
#include "crowd.h"
#include "fatal.h"
#include "mode.h"
#include "report.h"
#include "room.h"
#include "speech.h"

struct talker {
	uint32_t sent;
	uint32_t deliveries;   /* of all its messages so far */
	struct tally *tallies; /* one for each speaker of the room, of what this one has heard from it */
};

struct talk {
	const struct option_set *opt;
	struct crowd *crowd;
	struct room_seat *seats;
	struct talker *talkers;
	unsigned occupants, speakers; /* of each room */
	struct speech speech;
	struct tally_sum sum;
	struct histogram latency;
	uint64_t arrived, bytes; /* while measuring */
	uint64_t errors;
	bool sending, measuring;
};

static void talk_say(struct talk *t, struct client *c)
{
	struct speech_head head = {t->talkers[c->index].sent++, clock_now()};

	client_print(c, "<message to='");
	room_address(c, &c->out);
	client_print(c, "' type='groupchat' id='%u'", c->index);
	if (t->opt->pad)
		client_print(c, " pad='%0*d'", (int)t->opt->pad, 0);
	client_print(c, "><body>");
	speech_add(&t->speech, head, &c->out);
	client_print(c, "</body></message>");
	t->sum.sent += t->occupants;
	client_flush_later(c);
}

/* Who said it: the id is the speaker's number. -1: nobody of this room. */
static int talk_speaker(const struct talk *t, const struct client *c, struct str tag)
{
	struct str id;
	unsigned long number;

	if (!str_attribute(tag, STR("id"), &id))
		return -1;
	number = strtoul(id.data, NULL, 10);
	return number / t->occupants == room_of(c) && number % t->occupants < t->speakers ? (int)number : -1;
}

static void talk_heard(struct talk *t, struct client *c, int speaker, struct str stanza)
{
	struct talker *from = &t->talkers[speaker];
	struct speech_head head;
	uint64_t now = clock_now();
	struct str body;

	if (!str_between(stanza, STR("<body>"), STR("</body>"), &body) || !speech_read(&t->speech, body, &head))
		return;
	tally_note(&t->talkers[c->index].tallies[(unsigned)speaker % t->occupants], head.seq, &t->sum);
	if (t->measuring) {
		histogram_add(&t->latency, (now - head.at_ns) / NS_PER_US);
		t->arrived++;
		t->bytes += stanza.len;
	}
	if (!(++from->deliveries % t->occupants) && t->sending)
		talk_say(t, &t->crowd->clients[speaker]);
}

static void talk_stanza(struct client *c, struct str stanza)
{
	struct talk *t = c->crowd->owner;
	struct str tag = str_tag(stanza);
	int speaker;

	if (room_stanza(c, &t->seats[c->index], stanza) || !str_starts(stanza, STR("<message")))
		return;
	if (str_has(tag, STR("error"))) {
		if (!t->errors++)
			fprintf(stderr, "load: %.*s\n", (int)stanza.len, stanza.data);
		return;
	}
	speaker = t->sending || t->sum.sent ? talk_speaker(t, c, tag) : -1;
	if (speaker >= 0)
		talk_heard(t, c, speaker, stanza);
}

static void talk_ready(struct client *c)
{
	(void)c;
}

static void talk_gone(struct client *c, bool leaving, const char *why)
{
	(void)c;
	(void)leaving;
	(void)why;
}

static const struct duty talk_duty = {talk_ready, talk_stanza, talk_gone};

static void talk_report(const struct talk *t, const struct watch *watch, const struct watch_reading *from,
	const struct watch_reading *to)
{
	double seconds = (double)(to->at_ns - from->at_ns) / (double)NS_PER_SECOND;
	struct report r;

	report_begin(&r, t->opt);
	report_count(&r, "occupants", t->occupants);
	report_count(&r, "window", t->speakers);
	report_real(&r, "seconds", seconds);
	report_count(&r, "deliveries", t->arrived);
	report_real(&r, "per_second", (double)t->arrived / seconds);
	report_real(&r, "bytes_each", t->arrived ? (double)t->bytes / (double)t->arrived : 0);
	report_say(&r, " %.0f deliveries/s of %.0f bytes;", (double)t->arrived / seconds,
		t->arrived ? (double)t->bytes / (double)t->arrived : 0);
	report_latency(&r, &t->latency);
	report_cpu(&r, watch, from, to, t->arrived);
	report_tally(&r, &t->sum);
	report_count(&r, "errors", t->errors);
	report_crowd(&r, t->crowd);
	report_end(&r, t->opt->quiet);
}

static void talk_measure(struct talk *t, const struct watch *watch)
{
	struct watch_reading from, to;
	uint64_t end;

	speech_init(&t->speech, t->opt->shortest, t->opt->longest);
	t->sending = true;
	for (unsigned i = 0; i < t->crowd->count; i++)
		if (i % t->occupants < t->speakers)
			talk_say(t, &t->crowd->clients[i]);
	crowd_rest(t->crowd, t->opt->warm);
	watch_read(watch, &from);
	t->measuring = true;
	crowd_rest(t->crowd, t->opt->seconds);
	t->measuring = t->sending = false;
	watch_read(watch, &to);

	end = clock_now() + clock_seconds(t->opt->drain);
	while (t->sum.received < t->sum.sent && clock_now() < end)
		crowd_pass(t->crowd, clock_now() + NS_PER_SECOND / 10);
	crowd_rest(t->crowd, 0.05);
	talk_report(t, watch, &from, &to);
}

static struct talk *talk_new(const struct option_set *opt)
{
	struct talk *t = must_alloc(1, sizeof(*t));

	t->opt = opt;
	t->crowd = crowd_new(opt, &talk_duty, t, opt->connections);
	t->occupants = room_occupants(t->crowd);
	t->speakers = opt->window < t->occupants ? opt->window : t->occupants;
	t->seats = must_alloc(opt->connections, sizeof(*t->seats));
	t->talkers = must_alloc(opt->connections, sizeof(*t->talkers));
	for (unsigned i = 0; i < opt->connections; i++)
		t->talkers[i].tallies = must_alloc(t->speakers, sizeof(struct tally));
	return t;
}

static void talk_free(struct talk *t)
{
	for (unsigned i = 0; i < t->crowd->count; i++) {
		for (unsigned s = 0; s < t->speakers; s++)
			tally_done(&t->talkers[i].tallies[s]);
		free(t->talkers[i].tallies);
	}
	crowd_free(t->crowd);
	free(t->talkers);
	free(t->seats);
	free(t);
}

int talk_run(const struct option_set *opt, const struct watch *watch)
{
	struct talk *t;
	bool good;

	if (opt->connections % opt->occupants || opt->accounts < opt->connections)
		fatal("room needs an account for each connection, and connections that fill rooms of --occupants");
	t = talk_new(opt);
	crowd_ramp(t->crowd, 0, t->crowd->count);
	if (!opt->floor)
		room_enter_all(t->crowd, t->seats);
	talk_measure(t, watch);
	good = t->sum.received == t->sum.sent && !t->sum.duplicates && !t->sum.disorder && !t->errors &&
	       !t->crowd->failures;
	crowd_leave(t->crowd);
	talk_free(t);
	return good ? 0 : 1;
}
