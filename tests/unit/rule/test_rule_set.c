#include "check.h"

#include <errno.h>
#include <pthread.h>

#include "base/arena.h"
#include "policy_dir.h"
#include "rule/policy_set.h"

#define HEAD "rules:\n- id: a\n  purpose: p\n  action: log\n  mode: enforce\n"
#define WORDS "  match: {words: [one]}\n"

static const struct {
	const char *rules, *wants; /* a piece of the first error */
} bad[] = {
	{"rules: 1\n", "test.yaml:1:8: rules: found a scalar; accepted: a list of rules"},
	{"rulez: []\n", "did you mean 'rules'?"},
	{"- a\n", "accepted: 'rules:' and a list"},
	{"rules:\n- x\n", "rule: found a scalar; accepted: a map"},
	{"rules:\n- id: A\n", "id: found 'A'; accepted: small letters"},
	{"rules:\n- idd: a\n", "did you mean 'id'?"},
	{"rules:\n- {id: a, purpose: p, action: log, mode: enforce}\n", "the rule has no 'match'"},
	{"rules:\n- {id: a, purpose: p, action: log, match: {words: [x]}}\n",
		"no 'mode'; accepted: observe, enforce"},
	{"rules:\n- {id: a, purpose: p, mode: observe, match: {words: [x]}}\n",
		"no 'action'; accepted: allow, log, strip, block"},
	{"rules:\n- {id: a, action: log, mode: observe, match: {words: [x]}}\n", "the rule has no 'purpose'"},
	{"rules:\n- {purpose: p, action: log, mode: observe, match: {words: [x]}}\n", "the rule has no 'id'"},
	{"rules:\n- {id: a, purpose: p, action: blok, mode: observe, match: {words: [x]}}\n",
		"action: found 'blok'; did you mean 'block'? accepted: allow, log, strip, block"},
	{"rules:\n- {id: a, purpose: p, action: block, mode: observe, match: {words: [x]}}\n", "no 'notice'"},
	{HEAD WORDS "  kinds: [mesage]\n", "did you mean 'message'?"},
	{HEAD WORDS "  kinds: []\n", "kinds: found an empty list"},
	{HEAD WORDS "  from: alice\n", "found 'alice'; accepted: anyone, inside"},
	{HEAD WORDS "  from: 'person:alice@example.org/phone'\n", "without resource"},
	{HEAD WORDS "  to: []\n", "found an empty list; accepted: anyone"},
	{HEAD WORDS "  to: 'domain:exa mple'\n", "which is not a domain name"},
	{HEAD WORDS "  direction: both\n", "'direction' does not belong in a rule of type content"},
	{HEAD WORDS "  type: walls\n", "did you mean 'wall'?"},
	{HEAD "  match: {}\n", "found nothing to look for"},
	{HEAD "  match: {words: [x], case: exact}\n", "'case' is for 'regex'"},
	{HEAD "  match: {regex: x, evasions: true}\n", "'evasions' is for"},
	{HEAD "  match: {words: [x], evasions: maybe}\n", "accepted: true, false"},
	{HEAD "  match: {words: ['*']}\n", "found an empty word"},
	{HEAD "  match: {words: ['a*b']}\n", "a '*' inside a word"},
	{HEAD "  match: {words: [[x]]}\n", "something that is no word"},
	{HEAD "  match: {regex: ''}\n", "regex: found 0 bytes"},
	{HEAD "  match: {detector: card}\n", "accepted: payment-card"},
	{HEAD "  match: {dictionary: nowhere}\n", "dictionary"},
	{HEAD "  match: {word: [x]}\n", "did you mean 'words'?"},
	{HEAD WORDS "  notice: hello\n", "notice: found scalar; accepted: a map"},
	{HEAD WORDS "  notice: {e: x}\n", "a language tag"},
	{HEAD WORDS "  notice: {en: ''}\n", "notice: found 0 bytes"},
	{HEAD WORDS "  samples: {}\n", "samples: found map; accepted: a list"},
	{HEAD WORDS "  samples: [{text: x}]\n", "the sample has no 'verdict'; accepted: hit, clean"},
	{HEAD WORDS "  samples: [{verdict: hit}]\n", "the sample has no 'text'"},
	{HEAD WORDS "  samples: [{text: x, verdict: hits}]\n", "did you mean 'hit'?"},
	{HEAD WORDS "- id: a\n  purpose: p\n  action: log\n  mode: enforce\n" WORDS,
		"'a' is taken by the rule at rules/test.yaml:2"},
	{HEAD "  type: wall\n", "the rule has no 'from'"},
	{HEAD "  type: wall\n  from: anyone\n  to: anyone\n" WORDS,
		"'match' does not belong in a rule of type wall"},
	{HEAD "  type: wall\n  from: anyone\n  to: anyone\n  samples: [{verdict: hit}]\n",
		"needs 'from' and 'to'"},
	{HEAD "  type: wall\n  from: anyone\n  to: anyone\n  kinds: nick\n",
		"accepted: message, presence, subscription, iq"},
	{HEAD WORDS "  type: namespace\n", "accepted in a rule of type namespace: namespaces, or not_namespaces"},
	{HEAD "  match: {namespaces: [urn:x]}\n", "'namespaces' is for rules of type namespace"},
	{HEAD "  type: namespace\n  match: {namespaces: [a], not_namespaces: [b]}\n", "namespaces, or not_namespaces"},
	{HEAD "  type: namespace\n  match: {namespaces: ['jabber:client']}\n", "nobody can do without 'jabber:client'"},
	{HEAD "  type: namespace\n  match: {namespaces: ['']}\n", "namespace: found 0 bytes"},
	{HEAD "  type: namespace\n  match: {namespaces: [a]}\n  kinds: iq\n", "'kinds' does not belong in a rule of type namespace"},
	{"rules:\n- {id: a, purpose: p, action: strip, mode: observe, notice: {en: x}, match: {words: [x]}}\n",
		"'strip' is for rules of type namespace"},
	{"rules:\n- {id: a, purpose: p, action: strip, mode: observe, type: namespace, match: {namespaces: [x]}}\n",
		"no 'notice'"},
	{HEAD WORDS "  campaign: {deny_from: 2026-10-15}\n", "'campaign' does not belong in a rule of type content"},
	{HEAD "  type: namespace\n  match: {namespaces: [a]}\n  campaign: {deny_from: 2026-10-15}\n", "a campaign ends in 'action: block'"},
	{"rules:\n- {id: a, purpose: p, action: block, mode: observe, type: namespace, notice: {en: x}, match: {namespaces: [x]}, "
	 "campaign: {warn_from: 2026-10-15}}\n",
		"the campaign has no 'deny_from'"},
	{"rules:\n- id: a\n  id: b\n", "test.yaml"},
	{"rules: [\n", "test.yaml"},
	{"rules:\n- &x {id: a}\n", "test.yaml"},
};

