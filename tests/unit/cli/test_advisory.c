#include "check.h"

#include <errno.h>

#include "cli/advisory.h"
#include "conf/yaml.h"

static int read_one(struct advisory *a, const char *text, const char *product, const char *versions, struct arena *arena,
	struct err *err)
{
	return advisory_read(a, str_from(text), "x.json", str_from(product), str_from(versions), arena, err);
}

/* A document as databases publish them. */
static const char osv[] =
	"{\"schema_version\":\"1.6.0\",\"id\":\"GHSA-abcd-1234-wxyz\",\"modified\":\"2026-11-01T10:00:00Z\","
	"\"published\":\"2026-10-30T00:00:00.5Z\",\"aliases\":[\"CVE-2026-1234\"],\"summary\":\"Overflow in\\nimages \\ud83d\\ude00\","
	"\"details\":\"Long\",\"severity\":[{\"type\":\"CVSS_V3\",\"score\":\"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H\"}],"
	"\"affected\":[{\"package\":{\"ecosystem\":\"PyPI\",\"name\":\"gajim\",\"purl\":\"pkg:pypi/gajim\"},"
	"\"ranges\":[{\"type\":\"GIT\",\"repo\":\"https://dev.gajim.org/gajim.git\",\"events\":[{\"introduced\":\"0\"},"
	"{\"fixed\":\"6f4e5dc5e1d0c6b1a5a4cdd36b2bc0f1e0d7a0e1\"}]},"
	"{\"type\":\"ECOSYSTEM\",\"events\":[{\"fixed\":\"1.8.4\"},{\"introduced\":\"1.5\"},{\"introduced\":\"2.0.0\"},{\"fixed\":\"2.1.1\"}]}],"
	"\"versions\":[\"1.5\",\"1.6\"],\"ecosystem_specific\":{},\"database_specific\":{\"source\":\"https://x/\"}}],"
	"\"references\":[{\"type\":\"WEB\",\"url\":\"https://web/\"},{\"type\":\"ADVISORY\",\"url\":\"https://advisory/\"},"
	"{\"type\":\"FIX\",\"url\":\"https://fix/\"}],\"database_specific\":{\"severity\":\"CRITICAL\"}}";

static void a_document_of_osv_is_read(void **state)
{
	struct arena *arena = arena_new(0);
	struct advisory a;
	struct err err = {.text = ""};

	(void)state;
	if (read_one(&a, osv, NULL, NULL, arena, &err))
		fail_msg("%s", err.text);
	assert_str(a.id, "GHSA-abcd-1234-wxyz");
	assert_str(a.summary, "Overflow in images \xf0\x9f\x98\x80");
	assert_str(a.severity, "CRITICAL");
	assert_str(a.aliases, "CVE-2026-1234");
	assert_str(a.reference, "https://advisory/");
	assert_str(a.fixed, "2.1.1");
	assert_str(a.published, "2026-10-30T00:00:00.5Z");
	assert_int_equal(a.count, 1);
	assert_str(a.packages[0].product, "gajim");
	assert_str(a.packages[0].affected, ">=1.5, <1.8.4 || >=2.0.0, <2.1.1");
	assert_str(advisory_slug(a.id, arena), "advisory-ghsa-abcd-1234-wxyz");
	arena_free(arena);
}

#define OSV(affected) "{\"schema_version\":\"1.6.0\",\"id\":\"X-1\",\"modified\":\"2026-11-01T10:00:00Z\",\"affected\":[" affected "]}"
#define PACKAGE "\"package\":{\"ecosystem\":\"npm\",\"name\":\"converse.js\"}"
#define RANGES(events) "{" PACKAGE ",\"ranges\":[{\"type\":\"SEMVER\",\"events\":[" events "]}]}"

