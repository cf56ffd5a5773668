/* `load login`: `concurrency` logins are under way at any time. Who has logged in logs out at once, and
 * another login begins without waiting for the server's goodbye, which is awaited all the same: servers
 * differ in how fast they say it. Latency runs from connect() until the login is complete. First every
 * account that will be used logs in once, so that its salted key is known and not computed while measuring;
 * then, when asked, `background` sessions of other accounts log in and stay. The measured time is also
 * reported in three parts: a server that decays shows it. */
#include <stdlib.h>

#include "clock.h"
#include "crowd.h"
#include "fatal.h"
#include "login.h"
#include "mode.h"
#include "report.h"

#define CHURN_PARTS 3
#define CHURN_LEAVING 32 /* sessions that may be saying goodbye, for each login under way */

struct churn {
	const struct option_set *opt;
	struct crowd *crowd;
	unsigned slots;        /* clients [0, slots) log in and out; those behind them rest */
	struct client **spare; /* those of them that are closed */
	unsigned spare_count;
	unsigned coming; /* logins under way */
	unsigned accounts;
	unsigned next;  /* account */
	unsigned until; /* in the first round: accounts still to begin; then endless */
	bool running;
	bool measuring;
	struct histogram latency;
	uint64_t logins;
};

/* Begins logins until enough are under way. */
static void churn_begin(struct churn *churn)
{
	while (churn->running && churn->until && churn->spare_count &&
		churn->coming < churn->opt->concurrency) {
		struct client *c = churn->spare[--churn->spare_count];

		churn->until--;
		churn->coming++;
		c->account = churn->opt->first + churn->next;
		churn->next = (churn->next + 1) % churn->accounts;
		client_open(c);
	}
}

static void churn_ready(struct client *c)
{
	struct churn *churn = c->crowd->owner;

	if (c->index >= churn->slots)
		return;
	if (churn->measuring) {
		histogram_add(&churn->latency, (clock_now() - c->began_ns) / NS_PER_US);
		churn->logins++;
	}
	churn->coming--;
	login_leave(c);
	churn_begin(churn);
}

static void churn_stanza(struct client *c, struct str stanza)
{
	(void)c;
	(void)stanza;
}

static void churn_gone(struct client *c, bool leaving, const char *why)
{
	struct churn *churn = c->crowd->owner;

	(void)why;
	if (c->index >= churn->slots)
		return;
	churn->coming -= !leaving;
	churn->spare[churn->spare_count++] = c;
	churn_begin(churn);
}

static const struct duty churn_duty = {churn_ready, churn_stanza, churn_gone};

static void churn_serve(struct churn *churn, double seconds)
{
	uint64_t end = clock_now() + clock_seconds(seconds);

	while (clock_now() < end && churn->crowd->failures < 100)
		crowd_pass(churn->crowd, end);
}

static void churn_start(struct churn *churn, unsigned logins)
{
	churn->running = true;
	churn->until = logins;
	churn_begin(churn);
}

/* Every account once, until its logout is answered. */
static void churn_prepare(struct churn *churn)
{
	churn_start(churn, churn->accounts);
	while (churn->until || churn->spare_count < churn->slots) {
		crowd_pass(churn->crowd, clock_now() + NS_PER_SECOND);
		if (churn->crowd->failures)
			fatal("a login failed: %s", churn->crowd->why);
	}
}

static void churn_report(const struct churn *churn, const struct watch *watch,
	const struct watch_reading readings[CHURN_PARTS + 1], const uint64_t logins[CHURN_PARTS + 1])
{
	const struct watch_reading *from = &readings[0], *to = &readings[CHURN_PARTS];
	double seconds = (double)(to->at_ns - from->at_ns) / (double)NS_PER_SECOND;
	struct report r;

	report_begin(&r, churn->opt);
	report_count(&r, "concurrency", churn->opt->concurrency);
	report_count(&r, "background", churn->opt->background);
	report_real(&r, "seconds", seconds);
	report_count(&r, "logins", churn->logins);
	report_real(&r, "per_second", (double)churn->logins / seconds);
	report_say(&r, " %.0f logins/s;", (double)churn->logins / seconds);
	report_latency(&r, &churn->latency);
	report_cpu(&r, watch, from, to, churn->logins);
	report_open(&r, "parts", '[');
	for (int i = 0; i < CHURN_PARTS; i++) {
		double time = (double)(readings[i + 1].at_ns - readings[i].at_ns) / (double)NS_PER_SECOND;
		double done = (double)(logins[i + 1] - logins[i]);

		report_open(&r, NULL, '{');
		report_real(&r, "per_second", done / time);
		report_real(&r, "cpu_us_each",
			done > 0 ? (double)watch_cpu(watch, &readings[i], &readings[i + 1]) / 1000 / done
				 : 0);
		report_close(&r, '}');
	}
	report_close(&r, ']');
	report_memory(&r, watch);
	report_crowd(&r, churn->crowd);
	report_end(&r, churn->opt->quiet);
}

static void churn_measure(struct churn *churn, const struct watch *watch)
{
	struct watch_reading readings[CHURN_PARTS + 1];
	uint64_t logins[CHURN_PARTS + 1];

	churn_start(churn, UINT32_MAX);
	churn_serve(churn, churn->opt->warm);
	churn->measuring = true;
	for (int i = 0; i <= CHURN_PARTS; i++) {
		if (i)
			churn_serve(churn, churn->opt->seconds / CHURN_PARTS);
		watch_read(watch, &readings[i]);
		logins[i] = churn->logins;
	}
	churn->running = churn->measuring = false;
	churn_report(churn, watch, readings, logins);
}

int churn_run(const struct option_set *opt, const struct watch *watch)
{
	struct churn *churn = must_alloc(1, sizeof(*churn));
	unsigned all;
	bool good;

	churn->opt = opt;
	churn->slots = opt->concurrency * CHURN_LEAVING;
	if (churn->slots > 20000 - opt->background % 20000 - 100)
		churn->slots = 20000 - opt->background % 20000 - 100;
	all = churn->slots + opt->background;
	churn->accounts = opt->accounts > opt->background ? opt->accounts - opt->background : 1;
	churn->crowd = crowd_new(opt, &churn_duty, churn, all);
	for (unsigned i = churn->slots; i < all; i++)
		churn->crowd->clients[i].account =
			opt->first + churn->accounts +
			(i - churn->slots) %
				(opt->accounts > churn->accounts ? opt->accounts - churn->accounts : 1);

	churn->spare = must_alloc(churn->slots, sizeof(*churn->spare));
	for (unsigned i = 0; i < churn->slots; i++)
		churn->spare[churn->spare_count++] = &churn->crowd->clients[i];

	churn_prepare(churn);
	if (opt->background) {
		crowd_ramp(churn->crowd, churn->slots, all);
		crowd_rest(churn->crowd, opt->settle);
	}
	churn_measure(churn, watch);
	good = churn->logins && !churn->crowd->failures;
	crowd_leave(churn->crowd);
	crowd_free(churn->crowd);
	free(churn->spare);
	free(churn);
	return good ? 0 : 1;
}
