/* The queue of XEP-0198: counting modulo 2^32, growing, giving back what it holds. */
#include "check.h"
#include "route/sm.h"

static void push(struct sm *q, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		assert_int_equal(sm_push(q, &(struct unacked){.blob = blob_new(STR("<iq/>")), .seq = i}), 0);
}

static void acknowledges(struct sm *q, uint32_t h, uint32_t expected)
{
	uint32_t n = 0;

	assert_int_equal(sm_count(q, h, &n), 0);
	assert_int_equal(n, expected);
	sm_drop(q, n);
}

static void refuses(const struct sm *q, uint32_t h)
{
	uint32_t n;

	assert_int_equal(sm_count(q, h, &n), SM_E_TOO_HIGH);
}

static void counts_from_zero(void **state)
{
	struct sm *q = sm_new(true);

	(void)state;
	acknowledges(q, 0, 0);
	refuses(q, 1);
	refuses(q, UINT32_MAX);
	push(q, 5);
	assert_int_equal(sm_sent(q), 5);
	refuses(q, 6);
	acknowledges(q, 3, 3);
	assert_int_equal(sm_at(q, 0)->seq, 3);
	refuses(q, 2); /* going back is 2^32 - 1 forward */
	acknowledges(q, 3, 0);
	acknowledges(q, 5, 2);
	assert_int_equal(q->len, 0);
	sm_free(q);
}

static void wraps_at_2_to_the_32(void **state)
{
	struct sm *q = sm_new(true);

	(void)state;
	q->acked = UINT32_MAX - 1;
	push(q, 4);
	assert_int_equal(sm_sent(q), 2);
	refuses(q, 3);
	refuses(q, UINT32_MAX - 2);
	acknowledges(q, UINT32_MAX, 1);
	acknowledges(q, 1, 2);
	assert_int_equal(q->acked, 1);
	acknowledges(q, 2, 1);
	sm_free(q);
}

static void keeps_the_order_when_it_grows(void **state)
{
	struct sm *q = sm_new(false);

	(void)state;
	push(q, 10);
	acknowledges(q, 7, 7);
	push(q, 500);
	assert_int_equal(q->len, 503);
	assert_int_equal(sm_at(q, 0)->seq, 7);
	for (uint32_t i = 0; i < 500; i++)
		assert_int_equal(sm_at(q, 3 + i)->seq, i);
	acknowledges(q, 510, 503);
	assert_null(q->ring); /* a large ring is given back */
	push(q, 1);
	assert_int_equal(sm_sent(q), 511);
	sm_free(q);
}

static void lets_go_of_what_it_holds(void **state)
{
	struct sm *q = sm_new(true);
	struct hold hold = {.count = 1};
	struct fan *fan = fan_new();
	struct unacked u = {
		.blob = blob_new(STR("<message/>")), .hold = hold_ref(&hold), .fan = fan_ref(fan)};

	(void)state;
	assert_int_equal(sm_push(q, &u), 0);
	assert_int_equal(hold.count, 2);
	assert_int_equal(fan->refs, 2);
	acknowledges(q, 1, 1);
	assert_int_equal(hold.count, 1);
	assert_int_equal(fan->refs, 1);
	fan_unref(fan);
	sm_free(q);
}

static void secrets_differ_and_are_long(void **state)
{
	struct sm *a = sm_new(true), *b = sm_new(true);

	(void)state;
	assert_int_equal(strlen(a->secret), 22);
	assert_string_not_equal(a->secret, b->secret);
	sm_free(a);
	sm_free(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts_from_zero),
		cmocka_unit_test(wraps_at_2_to_the_32),
		cmocka_unit_test(keeps_the_order_when_it_grows),
		cmocka_unit_test(lets_go_of_what_it_holds),
		cmocka_unit_test(secrets_differ_and_are_long),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
