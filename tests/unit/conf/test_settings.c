/* conf/settings: good and bad files, presets, printing and reading back. */
#include "check.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/log.h"
#include "conf/address.h"
#include "conf/nearest.h"
#include "conf/schema.h"
#include "conf/service.h"
#include "conf/settings.h"

#define DOMAINS "domains: [example.org]\n"

static struct settings *parse(const char *text)
{
	struct settings *s = NULL;
	struct err err = {};

	if (settings_parse(&s, "/srv/gh", str_from(text), "f", &err))
		fail_msg("%s: %s", text, err.text);
	return s;
}

static void test_presets(void **state)
{
	struct settings *s = parse(DOMAINS);

	(void)state;
	assert_int_equal(s->loops, 0);
	assert_int_equal(s->domains.len, 1);
	assert_str(s->domains.items[0], "example.org");
	assert_int_equal(s->listen_starttls.len, 2);
	assert_int_equal(s->listen_starttls.items[1].addr.ss_family, AF_INET6);
	assert_int_equal(s->listen_plaintext.len, 0);
	assert_string_equal(s->tls_key.data, "/srv/gh/tls/server.key");
	assert_int_equal(s->tls_min_version, SETTINGS_TLS_1_2);
	assert_int_equal(s->record_flush, SETTINGS_FLUSH_AUTO);
	assert_int_equal(s->record_checkpoint_file.len, 0);
	assert_int_equal(s->limits_stanza_bytes, 262144);
	assert_int_equal(s->log_level, LOG_INFO);
	assert_string_equal(s->file.data, "/srv/gh/gatehouse.yaml");
	settings_free(s);
}

static void test_values(void **state)
{
	struct settings *s =
		parse("domains:\n  - a.example\n  - b.example\nloops: 3\n"
		      "listen:\n  starttls: [\"127.0.0.1:15222\"]\n  direct_tls: []\n"
		      "  plaintext: [\"127.0.0.1:15220\", \"[::1]:15220\"]\n"
		      "tls:\n  min_version: \"1.3\"\n  key: /etc/ssl/private/k.pem\n"
		      "limits:\n  stanza_bytes: 64 KiB\n  login_seconds: 2 min\n  nodes: 20_000\n"
		      "record:\n  flush: direct\n  segment_bytes: 1GiB\n  checkpoint_file: \"\"\n"
		      "sasl:\n  plain: yes\nlog:\n");

	(void)state;
	assert_int_equal(s->domains.len, 2);
	assert_int_equal(s->loops, 3);
	assert_int_equal(s->listen_direct_tls.len, 0);
	assert_int_equal(
		ntohs(((const struct sockaddr_in *)&s->listen_starttls.items[0].addr)->sin_port), 15222);
	assert_int_equal(s->listen_plaintext.len, 2);
	assert_int_equal(s->tls_min_version, SETTINGS_TLS_1_3);
	assert_string_equal(s->tls_key.data, "/etc/ssl/private/k.pem");
	assert_int_equal(s->limits_stanza_bytes, 65536);
	assert_int_equal(s->limits_login_seconds, 120);
	assert_int_equal(s->limits_nodes, 20000);
	assert_int_equal(s->record_flush, SETTINGS_FLUSH_DIRECT);
	assert_int_equal(s->record_segment_bytes, 1 << 30);
	assert_true(s->sasl_plain);
	settings_free(s);
}

struct bad {
	const char *text;
	const char *error;
};

