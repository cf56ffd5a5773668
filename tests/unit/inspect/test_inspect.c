#include "check.h"

#include <errno.h>
#include <pthread.h>

#include "../rule/policy_dir.h"
#include "inspect/check.h"
#include "inspect/inspect.h"
#include "inspect/inspect_private.h"
#include "stanza/ns.h"
#include "stanza/tokenizer.h"

static const char rules[] =
	"rules:\n"
	"- {id: word, purpose: p, match: {words: [bluebird, 'open*', '*left', c++, big plan]},\n"
	"   action: block, mode: enforce, notice: {en: 'no', de: nein}}\n"
	"- {id: evasive, purpose: p, match: {words: [secret, kill, nightfall project, bass, 'damn*'],\n"
	"   evasions: true}, action: block, mode: enforce, notice: {en: no}}\n"
	"- {id: native, purpose: p, match: {words: [\u0432\u0440\u0430\u0433, \u03bd\u03af\u03ba\u03b7, "
	"\u6697\u6740, \ud3ed\ud0c4]},\n"
	"   action: log, mode: enforce}\n"
	"- {id: digits, purpose: p, match: {regex: ['\\bK-\\d{6}\\b']}, action: log, mode: enforce}\n"
	"- {id: token, purpose: p, match: {regex: ['tok_[A-Za-z0-9]{20}'], case: exact}, action: log, mode: "
	"enforce}\n"
	"- {id: mail, purpose: p, match: {regex: ['[a-z.]+@rival\\.example']}, action: log, mode: enforce}\n"
	"- {id: phrase, purpose: p, match: {regex: ['sell .{0,20}before', '^top line$']}, action: log, mode: "
	"enforce}\n"
	"- {id: cards, purpose: p, match: {detector: payment-card}, action: block, mode: enforce, notice: "
	"{en: card}}\n"
	"- {id: seen, purpose: p, match: {words: [observed]}, action: block, mode: observe, notice: {en: "
	"no}}\n"
	"- {id: outward, purpose: p, from: inside, to: outside, not_from: 'group:press',\n"
	"   match: {words: [internal]}, action: block, mode: enforce, notice: {en: no}}\n"
	"- {id: nicks, purpose: p, kinds: [nick, status], match: {words: [admin]}, action: block, mode: "
	"enforce,\n"
	"   notice: {en: no}}\n";

static struct policy_dir dir;
static struct policy_set *set;

static int set_up(void **state)
{
	struct err err = {};

	(void)state;
	dir = policy_dir_make(rules);
	if (policy_set_load(&set, dir.path, &inspect_engine, &err))
		fail_msg("%s", err.text);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	set = policy_set_unref(set);
	policy_dir_remove(&dir);
	arena_pool_drain();
	return 0;
}

/* The ids of the rules found, "+" between them. */
static const char *ids_of(const struct verdict *v, struct buf *out)
{
	for (const struct finding *f = v->findings; f; f = f->next)
		buf_printf(out, "%s%.*s", f == v->findings ? "" : "+", STR_FMT(f->rule));
	return buf_cstr(out);
}

