/* cli/certificate: what is made is accepted, what does not fit is refused with a reason. */
#include "check.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/certificate.h"

static const struct str domains[] = {STR("a.example"), STR("b\xc3\xbc"
							   "cher.example")};

struct place {
	char dir[64];
};

static int setup(void **state)
{
	struct place *p = calloc(1, sizeof(*p));
	struct err err = {};

	strcpy(p->dir, "/tmp/gh-certificate-XXXXXX");
	if (!mkdtemp(p->dir) || certificate_make(p->dir, domains, 2, &err))
		return -1;
	*state = p;
	return 0;
}

static int teardown(void **state)
{
	struct place *p = *state;
	char command[128];

	snprintf(command, sizeof(command), "rm -rf '%s'", p->dir);
	free(p);
	return system(command);
}

/* The outcome of a check with these settings; *out_text is the error or the warnings. */
static int check(
	const struct place *p, const char *certificate, const char *key, const char *names, char *out_text)
{
	struct buf warnings = BUF_INIT(4096);
	struct settings *s = NULL;
	struct err err = {};
	char text[512];
	int r;

	snprintf(text, sizeof(text), "domains: [%s]\ntls:\n  certificate: %s\n  key: %s\n", names,
		certificate, key);
	assert_int_equal(settings_parse(&s, p->dir, str_from(text), "f", &err), 0);
	r = certificate_check(s, &warnings, &err);
	strcpy(out_text, r ? err.text : buf_cstr(&warnings));
	settings_free(s);
	buf_done(&warnings);
	return r;
}

static void test_made_is_accepted(void **state)
{
	const struct place *p = *state;
	char text[4096], path[128];
	struct stat st;

	assert_int_equal(check(p, "server.crt", "server.key",
				 "a.example, b\xc3\xbc"
				 "cher.example",
				 text),
		0);
	assert_string_equal(text, "");
	snprintf(path, sizeof(path), "%s/server.key", p->dir);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
}

static void test_verifies_as_a_chain(void **state)
{
	const struct place *p = *state;
	char command[512];

	snprintf(command, sizeof(command),
		"cd '%s' && openssl verify -x509_strict -purpose sslserver -verify_hostname a.example "
		"-CAfile ca.crt "
		"server.crt >/dev/null",
		p->dir);
	assert_int_equal(system(command), 0);
}

static void test_refused(void **state)
{
	const struct place *p = *state;
	char text[4096];

	assert_int_equal(check(p, "server.crt", "ca.key", "a.example", text), -EINVAL);
	assert_non_null(strstr(text, "is not the key of the certificate"));
	assert_int_equal(check(p, "none.crt", "server.key", "a.example", text), -ENOENT);
	assert_non_null(strstr(text, "none.crt: No such file"));
	assert_int_equal(check(p, "server.key", "server.key", "a.example", text), -EINVAL);
	assert_non_null(strstr(text, "holds no certificate"));
	assert_int_equal(check(p, "server.crt", "server.crt", "a.example", text), -EINVAL);
	assert_non_null(strstr(text, "holds no usable key"));
}

static void test_missing_domain_is_a_warning(void **state)
{
	const struct place *p = *state;
	char text[4096];

	assert_int_equal(check(p, "server.crt", "server.key", "a.example, c.example", text), 0);
	assert_non_null(strstr(text, "is not for the domain c.example"));
	assert_null(strstr(text, "a.example:"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_made_is_accepted),
		cmocka_unit_test(test_verifies_as_a_chain),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_missing_domain_is_a_warning),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests_name("certificate", tests, setup, teardown);
}
