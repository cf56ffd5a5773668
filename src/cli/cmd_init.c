/* init: a data directory with everything a server needs. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "cli/commands.h"
#include "cli/init.h"
#include "jid/jid.h"

enum {
	PORT_OFFSET_MAX = 60000,
};

const char *init_path(const struct init *in, const char *name)
{
	static char slots[4][4200];
	static unsigned next;
	char *to = slots[next++ % 4];

	snprintf(to, sizeof(slots[0]), "%s/%s", in->dir, name);
	return to;
}

void init_say(struct init *in, const char *fmt, ...)
{
	char text[1024];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	json_array_append_new(in->said, json_string(text));
	cli_say(in->cli, "%s\n", text);
}

static int take_domain(struct init *in, struct str text)
{
	struct str domain, copy;

	if (in->domains_len == INIT_DOMAINS_MAX)
		return cli_fail(in->cli, CLI_USAGE, NULL, "more than %d domains", INIT_DOMAINS_MAX);
	if (jid_prepare_domain(&domain, text, in->arena) || str_find(domain, ':', 0) < domain.len)
		return cli_fail(in->cli, CLI_USAGE, "use a name such as example.org",
			"'%s' is no domain name", LOG_STR(text));
	copy = arena_printf(in->arena, "%.*s%c", STR_FMT(domain), 0);
	if (!copy.data)
		return cli_fail(in->cli, CLI_INTERNAL, NULL, "out of memory");
	in->domains[in->domains_len++] = str_of(copy.data, copy.len - 1);
	return 0;
}

static int take_options(struct init *in)
{
	struct str all = str_from(cli_value(in->cli, "--domain"));
	unsigned long long offset = 0;
	size_t from = 0, to;
	int r = 0;

	if (!all.len)
		return cli_fail(in->cli, CLI_USAGE, "add --domain example.org", "which domain?");
	while (from <= all.len && !r) {
		to = str_find(all, ',', from);
		r = take_domain(in, str_trim(str_cut(all, from, to)));
		from = to + 1;
	}
	if (!r)
		r = cli_number(in->cli, "--port-offset", PORT_OFFSET_MAX, &offset);
	in->port_offset = (unsigned)offset;
	in->demo = cli_has(in->cli, "--demo");
	in->root = geteuid() == 0;
	return r;
}

/* The folder above `path` through which other users may not pass, or NULL. */
static const char *closed_folder(char *path)
{
	struct stat st;
	char *slash;

	while ((slash = strrchr(path, '/')) && slash != path) {
		*slash = '\0';
		if (stat(path, &st) == 0 && !(st.st_mode & S_IXOTH))
			return path;
	}
	return NULL;
}

/* As root the server's processes are other users, who have to reach their files. */
static int check_reachable(const struct init *in)
{
	char path[4096];
	const char *closed;

	snprintf(path, sizeof(path), "%s", in->dir);
	closed = in->root ? closed_folder(path) : NULL;
	if (!closed)
		return 0;
	rmdir(in->dir);
	return cli_fail(in->cli, CLI_USAGE, "use a place such as /var/lib/gatehouse",
		"%s is closed to other users, so the server's own users cannot reach %s", closed, in->dir);
}

/* The folder itself, with a name that stays right wherever a process runs. */
static int take_dir(struct init *in)
{
	AUTO(auto_free) char *real = NULL;

	if (mkdir(in->cli->dir, in->root ? 0755 : 0750) && errno != EEXIST)
		return cli_fail(in->cli, CLI_USAGE,
			"name a folder that you may make; its parent must be there", "%s: %s", in->cli->dir,
			strerror(errno));
	real = realpath(in->cli->dir, NULL);
	if (!real || strlen(real) > sizeof(in->dir) - 100)
		return cli_fail(in->cli, CLI_USAGE, NULL, "%s cannot be used: %s", in->cli->dir,
			real ? "its path is too long" : strerror(errno));
	snprintf(in->dir, sizeof(in->dir), "%s", real);
	if (access(init_path(in, "gatehouse.yaml"), F_OK) == 0)
		return cli_fail(in->cli, CLI_NO, "start it with 'gatehouse serve', or name another --dir",
			"%s holds a server already; nothing was changed", in->dir);
	return check_reachable(in);
}

static int failed(const struct init *in, int r, const struct err *err)
{
	return cli_fail(in->cli, r == -EACCES || r == -EPERM ? CLI_UNREACHABLE : CLI_INTERNAL,
		"mend that and run the same command again", "%s", err->text);
}

static int make(struct init *in)
{
	static int (*const steps[])(struct init * in, struct err * err) = {init_users, init_folders, init_tls,
		init_keys, init_policy, init_store, init_owners, init_settings};
	struct err err = {};
	int r;

	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		r = steps[i](in, &err);
		if (r)
			return failed(in, r, &err);
	}
	if (in->demo && (r = init_demo(in, &err)))
		return failed(in, r, &err);
	return 0;
}

static int report(struct init *in)
{
	if (in->cli->json)
		return cli_print_json(json_pack("{s:b, s:s, s:s, s:s, s:O}", "ok", 1, "dir", in->dir, "ca",
					      init_path(in, "tls/ca.crt"), "settings",
					      init_path(in, "gatehouse.yaml"), "notes", in->said),
			CLI_OK);
	cli_say(in->cli,
		"\nMade %s\n"
		"  settings     %s/gatehouse.yaml\n"
		"  policy       %s/policy\n"
		"  certificate  %s/tls/server.crt (clients trust it when they trust %s/tls/ca.crt)\n"
		"  record key   %s/keys/record.pub, from the first start on: give it to whoever will verify "
		"the record\n"
		"\nnext: gatehouse serve --dir %s\n",
		in->dir, in->dir, in->dir, in->dir, in->dir, in->dir, in->cli->dir);
	if (!in->demo)
		cli_say(in->cli, "then: gatehouse user add NAME@%s --dir %s\n", in->domains[0].data,
			in->cli->dir);
	return CLI_OK;
}

int cmd_init(struct cli *cli)
{
	struct init in = {.cli = cli, .arena = arena_new(1 << 20), .said = json_array()};
	int r = in.arena && in.said ? take_options(&in) : CLI_INTERNAL;

	umask(0022);
	if (!r)
		r = take_dir(&in);
	if (!r)
		r = make(&in);
	if (!r)
		r = report(&in);
	json_decref(in.said);
	arena_free(in.arena);
	return r;
}
