#include "check.h"

#include <malloc.h>
#include <pthread.h>
#include <stdio.h>

#include "account/directory.h"

static const struct str groups[] = {STR("staff"), STR("traders")};

static struct store_account row(const char *jid)
{
	return (struct store_account){.person_id = STR("abcdefghijklmnopqrstuvwxyz"),
		.jid = str_from(jid),
		.name = STR("Alice Adams"),
		.mail = STR("alice@mail.example"),
		.language = STR("en"),
		.department = STR("Trading"),
		.groups = groups,
		.groups_len = 2};
}

static void people_are_found_replaced_and_removed(void **state)
{
	struct store_account a = row("alice@example.org");
	struct directory *d;
	const struct person *before, *after;

	(void)state;
	assert_int_equal(directory_new(&d), 0);
	assert_null(directory_get(d, STR("alice@example.org")));
	assert_int_equal(directory_put(d, &a), 0);
	before = directory_get(d, STR("alice@example.org"));
	assert_str(before->id, "abcdefghijklmnopqrstuvwxyz");
	assert_str(before->name, "Alice Adams");
	assert_str(before->mail, "alice@mail.example");
	assert_str(before->department, "Trading");
	assert_true(person_in_group(before, STR("traders")) && !person_in_group(before, STR("trader")));
	a.disabled = true;
	a.groups_len = 0;
	assert_int_equal(directory_put(d, &a), 0);
	after = directory_get(d, STR("alice@example.org"));
	assert_true(after->disabled && !before->disabled && before->groups_len == 2);
	assert_int_equal(directory_count(d), 1);
	directory_remove(d, STR("alice@example.org"));
	directory_remove(d, STR("alice@example.org"));
	assert_null(directory_get(d, STR("alice@example.org")));
	assert_int_equal(directory_count(d), 0);
	assert_str(after->jid, "alice@example.org"); /* held: still there */
	person_unref(before);
	person_unref(after);
	directory_free(d);
	assert_null(person_unref(NULL));
}

static void what_was_proven_ends_with_the_keys(void **state)
{
	struct store_account a = row("alice@example.org");
	const struct person *first, *renamed, *changed, *disabled;
	struct directory *d;

	(void)state;
	assert_int_equal(directory_new(&d), 0);
	assert_int_equal(directory_put(d, &a), 0);
	first = directory_get(d, a.jid);
	a.name = STR("Alice Baker");
	assert_int_equal(directory_put(d, &a), 0);
	renamed = directory_get(d, a.jid);
	assert_int_equal(directory_put_keys(d, &a), 0);
	changed = directory_get(d, a.jid);
	a.disabled = true;
	assert_int_equal(directory_put_keys(d, &a), 0);
	disabled = directory_get(d, a.jid);
	assert_true(person_is_still(first, first) && person_is_still(first, renamed));
	assert_false(person_is_still(first, changed) || person_is_still(disabled, disabled));
	assert_false(person_is_still(first, NULL) || person_is_still(NULL, first));
	directory_remove(d, a.jid);
	a = row("alice@example.org");
	a.person_id = STR("zyxwvutsrqponmlkjihgfedcba");
	assert_int_equal(directory_put(d, &a), 0);
	person_unref(disabled);
	disabled = directory_get(d, a.jid);
	assert_false(person_is_still(first, disabled)); /* somebody else of that name */
	person_unref(first);
	person_unref(renamed);
	person_unref(changed);
	person_unref(disabled);
	directory_free(d);
}

/* ---- groups ---- */

static bool count_member(const struct person *p, void *owner)
{
	unsigned *count = owner;

	(void)p;
	++*count;
	return true;
}

static unsigned members(struct directory *d, const char *group)
{
	unsigned count = 0;

	directory_each_member(d, str_from(group), count_member, &count);
	return count;
}

static void members_of_groups_follow_every_change(void **state)
{
	static const struct str twice[] = {STR("staff"), STR("staff")};
	struct store_account a = row("alice@example.org"), b = row("bob@example.org");
	struct directory *d;

	(void)state;
	assert_int_equal(directory_new(&d), 0);
	assert_true(members(d, "staff") == 0 && directory_group_sum(d, STR("staff")) == 0);
	assert_int_equal(directory_put(d, &a), 0);
	assert_int_equal(directory_put(d, &b), 0);
	assert_true(members(d, "staff") == 2 && members(d, "traders") == 2);
	b.groups_len = 1;
	assert_int_equal(directory_put(d, &b), 0);
	assert_true(members(d, "staff") == 2 && members(d, "traders") == 1);
	a.groups = twice;
	assert_int_equal(directory_put(d, &a), 0);
	assert_true(members(d, "staff") == 2 && members(d, "traders") == 0);
	directory_remove(d, a.jid);
	directory_remove(d, b.jid);
	assert_true(members(d, "staff") == 0 && directory_group_sum(d, STR("staff")) == 0);
	directory_free(d);
}

