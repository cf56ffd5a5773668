/* export: the people of this server with what belongs to them, as XEP-0227. The act is in the record first,
 * then the store is copied as it is at one moment (the server goes on), and the copy is read; what was
 * written is in the record as well, with its SHA-256. Nothing of it may be read by anybody but who runs this.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <openssl/evp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/text.h"
#include "cli/backup.h"
#include "cli/commands.h"
#include "cli/people.h"
#include "cli/portable_user.h"
#include "cli/progress.h"
#include "cli/reading.h"
#include "ipc/control.h"
#include "jid/jid.h"
#include "store/copy.h"

enum {
	SUM_TEXT = 2 * SUM_BYTES + 1,
	NAME_BYTES = 250, /* of a person's file */
	APPLIED_MS = 30000,
	APPLIED_STEP_MS = 100,
};

struct export
{
	struct cli *cli;
	struct people *people;
	char target[BACKUP_PATH]; /* the file, or the folder of files */
	char work[BACKUP_PATH];   /* folder of the copy; "": none */
	struct store *store;
	struct tally tally;
	struct portable_out out;
	struct progress progress;
	EVP_MD_CTX *hash;
	int fd;
	bool each, made; /* a file each; the target is ours */
	char sum[SUM_TEXT];
	uint64_t bytes;
};

static int failed(const struct export *x, const char *what, int code)
{
	return cli_fail(x->cli, code == -EACCES || code == -EPERM ? CLI_UNREACHABLE : CLI_INTERNAL,
		code == -ENOSPC ? "make room, or name a place elsewhere" : NULL, "%s: %s", what,
		code < 0 ? strerror(-code) : "the store cannot be read");
}

/* ---- the target ---- */

/* The parent has to be there; the target itself not. */
static int take_target(struct export *x)
{
	AUTO(auto_free) char *copy = strdup(x->cli->args[0]);
	AUTO(auto_free) char *parent = NULL;
	char *slash = copy ? strrchr(copy, '/') : NULL;
	const char *name = slash ? slash + 1 : copy;

	if (slash)
		*slash = '\0';
	if (copy && name[0])
		parent = realpath(slash ? (copy[0] ? copy : "/") : ".", NULL);
	if (!parent || !backup_join(x->target, parent, name) || strlen(x->target) > BACKUP_PATH - 512)
		return cli_fail(x->cli, CLI_USAGE, "name a file in a folder that is there",
			"%s cannot be written: %s", x->cli->args[0], strerror(errno));
	if (access(x->target, F_OK) == 0)
		return cli_fail(x->cli, CLI_NO, "name another one, or move it away",
			"%s is there; nothing is written over", x->target);
	snprintf(x->work, sizeof(x->work), "%.*s/.export-XXXXXX", (int)strlen(parent), parent);
	if (mkdtemp(x->work))
		return 0;
	x->work[0] = '\0';
	return failed(x, parent, -errno);
}

static int open_file(struct export *x, const char *path)
{
	x->fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	return x->fd < 0 ? failed(x, path, -errno) : 0;
}

static int close_file(struct export *x, const char *path)
{
	int code = fsync(x->fd) ? -errno : 0;

	close(x->fd);
	x->fd = -1;
	return code ? failed(x, path, code) : 0;
}

static int write_text(void *owner, struct str text)
{
	struct export *x = owner;

	if (EVP_DigestUpdate(x->hash, text.data, text.len) != 1)
		return -EIO;
	for (size_t at = 0; at < text.len;) {
		ssize_t n = write(x->fd, text.data + at, text.len - at);

		if (n < 0 && errno != EINTR)
			return -errno;
		at += n > 0 ? (size_t)n : 0;
	}
	x->bytes += text.len;
	progress_at(&x->progress, (size_t)x->tally.carried[TALLY_ACCOUNTS]);
	return 0;
}

/* ---- the copy ---- */

static void pages_moved(void *owner, uint64_t done, uint64_t all)
{
	struct export *x = owner;

	(void)all;
	progress_at(&x->progress, (size_t)(done >> 8));
}

/* Messages that sessions have and have not acknowledged wait as well, for whoever reads the copy. */
static int unspool(struct export *x)
{
	struct store_req req;
	int r;

	store_req_init(&req, NULL, NULL);
	r = store_message_unspool(x->store, &req, STR(""), STR(""));
	if (!r)
		r = store_wait(&req);
	store_req_release(&req);
	return r ? failed(x, "the copy of the store", r) : 0;
}

/* The running server writes history in batches, and the store is behind the record by as much. What was accepted before the
 * act is in the copy; a server that is too busy for that is not waited for. */
static void wait_applied(struct export *x, uint64_t seq)
{
	json_t *answer = NULL;
	struct err err = {};
	bool there = false;

	for (int i = 0; !there && i < APPLIED_MS / APPLIED_STEP_MS; i++) {
		if (control_call(x->people->control, "status", NULL, NULL, 0, &answer, &err))
			break;
		there = (uint64_t)json_integer_value(json_object_get(answer, "applied_seq")) >= seq;
		json_decref(answer);
		if (!there)
			poll(NULL, 0, APPLIED_STEP_MS);
	}
	if (!there)
		tally_left(&x->tally, TALLY_HISTORY, 1, "the server is busy: messages of the last seconds may be missing");
}

