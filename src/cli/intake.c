#include "cli/amount.h"
#include "cli/intake_private.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"

int intake_failed(struct intake *in, const char *text)
{
	in->failed = true;
	return cli_fail(in->cli, CLI_INTERNAL,
		"mend that and run the same command again: whoever is there already is left as they are", "%s", text);
}

/* ---- open ---- */

static int announce(struct intake *in, const char *text, uint64_t *out_seq)
{
	struct err err = {};

	if (witness_put(in->witness,
		    &(struct witness_act){.command = "import", .target = in->source, .text = text}, out_seq, &err) == 0)
		return 0;
	in->failed = true;
	return cli_fail(in->cli, CLI_INTERNAL, "every act is recorded before it is done", "%s", err.text);
}

static int start(struct intake *in)
{
	struct err err = {};
	int r = people_open(&in->people, in->cli, true);

	if (r)
		return r;
	if (in->people.control)
		return cli_fail(in->cli, CLI_UNREACHABLE, "gatehouse stop", "this cannot be done while the server runs");
	if (witness_open(&in->witness, in->people.settings, &err))
		return cli_fail(in->cli, CLI_INTERNAL, NULL, "nothing was done: %s", err.text);
	return announce(in, in->format, &in->seq);
}

int intake_open(struct intake **out, const struct cli *cli, const char *source, const char *format)
{
	struct intake *in = calloc(1, sizeof(*in));
	int r;

	if (!in)
		return cli_fail(cli, CLI_INTERNAL, NULL, "memory is out");
	*in = (struct intake){.cli = cli, .source = source, .format = format, .hash = EVP_MD_CTX_new()};
	store_req_init(&in->req, NULL, NULL);
	map_init(&in->rooms);
	progress_begin(&in->progress, "people", 0, cli->json);
	progress_begin(&in->messages, "messages of history", 0, cli->json);
	if (!in->hash || EVP_DigestInit_ex(in->hash, EVP_sha256(), NULL) != 1)
		r = intake_failed(in, "memory is out");
	else
		r = start(in);
	if (r)
		return intake_close(in, r);
	*out = in;
	return 0;
}

int intake_source(struct intake *in, const char *path)
{
	int fd, failed;

	people_become_root();
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	failed = errno;
	if (people_become_owner(in->people.settings))
		in->failed = true;
	errno = failed;
	return fd;
}

