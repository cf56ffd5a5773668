/* Who was refused before there was a session: counted, told apart, bounded. */
#include "check.h"

#include <netinet/in.h>
#include <stdio.h>

#include "net/rejections.h"

static struct seen {
	unsigned rows;
	uint64_t count, lost;
	char address[64], product[200], reason[9000];
} seen;

static void look(void *owner, const struct rejection *r)
{
	struct seen *s = owner;

	if (str_is(r->kind, "many")) {
		s->lost += r->count;
		return;
	}
	s->rows++;
	s->count += r->count;
	snprintf(s->address, sizeof(s->address), "%.*s", STR_FMT(r->address));
	snprintf(s->product, sizeof(s->product), "%.*s", STR_FMT(r->product));
	snprintf(s->reason, sizeof(s->reason), "%.*s", STR_FMT(r->reason));
}

static void take(void)
{
	seen = (struct seen){};
	rejections_take(look, &seen);
}

static void alike_ones_are_one(void **state)
{
	struct sockaddr_in from = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x0a000001)};

	(void)state;
	take();
	assert_int_equal(seen.rows, 0);
	for (unsigned i = 0; i < 5; i++)
		rejection_note_tls((struct sockaddr *)&from, i < 4 ? "first" : "last");
	take();
	assert_true(seen.rows == 1 && seen.count == 5 && seen.lost == 0);
	assert_string_equal(seen.address, "10.0.0.1");
	assert_string_equal(seen.reason, "last");
	take();
	assert_int_equal(seen.rows, 0);
}

static void others_are_told_apart(void **state)
{
	struct rejection r = {.kind = STR("client"), .address = STR("::1"), .owner = STR("a@x"), .rule = STR("one")};

	(void)state;
	rejection_note(&r);
	r.rule = STR("two");
	rejection_note(&r);
	r.owner = STR("b@x");
	rejection_note(&r);
	rejection_note_tls(NULL, "from nowhere");
	take();
	assert_true(seen.rows == 4 && seen.count == 4);
}

/* From everywhere at once: some are told apart, all are counted. */
static void a_flood_is_bounded(void **state)
{
	char address[32];

	(void)state;
	for (unsigned i = 0; i < 10000; i++) {
		snprintf(address, sizeof(address), "10.0.%u.%u", i / 256, i % 256);
		rejection_note(&(struct rejection){.kind = STR("tls"), .address = str_from(address), .reason = STR("x")});
	}
	take();
	assert_true(seen.rows == REJECTIONS_KEPT && seen.lost == 10000 - REJECTIONS_KEPT);
}

static void texts_are_cut_between_characters(void **state)
{
	static char long_text[20000];

	(void)state;
	for (unsigned i = 0; i < sizeof(long_text) / 2; i++)
		memcpy(long_text + 2 * i, "\xc3\xa4", 2);
	rejection_note(&(struct rejection){.kind = STR("tls"), .product = str_of(long_text, 399), .reason = str_of(long_text, 9999)});
	take();
	assert_int_equal(strlen(seen.product), REJECTION_TEXT_MAX);
	assert_int_equal(strlen(seen.reason), REJECTION_REASON_MAX);
}

/* Longer, shorter, as people write them: whole, and the last stays. */
static void reasons_are_whole(void **state)
{
	static char text[1200];

	(void)state;
	memset(text, 'x', sizeof(text));
	for (size_t len = 0; len <= sizeof(text); len += 100)
		rejection_note(&(struct rejection){.kind = STR("switch"), .reason = str_of(text, len)});
	take();
	assert_int_equal(strlen(seen.reason), sizeof(text));
	rejection_note(&(struct rejection){.kind = STR("switch"), .reason = str_of(text, sizeof(text))});
	rejection_note(&(struct rejection){.kind = STR("switch"), .reason = STR("short")});
	rejection_note(&(struct rejection){.kind = STR("switch"), .reason = STR("longer")});
	take();
	assert_true(seen.rows == 1 && seen.count == 3);
	assert_string_equal(seen.reason, "longer");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(alike_ones_are_one),
		cmocka_unit_test(others_are_told_apart),
		cmocka_unit_test(a_flood_is_bounded),
		cmocka_unit_test(texts_are_cut_between_characters),
		cmocka_unit_test(reasons_are_whole),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