static const struct {
	const char *text, *ids;
} texts[] = {
	/* words and their ends */
	{"a bluebird.", "word"},
	{"BLUEBIRD", "word"},
	{"bluebirds", ""},
	{"xbluebird", ""},
	{"blue bird", ""},
	{"_bluebird_", "word"},
	{"opened", "word"},
	{"reopened", ""},
	{"cleft", "word"},
	{"cleft2", ""},
	{"C++ it is", "word"},
	{"a c++b", "word"},
	{"the BIG\n  plan", "word"},
	{"bigplan", ""},
	{"bl\u00fcebird", "word"},
	{"\uff42\uff4c\uff55\uff45bird", "word"},
	{"b\u200blue\u2060bird", "word"},
	{"bIuebird", ""},
	{"\u042cluebird", "word"},
	{"bluebird\u4f60\u597d", "word"},
	{"bluebird\u00e9s", ""},
	/* evasions, for rules that ask for them */
	{"5ecret", "evasive"},
	{"s3cr3t!", "evasive"},
	{"$ecret", "evasive"},
	{"s e c r e t", "evasive"},
	{"\"s e c r e t\"", "evasive"},
	{"s.e.c.r.e.t", "evasive"},
	{"s-ecret", "evasive"},
	{"seeecret", "evasive"},
	{"sseeccrreett", "evasive"},
	{"s*cret", "evasive"},
	{"se**et", "evasive"},
	{"s*****", ""},
	{"sceret", "evasive"},
	{"k1ll", "evasive"},
	{"ki||", "evasive"},
	{"k 1 l l", "evasive"},
	{"n1ghtfall project", "evasive"},
	{"nightfall pr0ject", "evasive"},
	{"nightfall-project", "evasive"},
	{"n i g h t f a l l p r o j e c t", "evasive"},
	{"nightfa\u00a3l project", "evasive"},
	{"d4mned", "evasive"},
	{"b4ss", "evasive"},
	{"8455", ""},
	{"bass1", ""},
	{"secrets", ""},
	{"b1uebird", ""},
	{"skill", ""},
	{"you are a s e c r e t", "evasive"},
	{"s. e. c. r. e. t.", "evasive"},
	{"a well-known thing, then much more, then nightfall pr0ject", "evasive"},
	{"a well-known thing, then much more, then n1ghtfall project and so on", "evasive"},
	{"a well-known thing, then a s e c r e t and so on", "evasive"},
	{"s e c r e t, a well-known thing", "evasive"},
	{"a state-of-the-art x-ray", ""},
	{"n1ghtfall of the project, well-known nightfall of pr0jects", ""},
	{"bas", ""},
	{"baas", ""},
	/* words in other alphabets */
	{"\u044d\u0442\u043e \u0432\u0440\u0430\u0433", "native"},
	{"\u0412\u0420\u0410\u0413!", "native"},
	{"bpar", ""},
	{"\u039d\u0399\u039a\u0397", "native"},
	{"\u03bd\u03b9\u03ba\u03b7", "native"},
	{"vikn", ""},
	{"\u4ed6\u88ab\u6697\u6740\u4e86", "native"},
	{"\ud3ed\ud0c4\uc744", "native"},
	/* expressions */
	{"K-123456", "digits"},
	{"k-123456.", "digits"},
	{"K-12345", ""},
	{"K-1234567", ""},
	{"K-\u0661\u0662\u0663\u0664\u0665\u0666", "digits"},
	{"tok_abcdefghijABCDEFGHIJ", "token"},
	{"TOK_abcdefghijABCDEFGHIJ", ""},
	{"bob@rival.example", "mail"},
	{"Sell it all before noon", "phrase"},
	{"sell\nbefore", ""},
	{"one\ntop line\ntwo", "phrase"},
	{"not top line", ""},
	{"sell 012345678901234567890123456789 before", ""},
	/* cards, several rules, observe */
	{"4111 1111 1111 1111", "cards"},
	{"bluebird 4111111111111111 K-123456", "word+digits+cards"},
	{"observed", "seen"},
	{"bluebird bluebird bluebird", "word"},
	{"", ""},
	{"\u200b\u200d", ""},
};

static void texts_have_their_rules(void **state)
{
	struct inspect_scratch *scratch = inspect_scratch_new();

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		struct arena *arena = arena_new(0);
		struct buf out = BUF_INIT(0);
		struct verdict v = {};

		inspect_text(set, scratch, KIND_MESSAGE, str_from(texts[i].text), NULL, NULL, arena, &v);
		if (strcmp(ids_of(&v, &out), texts[i].ids) || v.cannot_tell)
			fail_msg("'%s' has '%s', not '%s'", texts[i].text, buf_cstr(&out), texts[i].ids);
		buf_done(&out);
		arena_free(arena);
	}
	inspect_scratch_free(scratch);
}