static const struct bad bads[] = {
	{"", "f:1: domains: no domain given"},
	{"domains: example.org\n",
		"f:1: domains: 'example.org' found; accepted: a list of 1 to 64 domain names"},
	{"domains: [Example.org]\n", "'Example.org' found"},
	{"domains: [a..b]\n", "'a..b' found"},
	{"domains: [-a.b]\n", "'-a.b' found"},
	{"domains: [a, a]\n", "'a' stands in the list twice"},
	{"domains: [[a]]\n", "a list found"},
	{DOMAINS "limts:\n  depth: 3\n", "f:2: unknown setting 'limts'; did you mean 'limits'?"},
	{DOMAINS "limits:\n  dept: 9\n", "f:3: unknown setting 'limits.dept'; did you mean 'limits.depth'?"},
	{DOMAINS "starttls: []\n", "did you mean 'listen.starttls'?"},
	{DOMAINS "sm:\n  stanza_bytes: 9\n", "did you mean 'limits.stanza_bytes'?"},
	{DOMAINS "listen.starttls: []\n", "f:2: write 'listen.starttls' in two lines"},
	{DOMAINS "xyzzyplugh: 1\n", "unknown setting 'xyzzyplugh'; 'gatehouse config show --defaults'"},
	{DOMAINS "limits:\n  depth: many\n",
		"f:3: limits.depth: 'many' found; accepted: a whole number from 8 to 200"},
	{DOMAINS "limits:\n  depth: 7\n", "'7' found"},
	{DOMAINS "limits:\n  depth: 201\n", "'201' found"},
	{DOMAINS "limits:\n  depth:\n", "nothing found"},
	{DOMAINS "limits:\n  depth: [9]\n", "a list found"},
	{DOMAINS "limits: 3\n", "f:2: limits: a scalar found; accepted: a section"},
	{DOMAINS "limits:\n  stanza_bytes: 64 KB\n", "'64 KB' found; accepted: bytes from 10000 to 4 MiB"},
	{DOMAINS "limits:\n  stanza_bytes: 99999999999 GiB\n", "found; accepted: bytes"},
	{DOMAINS "limits:\n  login_seconds: soon\n", "'soon' found; accepted: seconds from 1 to 600"},
	{DOMAINS "loops: 0\n", "'0' found; accepted: a whole number from 1 to 64, or auto"},
	{DOMAINS "loops: 65\n", "'65' found"},
	{DOMAINS "tls:\n  min_version: \"1.1\"\n", "'1.1' found; accepted: 1.2 or 1.3"},
	{DOMAINS "tls:\n  key: \"\"\n", "an empty text found"},
	{DOMAINS "sasl:\n  plain: maybe\n", "'maybe' found; accepted: true or false"},
	{DOMAINS "sasl:\n  plain: \"true\"\n", "'true' found"},
	{DOMAINS "rooms:\n  service: [\"<domain>\"]\n", "'<domain>' found"},
	{DOMAINS "listen:\n  starttls: [\"localhost:5222\"]\n", "'localhost:5222' found"},
	{DOMAINS "listen:\n  starttls: [\"1.2.3.4\"]\n", "'1.2.3.4' found"},
	{DOMAINS "listen:\n  starttls: [\"::1:5222\"]\n", "'::1:5222' found"},
	{DOMAINS "listen:\n  plaintext: [\"0.0.0.0:5220\"]\n", "loopback addresses only"},
	{DOMAINS "listen:\n  plaintext: [\"[::]:5220\"]\n", "loopback addresses only"},
	{DOMAINS "listen:\n  starttls: [\"0.0.0.0:1\"]\n  direct_tls: [\"0.0.0.0:1\"]\n",
		"f:4: listen.direct_tls: '0.0.0.0:1' is listed twice"},
	{DOMAINS "listen:\n  starttls: []\n  direct_tls: []\n", "no address to listen on"},
	{DOMAINS "record:\n  copy_dir: record\n", "the same folder as record.dir"},
	{DOMAINS "record:\n  retention_class: Seven Years\n", "accepted: small letters"},
	{DOMAINS "users:\n  gate: \"a:b\"\n", "the name of a system user"},
	{DOMAINS "control:\n  record_group: \"\"\n", "'' found; accepted: a text of 1 to 64 bytes"},
	{DOMAINS "control:\n  socket: "
		 "/a/"
		 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		 "aaaaaaaaaa"
		 "aaaaaaaaa\n",
		"at most 107"},
	{DOMAINS "limits:\n  stanza_bytes: 1 MiB\n  parcel_bytes: 1 MiB\n",
		"f:4: limits.parcel_bytes: smaller than four times"},
	{DOMAINS "limits:\n  stanza_burst: 1\n", "f:3: limits.stanza_burst: smaller than"},
	{DOMAINS "components:\n  outside: [example.org]\n", "f:3: components.outside: 'example.org' is also listed"},
	{DOMAINS "components:\n  outside: [rooms.example.org]\n", "is also a service of rooms.service"},
	{DOMAINS "components:\n  outside: [a.example.org]\n  inside: [a.example.org]\n",
		"f:4: components.inside: 'a.example.org' is also listed"},
	{DOMAINS "components:\n  outside: [a.example.org]\n  listen: [\"0.0.0.0:5222\"]\n", "is listed twice"},
	{DOMAINS "components:\n  stanza_burst: 1\n", "components.stanza_burst: smaller than"},
	{"- a\n", "f:1: a list found; accepted: settings"},
	{"a\n", "f:1: a scalar found; accepted: settings"},
};

