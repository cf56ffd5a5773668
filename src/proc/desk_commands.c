/* What may be asked, by whom, and who answers it. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "conf/nearest.h"
#include "proc/desk.h"

struct desk_command {
	const char *name;
	void (*run)(struct caller *c);
	bool record; /* needs membership of control.record_group instead of administration */
};

/* ---- answered here ---- */

static void run_ping(struct caller *c)
{
	caller_answer(c, json_pack("{s:b, s:s}", "ok", 1, "version", GATEHOUSE_VERSION));
}

static void reload(struct caller *c);

/* Done without the recorder: the gate has it recorded as soon as that can be. */
static void act_unrecorded(struct caller *c, void (*act)(struct caller *c), const char *why)
{
	json_t *args = json_pack("{s:s}", "command", c->cmd);

	log_warn("the record does not say yet who asked to %s: %s", c->cmd, LOG_STR(str_from(why)));
	caller_tell(c, ROLE_GATE, "record.admin", args);
	json_decref(args);
	act(c);
}

/* `answer` is the recorder's, NULL when it ended or is late. */
static void act_recorded(struct caller *c, const json_t *answer)
{
	const char *code = "", *text = "the recorder does not answer", *remedy = "";
	void (*act)(struct caller * c) = c->act;
	bool failed = !answer || control_failed(answer, &code, &text, &remedy);

	uv_timer_stop(&c->timer);
	c->ids[ROLE_RECORDER] = 0;
	c->act = NULL;
	if (failed && act == reload && strcmp(code, "full") == 0)
		caller_refuse(c, code, text, remedy);
	else if (failed)
		act_unrecorded(c, act, text);
	else
		act(c);
}

static void on_act_late(uv_timer_t *timer)
{
	act_recorded(timer->data, NULL);
}

/* Stopping and reloading are in the record before they are done. They are done also when the recorder is away:
 * that is when an administrator needs them most. While the record has no space only stopping is. */
static void run_recorded(struct caller *c, void (*act)(struct caller *c))
{
	json_t *args;

	log_info("%s (uid %u) asks to %s", c->peer.name, (unsigned)c->peer.uid, c->cmd);
	if (!c->desk->supervisor->children[ROLE_RECORDER].ready) {
		act_unrecorded(c, act, "the recorder is away");
		return;
	}
	c->act = act;
	args = json_pack("{s:s}", "command", c->cmd);
	uv_timer_start(&c->timer, on_act_late, DESK_STATUS_MS, 0);
	caller_forward(c, ROLE_RECORDER, "record.admin", args);
	json_decref(args);
}

static void stop(struct caller *c)
{
	struct supervisor *s = c->desk->supervisor;

	caller_answer(c, control_ok());
	supervisor_stop(s, 0);
}

static void run_stop(struct caller *c)
{
	run_recorded(c, stop);
}

static void reload_done(void *owner, const char *refused, const char *restart_needed)
{
	struct caller *c = owner;

	if (refused)
		caller_refuse(c, "refused", refused,
			"'gatehouse policy check' and 'config check' list all errors; until they are "
			"corrected the old stays in force");
	else
		caller_answer(c, json_pack("{s:b, s:s}", "ok", 1, "restart_needed", restart_needed));
}

static void reload(struct caller *c)
{
	int r = refresh_begin(c->desk->supervisor, reload_done, c);

	if (r)
		caller_refuse(c, "unavailable", r == -EBUSY ? "another reload is under way" : "memory is out",
			"try again");
}

static void run_reload(struct caller *c)
{
	run_recorded(c, reload);
}

/* ---- status: this process, the gate, the recorder, in one answer ---- */

static const char *state_name(const struct supervisor *s)
{
	static const char *const names[] = {"starting", "running", "stopping"};
	bool both = s->children[ROLE_GATE].ready && s->children[ROLE_RECORDER].ready;

	return s->state == SUPERVISOR_RUNNING && !both ? "starting" : names[s->state];
}

/* Memory and processor time of one process, as the kernel counts them. */
static void put_process(json_t *all, const char *name, pid_t pid)
{
	char path[64], line[1024] = "";
	unsigned long user = 0, system = 0, ticks = (unsigned long)sysconf(_SC_CLK_TCK);
	long pages = 0;
	const char *end;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	f = pid ? fopen(path, "re") : NULL;
	if (!f)
		return;
	end = fgets(line, sizeof(line), f) ? strrchr(line, ')') : NULL;
	fclose(f);
	if (!end || sscanf(end + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu %*d %*d %*d %*d %*d %*d %*u %*u %ld",
			    &user, &system, &pages) != 3)
		return;
	json_object_set_new(json_object_get(all, "cpu_milliseconds"), name,
		json_integer((json_int_t)((user + system) * 1000 / ticks)));
	json_object_set_new(json_object_get(all, "resident_bytes"), name,
		json_integer((json_int_t)pages * sysconf(_SC_PAGESIZE)));
}