/* A gate is a necessary condition: without gates the same is found. */
static void gates_lose_nothing(void **state)
{
	struct inspect_scratch *scratch = inspect_scratch_new();

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		const struct hits *hits;
		size_t gated;

		assert_int_equal(inspect_find(policy_set_engine(set), scratch, KIND_MESSAGE,
					 str_from(texts[i].text), true, &hits),
			CANNOT_TELL_NONE);
		gated = hits->count;
		assert_int_equal(inspect_find(policy_set_engine(set), scratch, KIND_MESSAGE,
					 str_from(texts[i].text), false, &hits),
			CANNOT_TELL_NONE);
		assert_int_equal(gated, hits->count);
	}
	inspect_scratch_free(scratch);
}

static void places_are_those_of_the_text_as_sent(void **state)
{
	static const struct {
		const char *text;
		size_t at, len;
	} cases[] = {
		{"see bluebird", 4, 8},
		{"\u00e9\u00e9 BL\u00dcEBIRD", 5, 9},
		{"a\u200b b\u200bluebird", 5, 11},
		{"x  K-123456", 3, 8},
		{"\u00e9 4111111111111111", 3, 16},
		{"mail bob@rival.example", 7, 15},
		{"s e c r e t", 0, 11},
		{"we sell all before noon", 3, 15},
		{"one\ntop line", 4, 8},
	};
	struct inspect_scratch *scratch = inspect_scratch_new();

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct arena *arena = arena_new(0);
		struct verdict v = {};

		inspect_text(set, scratch, KIND_MESSAGE, str_from(cases[i].text), NULL, NULL, arena, &v);
		assert_int_equal(v.count, 1);
		if (v.findings->offset != cases[i].at || v.findings->length != cases[i].len)
			fail_msg("'%s': at %zu, %zu bytes", cases[i].text, v.findings->offset,
				v.findings->length);
		arena_free(arena);
	}
	inspect_scratch_free(scratch);
}

#define MESSAGE(inside) "<message type='chat' to='b@example.org' id='0a-1'>" inside "</message>"
#define PRESENCE(inside) "<presence>" inside "</presence>"

