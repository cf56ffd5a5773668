#include "check.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "client/judge.h"
#include "client/os.h"

static struct client_table *table;

static int make_table(void **state)
{
	(void)state;
	return client_table_new(&table, NULL, 0, NULL);
}

static int free_table(void **state)
{
	(void)state;
	table = client_table_unref(table);
	return 0;
}

#define GNUTLS "t13d291200_723694b0fccc_5671b5df5029"
#define OPENSSL "t13d311100_e8f1e7e78f70_d41ae481755e"
#define NSS "t13d351100_948423e5275c_496733ea6893"

static const char *names_of(unsigned contradictions)
{
	static const char *const names[] = {"caps", "node", "agent", "resource", "tls", "version", "disco"};
	static char text[64];
	size_t n = 0;

	text[0] = '\0';
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (contradictions & 1u << i)
			n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%s", n ? " " : "", names[i]);
	return text;
}

/* "CLASS PRODUCT|VERSION|OS|BASIS CONFIDENCE|CONTRADICTIONS" */
static void expect_of(const struct client_table *t, const struct client_signals *s, const char *wanted, int line)
{
	struct judgement *j = client_judge(t, s);
	char got[512];

	assert_non_null(j);
	snprintf(got, sizeof(got), "%s %.*s|%.*s|%.*s|%s %u|%s", client_class_names[j->class], STR_FMT(j->product),
		STR_FMT(j->version), STR_FMT(j->os), client_basis_names[j->basis], j->confidence,
		names_of(j->contradictions));
	judgement_unref(j);
	if (strcmp(got, wanted))
		fail_msg("line %d: '%s' is not '%s'", line, got, wanted);
}

#define expect(wanted, ...) expect_of(table, &(struct client_signals){__VA_ARGS__}, wanted, __LINE__)
#define S(name, text) .name = STR(text)

/* --- programs as they were seen by a server --- */

#define MCABBER                                                                                                      \
	S(caps_hash, "sha-1"), S(caps_ver, "mnQV9IXP6bj8/wvKJ+4270fD2eo="), S(caps_node, "http://mcabber.com/caps"), \
		.caps_verified = true, S(disco_category, "client"), S(disco_type, "pc"),                             \
		S(disco_name, "mcabber 1.1.2"), .disco = SIGNAL_RESULT, S(resource, "mcabber.d2157b01")
#define PIDGIN                                                                                                       \
	S(caps_hash, "sha-1"), S(caps_ver, "AcN1/PEN8nq7AHD+9jpxMV4U6YM="), S(caps_node, "http://pidgin.im/"),       \
		.caps_verified = true, S(disco_name, "Pidgin"), S(disco_category, "client"), .disco = SIGNAL_RESULT, \
		S(ja4, NSS)

static void test_programs_that_were_seen(void **state)
{
	(void)state;
	expect("named mcabber|1.1.2|Linux|caps 95|", MCABBER, S(version_name, "mcabber"), S(version_version, "1.1.2"),
		S(version_os, "Linux 6.1.0-18-amd64 x86_64"), .version = SIGNAL_RESULT, S(ja4, GNUTLS));
	expect("named Profanity|0.13.1|Linux|caps 95|", S(caps_hash, "sha-1"),
		S(caps_ver, "Sb0R3dtmZsLSf1CuGFGYkmNdm1k="), S(caps_node, "http://profanity-im.github.io"),
		.caps_verified = true, S(disco_name, "Profanity 0.13.1"), .disco = SIGNAL_RESULT,
		S(version_name, "Profanity"), S(version_version, "0.13.1"), S(version_os, "Linux"),
		.version = SIGNAL_RESULT, S(resource, "profanity.d6JO"), S(ja4, OPENSSL));
	expect("named Pidgin|2.14.12||caps 95|", PIDGIN, S(version_name, "Pidgin"),
		S(version_version, "2.14.12 (libpurple 2.14.12)"), .version = SIGNAL_RESULT);
	expect("named Finch|2.14.12||caps 95|", S(caps_hash, "SHA-1"), S(caps_ver, "LnqHY7NoTe66rRUAqUoaHlaYL6s="),
		S(caps_node, "http://pidgin.im/"), .caps_verified = true, S(disco_name, "Finch"),
		.disco = SIGNAL_RESULT, S(version_name, "Finch"), S(version_version, "2.14.12 (libpurple 2.14.12)"),
		.version = SIGNAL_RESULT, S(resource, "finch"), S(ja4, "t13i350900_948423e5275c_f945b5a80b27"));
	expect("named Dino|0.4.2||caps 95|", S(caps_hash, "sha-1"), S(caps_ver, "6ggwrxA97IN314qDlU0ic5OWBEc="),
		S(caps_node, "https://dino.im"), .caps_verified = true, S(disco_name, "Dino"), .disco = SIGNAL_RESULT,
		.version = SIGNAL_ERROR, S(resource, "dino"), S(ja4, GNUTLS));
}