static int copy_store(struct export *x)
{
	const struct settings *s = x->people->settings;
	struct store_options options = {};
	struct store_copied copied;
	struct store_copy *copy = NULL;
	char path[BACKUP_PATH];
	struct err err = {};
	int r = people_become_owner(s);

	if (!r)
		r = store_copy_open(&copy, s->store_file.data, &err);
	people_become_root();
	if (r)
		return cli_fail(x->cli, CLI_UNREACHABLE,
			"run this as root or as the user who owns the data directory", "%s",
			err.text[0] ? err.text : strerror(-r));
	if (!backup_join(path, x->work, "store.db"))
		r = -ENAMETOOLONG;
	progress_begin(&x->progress, "MiB of the store copied", 0, x->cli->json);
	if (!r)
		r = store_copy_write(copy, path, pages_moved, x, &copied, &err);
	progress_end(&x->progress);
	store_copy_free(copy);
	options.path = path;
	if (!r)
		r = store_open(&x->store, &options, &err);
	x->out.store = x->store;
	return r ? cli_fail(x->cli, CLI_INTERNAL, NULL, "%s", err.text[0] ? err.text : strerror(-r))
		 : unspool(x);
}

/* ---- people ---- */

static bool is_wanted(const struct export *x, struct str jid)
{
	const char *list = cli_value(x->cli, "--user");
	struct str all = str_from(list ? list : "");

	for (size_t from = 0, to; from < all.len; from = to + 1) {
		to = str_find(all, ',', from);
		if (str_eq(str_trim(str_cut(all, from, to)), jid))
			return true;
	}
	return !list;
}

/* Whoever is named has to be there. */
static int find_wanted(struct export *x, const struct store_accounts *all)
{
	const char *list = cli_value(x->cli, "--user");
	struct str names = str_from(list ? list : "");

	for (size_t from = 0, to, i; from < names.len; from = to + 1) {
		struct str name;

		to = str_find(names, ',', from);
		name = str_trim(str_cut(names, from, to));
		for (i = 0; i < all->len && !str_eq(all->rows[i].jid, name); i++)
			;
		if (i == all->len)
			return cli_fail(x->cli, CLI_NO, "'gatehouse user list' shows them",
				"there is no account %s", LOG_STR(name));
	}
	return 0;
}

static int put_user(struct export *x, const struct store_account *row)
{
	int r = portable_user_put(&x->out, row);

	progress_at(&x->progress, (size_t)x->tally.carried[TALLY_ACCOUNTS]);
	return r ? failed(x, LOG_STR(row->jid), r) : 0;
}

/* A whole document for one person, named by the address: what Prosody reads as its storage. */
static int put_document(struct export *x, const struct store_account *row)
{
	char name[NAME_BYTES + 1], path[BACKUP_PATH];
	int r;

	if (snprintf(name, sizeof(name), "%.*s.xml", STR_FMT(row->jid)) >= (int)sizeof(name)) {
		tally_left(&x->tally, TALLY_ACCOUNTS, 1, "the address is too long for the name of a file");
		return 0;
	}
	r = backup_join(path, x->target, name) ? open_file(x, path) : failed(x, name, -ENAMETOOLONG);
	if (r)
		return r;
	portable_begin_put(&x->out);
	portable_host_put(&x->out, jid_split(row->jid).domain);
	r = put_user(x, row);
	portable_host_end_put(&x->out);
	if (!r && (r = portable_end_put(&x->out)))
		r = failed(x, path, r);
	return r ? r : close_file(x, path);
}

static int put_each(struct export *x, const struct store_accounts *all)
{
	int r = mkdir(x->target, 0700) ? failed(x, x->target, -errno) : 0;

	x->made = !r;
	for (size_t i = 0; !r && i < all->len; i++)
		if (is_wanted(x, all->rows[i].jid))
			r = put_document(x, &all->rows[i]);
	return r ? r : backup_sync_folder(x->target) ? failed(x, x->target, -EIO) : 0;
}

static int put_host(struct export *x, const struct store_accounts *all, struct str domain)
{
	int r = 0;

	portable_host_put(&x->out, domain);
	for (size_t i = 0; !r && i < all->len; i++)
		if (str_eq(jid_split(all->rows[i].jid).domain, domain) && is_wanted(x, all->rows[i].jid))
			r = put_user(x, &all->rows[i]);
	portable_host_end_put(&x->out);
	return r;
}

static int put_one(struct export *x, const struct store_accounts *all)
{
	const struct settings *s = x->people->settings;
	int r = open_file(x, x->target);

	x->made = !r;
	portable_begin_put(&x->out);
	for (size_t i = 0; !r && i < s->domains.len; i++)
		r = put_host(x, all, s->domains.items[i]);
	if (!r && (r = portable_end_put(&x->out)))
		r = failed(x, x->target, r);
	return r ? r : close_file(x, x->target);
}