static const struct {
	const char *xml;
	const char *ids;
	enum text_kind kind; /* of the first finding */
} stanzas[] = {
	{MESSAGE("<body>hello</body>"), "", KIND_NONE},
	{MESSAGE("<body>bluebird</body>"), "word", KIND_MESSAGE},
	{MESSAGE("<body>ok</body><body xml:lang='fr'>bluebird</body>"), "word", KIND_MESSAGE},
	{MESSAGE("<body>blue<x xmlns='y'/>bird</body>"), "word", KIND_MESSAGE},
	{MESSAGE("<body>blue&#x62;ird</body>"), "word", KIND_MESSAGE},
	{MESSAGE("<body>blue<![CDATA[bird]]></body>"), "word", KIND_MESSAGE},
	{MESSAGE("<subject>bluebird</subject>"), "word", KIND_SUBJECT},
	{MESSAGE("<thread>bluebird</thread>"), "word", KIND_IDENTIFIER},
	{MESSAGE("<body>big</body><subject>plan</subject>"), "", KIND_NONE},
	{MESSAGE("<body>sell</body><subject>before</subject>"), "", KIND_NONE},
	{MESSAGE("<body>bluebird</body><replace id='x' xmlns='urn:xmpp:message-correct:0'/>"), "word",
		KIND_CORRECTION},
	{MESSAGE("<html xmlns='http://jabber.org/protocol/xhtml-im'><body "
		 "xmlns='http://www.w3.org/1999/xhtml'>"
		 "<p>blue<b>bird</b></p></body></html>"),
		"word", KIND_XHTML},
	{MESSAGE("<html xmlns='http://jabber.org/protocol/xhtml-im'><body "
		 "xmlns='http://www.w3.org/1999/xhtml'>"
		 "<p>blue</p><p>bird</p></body></html>"),
		"", KIND_NONE},
	{MESSAGE("<html xmlns='http://jabber.org/protocol/xhtml-im'><body "
		 "xmlns='http://www.w3.org/1999/xhtml'>"
		 "<a href='http://x/bluebird'>y</a><img alt='bluebird' src='z'/></body></html>"),
		"word", KIND_XHTML},
	{MESSAGE("<nick xmlns='http://jabber.org/protocol/nick'>the admin</nick>"), "nicks", KIND_NICK},
	{MESSAGE("<body>the admin</body>"), "", KIND_NONE},
	{MESSAGE("<x xmlns='jabber:x:data' type='form'><field var='a' "
		 "label='bluebird'><value>1</value></field></x>"),
		"word", KIND_FORM},
	{MESSAGE("<x xmlns='http://jabber.org/protocol/muc#user'><invite "
		 "to='c@d'><reason>bluebird</reason></invite></x>"),
		"word", KIND_REASON},
	{MESSAGE("<x xmlns='jabber:x:conference' jid='r@m' reason='bluebird'/>"), "word", KIND_REASON},
	{MESSAGE("<whatever xmlns='urn:example:unknown'>bluebird</whatever>"), "word", KIND_OTHER},
	{MESSAGE("<whatever xmlns='urn:example:unknown' a='bluebird'/>"), "word", KIND_OTHER},
	{MESSAGE("<bluebird xmlns='urn:example:unknown'/>"), "word", KIND_OTHER},
	{MESSAGE("<a xmlns='urn:bluebird'/>"), "word", KIND_OTHER},
	{MESSAGE("<a xmlns='urn:example:unknown' bluebird='1'/>"), "word", KIND_OTHER},
	{MESSAGE("<a xmlns='urn:example:unknown'><b><c>bluebird</c></b></a>"), "word", KIND_OTHER},
	{MESSAGE("<received xmlns='urn:xmpp:receipts' id='bluebird'/>"), "word", KIND_IDENTIFIER},
	{MESSAGE("<forwarded xmlns='urn:xmpp:forward:0'><message xmlns='jabber:client' "
		 "from='a@b/c'><body>bluebird</body>"
		 "</message></forwarded>"),
		"word", KIND_MESSAGE},
	{MESSAGE("<forwarded xmlns='urn:xmpp:forward:0'><presence "
		 "xmlns='jabber:client'><status>bluebird</status></presence>"
		 "</forwarded>"),
		"word", KIND_STATUS},
	{"<message to='b@example.org' id='bluebird'/>", "word", KIND_IDENTIFIER},
	{"<message to='b@example.org' id='4111111111111111'/>", "", KIND_NONE},
	{"<message to='b@example.org' type='bluebird'/>", "word", KIND_OTHER},
	{"<message to='b@example.org/bluebird'/>", "word", KIND_RESOURCE},
	{"<message to='bluebird@example.org'/>", "", KIND_NONE},
	{"<message to='b@example.org' xml:lang='en'/>", "", KIND_NONE},
	{PRESENCE("<status>bluebird</status><show>away</show>"), "word", KIND_STATUS},
	{"<presence type='subscribe'><status>bluebird</status></presence>", "word", KIND_SUBSCRIPTION},
	{PRESENCE("<nick xmlns='http://jabber.org/protocol/nick'>bluebird</nick>"), "word", KIND_NICK},
	{"<iq type='set' id='1'><query xmlns='jabber:iq:roster'><item jid='bluebird@example.org' "
	 "name='bob'/></query></iq>",
		"", KIND_NONE},
	{"<iq type='set' id='1' to='a@example.org' from='a@example.org/x'><query xmlns='jabber:iq:roster'><item "
	 "jid='bluebird@example.org'/></query></iq>",
		"", KIND_NONE},
	{"<iq type='set' id='1'><query xmlns='jabber:iq:roster'><item jid='b@example.org/bluebird'/></query></iq>", "word",
		KIND_RESOURCE},
	{MESSAGE("<query xmlns='jabber:iq:roster'><item jid='the bluebird sings'/></query>"), "word", KIND_ROSTER_NAME},
	{"<iq type='get' id='1' to='b@example.org/x' from='a@example.org/x'><query xmlns='jabber:iq:roster'><item "
	 "jid='bluebird@example.org'/></query></iq>",
		"word", KIND_ROSTER_NAME},
	{"<iq type='set' id='1'><x xmlns='urn:example:unknown'><iq xmlns='jabber:client'><query xmlns='jabber:iq:roster'>"
	 "<item jid='bluebird@example.org'/></query></iq></x></iq>",
		"word", KIND_ROSTER_NAME},
	{"<iq type='set' id='1'><pubsub xmlns='http://jabber.org/protocol/pubsub'><publish node='a'><item><query "
	 "xmlns='jabber:iq:roster'><item jid='bluebird@example.org'/></query></item></publish></pubsub></iq>",
		"word", KIND_ROSTER_NAME},
	{"<iq type='set' id='1'><query xmlns='jabber:iq:roster'><item jid='b@example.org'><group "
	 "jid='bluebird@example.org'/></item></query></iq>",
		"word", KIND_ROSTER_NAME},
	{"<iq type='set' id='1'><query xmlns='jabber:iq:roster'><item jid='b@example.org' "
	 "name='bluebird'/></query></iq>",
		"word", KIND_ROSTER_NAME},
	{"<iq type='set' id='1'><query xmlns='jabber:iq:roster'><item "
	 "jid='b@example.org'><group>bluebird</group></item></query></iq>",
		"word", KIND_ROSTER_NAME},
	{"<iq type='get' id='1'><query xmlns='urn:example:unknown'>bluebird</query></iq>", "word", KIND_IQ},
	{"<iq type='set' id='1'><vCard xmlns='vcard-temp'><FN>bluebird</FN></vCard></iq>", "word", KIND_IQ},
};