static void test_programs_whose_hash_is_not_known(void **state)
{
	(void)state;
	/* Gajim answers XEP-0092 to its contacts alone */
	expect("named Gajim|||identity 80|", S(caps_hash, "sha-1"), S(caps_ver, "bG9uZyBlbm91Z2ggZm9yIGE="),
		S(caps_node, "https://gajim.org"), .caps_verified = true, S(disco_name, "Gajim"),
		.disco = SIGNAL_RESULT, .version = SIGNAL_ERROR, S(resource, "gajim.8D0RSNYB"));
	expect("named Conversations|2.11.3+fcr|Android|identity 80|", S(caps_hash, "sha-1"), S(caps_ver, "eA=="),
		S(caps_node, "http://conversations.im"), .caps_verified = true, S(disco_name, "Conversations"),
		.disco = SIGNAL_RESULT, S(version_name, "Conversations"), S(version_version, "2.11.3+fcr"),
		S(version_os, "Android"), .version = SIGNAL_RESULT, S(resource, "Conversations.Ab1x"));
	/* forks show the node of what they were forked from */
	expect("named Cheogram|2.17.2-1|Android|identity 80|", S(caps_hash, "sha-1"), S(caps_ver, "eA=="),
		S(caps_node, "http://conversations.im"), .caps_verified = true, S(disco_name, "Cheogram"),
		.disco = SIGNAL_RESULT, S(version_name, "Cheogram"), S(version_version, "2.17.2-1"));
	expect("named Monal|||agent 50|", S(agent_software, "Monal IM"), S(agent_device, "iPhone"),
		S(agent_id, "d4565fa7-4d72-4749-b3d3-740edbf87770"));
	expect("named Psi+|1.5.1620|Windows|version 40|", S(version_name, "Psi+"),
		S(version_version, "1.5.1620 (2022-08-30)"), S(version_os, "Windows 10 Pro"),
		.version = SIGNAL_RESULT);
	expect("named slixmpp|1.8.3||node 50|", S(caps_hash, "sha-1"), S(caps_ver, "eA=="),
		S(caps_node, "http://slixmpp.com/ver/1.8.3"));
	expect("named Poezio|0.14||identity 80|", S(caps_hash, "sha-1"), S(caps_ver, "eA=="), .caps_verified = true,
		.disco = SIGNAL_RESULT, S(caps_node, "http://slixmpp.com/ver/1.8.3"), S(disco_name, "Poezio 0.14"));
	expect("named go-sendxmpp|||resource 20|", S(resource, "go-sendxmpp.1a2b3c"));
	expect("named Spark|2.9.4||resource 20|", S(resource, "Spark 2.9.4"));
	expect("named Kaidan|0.9.1|Linux|version 40|", S(version_name, "Kaidan"), S(version_version, "0.9.1"),
		S(version_os, "Debian GNU/Linux 12 (bookworm)"));
}

