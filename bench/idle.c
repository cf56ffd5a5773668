/* `load idle`: sessions that do nothing. At each step the memory of the server is read after a rest, together
 * with what the logins of that step cost; at the last one also what resting costs. Memory for a connection is
 * the growth since the start, when the server had none. */
#include <stdlib.h>

#include "clock.h"
#include "crowd.h"
#include "fatal.h"
#include "mode.h"
#include "report.h"

/* What a client of today switches on once it is there. */
static void idle_ready(struct client *c)
{
	if (!c->crowd->opt->furnished)
		return;
	client_print(c,
		"<iq type='set' id='carbons'><enable xmlns='urn:xmpp:carbons:2'/></iq>"
		"<iq type='set' id='nick'><pubsub xmlns='http://jabber.org/protocol/pubsub'>"
		"<publish node='http://jabber.org/protocol/nick'><item id='current'>"
		"<nick xmlns='http://jabber.org/protocol/nick'>Person %u</nick></item></publish></pubsub></iq>"
		"<enable xmlns='urn:xmpp:sm:3' resume='true'/><inactive xmlns='urn:xmpp:csi:0'/>",
		c->account);
	client_flush_later(c);
}

/* Stream management wants answers, or the session ends (XEP-0198 section 4). */
static void idle_stanza(struct client *c, struct str stanza)
{
	if (str_starts(stanza, STR("<enabled"))) {
		c->heard = 0;
	} else if (str_starts(stanza, STR("<r "))) {
		client_print(c, "<a xmlns='urn:xmpp:sm:3' h='%u'/>", c->heard);
		client_flush_later(c);
	}
}

static void idle_gone(struct client *c, bool leaving, const char *why)
{
	(void)c;
	(void)leaving;
	(void)why;
}

static const struct duty idle_duty = {idle_ready, idle_stanza, idle_gone};

/* Growth of each process since `before`, for each of `count` connections. */
static void idle_report_growth(
	struct report *r, const struct watch *watch, const struct watch_memory *before, unsigned count)
{
	double all = 0;

	report_open(r, "rss_kib_each", '{');
	for (unsigned i = 0; i < watch->count; i++) {
		struct watch_memory now = watch_memory(&watch->processes[i]);
		double each = ((double)now.rss_kib - (double)before[i].rss_kib) / count;

		report_real(r, watch->processes[i].name, each);
		all += each;
	}
	report_real(r, "all", all);
	report_close(r, '}');
	report_say(r, " %u: %.2f KiB each;", count, all);
}

static void idle_step(struct crowd *crowd, struct report *r, const struct watch *watch,
	const struct watch_memory *before, unsigned from, unsigned to)
{
	struct watch_reading start, end;

	watch_read(watch, &start);
	crowd_ramp(crowd, from, to);
	watch_read(watch, &end);
	crowd_rest(crowd, crowd->opt->settle);

	report_open(r, NULL, '{');
	report_count(r, "connections", to);
	report_memory(r, watch);
	idle_report_growth(r, watch, before, to);
	report_real(r, "login_cpu_us", (double)watch_cpu(watch, &start, &end) / 1000 / (to - from));
	report_real(r, "ramp_seconds", (double)(end.at_ns - start.at_ns) / (double)NS_PER_SECOND);
	report_close(r, '}');
}

int idle_run(const struct option_set *opt, const struct watch *watch)
{
	unsigned steps[OPTION_STEPS] = {opt->connections};
	unsigned count = opt->step_count ? opt->step_count : 1;
	unsigned top = opt->connections; /* of the last step */
	struct watch_memory before[WATCH_MAX];
	struct watch_reading from, to;
	struct crowd *crowd;
	struct report r;
	bool good;

	if (opt->step_count)
		memcpy(steps, opt->steps, sizeof(steps));
	crowd = crowd_new(opt, &idle_duty, NULL, top);
	crowd_rest(crowd, opt->settle); /* a server that listens may still be starting */
	for (unsigned i = 0; i < watch->count; i++)
		before[i] = watch_memory(&watch->processes[i]);

	report_begin(&r, opt);
	report_memory(&r, watch);
	report_open(&r, "steps", '[');
	for (unsigned i = 0; i < count; i++) {
		if (i && steps[i] <= steps[i - 1])
			fatal("--steps must grow");
		idle_step(crowd, &r, watch, before, i ? steps[i - 1] : 0, steps[i]);
	}
	report_close(&r, ']');

	watch_read(watch, &from);
	crowd_rest(crowd, opt->seconds);
	watch_read(watch, &to);
	report_real(&r, "seconds", opt->seconds);
	report_cpu(&r, watch, &from, &to, 0);
	good = crowd->ready == top && !crowd->failures;
	report_crowd(&r, crowd);
	report_end(&r, opt->quiet);
	crowd_leave(crowd);
	crowd_free(crowd);
	return good ? 0 : 1;
}
