#include "cli/people.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/language.h"
#include "base/log.h"
#include "base/text.h"
#include "cli/witness.h"
#include "conf/layout.h"
#include "conf/service.h"
#include "ipc/control.h"
#include "jid/jid.h"

static bool is_not_running(int r)
{
	return r == -ENOENT || r == -ECONNREFUSED;
}

/* The store's folder belongs to the gate, who might put links where files of the store are expected. So root
 * goes through it as its owner; what is made there then belongs to that user as well. Root comes back when
 * the store is closed, and in between in the child that records the act (witness_become). */
int people_become_owner(const struct settings *s)
{
	char folder[4096];
	struct stat owner;
	char *slash;

	snprintf(folder, sizeof(folder), "%s", s->store_file.data);
	slash = strrchr(folder, '/');
	if (geteuid() != 0 || !slash || slash == folder)
		return 0;
	*slash = '\0';
	if (stat(folder, &owner) || owner.st_uid == 0)
		return 0;
	return setegid(owner.st_gid) || seteuid(owner.st_uid) ? -errno : 0;
}

void people_become_root(void)
{
	if (getuid() == 0 && geteuid() != 0 && (seteuid(0) || setegid(0)))
		log_warn("this process stays the owner of the store: %s", strerror(errno));
}

static int open_store(struct people *p)
{
	struct store_options options = {.path = p->settings->store_file.data};
	struct err err = {};
	int r = people_become_owner(p->settings);

	if (r)
		return cli_fail(
			p->cli, CLI_INTERNAL, NULL, "becoming the owner of the store: %s", strerror(-r));
	r = store_open(&p->store, &options, &err);
	if (!r)
		return 0;
	people_become_root();
	if (r == -EACCES || r == -EPERM)
		return cli_fail(p->cli, CLI_UNREACHABLE, "run this as the user who owns the data directory",
			"%s", err.text);
	if (r == STORE_E_BUSY)
		return cli_fail(p->cli, CLI_UNREACHABLE,
			"a server is starting or ending just now; try again in a moment", "%s", err.text);
	return cli_fail(p->cli, CLI_INTERNAL, NULL, "%s", err.text);
}

static bool is_listening(const char *socket)
{
	struct control *c = NULL;
	struct err err;
	bool is = control_open(&c, socket, &err) == 0;

	control_free(c);
	return is;
}

int people_settings(const struct cli *cli, struct settings **out, char *socket)
{
	struct err err = {};
	int r = layout_check(cli->dir, &err);

	if (!r)
		r = settings_load(out, cli->dir, &err);
	if (!r) {
		snprintf(socket, PLACE_MAX, "%s", (*out)->control_socket.data);
		return 0;
	}
	snprintf(socket, PLACE_MAX, "%s/run/control.sock", cli->dir);
	if (r == -EACCES || !is_listening(socket))
		return cli_settings(cli, out); /* which says why */
	fprintf(stderr, "gatehouse: %s; the server runs on with what it was started with\n", err.text);
	*out = NULL;
	return 0;
}

size_t people_password_min(const struct people *p)
{
	return p->settings ? p->settings->sasl_password_min : PASSWORD_MIN;
}

int people_need_settings(const struct people *p)
{
	return p->settings ? 0
			   : cli_fail(p->cli, CLI_USAGE, "mend the file, then try again",
				     "this cannot be done while the settings are broken");
}

int people_open_control(struct people *p, const struct cli *cli)
{
	struct err err = {};
	int r;

	*p = (struct people){.cli = cli};
	r = people_settings(cli, &p->settings, p->socket);
	if (r)
		return r;
	r = control_open(&p->control, p->socket, &err);
	if (!r || is_not_running(r))
		return 0;
	return cli_fail(cli, CLI_UNREACHABLE,
		"be root, the server's own user or a member of control.admin_group",
		"the server cannot be reached: %s", err.text);
}

int people_open(struct people *p, const struct cli *cli, bool offline)
{
	int r = people_open_control(p, cli);

	if (r || p->control)
		return r;
	if (offline && p->settings)
		return open_store(p);
	return cli_fail(cli, CLI_UNREACHABLE, "start it with 'gatehouse serve'", "no server runs on %s",
		p->settings ? p->settings->dir.data : cli->dir);
}

void people_close(struct people *p)
{
	control_free(p->control);
	if (p->store) {
		store_close(p->store);
		people_become_root();
	}
	settings_free(p->settings);
	*p = (struct people){};
}

