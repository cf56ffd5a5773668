#include "check.h"

#include <stdio.h>

#include "mail/address.h"

struct row {
	const char *text, *plain; /* plain NULL: refused */
};

static const struct row rows[] = {
	{"alice@example.org", "alice@example.org"},
	{"Alice.B+lists@Example.ORG", "Alice.B+lists@example.org"},
	{"a@localhost", "a@localhost"},
	{"!#$%&'*+-/=?^_`{|}~@example.org", "!#$%&'*+-/=?^_`{|}~@example.org"},
	{"dora@b\u00FCcher.example", "dora@xn--bcher-kva.example"},
	{"dora@xn--bcher-kva.example", "dora@xn--bcher-kva.example"},
	{"", NULL},
	{"alice", NULL},
	{"@example.org", NULL},
	{"alice@", NULL},
	{".alice@example.org", NULL},
	{"alice.@example.org", NULL},
	{"al..ice@example.org", NULL},
	{"al ice@example.org", NULL},
	{"\"al ice\"@example.org", NULL},
	{"alice@[192.0.2.1]", NULL},
	{"alice@example..org", NULL},
	{"alice@-example.org", NULL},
	{"alice@exa_mple.org", NULL},
	{"d\u00F6ra@example.org", NULL},
	/* what would be another command or header */
	{"alice@example.org\r\nBcc: mallory@example.net", NULL},
	{"alice@example.org\nRCPT TO:<m@example.net>", NULL},
	{"alice@example.org>", NULL},
	{"alice@example.org> SIZE=1", NULL},
	{"<alice@example.org>", NULL},
	{"a\r\nDATA@example.org", NULL},
	{"alice,bob@example.org", NULL},
	{"alice@example.org,bob", NULL},
};

static void test_addresses(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct buf out = BUF_INIT(0);
		struct err err = {};
		int r = mail_address_put(&out, str_from(rows[i].text), &err);

		if (!rows[i].plain && (!r || !err.text[0]))
			fail_msg("'%s' is taken", rows[i].text);
		if (rows[i].plain && r)
			fail_msg("'%s' is refused: %s", rows[i].text, err.text);
		if (rows[i].plain) {
			assert_str(buf_view(&out), rows[i].plain);
			assert_true(mail_address_is_plain(buf_view(&out)));
		}
		buf_done(&out);
	}
}

static void test_nul_is_refused(void **state)
{
	struct buf out = BUF_INIT(0);

	(void)state;
	assert_int_not_equal(mail_address_put(&out, STR("alice@example.org\0.example.net"), NULL), 0);
	assert_int_not_equal(mail_address_put(&out, STR("al\0ice@example.org"), NULL), 0);
	buf_done(&out);
}

static void test_long_ones_are_refused(void **state)
{
	struct buf text = BUF_INIT(0), out = BUF_INIT(0);

	(void)state;
	for (size_t i = 0; i < 65; i++)
		buf_putc(&text, 'a');
	buf_lit(&text, "@example.org");
	assert_int_not_equal(mail_address_put(&out, buf_view(&text), NULL), 0);
	buf_clear(&out);
	assert_int_equal(mail_address_put(&out, str_cut(buf_view(&text), 1, text.len), NULL), 0);
	buf_clear(&text);
	buf_lit(&text, "a@");
	for (size_t i = 0; i < 130; i++)
		buf_lit(&text, "b.");
	buf_lit(&text, "org");
	buf_clear(&out);
	assert_int_not_equal(mail_address_put(&out, buf_view(&text), NULL), 0);
	buf_done(&text);
	buf_done(&out);
}

static void check_mailbox(const char *text, const char *name, const char *address)
{
	struct str n, a;

	mail_mailbox_split(str_from(text), &n, &a);
	assert_str(n, name);
	assert_str(a, address);
}

static void test_mailboxes(void **state)
{
	(void)state;
	check_mailbox("it@example.org", "", "it@example.org");
	check_mailbox(" it@example.org ", "", "it@example.org");
	check_mailbox("Gatehouse <it@example.org>", "Gatehouse", "it@example.org");
	check_mailbox("\"IT, help\" <it@example.org>", "IT, help", "it@example.org");
	check_mailbox("<it@example.org>", "", "it@example.org");
	check_mailbox("Gatehouse <it@example.org", "", "Gatehouse <it@example.org");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_addresses),
		cmocka_unit_test(test_nul_is_refused),
		cmocka_unit_test(test_long_ones_are_refused),
		cmocka_unit_test(test_mailboxes),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
