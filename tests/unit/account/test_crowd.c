#include "check.h"

#include <stdio.h>

#include "account/crowd.h"
#include "account/meter.h"

static const struct crowd_limits limits = {.senders = 10, .sender_seconds = 2, .per_second = 100, .burst = 50, .seconds = 120};

#define VICTIM STR("victim@x")

static enum crowd_answer one(struct crowd *c, unsigned who, uint64_t now)
{
	char name[32];

	snprintf(name, sizeof(name), "attacker%u@x", who);
	return crowd_count(c, &limits, VICTIM, str_from(name), now);
}

/* How many get through of so many who each send one. */
static unsigned attack(struct crowd *c, unsigned from, unsigned count, uint64_t now, unsigned *out_begins)
{
	unsigned passed = 0;

	for (unsigned i = from; i < from + count; i++)
		switch (one(c, i, now)) {
		case CROWD_PASS:
			passed++;
			break;
		case CROWD_BEGINS:
			++*out_begins;
			break;
		case CROWD_REFUSE:
			break;
		}
	return passed;
}

static void a_thousand_are_held_off_and_it_is_told_once(void **state)
{
	struct crowd *c = crowd_new();
	struct crowd_victim v;
	unsigned begins = 0;

	(void)state;
	assert_false(crowd_holds(c, VICTIM, 1000));
	assert_int_equal(attack(c, 0, 1000, 1000, &begins), 10);
	assert_int_equal(begins, 1);
	assert_true(crowd_holds(c, VICTIM, 1000) && !crowd_holds(c, STR("other@x"), 1000));
	assert_true(crowd_tell(c, VICTIM, &v, 1000));
	assert_int_equal(v.cause, CROWD_SENDERS);
	assert_int_equal(v.refused, 990);
	assert_false(crowd_tell(c, VICTIM, &v, 1000));
	assert_true(crowd_ignores(c, VICTIM, STR("attacker500@x"), 1001));
	assert_false(crowd_ignores(c, VICTIM, STR("attacker3@x"), 1001)); /* has got through: nobody has refused him yet */
	assert_false(crowd_ignores(c, VICTIM, STR("friend@x"), 1001));
	assert_false(crowd_ignores(c, STR("other@x"), STR("attacker500@x"), 1001));
	assert_int_equal(one(c, 3, 1002), CROWD_REFUSE);
	crowd_free(c);
}

static void people_who_write_to_each_other_slowly_are_no_flood(void **state)
{
	struct crowd *c = crowd_new();
	unsigned begins = 0;

	(void)state;
	for (unsigned i = 0; i < 500; i++)
		assert_int_equal(attack(c, i, 1, 1000 + i * 2000ULL, &begins), 1);
	for (unsigned i = 0; i < 500; i++) /* one alone, within what everybody may send */
		assert_int_equal(one(c, 7, 2000000 + i * 10), CROWD_PASS);
	assert_false(crowd_holds(c, VICTIM, 2000000));
	crowd_free(c);
}

static void too_much_of_a_few_is_a_flood_too(void **state)
{
	struct crowd *c = crowd_new();
	struct crowd_victim v;
	unsigned passed = 0;

	(void)state;
	for (unsigned i = 0; i < 1000; i++)
		passed += one(c, i % 5, 1000) == CROWD_PASS;
	assert_in_range(passed, 50, 51);
	assert_true(crowd_tell(c, VICTIM, &v, 1000));
	assert_int_equal(v.cause, CROWD_STANZAS);
	crowd_free(c);
}

static void it_ends_with_peace_and_not_before(void **state)
{
	struct crowd *c = crowd_new();
	unsigned begins = 0;
	uint64_t now = 1000;

	(void)state;
	attack(c, 0, 100, now, &begins);
	for (int minute = 0; minute < 10; minute++) { /* each of a hundred tries again each half a minute */
		now += 30000;
		for (unsigned i = 20; i < 100; i++) {
			char name[32];

			snprintf(name, sizeof(name), "attacker%u@x", i);
			assert_true(crowd_ignores(c, VICTIM, str_from(name), now));
		}
	}
	for (int i = 0; i < 4; i++) { /* one who tries again is no flood, from the next minute on */
		now += 20000;
		assert_true(crowd_ignores(c, VICTIM, STR("attacker50@x"), now));
	}
	now += 100000;
	assert_false(crowd_holds(c, VICTIM, now));
	assert_false(crowd_ignores(c, VICTIM, STR("attacker50@x"), now));
	assert_int_equal(attack(c, 50, 1, now, &begins), 1);
	assert_int_equal(begins, 1);
	crowd_free(c);
}