int intake_reach(struct intake *in, int (*reach)(void *owner), void *owner)
{
	int r;

	people_become_root();
	r = reach(owner);
	if (people_become_owner(in->people.settings))
		in->failed = true;
	return r;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

int intake_folder(struct intake *in, const char *path, struct dirent ***out)
{
	int n, failed;

	people_become_root();
	n = scandir(path, out, NULL, by_name);
	failed = errno;
	if (people_become_owner(in->people.settings))
		in->failed = true;
	errno = failed;
	return n;
}

void intake_hash(struct intake *in, const void *data, size_t len)
{
	in->failed |= EVP_DigestUpdate(in->hash, data, len) != 1;
}

/* ---- what stays behind ---- */

void intake_left(struct intake *in, enum tally_kind kind, uint64_t n, const char *why)
{
	tally_left(&in->tally, kind, n, why);
}

struct str intake_jid(const struct intake *in)
{
	return in->jid.bare;
}

struct arena *intake_arena(struct intake *in)
{
	return in->arena;
}

struct str intake_domain(const struct intake *in)
{
	const struct settings *s = in->people.settings;

	return s->domains.len == 1 ? s->domains.items[0] : STR_NONE;
}

/* ---- a person ---- */

void intake_forget(struct intake *in)
{
	intake_forget_nodes(in);
	intake_forget_history(in);
	intake_forget_room(in);
	in->arena = arena_free(in->arena);
	in->contacts = NULL;
	in->blocked = NULL;
	in->contacts_len = in->blocked_len = 0;
	in->disabled = in->adds = false;
	in->newest_us = 0;
	in->nodes_there = NULL;
	in->nodes_there_len = 0;
	verifier_wipe(in->verifiers, STORE_VERIFIER_KINDS);
	memset(in->verifiers, 0, sizeof(in->verifiers));
}

/* 0: not there. 1: there. */
static int look_up(struct intake *in)
{
	int r = store_account_get(in->people.store, &in->req, in->jid.bare);

	if (!r)
		r = store_wait(&in->req);
	store_req_release(&in->req);
	return r == 0 ? 1 : r == STORE_E_NONE ? 0 : -EIO;
}

int intake_begin(struct intake *in, struct str local, struct str domain, bool *out_skip)
{
	int r;

	*out_skip = true;
	in->arena = arena_new(PERSON_BYTES);
	if (!in->arena)
		return intake_failed(in, "memory is out");
	if (!local.len || jid_make(&in->jid, local, domain, STR(""), in->arena)) {
		intake_left(in, TALLY_ACCOUNTS, 1, "the name is no address");
	} else if (!people_domain_is_ours(&in->people, in->jid.domain)) {
		intake_left(in, TALLY_ACCOUNTS, 1, "this server does not answer for the domain (setting domains)");
	} else {
		r = look_up(in);
		if (r < 0)
			return intake_failed(in, "the store cannot be read");
		in->there += r == 1;
		*out_skip = r == 1;
	}
	if (*out_skip)
		intake_forget(in);
	return 0;
}

static bool has_password(const struct intake *in)
{
	for (int kind = 0; kind < STORE_VERIFIER_KINDS; kind++)
		if (in->verifiers[kind].iterations)
			return true;
	return false;
}

void intake_password(struct intake *in, struct str password)
{
	struct store_verifier made[STORE_VERIFIER_KINDS] = {};

	if (password.len && !has_password(in) &&
		verifier_make(made, password, in->people.settings->sasl_iterations, VERIFIER_DEFAULT) == 0)
		memcpy(in->verifiers, made, sizeof(made));
	verifier_wipe(made, STORE_VERIFIER_KINDS);
}

void intake_verifier(struct intake *in, enum store_verifier_kind kind, const struct store_verifier *v)
{
	if (v->iterations && v->salt_len && v->key_len == verifier_key_len(kind))
		in->verifiers[kind] = *v;
}

void intake_disabled(struct intake *in)
{
	in->disabled = true;
}

/* ---- the end of a person ---- */

/* As every other way of adding people writes it. */
static int record_person(struct intake *in, const char *id)
{
	struct buf target = BUF_INIT(4096);
	struct err err = {};
	uint64_t seq;
	int r;

	buf_str(&target, in->jid.bare);
	r = witness_put(in->witness,
		&(struct witness_act){.command = "user.import", .target = buf_cstr(&target), .text = id}, &seq, &err);
	buf_done(&target);
	in->failed |= r != 0;
	return r ? cli_fail(in->cli, CLI_INTERNAL, "every act is recorded before it is done", "%s", err.text) : 0;
}

static int put_account(struct intake *in)
{
	struct store_account row = {
		.jid = in->jid.bare, .disabled = in->disabled, .created_us = clock_utc_us(), .verifiers = in->verifiers};
	char id[PERSON_ID_LEN + 1];
	int r;

	person_id_new(id);
	row.person_id = str_from(id);
	r = record_person(in, id);
	if (r)
		return r;
	r = store_account_add(in->people.store, &in->req, &row, 1);
	if (!r)
		r = store_wait(&in->req);
	store_req_release(&in->req);
	if (r == STORE_E_EXISTS)
		intake_left(in, TALLY_ACCOUNTS, 1, "the address was somebody's once and is never given again");
	else if (r)
		return intake_failed(in, "the store does not take an account");
	in->tally.carried[TALLY_ACCOUNTS] += r == 0;
	if (r == 0 && has_password(in))
		in->tally.carried[TALLY_PASSWORDS]++;
	if (r == 0 && in->verifiers[STORE_SHA_1].iterations && !in->verifiers[STORE_SHA_256].iterations)
		intake_left(in, TALLY_PASSWORDS, 1,
			"keys for SCRAM-SHA-1 alone: set sasl.scram_sha_256 to auto until they have new passwords, see docs/logging-in.md");
	if (r == 0 && !has_password(in))
		intake_left(in, TALLY_PASSWORDS, 1,
			"no password and no keys that this server knows: set one with 'gatehouse user password'");
	return 0;
}

int intake_end(struct intake *in)
{
	int r = intake_put_contacts(in);

	if (!r)
		r = intake_put_blocked(in);
	if (!r)
		r = intake_put_nodes(in);
	if (!r)
		r = intake_put_history(in);
	if (!r)
		r = put_account(in);
	intake_forget(in);
	progress_at(&in->progress, (size_t)in->tally.carried[TALLY_ACCOUNTS]);
	return r;
}

/* ---- more of who is there ---- */

int intake_more_begin(struct intake *in, struct str local, struct str domain, bool *out_skip)
{
	uint64_t there = in->there;
	bool unknown;
	int r = intake_begin(in, local, domain, &unknown);

	*out_skip = true;
	if (r || in->there == there) {
		if (!r && !unknown)
			intake_left(in, TALLY_ACCOUNTS, 1, "there is no such account; bring the accounts first");
		if (!r)
			intake_forget(in);
		return r;
	}
	in->there = there;
	in->arena = arena_new(PERSON_BYTES);
	if (!in->arena || jid_make(&in->jid, local, domain, STR(""), in->arena))
		return intake_failed(in, "memory is out");
	in->adds = true;
	*out_skip = false;
	r = intake_know_nodes(in);
	return r ? r : intake_know_newest(in);
}

int intake_more_end(struct intake *in)
{
	int r = intake_put_nodes(in);

	if (!r)
		r = intake_put_history(in);
	intake_forget(in);
	return r;
}

/* ---- report ---- */

static int report(struct intake *in)
{
	unsigned char sum[32];
	struct buf hex = BUF_INIT(128), text = BUF_INIT(65536);
	json_t *counts = tally_carried_json(&in->tally), *left = tally_left_json(&in->tally);
	char *dump = json_dumps(counts, JSON_COMPACT);
	int r = EVP_DigestFinal_ex(in->hash, sum, NULL) == 1 && dump ? 0 : CLI_INTERNAL;

	hex_put(&hex, sum, sizeof(sum));
	buf_printf(&text, "%s, done: sha256 %s, carried %s", in->format, buf_cstr(&hex), dump ? dump : "");
	if (!r)
		r = announce(in, buf_cstr(&text), &in->seq);
	if (!r && in->cli->json)
		r = cli_print_json(json_pack("{s:b, s:s, s:s, s:O, s:I, s:O, s:I}", "ok", 1, "source", in->source, "sha256",
					   buf_cstr(&hex), "carried", counts, "there", (json_int_t)in->there, "left",
					   left, "rooms_there", (json_int_t)in->rooms_there),
			CLI_OK);
	else if (!r)
		tally_print(&in->tally);
	if (!r)
		cli_say(in->cli, "there already, and as before: %s and %s\n", AMOUNT(in->there, "account", "accounts"),
			AMOUNT(in->rooms_there, "room", "rooms"));
	free(dump);
	json_decref(counts);
	json_decref(left);
	buf_done(&hex);
	buf_done(&text);
	return r;
}

int intake_close(struct intake *in, int code)
{
	if (!in)
		return code;
	progress_end(&in->progress);
	progress_end(&in->messages);
	if (!code && !in->failed)
		code = report(in);
	intake_forget(in);
	witness_close(in->witness);
	store_req_release(&in->req);
	people_close(&in->people);
	EVP_MD_CTX_free(in->hash);
	map_done(&in->rooms);
	arena_free(in->rooms_arena);
	free(in);
	return code;
}
