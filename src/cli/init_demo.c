/* The people of a demonstration: three accounts with random passwords, which are shown once and kept in
 * DIR/demo.txt for its owner. A real server has none of this. */
#include <errno.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>

#include "account/verifier.h"
#include "base/clock.h"
#include "cli/init.h"
#include "cli/password.h"
#include "store/store.h"

enum {
	DEMO_ITERATIONS = 10000, /* the preset of sasl.iterations */
	PEOPLE = 3,
};

struct demo_person {
	const char *name, *full, *department, *group;
};

static const struct demo_person people[PEOPLE] = {
	{"alice", "Alice Archer", "Sales", "sales"},
	{"bob", "Bob Baker", "Research", "research"},
	{"carol", "Carol Carter", "Compliance", "compliance"},
};

/* One row; what it points to lives in the arena and in `verifiers`. */
static int fill_row(struct init *in, const struct demo_person *who, struct password *password,
	struct store_account *row, struct store_verifier verifiers[STORE_VERIFIER_KINDS])
{
	struct str *group = arena_alloc(in->arena, sizeof(*group));
	char id[PERSON_ID_LEN + 1];
	int r;

	password_generate(password);
	r = verifier_make(
		verifiers, str_of(password->text, password->len), DEMO_ITERATIONS, VERIFIER_DEFAULT);
	if (r || !group)
		return r ? r : -ENOMEM;
	*group = str_from(who->group);
	person_id_new(id);
	*row = (struct store_account){.person_id = arena_dup(in->arena, str_from(id)),
		.jid = arena_printf(in->arena, "%s@%s", who->name, in->domains[0].data),
		.name = str_from(who->full),
		.mail = arena_printf(in->arena, "%s@%s", who->name, in->domains[0].data),
		.language = STR("en"),
		.department = str_from(who->department),
		.groups = group,
		.groups_len = 1,
		.created_us = clock_utc_us(),
		.verifiers = verifiers};
	return 0;
}

static int store_people(struct store *store, const struct store_account *rows, struct err *err)
{
	struct store_req req;
	int r;

	store_req_init(&req, NULL, NULL);
	r = store_account_add(store, &req, rows, PEOPLE);
	if (!r)
		r = store_wait(&req);
	store_req_release(&req);
	return r ? err_set(err, -EIO, "the accounts of the demonstration could not be stored%s",
			   r == STORE_E_EXISTS
				   ? ": they are there already; remove the directory and begin anew"
				   : "")
		 : 0;
}

int init_demo(struct init *in, struct store *store, struct err *err)
{
	struct store_verifier verifiers[PEOPLE][STORE_VERIFIER_KINDS];
	struct store_account rows[PEOPLE];
	struct buf text = BUF_INIT(4096);
	int r = 0;

	buf_lit(&text, "# Accounts of the demonstration: address, password\n");
	for (size_t i = 0; i < PEOPLE && !r; i++) {
		struct password password;

		r = fill_row(in, &people[i], &password, &rows[i], verifiers[i]);
		buf_printf(&text, "%s@%s %s\n", people[i].name, in->domains[0].data, password.text);
		if (!r)
			cli_say(in->cli, "account %s@%s  password %s\n", people[i].name, in->domains[0].data,
				password.text);
		password_wipe(&password);
	}
	r = r ? err_set(err, r, "passwords could not be made") : store_people(store, rows, err);
	if (!r)
		r = init_write(init_path(in, "demo.txt"), buf_view(&text), 0600, err);
	OPENSSL_cleanse(verifiers, sizeof(verifiers));
	if (text.data)
		OPENSSL_cleanse(text.data, text.len);
	buf_done(&text);
	return r;
}