static void test_programs_nobody_knows(void **state)
{
	(void)state;
	expect("named Acme Chat|4.2||identity 80|", S(caps_hash, "sha-1"), S(caps_ver, "eA=="), .caps_verified = true,
		.disco = SIGNAL_RESULT, S(caps_node, "https://acme.example/chat"), S(disco_name, "Acme Chat 4.2"));
	expect("named Acme Chat|4.2-rc1|FreeBSD|version 40|", S(version_name, "Acme Chat v4.2-rc1"),
		S(version_os, "FreeBSD 13.2-RELEASE"));
	expect("named 3D Chat|1.0||version 40|", S(version_name, "3D Chat"), S(version_version, "1.0"));
	expect("named Psionic|1.0||version 40|", S(version_name, "Psionic"), S(version_version, "1.0"));
	expect("named Thing|nightly|TempleOS|version 40|", S(version_name, "Thing"), S(version_version, "nightly"),
		S(version_os, " TempleOS "));
	expect("unknown |||none 0|", S(agent_id, "d4565fa7-4d72-4749-b3d3-740edbf87770"));
}

static void test_who_says_nothing(void **state)
{
	(void)state;
	expect("silent |||none 0|", .disco = SIGNAL_WAITING, .version = SIGNAL_WAITING);
	expect("silent |||none 0|", .disco = SIGNAL_WAITING, S(resource, "3f2504e0"), S(ja4, GNUTLS));
	expect("unknown |||none 0|", .disco = SIGNAL_ERROR, .version = SIGNAL_WAITING);
	expect("unknown |||none 0|", .disco = SIGNAL_RESULT, S(disco_category, "client"), .version = SIGNAL_ERROR);
	expect("unknown |||none 0|", S(caps_node, "https://nobody.example/"), S(caps_hash, "sha-1"),
		S(caps_ver, "eA=="));
	expect("unknown |||none 0|", S(version_version, "1.0"), .version = SIGNAL_RESULT);
}

/* --- contradictions --- */

static void test_a_hash_of_another_product_than_the_name_says(void **state)
{
	(void)state;
	expect("named mcabber|1.1.2||caps 60|caps node", MCABBER, S(version_name, "Gajim"),
		S(version_version, "1.7.3"), .version = SIGNAL_RESULT);
	expect("named Gajim|1.7.3||identity 65|node", S(caps_hash, "sha-1"), S(caps_ver, "eA=="),
		.caps_verified = true, .disco = SIGNAL_RESULT, S(caps_node, "https://dino.im"),
		S(disco_name, "Gajim 1.7.3"));
	expect("named Dino|||node 35|node", S(caps_hash, "sha-1"), S(caps_ver, "eA=="),
		S(caps_node, "https://dino.im"), S(version_name, "Gajim"), S(version_version, "1.7.3"));
	expect("named Gajim|||identity 65|caps", S(caps_hash, "sha-1"), S(caps_ver, "eA=="), .caps_verified = true,
		.disco = SIGNAL_RESULT, S(disco_name, "Gajim"), S(version_name, "Psi"));
	/* the user of profanity may call it what he likes */
	expect("named Profanity|0.13.1||caps 60|caps node", S(caps_hash, "sha-1"),
		S(caps_ver, "Sb0R3dtmZsLSf1CuGFGYkmNdm1k="), S(caps_node, "http://profanity-im.github.io"),
		.caps_verified = true, .disco = SIGNAL_RESULT, S(disco_name, "Profanity 0.13.1"),
		S(version_name, "My own"), S(version_version, "9"));
}

static void test_the_agent_the_resource_and_the_library(void **state)
{
	(void)state;
	expect("named mcabber|1.1.2||caps 75|agent", MCABBER, S(agent_software, "Monal IM"));
	expect("named mcabber|1.1.2||caps 60|resource tls", S(caps_hash, "sha-1"),
		S(caps_ver, "mnQV9IXP6bj8/wvKJ+4270fD2eo="), .caps_verified = true,
		S(caps_node, "http://mcabber.com/caps"), .disco = SIGNAL_RESULT, S(disco_name, "mcabber 1.1.2"),
		S(resource, "gajim.XYZ"), S(ja4, NSS));
	expect("named Conversations|2.12|Android|version 25|tls", S(version_name, "Conversations"),
		S(version_version, "2.12"), S(ja4, OPENSSL));
	expect("named Gajim|||agent 35|agent", S(agent_software, "Gajim"), S(version_name, "Dino"));
}

