/* The gate: network, XML, sessions, routing. It reads hostile input, so it has no record folder, no key of the record, no
 * exec and no ptrace; listening sockets, links and keys come from the supervisor as descriptors. */
#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/rand.h"
#include "base/text.h"
#include "inspect/inspect.h"
#include "net/tls_memory.h"
#include "proc/confine.h"
#include "proc/gate.h"
#include "proc/probe.h"
#include "route/disco.h"
#include "route/office.h"

enum {
	GOODBYE_SECONDS = 3,
	SETTLE_MS = 10, /* between two looks at what still waits for the record */
};

static struct gate gate;

/* ---- options ---- */

static const char *option_dir(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "--dir"))
		return argv[2];
	fprintf(stderr, "gate is started by the supervisor: use 'gatehouse serve --dir DIR'\n");
	exit(2);
}

/* ---- confinement ---- */

static int gate_confine(struct gate *g, struct err *err)
{
	const struct settings *s = g->settings;
	char store_dir[4096], secret[4096];
	struct confine_path paths[] = {
			{s->file.data, CONFINE_READ},
			{s->policy_dir.data, CONFINE_READ},
			{store_dir, CONFINE_WRITE},
			{secret, CONFINE_READ},
			{"/etc/localtime", CONFINE_READ},
			{"/dev/urandom", CONFINE_READ},
			{"/proc/self", CONFINE_READ},
	};
	struct confine_rules rules = {.paths = paths, .paths_len = sizeof(paths) / sizeof(paths[0]), .net = true};
	char *slash;
	int r;

	snprintf(store_dir, sizeof(store_dir), "%s", s->store_file.data);
	slash = strrchr(store_dir, '/');
	if (slash)
		*slash = '\0';
	snprintf(secret, sizeof(secret), "%s/keys/account.secret", g->dir);
	r = confine(&rules, &g->confinement, err);
	if (r)
		return r;
	confine_log(&g->confinement);
	return 0;
}

/* ---- data ---- */

static void no_answer(struct store_req *req, int result)
{
	(void)req;
	(void)result;
}

static int gate_load_directory(struct gate *g, struct err *err)
{
	struct store_req req;
	int r;

	r = directory_new(&g->directory);
	if (r)
		return r;
	store_req_init(&req, no_answer, NULL);
	r = store_account_all(g->store, &req);
	if (r == 0)
		r = store_wait(&req);
	if (r == 0)
		r = directory_load(g->directory, req.accounts);
	store_req_release(&req);
	if (r == 0)
		r = gate_mechanisms_open(g);
	return r ? err_set(err, r < 0 ? r : -EIO, "the accounts cannot be read from '%s'", g->settings->store_file.data)
		 : 0;
}

static int gate_open_data(struct gate *g, struct err *err)
{
	struct store_options options = {.path = g->settings->store_file.data};
	struct throttle_settings throttle;
	struct budget_limits budget;
	char secret[4096];
	int r;

	r = store_open(&g->store, &options, err);
	if (r)
		return r < 0 ? r : -EBUSY;
	r = gate_load_directory(g, err);
	if (r)
		return r;
	snprintf(secret, sizeof(secret), "%s/keys/account.secret", g->dir);
	r = account_secret_load_or_make(&g->secret, secret, err);
	if (r)
		return r;
	r = policy_set_load(&g->policy, g->settings->policy_dir.data, &inspect_engine, err);
	if (r == 0)
		r = gate_lists_open(g, err);
	if (r == 0)
		r = gate_lockdown_open(g, err);
	if (r)
		return r;
	gate_settings_to_limits(g->settings, &budget, &throttle);
	g->budget = budget_new(&budget);
	g->crowd = crowd_new();
	g->outbreak = outbreak_new();
	g->turnstile = turnstile_new();
	g->denials = denials_new();
	if (!g->budget || !g->crowd || !g->outbreak || !g->turnstile || !g->denials || meter_new(&g->paid, GATE_PAYERS) || throttle_new(&g->throttle, &throttle))
		return -ENOMEM;
	return 0;
}

/* ---- the record's side ---- */

static void on_replay(void *owner, uint64_t seq, uint64_t time_us, struct str src, const struct entry *entry)
{
	struct gate *g = owner;
	struct route_replayed replayed = {
			.seq = seq,
			.utc_us = time_us,
			.id = entry->id,
			.from = entry->from,
			.to = entry->to,
			.stanza = entry->deliver.len ? entry->deliver : entry->stanza,
			.nick = entry->nick,
	};

	(void)src;
	if (!str_is(entry->action, "block"))
		route_replay(g->route, &replayed);
	record_replay_more(g->record[0]);
}