static struct node *stanza_parse(const char *xml, struct arena **arena)
{
	static const struct xml_limits limits = {.stanza_bytes = 10000,
		.depth = 20,
		.attributes = 20,
		.attribute_bytes = 1000,
		.name_bytes = 200,
		.children = 100,
		.nodes = 100,
		.arena_bytes = 100000};
	static const char head[] =
		"<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>";
	struct tokenizer *t = tokenizer_new(&limits);
	struct arena *first = NULL;
	struct node *n = NULL;
	const char *data = head;
	size_t len = strlen(head);

	assert_int_equal(tokenizer_feed(t, &data, &len, &n, &first), XML_STREAM_OPEN);
	arena_free(first);
	data = xml;
	len = strlen(xml);
	if (tokenizer_feed(t, &data, &len, &n, arena) != XML_STANZA)
		fail_msg("%s: %s", xml, tokenizer_error_text(t));
	tokenizer_free(t);
	return n;
}

static void every_text_of_a_stanza_is_seen(void **state)
{
	struct inspect_scratch *scratch = inspect_scratch_new();
	struct subject bob = subject_of(STR("bob@example.org"), true);

	(void)state;
	for (size_t i = 0; i < sizeof(stanzas) / sizeof(*stanzas); i++) {
		struct arena *arena = NULL;
		struct node *n = stanza_parse(stanzas[i].xml, &arena);
		struct buf out = BUF_INIT(0);
		struct verdict v = {};

		inspect_stanza(set, scratch, n, &bob, NULL, arena, &v);
		if (strcmp(ids_of(&v, &out), stanzas[i].ids) ||
			(v.findings && v.findings->kind != stanzas[i].kind))
			fail_msg("%s has '%s' in %s", stanzas[i].xml, buf_cstr(&out),
				v.findings ? kind_names[v.findings->kind] : "nothing");
		buf_done(&out);
		arena_free(arena);
	}
	inspect_scratch_free(scratch);
}

