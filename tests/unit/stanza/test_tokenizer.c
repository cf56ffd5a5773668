/* Tables of good and bad input, every limit, every way of cutting the bytes. */
#include "check.h"

#include <stdlib.h>

#include "stanza/ns.h"
#include "stanza/tokenizer.h"
#include "tree_dump.h"

#define OPEN                                                                                                 \
	"<?xml version='1.0'?><stream:stream xmlns='jabber:client' "                                         \
	"xmlns:stream='http://etherx.jabber.org/streams' version='1.0'>"
#define CLOSE "</stream:stream>"

static const struct xml_limits roomy = {.stanza_bytes = 65536,
	.depth = 64,
	.attributes = 64,
	.attribute_bytes = 8192,
	.name_bytes = 256,
	.children = 1000,
	.nodes = 10000,
	.arena_bytes = 1 << 20};

/* What came out: trees and events as text, one line each. */
struct outcome {
	struct buf text;
	enum xml_error error;
	size_t held; /* by the tokenizer at the end */
};

static void outcome_event(struct outcome *o, enum xml_event event, struct node *n, struct arena *arena)
{
	if (event == XML_STREAM_OPEN)
		buf_lit(&o->text, "open ");
	if (event == XML_STREAM_CLOSE)
		buf_lit(&o->text, "close");
	if (event == XML_STREAM_OPEN || event == XML_STANZA) {
		tree_dump(&o->text, n);
		arena_free(arena);
	}
	buf_putc(&o->text, '\n');
}

/* Feeds one piece from a block of exactly its size, which is gone afterwards. */
static bool feed(struct tokenizer *t, struct outcome *o, const char *data, size_t len)
{
	char *block = malloc(len ? len : 1);
	const char *at = block;
	struct arena *arena = NULL;
	struct node *n = NULL;

	memcpy(block, data, len);
	do {
		enum xml_event event = tokenizer_feed(t, &at, &len, &n, &arena);

		if (event == XML_ERROR)
			o->error = tokenizer_error(t);
		else if (event != XML_MORE)
			outcome_event(o, event, n, arena);
	} while (len && !o->error);
	free(block);
	return !o->error;
}

static struct outcome run(const struct xml_limits *limits, struct str doc, size_t first, size_t piece)
{
	struct tokenizer *t = tokenizer_new(limits);
	struct outcome o = {};
	size_t at = first;

	if (feed(t, &o, doc.data, first))
		for (; at < doc.len; at += piece)
			if (!feed(t, &o, doc.data + at, at + piece > doc.len ? doc.len - at : piece))
				break;
	o.held = tokenizer_held(t);
	tokenizer_free(t);
	return o;
}

/* The whole document in one piece, in two at every place, and byte by byte: the same each time. */
static struct outcome run_all_ways(const struct xml_limits *limits, struct str doc)
{
	struct outcome whole = run(limits, doc, doc.len, 1);

	for (size_t cut = 0; cut <= doc.len; cut++) {
		struct outcome o = run(limits, doc, cut == doc.len ? 0 : cut, cut == doc.len ? 1 : doc.len);

		if (o.error != whole.error || !str_eq(buf_view(&o.text), buf_view(&whole.text)))
			fail_msg("cut at %zu of '%.*s': %d %.*s", cut, STR_FMT(doc), o.error,
				STR_FMT(buf_view(&o.text)));
		buf_done(&o.text);
	}
	return whole;
}

static struct outcome run_in_stream(const struct xml_limits *limits, const char *inside)
{
	struct buf doc = BUF_INIT(0);
	struct outcome o;

	buf_printf(&doc, "%s%s%s", OPEN, inside, CLOSE);
	o = run_all_ways(limits, buf_view(&doc));
	buf_done(&doc);
	return o;
}

/* ---- good ---- */

