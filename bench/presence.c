/* `load presence`: n people, each with `contacts` others on the roster, to both sides: a ring in which person
 * i knows those up to contacts / 2 places away. Missing subscriptions are made first, by the people
 * themselves (RFC 6121 section 3), so any server will do. Then everybody changes the status text, and again
 * when all contacts have got it
 * (`window` changes at a time). One delivery is one presence at one contact. */
#include <stdio.h>
#include <stdlib.h>

#include "clock.h"
#include "crowd.h"
#include "fatal.h"
#include "login.h"
#include "mode.h"
#include "report.h"
#include "speech.h"

#define ROUNDS 20 /* of asking for rosters, without any that grew, until this is given up */

struct person {
	uint32_t sent;
	uint32_t deliveries;   /* of all changes so far, at all contacts */
	struct tally *tallies; /* one for each contact, of what that one said */
};

struct presence {
	const struct option_set *opt;
	struct crowd *crowd;
	struct person *people;
	unsigned reach; /* places to each side */
	struct speech speech;
	struct tally_sum sum;
	struct histogram latency;
	uint64_t arrived, bytes; /* while measuring */
	bool sending;
	bool measuring;
};

/* Where `other` stands among the contacts of `me`: 0 .. 2 * reach - 1, or -1. */
static int contact_place(const struct presence *p, unsigned me, unsigned other)
{
	unsigned count = p->crowd->count;
	unsigned ahead = (other + count - me) % count;

	if (ahead >= 1 && ahead <= p->reach)
		return (int)ahead - 1;
	if (count - ahead <= p->reach)
		return (int)(p->reach + count - ahead) - 1;
	return -1;
}

/* Who sent this: an index among the people, or -1. */
static int presence_sender(const struct presence *p, struct str tag)
{
	const struct option_set *opt = p->opt;
	size_t prefix = strlen(opt->user);
	struct str from;
	unsigned long number;

	if (!str_attribute(tag, STR("from"), &from) || !str_starts(from, str_of(opt->user)))
		return -1;
	number = strtoul(from.data + prefix, NULL, 10);
	if (number < opt->first || number - opt->first >= p->crowd->count)
		return -1;
	return (int)(number - opt->first);
}

static void presence_to(struct client *c, unsigned other, const char *type)
{
	const struct option_set *opt = c->crowd->opt;

	client_print(
		c, "<presence to='%s%u@%s' type='%s'/>", opt->user, opt->first + other, opt->domain, type);
	client_flush_later(c);
}

/* The one who was asked agrees and, when the asker stands before it in the ring, asks back. */
static void presence_asked(const struct presence *p, struct client *c, unsigned asker)
{
	int place = contact_place(p, asker, c->index);

	presence_to(c, asker, "subscribed");
	if (place >= 0 && place < (int)p->reach)
		presence_to(c, asker, "subscribe");
}

static void presence_say(struct presence *p, struct client *c)
{
	struct speech_head head = {p->people[c->index].sent++, clock_now()};

	buf_add(&c->out, STR("<presence><status>"));
	speech_head_add(&p->speech, head, &c->out);
	buf_add(&c->out, STR("</status></presence>"));
	p->sum.sent += 2 * p->reach;
	client_flush_later(c);
}

static void presence_arrived(struct presence *p, struct client *c, unsigned sender, struct str stanza)
{
	struct person *person = &p->people[sender];
	int place = contact_place(p, c->index, sender);
	struct speech_head head;
	struct str status;
	uint64_t now = clock_now();

	if (place < 0 || !str_between(stanza, STR("<status>"), STR("</status>"), &status) ||
		!speech_read(&p->speech, status, &head))
		return;
	tally_note(&p->people[c->index].tallies[place], head.seq, &p->sum);
	if (p->measuring) {
		histogram_add(&p->latency, (now - head.at_ns) / NS_PER_US);
		p->arrived++;
		p->bytes += stanza.len;
	}
	if (!(++person->deliveries % (2 * p->reach)) && p->sending)
		presence_say(p, &p->crowd->clients[sender]);
}

static void presence_stanza(struct client *c, struct str stanza)
{
	struct presence *p = c->crowd->owner;
	struct str tag = str_tag(stanza), type = {"", 0};
	int sender;

	if (!str_starts(stanza, STR("<presence")))
		return;
	sender = presence_sender(p, tag);
	if (sender < 0 || (unsigned)sender == c->index)
		return;
	str_attribute(tag, STR("type"), &type);
	if (str_equal(type, STR("subscribe")))
		presence_asked(p, c, (unsigned)sender);
	else if (!type.len && p->people)
		presence_arrived(p, c, (unsigned)sender, stanza);
}

static void presence_ready(struct client *c)
{
	(void)c;
}

static void presence_gone(struct client *c, bool leaving, const char *why)
{
	(void)c;
	(void)leaving;
	(void)why;
}

static const struct duty presence_duty = {presence_ready, presence_stanza, presence_gone};

