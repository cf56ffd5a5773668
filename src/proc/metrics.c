#include "proc/metrics.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"

enum type { GAUGE, COUNTER, HISTOGRAM };

static const char *const type_names[] = {"gauge", "counter", "histogram"};

/* path: members of the status, parted by '.'. A last member "*" stands for each number of the object there, with its name
 * as the value of `label`. A histogram's path leads to an object with `count`, `microseconds` and `up_to`. */
struct metric {
	const char *name;
	enum type type;
	const char *path, *label;
	double scale; /* from the status to the unit; 0: 1 */
	const char *help;
};

static const struct metric metrics[] = {
	{"gatehouse_sessions", GAUGE, "sessions", NULL, 0, "Bound sessions, detached ones included."},
	{"gatehouse_connections", GAUGE, "connections", NULL, 0, "Connections of clients."},
	{"gatehouse_accounts", GAUGE, "accounts", NULL, 0, "Accounts, disabled ones included."},
	{"gatehouse_rooms", GAUGE, "figures.rooms", NULL, 0, "Rooms that exist now."},
	{"gatehouse_uptime_seconds", GAUGE, "uptime_seconds", NULL, 0, "Since the gate was started."},
	{"gatehouse_logins_total", COUNTER, "logins.*", "outcome", 0, "Logins by outcome."},
	{"gatehouse_tls_failures_total", COUNTER, "tls_failures.*", "from", 0,
		"TLS handshakes that failed, by where they came from."},
	{"gatehouse_stanzas_received_total", COUNTER, "figures.received.*", "kind", 0,
		"Stanzas that clients and components sent, by kind."},
	{"gatehouse_stanzas_delivered_total", COUNTER, "figures.delivered.*", "class", 0,
		"Stanzas handed to sessions: people's content, and all else."},
	{"gatehouse_stanzas_classed_total", COUNTER, "figures.classes.*", "class", 0,
		"Accepted stanzas, by whether they wait for the record (content), are recorded (event) or counted."},
	{"gatehouse_said_total", COUNTER, "figures.said.direction.*", "direction", 0,
		"Content that people sent and nothing stopped, by where it goes: inside, room, out, in."},
	{"gatehouse_said_types_total", COUNTER, "figures.said.type.*", "type", 0,
		"The same by what it is: message, file, link, call, presence, request."},
	{"gatehouse_said_groups_total", COUNTER, "figures.said.group.*", "group", 0,
		"The same by each group of who said it."},
	{"gatehouse_verdicts_total", COUNTER, "figures.verdicts.*", "action", 0,
		"Stanzas that were inspected, by what the policy does."},
	{"gatehouse_refusals_total", COUNTER, "figures.refusals.*", "condition", 0,
		"Stanzas refused before they were inspected or recorded, by error condition."},
	{"gatehouse_over_budget_total", COUNTER, "figures.over.*", "budget", 0,
		"Of them, those beyond what an account may: content, rooms, nicks, requests."},
	{"gatehouse_received_bytes_total", COUNTER, "figures.bytes.received.*", "stream", 0,
		"Bytes read from streams of clients and of components, without TLS."},
	{"gatehouse_sent_bytes_total", COUNTER, "figures.bytes.sent.*", "stream", 0,
		"Bytes written to streams of clients and of components, without TLS."},
	{"gatehouse_streams_slowed_total", COUNTER, "figures.slowed", NULL, 0,
		"Times a stream had used up its allowance and was read more slowly."},
	{"gatehouse_takeovers_total", COUNTER, "figures.takeovers.*", "outcome", 0,
		"Sessions taken over by another connection where something speaks for another hand, by what became of it."},
	{"gatehouse_takeovers_told_total", COUNTER, "figures.takeovers_told", NULL, 0,
		"Such takeovers of which the person was told."},
	{"gatehouse_parallel_use_total", COUNTER, "figures.parallel", NULL, 0,
		"Times an account was found in use from two networks at once that are not the organisation's."},
	{"gatehouse_record_waiting", GAUGE, "stanzas.waiting", NULL, 0, "Stanzas that wait for their receipt now."},
	{"gatehouse_record_receipts_total", COUNTER, "figures.receipts.count", NULL, 0,
		"Receipts that stanzas waited for."},
	{"gatehouse_record_wait_seconds_total", COUNTER, "figures.receipts.milliseconds", NULL, 0.001,
		"Time stanzas have waited for receipts, summed; divided by the receipts, the mean."},
	{"gatehouse_record_receipt_seconds", HISTOGRAM, "figures.receipts", "le", 0,
		"The same wait as a distribution, measured in whole milliseconds."},
	{"gatehouse_record_link_up", GAUGE, "record_link.up", NULL, 0, "1 while the gate reaches the recorder."},
	{"gatehouse_record_full", GAUGE, "record_link.full", NULL, 0, "1 while the record has no space."},
	{"gatehouse_record_entries", GAUGE, "record.entries", NULL, 0, "Lines of the record."},
	{"gatehouse_record_segments", GAUGE, "record.segments", NULL, 0, "Segments of the record."},
	{"gatehouse_record_free_bytes", GAUGE, "record.free_bytes", NULL, 0, "Free space on the record's disk."},
	{"gatehouse_store_waiting", GAUGE, "figures.store.waiting.*", "kind", 0,
		"Requests to the store: writes that are not on the disk yet, reads and searches of history not begun."},
	{"gatehouse_store_write_seconds", HISTOGRAM, "figures.store.write", "le", 0,
		"From the request of a write to its answer: it is on the disk."},
	{"gatehouse_store_transaction_seconds", HISTOGRAM, "figures.store.transaction", "le", 0,
		"Batches of writes that share one flush to the disk."},
	{"gatehouse_store_read_seconds", HISTOGRAM, "figures.store.read", "le", 0,
		"From the request of a read to its answer, history apart."},
	{"gatehouse_store_search_seconds", HISTOGRAM, "figures.store.search", "le", 0,
		"From the request of a page of history to its answer."},
	{"gatehouse_clients_held", GAUGE, "clients.held", NULL, 0, "Sessions that wait until their client is judged."},
	{"gatehouse_clients_held_stanzas", GAUGE, "clients.held_stanzas", NULL, 0,
		"Stanzas those have sent that wait with them."},
	{"gatehouse_clients_judged_total", COUNTER, "clients.judged.*", "class", 0,
		"Judgements of sessions' clients, by class; one more when a session is judged otherwise."},
	{"gatehouse_clients_wait_seconds", HISTOGRAM, "clients.wait", "le", 0,
		"How long sessions waited until their client was judged; who did not wait is not in it."},
	{"gatehouse_clients_overdue_total", COUNTER, "clients.overdue", NULL, 0,
		"Sessions that waited as long as clients.wait_seconds allows, for an answer that did not come."},
	{"gatehouse_clients_denied_total", COUNTER, "clients.denied.*", "rule", 0,
		"Logins and sessions denied for their client, by rule."},
	{"gatehouse_clients_held_off_total", COUNTER, "clients.held_off", NULL, 0,
		"Logins held off because their client was denied again and again."},
	{"gatehouse_mails", GAUGE, "mail.mails.*", "state", 0,
		"Mails in the queue and those that have ended, for 400 days, by state."},
	{"gatehouse_mail_tries_total", COUNTER, "mail.tries.*", "outcome", 0,
		"Mails handed to the mail server since the gate was started, by what became of it."},
	{"gatehouse_offline_kept_total", COUNTER, "figures.offline_kept", NULL, 0,
		"Messages kept for people who were not there."},
	{"gatehouse_archived_total", COUNTER, "figures.archived", NULL, 0, "Messages put into people's history."},
	{"gatehouse_process_resident_bytes", GAUGE, "processes.resident_bytes.*", "process", 0,
		"Memory of each process."},
	{"gatehouse_process_cpu_seconds_total", COUNTER, "processes.cpu_milliseconds.*", "process", 0.001,
		"Processor time of each process since it was started."},
	{"gatehouse_process_restarts_total", COUNTER, "processes.restarts.*", "process", 0,
		"Times a process had to be started again."},
};

