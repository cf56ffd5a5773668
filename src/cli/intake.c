#include "cli/intake.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "cli/progress.h"
#include "cli/witness.h"
#include "jid/jid.h"
#include "pubsub/avatar.h"
#include "stanza/ns.h"
#include "stanza/xml_out.h"

enum {
	PERSON_BYTES = 256 << 20, /* of one person's roster, requests and lists */
	ITEM_BYTES = 1 << 20,     /* of one waiting message or vCard */
	GROUPS_MAX = 1000,
};

struct contact {
	struct contact *next;
	struct store_roster_item item;
};

struct name {
	struct name *next;
	struct str jid;
};

struct intake {
	const struct cli *cli;
	const char *source, *format;
	struct people people;
	struct witness *witness;
	struct store_req req;
	EVP_MD_CTX *hash;
	struct progress progress;
	struct tally tally;
	uint64_t there, seq;
	bool failed;

	/* the person begun */
	struct arena *arena;
	struct jid jid;
	struct store_verifier verifiers[STORE_VERIFIER_KINDS];
	bool disabled;
	struct contact *contacts;
	struct name *blocked;
	size_t contacts_len, blocked_len;
};

static int failed(struct intake *in, const char *text)
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
	progress_begin(&in->progress, "people", 0, cli->json);
	if (!in->hash || EVP_DigestInit_ex(in->hash, EVP_sha256(), NULL) != 1)
		r = failed(in, "memory is out");
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

/* ---- a person ---- */

