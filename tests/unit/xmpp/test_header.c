/* Stream headers and features (RFC 6120 section 4): who is answered how, what is offered when, and what ends a stream. */
#include "check.h"
#include "porch.h"

#define START(attributes) HEADER_OPEN " " attributes ">"

static void a_header_is_answered_with_ours_and_the_features(void **state)
{
	struct porch *p = porch_new("");
	struct guest *g = guest_new(p, CONN_PLAINTEXT);

	(void)state;
	guest_say(g, START("to='EXAMPLE.org' from='Alice@example.org/x'"));
	assert_true(strncmp(buf_cstr(&g->got), "<?xml version='1.0'?><stream:stream ", 36) == 0);
	assert_got(g, " from='example.org'");
	assert_got(g, " to='alice@example.org'"); /* 4.7.2: whom it says it is, canonical and bare */
	assert_got(g, " version='1.0'");
	assert_got(g, " xml:lang='en'");
	assert_got(g, "<mechanism>SCRAM-SHA-256</mechanism>");
	assert_got(g, "<authentication xmlns='urn:xmpp:sasl:2'><mechanism>");
	assert_false(guest_got(g, "<bind xmlns='urn:ietf") || guest_got(g, "<starttls"));
	guest_free(g);
	porch_free(p);
}

static void every_stream_has_an_id_of_its_own(void **state)
{
	struct porch *p = porch_new("");
	struct guest *one = guest_new(p, CONN_PLAINTEXT), *two = guest_new(p, CONN_PLAINTEXT);
	const char *a, *b;

	(void)state;
	guest_say(one, HEADER);
	guest_say(two, HEADER);
	a = strstr(buf_cstr(&one->got), " id='");
	b = strstr(buf_cstr(&two->got), " id='");
	assert_true(a && b && strncmp(a, b, 5 + 22) != 0 && a[5 + 22] == '\'');
	guest_free(one);
	guest_free(two);
	porch_free(p);
}

static void before_tls_nothing_but_tls_is_offered_and_nothing_else_is_done(void **state)
{
	struct porch *p = porch_new("");
	struct guest *g = guest_new(p, CONN_STARTTLS);

	(void)state;
	guest_say(g, HEADER);
	assert_got(g, "<stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'><required/></starttls></stream:features>");
	guest_say(g, "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>AGEAYg==</auth>");
	assert_got(g, "<policy-violation");
	assert_true(g->closed);
	guest_free(g);
	porch_free(p);
}

static void after_the_login_binding_is_offered_and_no_second_login(void **state)
{
	struct porch *p = porch_new("");
	struct guest *g = guest_new(p, CONN_PLAINTEXT);

	(void)state;
	guest_say(g, HEADER);
	guest_login(g, "alice@example.org");
	guest_say(g, START("to='example.org' from='bob@example.org'"));
	assert_got(g, " to='alice@example.org'"); /* whose login it was, whatever the header says */
	assert_got(g, "<bind ");
	assert_got(g, "<sm ");
	assert_got(g, "<ver ");
	assert_false(guest_got(g, "<mechanisms"));
	guest_say(g, "<message to='bob@example.org'><body>x</body></message>");
	assert_got(g, "<not-authorized");
	assert_int_equal(p->accepted + p->refused, 0);
	guest_free(g);
	porch_free(p);
}

static const struct {
	const char *header, *condition;
} faults[] = {
		{START("to='elsewhere.example'"), "<host-unknown"},
		{START("to='example.org.'"), NULL}, /* RFC 7622 3.2.1: the dot at the end goes */
		{START("to=''"), "<host-unknown"},
		{HEADER_OPEN ">", "<host-unknown"},
		{"<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' to='example.org'>",
				"<unsupported-version"},
		{"<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' to='example.org' "
		 "version='0.9'>",
				"<unsupported-version"},
		{"<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' to='example.org' "
		 "version='1.10'>",
				NULL}, /* 4.7.5: a later minor version is answered with ours */
		{"<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' to='example.org' "
		 "version='one'>",
				"<unsupported-version"},
		{"<stream:stream xmlns='jabber:server' xmlns:stream='http://etherx.jabber.org/streams' to='example.org' "
		 "version='1.0'>",
				"<invalid-namespace"},
		{"<stream:stream xmlns='jabber:client' xmlns:stream='urn:other' to='example.org' version='1.0'>",
				"<invalid-namespace"},
		{"<stream:flow xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' to='example.org' "
		 "version='1.0'>",
				"<bad-format"},
		{"<!DOCTYPE x><stream:stream>", "<restricted-xml"},
		{"nonsense", "<not-well-formed"},
};

