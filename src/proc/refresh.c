/* Reload. Settings, certificate and policy are checked here and in a child first; only then does the gate
 * hear of it, and what it refuses leaves the old in force everywhere.
 *
 *   begin: settings, certificate --> child: gatehouse policy check --> gate: KEY, KEY, RELOAD --> its answer
 * --> done */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "cli/certificate.h"
#include "proc/supervisor.h"

enum {
	GATE_ANSWERS_MS = 60000,
	OUTPUT_SHOWN = 400, /* bytes of what the check printed */
};

struct refresh {
	struct supervisor *supervisor;
	struct settings *settings; /* the new set */
	pid_t check;               /* 0: not running */
	int output;                /* of the check */
	uv_timer_t timer;
	refresh_done_fn *done;
	void *owner;
};

static void refresh_closed(uv_handle_t *handle)
{
	free(handle->data);
}

/* The end, in either way. `refused` NULL: the new set is in force. */
static void refresh_end(struct supervisor *s, const char *refused)
{
	struct refresh *f = s->refresh;
	struct buf restart = BUF_INIT(4096);

	s->refresh = NULL;
	if (refused) {
		log_error("reload refused, the old settings and policy stay in force: %s", refused);
	} else {
		settings_restart_needed(s->first, f->settings, &restart);
		log_info("reloaded%s%s", restart.len ? "; these settings take effect at a restart: " : "",
			restart.len ? buf_cstr(&restart) : "");
		settings_keep(f->settings, s->first);
		if (s->settings != s->first)
			settings_free(s->settings);
		s->settings = TAKE(f->settings);
		log_set_level((enum log_level)s->settings->log_level);
		mailroom_renew(s);
	}
	if (f->done)
		f->done(f->owner, refused, buf_cstr(&restart));
	settings_free(f->settings);
	if (f->output >= 0)
		close(f->output);
	buf_done(&restart);
	uv_close((uv_handle_t *)&f->timer, refresh_closed);
}

static int send_key(struct supervisor *s, const char *what, const char *path, struct err *err)
{
	AUTO(auto_close) int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	if (fd < 0)
		return err_errno(err, "%s", path);
	child_send(&s->children[ROLE_GATE], SUPERVISE_KEY, 0, str_from(what), fd);
	return 0;
}

int refresh_send_keys(struct supervisor *s, const struct settings *settings, struct err *err)
{
	bool clients = settings->tls_client_certificates != SETTINGS_CLIENTS_NEVER;
	int r = send_key(s, "certificate", settings->tls_certificate.data, err);

	if (r == 0 && clients)
		r = send_key(s, "client-ca", settings->tls_client_ca.data, err);
	if (r == 0 && clients && settings->tls_client_crl.len)
		r = send_key(s, "client-crl", settings->tls_client_crl.data, err);
	if (r == 0)
		r = secrets_send(s, settings, err);
	return r ? r : send_key(s, "key", settings->tls_key.data, err); /* the last: with it the gate begins */
}

static void on_timeout(uv_timer_t *timer)
{
	struct refresh *f = timer->data;

	refresh_end(f->supervisor, "the gate did not answer in time");
}

static void tell_gate(struct supervisor *s)
{
	struct child *gate = &s->children[ROLE_GATE];
	struct err err = {};

	if (!gate->ready) {
		refresh_end(s, NULL); /* it reads the new files when it starts */
		return;
	}
	if (send_key(s, "settings", s->refresh->settings->file.data, &err) ||
		refresh_send_keys(s, s->refresh->settings, &err)) {
		refresh_end(s, err.text);
		return;
	}
	child_send(gate, SUPERVISE_RELOAD, 0, STR_NONE, -1);
	if (s->refresh)
		uv_timer_start(&s->refresh->timer, on_timeout, GATE_ANSWERS_MS, 0);
}

/* The command beside the executables: installed, or in a build directory. */
static bool command_path(const struct supervisor *s, char *out, size_t size)
{
	static const char *const places[] = {"/../../bin/gatehouse", "/../cli/gatehouse"};

	for (size_t i = 0; i < 2; i++) {
		snprintf(out, size, "%s%s", s->libexec, places[i]);
		if (access(out, X_OK) == 0)
			return true;
	}
	return false;
}

static int start_check(struct refresh *f, struct err *err)
{
	struct supervisor *s = f->supervisor;
	char path[sizeof(s->libexec) + 64];
	char words[][8] = {"policy", "check", "--dir"};
	char *argv[] = {path, words[0], words[1], words[2], (char *)(size_t)s->settings->dir.data, NULL};
	struct spawn sp = {.path = path, .argv = argv, .user = s->first->users_gate.data};

	if (!command_path(s, path, sizeof(path)))
		return err_set(err, -ENOENT,
			"the command gatehouse is not beside %s; the policy cannot be checked", s->libexec);
	f->output = memfd_create("policy-check", MFD_CLOEXEC);
	if (f->output < 0)
		return err_errno(err, "policy check");
	memcpy(sp.fds, (int[]){-1, f->output, f->output, -1}, sizeof(sp.fds));
	return spawn(&sp, &f->check, err);
}

static int check_files(struct refresh *f, struct err *err)
{
	struct buf warnings = BUF_INIT(4096);
	int r = settings_load(&f->settings, f->supervisor->settings->dir.data, err);

	if (!r)
		r = certificate_check(f->settings, &warnings, err);
	if (!r)
		r = secrets_check(f->settings, err);
	if (!r)
		r = mailroom_check(f->settings, err);
	if (!r && warnings.len)
		log_warn("%s", buf_cstr(&warnings));
	buf_done(&warnings);
	return r;
}

int refresh_begin(struct supervisor *s, refresh_done_fn *done, void *owner)
{
	struct refresh *f;
	struct err err = {};

	if (s->refresh)
		return -EBUSY;
	f = calloc(1, sizeof(*f));
	if (!f)
		return -ENOMEM;
	*f = (struct refresh){.supervisor = s, .output = -1, .done = done, .owner = owner};
	uv_timer_init(&s->loop, &f->timer);
	f->timer.data = f;
	s->refresh = f;
	if (check_files(f, &err) || start_check(f, &err))
		refresh_end(s, err.text);
	return 0;
}

void refresh_forget(struct supervisor *s, const void *owner)
{
	if (s->refresh && s->refresh->owner == owner)
		s->refresh->done = NULL;
}

bool refresh_process_ended(struct supervisor *s, pid_t pid, int status)
{
	char text[OUTPUT_SHOWN + 1];
	ssize_t n;

	if (!s->refresh || !pid || s->refresh->check != pid)
		return false;
	s->refresh->check = 0;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
		tell_gate(s);
		return true;
	}
	n = pread(s->refresh->output, text, OUTPUT_SHOWN, 0);
	text[n > 0 ? n : 0] = '\0';
	for (ssize_t i = 0; i < n; i++)
		if (text[i] == '\n')
			text[i] = ' ';
	refresh_end(s, n > 0 ? text : "'gatehouse policy check' failed without saying why");
	return true;
}

void refresh_answered(struct supervisor *s, struct str text)
{
	char why[512];

	if (!s->refresh || s->refresh->check)
		return;
	snprintf(why, sizeof(why), "%.*s", STR_FMT(str_cut(text, 0, 500)));
	refresh_end(s, text.len ? why : NULL);
}

void refresh_gate_gone(struct supervisor *s)
{
	if (s->refresh && !s->refresh->check)
		refresh_end(s, "the gate ended meanwhile; it starts with the new files");
}