/* The value at the path; "*" is left to the caller. */
static const json_t *find(const json_t *at, const char *path)
{
	struct str all = str_from(path);

	for (size_t from = 0, to; at && from < all.len; from = to + 1) {
		struct str name;

		to = str_find(all, '.', from);
		name = str_cut(all, from, to);
		if (str_is(name, "*"))
			return at;
		at = json_object_getn(at, name.data, name.len);
	}
	return at;
}

static void put_number(struct buf *out, const struct metric *m, const json_t *value)
{
	if (json_is_boolean(value))
		buf_putc(out, json_is_true(value) ? '1' : '0');
	else if (m->scale != 0)
		buf_printf(out, "%.3f", (double)json_integer_value(value) * m->scale);
	else
		buf_printf(out, "%lld", (long long)json_integer_value(value));
	buf_putc(out, '\n');
}

/* UTF-8 with the three escapes that the format has; names of groups are people's words. */
static void put_label(struct buf *out, const char *name)
{
	for (; *name; name++) {
		if (*name == '"' || *name == '\\')
			buf_putc(out, '\\');
		if (*name == '\n')
			buf_lit(out, "\\n");
		else
			buf_putc(out, *name);
	}
}

static long long number_of(const json_t *object, const char *name)
{
	return (long long)json_integer_value(json_object_get(object, name));
}

