/* A reload: certificate and key as the supervisor sent them, settings and policy as the files say now. All of it is made
 * first; only when everything is right is anything put in force. */
#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <stdatomic.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "inspect/inspect.h"
#include "proc/gate.h"

void gate_settings_to_limits(const struct settings *s, struct budget_limits *budget, struct throttle_settings *throttle)
{
	*budget = (struct budget_limits){
			.connections = s->limits_connections,
			.per_address = s->limits_connections_per_address,
			.unauthenticated_address = s->limits_unauthenticated_per_address,
	};
	*throttle = THROTTLE_DEFAULTS;
	throttle->account_failures = s->sasl_throttle_account_failures;
	throttle->address_failures = s->sasl_throttle_address_failures;
	throttle->account_refill_s = s->sasl_throttle_account_seconds;
	throttle->address_refill_s = s->sasl_throttle_address_seconds;
	throttle->delay_ms_max = s->sasl_throttle_delay_ms;
}

int gate_load_tls(struct gate *g, struct tls **out, struct err *err)
{
	const struct settings *settings = g->settings;
	struct tls_files files = {
			.certificate = buf_view(&g->start.certificate),
			.key = buf_view(&g->start.key),
			.min_1_3 = settings->tls_min_version == SETTINGS_TLS_1_3,
			.client_required = settings->tls_client_certificates == SETTINGS_CLIENTS_REQUIRED,
	};
	int r;

	if (settings->tls_client_certificates != SETTINGS_CLIENTS_NEVER) {
		files.client_ca = g->start.client_ca.len ? buf_view(&g->start.client_ca) : STR("none");
		if (settings->tls_client_crl.len)
			files.client_crl = g->start.client_crl.len ? buf_view(&g->start.client_crl) : STR("none");
	}
	r = tls_load(out, &files, err);

	if (g->start.key.data)
		OPENSSL_cleanse(g->start.key.data, g->start.key.len);
	buf_clear(&g->start.key);
	return r;
}

void gate_take_secrets(struct gate *g)
{
	if (g->start.secrets)
		xmpp_set_secrets(g->xmpp, g->start.secrets);
	g->start.secrets = component_secrets_unref(g->start.secrets);
}

void gate_record_policy(struct gate *g)
{
	struct policy_counts counts = policy_set_counts(g->policy);
	struct extra count = {.key = KEY_COUNT, .number = counts.rules};
	struct entry entry = {
			.type = EVENT_POLICY,
			.policy = str_from(policy_set_version(g->policy)),
			.extra = &count,
			.extra_len = 1,
	};

	if (record_append(g->record[0], &entry, NULL))
		log_warn("the policy's version could not be queued for the record");
}

/* Settings that were in force. A loop may still look at parts of them, so they stay: a few kilobytes a reload. */
struct retired {
	struct retired *older;
	struct settings *settings;
};

void gate_put_policy(struct gate *g, struct policy_set *policy)
{
	way_set_policy(g->way, policy);
	route_set_policy(g->route, policy);
	policy_set_unref(g->policy);
	g->policy = policy;
}

static void put_in_force(struct gate *g, struct retired *retired, struct settings *settings, struct policy_set *policy,
		struct tls *tls)
{
	struct budget_limits budget;
	struct throttle_settings throttle;
	bool policy_changed = strcmp(policy_set_version(policy), policy_set_version(g->policy)) != 0;

	*retired = (struct retired){.older = g->retired, .settings = g->settings};
	g->retired = retired;
	g->settings = settings;
	log_set_level((enum log_level)settings->log_level);
	gate_settings_to_limits(settings, &budget, &throttle);
	budget_set_limits(g->budget, &budget);
	throttle_set(g->throttle, &throttle);
	xmpp_set_settings(g->xmpp, settings);
	xmpp_set_tls(g->xmpp, tls);
	gate_take_secrets(g);
	route_set_settings(g->route, settings);
	way_set_settings(g->way, settings);
	gate_put_policy(g, policy);
	lockdown_unref(g->lockdown);
	g->lockdown = lockdown_ref(policy_set_lockdown(policy));
	tls_unref(tls);
	if (policy_changed)
		gate_record_policy(g);
}

/* The text came as a descriptor; what takes effect at a restart stays. */
static int read_settings(struct gate *g, struct settings **out, struct err *err)
{
	int r = settings_parse(out, g->dir, buf_view(&g->start.settings), g->settings->file.data, err);

	buf_clear(&g->start.settings);
	if (r == 0)
		settings_keep(*out, g->settings);
	return r;
}

