#include "check.h"

#include "rule/link.h"

static const struct {
	const char *text;
	bool link;
} cases[] = {
	{"", false},
	{"see http://example.org", true},
	{"HTTPS://EXAMPLE.ORG/x", true},
	{"(https://example.org)", true},
	{"xhttps://example.org", true},
	{"http://[::1]/", true},
	{"http://[2001:db8::7]:8080/a", true},
	{"http://192.0.2.7", true},
	{"http://0x7f.1/", true},
	{"http://xn--e1afmkfd.xn--p1ai/", true},
	{"xn--e1afmkfd.xn--p1ai", true},
	{"http://пример.рф", true},
	{"пример.рф", true},
	{"да.нет", false},
	{"http:// nothing", false},
	{"http:/", false},
	{"http://", false},
	{"://x", false},
	{"a://x", false},
	{"12://x", false},
	{"ftp://x", true},
	{"file:///etc/passwd", true},
	{"file:/etc/passwd", true},
	{"smb://host/share", true},
	{"aesgcm://host/f#key", true},
	{"data:text/html,x", true},
	{"data: four of them", false},
	{"metadata:x", false},
	{"javascript:alert(1)", true},
	{"magnet:?xt=urn:btih:0", true},
	{"www.example", true},
	{"WWW.Example.org", true},
	{"www.", false},
	{"www. example", false},
	{"awww.cute", false},
	{"example.com", true},
	{"Look at example.com.", true},
	{"example.com, please", true},
	{"mail me: bob@example.com", false},
	{"bob@example.com or www.example.com", true},
	{"xmpp:bob@example.com", false},
	{"example.com@evil", false},
	{"site:example.com", true},
	{"example.de", false},
	{"example.de/x", true},
	{"works.is it", false},
	{"main.rs:12", false},
	{"v1.2/3", false},
	{"report.docx", false},
	{"and/or", false},
	{"e.g. this", false},
	{"...com", false},
	{"192.0.2.7", false},
	{"192.0.2.7/x", true},
	{"192.0.2.7:80", true},
	{"192.0.2.700/x", false},
	{"1.2.3.4.5/x", false},
	{"\\\\host\\share", true},
	{"\\\\host", false},
	{"\\\\ \\x", false},
	{"C:\\dir\\file", false},
	{"hello\nhttps://a.b\nbye", true},
};

static void links_are_told_from_words(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		if (link_in(str_from(cases[i].text)) != cases[i].link)
			fail_msg("'%s'", cases[i].text);
}

static void it_does_not_matter_how_the_text_comes(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct str all = str_from(cases[i].text);

		for (size_t cut = 0; cut <= all.len; cut++) {
			struct link_finder f;

			link_begin(&f);
			link_feed(&f, str_cut(all, 0, cut));
			link_feed(&f, str_cut(all, cut, all.len));
			if (link_end(&f) != cases[i].link)
				fail_msg("'%s' cut at %zu", cases[i].text, cut);
		}
	}
}

/* Byte by byte, as it is meant. */
static bool may_be_in(struct str text)
{
	for (size_t i = 0; i + 1 < text.len; i++) {
		char c = text.data[i];

		if (c == '\\' || ((c == '.' || c == ':') && !link_is_edge((unsigned char)text.data[i + 1])))
			return true;
	}
	return false;
}

static void a_text_that_is_not_looked_through_has_none(void **state)
{
	static const char signs[] = ".:\\";
	char text[80];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		assert_true(!cases[i].link || link_may_be_in(str_from(cases[i].text)));
	for (size_t len = 0; len < sizeof(text); len++)
		for (size_t at = 0; at < len; at++)
			for (size_t i = 0; i < 6; i++) {
				memset(text, 'a', sizeof(text)); /* what stands behind is none of it */
				text[at] = signs[i % 3];
				if (i >= 3)
					text[at + 1 < sizeof(text) ? at + 1 : at] = ' ';
				assert_int_equal(link_may_be_in(str_of(text, len)), may_be_in(str_of(text, len)));
				text[len / 2] = '.';
				assert_int_equal(link_may_be_in(str_of(text, len)), may_be_in(str_of(text, len)));
			}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(links_are_told_from_words),
		cmocka_unit_test(it_does_not_matter_how_the_text_comes),
		cmocka_unit_test(a_text_that_is_not_looked_through_has_none),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