static void test_refused_with_place_and_remedy(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(bads) / sizeof(bads[0]); i++) {
		struct settings *s = NULL;
		struct err err = {};

		if (settings_parse(&s, "/srv/gh", str_from(bads[i].text), "f", &err) != -EINVAL)
			fail_msg("accepted: %s", bads[i].text);
		if (!strstr(err.text, bads[i].error))
			fail_msg("'%s' does not hold '%s'", err.text, bads[i].error);
	}
}

static void test_what_is_printed_reads_back(void **state)
{
	struct settings *s =
		parse(DOMAINS "loops: 2\nlisten:\n  plaintext: [\"127.0.0.1:9\"]\nlog:\n  level: debug\n");
	struct buf first = BUF_INIT(0), second = BUF_INIT(0), restart = BUF_INIT(0);
	struct settings *again;

	(void)state;
	settings_print(s, &first);
	again = parse(buf_cstr(&first));
	settings_print(again, &second);
	assert_str(buf_view(&second), buf_cstr(&first));
	settings_restart_needed(s, again, &restart);
	assert_int_equal(restart.len, 0);
	buf_done(&first);
	buf_done(&second);
	settings_free(s);
	settings_free(again);
}

static void test_written_file(void **state)
{
	static const struct settings_pair values[] = {
		{"domains", "[\"x.example\"]"}, {"control.record_group", "\"staff\""}};
	struct buf out = BUF_INIT(0);
	struct settings *s;

	(void)state;
	settings_write(values, 2, &out);
	assert_non_null(strstr(buf_cstr(&out), "\n  # depth: 64\n"));
	assert_non_null(strstr(buf_cstr(&out), "\n  record_group: \"staff\"\n"));
	s = parse(buf_cstr(&out));
	assert_str(s->control_record_group, "staff");
	settings_free(s);
	buf_done(&out);
}

static void note_service(void *owner, struct str service)
{
	buf_str(owner, service);
	buf_putc(owner, ' ');
}

static void test_components(void **state)
{
	struct settings *s = parse(DOMAINS "components:\n  outside: [irc.example.org]\n  inside: [bots.example.org]\n");

	(void)state;
	assert_int_equal(settings_components_len(s), 2);
	assert_str(settings_component(s, 0), "irc.example.org");
	assert_str(settings_component(s, 1), "bots.example.org");
	assert_null(settings_component(s, 2).data);
	assert_true(settings_is_component(s, STR("irc.example.org")));
	assert_false(settings_is_component(s, STR("example.org")));
	assert_false(settings_is_inside(s, STR("irc.example.org")));
	assert_true(settings_is_inside(s, STR("bots.example.org")));
	assert_str(s->components_listen.items[0].text, "127.0.0.1:5347");
	assert_str(s->components_secrets, "/srv/gh/keys/components");
	settings_free(s);
}

static void test_rooms_services(void **state)
{
	struct settings *s =
		parse(DOMAINS "rooms:\n  service: [\"rooms.<domain>\", talk.example.net, example.org]\n");
	struct buf out = BUF_INIT(0);

	(void)state;
	assert_true(settings_is_rooms(s, STR("rooms.example.org")));
	assert_true(settings_is_rooms(s, STR("talk.example.net")));
	assert_false(settings_is_rooms(s, STR("rooms.example.net")));
	assert_false(settings_is_rooms(s, STR("roomsexample.org")));
	assert_false(settings_is_rooms(s, STR("rooms.")));
	assert_false(settings_is_rooms(s, STR("example.org"))); /* is for people */
	settings_each_rooms(s, STR("example.org"), note_service, &out);
	assert_str(buf_view(&out), "rooms.example.org talk.example.net ");
	buf_done(&out);
	settings_free(s);
	s = parse(DOMAINS "rooms:\n  service: []\n");
	assert_false(settings_is_rooms(s, STR("rooms.example.org")));
	settings_free(s);
}