/* A file that has gone is taken out; a folder that has gone is a disk that is not mounted, or a slip. */
static int keep_folders(const struct gate *g, const char *dir, const struct policy_set *read, struct err *err)
{
	const char *lost = rule_set_lost_folder(policy_set_rules(read), policy_set_rules(g->policy));

	if (!lost)
		return 0;
	return err_set(err, -ENOENT,
			"the folder %s/%s is gone, and rules in force are of files in it: put it back. If there are to be none any more, "
			"make the folder anew, empty",
			dir, lost);
}

/* With the lists and switches that are in force. */
static int load_policy(const struct gate *g, struct settings *settings, struct policy_set **out, struct err *err)
{
	struct policy_set *read;
	struct lockdown *lockdown;
	int r = policy_set_load(&read, settings->policy_dir.data, &inspect_engine, err);

	if (r)
		return r;
	r = keep_folders(g, settings->policy_dir.data, read, err);
	if (r) {
		policy_set_unref(read);
		return r;
	}
	lockdown = gate_lockdown_under(g, settings);
	*out = lockdown ? policy_set_with(read, g->barrier, lockdown) : NULL;
	lockdown_unref(lockdown);
	policy_set_unref(read);
	return *out ? 0 : err_set(err, -ENOMEM, "memory is out");
}

static int read_policy(const struct gate *g, struct settings *settings, struct policy_set **out, struct err *err)
{
	int r = load_policy(g, settings, out, err);
	AUTO(auto_close) int fd = r ? open(settings->policy_dir.data, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

	if (r && fd < 0 && errno == EACCES)
		err_set(err, r, "%s cannot be read: if the folder itself was put in its place after the start, restart the "
				"server; change files in it instead",
				settings->policy_dir.data);
	return r;
}

static int reload(struct gate *g, struct err *err)
{
	struct settings *settings = NULL, *old = g->settings;
	struct retired *retired = malloc(sizeof(*retired));
	struct policy_set *policy = NULL;
	struct tls *tls = NULL;
	int r = retired ? read_settings(g, &settings, err) : err_set(err, -ENOMEM, "memory is out");

	if (r)
		goto fail;
	r = read_policy(g, settings, &policy, err);
	if (r)
		goto fail;
	g->settings = settings; /* gate_load_tls reads tls.min_version */
	r = gate_load_tls(g, &tls, err);
	g->settings = old;
	if (r)
		goto fail;
	put_in_force(g, retired, settings, policy, tls);
	return 0;
fail:
	g->start.secrets = component_secrets_unref(g->start.secrets);
	free(retired);
	policy_set_unref(policy);
	settings_free(settings);
	return r;
}

static void reload_answer(struct gate *g, const char *refused)
{
	if (supervise_send(&g->supervise, SUPERVISE_RELOAD, 0, str_from(refused), -1))
		log_warn("the supervisor did not take the answer to the reload");
}

static void reloaded(void *owner)
{
	struct gate *g = owner;

	log_info("reloaded: certificate, settings, policy %s", policy_set_version(g->policy));
	reload_answer(g, "");
}

static void run_taken_by_all(struct task *task)
{
	struct gate_taken *t = container_of(task, struct gate_taken, by_all);

	atomic_store(&t->left, 0);
	t->then(t->owner);
}

static void run_taken(struct task *task)
{
	struct gate_taken *t = container_of(task, struct gate_taken_mark, task)->taken;

	if (atomic_fetch_sub(&t->left, 1) == 2)
		loop_post(t->loop, &t->by_all);
}

/* Each loop takes what is new in a task; the mark behind that says it has. Who is told that the change is done may rely
 * on it: a wall stands for the next stanza, wherever it comes in. */
void gate_when_taken(struct gate *g, struct gate_taken *t, void (*then)(void *owner), void *owner)
{
	t->by_all.run = run_taken_by_all;
	t->loop = g->loop[0];
	t->then = then;
	t->owner = owner;
	atomic_store(&t->left, g->loops.count + 1);
	for (unsigned i = 0; i < g->loops.count; i++) {
		t->mark[i] = (struct gate_taken_mark){.task.run = run_taken, .taken = t};
		loop_post(g->loop[i], &t->mark[i].task);
	}
}

void gate_reload(struct gate *g)
{
	struct err err = {.text = ""};

	if (atomic_load(&g->reload.left)) {
		reload_answer(g, "not every loop has taken the reload before this one; try again");
	} else if (reload(g, &err)) {
		log_error("reload refused, everything stays as it was: %s", err.text);
		reload_answer(g, err.text);
	} else {
		gate_when_taken(g, &g->reload, reloaded, g);
	}
}
