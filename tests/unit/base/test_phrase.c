/* Everything that is said to people is said in each language, with the same words put in. */
#include "check.h"

#include <stdbool.h>
#include <string.h>

#include "base/phrase.h"

static unsigned times(const char *text, const char *word, size_t len)
{
	unsigned n = 0;

	for (; (text = strchr(text, '{')); text++)
		n += strncmp(text, word, len) == 0;
	return n;
}

static void same_words(const char *one, const char *other)
{
	for (const char *at = one; (at = strchr(at, '{')); at++) {
		size_t len = strcspn(at, "}") + 1;

		if (times(one, at, len) != times(other, at, len))
			fail_msg("'%s' and '%s' differ in %.*s", one, other, (int)len, at);
	}
}

static void each_is_there_in_each_language(void **state)
{
	(void)state;
	for (unsigned p = 0; p < PHRASES; p++)
		for (unsigned l = 0; l < LANGUAGES; l++) {
			struct str text = phrase((enum phrase)p, (enum language)l);

			if (!text.data || !text.len)
				fail_msg("phrase %u is missing in '%.*s'", p, STR_FMT(language_tags[l]));
		}
}

static void each_names_the_same_in_each_language(void **state)
{
	(void)state;
	for (unsigned p = 0; p < PHRASES; p++)
		for (unsigned l = 1; l < LANGUAGES; l++) {
			const char *one = phrase((enum phrase)p, LANGUAGE_EN).data, *other = phrase((enum phrase)p, (enum language)l).data;

			same_words(one, other);
			same_words(other, one);
		}
}

/* Somebody who writes a second language by copying the first. */
static void none_was_left_in_english(void **state)
{
	(void)state;
	for (unsigned p = 0; p < PHRASES; p++)
		for (unsigned l = 1; l < LANGUAGES; l++) {
			struct str one = phrase((enum phrase)p, LANGUAGE_EN);

			if (one.len > 20 && str_eq(one, phrase((enum phrase)p, (enum language)l)))
				fail_msg("'%s' is the same in '%.*s'", one.data, STR_FMT(language_tags[l]));
		}
}

static void what_is_put_in_is_taken_as_it_is(void **state)
{
	struct buf out = BUF_INIT(0);
	const struct phrase_word words[] = {{"device", STR("{time}")}, {"time", STR("12:00")}, {"help", STR("}{")}, {NULL, STR_NONE}};

	(void)state;
	phrase_put(&out, PHRASE_DEVICE_NEW, LANGUAGE_EN, words);
	assert_str(buf_view(&out), "New device: {time} has logged in to your account (12:00, from {address}). If that was you, there is "
				   "nothing to do. If not: change your password now, end that device's access, and get help}{");
	buf_clear(&out);
	phrase_put(&out, PHRASE_DEVICE_SUBJECT, LANGUAGE_FI, NULL);
	assert_str(buf_view(&out), "Uusi laite tililläsi");
	buf_done(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_is_there_in_each_language),
		cmocka_unit_test(each_names_the_same_in_each_language),
		cmocka_unit_test(none_was_left_in_english),
		cmocka_unit_test(what_is_put_in_is_taken_as_it_is),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