static int exit_of(const char *code)
{
	static const struct {
		const char *code;
		int exit;
	} table[] = {
		{"not_found", CLI_NO},
		{"exists", CLI_NO},
		{"refused", CLI_NO},
		{"limit", CLI_NO},
		{"confusable", CLI_NO},
		{"bad_jid", CLI_USAGE},
		{"bad_domain", CLI_USAGE},
		{"bad_request", CLI_USAGE},
		{"unknown_command", CLI_USAGE},
		{"not_permitted", CLI_UNREACHABLE},
		{"unavailable", CLI_UNREACHABLE},
		{"full", CLI_UNREACHABLE},
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (strcmp(table[i].code, code) == 0)
			return table[i].exit;
	return CLI_INTERNAL;
}

int people_refused(const struct cli *cli, const json_t *answer, const char *jid)
{
	const char *code, *text, *remedy;

	if (!control_failed(answer, &code, &text, &remedy))
		return CLI_OK;
	if (jid)
		return cli_fail(cli, exit_of(code), remedy, "%s: %s", LOG_STR(str_from(jid)),
			LOG_STR(str_from(text)));
	return cli_fail(cli, exit_of(code), remedy, "%s", LOG_STR(str_from(text)));
}

int people_call(struct people *p, const char *cmd, json_t *args, json_t **out)
{
	json_t *jid = json_incref(json_object_get(args, "jid")), *answer = NULL;
	struct err err = {};
	int r = 0;

	if (p->control) {
		r = control_call(p->control, cmd, args, NULL, 0, &answer, &err);
	} else {
		answer = people_offline(p, cmd, args);
		json_decref(args);
	}
	if (r)
		r = cli_fail(
			p->cli, CLI_UNREACHABLE, "look at the server's log, then try again", "%s", err.text);
	else
		r = people_refused(p->cli, answer, json_string_value(jid));
	json_decref(jid);
	if (r)
		json_decref(answer);
	else
		*out = answer;
	return r;
}

const char *people_text(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text ? text : "";
}

int people_ask(struct cli *cli, const char *cmd, json_t *args, void (*show)(struct cli *cli, const json_t *answer))
{
	struct people p = {.cli = cli};
	json_t *answer = NULL;
	int r = args ? people_open(&p, cli, false) : cli_fail(cli, CLI_USAGE, NULL, "an argument is not UTF-8");

	if (r)
		json_decref(args);
	else
		r = people_call(&p, cmd, args, &answer);
	if (!r && cli->json)
		r = cli_print_json(json_incref(answer), CLI_OK);
	else if (!r && show)
		show(cli, answer);
	json_decref(answer);
	people_close(&p);
	return r;
}

int people_announce(
	const struct people *p, const char *command, const char *target, const char *text, uint64_t *out_seq)
{
	struct err err = {};
	json_t *answer = NULL;
	int r;

	if (!p->control)
		return witness_admin(p->settings,
			       &(struct witness_act){.command = command, .target = target, .text = text}, out_seq, &err)
			       ? cli_fail(p->cli, CLI_INTERNAL, NULL, "nothing is copied: %s", err.text)
			       : 0;
	if (control_call(p->control, command, json_pack("{s:s, s:s}", "target", target, "text", text), NULL, 0, &answer, &err))
		return cli_fail(p->cli, CLI_UNREACHABLE, "look at the server's log", "%s", err.text);
	r = people_refused(p->cli, answer, NULL);
	*out_seq = (uint64_t)json_integer_value(json_object_get(answer, "seq"));
	json_decref(answer);
	return r;
}

bool people_domain_is_ours(const struct people *p, struct str domain)
{
	return !p->settings || settings_is_ours(p->settings, domain);
}

int people_jid(const struct people *p, const char *text, struct arena *arena, struct str *out)
{
	struct str copy;
	struct jid jid;
	int r = jid_parse(&jid, str_from(text), arena);

	if (r < 0)
		return cli_fail(p->cli, CLI_INTERNAL, NULL, "out of memory");
	if (r || !jid_is_bare(&jid) || jid_is_domain(&jid))
		return cli_fail(p->cli, CLI_USAGE, "write it as name@domain",
			"'%s' is no address of a person", LOG_STR(str_from(text)));
	if (!people_domain_is_ours(p, jid.domain))
		return cli_fail(p->cli, CLI_USAGE, "domains are listed under 'domains' in gatehouse.yaml",
			"this server does not answer for the domain %s", LOG_STR(jid.domain));
	copy = arena_printf(arena, "%.*s%c", STR_FMT(jid.bare), 0);
	if (!copy.data)
		return cli_fail(p->cli, CLI_INTERNAL, NULL, "out of memory");
	*out = str_of(copy.data, copy.len - 1);
	return 0;
}

const char *people_fault(const char *field, struct str text)
{
	for (size_t i = 0; i < text.len; i++)
		if ((unsigned char)text.data[i] < ' ' || text.data[i] == 0x7f)
			return "a control character stands in the name, the groups, the mail address, the "
			       "language or the "
			       "department";
	if (strcmp(field, "language") == 0 && text.len && !language_is_tag(text))
		return "this is no language tag (BCP 47); write it as en, de or de-CH";
	return NULL;
}

void people_warn_language(struct str tags)
{
	fprintf(stderr, "gatehouse: warning: the server has no words of its own in '%s'; such people read them in English, but for "
			"notices of rules that have it; it has ",
		LOG_STR(tags));
	for (size_t i = 0; i < LANGUAGES; i++)
		fprintf(stderr, "%s%.*s", i ? ", " : "", STR_FMT(language_tags[i]));
	fputc('\n', stderr);
}

static json_t *base64_json(const uint8_t *data, size_t len)
{
	struct buf b = BUF_INIT(0);
	json_t *text;

	base64_put(&b, data, len);
	text = json_stringn(b.data, b.len);
	buf_done(&b);
	return text;
}

json_t *people_verifiers_json(const struct store_verifier verifiers[STORE_VERIFIER_KINDS])
{
	static const char *const names[STORE_VERIFIER_KINDS] = {
		"SCRAM-SHA-1", "SCRAM-SHA-256", "SCRAM-SHA-512"};
	json_t *list = json_array();

	for (int i = 0; i < STORE_VERIFIER_KINDS; i++) {
		const struct store_verifier *v = &verifiers[i];

		if (v->iterations)
			json_array_append_new(list,
				json_pack("{s:s, s:I, s:o, s:o, s:o}", "mechanism", names[i], "iterations",
					(json_int_t)v->iterations, "salt", base64_json(v->salt, v->salt_len),
					"stored_key", base64_json(v->stored_key, v->key_len), "server_key",
					base64_json(v->server_key, v->key_len)));
	}
	return list;
}
