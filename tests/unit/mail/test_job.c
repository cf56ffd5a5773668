#include "check.h"

#include <errno.h>

#include "ipc/frame.h"
#include "mail/job.h"

static const struct mail_job sample = {
	.id = STR("k1"),
	.from = STR("it@example.org"),
	.to = STR("alice@example.net"),
	.message = STR("Subject: x\r\n\r\n.\r\nhello\r\n"),
};

static struct str payload_of(const struct buf *b)
{
	struct frame frame;
	size_t at = 0;

	assert_int_equal(frame_next(buf_view(b), &at, &frame), 1);
	assert_int_equal(at, b->len);
	return frame.payload;
}

static int read_back(struct mail_job job)
{
	struct buf b = BUF_INIT(0);
	struct mail_job out;
	int r;

	mail_job_put(&b, &job);
	r = mail_job_read(payload_of(&b), &out);
	if (r == 0) {
		assert_true(str_eq(out.id, job.id) && str_eq(out.from, job.from) && str_eq(out.to, job.to));
		assert_true(str_eq(out.message, job.message));
	}
	buf_done(&b);
	return r;
}

static void test_jobs(void **state)
{
	static const struct str addresses[] = {STR(""), STR("a"), STR("a@b\r\nRCPT TO:<c@d>"), STR("a@b> X=1"), STR("a b@c")};
	static const struct str messages[] = {STR(""), STR("x"), STR("x\n"), STR("x\r"), STR("x\ry\r\n"), STR("x\0\r\n")};
	struct mail_job job = sample;

	(void)state;
	assert_int_equal(read_back(sample), 0);
	for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
		struct mail_job from = sample, to = sample;

		from.from = to.to = addresses[i];
		assert_int_equal(read_back(from), -EPROTO);
		assert_int_equal(read_back(to), -EPROTO);
	}
	for (size_t i = 0; i < sizeof(messages) / sizeof(messages[0]); i++) {
		job.message = messages[i];
		assert_int_equal(read_back(job), -EPROTO);
	}
	job = sample;
	job.id = STR("");
	assert_int_equal(read_back(job), -EPROTO);
}

static void test_long_lines_and_messages_are_refused(void **state)
{
	struct mail_job job = sample;
	struct buf text = BUF_INIT(0);

	(void)state;
	for (int i = 0; i < 998; i++)
		buf_putc(&text, 'a');
	buf_lit(&text, "\r\n");
	job.message = buf_view(&text);
	assert_int_equal(read_back(job), 0);
	buf_shift(&text, text.len);
	for (int i = 0; i < 999; i++)
		buf_putc(&text, 'a');
	buf_lit(&text, "\r\n");
	job.message = buf_view(&text);
	assert_int_equal(read_back(job), -EPROTO);
	while (text.len <= MAIL_MESSAGE_MAX)
		buf_lit(&text, "\r\n");
	job.message = str_cut(buf_view(&text), 1, text.len);
	assert_int_equal(job.message.len, MAIL_MESSAGE_MAX);
	assert_int_equal(read_back(job), 0);
	buf_lit(&text, "\r\n");
	job.message = str_cut(buf_view(&text), 1, text.len);
	assert_int_equal(read_back(job), -EPROTO);
	buf_done(&text);
}

/* Cut short anywhere, a part twice, or one more: no job. */
static void test_malformed_payloads(void **state)
{
	struct buf b = BUF_INIT(0), more = BUF_INIT(0);
	struct mail_job out;
	struct str payload;

	(void)state;
	mail_job_put(&b, &sample);
	payload = payload_of(&b);
	for (size_t i = 0; i < payload.len; i++)
		assert_int_equal(mail_job_read(str_cut(payload, 0, i), &out), -EPROTO);
	buf_str(&more, payload);
	field_put(&more, 1, STR("k2"));
	assert_int_equal(mail_job_read(buf_view(&more), &out), -EPROTO);
	buf_clear(&more);
	buf_str(&more, payload);
	field_put(&more, 5, STR("x"));
	assert_int_equal(mail_job_read(buf_view(&more), &out), -EPROTO);
	buf_clear(&more);
	buf_str(&more, payload);
	field_put(&more, 0, STR("x"));
	assert_int_equal(mail_job_read(buf_view(&more), &out), -EPROTO);
	buf_done(&b);
	buf_done(&more);
}

static void test_answers(void **state)
{
	struct mail_answer answer = {.id = STR("k1"), .outcome = MAIL_REFUSED, .text = STR("550 no such user")}, out;
	struct buf b = BUF_INIT(0);

	(void)state;
	mail_answer_put(&b, &answer);
	assert_int_equal(mail_answer_read(payload_of(&b), &out), 0);
	assert_true(str_eq(out.id, answer.id) && out.outcome == MAIL_REFUSED && str_eq(out.text, answer.text));
	buf_clear(&b);
	answer.outcome = MAIL_OUTCOMES;
	mail_answer_put(&b, &answer);
	assert_int_equal(mail_answer_read(payload_of(&b), &out), -EPROTO);
	buf_clear(&b);
	answer.outcome = MAIL_SENT;
	answer.text = STR("two\nlines");
	mail_answer_put(&b, &answer);
	assert_int_equal(mail_answer_read(payload_of(&b), &out), -EPROTO);
	buf_done(&b);
}

static void test_outlets(void **state)
{
	struct mail_outlet outlet = {.server = STR("mx"), .name = STR("example.org"), .user = STR("u"), .password = STR("p"),
		.port = 25, .seconds = 9, .tls = MAIL_TLS_NEVER, .anywhere = true}, out;
	struct buf b = BUF_INIT(0);

	(void)state;
	mail_outlet_put(&b, &outlet);
	assert_int_equal(mail_outlet_read(payload_of(&b), &out), 0);
	assert_true(str_is(out.server, "mx") && str_is(out.password, "p") && out.port == 25 && out.seconds == 9);
	assert_true(out.tls == MAIL_TLS_NEVER && out.anywhere && out.ca.len == 0);
	buf_clear(&b);
	outlet.port = 70000;
	mail_outlet_put(&b, &outlet);
	assert_int_equal(mail_outlet_read(payload_of(&b), &out), -EPROTO);
	buf_done(&b);
}

static void test_what_a_server_says_is_one_plain_line(void **state)
{
	struct buf b = BUF_INIT(0);

	(void)state;
	mail_text_put(&b, STR(" 550 no\x1b[31m B\u00FCro\r\n"));
	assert_str(buf_view(&b), "550 no?[31m B??ro");
	buf_clear(&b);
	for (int i = 0; i < 500; i++)
		buf_putc(&b, 'a');
	{
		struct buf out = BUF_INIT(0);

		mail_text_put(&out, buf_view(&b));
		assert_int_equal(out.len, MAIL_TEXT_MAX);
		buf_done(&out);
	}
	buf_done(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_jobs),
		cmocka_unit_test(test_long_lines_and_messages_are_refused),
		cmocka_unit_test(test_malformed_payloads),
		cmocka_unit_test(test_answers),
		cmocka_unit_test(test_outlets),
		cmocka_unit_test(test_what_a_server_says_is_one_plain_line),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