/* 4.9.1.2: also who cannot be understood gets a header of ours, then the error, then the end. */
static void a_header_that_will_not_do_ends_the_stream_with_its_condition(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		struct porch *p = porch_new("");
		struct guest *g = guest_new(p, CONN_PLAINTEXT);

		guest_say(g, faults[i].header);
		if (!faults[i].condition) {
			assert_got(g, "<stream:features>");
		} else {
			assert_got(g, "<stream:stream ");
			assert_got(g, faults[i].condition);
			assert_got(g, "</stream:error></stream:stream>");
			assert_false(guest_got(g, "<stream:features>"));
			assert_true(g->closed);
		}
		guest_free(g);
		porch_free(p);
	}
}

static void the_domain_cannot_change_within_a_connection(void **state)
{
	struct porch *p = porch_new("");
	struct guest *g = guest_new(p, CONN_PLAINTEXT);

	(void)state;
	guest_say(g, START("to='second.example'"));
	assert_got(g, " from='second.example'");
	guest_login(g, "alice@example.org");
	guest_say(g, HEADER);
	assert_got(g, "<host-unknown");
	assert_true(g->closed);
	guest_free(g);
	porch_free(p);
}

static void a_header_may_come_a_letter_at_a_time(void **state)
{
	struct porch *p = porch_new("");
	struct guest *g = guest_new(p, CONN_PLAINTEXT);
	char letter[2] = "";

	(void)state;
	for (const char *at = HEADER; *at; at++) {
		assert_int_equal(g->got.len, 0);
		letter[0] = *at;
		guest_say(g, letter);
	}
	assert_got(g, "<stream:features>");
	guest_free(g);
	porch_free(p);
}

static void a_stream_that_is_closed_is_closed_in_return(void **state)
{
	struct porch *p = porch_new("");
	struct guest *g = guest_bound(p, "alice@example.org");

	(void)state;
	guest_say(g, "<presence/></stream:stream>");
	assert_got(g, "</stream:stream>");
	assert_true(g->closed);
	assert_int_equal(p->accepted, 1);
	assert_int_equal(p->gone, 1);
	assert_int_equal(p->reason, GONE_CLOSED);
	assert_int_equal(p->handled, 1);
	guest_free(g);
	porch_free(p);
}

/* The answer has the last reference to the stream then. */
static void an_answer_may_come_when_the_connection_has_gone(void **state)
{
	static const char *const asks[] = {
			"<iq type='set' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>",
			"<resume xmlns='urn:xmpp:sm:3' previd='x' h='0'/>",
			"<enable xmlns='urn:xmpp:sm:3' resume='true'/>",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(asks) / sizeof(*asks); i++) {
		struct porch *p = porch_new("");
		struct guest *g = i < 2 ? guest_new(p, CONN_PLAINTEXT) : guest_bound(p, "alice@example.org");

		if (i < 2) {
			guest_say(g, HEADER);
			guest_login(g, "alice@example.org");
			guest_say(g, HEADER);
		}
		p->holds = true;
		guest_say(g, asks[i]);
		guest_shut(g);
		porch_answer(p);
		guest_free(g);
		porch_free(p);
	}
}

static void a_connection_that_breaks_is_lost_and_not_closed(void **state)
{
	struct porch *p = porch_new("");
	struct guest *g = guest_bound(p, "alice@example.org");

	(void)state;
	guest_say(g, "<presence/>");
	guest_free(g);
	assert_int_equal(p->gone, 1);
	assert_int_equal(p->reason, GONE_LOST);
	porch_free(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
			cmocka_unit_test(a_header_is_answered_with_ours_and_the_features),
			cmocka_unit_test(every_stream_has_an_id_of_its_own),
			cmocka_unit_test(before_tls_nothing_but_tls_is_offered_and_nothing_else_is_done),
			cmocka_unit_test(after_the_login_binding_is_offered_and_no_second_login),
			cmocka_unit_test(a_header_that_will_not_do_ends_the_stream_with_its_condition),
			cmocka_unit_test(the_domain_cannot_change_within_a_connection),
			cmocka_unit_test(a_header_may_come_a_letter_at_a_time),
			cmocka_unit_test(a_stream_that_is_closed_is_closed_in_return),
			cmocka_unit_test(an_answer_may_come_when_the_connection_has_gone),
			cmocka_unit_test(a_connection_that_breaks_is_lost_and_not_closed),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