static void test_versions_that_differ(void **state)
{
	(void)state;
	/* the hash is of 1.1.2 alone: what is claimed beside it counts for nothing */
	expect("named mcabber|1.1.2||caps 75|version", MCABBER, S(version_name, "mcabber"),
		S(version_version, "1.1.5"));
	expect("named mcabber|1.1.2-2+b1||caps 90|", S(caps_hash, "sha-1"),
		S(caps_ver, "mnQV9IXP6bj8/wvKJ+4270fD2eo="), .caps_verified = true, .disco = SIGNAL_RESULT,
		S(version_name, "mcabber"), S(version_version, "1.1.2-2+b1"));
	/* Pidgin's is that of many years: it takes the claim, as far as it can be */
	expect("named Pidgin|2.14.13||caps 95|", PIDGIN, S(version_name, "Pidgin"), S(version_version, "2.14.13"));
	expect("named Pidgin|3.0||caps 80|version", PIDGIN, S(version_name, "Pidgin"), S(version_version, "3.0"));
	expect("named Gajim|1.7.3||identity 65|version", S(caps_hash, "sha-1"), S(caps_ver, "eA=="),
		.caps_verified = true, .disco = SIGNAL_RESULT, S(disco_name, "Gajim 1.7.3"), S(version_name, "Gajim"),
		S(version_version, "1.8.0"));
	expect("named Acme|2.0|Linux|identity 80|", S(caps_hash, "sha-1"), S(caps_ver, "eA=="), .caps_verified = true,
		.disco = SIGNAL_RESULT, S(form_software, "Acme"), S(form_version, "2.0"), S(form_os, "Ubuntu"),
		S(form_os_version, "22.04"), S(disco_name, "Acme"));
}

static void test_what_does_not_hash_is_not_believed(void **state)
{
	(void)state;
	expect("named mcabber|1.1.2||node 35|disco", S(caps_hash, "sha-1"),
		S(caps_ver, "mnQV9IXP6bj8/wvKJ+4270fD2eo="), S(caps_node, "http://mcabber.com/caps"),
		.disco = SIGNAL_RESULT, S(disco_name, "mcabber 1.1.2"));
	expect("named mcabber|1.1.2||node 60|", S(caps_hash, "sha-1"), S(caps_ver, "mnQV9IXP6bj8/wvKJ+4270fD2eo="),
		S(caps_node, "http://mcabber.com/caps"), .disco = SIGNAL_WAITING);
}

/* --- the table --- */

static void test_rows_that_are_added(void **state)
{
	const struct client_row rows[] = {
		{S(caps_hash, "sha-1"), S(caps_ver, "eA=="), S(product, "Gajim"), S(version, "1.7.3"),
			S(range, ">=1.7, <1.8")},
		{S(caps_hash, "sha-256"), S(caps_ver, "eQ=="), S(product, "Acme"), S(version, "1")},
		{S(caps_hash, "sha-256"), S(caps_ver, "eQ=="), S(product, "Acme"), S(version, "2")},
		{S(caps_hash, "sha-1"), S(caps_ver, "mnQV9IXP6bj8/wvKJ+4270fD2eo="), S(product, "mcabber"),
			S(version, "1.1.3"), S(range, "1.1.3")},
		{S(ja4, "t13i191000_9dc949149365_e7c285222651"), S(product, "acme-bot"), S(version, "7")},
		/* learnt from who claims something, though the shipped row says what shows it */
		{S(caps_hash, "sha-1"), S(caps_ver, "Sb0R3dtmZsLSf1CuGFGYkmNdm1k="), S(product, "Profanity"),
			S(version, "9.9")},
	};
	struct client_table *t = NULL;

	(void)state;
	assert_int_equal(client_table_new(&t, rows, sizeof(rows) / sizeof(rows[0]), NULL), 0);
#define expect_here(wanted, ...) expect_of(t, &(struct client_signals){__VA_ARGS__}, wanted, __LINE__)
	expect_here("named Gajim|1.7.3||caps 90|", S(caps_hash, "sha-1"), S(caps_ver, "eA=="), .caps_verified = true,
		.disco = SIGNAL_RESULT);
	expect_here("named Gajim|1.7.2||caps 90|", S(caps_hash, "sha-1"), S(caps_ver, "eA=="), .caps_verified = true,
		S(version_name, "Gajim"), S(version_version, "1.7.2"));
	expect_here("named Gajim|1.7.3||caps 75|version", S(caps_hash, "sha-1"), S(caps_ver, "eA=="),
		.caps_verified = true, S(version_name, "Gajim"), S(version_version, "1.9"));
	expect_here("named Acme|2||caps 90|", S(caps_hash, "sha-256"), S(caps_ver, "eQ=="), .caps_verified = true);
	expect_here("named Acme|3||caps 90|", S(caps_hash, "sha-256"), S(caps_ver, "eQ=="), .caps_verified = true,
		S(version_name, "acme"), S(version_version, "3"));
	expect_here("named mcabber|1.1.3||caps 45|caps node version", MCABBER, S(version_name, "Gajim"));
	expect_here("named Profanity|0.13.1||caps 90|", S(caps_hash, "sha-1"),
		S(caps_ver, "Sb0R3dtmZsLSf1CuGFGYkmNdm1k="), .caps_verified = true);
	expect_here("named acme-bot|7||tls 10|", S(ja4, "t13i191000_9dc949149365_e7c285222651"));
	client_table_unref(client_table_ref(t));
	client_table_unref(t);
}