static const struct {
	const char *xml, *tree;
} good[] = {
	{"<a/>", "{jabber:client}a()"},
	{"<a></a >", "{jabber:client}a()"},
	{" \n<a\n/>\t", "{jabber:client}a()"},
	{"<a b='1' c=\"2\"/>", "{jabber:client}a b=\"1\" c=\"2\"()"},
	{"<a b\n=\t'\"' c = \"'\" />", "{jabber:client}a b=\"\"\" c=\"'\"()"},
	{"<a b='>/'>x</a>", "{jabber:client}a b=\">/\"(\"x\")"},
	{"<a xmlns=''/>", "{}a()"},
	{"<a xmlns='u'><b/></a>", "{u}a({u}b())"},
	{"<a><b xmlns='u'/><c/></a>", "{jabber:client}a({u}b(){jabber:client}c())"},
	{"<stream:error/>", "{http://etherx.jabber.org/streams}error()"},
	{"<x:a xmlns:x='u' x:b='1' b='2'/>", "{u}a {u}b=\"1\" b=\"2\"()"},
	{"<a xml:lang='de'/>", "{jabber:client}a {http://www.w3.org/XML/1998/namespace}lang=\"de\"()"},
	{"<a xmlns:xml='http://www.w3.org/XML/1998/namespace'/>", "{jabber:client}a()"},
	{"<a>&lt;&gt;&amp;&apos;&quot;</a>", "{jabber:client}a(\"<>&'\"\")"},
	{"<a>&#65;&#x42;&#x0000043;&#xe9;&#x1F600;</a>", "{jabber:client}a(\"ABC\xc3\xa9\xf0\x9f\x98\x80\")"},
	{"<a b='&lt;&#10;&#x9;'/>", "{jabber:client}a b=\"<\n\t\"()"},
	{"<a b='x\ny\tz\r\nw\rv'/>", "{jabber:client}a b=\"x y z w v\"()"},
	{"<a>x\r\ny\rz\r\r\n</a>", "{jabber:client}a(\"x\ny\nz\n\n\")"},
	{"<a>&#13;\n</a>", "{jabber:client}a(\"\r\n\")"},
	{"<a>x<![CDATA[<y> & ]] ]]]]>z</a>", "{jabber:client}a(\"x<y> & ]] ]]z\")"},
	{"<a><![CDATA[]]></a>", "{jabber:client}a()"},
	{"<a><![CDATA[\r\n]]>\r</a>", "{jabber:client}a(\"\n\n\")"},
	{"<a>x<b/>y</a>", "{jabber:client}a(\"x\"{jabber:client}b()\"y\")"},
	{"<a>]] ]> ]]&gt; > ]</a>", "{jabber:client}a(\"]] ]> ]]> > ]\")"},
	{"<a>gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9d\x84\x9e \x7f \xef\xbf\xbd \xed\x9f\xbf "
	 "\xee\x80\x80</a>",
		"{jabber:client}a(\"gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9d\x84\x9e \x7f \xef\xbf\xbd "
		"\xed\x9f\xbf "
		"\xee\x80\x80\")"},
	{"<\xc3\xa9-1._ \xe5\x90\x8d='x'/>", "{jabber:client}\xc3\xa9-1._ \xe5\x90\x8d=\"x\"()"},
	{"&#32;&#x0a;<![CDATA[ \n]]><a/>", "{jabber:client}a()"},
	{"<a>a rather long text, to be taken in runs of sixteen bytes \xc3\xbc and then some more of it</a>",
		"{jabber:client}a(\"a rather long text, to be taken in runs of sixteen bytes \xc3\xbc and "
		"then some "
		"more of it\")"},
};

static void good_input_gives_its_tree(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
		struct outcome o = run_in_stream(&roomy, good[i].xml);
		struct buf expected = BUF_INIT(0);

		buf_printf(&expected, "open {%s}stream version=\"1.0\"()\n%s\nclose\n",
			"http://etherx.jabber.org/streams", good[i].tree);
		if (o.error || !str_eq(buf_view(&o.text), buf_view(&expected)))
			fail_msg("%s: error %d\n%.*s", good[i].xml, o.error, STR_FMT(buf_view(&o.text)));
		buf_done(&o.text);
		buf_done(&expected);
	}
}

static void a_session_gives_its_stanzas_in_order(void **state)
{
	struct outcome o = run_in_stream(
		&roomy, "<presence/> <message to='a@b'><body>x &amp; y</body></message>\n<iq/>");

	(void)state;
	assert_int_equal(o.error, XML_E_NONE);
	assert_str(buf_view(&o.text),
		"open {http://etherx.jabber.org/streams}stream version=\"1.0\"()\n{jabber:client}presence()\n"
		"{jabber:client}message to=\"a@b\"({jabber:client}body(\"x & "
		"y\"))\n{jabber:client}iq()\nclose\n");
	buf_done(&o.text);
}