static void test_restart_needed(void **state)
{
	struct settings *a = parse(DOMAINS), *b = parse(DOMAINS "loops: 2\nlog:\n  level: warn\n");
	struct buf out = BUF_INIT(0);

	(void)state;
	settings_restart_needed(a, b, &out);
	assert_str(buf_view(&out), "loops");
	buf_done(&out);
	settings_keep(b, a);
	assert_int_equal(b->loops, a->loops);
	assert_int_equal(b->log_level, LOG_WARN);
	settings_free(a);
	settings_free(b);
}

static void test_documents(void **state)
{
	struct buf out = BUF_INIT(0);
	struct settings *s = parse(DOMAINS);

	(void)state;
	settings_print(NULL, &out);
	for (size_t i = 0; i < settings_rows_len; i++)
		assert_non_null(strstr(buf_cstr(&out), settings_rows[i].preset));
	buf_clear(&out);
	settings_print_man(&out);
	assert_non_null(strstr(buf_cstr(&out), "\\fBlimits.stanza_bytes\\fR: 262144"));
	buf_clear(&out);
	settings_print_dictionary(&out);
	assert_non_null(strstr(buf_cstr(&out), "\"  stanza_bytes: \"\n"));
	buf_clear(&out);
	settings_print_json(s, &out);
	assert_non_null(strstr(buf_cstr(&out), "\"record.flush\": \"auto\""));
	settings_free(s);
	buf_done(&out);
}

static void test_addresses(void **state)
{
	static const char *const bad[] = {"", ":", "1.2.3.4:", "1.2.3.4:0", "1.2.3.4:65536", "1.2.3:1",
		"[::1]", "[::1]1", "[::1]:", "[1.2.3.4]:1", "[]:1", "x:1", "1.2.3.4:1 ", "[::1%lo]:1"};
	struct sockaddr_storage addr;
	socklen_t len;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		if (address_parse(str_from(bad[i]), &addr, &len))
			fail_msg("accepted: %s", bad[i]);
	assert_true(address_parse(STR("[2001:db8::1]:65535"), &addr, &len));
	assert_int_equal(len, sizeof(struct sockaddr_in6));
}

static void test_domains(void **state)
{
	(void)state;
	assert_true(domain_is_valid(STR("localhost")));
	assert_true(domain_is_valid(STR("chat.xn--mller-kva.example")));
	assert_true(domain_is_valid(STR("b\xc3\xbc"
					"cher.example")));
	assert_false(domain_is_valid(STR("a.")));
	assert_false(domain_is_valid(STR(".a")));
	assert_false(domain_is_valid(STR("a b")));
	assert_false(domain_is_valid(STR("a/b")));
	assert_false(domain_is_valid(STR("\xff")));
	assert_false(domain_is_valid(STR("")));
}

static void test_nearest(void **state)
{
	static const char *const words[] = {"show", "check", "list", "password"};

	(void)state;
	assert_int_equal(nearest_distance(STR("abcd"), STR("abdc")), 1);
	assert_int_equal(nearest_distance(STR(""), STR("abc")), 3);
	assert_int_equal(nearest_distance(STR("kitten"), STR("sitting")), 3);
	assert_string_equal(nearest_word(STR("sohw"), words, 4), "show");
	assert_string_equal(nearest_word(STR("PASWORD"), words, 4), "password");
	assert_null(nearest_word(STR("frobnicate"), words, 4));
	assert_null(nearest_word(STR(""), words, 4));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_presets),
		cmocka_unit_test(test_values),
		cmocka_unit_test(test_refused_with_place_and_remedy),
		cmocka_unit_test(test_what_is_printed_reads_back),
		cmocka_unit_test(test_written_file),
		cmocka_unit_test(test_components),
		cmocka_unit_test(test_rooms_services),
		cmocka_unit_test(test_restart_needed),
		cmocka_unit_test(test_documents),
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_domains),
		cmocka_unit_test(test_nearest),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