static void count_strangers(struct export *x, const struct store_accounts *all)
{
	for (size_t i = 0; !x->each && i < all->len; i++)
		if (!people_domain_is_ours(x->people, jid_split(all->rows[i].jid).domain))
			tally_left(&x->tally, TALLY_ACCOUNTS, 1,
				"this server does not answer for the domain any more");
}

static int put_people(struct export *x)
{
	struct store_req req;
	int r;

	store_req_init(&req, NULL, NULL);
	r = store_account_all(x->store, &req);
	if (!r)
		r = store_wait(&req);
	if (r)
		return failed(x, "the accounts", r);
	progress_begin(&x->progress, "people", req.accounts->len, x->cli->json);
	r = find_wanted(x, req.accounts);
	if (!r)
		r = x->each ? put_each(x, req.accounts) : put_one(x, req.accounts);
	progress_end(&x->progress);
	count_strangers(x, req.accounts);
	store_req_release(&req);
	return r;
}

static int count_rooms(struct export *x)
{
	struct store_req req;
	int r;

	store_req_init(&req, NULL, NULL);
	r = store_room_all(x->store, &req);
	if (!r)
		r = store_wait(&req);
	if (!r)
		tally_left(&x->tally, TALLY_ROOMS, req.rooms->len,
			"the form has no place for rooms: 'gatehouse backup' has them");
	store_req_release(&req);
	return r ? failed(x, "the rooms", r) : 0;
}

/* ---- the end ---- */

static int record_done(struct export *x)
{
	struct buf text = BUF_INIT(65536), hex = BUF_INIT(SUM_TEXT);
	json_t *carried = tally_carried_json(&x->tally);
	AUTO(auto_free) char *dump = json_dumps(carried, JSON_COMPACT);
	unsigned char sum[SUM_BYTES];
	uint64_t seq;
	int r = EVP_DigestFinal_ex(x->hash, sum, NULL) == 1 && dump ? 0 : CLI_INTERNAL;

	hex_put(&hex, sum, sizeof(sum));
	snprintf(x->sum, sizeof(x->sum), "%s", buf_cstr(&hex));
	buf_printf(&text, "xep0227, done: sha256 %s, carried %s", x->sum, dump ? dump : "");
	if (!r)
		r = people_announce(x->people, "export", x->target, buf_cstr(&text), &seq);
	json_decref(carried);
	buf_done(&text);
	buf_done(&hex);
	return r;
}

static int report(const struct export *x)
{
	if (x->cli->json)
		return cli_print_json(
			json_pack("{s:b, s:s, s:I, s:s, s:o, s:o}", "ok", 1, "export", x->target, "bytes",
				(json_int_t)x->bytes, "sha256", x->sum, "carried",
				tally_carried_json(&x->tally), "left", tally_left_json(&x->tally)),
			CLI_OK);
	cli_say(x->cli, "%s\n", x->target);
	tally_print(&x->tally);
	cli_say(x->cli, "it holds what opens people's accounts, and what they wrote: keep it where nobody "
			"else comes\n");
	return CLI_OK;
}

static int make(struct export *x)
{
	const char *users = cli_value(x->cli, "--user");
	uint64_t seq;
	int r = take_target(x);

	if (!r)
		r = people_announce(x->people, "export", x->target, users ? users : "", &seq);
	if (!r && x->people->control)
		wait_applied(x, seq);
	if (!r)
		r = copy_store(x);
	if (!r)
		r = put_people(x);
	if (!r)
		r = count_rooms(x);
	if (!r)
		r = record_done(x);
	return r ? r : report(x);
}

static void export_done(struct export *x, int code)
{
	if (x->fd >= 0)
		close(x->fd);
	if (code && x->made)
		backup_remove(x->target);
	store_close(x->store);
	if (x->work[0])
		backup_remove(x->work);
	buf_done(&x->out.text);
	EVP_MD_CTX_free(x->hash);
}

int cmd_export(struct cli *cli)
{
	struct people people = {};
	struct export x = {.cli = cli,
		.people = &people,
		.fd = -1,
		.hash = EVP_MD_CTX_new(),
		.each = cli_has(cli, "--each")};
	int r;

	x.out = (struct portable_out){.tally = &x.tally,
		.history = !cli_has(cli, "--no-history"),
		.write = write_text,
		.owner = &x};
	umask(0077);
	r = people_open_control(&people, cli);
	if (!r)
		r = people_need_settings(&people);
	if (!r && reading_allowed(cli, people.settings, "export"))
		r = CLI_UNREACHABLE;
	if (!r && (!x.hash || EVP_DigestInit_ex(x.hash, EVP_sha256(), NULL) != 1))
		r = failed(&x, "the export", -ENOMEM);
	if (!r)
		r = make(&x);
	export_done(&x, r);
	people_close(&people);
	return r;
}
