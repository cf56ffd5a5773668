/* What is written: exact bytes, and the same tree when it is read again. */
#include "check.h"

#include "stanza/ns.h"
#include "stanza/tokenizer.h"
#include "stanza/xml_out.h"
#include "tree_dump.h"

static const struct xml_limits roomy = {.stanza_bytes = 65536,
	.depth = 1000,
	.attributes = 64,
	.attribute_bytes = 8192,
	.name_bytes = 256,
	.children = 1000,
	.nodes = 10000,
	.arena_bytes = 1 << 20};

static struct node *parse(const char *xml, struct arena **arena)
{
	struct tokenizer *t = tokenizer_new(&roomy);
	struct node *n = NULL;
	struct buf doc = BUF_INIT(0);
	struct str rest;
	enum xml_event event;

	buf_printf(
		&doc, "<s:stream xmlns='jabber:client' xmlns:s='http://etherx.jabber.org/streams'>%s", xml);
	rest = buf_view(&doc);
	event = tokenizer_feed(t, &rest.data, &rest.len, &n, arena);
	assert_int_equal(event, XML_STREAM_OPEN);
	arena_free(*arena);
	event = tokenizer_feed(t, &rest.data, &rest.len, &n, arena);
	if (event != XML_STANZA)
		fail_msg("%s: %s", xml, tokenizer_error_text(t));
	tokenizer_free(t);
	buf_done(&doc);
	return n;
}

static struct buf put(const struct node *n)
{
	struct buf out = BUF_INIT(0);

	xml_put(&out, n, NS_CLIENT);
	assert_false(buf_failed(&out));
	return out;
}

static const struct {
	const char *in, *out;
} cases[] = {
	{"<a></a>", "<a/>"},
	{"<a b=\"c\" d = ''>x</a>", "<a b='c' d=''>x</a>"},
	{"<a xmlns=''><b/></a>", "<a xmlns=''><b/></a>"},
	{"<x:a xmlns:x='u'><x:b/><c/></x:a>", "<a xmlns='u'><b/><c xmlns='jabber:client'/></a>"},
	{"<a><b xmlns='u'><c/></b><d/></a>", "<a><b xmlns='u'><c/></b><d/></a>"},
	{"<a xmlns='jabber:client' xmlns:unused='v'/>", "<a/>"},
	{"<a xml:lang='de'/>", "<a xml:lang='de'/>"},
	{"<xml:a><b/></xml:a>", "<xml:a><b/></xml:a>"},
	{"<a xmlns='u'><xml:b><c/><d xmlns='v'/></xml:b></a>",
		"<a xmlns='u'><xml:b><c/><d xmlns='v'/></xml:b></a>"},
	{"<a xmlns:x='u' x:b='1' c='2' x:d='3'/>", "<a xmlns:ns1='u' ns1:b='1' c='2' ns1:d='3'/>"},
	{"<a xmlns:x='u' xmlns:y='v' x:b='1' y:b='2' xml:c='' x:d='3' y:e='4'/>",
		"<a xmlns:ns1='u' ns1:b='1' xmlns:ns2='v' ns2:b='2' xml:c='' ns1:d='3' ns2:e='4'/>"},
	{"<a a='0' xmlns:x='u' x:b='1'/>", "<a a='0' xmlns:ns2='u' ns2:b='1'/>"},
	{"<a b='&lt;&gt;&amp;&apos;&quot;&#9;&#10;&#13;'>&lt;&gt;&amp;&apos;&quot;&#9;&#10;&#13;</a>",
		"<a b='&lt;&gt;&amp;&apos;&quot;&#9;&#10;&#13;'>&lt;&gt;&amp;&apos;&quot;\t\n&#13;</a>"},
	{"<a>x<![CDATA[]]&gt;<b>]]>y</a>", "<a>x]]&amp;gt;&lt;b&gt;y</a>"},
	{"<a>gr\xc3\xbc\xc3\x9f \xe2\x82\xac <b/>\xf0\x9f\x98\x80</a>",
		"<a>gr\xc3\xbc\xc3\x9f \xe2\x82\xac <b/>\xf0\x9f\x98\x80</a>"},
	{"<a b='a value of more than sixteen bytes \xc3\xbc &amp; more of it than that'/>",
		"<a b='a value of more than sixteen bytes \xc3\xbc &amp; more of it than that'/>"},
};

static void a_tree_is_written_in_one_way_and_read_back_the_same(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct arena *first, *second;
		struct node *n = parse(cases[i].in, &first);
		struct buf out = put(n), a = BUF_INIT(0), b = BUF_INIT(0);

		assert_str(buf_view(&out), cases[i].out);
		tree_dump(&a, n);
		tree_dump(&b, parse(buf_cstr(&out), &second));
		assert_string_equal(buf_cstr(&a), buf_cstr(&b));
		buf_done(&out);
		buf_done(&a);
		buf_done(&b);
		arena_free(first);
		arena_free(second);
	}
}