/* He is refused as long as it lasts; after the minute of the attack his trying makes it no longer. */
static void one_alone_does_not_keep_it_up(void **state)
{
	struct crowd *c = crowd_new();
	struct crowd_victim v;
	unsigned begins = 0;
	uint64_t now = 1000;

	(void)state;
	attack(c, 0, 100, now, &begins);
	assert_true(crowd_find(c, VICTIM, &v, now));
	assert_int_equal(v.until_ms, 121000);
	for (; now < 179900; now += 100) /* ten a second: the limit is a hundred */
		assert_true(crowd_ignores(c, VICTIM, STR("attacker50@x"), now) && one(c, 51 + now / 20000, now) == CROWD_REFUSE);
	assert_false(crowd_holds(c, VICTIM, now));
	assert_int_equal(one(c, 50, now), CROWD_PASS);
	crowd_free(c);
}

/* Beyond what all together may send it goes on, be it from one; also behind a restart, once the limits are known again. */
static void one_who_sends_too_much_keeps_it_up(void **state)
{
	struct crowd *c = crowd_new();
	const struct crowd_victim kept = {.jid = VICTIM, .cause = CROWD_STANZAS, .since_ms = 1, .until_ms = 100000, .peace_ms = 120000, .many = 10};
	struct crowd_victim v;
	uint64_t now = 1000;

	(void)state;
	assert_true(crowd_restore(c, &kept));
	for (unsigned i = 0; i < 5999; i++)
		assert_int_equal(one(c, 7, now + i / 200), CROWD_REFUSE);
	assert_true(crowd_find(c, VICTIM, &v, now));
	assert_int_equal(v.until_ms, 100000);
	assert_true(crowd_ignores(c, VICTIM, STR("attacker7@x"), now + 30));
	assert_true(crowd_find(c, VICTIM, &v, now));
	assert_int_equal(v.until_ms, now + 30 + 120000);
	crowd_free(c);
}

static void who_is_written_to_may_answer(void **state)
{
	struct crowd *c = crowd_new();
	unsigned begins = 0;

	(void)state;
	attack(c, 0, 100, 1000, &begins);
	assert_true(crowd_ignores(c, VICTIM, STR("attacker50@x"), 1001));
	assert_true(crowd_meet(c, meter_key(VICTIM, STR("attacker50@x")), 1002));
	assert_false(crowd_meet(c, meter_key(VICTIM, STR("attacker50@x")), 1002));
	assert_false(crowd_ignores(c, VICTIM, STR("attacker50@x"), 1003));
	assert_true(crowd_have_met(c, meter_key(VICTIM, STR("attacker50@x")), 1003));
	assert_false(crowd_have_met(c, meter_key(STR("attacker50@x"), VICTIM), 1003));
	crowd_free(c);
}

struct change {
	unsigned kept, over;
	struct crowd_victim last;
};

static void take_change(const struct crowd_victim *v, bool over, void *owner)
{
	struct change *change = owner;

	*(over ? &change->over : &change->kept) += 1;
	change->last = *v;
	change->last.jid = STR("");
}

static struct change changes(struct crowd *c, uint64_t now)
{
	struct change change = {};

	crowd_changes(c, false, take_change, &change, now);
	return change;
}

static struct change last_changes(struct crowd *c, uint64_t now)
{
	struct change change = {};

	crowd_changes(c, true, take_change, &change, now);
	return change;
}

static void what_was_refused_is_told_late_and_at_the_end(void **state)
{
	struct crowd *c = crowd_new();
	struct change change;

	(void)state;
	assert_true(crowd_silence(c, VICTIM, 100000, 1000));
	assert_int_equal(changes(c, 1000).kept, 1);
	assert_int_equal(one(c, 1, 1001), CROWD_REFUSE);
	assert_int_equal(changes(c, 2000).kept, 0);
	change = changes(c, 1000 + CROWD_STEP_MS);
	assert_true(change.kept == 1 && change.last.refused == 1);
	assert_int_equal(one(c, 2, 16001), CROWD_REFUSE);
	change = last_changes(c, 16002);
	assert_true(change.kept == 1 && change.last.refused == 2);
	assert_int_equal(last_changes(c, 16003).kept, 0);
	crowd_free(c);
}

static void what_changes_is_told_once_and_can_be_brought_back(void **state)
{
	struct crowd *c = crowd_new();
	struct crowd_victim v;
	struct change change;
	unsigned begins = 0;

	(void)state;
	attack(c, 0, 100, 1000, &begins);
	change = changes(c, 1000);
	assert_true(change.kept == 1 && !change.over && !change.last.told);
	assert_int_equal(change.last.until_ms, 121000);
	assert_true(crowd_tell(c, VICTIM, &v, 1001));
	change = changes(c, 1001);
	assert_true(change.kept == 1 && change.last.told);
	assert_int_equal(changes(c, 1001).kept, 0);
	attack(c, 50, 50, 2000, &begins); /* it lasts longer, but not by much */
	assert_int_equal(changes(c, 2000).kept, 0);
	attack(c, 50, 50, 20000, &begins);
	change = changes(c, 20000);
	assert_true(change.kept == 1 && change.last.until_ms == 140000);
	crowd_free(c);

	c = crowd_new();
	change.last.jid = VICTIM;
	assert_true(crowd_restore(c, &change.last));
	assert_int_equal(changes(c, 20001).kept, 0);
	assert_int_equal(one(c, 1, 20001), CROWD_REFUSE);
	assert_false(crowd_tell(c, VICTIM, &v, 20001)); /* has been told */
	assert_int_equal(one(c, 1, 140000), CROWD_PASS);
	change = changes(c, 140000);
	assert_true(change.over == 1 && !change.kept);
	assert_int_equal(change.last.refused, 191);
	assert_int_equal(changes(c, 140000).over, 0);
	crowd_free(c);
}