static const struct {
	const char *text, *product, *versions, *affected;
} ranges[] = {
	{OSV(RANGES("{\"introduced\":\"0\"}")), NULL, NULL, "*"},
	{OSV(RANGES("{\"introduced\":\"0\"},{\"fixed\":\"1.0.2\"}")), NULL, NULL, "<1.0.2"},
	{OSV(RANGES("{\"introduced\":\"0\"},{\"last_affected\":\"2.1.214\"}")), NULL, NULL, "<=2.1.214"},
	{OSV(RANGES("{\"introduced\":\"3.0.0\"},{\"introduced\":\"1.0.0\"},{\"fixed\":\"3.2.5\"},{\"fixed\":\"1.0.2\"}")), NULL, NULL,
		">=1.0.0, <1.0.2 || >=3.0.0, <3.2.5"},
	{OSV(RANGES("{\"introduced\":\"1\"},{\"introduced\":\"2\"},{\"fixed\":\"3\"},{\"fixed\":\"4\"}")), NULL, NULL, ">=1, <3"},
	{OSV(RANGES("{\"introduced\":\"1\"},{\"limit\":\"2.5\"}")), NULL, NULL, ">=1, <2.5"},
	{OSV(RANGES("{\"introduced\":\"1\"},{\"limit\":\"*\"}")), NULL, NULL, ">=1"},
	{OSV("{" PACKAGE ",\"versions\":[\"1.0\",\"v1.1\"]}"), NULL, NULL, "=1.0 || =1.1"},
	{OSV("{" PACKAGE ",\"ranges\":[{\"type\":\"GIT\",\"repo\":\"r\",\"events\":[{\"introduced\":\"0\"}]}]}"), NULL, "<9", "<9"},
	{OSV("{\"ranges\":[{\"type\":\"GIT\",\"repo\":\"r\",\"events\":[{\"introduced\":\"0\"}]}]}"), "Dino", "<9", "<9"},
	{"{\"id\":\"X-1\",\"modified\":\"2026-11-01T10:00:00Z\"}", "Dino", "<9", "<9"},
	{"id: GH-1\nproduct: Gajim\naffected: '<1.8.4'\n", NULL, NULL, "<1.8.4"},
	{"id: GH-1\npackage: Gajim\naffected:\n- {introduced: '1.0', fixed: '1.8.4'}\n- {fixed: '0.5'}\n", NULL, NULL, ">=1.0, <1.8.4 || <0.5"},
	/* no upper event, but beside it how far it is known to go */
	{OSV("{" PACKAGE ",\"ranges\":[{\"type\":\"SEMVER\",\"events\":[{\"introduced\":\"0\"}]}],"
	     "\"database_specific\":{\"last_known_affected_version_range\":\"<= 1.0.13\"}}"), NULL, NULL, "<=1.0.13"},
	{OSV("{" PACKAGE ",\"ranges\":[{\"type\":\"SEMVER\",\"events\":[{\"introduced\":\"2.0\"}]}],"
	     "\"database_specific\":{\"last_known_affected_version_range\":\"< 3.0.0\"}}"), NULL, NULL, ">=2.0, <3.0.0"},
	{OSV("{" PACKAGE ",\"ranges\":[{\"type\":\"SEMVER\",\"events\":[{\"introduced\":\"0\"},{\"fixed\":\"1.2\"}]}],"
	     "\"database_specific\":{\"last_known_affected_version_range\":\"< 3.0.0\"}}"), NULL, NULL, "<1.2"},
	/* commits, and the versions that were found for them */
	{OSV("{\"ranges\":[{\"type\":\"GIT\",\"repo\":\"r\",\"events\":[{\"introduced\":\"0\"},{\"fixed\":\"6f4e5dc5\"}],"
	     "\"database_specific\":{\"versions\":[{\"introduced\":\"0\"},{\"fixed\":\"1.5.0\"}]}}],\"versions\":[\"gajim-1.4.7\"]}"),
		"Gajim", NULL, "<1.5.0"},
	{OSV("{\"ranges\":[{\"type\":\"GIT\",\"repo\":\"r\",\"events\":[{\"introduced\":\"0\"}],"
	     "\"database_specific\":{\"extracted_events\":[{\"introduced\":\"1.1\"},{\"last_affected\":\"1.4.7\"}]}}]}"),
		"Gajim", NULL, ">=1.1, <=1.4.7"},
	/* what is listed and in no range is affected, too */
	{OSV("{" PACKAGE ",\"ranges\":[{\"type\":\"ECOSYSTEM\",\"events\":[{\"introduced\":\"0\"},{\"fixed\":\"1.2.4\"}]}],"
	     "\"versions\":[\"1.0\",\"1.0.post1\",\"1.2.3\",\"2.0.1\"]}"), NULL, NULL, "<1.2.4 || =2.0.1"},
	/* as in a database that keeps them in YAML */
	{"id: PYSEC-2022-1\ndetails: 'Anybody may be the server, says nobody.'\naliases:\n- CVE-2022-45197\nmodified: '2023-05-04T04:29:29.928881Z'\n"
	 "published: '2022-12-25T05:15:00Z'\nreferences:\n- type: WEB\n  url: https://example.org/\naffected:\n- package:\n    name: slixmpp\n"
	 "    ecosystem: PyPI\n    purl: pkg:pypi/slixmpp\n  ranges:\n  - type: ECOSYSTEM\n    events:\n    - introduced: '0'\n    - fixed: 1.8.3\n"
	 "  versions:\n  - '1.0'\n  - 1.8.2\n", NULL, NULL, "<1.8.3"},
	{"{\"id\":\"GH-1\",\"product\":\"Gajim\",\"affected\":\"<1.8.4\",\"references\":[\"https://a/\",\"https://b/\"]}", NULL, NULL, "<1.8.4"},
};