static const struct {
	const char *xml;
	enum xml_error error;
} prologs[] = {
	{"<?xml version='1.0'?><a>", XML_E_NONE},
	{"<?xml version=\"1.0\" encoding=\"utf-8\" standalone='no' ?>\n <a>", XML_E_NONE},
	{"<?xml\tversion\n=\r'1.0' encoding='uTf-8'?><a>", XML_E_NONE},
	{"\r\n<a>", XML_E_NONE},
	{"<a/>", XML_E_NONE},
	{"<a></a>\n ", XML_E_NONE},
	{" <?xml version='1.0'?><a>", XML_E_NOT_WELL_FORMED},
	{"<?xml version='1.0'?><?xml version='1.0'?><a>", XML_E_NOT_WELL_FORMED},
	{"<?xml version='1.1'?><a>", XML_E_NOT_WELL_FORMED},
	{"<?xml encoding='UTF-8'?><a>", XML_E_NOT_WELL_FORMED},
	{"<?xml version='1.0' standalone='x'?><a>", XML_E_NOT_WELL_FORMED},
	{"<?xml version='1.0' more?><a>", XML_E_NOT_WELL_FORMED},
	{"<?xml version='1.0'encoding='UTF-8'?><a>", XML_E_NOT_WELL_FORMED},
	{"<?xml version='1.0\"?><a>", XML_E_NOT_WELL_FORMED},
	{"<?xml version=1.0?><a>", XML_E_NOT_WELL_FORMED},
	{"<?xml version='1.0'><a>", XML_E_NOT_WELL_FORMED},
	{"<?xml version='1.0' encoding='ISO-8859-1'?><a>", XML_E_ENCODING},
	{"<?xml version='1.0' encoding='UTF-16'?><a>", XML_E_ENCODING},
	{"<?php ?><a>", XML_E_RESTRICTED},
	{"<?xml-stylesheet href='x'?><a>", XML_E_RESTRICTED},
	{"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;", XML_E_RESTRICTED},
	{"<!-- x --><a>", XML_E_RESTRICTED},
	{"<![CDATA[ ]]><a>", XML_E_NOT_WELL_FORMED},
	{"x<a>", XML_E_NOT_WELL_FORMED},
	{"&#32;<a>", XML_E_NOT_WELL_FORMED},
	{"</a>", XML_E_NOT_WELL_FORMED},
	{"\xef\xbb\xbf<a>", XML_E_NOT_WELL_FORMED},
	{"<a></b>", XML_E_NOT_WELL_FORMED},
	{"<a></a>x", XML_E_NOT_WELL_FORMED},
	{"<a/><a/>", XML_E_NOT_WELL_FORMED},
	{"<b:a>", XML_E_BAD_PREFIX},
};

static void the_head_of_a_stream_is_held_to_the_rules(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(prologs) / sizeof(*prologs); i++) {
		struct outcome o = run_all_ways(&roomy, str_from(prologs[i].xml));

		if (o.error != prologs[i].error)
			fail_msg("%s: %d is not %d", prologs[i].xml, o.error, prologs[i].error);
		buf_done(&o.text);
	}
}

/* ---- bad ---- */

