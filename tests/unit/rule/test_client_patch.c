#include "check.h"

#include "base/clock.h"
#include "client_dir.h"
#include "rule/client_patch.h"
#include "stanza/ns.h"

#define PATCH(id, elements, action, mode)                                                                                 \
	"- {id: " id ", purpose: p, clients: {product: Gajim, versions: '<1.8'}, elements: " elements ", action: " action         \
	", mode: " mode "}\n"

static struct client_patches *patches_for(struct policy_set *set, const char *version)
{
	struct judgement j = client_named("Gajim", version, "Linux");
	struct client_case c = {.client = &j};
	bool failed;
	struct client_patches *p = client_patches_new(set, &c, &failed);

	assert_false(failed);
	return p;
}

/* <message><body/><wrap xmlns=urn:w><bad xmlns=urn:x/></wrap></message> */
static struct node *stanza(struct arena *a, struct str name, const char *type)
{
	struct node *s = node_new(a, name, NS_CLIENT);

	if (type)
		node_set_attr(a, s, STR("type"), str_from(type));
	node_add(a, s, STR("body"), NS_CLIENT);
	node_add(a, node_add(a, s, STR("wrap"), STR("urn:w")), STR("bad"), STR("urn:x:1"));
	return s;
}

static struct node *wrap_of(const struct node *s)
{
	return node_child(s, STR("wrap"), STR("urn:w"));
}

static void what_crashes_a_client_is_taken_out_at_any_depth(void **state)
{
	struct arena *a = arena_new(0);
	struct policy_set *set = clients_load("patches:\n" PATCH("x", "['urn:x:*']", "strip", "enforce"));
	struct client_patches *p = patches_for(set, "1.7.3"), *other = patches_for(set, "1.8.0");
	struct node *s = stanza(a, STR("message"), NULL);
	struct patch_finding found;

	(void)state;
	assert_null(other);
	assert_false(client_patches_touch(other, s));
	assert_int_equal(client_patches_apply(other, s, NULL), PATCH_UNTOUCHED);
	policy_set_unref(set); /* the patches keep it */
	assert_true(client_patches_touch(p, s));
	assert_int_equal(client_patches_apply(p, s, &found), PATCH_STRIPPED);
	assert_str(found.rule, "x");
	assert_null(wrap_of(s)->first);
	assert_non_null(node_child(s, STR("body"), NS_CLIENT));
	assert_false(client_patches_touch(p, s));
	assert_int_equal(client_patches_apply(p, s, &found), PATCH_UNTOUCHED);
	assert_int_equal(found.rule.len, 0);
	client_patches_unref(client_patches_ref(p));
	client_patches_unref(p);
	arena_free(a);
}

/* As many as a stanza holds, among others that stay as they stood. */
static void all_of_many_are_taken_out_and_the_rest_keeps_its_order(void **state)
{
	enum { PAIRS = 20000 };
	struct arena *a = arena_new(0);
	struct policy_set *set = clients_load("patches:\n" PATCH("x", "['urn:x:*']", "strip", "enforce"));
	struct client_patches *p = patches_for(set, "1.7.3");
	struct node *s = stanza(a, STR("message"), NULL), *wrap = wrap_of(s);
	size_t kept = 0;

	(void)state;
	for (unsigned i = 0; i < PAIRS; i++) {
		node_set_attr(a, node_add(a, wrap, STR("good"), STR("urn:w")), STR("n"), arena_printf(a, "%u", i));
		node_add(a, wrap, STR("bad"), STR("urn:x:1"));
	}
	assert_int_equal(client_patches_apply(p, s, NULL), PATCH_STRIPPED);
	assert_false(client_patches_touch(p, s));
	assert_true(node_is(s->first, STR("body"), NS_CLIENT) && s->last == wrap);
	node_each (c, wrap)
		assert_true(str_eq(node_attr(c, STR("n")), arena_printf(a, "%zu", kept++)));
	assert_int_equal(kept, PAIRS);
	client_patches_unref(p);
	policy_set_unref(set);
	arena_free(a);
}

static void a_child_of_a_core_namespace_may_be_named(void **state)
{
	struct arena *a = arena_new(0);
	struct policy_set *set = clients_load("patches:\n" PATCH("x", "[{namespace: 'jabber:client', name: thread}]", "strip", "enforce"));
	struct client_patches *p = patches_for(set, "1.7.3");
	struct node *s = stanza(a, STR("message"), NULL);

	(void)state;
	assert_false(client_patches_touch(p, s));
	node_add(a, s, STR("thread"), NS_CLIENT);
	assert_int_equal(client_patches_apply(p, s, NULL), PATCH_STRIPPED);
	assert_null(node_child(s, STR("thread"), NS_CLIENT));
	client_patches_unref(p);
	policy_set_unref(set);
	arena_free(a);
}

static void a_question_never_loses_its_payload(void **state)
{
	struct arena *a = arena_new(0);
	struct policy_set *set = clients_load("patches:\n" PATCH("x", "['urn:w']", "strip", "enforce"));
	struct client_patches *p = patches_for(set, "1.7.3");
	struct node *question = stanza(a, STR("iq"), "set"), *answer = stanza(a, STR("iq"), "result"),
		    *message = stanza(a, STR("message"), NULL);

	(void)state;
	assert_int_equal(client_patches_apply(p, question, NULL), PATCH_REFUSED);
	assert_non_null(wrap_of(question));
	assert_int_equal(client_patches_apply(p, answer, NULL), PATCH_STRIPPED);
	assert_int_equal(client_patches_apply(p, message, NULL), PATCH_STRIPPED);
	assert_null(wrap_of(message));
	client_patches_unref(p);
	policy_set_unref(set);
	arena_free(a);
}

static void a_stanza_may_be_refused_or_only_watched(void **state)
{
	struct arena *a = arena_new(0);
	struct policy_set *set = clients_load("patches:\n" PATCH("o", "['urn:x:1']", "refuse", "observe"));
	struct client_patches *p = patches_for(set, "1.7.3");
	struct node *s = stanza(a, STR("message"), NULL);
	struct patch_finding found;

	(void)state;
	assert_true(client_patches_touch(p, s));
	assert_int_equal(client_patches_apply(p, s, &found), PATCH_UNTOUCHED);
	assert_str(found.observed, "o");
	assert_int_equal(found.rule.len, 0);
	client_patches_unref(p);
	policy_set_unref(set);
	set = clients_load("patches:\n" PATCH("r", "['urn:x:1']", "refuse", "enforce"));
	p = patches_for(set, "1.7.3");
	assert_int_equal(client_patches_apply(p, s, &found), PATCH_REFUSED);
	assert_str(found.rule, "r");
	client_patches_unref(p);
	policy_set_unref(set);
	arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_crashes_a_client_is_taken_out_at_any_depth),
		cmocka_unit_test(all_of_many_are_taken_out_and_the_rest_keeps_its_order),
		cmocka_unit_test(a_child_of_a_core_namespace_may_be_named),
		cmocka_unit_test(a_question_never_loses_its_payload),
		cmocka_unit_test(a_stanza_may_be_refused_or_only_watched),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
