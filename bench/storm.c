/* `load join`: everybody enters one room at once, --concurrency under way. It is over when each occupant has the presence of
 * each: n * n presences for n occupants. What the whole storm costs is read, and what one of its presences does. */
#include <stdio.h>
#include <stdlib.h>

#include "clock.h"
#include "crowd.h"
#include "fatal.h"
#include "mode.h"
#include "report.h"
#include "room.h"

struct storm {
	struct crowd *crowd;
	struct room_seat *seats;
	uint64_t seen;   /* presences, by all */
	unsigned inside; /* occupants */
};

static void storm_stanza(struct client *c, struct str stanza)
{
	struct storm *s = c->crowd->owner;
	struct room_seat *seat = &s->seats[c->index];
	uint32_t before = seat->seen;
	bool outside = !seat->inside;

	room_stanza(c, seat, stanza);
	s->seen += seat->seen - before;
	s->inside += outside && seat->inside;
}

static void storm_ready(struct client *c)
{
	(void)c;
}

static void storm_gone(struct client *c, bool leaving, const char *why)
{
	(void)c;
	(void)leaving;
	(void)why;
}

static const struct duty storm_duty = {storm_ready, storm_stanza, storm_gone};

static void storm_rage(struct storm *s)
{
	unsigned count = s->crowd->count, entered = 1;
	uint64_t end = clock_now() + clock_seconds(s->crowd->opt->limit);

	while (s->seen < (uint64_t)count * count) {
		while (entered < count && entered - s->inside < s->crowd->opt->concurrency)
			room_enter(&s->crowd->clients[entered++]);
		if (clock_now() > end)
			fatal("%u of %u are inside and have seen %llu presences", s->inside, count,
				(unsigned long long)s->seen);
		crowd_pass(s->crowd, clock_now() + NS_PER_SECOND / 10);
	}
}

static void storm_report(const struct storm *s, const struct watch *watch, const struct watch_reading *from,
	const struct watch_reading *to)
{
	double seconds = (double)(to->at_ns - from->at_ns) / (double)NS_PER_SECOND;
	double cpu_ms = (double)watch_cpu(watch, from, to) / 1e6;
	struct report r;

	report_begin(&r, s->crowd->opt);
	report_count(&r, "occupants", s->crowd->count);
	report_real(&r, "seconds", seconds);
	report_count(&r, "presences", s->seen);
	report_real(&r, "cpu_ms", cpu_ms);
	report_say(&r, " %u entered in %.2f s, %.0f ms of CPU;", s->crowd->count, seconds, cpu_ms);
	report_cpu(&r, watch, from, to, s->seen);
	report_crowd(&r, s->crowd);
	report_end(&r, s->crowd->opt->quiet);
}

int storm_run(const struct option_set *opt, const struct watch *watch)
{
	struct storm *s = must_alloc(1, sizeof(*s));
	struct option_set all = *opt; /* one room */
	struct watch_reading from, to;
	bool good;

	if (opt->accounts < opt->connections || opt->floor)
		fatal("join needs an account for each connection, and a server with rooms");
	all.occupants = opt->connections;
	s->crowd = crowd_new(&all, &storm_duty, s, opt->connections);
	s->seats = must_alloc(opt->connections, sizeof(*s->seats));
	crowd_ramp(s->crowd, 0, s->crowd->count);
	crowd_rest(s->crowd, opt->warm);
	room_make_all(s->crowd, s->seats);
	watch_read(watch, &from);
	storm_rage(s);
	crowd_rest(s->crowd, 0.2); /* what is left of it: subjects */
	watch_read(watch, &to);
	storm_report(s, watch, &from, &to);
	good = s->seen == (uint64_t)s->crowd->count * s->crowd->count && !s->crowd->failures;
	crowd_leave(s->crowd);
	crowd_free(s->crowd);
	free(s->seats);
	free(s);
	return good ? 0 : 1;
}