static const struct {
	const char *xml;
	enum xml_error error;
} bad[] = {
	/* structure */
	{"<a></b>", XML_E_NOT_WELL_FORMED},
	{"<a></A>", XML_E_NOT_WELL_FORMED},
	{"<a></a b>", XML_E_NOT_WELL_FORMED},
	{"<a></>", XML_E_NOT_WELL_FORMED},
	{"< a/>", XML_E_NOT_WELL_FORMED},
	{"<a/ >", XML_E_NOT_WELL_FORMED},
	{"<a b/>", XML_E_NOT_WELL_FORMED},
	{"<a b=c/>", XML_E_NOT_WELL_FORMED},
	{"<a b='c'd='e'/>", XML_E_NOT_WELL_FORMED},
	{"<a b='<'/>", XML_E_NOT_WELL_FORMED},
	{"<a &lt;/>", XML_E_NOT_WELL_FORMED},
	{"<a 'b'/>", XML_E_NOT_WELL_FORMED},
	{"<a <b/></a>", XML_E_NOT_WELL_FORMED},
	{"<a>]]></a>", XML_E_NOT_WELL_FORMED},
	{"<a>]]]]></a>", XML_E_NOT_WELL_FORMED},
	{"<a>&#93;]]></a>", XML_E_NOT_WELL_FORMED},
	/* what XMPP refuses */
	{"<!-- x -->", XML_E_RESTRICTED},
	{"<a><!-- x --></a>", XML_E_RESTRICTED},
	{"<?x y?>", XML_E_RESTRICTED},
	{"<a><?x y?></a>", XML_E_RESTRICTED},
	{"<?xml version='1.0'?>", XML_E_RESTRICTED},
	{"<!DOCTYPE a>", XML_E_RESTRICTED},
	{"<!ENTITY a 'b'>", XML_E_RESTRICTED},
	{"<a>&nbsp;</a>", XML_E_RESTRICTED},
	{"<a b='&x;'/>", XML_E_RESTRICTED},
	{"<a>&LT;</a>", XML_E_RESTRICTED},
	{"<a>&longer;</a>", XML_E_RESTRICTED},
	{"<a><![cdata[]]></a>", XML_E_NOT_WELL_FORMED},
	{"<a><!></a>", XML_E_NOT_WELL_FORMED},
	/* between stanzas */
	{"x", XML_E_BAD_FORMAT},
	{"<a/>]", XML_E_BAD_FORMAT},
	{"\xc3\xbc", XML_E_BAD_FORMAT},
	{"&#65;", XML_E_BAD_FORMAT},
	{"&lt;", XML_E_BAD_FORMAT},
	{"<![CDATA[x]]>", XML_E_BAD_FORMAT},
	/* references */
	{"<a>& </a>", XML_E_NOT_WELL_FORMED},
	{"<a>&;</a>", XML_E_NOT_WELL_FORMED},
	{"<a>&#;</a>", XML_E_NOT_WELL_FORMED},
	{"<a>&#x;</a>", XML_E_NOT_WELL_FORMED},
	{"<a>&#X41;</a>", XML_E_NOT_WELL_FORMED},
	{"<a>&#6a;</a>", XML_E_NOT_WELL_FORMED},
	{"<a>&#xg;</a>", XML_E_NOT_WELL_FORMED},
	{"<a>&#0;</a>", XML_E_NOT_WELL_FORMED},
	{"<a>&#8;</a>", XML_E_NOT_WELL_FORMED},
	{"<a>&#xD800;</a>", XML_E_NOT_WELL_FORMED},
	{"<a>&#xFFFE;</a>", XML_E_NOT_WELL_FORMED},
	{"<a>&#xFFFF;</a>", XML_E_NOT_WELL_FORMED},
	{"<a>&#x110000;</a>", XML_E_NOT_WELL_FORMED},
	{"<a>&#99999999999999999999;</a>", XML_E_NOT_WELL_FORMED},
	{"<a>&lt</a>", XML_E_NOT_WELL_FORMED},
	{"<a b='&lt'/>", XML_E_NOT_WELL_FORMED},
	/* bytes and characters */
	{"<a>\x01</a>", XML_E_NOT_WELL_FORMED},
	{"<a>\x1f</a>", XML_E_NOT_WELL_FORMED},
	{"<a b='\x0c'/>", XML_E_NOT_WELL_FORMED},
	{"<a><![CDATA[\x0b]]></a>", XML_E_NOT_WELL_FORMED},
	{"<a>\x80</a>", XML_E_NOT_WELL_FORMED},
	{"<a>\xc3</a>", XML_E_NOT_WELL_FORMED},
	{"<a>\xc0\xbc</a>", XML_E_NOT_WELL_FORMED},
	{"<a>\xc1\xbf</a>", XML_E_NOT_WELL_FORMED},
	{"<a>\xe0\x9f\xbf</a>", XML_E_NOT_WELL_FORMED},
	{"<a>\xe2\x82</a>", XML_E_NOT_WELL_FORMED},
	{"<a>\xe2\x82&#65;</a>", XML_E_NOT_WELL_FORMED},
	{"<a>\xe2\x82<![CDATA[\xac]]></a>", XML_E_NOT_WELL_FORMED},
	{"<a><![CDATA[\xe2]]>\x82\xac</a>", XML_E_NOT_WELL_FORMED},
	{"<a>\xed\xa0\x80</a>", XML_E_NOT_WELL_FORMED},
	{"<a>\xef\xbf\xbe</a>", XML_E_NOT_WELL_FORMED},
	{"<a>\xef\xbf\xbf</a>", XML_E_NOT_WELL_FORMED},
	{"<a>\xf0\x8f\xbf\xbf</a>", XML_E_NOT_WELL_FORMED},
	{"<a>\xf4\x90\x80\x80</a>", XML_E_NOT_WELL_FORMED},
	{"<a>\xf5\x80\x80\x80</a>", XML_E_NOT_WELL_FORMED},
	{"<a>\xfe</a>", XML_E_NOT_WELL_FORMED},
	{"<a b='\xc3'/>", XML_E_NOT_WELL_FORMED},
	{"<a b='\xe2\x82'/>", XML_E_NOT_WELL_FORMED},
	/* names */
	{"<1/>", XML_E_NOT_WELL_FORMED},
	{"<-a/>", XML_E_NOT_WELL_FORMED},
	{"<a$/>", XML_E_NOT_WELL_FORMED},
	{"<a .b='c'/>", XML_E_NOT_WELL_FORMED},
	{"<:a/>", XML_E_NOT_WELL_FORMED},
	{"<a:/>", XML_E_NOT_WELL_FORMED},
	{"<a xmlns:='u'/>", XML_E_NOT_WELL_FORMED},
	{"<a xmlns:b='u' b:c:d='e'/>", XML_E_NOT_WELL_FORMED},
	{"<a xmlns:b='u' b:1='e'/>", XML_E_NOT_WELL_FORMED},
	{"<\xc3\x97/>", XML_E_NOT_WELL_FORMED},
	{"<\xcc\x80/>", XML_E_NOT_WELL_FORMED},
	{"<a\xc3/>", XML_E_NOT_WELL_FORMED},
	{"<b:\xcc\x80 xmlns:b='u'/>", XML_E_NOT_WELL_FORMED},
	/* namespaces */
	{"<b:a/>", XML_E_BAD_PREFIX},
	{"<a b:c='d'/>", XML_E_BAD_PREFIX},
	{"<a><b xmlns:x='u'/><x:c/></a>", XML_E_BAD_PREFIX},
	{"<xmlns:a/>", XML_E_BAD_PREFIX},
	{"<a xmlns:xmlns='http://www.w3.org/2000/xmlns/'/>", XML_E_BAD_PREFIX},
	{"<a xmlns:b='http://www.w3.org/2000/xmlns/'/>", XML_E_BAD_PREFIX},
	{"<a xmlns='http://www.w3.org/2000/xmlns/'/>", XML_E_BAD_PREFIX},
	{"<a xmlns:xml='u'/>", XML_E_BAD_PREFIX},
	{"<a xmlns:b='http://www.w3.org/XML/1998/namespace'/>", XML_E_BAD_PREFIX},
	{"<a xmlns='http://www.w3.org/XML/1998/namespace'/>", XML_E_BAD_PREFIX},
	{"<a xmlns:b=''/>", XML_E_NOT_WELL_FORMED},
	{"<a xmlns:b='u' xmlns:b='u'/>", XML_E_NOT_WELL_FORMED},
	{"<a xmlns='u' xmlns='v'/>", XML_E_NOT_WELL_FORMED},
	{"<a b='1' b='2'/>", XML_E_NOT_WELL_FORMED},
	{"<a xmlns:x='u' xmlns:y='u' x:b='1' y:b='2'/>", XML_E_NOT_WELL_FORMED},
};