static void bad_rules_are_refused_with_place_and_remedy(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct policy_dir d = policy_dir_make(bad[i].rules);
		struct arena *arena = arena_new(0);
		struct problems problems = {.arena = arena};
		struct policy_set *set = NULL;
		struct err err = {};
		bool found = false;

		assert_int_equal(policy_set_load_all(&set, d.path, NULL, &problems), -EINVAL);
		assert_null(set);
		for (const struct problem *p = problems.first; p; p = p->next) {
			struct problems one = {
				.arena = arena, .count = 1, .first = (struct problem *)(uintptr_t)p};

			assert_int_equal(problems_to_err(&one, &err), -EINVAL);
			found |= strstr(err.text, bad[i].wants) != NULL;
		}
		if (!found)
			fail_msg("case %zu: '%s' has no '%s'", i, err.text, bad[i].wants);
		arena_free(arena);
		policy_dir_remove(&d);
	}
}

static const struct {
	const char *file, *text, *wants;
} bad_files[] = {
	{"policy.yaml", "", "there is no 'on_error'"},
	{"policy.yaml", "on_error: hold\n", "accepted: block, allow"},
	{"policy.yaml", "on_error: block\n", "needs a 'notice'"},
	{"policy.yaml", "on_error: allow\ninspect_bytes: 5\n", "accepted: a number from 1024"},
	{"policy.yaml", "on_error: allow\non_err: x\n", "did you mean 'on_error'?"},
	{"policy.yaml", "\xff", "not UTF-8"},
	{"rules/more.yml", "rules: []\n", "a file that is not read here"},
	{"dictionaries/Words.txt", "x\n", "file name"},
	{"dictionaries/words.txt", "[a b]\n", "accepted: [category]"},
	{"dictionaries/words.txt", "x\n**\n", "words.txt:2: found an empty word"},
};