static void on_sm_count(void *owner, struct str sm, uint64_t h)
{
	struct gate *g = owner;

	route_replay_count(g->route, sm, (uint32_t)h);
}

static void gate_listen(struct gate *g)
{
	for (unsigned i = 0; i < g->start.listeners_len; i++) {
		int r = listener_new(&g->listener[g->listeners_len], g->start.listeners[i].fd, g->start.listeners[i].kind,
				&g->target);

		if (r)
			log_error("%s: %s", g->start.listeners[i].address, uv_strerror(r));
		else
			g->listeners_len++;
	}
}

static void gate_record_start(struct gate *g)
{
	struct entry entry = {.type = EVENT_START, .text = STR("gate"), .policy = str_from(policy_set_version(g->policy))};

	if (record_append(g->record[0], &entry, NULL))
		log_warn("the start could not be queued for the record");
	gate_record_policy(g);
}

/* Everything an earlier gate had accepted is where it belongs: clients may come. */
static void on_replayed(void *owner, int result)
{
	struct gate *g = owner;

	if (result) {
		log_error("what the record holds could not be brought into the store: stopping");
		exit(1);
	}
	if (g->ready || g->stopping)
		return;
	g->ready = true;
	gate_record_start(g);
	gate_listen(g);
	if (supervise_send(&g->supervise, SUPERVISE_READY, 0, STR_NONE, -1))
		log_error("the supervisor has gone");
	log_info("ready: %zu accounts, %u loop%s, policy %s", directory_count(g->directory), g->loops.count,
			g->loops.count == 1 ? "" : "s", policy_set_version(g->policy));
	malloc_trim(0); /* starting needed more than running does */
}

static void on_replay_end(void *owner, uint64_t last_seq)
{
	struct gate *g = owner;

	(void)last_seq;
	route_replay_end(g->route, on_replayed, g);
}

static void on_full(void *owner)
{
	(void)owner;
	log_error("the record has no space: senders are told to wait. Make room on its disk; service resumes by itself");
}

static void on_down(void *owner)
{
	struct gate *g = owner;

	if (!g->stopping)
		log_warn("the recorder is away: senders wait until it is back");
}

static int gate_open_record(struct gate *g, unsigned i)
{
	struct record_config config = {
			.link = (uint16_t)i,
			.applied_seq = store_applied_seq(g->store),
			.want_replay = i == 0,
			.owner = g,
			.on_full = i == 0 ? on_full : NULL,
			.on_down = i == 0 ? on_down : NULL,
			.on_replay = on_replay,
			.on_sm_count = on_sm_count,
			.on_replay_end = on_replay_end,
	};

	memcpy(config.boot, g->boot, sizeof(config.boot));
	return record_open(&g->record[i], g->loop[i], g->start.links[i], &config);
}

/* ---- loops ---- */

static int gate_open_loops(struct gate *g)
{
	unsigned char boot[RECORD_BOOT / 2];
	struct buf text = BUF_INIT(0);
	int r = 0;

	rand_bytes(boot, sizeof(boot));
	hex_put(&text, boot, sizeof(boot));
	memcpy(g->boot, text.data, RECORD_BOOT);
	buf_done(&text);
	g->loops = (struct loops){.loop = g->loop, .count = g->start.loops};
	for (unsigned i = 0; i < g->loops.count && r == 0; i++)
		r = loop_new(&g->loop[i], i);
	for (unsigned i = 0; i < g->loops.count && r == 0; i++)
		r = gate_open_record(g, i);
	return r;
}

static void on_errand(void *owner, struct errand *e)
{
	struct gate *g = owner;

	way_errand(g->way, e);
}

static void on_submit(void *owner, struct parcel *p)
{
	struct gate *g = owner;

	way_submit(g->way, p);
}

static bool on_name(void *owner, struct str bare, struct str address)
{
	struct gate *g = owner;

	return way_forbids_name(g->way, bare, address);
}

static bool on_visitor(void *owner, const struct xmpp_visitor *v, struct arena *arena, struct str *text, struct str *rule)
{
	struct gate *g = owner;

	return way_denies_client(g->way, v, arena, text, rule);
}

static bool on_bars(void *owner, const struct subject *who, struct str agent, struct str lang, struct arena *arena, struct str *text,
	struct str *id)
{
	struct gate *g = owner;

	return way_bars(g->way, who, agent, lang, arena, text, id);
}