static void it_begins_anew_before_its_end_was_told(void **state)
{
	struct crowd *c = crowd_new();
	unsigned begins = 0;

	(void)state;
	assert_true(crowd_silence(c, VICTIM, 2000, 1000));
	assert_true(crowd_silence(c, VICTIM, 9000, 3000));
	assert_int_equal(changes(c, 3000).over, 0);
	assert_true(crowd_release(c, VICTIM));
	assert_false(crowd_holds(c, VICTIM, 3001));
	attack(c, 0, 100, 3001, &begins);
	assert_int_equal(begins, 1);
	assert_true(crowd_holds(c, VICTIM, 3002));
	assert_int_equal(changes(c, 3002).kept, 1);
	crowd_free(c);
}

static void what_the_desk_says_holds_for_its_time(void **state)
{
	struct crowd *c = crowd_new();
	unsigned begins = 0;

	(void)state;
	assert_true(crowd_silence(c, VICTIM, 5000, 1000));
	assert_int_equal(one(c, 1, 1001), CROWD_REFUSE);
	assert_int_equal(attack(c, 0, 1000, 1002, &begins), 0);
	assert_int_equal(begins, 0);
	assert_false(crowd_holds(c, VICTIM, 5000));
	assert_true(crowd_silence(c, VICTIM, 9000, 6000));
	assert_true(crowd_release(c, VICTIM));
	assert_false(crowd_release(c, VICTIM));
	assert_int_equal(changes(c, 6001).over, 1);
	assert_false(crowd_release(c, VICTIM));
	assert_false(crowd_holds(c, VICTIM, 6001));
	crowd_free(c);
}

static void count_victim(const struct crowd_victim *v, void *owner)
{
	(void)v;
	++*(unsigned *)owner;
}

static void victims_are_bounded_and_make_room_when_it_is_over(void **state)
{
	struct crowd *c = crowd_new();
	unsigned count = 0;
	char name[32];

	(void)state;
	for (unsigned i = 0; i < CROWD_MAX; i++) {
		snprintf(name, sizeof(name), "victim%u@x", i);
		assert_true(crowd_silence(c, str_from(name), i % 2 ? 2000 : 9000, 1000));
	}
	assert_false(crowd_silence(c, STR("late@x"), 9000, 1000));
	for (unsigned i = 0; i < CROWD_MAX / 256; i++)
		changes(c, 3000);
	assert_true(crowd_silence(c, STR("late@x"), 9000, 3000));
	crowd_each(c, count_victim, &count, 3000);
	assert_int_equal(count, CROWD_MAX / 2 + 1);
	crowd_free(c);
}

static void switched_off_it_counts_nothing(void **state)
{
	struct crowd *c = crowd_new();
	struct crowd_limits off = {.senders = 0};

	(void)state;
	for (unsigned i = 0; i < 1000; i++) {
		char name[32];

		snprintf(name, sizeof(name), "attacker%u@x", i);
		assert_int_equal(crowd_count(c, &off, VICTIM, str_from(name), 1000), CROWD_PASS);
	}
	crowd_free(c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_thousand_are_held_off_and_it_is_told_once),
		cmocka_unit_test(people_who_write_to_each_other_slowly_are_no_flood),
		cmocka_unit_test(too_much_of_a_few_is_a_flood_too),
		cmocka_unit_test(it_ends_with_peace_and_not_before),
		cmocka_unit_test(one_alone_does_not_keep_it_up),
		cmocka_unit_test(one_who_sends_too_much_keeps_it_up),
		cmocka_unit_test(who_is_written_to_may_answer),
		cmocka_unit_test(what_changes_is_told_once_and_can_be_brought_back),
		cmocka_unit_test(what_was_refused_is_told_late_and_at_the_end),
		cmocka_unit_test(it_begins_anew_before_its_end_was_told),
		cmocka_unit_test(what_the_desk_says_holds_for_its_time),
		cmocka_unit_test(victims_are_bounded_and_make_room_when_it_is_over),
		cmocka_unit_test(switched_off_it_counts_nothing),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