static void bad_files_are_named(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(bad_files) / sizeof(*bad_files); i++) {
		struct policy_dir d = policy_dir_make(NULL);
		struct policy_set *set = NULL;
		struct err err = {};

		policy_dir_write(&d, bad_files[i].file, bad_files[i].text);
		assert_int_equal(policy_set_load(&set, d.path, NULL, &err), -EINVAL);
		if (!strstr(err.text, bad_files[i].wants) || !strstr(err.text, bad_files[i].file))
			fail_msg("case %zu: '%s' has no '%s'", i, err.text, bad_files[i].wants);
		policy_dir_remove(&d);
	}
}

static void a_missing_directory_is_named(void **state)
{
	struct policy_set *set = NULL;
	struct err err = {};

	(void)state;
	assert_int_equal(policy_set_load(&set, "/nonexistent/policy", NULL, &err), -EINVAL);
	assert_non_null(strstr(err.text, "/nonexistent/policy"));
}

static const char full[] = "rules:\n"
			   "- id: one\n"
			   "  purpose: all there is\n"
			   "  from: [inside, 'person:Alice@Example.ORG']\n"
			   "  to: 'group:Board'\n"
			   "  not_to: 'domain:EXAMPLE.net'\n"
			   "  kinds: [message, identifier]\n"
			   "  match:\n"
			   "    words: [own, 'open*']\n"
			   "    dictionary: [some, both/second]\n"
			   "    regex: ['a+b', 'c d']\n"
			   "    case: exact\n"
			   "    detector: payment-card\n"
			   "    evasions: true\n"
			   "  action: block\n"
			   "  mode: observe\n"
			   "  notice: {en: no, de-CH: nei}\n"
			   "  samples:\n"
			   "  - {text: own, verdict: hit}\n"
			   "  - {text: none, verdict: clean, kind: message, from: 'group:Board', to: "
			   "[outside, 'person:x@y.z']}\n";

static struct policy_dir full_dir(void)
{
	struct policy_dir d = policy_dir_make(full);

	policy_dir_write(&d, "dictionaries/some.txt", "# a comment\n\n  first phrase  # why\n*second\nC#\n");
	policy_dir_write(&d, "dictionaries/both.txt", "zero\n[first]\none\n[second]\ntwo\nthree\n");
	policy_dir_write(&d, "dictionaries/unused.txt", "x\n");
	policy_dir_write(&d, "rules/README.md", "not a rule");
	policy_dir_write(&d, "rules/.test.yaml.swp", "not a rule");
	return d;
}