static int gate_open_way(struct gate *g, struct err *err)
{
	static struct office office = {.run = gate_office_run};
	struct route_env route = {&g->loops, g->store, g->directory, g->record, &office, g->crowd, g->turnstile, g->denials};
	struct way_env way = {&g->loops, g->directory, g->record, NULL, g->turnstile, g->denials, g->outbreak};
	struct xmpp_env xmpp = {
			.loops = &g->loops,
			.store = g->store,
			.directory = g->directory,
			.throttle = g->throttle,
			.secret = &g->secret,
			.budget = g->budget,
			.crowd = g->crowd,
			.paid = g->paid,
			.record = g->record,
			.owner = g,
			.submit = on_submit,
			.errand = on_errand,
			.features = disco_put_caps,
			.forbids = on_name,
			.denies = on_visitor,
			.bars = on_bars,
	};
	struct tls *tls;
	int r;

	office.owner = g;
	r = route_new(&g->route, &route, g->settings);
	if (r)
		return r;
	route_set_policy(g->route, g->policy);
	r = gate_clients_table_open(g);
	if (r)
		return err_set(err, r, "what is known of clients cannot be read");
	way.route = g->route;
	r = way_new(&g->way, &way, g->settings, g->policy);
	if (r)
		return r;
	r = xmpp_new(&g->xmpp, &xmpp, g->settings);
	if (r)
		return r;
	xmpp_set_lacking(g->xmpp, g->lacking_kinds);
	way_set_xmpp(g->way, g->xmpp);
	r = gate_load_tls(g, &tls, err);
	if (r)
		return r;
	xmpp_set_tls(g->xmpp, tls);
	gate_take_secrets(g);
	tls_unref(tls);
	g->target = (struct listener_target){
			.loops = g->loop,
			.count = g->loops.count,
			.budget = g->budget,
			.accept = xmpp_accept,
			.owner = g->xmpp,
	};
	return 0;
}

static void *run_loop(void *loop)
{
	loop_run(loop);
	return NULL;
}

static int gate_start_threads(struct gate *g)
{
	for (unsigned i = 1; i < g->loops.count; i++) {
		int r = pthread_create(&g->thread[i], NULL, run_loop, g->loop[i]);

		if (r)
			return -r;
	}
	return 0;
}

/* ---- the supervisor ---- */

/* A link travels to the loop it is for. */
struct relink {
	struct task task;
	struct record *record;
	int fd;
};

static void run_relink(struct task *task)
{
	struct relink *l = container_of(task, struct relink, task);

	if (record_relink(l->record, l->fd))
		log_error("the new link to the recorder cannot be used");
	free(l);
}

static void gate_relink(struct gate *g, const struct supervise_message *m)
{
	struct relink *l;

	if (m->number >= g->loops.count || m->fd < 0 || !(l = malloc(sizeof(*l)))) {
		if (m->fd >= 0)
			close(m->fd);
		return;
	}
	*l = (struct relink){.task.run = run_relink, .record = g->record[m->number], .fd = m->fd};
	loop_post(g->loop[m->number], &l->task);
}

static int gate_message(struct gate *g, const struct supervise_message *m)
{
	switch (m->type) {
	case SUPERVISE_LINK:
		gate_relink(g, m);
		return 0;
	case SUPERVISE_COURIER:
		gate_post_link(g, m->fd);
		return 0;
	case SUPERVISE_KEY:
		gate_start_key(g, m);
		return 0;
	case SUPERVISE_RELOAD:
		gate_reload(g);
		return 0;
	case SUPERVISE_CONTROL:
		gate_control(g, m->number, m->text);
		return 0;
	case SUPERVISE_STOP:
		gate_stop(g);
		return 0;
	default:
		return -EPROTO;
	}
}

static void supervise_watch(struct gate *g);

static void on_supervise(uv_poll_t *poll, int status, int events)
{
	struct gate *g = poll->data;
	struct supervise_message m;
	int r = status;

	if (r == 0 && events & UV_WRITABLE)
		r = supervise_flush(&g->supervise);
	while (r >= 0 && (r = supervise_recv(&g->supervise, &m)) > 0)
		r = gate_message(g, &m);
	if (r < 0 && r != -EAGAIN) {
		if (!g->stopping)
			log_warn("the supervisor has gone: stopping");
		uv_poll_stop(poll);
		gate_stop(g);
		return;
	}
	supervise_watch(g);
}

static void supervise_watch(struct gate *g)
{
	int events = UV_READABLE | (supervise_wants_write(&g->supervise) ? UV_WRITABLE : 0);

	uv_poll_start(&g->supervise_poll, events, on_supervise);
}

/* ---- running ---- */

