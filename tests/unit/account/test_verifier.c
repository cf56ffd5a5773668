/* Verifiers, person ids, PLAIN and the server's secret. */
#include "check.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "account/plain.h"
#include "account/scram.h"
#include "account/verifier.h"
#include "base/text.h"

static void keys_of_the_rfcs(void **state)
{
	struct store_verifier v;
	struct buf salt = BUF_INIT(0), hex = BUF_INIT(0);

	(void)state;
	assert_true(base64_parse(STR("QSXCR+Q6sek8bf92"), &salt));
	assert_int_equal(verifier_derive(&v, STORE_SHA_1, STR("pencil"), buf_view(&salt), 4096), 0);
	hex_put(&hex, v.stored_key, v.key_len);
	assert_str(buf_view(&hex), "e9d94660c39d65c38fbad91c358f14da0eef2bd6");
	buf_clear(&hex);
	hex_put(&hex, v.server_key, v.key_len);
	assert_str(buf_view(&hex), "0fe09258b3ac852ba502cc62ba903eaacdbf7d31");
	assert_int_equal(verifier_derive(&v, STORE_SHA_1, STR("pencil"), STR(""), 4096), -EINVAL);
	assert_int_equal(verifier_derive(&v, STORE_SHA_1, STR("pencil"), STR("salt"), 0), -EINVAL);
	buf_done(&salt);
	buf_done(&hex);
}

static void made_and_checked(void **state)
{
	struct store_verifier v[STORE_VERIFIER_KINDS];

	(void)state;
	assert_int_equal(
		verifier_make(v, STR("corre\u00DFt \u2666s"), 4096, VERIFIER_DEFAULT | VERIFIER_SHA_512), 0);
	assert_memory_not_equal(v[0].salt, v[1].salt, VERIFIER_SALT);
	for (unsigned kind = 0; kind < STORE_VERIFIER_KINDS; kind++) {
		enum store_verifier_kind k = (enum store_verifier_kind)kind;

		assert_int_equal(v[kind].salt_len, VERIFIER_SALT);
		assert_int_equal(v[kind].key_len, verifier_key_len(k));
		assert_int_equal(verifier_check(&v[kind], k, STR("corre\u00DFt \u2666s")), 0);
		assert_int_equal(
			verifier_check(&v[kind], k, STR("corre\u00DFt\u00A0\u2666s")), 0); /* OpaqueString */
		assert_int_equal(verifier_check(&v[kind], k, STR("Corre\u00DFt \u2666s")), VERIFIER_E_WRONG);
		assert_int_equal(verifier_check(&v[kind], k, STR("bell\x07")), VERIFIER_E_WRONG);
		assert_int_equal(verifier_check(&v[kind], k, STR("")), VERIFIER_E_WRONG);
	}
	assert_int_equal(verifier_make(v, STR("a password"), 4096, VERIFIER_SHA_256), 0);
	assert_true(v[0].iterations == 0 && v[1].iterations == 4096 && v[2].iterations == 0);
	assert_int_equal(verifier_make(v, STR("bell\x07"), 4096, VERIFIER_DEFAULT), VERIFIER_E_CHARS);
	assert_int_equal(verifier_make(v, STR(""), 4096, VERIFIER_DEFAULT), VERIFIER_E_CHARS);
}

static void policy(void **state)
{
	static char longest[2000];
	struct str jid = STR("benjamin@example.org");

	(void)state;
	memset(longest, 'x', sizeof(longest));
	longest[3] = 'y';
	assert_int_equal(verifier_policy(STR("good enough"), jid, PASSWORD_MIN), 0);
	assert_int_equal(verifier_policy(STR("\u00E4\u00E4\u00E4\u00E4\u00F6\u00F6\u00F6\u00F6"), jid, PASSWORD_MIN), 0);
	assert_int_equal(verifier_policy(STR("short"), jid, PASSWORD_MIN), VERIFIER_E_SHORT);
	assert_int_equal(
		verifier_policy(STR("\u00E4\u00E4\u00F6\u00F6"), jid, PASSWORD_MIN), VERIFIER_E_SHORT); /* 8 bytes */
	assert_int_equal(verifier_policy(str_of(longest, 1023), jid, PASSWORD_MIN), 0);
	assert_int_equal(verifier_policy(str_of(longest, 1024), jid, PASSWORD_MIN), VERIFIER_E_LONG);
	assert_int_equal(verifier_policy(STR("good enough"), jid, 11), 0);
	assert_int_equal(verifier_policy(STR("good enough"), jid, 12), VERIFIER_E_SHORT);
	assert_int_equal(verifier_policy(STR("short"), jid, 1), VERIFIER_E_SHORT);
	assert_int_equal(verifier_policy(STR("aaaaaaaaaa"), jid, PASSWORD_MIN), VERIFIER_E_WEAK);
	assert_int_equal(verifier_policy(STR("Benjamin"), jid, PASSWORD_MIN), VERIFIER_E_WEAK);
	assert_int_equal(verifier_policy(STR("benjamin@example.org"), jid, PASSWORD_MIN), VERIFIER_E_WEAK);
	assert_int_equal(verifier_policy(STR("tab\there, ok"), jid, PASSWORD_MIN), VERIFIER_E_CHARS);
	for (int i = -1; i <= VERIFIER_E_WEAK; i++)
		assert_true(strlen(verifier_text(i)) > 8);
}