static void all_parts_of_a_rule_are_read(void **state)
{
	struct policy_dir d = full_dir();
	struct policy_set *set = NULL;
	const struct rule *r;
	struct err err = {};

	(void)state;
	if (policy_set_load(&set, d.path, NULL, &err))
		fail_msg("%s", err.text);
	r = rule_set_find(policy_set_rules(set), STR("one"));
	assert_non_null(r);
	assert_ptr_equal(r, rule_set_rule(policy_set_rules(set), 0));
	assert_null(rule_set_find(policy_set_rules(set), STR("two")));
	assert_str(r->file, "rules/test.yaml");
	assert_int_equal(r->line, 2);
	assert_str(r->from.terms[1].name, "alice@example.org");
	assert_str(r->not_to.terms[0].name, "example.net");
	assert_int_equal(r->kinds, 1 << KIND_MESSAGE | 1 << KIND_IDENTIFIER);
	assert_true(r->names_identifiers);
	assert_int_equal(r->action, ACTION_BLOCK);
	assert_int_equal(r->mode, MODE_OBSERVE);
	assert_true(r->evasions);
	assert_int_equal(r->word_count, 7);
	assert_str(r->words[1].text, "open");
	assert_true(r->words[1].open_right && !r->words[1].open_left);
	assert_str(r->words[2].text, "first phrase");
	assert_str(r->words[2].source, "some");
	assert_int_equal(r->words[2].line, 3);
	assert_true(r->words[3].open_left);
	assert_str(r->words[4].text, "C#");
	assert_str(r->words[6].text, "three");
	assert_str(r->words[6].source, "both/second");
	assert_int_equal(r->regex_count, 2);
	assert_true(r->regexes[1].keep_case);
	assert_int_equal(r->detectors, 1 << DETECTOR_PAYMENT_CARD);
	assert_str(r->notice->next->lang, "de-CH");
	assert_int_equal(r->sample_count, 2);
	assert_true(r->samples[0].hit);
	assert_null(r->samples[0].from);
	assert_int_equal(r->samples[0].kind, KIND_MESSAGE);
	assert_str(r->samples[1].from->groups[0], "Board");
	assert_false(r->samples[1].to->inside);
	assert_str(r->samples[1].to->domain, "y.z");
	policy_set_unref(set);
	policy_dir_remove(&d);
}

static void the_version_changes_with_any_byte(void **state)
{
	struct policy_dir d = full_dir();
	struct policy_set *one = NULL, *same = NULL, *other = NULL;

	(void)state;
	assert_int_equal(policy_set_load(&one, d.path, NULL, NULL), 0);
	assert_int_equal(policy_set_load(&same, d.path, NULL, NULL), 0);
	policy_dir_write(&d, "dictionaries/unused.txt", "y\n");
	assert_int_equal(policy_set_load(&other, d.path, NULL, NULL), 0);
	assert_int_equal(strlen(policy_set_version(one)), POLICY_VERSION_LEN);
	assert_string_equal(policy_set_version(one), policy_set_version(same));
	assert_string_not_equal(policy_set_version(one), policy_set_version(other));
	assert_int_equal(policy_set_counts(one).words, 7);
	assert_int_equal(policy_set_counts(one).samples, 2);
	policy_set_unref(one);
	policy_set_unref(same);
	policy_set_unref(other);
	policy_dir_remove(&d);
}

static void unused_count(struct str name, void *owner)
{
	assert_str(name, "unused");
	++*(int *)owner;
}

static void unused_dictionaries_are_known(void **state)
{
	struct policy_dir d = full_dir();
	struct policy_set *set = NULL;
	int count = 0;

	(void)state;
	assert_int_equal(policy_set_load(&set, d.path, NULL, NULL), 0);
	rule_set_unused(policy_set_rules(set), unused_count, &count);
	assert_int_equal(count, 1);
	policy_set_unref(set);
	policy_dir_remove(&d);
}

static void *reader(void *owner)
{
	for (int i = 0; i < 1000; i++) {
		struct policy_set *mine = policy_set_ref(owner);

		assert_int_equal(rule_set_count(policy_set_rules(mine)), 1);
		policy_set_unref(mine);
	}
	policy_set_unref(owner);
	arena_pool_drain();
	return NULL;
}

static void a_set_is_shared_by_threads(void **state)
{
	struct policy_dir d = full_dir();
	struct policy_set *set = NULL;
	pthread_t threads[3];

	(void)state;
	assert_int_equal(policy_set_load(&set, d.path, NULL, NULL), 0);
	for (int i = 0; i < 3; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, reader, policy_set_ref(set)), 0);
	policy_set_unref(set);
	for (int i = 0; i < 3; i++)
		pthread_join(threads[i], NULL);
	policy_dir_remove(&d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bad_rules_are_refused_with_place_and_remedy),
		cmocka_unit_test(bad_files_are_named),
		cmocka_unit_test(a_missing_directory_is_named),
		cmocka_unit_test(all_parts_of_a_rule_are_read),
		cmocka_unit_test(the_version_changes_with_any_byte),
		cmocka_unit_test(unused_dictionaries_are_known),
		cmocka_unit_test(a_set_is_shared_by_threads),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