static void on_tick(uv_timer_t *timer)
{
	struct gate *g = timer->data;

	route_tick(g->route);
	gate_mechanisms_tick(g);
	gate_invites_tick(g);
	gate_campaign_tick(g);
	gate_post_tick(g);
	gate_lockdown_tick(g);
	gate_flood_tick(g);
	gate_outbreak_tick(g);
	gate_clients_tick(g);
	gate_clients_table_tick(g);
	supervise_watch(g);
}

static void gate_finish(struct gate *g)
{
	for (unsigned i = 0; i < g->loops.count; i++)
		loop_stop(g->loop[i]);
}

static void on_stop_recorded(struct waiter *w, const struct receipt *receipt)
{
	(void)w;
	(void)receipt;
	gate_finish(&gate);
}

static struct waiter stop_waiter = {on_stop_recorded};

/* The last line is ours; with it everything before it is durable. */
static void gate_record_stop(struct gate *g)
{
	struct entry entry = {.type = EVENT_STOP, .text = STR("gate")};
	struct record_stats stats;

	route_tick(g->route);
	gate_flood_close(g);
	record_stats(g->record[0], &stats);
	if (!stats.up || record_append(g->record[0], &entry, &stop_waiter))
		gate_finish(g);
}

static void on_settle(uv_timer_t *timer)
{
	struct gate *g = timer->data;
	struct way_stats stats;

	way_stats(g->way, &stats);
	if ((stats.waiting || gate_post_is_busy(g) || gate_clients_is_busy(g)) && g->settle_left--)
		return;
	uv_timer_stop(timer);
	gate_record_stop(g);
}

/* All streams have ended. What is on its way into the record is waited for: it need not be replayed then. */
static void on_streams_gone(void *owner)
{
	struct gate *g = owner;

	g->settle_left = GOODBYE_SECONDS * 1000 / SETTLE_MS;
	uv_timer_start(&g->tick, on_settle, 0, SETTLE_MS);
}

static void on_rooms_left(void *owner)
{
	struct gate *g = owner;

	xmpp_shutdown(g->xmpp, GOODBYE_SECONDS, on_streams_gone, g);
}

void gate_stop(struct gate *g)
{
	if (g->stopping)
		return;
	g->stopping = true;
	log_info("stopping");
	for (unsigned i = 0; i < g->listeners_len; i++)
		listener_stop(g->listener[i]);
	route_farewell(g->route, on_rooms_left, g);
}

/* Descriptors are what connections are made of: take all that the system allows. */
static void raise_file_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

static int gate_open(struct gate *g, struct err *err)
{
	int r;

	r = settings_load(&g->settings, g->dir, err);
	if (r)
		return r;
	log_set_level((enum log_level)g->settings->log_level);
	r = gate_start_read(g, err);
	if (r)
		return r;
	r = gate_confine(g, err);
	if (r)
		return r;
	probe_confinement(g->settings);
	r = gate_open_data(g, err);
	if (r)
		return r;
	r = gate_open_loops(g);
	if (r == 0)
		r = gate_post_open(g);
	if (r == 0)
		r = gate_campaign_open(g);
	if (r)
		return err_set(err, r, "event loops: %s", uv_strerror(r));
	r = gate_flood_open(g, err);
	return r ? r : gate_open_way(g, err);
}

int main(int argc, char **argv)
{
	struct gate *g = &gate;
	struct err err = {.text = ""};
	int r;

	log_init("gate", LOG_INFO);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGINT, SIG_IGN); /* Ctrl-C is the supervisor's to act on */
	(void)tls_memory_pool(); /* without it records cost more, no more */
	g->dir = option_dir(argc, argv);
	g->started_us = clock_utc_us();
	raise_file_limit();
	r = supervise_init(&g->supervise, SUPERVISE_FD);
	if (r == 0)
		r = gate_open(g, &err);
	if (r == -ECANCELED)
		return 0;
	if (r) {
		log_error("%s", err.text[0] ? err.text : strerror(-r));
		return 1;
	}
	uv_timer_init(loop_uv(g->loop[0]), &g->tick);
	g->tick.data = g;
	uv_timer_start(&g->tick, on_tick, 1000, 1000);
	uv_poll_init(loop_uv(g->loop[0]), &g->supervise_poll, g->supervise.fd);
	g->supervise_poll.data = g;
	supervise_watch(g);
	r = gate_start_threads(g);
	if (r) {
		log_error("threads: %s", strerror(-r));
		return 1;
	}
	loop_run(g->loop[0]);
	for (unsigned i = 1; i < g->loops.count; i++)
		pthread_join(g->thread[i], NULL);
	route_settle(g->route);
	gate_clients_refused_write(g);
	store_close(g->store);
	log_info("stopped");
	return 0;
}
