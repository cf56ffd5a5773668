#include "check.h"

#include <errno.h>

#include "record/link.h"
#include "record/record_private.h"

static struct str payload_of(const struct buf *b)
{
	struct frame f;
	size_t at = 0;

	assert_int_equal(frame_next(buf_view(b), &at, &f), 1);
	assert_int_equal(at, b->len);
	return f.payload;
}

static void a_hello_reads_back_and_only_a_whole_one(void **state)
{
	struct link_hello h = {
		.boot = "0a1b2c3d", .link = 513, .replay = true, .n = 1, .seq = 1ull << 40, .applied_seq = 3};
	struct link_hello back;
	struct buf b = BUF_INIT(0);
	struct str p;

	(void)state;
	link_put_hello(&b, &h);
	p = payload_of(&b);
	assert_int_equal(link_get_hello(p, &back), 0);
	assert_string_equal(back.boot, h.boot);
	assert_true(
		back.link == 513 && back.replay && back.n == 1 && back.seq == h.seq && back.applied_seq == 3);
	for (size_t n = 0; n < p.len; n++)
		assert_int_equal(link_get_hello(str_cut(p, 0, n), &back), -EPROTO);
	b.data[FRAME_HEADER] = 'G'; /* no hex digit */
	assert_int_equal(link_get_hello(p, &back), -EPROTO);
	b.data[FRAME_HEADER] = '0';
	b.data[FRAME_HEADER + 10] = 2; /* a flag nobody knows */
	assert_int_equal(link_get_hello(p, &back), -EPROTO);
	buf_done(&b);
}

static void a_receipt_reads_back_and_odd_ones_are_refused(void **state)
{
	struct link_receipt r = {.first_n = 5, .count = 2, .first_seq = 9, .time_us = 77}, back;
	struct link_receipt bad[] = {{5, 0, 9, 7}, {5, 1, 0, 7}, {UINT64_MAX, 2, 9, 7}};
	struct buf b = BUF_INIT(0);

	(void)state;
	link_put_receipt(&b, &r);
	assert_int_equal(link_get_receipt(payload_of(&b), &back), 0);
	assert_memory_equal(&r, &back, sizeof(r));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		buf_clear(&b);
		link_put_receipt(&b, &bad[i]);
		assert_int_equal(link_get_receipt(payload_of(&b), &back), -EPROTO);
	}
	assert_int_equal(link_get_receipt(STR("short"), &back), -EPROTO);
	buf_done(&b);
}

static void an_entry_reads_back(void **state)
{
	const struct str rules[] = {STR("first"), STR("second")};
	const struct extra extra[] = {
		{.key = KEY_COUNT, .number = 3}, {.key = KEY_TARGET, .text = STR("who")}};
	struct entry e = {.type = EVENT_CONTENT,
		.id = STR("0123456789012345678901"),
		.stanza = STR("<message/>"),
		.from = STR("a@b/c"),
		.rules = rules,
		.rules_len = 2,
		.sm = STR("stream"),
		.sm_h = 17,
		.extra = extra,
		.extra_len = 2};
	struct entry back;
	struct str names[4], src;
	struct buf b = BUF_INIT(0);

	(void)state;
	assert_int_equal(entry_put(&b, &e), 0);
	assert_int_equal(entry_get(buf_view(&b), &back, names, 4, &src), 0);
	assert_true(str_eq(back.id, e.id) && str_eq(back.stanza, e.stanza) && str_eq(back.from, e.from));
	assert_true(back.rules_len == 2 && str_is(back.rules[1], "second") && back.sm_h == 17);
	assert_true(str_is_empty(back.deliver) && str_is_empty(src));
	assert_int_equal(entry_get(str_cut(buf_view(&b), 0, b.len - 1), &back, names, 4, &src), -EPROTO);
	buf_done(&b);
}

static void entries_that_cannot_be_recorded_are_refused_at_once(void **state)
{
	const struct extra forged = {.key = KEY_CSEQ, .number = 1},
			   large = {.key = KEY_COUNT, .number = 1ull << 53};
	const struct entry bad[] = {
		{.type = EVENT_CONTENT, .id = STR("short"), .stanza = STR("<a/>")},
		{.type = EVENT_CONTENT, .id = STR("0123456789012345678901")},
		{.type = EVENT_LOGIN, .from = STR("\xff")},
		{.type = EVENT_LOGIN, .sm = STR("x"), .sm_h = 1ull << 53},
		{.type = EVENT_LOGIN, .extra = &forged, .extra_len = 1},
		{.type = EVENT_LOGIN, .extra = &large, .extra_len = 1},
	};
	struct buf b = BUF_INIT(0);

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(entry_put(&b, &bad[i]), -EINVAL);
	buf_done(&b);
}

static void the_backlog_keeps_order_bounds_and_place(void **state)
{
	struct entry e = {.type = EVENT_LOGIN, .text = STR("some text of an event")};
	struct backlog b;
	unsigned queued = 0;

	(void)state;
	assert_int_equal(backlog_init(&b, 200000), 0);
	while (backlog_put(&b, &e, NULL) == 0)
		queued++;
	assert_true(queued > 1024 && b.len == queued && b.frames.len <= 200000 && !buf_failed(&b.frames));
	b.sent = b.frames.len;
	for (unsigned i = 0; i < queued / 2; i++)
		backlog_take(&b);
	assert_int_equal(b.first_n, queued / 2 + 1);
	backlog_rewind(&b, b.first_n + 3);
	assert_int_equal(b.sent - b.taken, 3 * (b.frames.len - b.taken) / b.len);
	while (b.len)
		backlog_take(&b);
	assert_int_equal(b.frames.len, 0);
	assert_int_equal(b.sent, 0);
	assert_int_equal(backlog_put(&b, &e, NULL), 0);
	backlog_done(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_hello_reads_back_and_only_a_whole_one),
		cmocka_unit_test(a_receipt_reads_back_and_odd_ones_are_refused),
		cmocka_unit_test(an_entry_reads_back),
		cmocka_unit_test(entries_that_cannot_be_recorded_are_refused_at_once),
		cmocka_unit_test(the_backlog_keeps_order_bounds_and_place),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
