/* A roster in one block: what is put is found and walked over, replaced, dropped, also when the strings are views of the
 * block itself; and after many changes it is what a plain list of the same changes says. */
#include <stdio.h>
#include <stdlib.h>

#include "check.h"
#include "pubsub/options.h"
#include "route/contacts.h"
#include "route/user.h"

static void same(const struct contact *a, const struct contact *b)
{
	assert_true(str_eq(a->jid, b->jid));
	assert_true(str_eq(a->name, b->name));
	assert_true(str_eq(a->groups, b->groups));
	assert_true(str_eq(a->pending_in, b->pending_in));
	assert_int_equal(a->state, b->state);
	assert_int_equal(a->approved, b->approved);
	assert_int_equal(a->hidden, b->hidden);
}

static void keeps_all_of_a_contact(void **state)
{
	static char text[70000];
	struct contacts c = {};
	struct contact one, all[] = {
		{.jid = STR("a@example.org")},
		{.jid = STR("b@example.org"), .name = STR("Bea"), .groups = STR("work\x1f" "friends"),
			.state = SUB_TO | SUB_FROM},
		{.jid = STR("c@example.org"), .pending_in = STR("1 2 \n<presence/>"), .state = SUB_IN | SUB_OUT,
			.hidden = true},
		{.jid = STR("d"), .approved = true, .state = SUB_OUT | SUB_FROM},
		{.jid = STR("e@example.org"), .name = {text, 127}, .groups = {text, 128}, .pending_in = {text, 69999}},
		{.jid = STR("f@example.org"), .name = {text, 16383}, .groups = {text, 16384}},
	};
	uint32_t at = 0;

	(void)state;
	memset(text, 'x', sizeof(text));
	assert_false(contacts_find(&c, STR("a@example.org"), NULL));
	assert_false(contacts_next(&c, &at, &one));
	contacts_drop(&c, STR("a@example.org"));
	for (size_t i = 0; i < 6; i++) {
		assert_int_equal(contacts_set(&c, &all[i], &one), 0);
		same(&one, &all[i]);
	}
	assert_int_equal(c.count, 6);
	for (size_t i = 0; i < 6; i++) {
		assert_true(contacts_find(&c, all[i].jid, &one));
		same(&one, &all[i]);
		assert_true(contacts_next(&c, &at, &one)); /* in the order in which they were put */
		same(&one, &all[i]);
	}
	assert_false(contacts_next(&c, &at, &one));
	assert_false(contacts_find(&c, STR("g@example.org"), NULL));
	assert_false(contacts_find(&c, STR(""), NULL));
	contacts_done(&c);
}

static void knows_what_it_needs(void **state)
{
	struct contacts c = {};
	struct contact one = {.jid = STR("someone@example.org"), .name = STR("Some One"), .groups = STR("work")};
	const char *bytes;

	(void)state;
	assert_int_equal(contact_size(&one), 1 + 4 + 19 + 8 + 4);
	assert_int_equal(contacts_reserve(&c, 50, 50 * contact_size(&one)), 0);
	bytes = c.bytes;
	for (unsigned i = 0; i < 50; i++) {
		char jid[20];

		snprintf(jid, sizeof(jid), "someon%u@example.org", i % 10);
		jid[0] = (char)('a' + i / 10);
		one.jid = str_of(jid, 19);
		assert_int_equal(contacts_set(&c, &one, NULL), 0);
	}
	assert_ptr_equal(c.bytes, bytes); /* it was enough, */
	assert_int_equal(c.len, c.cap);   /* and not more */
	assert_int_equal(c.count, 50);
	contacts_done(&c);
}

/* A draft is a view that is changed a little and put back, as subscriptions do it. */
static void takes_views_of_itself(void **state)
{
	struct contacts c = {};
	struct contact one = {.jid = STR("a@example.org"), .name = STR("A"), .groups = STR("x"), .state = SUB_OUT}, now;

	(void)state;
	assert_int_equal(contacts_set(&c, &one, NULL), 0);
	assert_int_equal(contacts_set(&c, &(struct contact){.jid = STR("b")}, NULL), 0);
	for (unsigned i = 0; i < 1000; i++) {
		assert_true(contacts_find(&c, STR("a@example.org"), &one));
		one.state = i % 16;
		assert_int_equal(contacts_set(&c, &one, &now), 0);
		assert_str(now.jid, "a@example.org");
		assert_str(now.name, "A");
		assert_str(now.groups, "x");
		assert_int_equal(now.state, i % 16);
	}
	assert_int_equal(c.count, 2);
	assert_true(c.cap < 300); /* what was replaced does not pile up */
	contacts_drop(&c, now.jid);
	assert_false(contacts_find(&c, STR("a@example.org"), NULL));
	assert_true(contacts_find(&c, STR("b"), NULL));
	contacts_done(&c);
}

enum {
	NAMES = 300,
};

static void contact_of(unsigned name, unsigned turn, char text[3][64], struct contact *out)
{
	snprintf(text[0], 64, "person%u@example.org", name);
	snprintf(text[1], 64, "%.*s", (int)(turn % 40), "a name that is as long as the turn wants it to be");
	snprintf(text[2], 64, "group %u\x1f%u", turn % 7, turn);
	*out = (struct contact){.jid = str_from(text[0]),
		.name = str_from(text[1]),
		.groups = turn % 3 ? str_from(text[2]) : STR_NONE,
		.state = turn % 16,
		.approved = turn % 5 == 0,
		.hidden = turn % 7 == 0};
}

static void is_what_a_list_would_be(void **state)
{
	unsigned turns[NAMES] = {}, seed = 7, count = 0, hidden = 0, seen = 0;
	struct contacts c = {};
	struct contact want, one;
	char text[3][64];

	(void)state;
	for (unsigned turn = 1; turn < 30000; turn++) {
		unsigned name = (unsigned)rand_r(&seed) % NAMES;

		contact_of(name, turn, text, &want);
		hidden -= turns[name] && turns[name] % 7 == 0;
		if (rand_r(&seed) % 3) {
			assert_int_equal(contacts_set(&c, &want, NULL), 0);
			count += turns[name] == 0;
			turns[name] = turn;
			hidden += want.hidden;
		} else {
			contacts_drop(&c, want.jid);
			count -= turns[name] != 0;
			turns[name] = 0;
		}
		assert_int_equal(c.count, count);
		assert_int_equal(c.hidden, hidden);
		name = (unsigned)rand_r(&seed) % NAMES;
		contact_of(name, turns[name], text, &want);
		assert_int_equal(contacts_find(&c, want.jid, &one), turns[name] != 0);
		if (turns[name])
			same(&one, &want);
	}
	for (uint32_t at = 0; contacts_next(&c, &at, &one); seen++) {
		unsigned name = (unsigned)atoi(one.jid.data + strlen("person"));

		contact_of(name, turns[name], text, &want);
		same(&one, &want);
	}
	assert_int_equal(seen, count);
	contacts_done(&c);
}

static void splits_groups(void **state)
{
	struct str rest = STR("one\x1ftwo"), name;

	(void)state;
	assert_true(list_next(&rest, &name));
	assert_str(name, "one");
	assert_true(list_next(&rest, &name));
	assert_str(name, "two");
	assert_false(list_next(&rest, &name));
	rest = STR_NONE;
	assert_false(list_next(&rest, &name));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keeps_all_of_a_contact),
		cmocka_unit_test(knows_what_it_needs),
		cmocka_unit_test(takes_views_of_itself),
		cmocka_unit_test(is_what_a_list_would_be),
		cmocka_unit_test(splits_groups),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