static void rules_ask_whose_text_it_is(void **state)
{
	static const struct str press[] = {STR("press")};
	struct inspect_scratch *scratch = inspect_scratch_new();
	struct subject in = subject_of(STR("a@example.org"), true),
		       out = subject_of(STR("b@other.example"), false);
	struct subject speaker = in;
	const struct {
		const struct subject *from, *to;
		bool blocked;
	} cases[] = {
		{&in, &out, true},
		{&in, &in, false},
		{&out, &in, false},
		{&out, &out, false},
		{&speaker, &out, false},
		{&in, NULL, true},
		{NULL, NULL, true},
	};

	(void)state;
	speaker.groups = press;
	speaker.group_count = 1;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct arena *arena = arena_new(0);
		struct verdict v = {};

		inspect_text(
			set, scratch, KIND_MESSAGE, STR("internal"), cases[i].from, cases[i].to, arena, &v);
		if (verdict_blocks(&v) != cases[i].blocked)
			fail_msg("case %zu", i);
		arena_free(arena);
	}
	inspect_scratch_free(scratch);
}

static void a_clean_stanza_allocates_nothing(void **state)
{
	struct inspect_scratch *scratch = inspect_scratch_new();
	struct arena *arena = NULL;
	struct node *n = stanza_parse(MESSAGE("<body>good morning</body>"), &arena);
	size_t before = arena_used(arena);
	struct verdict v = {};

	(void)state;
	inspect_stanza(set, scratch, n, NULL, NULL, arena, &v);
	assert_int_equal(arena_used(arena), before);
	assert_int_equal(v.action, ACTION_ALLOW);
	assert_string_equal(v.policy_version, policy_set_version(set));
	arena_free(arena);
	inspect_scratch_free(scratch);
}

static void too_much_text_cannot_be_told(void **state)
{
	struct policy_dir d = policy_dir_make(NULL);
	struct inspect_scratch *scratch = inspect_scratch_new();
	static const char *const yaml[] = {"on_error: allow\ninspect_bytes: 1024\n",
		"on_error: block\ninspect_bytes: 1024\nnotice: {en: too long}\n"};
	char text[1024];

	(void)state;
	memset(text, 'x', sizeof(text));
	for (int i = 0; i < 2; i++) {
		struct policy_set *small = NULL;
		struct arena *arena = arena_new(0);
		struct verdict v = {};

		policy_dir_write(&d, "policy.yaml", yaml[i]);
		assert_int_equal(policy_set_load(&small, d.path, &inspect_engine, NULL), 0);
		inspect_text(small, scratch, KIND_MESSAGE, str_of(text, 1000), NULL, NULL, arena, &v);
		assert_int_equal(v.cannot_tell, CANNOT_TELL_NONE);
		inspect_text(small, scratch, KIND_MESSAGE, str_of(text, 1024), NULL, NULL, arena, &v);
		assert_int_equal(v.cannot_tell, CANNOT_TELL_CEILING);
		assert_int_equal(v.action, i ? ACTION_BLOCK : ACTION_LOG);
		if (i)
			assert_str(v.notice->text, "too long");
		policy_set_unref(small);
		arena_free(arena);
	}
	inspect_scratch_free(scratch);
	policy_dir_remove(&d);
}

static void without_policy_or_engine_nothing_passes(void **state)
{
	struct inspect_scratch *scratch = inspect_scratch_new();
	struct policy_set *bare = NULL;
	struct arena *arena = arena_new(0);
	struct verdict none = {}, engine = {};

	(void)state;
	inspect_text(NULL, scratch, KIND_MESSAGE, STR("x"), NULL, NULL, arena, &none);
	assert_true(verdict_blocks(&none));
	assert_int_equal(policy_set_load(&bare, dir.path, NULL, NULL), 0);
	inspect_text(bare, scratch, KIND_MESSAGE, STR("x"), NULL, NULL, arena, &engine);
	assert_true(verdict_blocks(&engine));
	assert_str(engine.notice->text, "could not be checked");
	policy_set_unref(bare);
	arena_free(arena);
	inspect_scratch_free(scratch);
}