static void the_sum_of_a_group_says_what_others_see(void **state)
{
	struct store_account a = row("alice@example.org"), b = row("bob@example.org");
	struct directory *d;
	uint64_t alone, both;

	(void)state;
	assert_int_equal(directory_new(&d), 0);
	assert_int_equal(directory_put(d, &a), 0);
	alone = directory_group_sum(d, STR("staff"));
	assert_true(alone == directory_group_sum(d, STR("traders"))); /* who is in it, not how it is called */
	assert_int_equal(directory_put(d, &b), 0);
	both = directory_group_sum(d, STR("staff"));
	assert_true(both != alone);
	b.disabled = true;
	assert_int_equal(directory_put(d, &b), 0);
	assert_true(directory_group_sum(d, STR("staff")) == alone && members(d, "staff") == 2);
	b.disabled = false;
	b.name = STR("Bob");
	assert_int_equal(directory_put(d, &b), 0);
	assert_true(directory_group_sum(d, STR("staff")) != both);
	b.name = a.name;
	b.mail = STR("elsewhere");
	assert_int_equal(directory_put(d, &b), 0);
	assert_true(directory_group_sum(d, STR("staff")) == both);
	directory_free(d);
}

struct seen {
	unsigned came, changed, went;
};

static void on_changed(void *owner, const struct person *was, const struct person *is)
{
	struct seen *seen = owner;

	seen->came += !was;
	seen->changed += was && is;
	seen->went += !is;
}

static void a_watcher_hears_of_every_change(void **state)
{
	struct store_account a = row("alice@example.org");
	struct seen seen = {};
	struct directory *d;

	(void)state;
	assert_int_equal(directory_new(&d), 0);
	directory_watch(d, on_changed, &seen);
	assert_int_equal(directory_put(d, &a), 0);
	assert_int_equal(directory_put(d, &a), 0);
	directory_remove(d, a.jid);
	directory_remove(d, a.jid);
	assert_true(seen.came == 1 && seen.changed == 1 && seen.went == 1);
	directory_watch(d, NULL, NULL);
	assert_int_equal(directory_put(d, &a), 0);
	assert_true(seen.came == 1);
	directory_free(d);
}

static bool count_some(const struct person *p, void *owner)
{
	unsigned *count = owner;

	return p->jid.len > 0 && ++*count < 10;
}

static void twenty_thousand_fit_into_ten_megabytes(void **state)
{
	struct mallinfo2 before = mallinfo2(), after;
	struct directory *d;
	unsigned count = 0;
	char jid[40];

	(void)state;
	assert_int_equal(directory_new(&d), 0);
	for (int i = 0; i < 20000; i++) {
		struct store_account a;
		struct store_accounts one = {.rows = &a, .len = 1};

		snprintf(jid, sizeof(jid), "first.last%d@example.org", i);
		a = row(jid);
		assert_int_equal(directory_load(d, &one), 0);
	}
	after = mallinfo2();
	assert_true(after.uordblks - before.uordblks < 10 * 1000 * 1000);
	assert_int_equal(directory_count(d), 20000);
	directory_each(d, count_some, &count);
	assert_int_equal(count, 10);
	directory_free(d);
}

static void *look_up(void *arg)
{
	for (int i = 0; i < 20000; i++) {
		const struct person *p = directory_get(arg, STR("alice@example.org"));

		if (p && p->groups_len > 0 && !str_is(p->groups[0], "staff"))
			return arg;
		person_unref(p);
	}
	return NULL;
}

static void look_ups_and_changes_at_once(void **state)
{
	struct store_account a = row("alice@example.org");
	pthread_t threads[3];
	struct directory *d;
	void *wrong;

	(void)state;
	assert_int_equal(directory_new(&d), 0);
	for (int i = 0; i < 3; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, look_up, d), 0);
	for (int i = 0; i < 2000; i++) {
		a.groups_len = (size_t)(i % 3);
		assert_int_equal(directory_put(d, &a), 0);
		if (i % 5 == 0)
			directory_remove(d, a.jid);
	}
	for (int i = 0; i < 3; i++) {
		pthread_join(threads[i], &wrong);
		assert_null(wrong);
	}
	directory_free(d);
}

/* ---- names ---- */

static void put_called(struct directory *d, const char *jid, const char *name)
{
	struct store_account a = row(jid);

	a.name = str_from(name);
	assert_int_equal(directory_put(d, &a), 0);
}

