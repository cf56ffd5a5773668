#include "cli/clients_change.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "cli/amount.h"
#include "cli/table.h"
#include "cli/witness.h"
#include "inspect/check.h"
#include "ipc/control.h"

enum {
	NAME_MAX_TEMP = 300,
};

const char *clients_user(void)
{
	const struct passwd *user = getpwuid(getuid());

	return user ? user->pw_name : "?";
}

/* ---- opening ---- */

int clients_open(struct clients *c, struct cli *cli)
{
	struct err err = {};
	int r;

	*c = (struct clients){.cli = cli, .arena = arena_new(0)};
	if (!c->arena)
		return cli_fail(cli, CLI_INTERNAL, NULL, "out of memory");
	r = people_open_control(&c->people, cli);
	if (!r)
		r = people_need_settings(&c->people);
	if (r)
		return r;
	c->dir = c->people.settings->policy_dir.data;
	if (policy_set_load(&c->policy, c->dir, NULL, &err))
		return cli_fail(cli, CLI_USAGE, "'gatehouse policy check' lists all errors; mend them first", "%s/%s", c->dir, err.text);
	c->set = client_set_of(c->policy);
	return 0;
}

void clients_close(struct clients *c)
{
	policy_set_unref(c->policy);
	people_close(&c->people);
	arena_free(c->arena);
}

static bool id_is_taken(const struct clients *c, struct str id)
{
	const struct client_patch *patches;
	size_t count = client_set_patches(c->set, &patches);

	for (size_t i = 0; i < count; i++)
		if (str_eq(patches[i].id, id))
			return true;
	return client_set_rule(c->set, id) || rule_set_find(policy_set_rules(c->policy), id);
}

struct str clients_id_make(const struct clients *c, const char *head, struct str name)
{
	char slug[48];
	size_t len = 0;

	for (size_t i = 0; i < name.len && len < sizeof(slug); i++) {
		char ch = name.data[i] >= 'A' && name.data[i] <= 'Z' ? (char)(name.data[i] | 0x20) : name.data[i];

		if ((ch >= 'a' && ch <= 'z') || (ch >= '0' && ch <= '9'))
			slug[len++] = ch;
		else if (len && slug[len - 1] != '-')
			slug[len++] = '-';
	}
	while (len && slug[len - 1] == '-')
		len--;
	for (unsigned n = 1; n < 1000; n++) {
		struct str id = n == 1 ? arena_printf(c->arena, "%s-%.*s%c", head, (int)len, slug, 0)
				       : arena_printf(c->arena, "%s-%.*s-%u%c", head, (int)len, slug, n, 0);

		id.len -= id.len > 0;
		if (!id.data || !id_is_taken(c, id))
			return id;
	}
	return STR_NONE;
}

int clients_list_end(const struct clients *c, int r, const char *name, json_t *all, struct table *t)
{
	if (!r && c->cli->json)
		r = cli_print_json(json_pack("{s:O}", name, all), CLI_OK);
	else if (!r)
		table_print(t);
	table_done(t);
	json_decref(all);
	return r;
}

json_t *clients_text_json(struct str s)
{
	return json_stringn(s.data ? s.data : "", s.len);
}

/* ---- files ---- */

static int read_whole(const char *path, struct arena *arena, struct str *out)
{
	AUTO(auto_close) int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct buf text = BUF_INIT(RULE_FILE_BYTES_MAX + 65536);
	ssize_t n = -1;
	char *room;
	int r;

	while (fd >= 0 && (room = buf_room(&text, 65536)) && (n = read(fd, room, 65536)) > 0)
		text.len += (size_t)n;
	r = fd < 0 || n < 0 ? -errno : buf_failed(&text) ? -EFBIG : 0;
	if (!r)
		*out = arena_dup(arena, text.len ? buf_view(&text) : STR(""));
	buf_done(&text);
	return r;
}

static const char *path_of(const struct clients *c, struct str file)
{
	struct str path = arena_printf(c->arena, "%s/%.*s%c", c->dir, STR_FMT(file), 0);

	return path.data ? path.data : "";
}

int clients_file_read(struct clients *c, struct str file, struct str *out)
{
	int r = read_whole(path_of(c, file), c->arena, out);

	return r ? cli_fail(c->cli, CLI_UNREACHABLE, NULL, "%s: %s", path_of(c, file), strerror(-r)) : 0;
}

static int folder_sync(const char *folder)
{
	AUTO(auto_close) int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 || fsync(fd) ? -errno : 0;
}

/* The temporary name begins with a dot: the policy does not read it, should this end here. */
static int write_beside(const char *temp, struct str text)
{
	AUTO(auto_close) int fd = open(temp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);

	if (fd < 0 || fchmod(fd, 0644))
		return -errno;
	for (size_t at = 0; at < text.len;) {
		ssize_t n = write(fd, text.data + at, text.len - at);

		if (n < 0 && errno != EINTR)
			return -errno;
		at += n > 0 ? (size_t)n : 0;
	}
	return fsync(fd) ? -errno : 0;
}

