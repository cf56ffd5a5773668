/* JSON and a line; see report.h. */
#include "report.h"

#include <stdio.h>

#include "clock.h"

static void report_key(struct report *r, const char *key)
{
	char last = r->json.len ? r->json.data[r->json.len - 1] : '{';

	if (last != '{' && last != '[')
		buf_add(&r->json, STR(", "));
	if (key)
		buf_print(&r->json, "\"%s\": ", key);
}

void report_text(struct report *r, const char *key, const char *value)
{
	report_key(r, key);
	buf_add(&r->json, STR("\""));
	for (; *value; value++) {
		if (*value == '"' || *value == '\\')
			buf_print(&r->json, "\\%c", *value);
		else if ((unsigned char)*value < 0x20)
			buf_add(&r->json, STR(" "));
		else
			buf_add(&r->json, (struct str){value, 1});
	}
	buf_add(&r->json, STR("\""));
}

void report_count(struct report *r, const char *key, uint64_t value)
{
	report_key(r, key);
	buf_print(&r->json, "%llu", (unsigned long long)value);
}

void report_real(struct report *r, const char *key, double value)
{
	report_key(r, key);
	buf_print(&r->json, "%.4g", value);
	if (value >= 10000 || value <= -10000) {
		r->json.len -= (size_t)snprintf(NULL, 0, "%.4g", value);
		buf_print(&r->json, "%.0f", value);
	}
}

void report_open(struct report *r, const char *key, char bracket)
{
	report_key(r, key);
	buf_add(&r->json, (struct str){&bracket, 1});
}

void report_close(struct report *r, char bracket)
{
	buf_add(&r->json, (struct str){&bracket, 1});
}

void report_begin(struct report *r, const struct option_set *opt)
{
	*r = (struct report){};
	buf_add(&r->json, STR("{"));
	report_text(r, "mode", opt->mode);
	report_count(r, "connections", opt->connections);
	if (!opt->floor)
		report_text(r, "mechanism", opt->mechanism);
	report_text(r, "tls", opt->starttls ? "STARTTLS" : "direct");
	report_say(r, "%s:", opt->mode);
}

void report_latency(struct report *r, const struct histogram *h)
{
	static const struct {
		const char *name;
		double share;
	} quantiles[] = {{"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}, {"p999", 0.999}};

	report_open(r, "latency_us", '{');
	for (size_t i = 0; i < sizeof(quantiles) / sizeof(*quantiles); i++)
		report_count(r, quantiles[i].name, histogram_quantile(h, quantiles[i].share));
	report_count(r, "max", h->max);
	report_close(r, '}');
	report_say(r, " p50 %llu p90 %llu p99 %llu max %llu us;",
		(unsigned long long)histogram_quantile(h, 0.5),
		(unsigned long long)histogram_quantile(h, 0.9),
		(unsigned long long)histogram_quantile(h, 0.99), (unsigned long long)h->max);
}

void report_tally(struct report *r, const struct tally_sum *sum)
{
	uint64_t lost = sum->sent - sum->received;

	report_count(r, "sent", sum->sent);
	report_count(r, "lost", lost);
	report_count(r, "duplicates", sum->duplicates);
	report_count(r, "disorder", sum->disorder);
	report_say(r, " lost %llu, twice %llu, out of order %llu;", (unsigned long long)lost,
		(unsigned long long)sum->duplicates, (unsigned long long)sum->disorder);
}

void report_cpu(struct report *r, const struct watch *w, const struct watch_reading *from,
	const struct watch_reading *to, uint64_t units)
{
	double seconds = (double)(to->at_ns - from->at_ns) / (double)NS_PER_SECOND;
	double all_us = (double)watch_cpu(w, from, to) / 1000;
	double own_us = (double)(to->own_ns - from->own_ns) / 1000;

	report_open(r, "cpu", '{');
	if (w->count) {
		report_real(r, "server_percent", all_us / seconds / 10000);
		report_open(r, "us_each", '{');
		for (unsigned i = 0; i < w->count; i++)
			report_real(r, w->processes[i].name,
				units ? (double)(to->cpu_ns[i] - from->cpu_ns[i]) / 1000 / (double)units : 0);
		report_real(r, "all", units ? all_us / (double)units : 0);
		report_close(r, '}');
	}
	report_real(r, "generator_percent", own_us / seconds / 10000);
	if (w->core >= 0)
		report_real(r, "core_percent", (double)(to->busy_ticks - from->busy_ticks) / seconds);
	report_close(r, '}');
	if (w->count)
		report_say(r, " server %.1f us each (%.0f %%),", units ? all_us / (double)units : 0.0,
			all_us / seconds / 10000);
	report_say(r, " generator %.0f %%;", own_us / seconds / 10000);
}

uint64_t report_memory(struct report *r, const struct watch *w)
{
	struct watch_memory all = {};

	report_open(r, "memory_kib", '{');
	for (unsigned i = 0; i < w->count; i++) {
		struct watch_memory one = watch_memory(&w->processes[i]);

		report_open(r, w->processes[i].name, '{');
		report_count(r, "rss", one.rss_kib);
		report_count(r, "pss", one.pss_kib);
		report_close(r, '}');
		all.rss_kib += one.rss_kib;
		all.pss_kib += one.pss_kib;
	}
	report_open(r, "all", '{');
	report_count(r, "rss", all.rss_kib);
	report_count(r, "pss", all.pss_kib);
	report_close(r, '}');
	report_close(r, '}');
	return all.rss_kib;
}

void report_crowd(struct report *r, const struct crowd *crowd)
{
	report_count(r, "failures", crowd->failures);
	if (crowd->failures) {
		report_text(r, "failure", crowd->why);
		report_say(
			r, " %llu connections failed (%s);", (unsigned long long)crowd->failures, crowd->why);
	}
}

void report_say(struct report *r, const char *format, ...)
{
	va_list list;

	va_start(list, format);
	buf_print_list(&r->line, format, list);
	va_end(list);
}

void report_end(struct report *r, bool quiet)
{
	buf_add(&r->json, STR("}"));
	printf("%.*s\n", (int)r->json.len, r->json.data);
	fflush(stdout);
	if (r->line.len && r->line.data[r->line.len - 1] == ';')
		r->line.len--;
	if (!quiet)
		fprintf(stderr, "%.*s\n", (int)r->line.len, r->line.data);
	buf_done(&r->json);
	buf_done(&r->line);
}