static void allowing_lifts_what_lies_inside(void **state)
{
	static const struct {
		const char *text;
		bool blocked;
	} cases[] = {
		{"bird", true},
		{"free bird", false},
		{"free bird and bird", true},
		{"bird free bird", true},
		{"test 4111111111111111", false},
		{"4111111111111111", true},
		{"FREE  BIRD", false},
	};
	struct policy_dir d = policy_dir_make("rules:\n"
					      "- {id: bird, purpose: p, match: {words: [bird]}, action: "
					      "block, mode: enforce, notice: {en: x}}\n"
					      "- {id: card, purpose: p, match: {detector: payment-card}, "
					      "action: block, mode: enforce, notice: {en: x}}\n"
					      "- {id: free, purpose: p, match: {words: [free bird], regex: "
					      "['test 4111111111111111']}, action: allow, mode: enforce}\n");
	struct inspect_scratch *scratch = inspect_scratch_new();
	struct policy_set *lifting = NULL;
	struct err err = {};

	(void)state;
	if (policy_set_load(&lifting, d.path, &inspect_engine, &err))
		fail_msg("%s", err.text);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct arena *arena = arena_new(0);
		struct verdict v = {};

		inspect_text(lifting, scratch, KIND_MESSAGE, str_from(cases[i].text), NULL, NULL, arena, &v);
		if (verdict_blocks(&v) != cases[i].blocked)
			fail_msg("%s", cases[i].text);
		arena_free(arena);
	}
	policy_set_unref(lifting);
	inspect_scratch_free(scratch);
	policy_dir_remove(&d);
}

static const struct {
	const char *regex, *wants;
} bad_regexes[] = {
	{"a(b", "parenthes"},
	{"(a)\\\\1", "test.yaml:1"},
	{"(?<=a)b", "test.yaml:1"},
	{"a*", "empty text"},
	{"[z-a]", "test.yaml:1"},
	{"\\\\Aab", "use ^ and $"},
};

static void what_the_engine_cannot_do_is_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(bad_regexes) / sizeof(*bad_regexes); i++) {
		struct policy_set *none = NULL;
		struct policy_dir d;
		char text[300];
		struct err err = {};

		snprintf(text, sizeof(text),
			"rules: [{id: a, purpose: p, match: {regex: \"%s\"}, action: log, mode: enforce}]\n",
			bad_regexes[i].regex);
		d = policy_dir_make(text);
		assert_int_equal(policy_set_load(&none, d.path, &inspect_engine, &err), -EINVAL);
		if (!strstr(err.text, bad_regexes[i].wants) || !strstr(err.text, "rule 'a'"))
			fail_msg("%s: %s", bad_regexes[i].regex, err.text);
		policy_dir_remove(&d);
	}
}

static void *inspecting(void *owner)
{
	struct inspect_scratch *scratch = inspect_scratch_new();

	for (int i = 0; i < 200; i++) {
		struct arena *arena = arena_new(0);
		struct verdict v = {};

		inspect_text(owner, scratch, KIND_MESSAGE, STR("bluebird K-123456 s3cret 4111111111111111"),
			NULL, NULL, arena, &v);
		assert_int_equal(v.count, 4);
		arena_free(arena);
	}
	inspect_scratch_free(scratch);
	policy_set_unref(owner);
	arena_pool_drain();
	return NULL;
}

static void threads_share_a_set(void **state)
{
	pthread_t threads[3];

	(void)state;
	for (int i = 0; i < 3; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, inspecting, policy_set_ref(set)), 0);
	for (int i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
}

