/* The gate's side against a real recorder in a thread: receipts in order, a recorder that goes and comes
 * again, replay. */
#include "check.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "record/record.h"
#include "record/server.h"
#include "record/tree.h"
#include "rig.h"

enum {
	ENTRIES = 500,
	RESTART_AT = 200,
	LOGINS = 100,
};

/* ---- a recorder ---- */

struct recorder {
	struct rig *rig;
	struct journal *journal;
	struct server *server;
	int control[2];
	pthread_t thread;
};

static int on_control(void *owner)
{
	(void)owner;
	return 1;
}

static void *recorder_main(void *arg)
{
	struct recorder *r = arg;

	assert_int_equal(server_run(r->server), 1);
	tree_drain();
	return NULL;
}

/* Returns the gate's end of a link. */
static int recorder_start(struct recorder *r, struct rig *rig)
{
	struct server_config c = {.on_watch = on_control};
	struct err err = {};
	int pair[2];

	r->rig = rig;
	if (rig_open(rig, &r->journal, &err))
		fail_msg("%s", err.text);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, r->control), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	c.journal = r->journal;
	c.watch_fd = r->control[1];
	assert_int_equal(server_new(&r->server, &c), 0);
	assert_int_equal(server_add(r->server, 0, pair[1]), 0);
	assert_int_equal(pthread_create(&r->thread, NULL, recorder_main, r), 0);
	return pair[0];
}

static void recorder_end(struct recorder *r)
{
	assert_int_equal(write(r->control[0], "x", 1), 1);
	pthread_join(r->thread, NULL);
}

static void recorder_free(struct recorder *r)
{
	server_free(r->server);
	journal_close(r->journal);
	close(r->control[0]);
	close(r->control[1]);
}

/* The link ends at once: what was on its way is lost to this recorder. */
static void recorder_stop(struct recorder *r)
{
	recorder_end(r);
	recorder_free(r);
}

/* ---- a gate ---- */

struct gate {
	struct loop *loop;
	struct record *record;
	struct recorder recorder;
	struct rig rig;
	struct item {
		struct waiter waiter;
		struct gate *gate;
		char id[RECORD_ID];
		unsigned number;
	} items[ENTRIES];
	unsigned sent, done, replayed, counts;
	uint64_t last_seq, last_us, ended;
	bool down, refused;
	struct hook hook;
	struct arena *arena;
};

static void on_done(struct waiter *w, const struct receipt *receipt)
{
	struct item *i = container_of(w, struct item, waiter);
	struct gate *g = i->gate;
	const struct receipt *kept;

	if (!receipt) {
		g->refused = true;
		return;
	}
	assert_int_equal(i->number, g->done++); /* in the order of the calls */
	assert_true(receipt_seq(receipt) > g->last_seq && !receipt_is_signal(receipt));
	assert_memory_equal(receipt_id(receipt).data, i->id, RECORD_ID);
	g->last_seq = receipt_seq(receipt);
	kept = receipt_keep(g->arena, receipt);
	assert_int_equal(receipt_time_us(kept), receipt_time_us(receipt));
	if (g->done == ENTRIES)
		loop_stop(g->loop);
}

static void send_some(struct gate *g)
{
	char conv[16], text[64];

	for (int k = 0; k < 7 && g->sent < ENTRIES; k++) {
		struct item *i = &g->items[g->sent];
		struct entry e = {.type = EVENT_CONTENT, .sm = STR("stream"), .sm_h = g->sent};

		*i = (struct item){.waiter.done = on_done, .gate = g, .number = g->sent};
		record_id(i->id);
		snprintf(conv, sizeof(conv), "c%u", g->sent % 3);
		snprintf(text, sizeof(text), "<message>%u</message>", g->sent);
		e.id = str_of(i->id, RECORD_ID);
		e.conv = str_from(conv);
		e.stanza = str_from(text);
		assert_int_equal(record_append(g->record, &e, &i->waiter), 0);
		record_delivered(g->record, g->last_seq + 1, STR("a@example.org/r"));
		g->sent++;
	}
}

static void on_pass(struct hook *hook)
{
	struct gate *g = container_of(hook, struct gate, hook);

	send_some(g);
	if (g->down) {
		g->down = false;
		recorder_stop(&g->recorder);
		assert_int_equal(record_relink(g->record, recorder_start(&g->recorder, &g->rig)), 0);
	}
	if (g->sent == RESTART_AT - RESTART_AT % 7) {
		g->down = true;
		send_some(g);
	}
}

static void on_replay(void *owner, uint64_t seq, uint64_t time_us, struct str src, const struct entry *entry)
{
	struct gate *g = owner;
	const struct receipt *receipt = record_receipt_stored(g->arena, seq, time_us, entry->id);

	assert_true(receipt && src.len > 10 && entry->stanza.len > 10);
	g->replayed++;
	record_replay_more(g->record);
}

static void on_sm_count(void *owner, struct str sm, uint64_t h)
{
	struct gate *g = owner;

	assert_str(sm, "stream");
	assert_int_equal(h, ENTRIES - 1);
	g->counts++;
}

static void on_replay_end(void *owner, uint64_t last_seq)
{
	struct gate *g = owner;

	g->ended = last_seq;
	loop_stop(g->loop);
}

static void gate_run(struct gate *g, const char *boot, bool replay)
{
	struct record_config c = {.link = 0,
		.want_replay = replay,
		.owner = g,
		.on_replay = on_replay,
		.on_sm_count = on_sm_count,
		.on_replay_end = on_replay_end};

	memcpy(c.boot, boot, sizeof(c.boot));
	assert_int_equal(loop_new(&g->loop, 0), 0);
	assert_int_equal(record_open(&g->record, g->loop, recorder_start(&g->recorder, &g->rig), &c), 0);
	if (!replay) {
		g->hook.run = on_pass;
		loop_add_hook(g->loop, &g->hook);
	}
	loop_run(g->loop);
}