static void test_rows_that_are_refused(void **state)
{
	const struct client_row no_product = {S(caps_hash, "sha-1"), S(caps_ver, "eA==")},
				no_hash = {S(product, "Gajim")},
				bad_range = {S(caps_hash, "sha-1"), S(caps_ver, "eA=="), S(product, "Gajim"),
					S(range, "about 2")};
	struct client_table *t = NULL;
	struct err err;

	(void)state;
	assert_int_equal(client_table_new(&t, &no_product, 1, &err), -EINVAL);
	assert_non_null(strstr(err.text, "no product"));
	assert_int_equal(client_table_new(&t, &no_hash, 1, &err), -EINVAL);
	assert_int_equal(client_table_new(&t, &bad_range, 1, &err), -EINVAL);
	assert_non_null(strstr(err.text, "about 2"));
	assert_int_equal(client_table_new(&t, &no_hash, CLIENT_ROWS_MAX + 1, &err), -E2BIG);
	assert_null(t);
}

static const char *name_of(const struct product *p)
{
	return p ? p->name : "";
}

static void test_nodes_names_and_resources(void **state)
{
	static const char *const nodes[][2] = {{"http://gajim.org", "Gajim"}, {"https://gajim.org/#1.7.3", "Gajim"},
		{"http://www.profanity.im", "Profanity"}, {"https://gajim.org.evil.example", ""},
		{"gajim.org", "Gajim"}, {"http://jitsi.org/jicofo", "Jicofo"}, {"http://jitsi.org", "Jitsi"},
		{"http://psi-plus.com", "Psi+"}, {"HTTP://PIDGIN.IM/", "Pidgin"}, {"", ""}, {"://", ""},
		{"https://movim.eu/", "Movim"}};
	static const char *const names[][2] = {{"Gajim", "Gajim"}, {"gajim", "Gajim"}, {"Gajim (Flatpak)", "Gajim"},
		{"Gajim Nightly", "Gajim"}, {"Gajim1.7.3", "Gajim"}, {"Psi+", "Psi+"}, {"Psi", "Psi"},
		{"Psi Plus", "Psi+"}, {"Psionic", ""}, {"Swift Messenger", "Swift"}, {"Sparkle", ""},
		{"Spark Plug", ""}, {"Converse.js 10.1", "Converse.js"}, {"Monal IM", "Monal"},
		{"Conversations v2.12", "Conversations"}, {"Conversations Legacy", "Conversations"}, {"", ""},
		{"Beagle IM 5.2", "Beagle IM"}, {"Dino-like", ""}};
	static const char *const resources[][2] = {{"gajim.ABCDEF", "Gajim"}, {"Conversations.xyz1", "Conversations"},
		{"Psi+", "Psi+"}, {"psionic", ""}, {"converse.js-12345", "Converse.js"}, {"mobile", ""},
		{"dino", "Dino"}, {"dinosaur", ""}};
	struct str rest;

	(void)state;
	for (size_t i = 0; i < sizeof(nodes) / sizeof(nodes[0]); i++)
		if (strcmp(name_of(client_table_node(table, str_from(nodes[i][0]))), nodes[i][1]))
			fail_msg("%s is not %s", nodes[i][0], nodes[i][1]);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(name_of(client_table_name(table, str_from(names[i][0]), &rest)), names[i][1]))
			fail_msg("%s is not %s", names[i][0], names[i][1]);
	for (size_t i = 0; i < sizeof(resources) / sizeof(resources[0]); i++)
		if (strcmp(name_of(client_table_resource(table, str_from(resources[i][0]), &rest)), resources[i][1]))
			fail_msg("%s is not %s", resources[i][0], resources[i][1]);
}

