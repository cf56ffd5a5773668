#include <stdio.h>

#include "check.h"

#include "rule/payload.h"
#include "tree.h"

struct found {
	struct buf text;
	size_t len, until;
};

static bool take(void *owner, struct str payload)
{
	struct found *f = owner;

	buf_str(&f->text, payload);
	buf_putc(&f->text, '\n');
	return ++f->len != f->until;
}

#define SAID(body) "<message><body>" body "</body></message>"
#define HASH "<hash xmlns='urn:xmpp:hashes:2' algo='sha-256'> W6pQ= </hash>"

static const struct {
	const char *xml, *payloads; /* a line each */
} rows[] = {
	{SAID("nothing at all"), ""},
	{SAID("look: http://evil.example/a/b?c=d#e!"), "http://evil.example/a/b?c=d\n"},
	{SAID("HTTPS://Evil.Example.:443/a/"), "http://evil.example/a\n"},
	{SAID("(http://bob:pw@evil.example:80/%41%2f%7e)"), "http://evil.example/A%2f~\n"},
	{SAID("http://evil.example:8080/A"), "http://evil.example:8080/A\n"},
	{SAID("www.evil.example/x, evil.example.com."), "http://www.evil.example/x\nhttp://evil.example.com\n"},
	{SAID("SMB://Host/Share and aesgcm://h.example/f#key"), "smb://host/Share\naesgcm://h.example/f\n"},
	{SAID("http&#58;//evil.example/&#120;y"), "http://evil.example/xy\n"},
	{SAID("http://evil.example/<![CDATA[a]]>b"), "http://evil.example/ab\n"},
	{SAID("\\\\Host\\Share, magnet:?xt=urn:a, evil.com:8080/x"), "\\\\host\\share\nmagnet:?xt=urn:a\nhttp://evil.com:8080/x\n"},
	{SAID("http://evil.example\\@trusted.example/x"), "http://evil.example\\@trusted.example/x\n"},
	{SAID("write to bob@example.org"), ""},
	{"<message><x xmlns='jabber:x:oob'><url>http://evil.example/x</url></x></message>", "http://evil.example/x\n"},
	{"<message><a xmlns='http://www.w3.org/1999/xhtml' href='http://evil.example/x'>here</a></message>", "http://evil.example/x\n"},
	{"<message><file xmlns='urn:xmpp:file:metadata:0'>" HASH "<name>a.exe</name><size>17</size></file></message>",
		"file:a.exe:17\nsha-256:W6pQ=\n"},
	{"<iq type='set' id='1'><file xmlns='http://jabber.org/protocol/si/profile/file-transfer' name='a.exe' size='17'/></iq>",
		"file:a.exe:17\n"},
	{"<message><file xmlns='urn:xmpp:file:metadata:0'><name>a.exe</name></file></message>", ""},
};

static void what_a_stanza_carries_is_the_same_however_it_is_written(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct found f = {.text = BUF_INIT(0)};
		struct arena *arena = NULL;

		payload_each(tree_of(rows[i].xml, &arena), take, &f);
		if (!str_eq(buf_view(&f.text), str_from(rows[i].payloads)))
			fail_msg("%s carries %.*s", rows[i].xml, STR_FMT(buf_view(&f.text)));
		buf_done(&f.text);
		arena_free(arena);
	}
}

static void whoever_has_found_enough_is_told_no_more(void **state)
{
	struct found f = {.text = BUF_INIT(0), .until = 1};
	struct arena *arena = NULL;
	struct node *n = tree_of(SAID("http://a.example/ http://b.example/ http://c.example/"), &arena);

	(void)state;
	payload_each(n, take, &f);
	assert_int_equal(f.len, 1);
	assert_true(payload_is_in(n, STR("http://c.example")));
	assert_false(payload_is_in(n, STR("http://d.example")));
	buf_done(&f.text);
	arena_free(arena);
}

static void a_long_one_is_cut_alike_each_time(void **state)
{
	char xml[3000], beginning[PAYLOAD_MAX + 1];
	struct arena *arena = NULL;

	(void)state;
	snprintf(beginning, sizeof(beginning), "http://a.example/%0*d", PAYLOAD_MAX - 17, 0);
	snprintf(xml, sizeof(xml), SAID("%s%0500d"), beginning, 1);
	assert_true(payload_is_in(tree_of(xml, &arena), str_from(beginning)));
	arena_free(arena);
}

static void people_write_it_as_they_see_it(void **state)
{
	static const struct {
		const char *text, *payload;
	} said[] = {
		{" https://Evil.example/x/ ", "http://evil.example/x"},
		{"evil.example/x", "http://evil.example/x"},
		{"http://evil.example/x", "http://evil.example/x"},
		{"sha-256:W6pQ=", "sha-256:W6pQ="},
		{"file:a b.exe:17", "file:a b.exe:17"},
		{"file:///c:/x", "file:///c:/x"},
		{"evil", ""},
		{"sha-256:", ""},
		{"", ""},
	};
	struct buf out = BUF_INIT(0);

	(void)state;
	for (size_t i = 0; i < sizeof(said) / sizeof(said[0]); i++) {
		bool read = payload_read(&out, str_from(said[i].text));

		if (!str_eq(buf_view(&out), str_from(said[i].payload)) || read != (said[i].payload[0] != 0))
			fail_msg("%s is %.*s", said[i].text, STR_FMT(buf_view(&out)));
	}
	buf_done(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_a_stanza_carries_is_the_same_however_it_is_written),
		cmocka_unit_test(whoever_has_found_enough_is_told_no_more),
		cmocka_unit_test(a_long_one_is_cut_alike_each_time),
		cmocka_unit_test(people_write_it_as_they_see_it),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