static void bad_input_is_refused_with_its_condition(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct outcome o = run_in_stream(&roomy, bad[i].xml);

		if (o.error != bad[i].error)
			fail_msg("%s: %d is not %d", bad[i].xml, o.error, bad[i].error);
		buf_done(&o.text);
	}
}

static void nul_bytes_are_refused_everywhere(void **state)
{
	static const struct str docs[] = {STR("\0"), STR("<\0"), STR("<a\0"), STR("<a \0"), STR("<a b\0"),
		STR("<a b=\0"), STR("<a b='\0"), STR("<a><b>\0"), STR("<a><b>&\0"), STR("<a><![CDATA[\0"),
		STR("<a><b></b\0"), STR("<?\0"), STR("<a/\0")};

	(void)state;
	for (size_t i = 0; i < sizeof(docs) / sizeof(*docs); i++) {
		struct outcome o = run_all_ways(&roomy, docs[i]);

		if (o.error == XML_E_NONE)
			fail_msg("document %zu is accepted", i);
		buf_done(&o.text);
	}
}

static void an_error_is_final_and_frees_everything(void **state)
{
	struct tokenizer *t = tokenizer_new(&roomy);
	const char *data = OPEN "<a><b>text &x;";
	size_t len = strlen(data), idle = sizeof(OPEN) - 1;
	struct arena *arena;
	struct node *n;

	(void)state;
	assert_int_equal(tokenizer_error(t), XML_E_NONE);
	assert_string_equal(tokenizer_error_text(t), "");
	assert_int_equal(tokenizer_feed(t, &data, &idle, &n, &arena), XML_STREAM_OPEN);
	arena_free(arena);
	idle = tokenizer_held(t);
	len -= sizeof(OPEN) - 1;
	assert_int_equal(tokenizer_feed(t, &data, &len, &n, &arena), XML_ERROR);
	assert_int_equal(tokenizer_held(t), idle);
	assert_true(strlen(tokenizer_error_text(t)) > 0);
	data = "<a/>";
	len = 4;
	assert_int_equal(tokenizer_feed(t, &data, &len, &n, &arena), XML_ERROR);
	assert_int_equal(tokenizer_error(t), XML_E_RESTRICTED);
	tokenizer_reset(t);
	data = "<a>";
	len = 3;
	assert_int_equal(tokenizer_feed(t, &data, &len, &n, &arena), XML_STREAM_OPEN);
	arena_free(arena);
	assert_null(tokenizer_free(t));
	assert_null(tokenizer_free(NULL));
}

