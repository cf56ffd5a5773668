/* Stage charge: an allowance that empties with what is sent and fills with time; who is beyond it is read more slowly and
 * loses nothing. */
#include "check.h"
#include "porch.h"

#include <unistd.h>

#include "base/clock.h"

enum {
	BURST = 20,
	PER_SECOND = 20,
	SENT = 40,
	/* At once: the burst, the first stanza, which opens the allowance, and the one that finds it used up. */
	AT_ONCE = BURST + 2,
};

#define STANZAS "  stanza_burst: 20\n  stanzas_per_second: 20\n"
#define STANZA "<presence to='bob@example.org'/>"

static void say_many(struct guest *g, unsigned count)
{
	struct buf text = BUF_INIT(0);

	for (unsigned i = 0; i < count; i++)
		buf_lit(&text, STANZA);
	guest_say(g, buf_cstr(&text));
	buf_done(&text);
}

/* Turns the loop for so many milliseconds. */
static void let_pass(struct porch *p, unsigned ms)
{
	uint64_t end_us = clock_mono_us() + ms * 1000ULL;

	while (clock_mono_us() < end_us) {
		porch_settle(p);
		usleep(2000);
	}
}

static void a_burst_passes_and_what_is_beyond_it_comes_at_the_rate(void **state)
{
	struct porch *p = porch_new(STANZAS);
	struct guest *g = guest_bound(p, "alice@example.org");
	uint64_t start_us = clock_mono_us(), passed_ms;

	(void)state;
	say_many(g, SENT);
	passed_ms = (clock_mono_us() - start_us) / 1000;
	assert_in_range(p->accepted, BURST, AT_ONCE + passed_ms * PER_SECOND / 1000);
	while (p->accepted < SENT && clock_mono_us() - start_us < 10000000) {
		passed_ms = (clock_mono_us() - start_us) / 1000;
		let_pass(p, 50);
		assert_true(p->accepted <= AT_ONCE + (passed_ms + 100) * PER_SECOND / 1000);
	}
	assert_int_equal(p->accepted, SENT);
	assert_int_equal(p->refused, 0);
	assert_true(clock_mono_us() - start_us >= 700000); /* eighteen of them at twenty a second */
	guest_free(g);
	porch_free(p);
}

static void an_allowance_fills_up_to_the_burst_and_no_further(void **state)
{
	struct porch *p = porch_new(STANZAS);
	struct guest *g = guest_bound(p, "alice@example.org");

	(void)state;
	say_many(g, BURST);
	assert_int_equal(p->accepted, BURST);
	let_pass(p, 1300); /* full again after a second */
	say_many(g, SENT);
	assert_in_range(p->accepted, BURST + BURST, BURST + AT_ONCE + 2);
	guest_free(g);
	porch_free(p);
}

static void each_stream_has_its_own(void **state)
{
	struct porch *p = porch_new(STANZAS);
	struct guest *g = guest_bound(p, "alice@example.org"), *other = guest_bound(p, "bob@example.org");

	(void)state;
	say_many(g, SENT);
	p->accepted = 0;
	say_many(other, BURST);
	assert_in_range(p->accepted, BURST, BURST + 3); /* some of the first may have come meanwhile */
	guest_free(g);
	guest_free(other);
	porch_free(p);
}

static void bytes_are_charged_too_also_those_of_no_stanza(void **state)
{
	struct porch *p = porch_new("  stanza_bytes: 10000\n  bytes_burst: 16384\n  bytes_per_second: 16384\n");
	struct guest *g = guest_bound(p, "alice@example.org");
	static char spaces[20001];
	uint64_t start_us;

	(void)state;
	memset(spaces, ' ', sizeof(spaces) - 1);
	guest_say(g, spaces); /* they are what uses it up: nothing behind them is read */
	start_us = clock_mono_us();
	say_many(g, 2);
	assert_int_equal(p->accepted, 0);
	while (p->accepted < 2 && clock_mono_us() - start_us < 5000000)
		let_pass(p, 10);
	assert_int_equal(p->accepted, 2);
	assert_true(clock_mono_us() - start_us >= 150000); /* some 4000 bytes at 16384 a second */
	guest_free(g);
	porch_free(p);
}

static void repeat(struct guest *g, const char *text, unsigned count)
{
	struct buf all = BUF_INIT(0);

	for (unsigned i = 0; i < count; i++)
		buf_str(&all, str_from(text));
	guest_say(g, buf_cstr(&all));
	buf_done(&all);
}

static bool is_slowed(const struct guest *g)
{
	return !list_is_empty(&g->stream->slowed);
}

#define R "<r xmlns='urn:xmpp:sm:3'/>"

static void what_is_no_stanza_for_the_way_is_charged_too(void **state)
{
	static const char *const elements[] = {
			"<active xmlns='urn:xmpp:csi:0'/><inactive xmlns='urn:xmpp:csi:0'/>",
			"<iq type='set' id='s'><session xmlns='urn:ietf:params:xml:ns:xmpp-session'/></iq>",
			"<resume xmlns='urn:xmpp:sm:3' h='1' previd='x'/>",
			"<iq type='get'/>", /* refused by check */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(elements) / sizeof(elements[0]); i++) {
		struct porch *p = porch_new(STANZAS);
		struct guest *g = guest_bound(p, "alice@example.org");

		repeat(g, elements[i], BURST / 4);
		assert_false(is_slowed(g));
		repeat(g, elements[i], BURST);
		assert_true(is_slowed(g));
		say_many(g, 1);
		assert_int_equal(p->accepted, 0);
		guest_free(g);
		porch_free(p);
	}
}

static void an_acknowledgement_asked_for_after_each_stanza_costs_nothing_more(void **state)
{
	struct porch *p = porch_new(STANZAS);
	struct guest *g = guest_bound(p, "alice@example.org");

	(void)state;
	repeat(g, STANZA R, BURST - 1); /* one was for binding */
	assert_int_equal(p->accepted, BURST - 1);
	assert_false(is_slowed(g));
	guest_free(g);
	porch_free(p);
}

static void who_only_asks_for_acknowledgements_is_slowed_down_later(void **state)
{
	struct porch *p = porch_new(STANZAS);
	struct guest *g = guest_bound(p, "alice@example.org");

	(void)state;
	repeat(g, R, BURST * 5);
	assert_false(is_slowed(g));
	repeat(g, R, BURST * 10);
	assert_true(is_slowed(g));
	guest_free(g);
	porch_free(p);
}

static void a_slowed_stream_that_ends_is_forgotten(void **state)
{
	struct porch *p = porch_new(STANZAS);
	struct guest *g = guest_bound(p, "alice@example.org");

	(void)state;
	say_many(g, SENT);
	assert_true(p->accepted < SENT);
	guest_free(g);
	let_pass(p, 2500);
	assert_int_equal(p->gone, 1);
	assert_true(list_is_empty(&p->xmpp->loops[0].slowed));
	porch_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(a_burst_passes_and_what_is_beyond_it_comes_at_the_rate),
			cmocka_unit_test(an_allowance_fills_up_to_the_burst_and_no_further),
			cmocka_unit_test(each_stream_has_its_own),
			cmocka_unit_test(bytes_are_charged_too_also_those_of_no_stanza),
			cmocka_unit_test(what_is_no_stanza_for_the_way_is_charged_too),
			cmocka_unit_test(an_acknowledgement_asked_for_after_each_stanza_costs_nothing_more),
			cmocka_unit_test(who_only_asks_for_acknowledgements_is_slowed_down_later),
			cmocka_unit_test(a_slowed_stream_that_ends_is_forgotten),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
