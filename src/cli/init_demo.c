/* The people of a demonstration: three accounts with random passwords, which are shown once and kept in
 * DIR/demo.txt for its owner. A real server has none of this. */
#include <errno.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <unistd.h>

#include "account/verifier.h"
#include "cli/init.h"
#include "cli/password.h"
#include "cli/people.h"

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

static json_t *person_json(const struct init *in, const struct demo_person *who,
	const struct store_verifier verifiers[STORE_VERIFIER_KINDS])
{
	char address[600];

	snprintf(address, sizeof(address), "%s@%s", who->name, in->domains[0].data);
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:[s], s:o}", "jid", address, "name", who->full, "mail", address,
		"language", "en", "department", who->department, "groups", who->group, "verifiers",
		people_verifiers_json(verifiers));
}

/* Makes the password, shows it, keeps it in `text`, and adds the person to `users`. */
static int add_person(struct init *in, const struct demo_person *who, struct buf *text, json_t *users)
{
	struct store_verifier verifiers[STORE_VERIFIER_KINDS];
	struct password password;
	int r;

	password_generate(&password);
	r = verifier_make(
		verifiers, str_of(password.text, password.len), DEMO_ITERATIONS, VERIFIER_DEFAULT);
	if (!r) {
		json_array_append_new(users, person_json(in, who, verifiers));
		buf_printf(text, "%s@%s %s\n", who->name, in->domains[0].data, password.text);
		cli_say(in->cli, "account %s@%s  password %s\n", who->name, in->domains[0].data, password.text);
	}
	verifier_wipe(verifiers, STORE_VERIFIER_KINDS);
	password_wipe(&password);
	return r;
}

/* By the same door as any administrator, so that the record begins with these acts. Error text is printed. */
static int hand_over(struct init *in, json_t *users)
{
	struct people p = {};
	json_t *answer = NULL;
	int r = people_open(&p, in->cli, true);

	if (!r)
		r = people_call(&p, "user.import", json_pack("{s:O}", "users", users), &answer);
	if (!r && json_array_size(json_object_get(answer, "failed")))
		r = cli_fail(in->cli, CLI_INTERNAL, "remove the directory and begin anew",
			"the accounts of the demonstration are there already");
	json_decref(answer);
	people_close(&p);
	return r;
}

int init_demo(struct init *in, struct err *err)
{
	struct buf text = BUF_INIT(4096);
	json_t *users = json_array();
	int r = 0;

	buf_lit(&text, "# Accounts of the demonstration: address, password\n");
	for (size_t i = 0; i < PEOPLE && !r; i++)
		r = add_person(in, &people[i], &text, users);
	if (r)
		err_set(err, r, "passwords could not be made");
	else if (hand_over(in, users))
		r = err_set(err, -EIO, "the accounts of the demonstration could not be made");
	if (!r)
		r = init_write(init_path(in, "demo.txt"), buf_view(&text), 0600, err);
	if (r) /* so that the same command can be run again */
		unlink(init_path(in, "gatehouse.yaml"));
	if (text.data)
		OPENSSL_cleanse(text.data, text.len);
	buf_done(&text);
	json_decref(users);
	return r;
}