static json_t *status_processes(const struct supervisor *s)
{
	json_t *all = json_pack("{s:{}, s:{}, s:{s:i, s:i, s:i, s:i}}", "cpu_milliseconds", "resident_bytes", "restarts", "gate",
		(int)s->children[ROLE_GATE].restarts, "recorder", (int)s->children[ROLE_RECORDER].restarts, "exporter",
		(int)s->display.restarts, "courier", (int)s->mailroom.restarts);

	put_process(all, "supervisor", getpid());
	put_process(all, "gate", s->children[ROLE_GATE].pid);
	put_process(all, "recorder", s->children[ROLE_RECORDER].pid);
	put_process(all, "exporter", s->display.pid);
	put_process(all, "courier", s->mailroom.pid);
	return all;
}

static json_t *status_own(const struct supervisor *s)
{
	const struct child *gate = &s->children[ROLE_GATE], *recorder = &s->children[ROLE_RECORDER];
	struct buf started = BUF_INIT(64);
	json_t *domains = json_array(), *status;

	for (size_t i = 0; i < s->settings->domains.len; i++)
		json_array_append_new(domains, json_string(s->settings->domains.items[i].data));
	clock_put(&started, s->started_us);
	status = json_pack("{s:b, s:s, s:s, s:s, s:o, s:i, s:i, s:i, s:i, s:i}", "ok", 1, "state",
		state_name(s), "version", GATEHOUSE_VERSION, "started", buf_cstr(&started), "domains",
		domains, "supervisor_pid", (int)getpid(), "gate_pid", (int)gate->pid, "recorder_pid",
		(int)recorder->pid, "gate_restarts", (int)gate->restarts, "recorder_restarts",
		(int)recorder->restarts);
	json_object_set_new(status, "exporter_pid", json_integer(s->display.pid));
	json_object_set_new(status, "courier_pid", json_integer(s->mailroom.pid));
	json_object_set_new(status, "processes", status_processes(s));
	buf_done(&started);
	return status;
}

static void status_end(struct caller *c)
{
	json_t *status = c->status;

	c->status = NULL;
	caller_answer(c, status);
}

static void on_status_late(uv_timer_t *timer)
{
	status_end(timer->data);
}

static void run_status(struct caller *c)
{
	struct supervisor *s = c->desk->supervisor;

	c->status = status_own(s);
	uv_timer_start(&c->timer, on_status_late, DESK_STATUS_MS, 0);
	for (int role = 0; role < ROLES; role++)
		if (s->children[role].ready)
			caller_forward(c, (enum role)role, "status", c->args);
	if (!c->ids[ROLE_GATE] && !c->ids[ROLE_RECORDER])
		status_end(c);
}

static void status_part(struct caller *c, json_t *answer)
{
	if (answer) {
		json_object_del(answer, "error");
		json_object_update_missing(c->status, answer);
		json_decref(answer);
	}
	if (!c->ids[ROLE_GATE] && !c->ids[ROLE_RECORDER])
		status_end(c);
}

/* ---- the rest ---- */

static void run_gate(struct caller *c)
{
	caller_forward(c, ROLE_GATE, c->cmd, c->args);
}

static void run_recorder(struct caller *c)
{
	caller_forward(c, ROLE_RECORDER, c->cmd, c->args);
}

/* Recorded; what is copied then the command copies with the rights of the one who runs it, and by record.copy. */
static void run_backup(struct caller *c)
{
	json_t *args = json_pack("{s:s}", "command", "backup");
	json_t *target = json_object_get(c->args, "target");

	if (json_is_string(target))
		json_object_set(args, "target", target);
	caller_forward(c, ROLE_RECORDER, "record.admin", args);
	json_decref(args);
}