static void put_histogram(struct buf *out, const struct metric *m, const json_t *value)
{
	long long count = number_of(value, "count");
	const char *name;
	json_t *each;

	json_object_foreach(json_object_get(value, "up_to"), name, each) {
		buf_printf(out, "%s_bucket{%s=\"", m->name, m->label);
		put_label(out, name);
		buf_printf(out, "\"} %lld\n", (long long)json_integer_value(each));
	}
	buf_printf(out, "%s_bucket{%s=\"+Inf\"} %lld\n", m->name, m->label, count);
	buf_printf(out, "%s_sum %.6f\n", m->name, (double)number_of(value, "microseconds") / 1e6);
	buf_printf(out, "%s_count %lld\n", m->name, count);
}

static void put_samples(struct buf *out, const struct metric *m, const json_t *value)
{
	const char *name;
	json_t *each;

	if (m->type == HISTOGRAM) {
		put_histogram(out, m, value);
		return;
	}
	if (!m->label) {
		buf_printf(out, "%s ", m->name);
		put_number(out, m, value);
		return;
	}
	json_object_foreach((json_t *)(uintptr_t)value, name, each) {
		buf_printf(out, "%s{%s=\"", m->name, m->label);
		put_label(out, name);
		buf_lit(out, "\"} ");
		put_number(out, m, each);
	}
}

static void put_head(struct buf *out, const char *name, enum type type, const char *help)
{
	buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type_names[type]);
}

void metrics_put(struct buf *out, const json_t *status)
{
	const char *state = json_string_value(json_object_get(status, "state"));
	const char *version = json_string_value(json_object_get(status, "version"));

	put_head(out, "gatehouse_up", GAUGE, "1 while the server accepts clients.");
	buf_printf(out, "gatehouse_up %d\n", state && strcmp(state, "running") == 0);
	put_head(out, "gatehouse_info", GAUGE, "Always 1; the version is a label.");
	buf_printf(out, "gatehouse_info{version=\"%s\"} 1\n", version ? version : "");
	for (size_t i = 0; i < sizeof(metrics) / sizeof(metrics[0]); i++) {
		const struct metric *m = &metrics[i];
		const json_t *value = find(status, m->path);

		if (!value)
			continue;
		put_head(out, m->name, m->type, m->help);
		put_samples(out, m, value);
	}
}