static void one_scratch_serves_any_set(void **state)
{
	struct policy_dir d = policy_dir_make(
		"rules: [{id: a, purpose: p, match: {regex: 'x{5}y'}, action: log, mode: enforce}]\n");
	struct inspect_scratch *scratch = inspect_scratch_new();
	struct policy_set *other = NULL;

	(void)state;
	assert_int_equal(policy_set_load(&other, d.path, &inspect_engine, NULL), 0);
	for (int i = 0; i < 4; i++) {
		struct arena *arena = arena_new(0);
		struct verdict v = {};

		inspect_text(i % 2 ? other : set, scratch, KIND_MESSAGE, STR("bluebird xxxxxy"), NULL, NULL,
			arena, &v);
		assert_int_equal(v.count, 1);
		assert_str(v.findings->rule, i % 2 ? "a" : "word");
		arena_free(arena);
	}
	policy_set_unref(other);
	inspect_scratch_free(scratch);
	policy_dir_remove(&d);
}

static void the_shipped_policy_is_in_order(void **state)
{
	struct arena *arena = arena_new(0);
	struct policy_report report;

	(void)state;
	if (policy_check(RULES, arena, &report))
		fail_msg("%.*s:%u: %.*s", STR_FMT(report.errors.first->file), report.errors.first->line,
			STR_FMT(report.errors.first->text));
	assert_int_equal(report.warnings.count, 0);
	assert_true(report.samples_passed >= 50);
	assert_int_equal(report.samples_passed, report.counts.samples);
	arena_free(arena);
}

static void a_sample_that_is_wrong_is_named(void **state)
{
	struct policy_dir d = policy_dir_make("rules:\n"
					      "- id: a\n"
					      "  purpose: p\n"
					      "  match: {words: [one]}\n"
					      "  action: log\n"
					      "  mode: enforce\n"
					      "  samples:\n"
					      "  - {text: one, verdict: clean}\n"
					      "  - {text: two, verdict: hit}\n"
					      "  - {text: one, verdict: hit}\n");
	struct arena *arena = arena_new(0);
	struct policy_report report;

	(void)state;
	assert_int_equal(policy_check(d.path, arena, &report), 1);
	assert_int_equal(report.samples_failed, 2);
	assert_int_equal(report.samples_passed, 1);
	assert_int_equal(report.errors.first->line, 8);
	assert_non_null(strstr(report.errors.first->text.data, "says clean, but the rule matches"));
	assert_int_equal(report.errors.first->next->line, 9);
	arena_free(arena);
	policy_dir_remove(&d);
}

static void a_question_lists_rules_that_do_not_apply(void **state)
{
	struct arena *arena = arena_new(0);
	struct subject in = subject_of(STR("a@example.org"), true);
	struct policy_question q = {
		.text = STR("internal bluebird"), .from = &in, .to = &in, .lang = STR("de-AT")};
	struct policy_answer a;

	(void)state;
	assert_int_equal(policy_test(set, &q, arena, &a, NULL), 0);
	assert_true(verdict_blocks(&a.verdict));
	assert_str(a.verdict.rule, "word");
	assert_str(a.notice, "nein");
	for (const struct policy_hit *h = a.hits; h; h = h->next) {
		bool outward = str_is(h->finding->rule, "outward");

		assert_int_equal(h->applies, !outward);
		assert_str(h->why_not, outward ? "the recipient is not in 'to'" : "");
	}
	arena_free(arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts_have_their_rules),
		cmocka_unit_test(gates_lose_nothing),
		cmocka_unit_test(places_are_those_of_the_text_as_sent),
		cmocka_unit_test(every_text_of_a_stanza_is_seen),
		cmocka_unit_test(rules_ask_whose_text_it_is),
		cmocka_unit_test(a_clean_stanza_allocates_nothing),
		cmocka_unit_test(too_much_text_cannot_be_told),
		cmocka_unit_test(without_policy_or_engine_nothing_passes),
		cmocka_unit_test(allowing_lifts_what_lies_inside),
		cmocka_unit_test(what_the_engine_cannot_do_is_refused),
		cmocka_unit_test(threads_share_a_set),
		cmocka_unit_test(one_scratch_serves_any_set),
		cmocka_unit_test(the_shipped_policy_is_in_order),
		cmocka_unit_test(a_sample_that_is_wrong_is_named),
		cmocka_unit_test(a_question_lists_rules_that_do_not_apply),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