/* ---- limits ---- */

static struct buf repeated(const char *head, const char *each, unsigned times, const char *tail)
{
	struct buf b = BUF_INIT(0);

	buf_printf(&b, "%s", head);
	while (times--)
		buf_printf(&b, "%s", each);
	buf_printf(&b, "%s", tail);
	return b;
}

/* `times` fits, one more does not, in whatever pieces. */
static void check_limit(
	const struct xml_limits *limits, const char *head, const char *each, unsigned times, const char *tail)
{
	for (unsigned more = 0; more < 2; more++) {
		struct buf doc = repeated(head, each, times + more, tail);
		struct outcome o = run_in_stream(limits, buf_cstr(&doc));

		if (o.error != (more ? XML_E_TOO_BIG : XML_E_NONE))
			fail_msg("%u times '%s': error %d", times + more, each, o.error);
		buf_done(&o.text);
		buf_done(&doc);
	}
}

static void each_limit_holds_exactly(void **state)
{
	struct xml_limits limits = roomy;
	size_t header =
		sizeof("<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' "
		       "version='1.0'>") -
		1;

	(void)state;
	limits.stanza_bytes = header;
	check_limit(&limits, "<a>", "x", (unsigned)header - 7, "</a>");
	check_limit(&limits, "<a b='", "x", (unsigned)header - 9, "'/>");
	check_limit(&limits, "<a", " ", (unsigned)header - 4, "/>");
	limits = roomy;
	limits.depth = 5;
	check_limit(&limits, "", "<a>", 5, "</a></a></a></a></a>");
	limits = roomy;
	limits.attributes = 3;
	check_limit(&limits, "<a b='' xmlns:x='u'", " c=''", 1, "/>");
	limits = roomy;
	limits.attribute_bytes = 40;
	check_limit(&limits, "<a b='", "x", 40, "'/>");
	check_limit(&limits, "<a b='&amp;&#65;", "x", 30, "'/>");
	check_limit(&limits, "<a b='\xc3\xbc", "\t", 38, "'/>");
	limits = roomy;
	limits.name_bytes = 13;
	check_limit(&limits, "<", "x", 13, "/>");
	check_limit(&limits, "<a ", "x", 13, "=''/>");
	limits = roomy;
	limits.children = 4;
	check_limit(&limits, "<a>text", "<b/>", 3, "</a>");
	limits = roomy;
	limits.nodes = 6;
	check_limit(&limits, "<a>text<c>", "<b/>", 3, "</c></a>");
	/* a declaration of 40 bytes, its uses written out: 7 * 40 is more than the stanza may have, 6 * 40 is
	 * not */
	limits = roomy;
	limits.stanza_bytes = 279;
	check_limit(&limits, "<a xmlns:x='0123456789012345678901234567890123456789'>", "<x:b x:c=''/>", 3,
		"</a>");
	check_limit(&limits, "<a xmlns:x='0123456789012345678901234567890123456789'>", "<x:b/>", 6, "</a>");
}

static void too_deep_a_stanza_is_refused_before_it_ends(void **state)
{
	struct buf doc = repeated("", "<a>", 65, "");
	struct outcome o = run_in_stream(&roomy, buf_cstr(&doc));

	(void)state;
	assert_int_equal(o.error, XML_E_TOO_BIG);
	buf_done(&o.text);
	buf_done(&doc);
}

static void declarations_in_scope_are_bounded(void **state)
{
	struct xml_limits limits = roomy;
	struct buf doc = BUF_INIT(0);
	struct outcome o;

	(void)state;
	for (unsigned depth = 0; depth < 4; depth++) {
		buf_lit(&doc, "<a");
		for (unsigned i = 0; i < 32; i++)
			buf_printf(&doc, " xmlns:x%u='u'", i);
		buf_lit(&doc, ">");
	}
	limits.stanza_bytes = 1 << 20;
	o = run_in_stream(&limits, buf_cstr(&doc));
	assert_int_equal(o.error, XML_E_TOO_BIG);
	buf_done(&o.text);
	buf_done(&doc);
}

