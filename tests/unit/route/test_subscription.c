/* RFC 6121 appendix A, every state and every stanza, written out as the RFC has it. */
#include "check.h"
#include "route/subscription.h"

enum {
	NONE = 0,
	OUT = SUB_OUT,
	IN = SUB_IN,
	OUT_IN = SUB_OUT | SUB_IN,
	TO = SUB_TO,
	TO_IN = SUB_TO | SUB_IN,
	FROM = SUB_FROM,
	FROM_OUT = SUB_FROM | SUB_OUT,
	BOTH = SUB_TO | SUB_FROM,
};

struct row {
	unsigned before;
	bool passes;
	unsigned after;
};

static const struct row out_subscribe[] = {
	{NONE, true, OUT},
	{OUT, true, OUT},
	{IN, true, OUT_IN},
	{OUT_IN, true, OUT_IN},
	{TO, true, TO},
	{TO_IN, true, TO_IN},
	{FROM, true, FROM_OUT},
	{FROM_OUT, true, FROM_OUT},
	{BOTH, true, BOTH},
};
static const struct row out_unsubscribe[] = {
	{NONE, true, NONE},
	{OUT, true, NONE},
	{IN, true, IN},
	{OUT_IN, true, IN},
	{TO, true, NONE},
	{TO_IN, true, IN},
	{FROM, true, FROM},
	{FROM_OUT, true, FROM},
	{BOTH, true, FROM},
};
static const struct row out_subscribed[] = {
	{NONE, false, NONE},
	{OUT, false, OUT},
	{IN, true, FROM},
	{OUT_IN, true, FROM_OUT},
	{TO, false, TO},
	{TO_IN, true, BOTH},
	{FROM, false, FROM},
	{FROM_OUT, false, FROM_OUT},
	{BOTH, false, BOTH},
};
static const struct row out_unsubscribed[] = {
	{NONE, false, NONE},
	{OUT, false, OUT},
	{IN, true, NONE},
	{OUT_IN, true, OUT},
	{TO, false, TO},
	{TO_IN, true, TO},
	{FROM, true, NONE},
	{FROM_OUT, true, OUT},
	{BOTH, true, TO},
};
static const struct row in_subscribe[] = {
	{NONE, true, IN},
	{OUT, true, OUT_IN},
	{IN, false, IN},
	{OUT_IN, false, OUT_IN},
	{TO, true, TO_IN},
	{TO_IN, false, TO_IN},
	{FROM, false, FROM},
	{FROM_OUT, false, FROM_OUT},
	{BOTH, false, BOTH},
};
static const struct row in_unsubscribe[] = {
	{NONE, false, NONE},
	{OUT, false, OUT},
	{IN, true, NONE},
	{OUT_IN, true, OUT},
	{TO, false, TO},
	{TO_IN, true, TO},
	{FROM, true, NONE},
	{FROM_OUT, true, OUT},
	{BOTH, true, TO},
};
static const struct row in_subscribed[] = {
	{NONE, false, NONE},
	{OUT, true, TO},
	{IN, false, IN},
	{OUT_IN, true, TO_IN},
	{TO, false, TO},
	{TO_IN, false, TO_IN},
	{FROM, false, FROM},
	{FROM_OUT, true, BOTH},
	{BOTH, false, BOTH},
};
static const struct row in_unsubscribed[] = {
	{NONE, false, NONE},
	{OUT, true, NONE},
	{IN, false, IN},
	{OUT_IN, true, IN},
	{TO, true, NONE},
	{TO_IN, true, IN},
	{FROM, false, FROM},
	{FROM_OUT, true, FROM},
	{BOTH, true, FROM},
};

static void check_rows(
	struct outcome (*table)(enum letter_kind, unsigned), enum letter_kind kind, const struct row *rows)
{
	for (int i = 0; i < 9; i++) {
		struct outcome o = table(kind, rows[i].before);

		if (o.state != rows[i].after || o.passes != rows[i].passes)
			fail_msg("kind %d in state %u: state %u, passes %d", kind, rows[i].before, o.state,
				o.passes);
	}
}

static void outbound_is_appendix_a_2(void **state)
{
	(void)state;
	check_rows(subscription_outbound, LETTER_SUBSCRIBE, out_subscribe);
	check_rows(subscription_outbound, LETTER_UNSUBSCRIBE, out_unsubscribe);
	check_rows(subscription_outbound, LETTER_SUBSCRIBED, out_subscribed);
	check_rows(subscription_outbound, LETTER_UNSUBSCRIBED, out_unsubscribed);
}

static void inbound_is_appendix_a_3(void **state)
{
	(void)state;
	check_rows(subscription_inbound, LETTER_SUBSCRIBE, in_subscribe);
	check_rows(subscription_inbound, LETTER_UNSUBSCRIBE, in_unsubscribe);
	check_rows(subscription_inbound, LETTER_SUBSCRIBED, in_subscribed);
	check_rows(subscription_inbound, LETTER_UNSUBSCRIBED, in_unsubscribed);
}

static void who_is_subscribed_already_is_answered_by_the_server(void **state)
{
	static const unsigned states[] = {NONE, OUT, IN, OUT_IN, TO, TO_IN, FROM, FROM_OUT, BOTH};

	(void)state;
	for (int i = 0; i < 9; i++)
		assert_int_equal(
			subscription_inbound(LETTER_SUBSCRIBE, states[i]).answers, (states[i] & FROM) != 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(outbound_is_appendix_a_2),
		cmocka_unit_test(inbound_is_appendix_a_3),
		cmocka_unit_test(who_is_subscribed_already_is_answered_by_the_server),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