/* Built nodes may hold what was never checked: the output is well formed all the same. */
static void what_xml_cannot_say_becomes_a_replacement_character(void **state)
{
	static const struct {
		struct str in;
		const char *out;
	} texts[] = {
		{STR("a\x01z"), "<a b='a\xef\xbf\xbdz'>a\xef\xbf\xbdz</a>"},
		{STR("\0"), "<a b='\xef\xbf\xbd'>\xef\xbf\xbd</a>"},
		{STR("\xff\xfe"), "<a b='\xef\xbf\xbd\xef\xbf\xbd'>\xef\xbf\xbd\xef\xbf\xbd</a>"},
		{STR("x\xc3"), "<a b='x\xef\xbf\xbd'>x\xef\xbf\xbd</a>"},
		{STR("\xef\xbf\xbf"),
			"<a "
			"b='\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd'>\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd</a>"},
		{STR("\x7f"), "<a b='\x7f'>\x7f</a>"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		struct arena *arena = arena_new(0);
		struct node *n = node_new(arena, STR("a"), NS_CLIENT);
		struct buf out;

		node_set_attr(arena, n, STR("b"), texts[i].in);
		node_add_text(arena, n, texts[i].in);
		out = put(n);
		assert_str(buf_view(&out), texts[i].out);
		buf_done(&out);
		arena_free(arena);
	}
}

static void a_stamp_replaces_adds_and_appends(void **state)
{
	struct arena *arena, *other;
	struct node *n =
		parse("<message type='chat' to='x' xml:lang='en' id='1'><body>b</body></message>", &arena);
	struct node *one = node_new(arena, STR("stanza-id"), NS_SID),
		    *two = node_new(arena, STR("two"), NS_CLIENT);
	struct xml_stamp stamp = {.to = STR("a@b/c"), .from = STR("d'e@f"), .extra = one};
	struct buf out = BUF_INIT(0);

	(void)state;
	one->next = two;
	xml_put_stamped(&out, n, NS_CLIENT, &stamp);
	assert_str(buf_view(&out),
		"<message type='chat' to='a@b/c' xml:lang='en' id='1' from='d&apos;e@f'><body>b</body>"
		"<stanza-id xmlns='urn:xmpp:sid:0'/><two/></message>");
	buf_clear(&out);
	xml_put_stamped(&out, parse("<presence to='x'/>", &other), NS_CLIENT,
		&(struct xml_stamp){.to = STR(""), .id = STR("2"), .type = STR("error")});
	assert_str(buf_view(&out), "<presence to='' id='2' type='error'/>");
	buf_clear(&out);
	xml_put_stamped(&out, n, NS_SERVER, &(struct xml_stamp){});
	assert_true(str_starts(buf_view(&out), STR("<message xmlns='jabber:client' type='chat' to='x'")));
	buf_done(&out);
	arena_free(arena);
	arena_free(other);
}

static void what_was_written_once_takes_more_children_at_its_end(void **state)
{
	static const char *const stanzas[] = {"<presence/>", "<message to='x'><body>a&amp;b</body></message>",
		"<message><thread/></message>", "<message>text</message>", "<iq id='1'><q xmlns='u:q'><i/></q></iq>"};

	(void)state;
	for (size_t i = 0; i < sizeof(stanzas) / sizeof(stanzas[0]); i++) {
		struct arena *arena;
		struct node *n = parse(stanzas[i], &arena), *extra = node_new(arena, STR("stanza-id"), STR("urn:xmpp:sid:0"));
		struct buf whole = put(n), again = BUF_INIT(0), stamped = BUF_INIT(0);

		extra->next = node_new(arena, STR("two"), NS_CLIENT);
		for (struct node *e = extra;; e = NULL) {
			buf_clear(&again);
			buf_clear(&stamped);
			xml_put_again(&again, buf_view(&whole), n, e);
			xml_put_stamped(&stamped, n, NS_CLIENT, &(struct xml_stamp){.extra = e});
			assert_true(str_eq(buf_view(&again), buf_view(&stamped)));
			if (!e)
				break;
		}
		buf_done(&whole);
		buf_done(&again);
		buf_done(&stamped);
		arena_free(arena);
	}
}

static void depth_costs_no_stack(void **state)
{
	enum { DEPTH = 200000 };
	struct arena *arena = arena_new(0);
	struct node *top = node_new(arena, STR("a"), NS_CLIENT), *n = top;
	struct buf out;

	(void)state;
	for (int i = 1; i < DEPTH; i++)
		n = node_add(arena, n, STR("a"), NS_CLIENT);
	out = put(top);
	assert_int_equal(out.len, (DEPTH - 1) * 7 + 4);
	buf_done(&out);
	arena_free(arena);
}

static void a_full_buffer_shows(void **state)
{
	struct arena *arena;
	struct node *n = parse("<a b='some value' xmlns:x='u' x:c='&amp;'>text<b/></a>", &arena);

	(void)state;
	for (size_t max = 1; max < 60; max++) {
		struct buf out = BUF_INIT(max), whole = put(n);

		xml_put(&out, n, NS_CLIENT);
		assert_int_equal(buf_failed(&out), whole.len > max);
		buf_done(&out);
		buf_done(&whole);
	}
	arena_free(arena);
}

static void escaping_alone(void **state)
{
	struct buf out = BUF_INIT(0);

	(void)state;
	xml_escape(&out, STR("a<b>\n\"c'&"));
	assert_str(buf_view(&out), "a&lt;b&gt;&#10;&quot;c&apos;&amp;");
	buf_done(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_tree_is_written_in_one_way_and_read_back_the_same),
		cmocka_unit_test(what_xml_cannot_say_becomes_a_replacement_character),
		cmocka_unit_test(a_stamp_replaces_adds_and_appends),
		cmocka_unit_test(what_was_written_once_takes_more_children_at_its_end),
		cmocka_unit_test(depth_costs_no_stack),
		cmocka_unit_test(a_full_buffer_shows),
		cmocka_unit_test(escaping_alone),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