/* Many declarations one after the other are no limit's business. */
static void scopes_end_with_their_elements(void **state)
{
	struct buf doc = repeated(OPEN "<a>", "<b xmlns:x='u' xmlns:y='v'><x:c/></b>", 200, "</a>" CLOSE);
	struct outcome o = run(&roomy, buf_view(&doc), doc.len, 1);

	(void)state;
	assert_int_equal(o.error, XML_E_NONE);
	buf_done(&o.text);
	buf_done(&doc);
}

static void a_full_arena_is_a_limit(void **state)
{
	struct xml_limits limits = roomy;
	struct outcome o;

	(void)state;
	limits.arena_bytes = 400;
	o = run_in_stream(&limits, "<a><b/><b/><b/><b/></a>");
	assert_int_equal(o.error, XML_E_TOO_BIG);
	buf_done(&o.text);
}

static void running_out_of_memory_is_told_apart(void **state)
{
	static const char doc[] =
		OPEN "<a xmlns:x='u' b='c&lt;'><x:d e='\xc3\xbc' x:f=''>text &amp; text</x:d></a>" CLOSE;
	unsigned long n = 1;
	struct outcome o;

	(void)state;
	for (;; n++) {
		arena_fail_nth(n);
		o = run(&roomy, str_of(doc, sizeof(doc) - 1), 3, 7);
		arena_fail_nth(0);
		buf_done(&o.text);
		if (o.error == XML_E_NONE)
			break;
		assert_int_equal(o.error, XML_E_MEMORY);
		assert_true(n < 100);
	}
	assert_true(n > 10);
}

/* ---- memory and time ---- */

static void nothing_is_held_between_stanzas(void **state)
{
	struct tokenizer *t = tokenizer_new(&roomy);
	struct outcome o = {};
	size_t idle;

	(void)state;
	feed(t, &o, OPEN, sizeof(OPEN) - 1);
	idle = tokenizer_held(t);
	assert_true(idle < 1024);
	feed(t, &o, "<a>abc", 6);
	assert_true(tokenizer_held(t) > idle);
	feed(t, &o, "</a>  \n", 7);
	assert_int_equal(tokenizer_held(t), idle);
	feed(t, &o, "<message to='x@y'><body>x &amp; y</body></message>", 50);
	assert_int_equal(tokenizer_held(t), idle);
	assert_int_equal(o.error, XML_E_NONE);
	buf_done(&o.text);
	tokenizer_free(t);
}

static void limits_may_change_between_stanzas(void **state)
{
	struct xml_limits small = roomy;
	struct tokenizer *t;
	struct outcome o = {};

	(void)state;
	small.stanza_bytes = 150;
	t = tokenizer_new(&small);
	feed(t, &o, OPEN, sizeof(OPEN) - 1);
	tokenizer_set_limits(t, &roomy);
	for (unsigned i = 0; i < 3; i++)
		feed(t, &o,
			"<a b='0123456789012345678901234567890123456789012345678901234567890123456789'>"
			"0123456789012345678901234567890123456789012345678901234567890123456789"
			"01234567890123456789</a>",
			172);
	assert_int_equal(o.error, XML_E_NONE);
	tokenizer_set_limits(t, &small);
	feed(t, &o,
		"<a b='0123456789012345678901234567890123456789012345678901234567890123456789'>"
		"0123456789012345678901234567890123456789012345678901234567890123456789"
		"01234567890123456789</a>",
		172);
	assert_int_equal(o.error, XML_E_TOO_BIG);
	buf_done(&o.text);
	tokenizer_free(t);
}

/* A tree may outlive the tokenizer, with the namespaces that the stream header declared. */
static void a_stanza_outlives_its_tokenizer(void **state)
{
	static const char doc[] =
		"<s:s xmlns='urn:not:a:known:one' xmlns:s='http://etherx.jabber.org/streams'><a><b/></a>";
	struct tokenizer *t = tokenizer_new(&roomy);
	const char *data = doc;
	size_t len = sizeof(doc) - 1;
	struct arena *arena, *head;
	struct node *n;

	(void)state;
	assert_int_equal(tokenizer_feed(t, &data, &len, &n, &head), XML_STREAM_OPEN);
	assert_int_equal(tokenizer_feed(t, &data, &len, &n, &arena), XML_STANZA);
	tokenizer_free(t);
	arena_free(head);
	assert_str(n->ns, "urn:not:a:known:one");
	assert_str(n->first->ns, "urn:not:a:known:one");
	assert_ptr_equal(n->ns.data, n->first->ns.data);
	arena_free(arena);
}

/* Byte by byte costs a constant per byte: four times the attribute must not cost anything like sixteen times.
 */