static void events_become_a_range(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(ranges) / sizeof(*ranges); i++) {
		struct arena *arena = arena_new(0);
		struct advisory a;
		struct err err = {.text = ""};

		if (read_one(&a, ranges[i].text, ranges[i].product, ranges[i].versions, arena, &err))
			fail_msg("case %zu: %s", i, err.text);
		assert_int_equal(a.count, 1);
		assert_str(a.packages[0].affected, ranges[i].affected);
		arena_free(arena);
	}
}

static const struct {
	const char *text, *wants;
} bad[] = {
	{"{\"id\":\"X-1\",}", "x.json:1:"},
	{"{\"id\":\"X-1\",\"id\":\"X-2\"}", "x.json:1:"},
	{"id: [\n", "x.json:"},
	{"[]", "advisory: accepted: one object"},
	{"{\"product\":\"x\"}", "x.json:1: id: it is missing"},
	{"{\"id\":1,\"product\":\"x\"}", "id: found no text"},
	{"{\"id\":\"a b\",\"product\":\"x\"}", "id: found 'a b'; accepted: letters"},
	{"id: GH-1\naffected: '<1'\n", "product: it is missing"},
	{"id: GH-1\nproduct: Gajim\n", "affected: accepted: a range"},
	{"id: GH-1\nproduct: Gajim\naffected: '<'\n", "affected: "},
	{"id: GH-1\nproduct: Gajim\naffected: '<1'\nmodified: yesterday\n", "modified: found 'yesterday'"},
	{"{\"id\":\"X-1\",\"withdrawn\":\"2026-11-01T10:00:00Z\"}", "withdrawn: the advisory was withdrawn at 2026-11-01"},
	{"{\"id\":\"X-1\",\"withdrawn\":\"2026-11-01T10:00:00Z\"}", "'gatehouse clients drop advisory-x-1'"},
	{"{\"id\":\"X-1\",\"schema_version\":\"2.0.0\"}", "schema_version: found '2.0.0'; accepted: 1.x"},
	{"{\"id\":\"X-1\",\"aliases\":\"CVE-1\"}", "aliases: accepted: a list"},
	{"{\"id\":\"X-1\",\"severity\":[{\"type\":\"CVSS_V3\",\"score\":\"9.8\"}]}", "severity[0]: found '9.8'; accepted: a vector"},
	/* the line of what is wrong, or of what it is missing in */
	{"\n{\n \"id\": \"X-1\",\n \"details\": \"a { \\\" [ ,\",\n \"modified\":\n  \"yesterday\"\n}", "x.json:6: modified: found 'yesterday'"},
	{"{\"id\": \"X-1\",\n\"affected\": [\n{\"package\": {\"name\": \"a\"}, \"versions\": [\"1\"]},\n{\"package\":\n{\"name\": \"b\"},\n"
	 "\"ranges\": [{\"type\": \"SEMVER\",\n\"events\": [{\"introduced\": \"0\"},\n{\"fixed\": \"soon\"}]}]}]}",
		"x.json:8: affected[1].ranges[0].events[1]: found 'soon'"},
	{"{\n\"id\": \"X-1\",\n\"affected\": [\n{\"package\": {\"ecosystem\": \"npm\"}}]}", "x.json:4: affected[0].package: it is missing"},
	{"id: PYSEC-1\naffected:\n- package:\n    name: x\n  ranges:\n  - type: DATE\n    events: []\n",
		"x.json:6: affected[0].ranges[0].type: found 'DATE'; accepted: SEMVER, ECOSYSTEM, GIT"},
	{OSV("{}"), "affected[0].package: it is missing; name the product with --product"},
	{OSV("{\"package\":{\"ecosystem\":\"npm\"}}"), "affected[0].package: it is missing"},
	{OSV("{" PACKAGE "}"), "affected[0].versions: no versions that a program could tell"},
	{OSV("{" PACKAGE ",\"ranges\":{}}"), "affected[0].ranges: accepted: a list"},
	{OSV("{" PACKAGE ",\"ranges\":[{\"events\":[]}]}"), "affected[0].ranges[0].type: it is missing"},
	{OSV("{" PACKAGE ",\"ranges\":[{\"type\":\"DATE\",\"events\":[]}]}"), "accepted: SEMVER, ECOSYSTEM, GIT"},
	{OSV(RANGES("")), "affected[0].ranges[0].events: accepted: a list of 1 to 64"},
	{OSV(RANGES("{\"fixed\":\"1\"}")), "no event is 'introduced'"},
	{OSV(RANGES("{\"introduced\":\"0\",\"fixed\":\"1\"}")), "events[0]: found no event, or several in one"},
	{OSV(RANGES("{\"introduced\":\"0\"},{\"fixed\":\"soon\"}")), "events[1]: found 'soon'; accepted: a version"},
	{OSV(RANGES("{\"introduced\":\"0\"},{\"fixed\":[]}")), "events[1]: found no text"},
	{OSV("{\"package\":{\"ecosystem\":\"npm\",\"name\":\"*\"},\"versions\":[\"1\"]}"), "affected[0].package: found '*'; accepted: one product's name"},
	{"id: GH-1\nproduct: 'G*'\naffected: '<1'\n", "x.json:2: product: found 'G*'"},
	/* what would be read as more of a range than it says */
	{OSV(RANGES("{\"introduced\":\"0\"},{\"fixed\":\"1.8.4 || *\"}")), "events[1]: found '1.8.4 || *'; accepted: a version"},
	{OSV(RANGES("{\"introduced\":\"0\"},{\"fixed\":\"1.8.4, <0.1\"}")), "events[1]: found '1.8.4, <0.1'"},
	{OSV(RANGES("{\"introduced\":\"0\"},{\"fixed\":\"=1.8.4\"}")), "events[1]: found '=1.8.4'"},
	{"id: GH-1\nproduct: Gajim\naffected:\n- '<1.8.4'\n", "x.json:4: affected[0]: accepted: {introduced, fixed}"},
	{"id: GH-1\nproduct: Gajim\naffected:\n- fixed: '1.8.4'\n- {}\n", "affected[1]: accepted: {introduced, fixed}"},
	{"{\"id\":\"GH-1\",\"product\":\"Gajim\",\"affected\":[null]}", "affected[0]: accepted: {introduced, fixed}"},
};