static void test_operating_systems(void **state)
{
	static const char *const rows[][2] = {{"Linux 6.1.0-18-amd64", "Linux"}, {"Windows 10 Pro", "Windows"},
		{"macOS 14.2", "macOS"}, {"Android 14", "Android"}, {"Mac OS X 10.15.7", "macOS"},
		{"Darwin 23.1.0", "macOS"}, {"iOS 17.2", "iOS"}, {"iPadOS 17", "iOS"},
		{"Debian GNU/Linux 12 (bookworm)", "Linux"}, {"6.1.0-18-amd64", "Linux"},
		{"FreeBSD 14.0-RELEASE", "FreeBSD"}, {"Microsoft Windows 11 [10.0.22621]", "Windows"},
		{"WinNT 6.1", "Windows"}, {"Win32", "Windows"}, {"Linux; Android 13; Pixel 6", "Android"},
		{"Ubuntu 22.04.3 LTS", "Linux"}, {"Arch Linux", "Linux"}, {"OpenBSD", "OpenBSD"},
		{"Plan 9", "Plan 9"}, {"  x86_64 ", "x86_64"}, {"", ""}, {"CrOS x86_64", "ChromeOS"},
		{"SunOS 5.11", "Solaris"}, {"Windows Server 2019", "Windows"}};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_str(os_family(str_from(rows[i][0])), rows[i][1]);
}

/* --- bounds --- */

static void test_long_and_odd_signals(void **state)
{
	static char text[100000];
	struct str many[] = {str_of(text, sizeof(text)), STR("\xC3\xBC"), STR("|"), STR(" | "), STR("("), STR("  "),
		STR("://www."), STR("/ver/")};

	(void)state;
	memset(text, 'x', sizeof(text));
	memset(text + 250, '\xC3', 20);
	for (size_t i = 0; i < sizeof(many) / sizeof(many[0]); i++) {
		struct str x = many[i];
		struct judgement *j = client_judge(table, &(struct client_signals){.caps_hash = x,
								  .caps_ver = x,
								  .caps_node = x,
								  .caps_verified = true,
								  .disco_category = x,
								  .disco_type = x,
								  .disco_name = x,
								  .form_software = x,
								  .form_version = x,
								  .form_os = x,
								  .form_os_version = x,
								  .version_name = x,
								  .version_version = x,
								  .version_os = x,
								  .agent_id = x,
								  .agent_software = x,
								  .agent_device = x,
								  .resource = x,
								  .ja4 = x});

		assert_non_null(j);
		assert_true(j->product.len <= SIGNAL_TEXT_MAX && j->version.len <= SIGNAL_TEXT_MAX &&
			    j->device.len <= SIGNAL_TEXT_MAX);
		assert_int_equal(j->ja4.len, 0);
		judgement_unref(j);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_programs_that_were_seen),
		cmocka_unit_test(test_programs_whose_hash_is_not_known),
		cmocka_unit_test(test_programs_nobody_knows),
		cmocka_unit_test(test_who_says_nothing),
		cmocka_unit_test(test_a_hash_of_another_product_than_the_name_says),
		cmocka_unit_test(test_the_agent_the_resource_and_the_library),
		cmocka_unit_test(test_versions_that_differ),
		cmocka_unit_test(test_what_does_not_hash_is_not_believed),
		cmocka_unit_test(test_rows_that_are_added),
		cmocka_unit_test(test_rows_that_are_refused),
		cmocka_unit_test(test_nodes_names_and_resources),
		cmocka_unit_test(test_operating_systems),
		cmocka_unit_test(test_long_and_odd_signals),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, make_table, free_table);
}