static void gate_end(struct gate *g)
{
	g->record = record_free(g->record);
	g->loop = loop_free(g->loop);
	recorder_stop(&g->recorder);
}

static void receipts_come_in_order_also_from_a_second_recorder_and_replay_gives_all(void **state)
{
	static struct gate g;
	struct record_stats stats;
	const struct receipt *signal;

	(void)state;
	g.arena = arena_new(0);
	rig_make(&g.rig, 1 << 20);
	gate_run(&g, "0000000a", false);
	assert_int_equal(g.done, ENTRIES);
	signal = record_signal(g.record, SIGNAL_PING);
	assert_true(
		receipt_is_signal(signal) && receipt_seq(signal) == 0 && str_is_empty(receipt_id(signal)));
	record_stats(g.record, &stats);
	assert_true(stats.up && stats.signals[SIGNAL_PING] == 1 && stats.receipted >= ENTRIES);
	gate_end(&g);
	gate_run(&g, "0000000b", true);
	assert_int_equal(g.replayed, ENTRIES);
	assert_int_equal(g.counts, 1);
	assert_true(g.ended >= g.last_seq);
	gate_end(&g);
	assert_false(g.refused);
	rig_remove(&g.rig);
	g.arena = arena_free(g.arena);
}

/* A login every two milliseconds, so that each could have a flush of its own; then waits until all are
 * durable. */
static void on_login_pass(struct hook *hook)
{
	struct gate *g = container_of(hook, struct gate, hook);
	struct entry e = {.type = EVENT_LOGIN, .from = STR("a@example.org"), .from_id = STR("person")};
	struct record_stats stats;

	if (g->sent < LOGINS && clock_mono_us() >= g->last_us + 2000) {
		g->last_us = clock_mono_us();
		assert_int_equal(record_append(g->record, &e, NULL), 0);
		g->sent++;
	}
	record_stats(g->record, &stats);
	if (stats.receipted == LOGINS)
		loop_stop(g->loop);
	else
		loop_nudge(g->loop);
}

static void what_nobody_waits_for_shares_flushes_and_becomes_durable(void **state)
{
	static struct gate g;
	struct record_config c = {.boot = "0000000d"};
	struct journal_stats stats;
	uint64_t start_us;

	(void)state;
	rig_make(&g.rig, 1 << 20);
	assert_int_equal(loop_new(&g.loop, 0), 0);
	assert_int_equal(record_open(&g.record, g.loop, recorder_start(&g.recorder, &g.rig), &c), 0);
	g.hook.run = on_login_pass;
	loop_add_hook(g.loop, &g.hook);
	start_us = clock_mono_us();
	loop_run(g.loop);
	g.record = record_free(g.record);
	g.loop = loop_free(g.loop);
	recorder_end(&g.recorder);
	journal_stats(g.recorder.journal, &stats);
	/* one flush each would be many more */
	assert_true(stats.flushes <= 5 + (clock_mono_us() - start_us) / 10000);
	assert_true(stats.lines >= LOGINS);
	recorder_free(&g.recorder);
	rig_remove(&g.rig);
}

static void without_a_recorder_entries_queue_up_to_a_bound_and_are_refused_at_the_end(void **state)
{
	static struct gate g;
	struct record_config c = {.boot = "0000000c", .queue_bytes = 20000};
	struct entry e = {
		.type = EVENT_CONTENT, .id = STR("0123456789012345678901"), .stanza = STR("<message/>")};
	struct item i = {.waiter.done = on_done, .gate = &g};
	char large[RECORD_ENTRY_MAX];
	int r = 0;

	(void)state;
	assert_int_equal(loop_new(&g.loop, 0), 0);
	assert_int_equal(record_open(&g.record, g.loop, -1, &c), 0);
	for (int n = 0; n < 10000 && r == 0; n++)
		r = record_append(g.record, &e, &i.waiter);
	assert_int_equal(r, RECORD_E_BUSY);
	g.record = record_free(g.record);
	assert_true(g.refused);
	c.queue_bytes = 0;
	assert_int_equal(record_open(&g.record, g.loop, -1, &c), 0);
	memset(large, 'x', sizeof(large));
	e.stanza = str_of(large, sizeof(large));
	assert_int_equal(record_append(g.record, &e, NULL), RECORD_E_LARGE);
	e.type = EVENT_BATCH;
	assert_int_equal(record_append(g.record, &e, NULL), -EINVAL);
	g.record = record_free(g.record);
	g.loop = loop_free(g.loop);
}

static void receipts_are_not_made_from_nothing(void **state)
{
	struct arena *a = arena_new(0);

	(void)state;
	assert_null(record_receipt_stored(a, 0, 1, STR("0123456789012345678901")));
	assert_null(record_receipt_stored(a, 1, 1, STR("0123")));
	assert_non_null(record_receipt_stored(a, 1, 1, STR("0123456789012345678901")));
	arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(receipts_come_in_order_also_from_a_second_recorder_and_replay_gives_all),
		cmocka_unit_test(what_nobody_waits_for_shares_flushes_and_becomes_durable),
		cmocka_unit_test(without_a_recorder_entries_queue_up_to_a_bound_and_are_refused_at_the_end),
		cmocka_unit_test(receipts_are_not_made_from_nothing),
	};

	log_set_level(LOG_ERROR);
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