/* Contacts missing from all rosters together. */
static unsigned presence_missing(const struct presence *p)
{
	unsigned missing = 0;

	for (unsigned i = 0; i < p->crowd->count; i++) {
		unsigned there = p->crowd->clients[i].contacts;

		missing += there < 2 * p->reach ? 2 * p->reach - there : 0;
	}
	return missing;
}

/* Asks for all rosters until none lacks anybody. Some servers sync a file for every step of a subscription.
 */
static void presence_await(struct presence *p)
{
	unsigned missing = presence_missing(p);

	for (int still = 0; missing && still < ROUNDS; still++) {
		unsigned before = missing;

		crowd_rest(p->crowd, 1);
		for (unsigned i = 0; i < p->crowd->count; i++)
			login_ask_roster(&p->crowd->clients[i]);
		crowd_rest(p->crowd, 0.5);
		missing = presence_missing(p);
		if (missing < before)
			still = -1;
	}
	if (missing)
		fatal("%u contacts of %u people have not been made", missing, p->crowd->count);
}

/* Makes the contacts, unless they are there. */
static void presence_befriend(struct presence *p)
{
	struct crowd *crowd = p->crowd;

	if (!presence_missing(p))
		return;
	for (unsigned i = 0; i < crowd->count; i++) {
		for (unsigned place = 1; place <= p->reach; place++)
			presence_to(&crowd->clients[i], (i + place) % crowd->count, "subscribe");
		crowd_pass(crowd, clock_now());
	}
	presence_await(p);
}

static void presence_report(const struct presence *p, const struct watch *watch,
	const struct watch_reading *from, const struct watch_reading *to)
{
	double seconds = (double)(to->at_ns - from->at_ns) / (double)NS_PER_SECOND;
	struct report r;

	report_begin(&r, p->opt);
	report_count(&r, "contacts", 2 * p->reach);
	report_count(&r, "window", p->opt->window);
	report_real(&r, "seconds", seconds);
	report_count(&r, "deliveries", p->arrived);
	report_real(&r, "per_second", (double)p->arrived / seconds);
	report_real(&r, "bytes_each", p->arrived ? (double)p->bytes / (double)p->arrived : 0);
	report_say(&r, " %.0f deliveries/s;", (double)p->arrived / seconds);
	report_latency(&r, &p->latency);
	report_cpu(&r, watch, from, to, p->arrived);
	report_tally(&r, &p->sum);
	report_crowd(&r, p->crowd);
	report_end(&r, p->opt->quiet);
}

static void presence_measure(struct presence *p, const struct watch *watch)
{
	struct watch_reading from, to;
	uint64_t end;

	speech_init(&p->speech, SPEECH_HEAD, SPEECH_HEAD);
	p->sending = true;
	for (unsigned i = 0; i < p->crowd->count; i++) {
		for (unsigned n = 0; n < p->opt->window; n++)
			presence_say(p, &p->crowd->clients[i]);
	}
	crowd_rest(p->crowd, p->opt->warm);
	watch_read(watch, &from);
	p->measuring = true;
	crowd_rest(p->crowd, p->opt->seconds);
	p->measuring = p->sending = false;
	watch_read(watch, &to);

	end = clock_now() + clock_seconds(p->opt->drain);
	while (p->sum.received < p->sum.sent && clock_now() < end)
		crowd_pass(p->crowd, clock_now() + NS_PER_SECOND / 10);
	crowd_rest(p->crowd, 0.05);
	presence_report(p, watch, &from, &to);
}

int presence_run(const struct option_set *opt, const struct watch *watch)
{
	struct presence *p = must_alloc(1, sizeof(*p));
	unsigned count = opt->connections;
	bool good;

	if (opt->contacts < 2 || opt->contacts >= count || opt->accounts < count || !opt->roster)
		fatal("presence needs --roster, an account for each connection, and 2 to n - 1 contacts");
	p->opt = opt;
	p->reach = opt->contacts / 2;
	p->crowd = crowd_new(opt, &presence_duty, p, count);
	crowd_ramp(p->crowd, 0, count);
	crowd_rest(p->crowd, 0.5);
	presence_befriend(p);

	p->people = must_alloc(count, sizeof(*p->people));
	for (unsigned i = 0; i < count; i++)
		p->people[i].tallies = must_alloc(2 * (size_t)p->reach, sizeof(struct tally));
	presence_measure(p, watch);
	good = p->sum.received == p->sum.sent && !p->sum.duplicates && !p->sum.disorder &&
	       !p->crowd->failures;

	crowd_leave(p->crowd);
	for (unsigned i = 0; i < count; i++) {
		for (unsigned place = 0; place < 2 * p->reach; place++)
			tally_done(&p->people[i].tallies[place]);
		free(p->people[i].tallies);
	}
	crowd_free(p->crowd);
	free(p->people);
	free(p);
	return good ? 0 : 1;
}
