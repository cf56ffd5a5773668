#include "check.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <string.h>

#include "net/handshakes.h"

static struct sockaddr_storage address(const char *text)
{
	struct sockaddr_storage out = {};
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)&out;
	struct sockaddr_in *four = (struct sockaddr_in *)&out;

	if (inet_pton(AF_INET, text, &four->sin_addr) == 1)
		four->sin_family = AF_INET;
	else if (inet_pton(AF_INET6, text, &six->sin6_addr) == 1)
		six->sin6_family = AF_INET6;
	else
		fail_msg("%s is no address", text);
	return out;
}

static bool due(const char *text, uint64_t minute)
{
	struct sockaddr_storage from = address(text);

	return handshake_is_due((struct sockaddr *)&from, minute);
}

static void an_address_has_one_line_a_minute(void **state)
{
	(void)state;
	assert_true(due("192.0.2.1", 10));
	assert_false(due("192.0.2.1", 10));
	assert_true(due("192.0.2.2", 10));
	assert_true(due("2001:db8::1", 10));
	assert_false(due("2001:db8::2", 10)); /* the same network */
	assert_true(due("192.0.2.1", 11));
}

static void many_addresses_have_a_bounded_number_of_lines(void **state)
{
	unsigned lines = 0;
	char text[32];

	(void)state;
	for (unsigned i = 0; i < 2000; i++) {
		snprintf(text, sizeof(text), "198.51.%u.%u", i / 250, i % 250);
		lines += due(text, 20);
	}
	assert_int_equal(lines, 60);
	assert_true(due("192.0.2.9", 21));
}

static void failed(const char *text, int reason)
{
	struct sockaddr_storage from = address(text);

	ERR_clear_error();
	if (reason)
		ERR_raise(ERR_LIB_SSL, reason);
	handshake_failed((struct sockaddr *)&from);
	ERR_clear_error();
}

static void failures_are_counted_by_where_they_come_from(void **state)
{
	static const char *const local[] = {"10.1.2.3", "172.16.0.1", "172.31.0.1", "192.168.1.1", "169.254.1.1", "fe80::1", "fd00::1"};
	static const char *const elsewhere[] = {"192.0.2.1", "172.32.0.1", "2001:db8::1", "::2"};
	struct handshake_failures before, after;

	(void)state;
	handshake_failures(&before);
	failed("127.0.0.1", SSL_R_NO_SHARED_CIPHER);
	failed("::1", SSL_R_HTTP_REQUEST);
	failed("::ffff:127.0.0.2", SSL_R_HTTP_REQUEST);
	for (size_t i = 0; i < sizeof(local) / sizeof(local[0]); i++)
		failed(local[i], SSL_R_UNSUPPORTED_PROTOCOL);
	for (size_t i = 0; i < sizeof(elsewhere) / sizeof(elsewhere[0]); i++)
		failed(elsewhere[i], SSL_R_UNSUPPORTED_PROTOCOL);
	failed("192.0.2.1", 0); /* went away without a word */
	failed("192.0.2.1", SSL_R_UNEXPECTED_EOF_WHILE_READING);
	handshake_failures(&after);
	assert_int_equal(after.loopback - before.loopback, 3);
	assert_int_equal(after.local - before.local, 7);
	assert_int_equal(after.elsewhere - before.elsewhere, 4);
}

static void every_error_has_a_text(void **state)
{
	(void)state;
	assert_non_null(strstr(handshake_reason(ERR_PACK(ERR_LIB_SSL, 0, SSL_R_UNSUPPORTED_PROTOCOL)), "tls.min_version"));
	assert_non_null(strstr(handshake_reason(ERR_PACK(ERR_LIB_SSL, 0, SSL_R_HTTP_REQUEST)), "HTTP"));
	assert_non_null(strstr(handshake_reason(ERR_PACK(ERR_LIB_SSL, 0, SSL_R_NO_SHARED_CIPHER)), "cipher"));
	assert_non_null(handshake_reason(ERR_PACK(ERR_LIB_SSL, 0, 4000)));
	assert_non_null(handshake_reason(0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(an_address_has_one_line_a_minute),
			cmocka_unit_test(many_addresses_have_a_bounded_number_of_lines),
			cmocka_unit_test(failures_are_counted_by_where_they_come_from),
			cmocka_unit_test(every_error_has_a_text),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