static void forget(struct intake *in)
{
	in->arena = arena_free(in->arena);
	in->contacts = NULL;
	in->blocked = NULL;
	in->contacts_len = in->blocked_len = 0;
	in->disabled = false;
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
		return failed(in, "memory is out");
	if (!local.len || jid_make(&in->jid, local, domain, STR(""), in->arena)) {
		intake_left(in, TALLY_ACCOUNTS, 1, "the name is no address");
	} else if (!people_domain_is_ours(&in->people, in->jid.domain)) {
		intake_left(in, TALLY_ACCOUNTS, 1, "this server does not answer for the domain (setting domains)");
	} else {
		r = look_up(in);
		if (r < 0)
			return failed(in, "the store cannot be read");
		in->there += r == 1;
		*out_skip = r == 1;
	}
	if (*out_skip)
		forget(in);
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

static bool take_address(struct intake *in, struct str text, struct jid *out)
{
	return jid_parse(out, str_trim(text), in->arena) == 0;
}

static struct contact *find_contact(struct intake *in, struct str bare)
{
	struct contact *c = in->contacts;

	while (c && !str_eq(c->item.contact, bare))
		c = c->next;
	return c;
}

static struct contact *add_contact(struct intake *in, struct str bare)
{
	struct contact *c = find_contact(in, bare);

	if (c || in->contacts_len >= in->people.settings->limits_roster_items)
		return c;
	c = arena_zalloc(in->arena, sizeof(*c));
	if (!c)
		return NULL;
	c->item.contact = bare;
	c->next = in->contacts;
	in->contacts = c;
	in->contacts_len++;
	return c;
}

static bool groups_dup(struct intake *in, struct store_roster_item *to, const struct store_roster_item *from)
{
	size_t n = from->groups_len < GROUPS_MAX ? from->groups_len : GROUPS_MAX;
	struct str *groups = arena_zalloc(in->arena, (n + 1) * sizeof(*groups));
	size_t len = 0;

	for (size_t i = 0; groups && i < n; i++) {
		bool twice = !from->groups[i].len || memchr(from->groups[i].data, 0x1f, from->groups[i].len);

		for (size_t k = 0; k < len; k++)
			twice |= str_eq(groups[k], from->groups[i]);
		if (!twice)
			groups[len++] = arena_dup(in->arena, from->groups[i]);
	}
	to->groups = groups;
	to->groups_len = len;
	return groups != NULL;
}

void intake_contact(struct intake *in, const struct store_roster_item *item)
{
	struct contact *c = NULL;
	struct jid jid;

	if (!take_address(in, item->contact, &jid) || str_eq(jid.bare, in->jid.bare)) {
		intake_left(in, TALLY_CONTACTS, 1, "the contact is no address, or oneself");
		return;
	}
	c = add_contact(in, jid.bare);
	if (!c || !groups_dup(in, &c->item, item)) {
		intake_left(in, TALLY_CONTACTS, 1, "the roster is full (limits.roster_items)");
		return;
	}
	c->item.name = arena_dup(in->arena, item->name);
	c->item.subscription = item->subscription;
	c->item.ask = item->ask;
	c->item.approved = item->approved;
	c->item.hidden = false;
}

/* A bare request says nothing of anybody's own; it is a signal and needs no receipt, which the zeros say. */
void intake_request(struct intake *in, struct str from)
{
	struct contact *c = NULL;
	struct buf text = BUF_INIT(16384);
	struct jid jid;
	bool is_new;

	if (!take_address(in, from, &jid) || str_eq(jid.bare, in->jid.bare)) {
		intake_left(in, TALLY_REQUESTS, 1, "the address is none");
		return;
	}
	is_new = !find_contact(in, jid.bare);
	c = add_contact(in, jid.bare);
	if (!c || c->item.subscription & STORE_SUB_FROM)
		return;
	c->item.hidden = is_new;
	buf_lit(&text, "0 0 \n<presence type='subscribe' from='");
	xml_escape(&text, jid.bare);
	buf_lit(&text, "' to='");
	xml_escape(&text, in->jid.bare);
	buf_lit(&text, "'/>");
	c->item.pending_in = arena_dup(in->arena, buf_view(&text));
	buf_done(&text);
}

void intake_block(struct intake *in, struct str text)
{
	struct name *n;
	struct jid jid;

	if (!take_address(in, text, &jid)) {
		intake_left(in, TALLY_BLOCKED, 1, "the address is none");
		return;
	}
	for (n = in->blocked; n; n = n->next)
		if (str_eq(n->jid, jid.full))
			return;
	n = in->blocked_len < in->people.settings->limits_blocked_items ? arena_zalloc(in->arena, sizeof(*n)) : NULL;
	if (!n) {
		intake_left(in, TALLY_BLOCKED, 1, "the list is full (limits.blocked_items)");
		return;
	}
	*n = (struct name){.next = in->blocked, .jid = jid.full};
	in->blocked = n;
	in->blocked_len++;
}

/* ---- what others may be shown ---- */

static int record_item(struct intake *in, const struct buf *xml, uint64_t *out_seq)
{
	struct buf copy = BUF_INIT(ITEM_BYTES + 1);
	struct buf target = BUF_INIT(4096);
	struct err err = {};
	int r;

	buf_str(&copy, buf_view(xml));
	buf_str(&target, in->jid.bare);
	r = witness_put(in->witness,
		&(struct witness_act){
			.command = "import.item", .target = buf_cstr(&target), .text = buf_cstr(&copy)},
		out_seq, &err);
	buf_done(&copy);
	buf_done(&target);
	if (r)
		in->failed = true;
	return r ? cli_fail(in->cli, CLI_INTERNAL, "every act is recorded before it is done", "%s", err.text) : 0;
}

/* The same for the same thing: brought in twice it is there once. */
static void item_id(const struct intake *in, struct str xml, uint64_t time_us, char out[23])
{
	unsigned char sum[32];
	char time[32];
	struct buf b = {.data = out, .cap = 22, .max = 22};
	EVP_MD_CTX *hash = EVP_MD_CTX_new();

	snprintf(time, sizeof(time), "%" PRIu64, time_us);
	if (!hash || EVP_DigestInit_ex(hash, EVP_sha256(), NULL) != 1 ||
		EVP_DigestUpdate(hash, in->jid.bare.data, in->jid.bare.len) != 1 ||
		EVP_DigestUpdate(hash, time, strlen(time)) != 1 || EVP_DigestUpdate(hash, xml.data, xml.len) != 1 ||
		EVP_DigestFinal_ex(hash, sum, NULL) != 1)
		abort();
	EVP_MD_CTX_free(hash);
	base64url_put(&b, sum, 16);
	out[22] = '\0';
}

/* Takes the delay of the server that kept it out: ours is written from the row. */
static uint64_t take_delay(struct node *message)
{
	struct node *delay = node_child(message, STR("delay"), STR("urn:xmpp:delay"));
	uint64_t time_us = 0;

	if (!delay || !clock_parse(node_attr(delay, STR("stamp")), &time_us))
		return 0;
	node_remove(delay);
	return time_us;
}

static int put_offline(struct intake *in, struct buf *xml, struct str from, uint64_t time_us)
{
	char id[23];
	uint64_t seq;
	int r = record_item(in, xml, &seq);

	if (r)
		return r;
	item_id(in, buf_view(xml), time_us, id);
	r = store_message_put(in->people.store, &in->req, STORE_OFFLINE,
		&(struct store_message){.owner = in->jid.bare,
			.seq = seq,
			.id = str_of(id, 22),
			.time_us = time_us,
			.from = from,
			.xml = buf_view(xml)},
		1, in->people.settings->offline_max, 0);
	if (!r)
		r = store_wait(&in->req);
	store_req_release(&in->req);
	if (r == STORE_E_FULL)
		intake_left(in, TALLY_OFFLINE, 1, "too many wait (offline.max)");
	else
		in->tally.carried[TALLY_OFFLINE] += r == 0;
	return r && r != STORE_E_FULL ? failed(in, "the store does not take a waiting message") : 0;
}

int intake_offline(struct intake *in, const struct node *given, uint64_t time_us)
{
	struct node *message = node_copy(in->arena, given);
	struct xml_stamp stamp = {};
	struct buf xml = BUF_INIT(ITEM_BYTES);
	struct jid from;
	uint64_t stamped;
	int r = 0;

	if (!message || !str_is(message->name, "message") ||
		!take_address(in, node_attr(message, STR("from")), &from)) {
		intake_left(in, TALLY_OFFLINE, 1, "it is no message, or says not whose");
		return 0;
	}
	stamped = take_delay(message);
	if (!time_us)
		time_us = stamped ? stamped : clock_utc_us();
	message->ns = NS_CLIENT;
	stamp.from = from.full;
	stamp.to = in->jid.bare;
	xml_put_stamped(&xml, message, NS_CLIENT, &stamp);
	if (buf_failed(&xml))
		intake_left(in, TALLY_OFFLINE, 1, "it is too long");
	else
		r = put_offline(in, &xml, from.full, time_us);
	buf_done(&xml);
	return r;
}

static int put_vcard(struct intake *in, struct buf *xml, struct str photo)
{
	char id[23];
	uint64_t seq;
	int r = record_item(in, xml, &seq);

	if (r)
		return r;
	item_id(in, buf_view(xml), 0, id);
	r = store_vcard_put(in->people.store, &in->req, in->jid.bare,
		&(struct store_vcard){.xml = buf_view(xml),
			.photo = photo,
			.stamp = {.seq = seq, .time_us = clock_utc_us(), .id = str_of(id, 22)}});
	if (!r)
		r = store_wait(&in->req);
	store_req_release(&in->req);
	in->tally.carried[TALLY_VCARDS] += r == 0;
	return r ? failed(in, "the store does not take a vCard") : 0;
}

int intake_vcard(struct intake *in, const struct node *vcard)
{
	struct buf xml = BUF_INIT(in->people.settings->personal_vcard_bytes);
	struct avatar avatar = {};
	int r = 0;

	if (!avatar_of_vcard(&avatar, vcard, in->arena))
		avatar.id = STR("");
	xml_put(&xml, vcard, NS_CLIENT);
	if (buf_failed(&xml) || xml.len > ITEM_BYTES)
		intake_left(in, TALLY_VCARDS, 1, "it is too long (personal.vcard_bytes)");
	else
		r = put_vcard(in, &xml, avatar.id);
	buf_done(&xml);
	return r;
}

int intake_private(struct intake *in, const struct node *element)
{
	struct buf xml = BUF_INIT(in->people.settings->personal_private_bytes);
	int r = STORE_E_FULL;

	xml_put(&xml, element, NS_CLIENT);
	if (!buf_failed(&xml)) {
		r = store_private_put(in->people.store, &in->req, in->jid.bare,
			&(struct store_private){.ns = element->ns, .name = element->name, .xml = buf_view(&xml)}, 1,
			in->people.settings->personal_private_bytes);
		if (!r)
			r = store_wait(&in->req);
		store_req_release(&in->req);
	}
	buf_done(&xml);
	if (r == STORE_E_FULL)
		intake_left(in, TALLY_PRIVATE, 1, "too much of it (personal.private_bytes)");
	in->tally.carried[TALLY_PRIVATE] += r == 0;
	return r && r != STORE_E_FULL ? failed(in, "the store does not take private data") : 0;
}

/* ---- the end of a person ---- */

static int put_roster(struct intake *in)
{
	struct store_roster_item *items = arena_zalloc(in->arena, (in->contacts_len + 1) * sizeof(*items));
	uint64_t requests = 0;
	size_t n = 0;
	int r;

	if (!items)
		return failed(in, "one person's roster is too large");
	for (const struct contact *c = in->contacts; c; c = c->next) {
		items[n++] = c->item;
		requests += c->item.pending_in.len > 0;
		in->tally.carried[TALLY_CONTACTS] += !c->item.hidden;
	}
	in->tally.carried[TALLY_REQUESTS] += requests;
	if (!n)
		return 0;
	r = store_roster_put(in->people.store, &in->req, in->jid.bare, items, n, 1);
	if (!r)
		r = store_wait(&in->req);
	store_req_release(&in->req);
	return r ? failed(in, "the store does not take a roster") : 0;
}

static int put_blocked(struct intake *in)
{
	struct str *jids = arena_zalloc(in->arena, (in->blocked_len + 1) * sizeof(*jids));
	size_t n = 0;
	int r;

	for (const struct name *b = in->blocked; jids && b; b = b->next)
		jids[n++] = b->jid;
	if (!n)
		return jids ? 0 : failed(in, "memory is out");
	r = store_block_put(in->people.store, &in->req, in->jid.bare, jids, n);
	if (!r)
		r = store_wait(&in->req);
	store_req_release(&in->req);
	in->tally.carried[TALLY_BLOCKED] += n;
	return r ? failed(in, "the store does not take a block list") : 0;
}

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
		return failed(in, "the store does not take an account");
	in->tally.carried[TALLY_ACCOUNTS] += r == 0;
	if (r == 0 && has_password(in))
		in->tally.carried[TALLY_PASSWORDS]++;
	if (r == 0 && in->verifiers[STORE_SHA_1].iterations && !in->verifiers[STORE_SHA_256].iterations)
		intake_left(in, TALLY_PASSWORDS, 1,
			"keys for SCRAM-SHA-1 alone: a client that insists on SHA-256 needs a new password");
	if (r == 0 && !has_password(in))
		intake_left(in, TALLY_PASSWORDS, 1,
			"no password and no keys that this server knows: set one with 'gatehouse user password'");
	return 0;
}

int intake_end(struct intake *in)
{
	int r = put_roster(in);

	if (!r)
		r = put_blocked(in);
	if (!r)
		r = put_account(in);
	forget(in);
	progress_at(&in->progress, (size_t)in->tally.carried[TALLY_ACCOUNTS]);
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
		r = cli_print_json(json_pack("{s:b, s:s, s:s, s:O, s:I, s:O}", "ok", 1, "source", in->source, "sha256",
					   buf_cstr(&hex), "carried", counts, "there", (json_int_t)in->there, "left",
					   left),
			CLI_OK);
	else if (!r)
		tally_print(&in->tally);
	if (!r)
		cli_say(in->cli, "%" PRIu64 " accounts were there already and are as they were\n", in->there);
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
	if (!code && !in->failed)
		code = report(in);
	forget(in);
	witness_close(in->witness);
	store_req_release(&in->req);
	people_close(&in->people);
	EVP_MD_CTX_free(in->hash);
	free(in);
	return code;
}