static void assert_namesake(struct directory *d, const char *text, const char *self, const char *jid)
{
	const struct person *p = directory_namesake(d, str_from(text), str_from(self), NULL, NULL);

	if (!jid && p)
		fail_msg("'%s' is taken for %.*s", text, (int)p->jid.len, p->jid.data);
	if (jid) {
		assert_non_null(p);
		assert_str(p->jid, jid);
	}
	person_unref(p);
}

static bool is_not_juliet(const struct person *p, void *owner)
{
	(void)owner;
	return !str_is(p->jid, "juliet@example.org");
}

static void who_is_called_so_is_found(void **state)
{
	struct directory *d;

	(void)state;
	assert_int_equal(directory_new(&d), 0);
	put_called(d, "juliet@example.org", "Juliet Capulet");
	put_called(d, "ian@example.org", "");
	assert_namesake(d, "julie", "", NULL);
	assert_namesake(d, "juliet", "", "juliet@example.org");
	assert_namesake(d, "Ju1iet", "", "juliet@example.org");
	assert_namesake(d, "\u0458uliet C\u0430pulet", "romeo@example.org", "juliet@example.org");
	assert_namesake(d, "JULIET.CAPULET", "romeo@example.org", "juliet@example.org");
	assert_namesake(d, "juliet", "juliet@example.org", NULL); /* she is */
	assert_namesake(d, "lan", "", NULL);
	assert_namesake(d, "", "", NULL);
	assert_null(directory_namesake(d, STR("juliet"), STR(""), is_not_juliet, NULL));
	put_called(d, "lan@example.org", "juliet"); /* she is called like another, and so is he */
	assert_namesake(d, "juliet", "lan@example.org", NULL);
	put_called(d, "juliet@example.org", "Lady Capulet");
	assert_namesake(d, "juliet capulet", "", NULL);
	assert_namesake(d, "lady capulet", "", "juliet@example.org");
	directory_remove(d, STR("juliet@example.org"));
	directory_remove(d, STR("lan@example.org"));
	assert_namesake(d, "juliet", "", NULL);
	assert_namesake(d, "lady capulet", "", NULL);
	directory_free(d);
}

static bool is_disabled(const struct person *p, void *owner)
{
	(void)owner;
	return p->disabled;
}

static void who_changes_otherwise_is_found_as_he_is_now_and_goes_with_his_name(void **state)
{
	struct store_account a = row("juliet@example.org");
	const struct person *p;
	struct directory *d;

	(void)state;
	a.name = STR("Juliet Capulet");
	assert_int_equal(directory_new(&d), 0);
	assert_int_equal(directory_put(d, &a), 0);
	a.disabled = true;
	assert_int_equal(directory_put(d, &a), 0);
	p = directory_namesake(d, STR("juliet capulet"), STR(""), is_disabled, NULL);
	assert_non_null(p);
	person_unref(p);
	put_called(d, "juliet@example.org", "Lady Capulet");
	assert_namesake(d, "juliet capulet", "", NULL);
	directory_remove(d, STR("juliet@example.org"));
	assert_namesake(d, "juliet", "", NULL);
	directory_free(d);
}

static void many_come_and_go_and_the_rest_is_found(void **state)
{
	struct directory *d;
	char jid[64], name[64];

	(void)state;
	assert_int_equal(directory_new(&d), 0);
	for (int i = 0; i < 3000; i++) {
		snprintf(jid, sizeof(jid), "user%d@example.org", i);
		snprintf(name, sizeof(name), i % 3 ? "Alice Adams" : "Name %d", i);
		put_called(d, jid, name);
	}
	for (int i = 0; i < 3000; i += 2) {
		snprintf(jid, sizeof(jid), "user%d@example.org", i);
		directory_remove(d, str_from(jid));
	}
	for (int i = 0; i < 3000; i++) {
		snprintf(name, sizeof(name), "USER_%d", i);
		snprintf(jid, sizeof(jid), "user%d@example.org", i);
		assert_namesake(d, name, "", i % 2 ? jid : NULL);
	}
	directory_free(d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(people_are_found_replaced_and_removed),
		cmocka_unit_test(what_was_proven_ends_with_the_keys),
		cmocka_unit_test(members_of_groups_follow_every_change),
		cmocka_unit_test(the_sum_of_a_group_says_what_others_see),
		cmocka_unit_test(a_watcher_hears_of_every_change),
		cmocka_unit_test(twenty_thousand_fit_into_ten_megabytes),
		cmocka_unit_test(look_ups_and_changes_at_once),
		cmocka_unit_test(who_is_called_so_is_found),
		cmocka_unit_test(who_changes_otherwise_is_found_as_he_is_now_and_goes_with_his_name),
		cmocka_unit_test(many_come_and_go_and_the_rest_is_found),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