static const struct desk_command table[] = {
	{"ping", run_ping, false},
	{"stop", run_stop, false},
	{"reload", run_reload, false},
	{"status", run_status, false},
	{"backup", run_backup, false},
	{"export", run_gate, false},
	{"user.add", run_gate, false},
	{"user.import", run_gate, false},
	{"user.list", run_gate, false},
	{"user.show", run_gate, false},
	{"user.password", run_gate, false},
	{"user.change", run_gate, false},
	{"user.disable", run_gate, false},
	{"user.enable", run_gate, false},
	{"user.remove", run_gate, false},
	{"invite.create", run_gate, false},
	{"invite.list", run_gate, false},
	{"invite.revoke", run_gate, false},
	{"clients.rule", run_gate, false},
	{"clients.dry_run", run_gate, false},
	{"mail.list", run_gate, false},
	{"mail.show", run_gate, false},
	{"mail.retry", run_gate, false},
	{"mail.drop", run_gate, false},
	{"mail.test", run_gate, false},
	{"lockdown.extend", run_gate, false},
	{"lockdown.off", run_gate, false},
	{"lockdown.on", run_gate, false},
	{"lockdown.rehearse", run_gate, false},
	{"lockdown.status", run_gate, false},
	{"clients.list", run_gate, false},
	{"clients.show", run_gate, false},
	{"clients.posture", run_gate, false},
	{"clients.hashes", run_gate, false},
	{"clients.hash", run_gate, false},
	{"clients.refused", run_gate, false},
	{"session.list", run_gate, false},
	{"session.close", run_gate, false},
	{"devices.list", run_gate, false},
	{"devices.logout", run_gate, false},
	{"devices.revoke", run_gate, false},
	{"devices.waiting", run_gate, false},
	{"devices.confirm", run_gate, false},
	{"flood.list", run_gate, false},
	{"flood.silence", run_gate, false},
	{"flood.release", run_gate, false},
	{"record.seal", run_recorder, false},
	{"record.tail", reader_begin, true},
	{"record.show", reader_begin, true},
	{"record.verify", reader_begin, true},
	{"record.copy", reader_begin, true},
};

enum {
	TABLE_LEN = sizeof(table) / sizeof(table[0]),
};

static const struct desk_command *find_command(const char *name)
{
	for (size_t i = 0; i < TABLE_LEN; i++)
		if (strcmp(table[i].name, name) == 0)
			return &table[i];
	return NULL;
}

static void unknown_command(struct caller *c)
{
	const char *names[TABLE_LEN], *nearest;

	for (size_t i = 0; i < TABLE_LEN; i++)
		names[i] = table[i].name;
	nearest = nearest_word(str_from(c->cmd), names, TABLE_LEN);
	caller_refuse(
		c, "unknown_command", "there is no such command", nearest ? nearest : "see gatehouse help");
}

static bool may_administer(const struct caller *c)
{
	const struct settings *settings = c->desk->supervisor->settings;

	return c->peer.uid == 0 || c->peer.uid == geteuid() ||
	       control_peer_in_group(&c->peer, settings->control_admin_group.data);
}

static void refuse_peer(struct caller *c, bool record)
{
	const struct settings *settings = c->desk->supervisor->settings;
	char text[256], remedy[256];

	log_warn("control socket: %s (uid %u) may not use %s", c->peer.name, (unsigned)c->peer.uid,
		LOG_STR(str_from(c->cmd)));
	if (record) {
		snprintf(text, sizeof(text), "reading the record needs membership of the group %s",
			settings->control_record_group.data);
		snprintf(remedy, sizeof(remedy), "usermod -aG %s %s", settings->control_record_group.data,
			c->peer.name);
	} else {
		snprintf(text, sizeof(text), "%s may not administer this server", c->peer.name);
		snprintf(remedy, sizeof(remedy), "be root or the server's own user%s%s",
			settings->control_admin_group.len ? ", or a member of the group " : "",
			settings->control_admin_group.data);
	}
	if (record)
		reader_refused(c);
	caller_refuse(c, "not_permitted", text, remedy);
}

void command_run(struct caller *c)
{
	const struct desk_command *found = find_command(c->cmd);
	bool allowed;

	if (c->looks_only && (!found || found->run != run_status)) {
		caller_refuse(c, "not_permitted", "the exporter of metrics may ask for the status only", "");
		return;
	}
	if (!found) {
		unknown_command(c);
		return;
	}
	allowed = found->record ? control_peer_in_group(
					  &c->peer, c->desk->supervisor->settings->control_record_group.data)
				: may_administer(c);
	if (!allowed)
		refuse_peer(c, found->record);
	else
		found->run(c);
}

/* ---- what comes back ---- */

void command_child_answer(struct caller *c, enum role from, json_t *answer)
{
	if (c->status) {
		status_part(c, answer);
	} else if (c->act) {
		act_recorded(c, answer);
		json_decref(answer);
	} else if (from == ROLE_RECORDER && find_command(c->cmd)->record) {
		reader_recorded(c, answer);
	} else {
		caller_answer(c, answer);
	}
}

void command_child_gone(struct caller *c, enum role from)
{
	if (c->status)
		status_part(c, NULL);
	else if (c->act)
		act_recorded(c, NULL);
	else
		caller_refuse(c, "unavailable",
			from == ROLE_GATE ? "the gate ended before it answered"
					  : "the recorder ended before it answered",
			"it is started again by itself; look whether it was done, then try again");
}

void command_cancel(struct caller *c)
{
	memset(c->ids, 0, sizeof(c->ids));
	refresh_forget(c->desk->supervisor, c);
	if (c->reader)
		kill(c->reader, SIGKILL);
	c->reader = 0;
}