static void bad_advisories_name_field_and_remedy(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct arena *arena = arena_new(0);
		struct advisory a;
		struct err err = {.text = ""};

		assert_int_equal(read_one(&a, bad[i].text, NULL, NULL, arena, &err), -EINVAL);
		if (!strstr(err.text, bad[i].wants))
			fail_msg("case %zu: '%s' has no '%s'", i, err.text, bad[i].wants);
		arena_free(arena);
	}
}

static void packages_of_distributions_are_doubted(void **state)
{
	struct arena *arena = arena_new(0);
	struct advisory a;
	struct err err = {.text = ""};

	(void)state;
	assert_int_equal(read_one(&a,
				 OSV("{\"package\":{\"ecosystem\":\"Debian:12\",\"name\":\"gajim\"},\"ranges\":[{\"type\":\"ECOSYSTEM\",\"events\":["
				     "{\"introduced\":\"0\"},{\"fixed\":\"1.7.3-1+deb12u1\"}]}]}"),
				 NULL, NULL, arena, &err),
		0);
	assert_true(a.doubt.len > 0);
	assert_str(a.packages[0].affected, "<1.7.3-1+deb12u1");
	arena_free(arena);
}

static void the_rule_that_is_proposed_can_be_read(void **state)
{
	struct arena *arena = arena_new(0);
	struct advisory a;
	struct err err = {.text = ""};
	struct buf text = BUF_INIT(1 << 20);
	const struct yml_node *rule, *advisory;
	struct yml *tree;

	(void)state;
	assert_int_equal(read_one(&a, osv, "Ga\"j: {im}\xc2\x85#", NULL, arena, &err), 0);
	advisory_put_rule(&text, &a, advisory_slug(a.id, arena), STR("2026-11-23T00:00:00Z"), STR("root"));
	if (yml_parse(&tree, buf_view(&text), "y", &err))
		fail_msg("%s", err.text);
	rule = yml_get(yml_root(tree), "rules")->first;
	advisory = yml_get(yml_root(tree), "advisories")->first;
	assert_str(yml_get(advisory, "id")->text, "GHSA-abcd-1234-wxyz");
	assert_str(yml_get(rule, "id")->text, "advisory-ghsa-abcd-1234-wxyz");
	assert_str(yml_get(rule, "mode")->text, "observe");
	assert_str(yml_get(yml_get(rule, "clients"), "product")->text, "Ga\"j: {im}\xc2\x85#");
	assert_str(yml_get(yml_get(rule, "clients"), "versions")->text, ">=1.5, <1.8.4 || >=2.0.0, <2.1.1");
	assert_str(yml_get(yml_get(rule, "reason"), "en")->text,
		"a security flaw is known in it (GHSA-abcd-1234-wxyz), mended in 2.1.1.");
	yml_free(tree);
	buf_done(&text);
	arena_free(arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_document_of_osv_is_read),
		cmocka_unit_test(events_become_a_range),
		cmocka_unit_test(bad_advisories_name_field_and_remedy),
		cmocka_unit_test(packages_of_distributions_are_doubted),
		cmocka_unit_test(the_rule_that_is_proposed_can_be_read),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