static void single_bytes_are_linear(void **state)
{
	struct xml_limits limits = roomy;
	struct buf doc;
	struct outcome o;

	(void)state;
	limits.stanza_bytes = limits.attribute_bytes = 4 << 20;
	limits.arena_bytes = 16 << 20;
	doc = repeated(OPEN "<a b='", "0123456789abcdef", 65536, "'/>");
	o = run(&limits, buf_view(&doc), 1, 1); /* quadratic: 5 * 10^11 steps */
	assert_int_equal(o.error, XML_E_NONE);
	buf_done(&o.text);
	buf_done(&doc);
}

/* ---- containers ---- */

static bool opens_a(void *owner, const struct node *n)
{
	++*(unsigned *)owner;
	return str_is(n->name, "a") && str_is(n->ns, "urn:one");
}

/* "<a" an element entered, "s" a stanza with name and namespace, ">" an end. */
static void containers_give(const char *doc, size_t piece, const char *expected)
{
	struct tokenizer *t = tokenizer_new(&roomy);
	struct buf seen = BUF_INIT(4096);
	const char *data = doc;
	size_t left = strlen(doc);
	unsigned asked = 0;

	tokenizer_set_containers(t, opens_a, &asked);
	while (left) {
		size_t len = left < piece ? left : piece, given = len;
		struct arena *arena = NULL;
		struct node *n = NULL;
		enum xml_event event = tokenizer_feed(t, &data, &len, &n, &arena);

		left -= given - len;
		if (event == XML_STREAM_OPEN)
			buf_printf(&seen, "<%.*s ", STR_FMT(n->name));
		else if (event == XML_STANZA)
			buf_printf(&seen, "%.*s{%.*s} ", STR_FMT(n->name), STR_FMT(n->ns));
		else if (event == XML_STREAM_CLOSE)
			buf_lit(&seen, "> ");
		else if (event == XML_ERROR)
			buf_printf(&seen, "! ");
		if (event == XML_STREAM_OPEN || event == XML_STANZA)
			arena_free(arena);
		if (event == XML_ERROR)
			break;
	}
	assert_string_equal(buf_cstr(&seen), expected);
	buf_done(&seen);
	tokenizer_free(t);
}

static void containers_are_entered_like_the_root(void **state)
{
	static const struct {
		const char *doc, *expected;
	} cases[] = {
		{"<r xmlns='urn:one'><a><b/><a><c xmlns='urn:two'/></a><d/></a><e/></r>",
			"<r <a b{urn:one} <a c{urn:two} > d{urn:one} > e{urn:one} > "},
		{"<r xmlns='urn:one'><a xmlns:p='urn:p'><p:b/></a><p:b/></r>", "<r <a b{urn:p} > ! "},
		{"<r xmlns='urn:zero'><a xmlns='urn:one'><b/></a><a/><b/></r>",
			"<r <a b{urn:one} > a{urn:zero} b{urn:zero} > "},
		{"<r xmlns='urn:one'><a/><b><a><x/></a></b></r>", "<r a{urn:one} b{urn:one} > "},
		{"<r xmlns='urn:one'><a></b></r>", "<r <a ! "},
		{"<r xmlns='urn:one'><a>text</a></r>", "<r <a ! "},
		{"<r xmlns='urn:one'><a></r></a>", "<r <a ! "},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		for (size_t piece = 1; piece < 40; piece += 3)
			containers_give(cases[i].doc, piece, cases[i].expected);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_input_gives_its_tree),
		cmocka_unit_test(a_session_gives_its_stanzas_in_order),
		cmocka_unit_test(the_head_of_a_stream_is_held_to_the_rules),
		cmocka_unit_test(bad_input_is_refused_with_its_condition),
		cmocka_unit_test(nul_bytes_are_refused_everywhere),
		cmocka_unit_test(an_error_is_final_and_frees_everything),
		cmocka_unit_test(each_limit_holds_exactly),
		cmocka_unit_test(too_deep_a_stanza_is_refused_before_it_ends),
		cmocka_unit_test(declarations_in_scope_are_bounded),
		cmocka_unit_test(scopes_end_with_their_elements),
		cmocka_unit_test(a_full_arena_is_a_limit),
		cmocka_unit_test(running_out_of_memory_is_told_apart),
		cmocka_unit_test(nothing_is_held_between_stanzas),
		cmocka_unit_test(limits_may_change_between_stanzas),
		cmocka_unit_test(a_stanza_outlives_its_tokenizer),
		cmocka_unit_test(single_bytes_are_linear),
		cmocka_unit_test(containers_are_entered_like_the_root),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