/* One step: a reader sees the file as it was or as it is to be. */
static int file_put(const struct clients *c, const struct policy_change *change)
{
	const char *path = path_of(c, change->file), *slash = strrchr(path, '/');
	char folder[4096], temp[4096 + NAME_MAX_TEMP];
	int r;

	if (!slash || (size_t)(slash - path) >= sizeof(folder))
		return -ENAMETOOLONG;
	snprintf(folder, sizeof(folder), "%.*s", (int)(slash - path), path);
	snprintf(temp, sizeof(temp), "%s/.%s.new", folder, slash + 1);
	if (mkdir(folder, 0755) && errno != EEXIST)
		return -errno;
	if (change->gone) {
		r = unlink(path) ? -errno : 0;
	} else {
		r = write_beside(temp, change->text);
		if (!r && rename(temp, path))
			r = -errno;
		if (r)
			unlink(temp);
	}
	return r ? r : folder_sync(folder);
}

/* ---- the change ---- */

/* The policy as it would be: its files and all their samples. */
static int judge(const struct clients *c, const struct policy_change *change)
{
	struct policy_report report;
	struct err err = {};
	int r = policy_check_changed(c->dir, change, c->arena, &report);

	if (r == 0)
		return 0;
	if (r > 0)
		problems_to_err(&report.errors, &err);
	else
		err_set(&err, r, "%s", strerror(-r));
	return cli_fail(c->cli, CLI_USAGE, "nothing was changed", "the policy would not be in order: %s", err.text);
}

static int record_running(struct clients *c, const struct clients_act *act)
{
	struct err err = {};
	json_t *answer = NULL;
	int r;

	if (control_call(c->people.control, "clients.rule",
		    json_pack("{s:s, s:s, s:s, s:b}", "act", act->name, "target", act->target, "text", act->text, "protects",
			    act->protects),
		    NULL, 0, &answer, &err))
		return cli_fail(c->cli, CLI_UNREACHABLE, "nothing was changed; look at the server's log", "%s", err.text);
	r = people_refused(c->cli, answer, NULL);
	json_decref(answer);
	return r;
}

static int record_alone(struct clients *c, const struct clients_act *act)
{
	struct err err = {};
	struct buf text = BUF_INIT(8192);
	uint64_t seq;
	int r;

	buf_printf(&text, "%s: %s", act->name, act->text);
	r = witness_admin(c->people.settings,
		&(struct witness_act){.command = "clients.rule", .target = act->target, .text = buf_cstr(&text)}, &seq, &err);
	buf_done(&text);
	return r ? cli_fail(c->cli, CLI_INTERNAL, NULL, "nothing was changed: %s", err.text) : 0;
}

static int record(struct clients *c, const struct clients_act *act)
{
	return c->people.control ? record_running(c, act) : record_alone(c, act);
}

/* A further line: the one before says that it is done. */
static int record_undone(struct clients *c, const struct clients_act *act)
{
	return record(
		c, &(struct clients_act){.name = "undo", .target = act->target, .text = "the change before was not put in force"});
}

/* Everything as before, and the record says that it was not done. */
static int undo(struct clients *c, const struct policy_change *change, bool was_there, struct str old,
	const struct clients_act *act)
{
	struct policy_change back = {.file = change->file, .text = old, .gone = !was_there};
	int r = file_put(c, &back);

	if (r)
		return cli_fail(c->cli, CLI_INTERNAL, "put the file back by hand, then 'gatehouse reload'", "%s: %s",
			path_of(c, change->file), strerror(-r));
	return record_undone(c, act);
}

static int put_in_force(struct clients *c, const struct policy_change *change, bool was_there, struct str old,
	const struct clients_act *act)
{
	json_t *answer = NULL;
	int r = people_call(&c->people, "reload", NULL, &answer);

	json_decref(answer);
	if (r)
		(void)!undo(c, change, was_there, old, act);
	return r;
}

/* How many it is about, connected or lately so; -1: that cannot be said. Asked after the deed, which does not
 * wait for it. */
static long long reached(struct clients *c, const struct policy_change *change, const struct clients_act *act)
{
	struct err err = {};
	json_t *answer = NULL;
	long long n = -1;

	if (!c->people.control || change->gone || !act->target)
		return -1;
	if (!control_call(c->people.control, "clients.dry_run", json_pack("{s:s}", "rule", act->target), NULL,
		    0, &answer, &err) &&
		json_is_integer(json_object_get(answer, "people")))
		n = json_integer_value(json_object_get(answer, "people"));
	json_decref(answer);
	return n;
}

