/* `load shut`: --background sessions are shut out while --connections others go on talking. When all are
 * there it says so on stderr; SIGUSR1 is the moment at which the order is given (bench/lockdown gives it). A
 * session is reached when its stream error, its end or a headline has come. Latency of the chat counts to the
 * part in which a message was due: before the order, from the order until the last session was reached, and
 * --seconds after that. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "chat.h"
#include "clock.h"
#include "fatal.h"
#include "login.h"
#include "mode.h"

#define SHUT_SLICE (5 * 1000 * NS_PER_US) /* how late the end of a part may be noticed */

struct shut {
	const struct option_set *opt;
	struct crowd *crowd;
	struct chat chat;
	struct histogram before, during, after;
	struct histogram told, ended; /* since the order */
	uint64_t ready_ns, last_ns;   /* when measuring began, when the last was reached; 0: not yet */
	bool *reached;                /* by index */
	unsigned left;                /* not reached */
	unsigned with_reason;         /* ended by a stream error that says why */
	unsigned early;               /* sessions that ended before the order */
	bool over;
};

static volatile sig_atomic_t shut_ordered;
static uint64_t shut_order_ns; /* written once, before shut_ordered */

static void shut_order(int number)
{
	(void)number;
	if (shut_ordered)
		return;
	shut_order_ns = clock_now();
	shut_ordered = 1;
}

static bool shut_concerns(const struct shut *s, const struct client *c)
{
	return c->index >= s->opt->connections;
}

static void shut_reach(struct shut *s, struct client *c, struct histogram *into, uint64_t now)
{
	histogram_add(into, (now - shut_order_ns) / NS_PER_US);
	if (s->reached[c->index])
		return;
	s->reached[c->index] = true;
	if (--s->left == 0)
		s->last_ns = now;
}

static void shut_ready(struct client *c)
{
	(void)c;
}

static void shut_stanza(struct client *c, struct str stanza)
{
	struct shut *s = c->crowd->owner;

	if (!shut_concerns(s, c))
		chat_hear(&s->chat, c, stanza);
	else if (shut_ordered && str_starts(stanza, STR("<message")) &&
		 str_has(str_tag(stanza), STR("headline")))
		shut_reach(s, c, &s->told, clock_now());
}

static void shut_gone(struct client *c, bool leaving, const char *why)
{
	struct shut *s = c->crowd->owner;

	if (leaving || !shut_concerns(s, c))
		return;
	s->early += !shut_ordered;
	s->with_reason += strstr(why, "policy-violation") != NULL;
	if (shut_ordered)
		shut_reach(s, c, &s->ended, clock_now());
}

static const struct duty shut_duty = {shut_ready, shut_stanza, shut_gone};

static struct histogram *shut_latency(void *owner, uint64_t due_ns)
{
	struct shut *s = owner;

	if (!s->ready_ns || due_ns < s->ready_ns || s->over)
		return NULL;
	if (!shut_ordered || due_ns < shut_order_ns)
		return &s->before;
	return !s->last_ns || due_ns < s->last_ns ? &s->during : &s->after;
}

static void shut_serve(struct shut *s, double seconds, bool (*until)(const struct shut *s))
{
	uint64_t end = clock_now() + clock_seconds(seconds);

	while (clock_now() < end && !(until && until(s)))
		chat_serve(&s->chat, clock_now() + SHUT_SLICE);
}

static bool order_is_given(const struct shut *s)
{
	(void)s;
	return shut_ordered;
}

static bool all_are_reached(const struct shut *s)
{
	return !s->left;
}

static void shut_report_part(struct report *r, const char *name, const struct histogram *latency)
{
	report_say(r, " %s", name);
	report_open(r, name, '{');
	report_count(r, "messages", latency->count);
	report_latency(r, latency);
	report_close(r, '}');
}

static void shut_report_reach(struct report *r, const struct shut *s)
{
	unsigned reached = s->opt->background - s->left;

	report_count(r, "affected", s->opt->background);
	report_count(r, "reached", reached);
	report_real(r, "last_reached_ms", s->last_ns ? (double)(s->last_ns - shut_order_ns) / 1e6 : 0);
	report_count(r, "ended", s->ended.count);
	report_count(r, "ended_with_reason", s->with_reason);
	report_count(r, "ended_before", s->early);
	report_say(r, " %u of %u reached, the last after %.0f ms, %llu ended;", reached, s->opt->background,
		s->last_ns ? (double)(s->last_ns - shut_order_ns) / 1e6 : 0.0,
		(unsigned long long)s->ended.count);
	shut_report_part(r, "told", &s->told);
	shut_report_part(r, "end", &s->ended);
}

static void shut_report(const struct shut *s)
{
	struct report r;

	report_begin(&r, s->opt);
	report_real(&r, "rate", s->opt->rate);
	shut_report_reach(&r, s);
	shut_report_part(&r, "before", &s->before);
	shut_report_part(&r, "during", &s->during);
	shut_report_part(&r, "after", &s->after);
	chat_report_losses(&s->chat, &r);
	report_count(&r, "lost_connections", s->crowd->failures - s->ended.count - s->early);
	report_end(&r, s->opt->quiet);
}

static struct shut *shut_new(const struct option_set *opt)
{
	struct shut *s = must_alloc(1, sizeof(*s));
	unsigned all = opt->connections + opt->background;

	if (!opt->background || opt->rate <= 0 || opt->accounts < all)
		fatal("shut needs --background, --rate, and an account for each of both");
	s->opt = opt;
	s->crowd = crowd_new(opt, &shut_duty, s, all);
	s->reached = must_alloc(all, sizeof(*s->reached));
	s->left = opt->background;
	for (unsigned i = opt->connections; i < all; i++)
		s->crowd->clients[i].product = opt->product;
	chat_init(&s->chat, opt, s->crowd, opt->connections);
	s->chat.latency_of = shut_latency;
	s->chat.owner = s;
	return s;
}

static void shut_free(struct shut *s)
{
	crowd_leave(s->crowd);
	chat_done(&s->chat);
	crowd_free(s->crowd);
	free(s->reached);
	free(s);
}

int shut_run(const struct option_set *opt, const struct watch *watch)
{
	struct shut *s = shut_new(opt);
	bool good;

	(void)watch;
	signal(SIGUSR1, shut_order);
	crowd_ramp(s->crowd, 0, s->crowd->count);
	fprintf(stderr, "load: %u sessions are there\n", s->crowd->ready);
	chat_begin(&s->chat);
	shut_serve(s, opt->warm, NULL);
	s->ready_ns = clock_now();
	shut_serve(s, opt->limit, order_is_given);
	if (!shut_ordered)
		fatal("no order was given");
	shut_serve(s, opt->drain, all_are_reached);
	shut_serve(s, opt->seconds, NULL);
	chat_drain(&s->chat);
	s->over = true;
	shut_report(s);
	good = !s->left && !s->early && chat_is_whole(&s->chat) && s->crowd->failures == s->ended.count;
	shut_free(s);
	return good ? 0 : 1;
}