static void person_ids(void **state)
{
	char a[PERSON_ID_LEN + 1], b[PERSON_ID_LEN + 1];

	(void)state;
	person_id_new(a);
	person_id_new(b);
	assert_int_equal(strlen(a), PERSON_ID_LEN);
	assert_string_not_equal(a, b);
	for (size_t i = 0; a[i]; i++)
		assert_true(islower(a[i]) || (a[i] >= '2' && a[i] <= '7'));
	assert_true(strchr("aeimquy4", a[25])); /* 128 bits: the last character has three */
}

static const struct account_secret secret = {.bytes = {9}};

static void plain_messages(void **state)
{
	static const struct {
		struct str message;
		int outcome;
	} rows[] = {
		{STR("\0user\0pencil"), 0},
		{STR("user@example.org\0User\0pencil"), 0},
		{STR("other@example.org\0user\0pencil"), SCRAM_E_AUTHZID},
		{STR("user\0user\0pencil"), SCRAM_E_AUTHZID},
		{STR(""), SCRAM_E_MALFORMED},
		{STR("user"), SCRAM_E_MALFORMED},
		{STR("\0user"), SCRAM_E_MALFORMED},
		{STR("\0user\0"), SCRAM_E_MALFORMED},
		{STR("\0\0pencil"), SCRAM_E_MALFORMED},
		{STR("\0user\0pen\0cil"), SCRAM_E_MALFORMED},
		{STR("\0us\xFF\0pencil"), SCRAM_E_MALFORMED},
	};
	struct plain p;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct arena *arena = arena_new(0);

		assert_int_equal(
			plain_parse(&p, rows[i].message, STR("example.org"), arena), rows[i].outcome);
		if (rows[i].outcome == 0) {
			assert_str(p.jid, "user@example.org");
			assert_str(str_of(p.password, p.password_len), "pencil");
			plain_wipe(&p);
			assert_null(p.password);
		}
		arena_free(arena);
	}
}

static void plain_checks(void **state)
{
	struct store_verifier v[STORE_VERIFIER_KINDS];
	struct arena *arena = arena_new(0);
	struct plain p;

	(void)state;
	assert_int_equal(verifier_make(v, STR("pencil"), 4096, VERIFIER_SHA_256), 0);
	assert_int_equal(plain_parse(&p, STR("\0user\0pencil"), STR("example.org"), arena), 0);
	assert_int_equal(plain_check(&p, &v[1], STORE_SHA_256, &secret, 4096), 0);
	assert_int_equal(plain_check(&p, NULL, STORE_SHA_256, &secret, 4096), SCRAM_E_UNKNOWN_USER);
	assert_int_equal(plain_check(&p, &v[0], STORE_SHA_1, &secret, 4096), SCRAM_E_UNKNOWN_USER);
	p.password[0] = 'P';
	assert_int_equal(plain_check(&p, &v[1], STORE_SHA_256, &secret, 4096), SCRAM_E_WRONG_PASSWORD);
	assert_int_equal(plain_parse(&p, STR("\0a b\0pencil"), STR("example.org"), arena), 0);
	assert_int_equal(p.jid.len, 0);
	assert_int_equal(plain_check(&p, &v[1], STORE_SHA_256, &secret, 4096), SCRAM_E_UNKNOWN_USER);
	arena_free(arena);
}

static void the_secret_is_made_once_and_kept(void **state)
{
	char dir[] = "/tmp/test-secret-XXXXXX", path[64];
	struct account_secret one, two;
	uint8_t a[32], b[32];
	struct stat st;
	struct err err;

	(void)state;
	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/account.secret", dir);
	assert_int_equal(account_secret_load_or_make(&one, path, &err), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(account_secret_load_or_make(&two, path, &err), 0);
	assert_memory_equal(&one, &two, sizeof(one));
	assert_int_equal(account_secret_derive(&one, "a", STR("x"), a), 0);
	assert_int_equal(account_secret_derive(&one, "ax", STR(""), b), 0);
	assert_memory_not_equal(a, b, 32);
	chmod(path, 0644);
	assert_int_equal(account_secret_load_or_make(&two, path, &err), -EPERM);
	assert_non_null(strstr(err.text, path));
	chmod(path, 0600);
	assert_int_equal(truncate(path, 10), 0);
	assert_int_equal(account_secret_load_or_make(&two, path, &err), -EBADMSG);
	unlink(path);
	assert_int_equal(rmdir(dir), 0);
	assert_int_equal(account_secret_load_or_make(&two, path, &err), -ENOENT);
	account_secret_wipe(&one);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_of_the_rfcs),
		cmocka_unit_test(made_and_checked),
		cmocka_unit_test(policy),
		cmocka_unit_test(person_ids),
		cmocka_unit_test(plain_messages),
		cmocka_unit_test(plain_checks),
		cmocka_unit_test(the_secret_is_made_once_and_kept),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