static int said(struct clients *c, const struct policy_change *change, const struct clients_act *act)
{
	bool live = c->people.control != NULL;
	long long people = reached(c, change, act);

	if (c->cli->json)
		return cli_print_json(
			json_pack("{s:b, s:s, s:s, s:s, s:b, s:o}", "ok", 1, "act", act->name, "rule",
				act->target, "file", path_of(c, change->file), "in_force", live, "people",
				people < 0 ? json_null() : json_integer(people)),
			CLI_OK);
	cli_say(c->cli, "%s: %s\n%s %s\n", act->target, act->text, change->gone ? "removed" : "written to",
		path_of(c, change->file));
	cli_say(c->cli, !live           ? "no server runs; it counts from the next start on\n"
			: act->observes ? "the running server has it\n"
					: "in force\n");
	if (people >= 0)
		cli_say(c->cli, "it is about %s who were here lately\n", AMOUNT(people, "person", "people"));
	return CLI_OK;
}

int clients_change(struct clients *c, const struct policy_change *change, const struct clients_act *act)
{
	struct str old = STR_NONE;
	int r = judge(c, change);
	bool was_there;

	if (r)
		return r;
	if (act->dry_run)
		return clients_dry_run(c, change, str_from(act->target), act->at);
	was_there = read_whole(path_of(c, change->file), c->arena, &old) == 0;
	r = record(c, act);
	if (r)
		return r;
	r = file_put(c, change);
	if (r) {
		(void)!record_undone(c, act);
		return cli_fail(c->cli, r == -EACCES || r == -EPERM || r == -EROFS ? CLI_UNREACHABLE : CLI_INTERNAL,
			"run this as the user who owns the policy", "nothing was changed: %s: %s", path_of(c, change->file),
			strerror(-r));
	}
	if (c->people.control)
		r = put_in_force(c, change, was_there, old, act);
	return r ? r : said(c, change, act);
}

/* ---- dry run ---- */

static struct str member(const json_t *object, const char *name)
{
	const json_t *v = json_object_get(object, name);

	return str_of(json_string_value(v), json_string_length(v));
}

static void print_rows(const json_t *rows)
{
	static const char *const columns[] = {"person", "session", "client", "now", "then", "rule", "last seen", NULL};
	const json_t *row;
	struct table t;
	size_t i;

	table_init(&t, columns);
	json_array_foreach(rows, i, row)
	{
		table_add(&t, member(row, "person"));
		table_add(&t, member(row, "resource"));
		table_addf(&t, "%.*s %.*s", STR_FMT(member(row, "product")), STR_FMT(member(row, "version")));
		table_add(&t, member(row, "now"));
		table_add(&t, member(row, "then"));
		table_add(&t, member(row, "rule"));
		table_add(&t, json_is_true(json_object_get(row, "online")) ? STR("now") : str_cut(member(row, "last_seen"), 0, 10));
	}
	table_print(&t);
	table_done(&t);
}

static void print_groups(const struct cli *cli, const json_t *groups)
{
	const char *name;
	json_t *count;
	bool first = true;

	json_object_foreach((json_t *)(uintptr_t)groups, name, count)
	{
		cli_say(cli, "%s%s (%lld)", first ? "groups: " : ", ", LOG_STR(str_from(name)), (long long)json_integer_value(count));
		first = false;
	}
	if (!first)
		cli_say(cli, "\n");
}

int clients_dry_run(struct clients *c, const struct policy_change *change, struct str rule, struct str at)
{
	json_t *args = json_object(), *answer = NULL;
	int r;

	if (!c->people.control) {
		json_decref(args);
		return cli_fail(c->cli, CLI_UNREACHABLE, "start it with 'gatehouse serve'",
			"who is connected is known only while a server runs; nothing was changed");
	}
	if (change) {
		json_object_set_new(args, "file", json_stringn(change->file.data, change->file.len));
		json_object_set_new(args, "gone", json_boolean(change->gone));
		json_object_set_new(args, "text", json_stringn(change->text.data ? change->text.data : "", change->text.len));
	}
	if (rule.len)
		json_object_set_new(args, "rule", json_stringn(rule.data, rule.len));
	if (at.len)
		json_object_set_new(args, "at", json_stringn(at.data, at.len));
	r = people_call(&c->people, "clients.dry_run", args, &answer);
	if (r)
		return r;
	if (c->cli->json)
		return cli_print_json(answer, CLI_OK);
	print_rows(json_object_get(answer, "rows"));
	cli_say(c->cli, "%s, %s of %lld, %s not there now\n",
		AMOUNT(json_integer_value(json_object_get(answer, "people")), "person", "people"),
		AMOUNT(json_integer_value(json_object_get(answer, "sessions")), "session", "sessions"),
		(long long)json_integer_value(json_object_get(answer, "connected")),
		AMOUNT(json_integer_value(json_object_get(answer, "away")), "client that is", "clients that are"));
	print_groups(c->cli, json_object_get(answer, "groups"));
	cli_say(c->cli, "looked at for %.*s; nothing was changed\n", STR_FMT(member(answer, "at")));
	json_decref(answer);
	return CLI_OK;
}
