#include "check.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "client/version.h"

static int sign(int r)
{
	return (r > 0) - (r < 0);
}

static int order(const char *a, const char *b)
{
	return sign(version_compare_text(str_from(a), str_from(b)));
}

/* Each is lower than the next; those with a = before them are equal to the one before. */
static const char *const ladder[] = {
	"",
	"=no digits",
	"=(unknown)",
	"=rc1",
	"abc123",
	"=gabc123",
	"abc1234",
	"=gABC1234",
	"=master-abc1234",
	"abd0001",
	"0",
	"=0.0.0",
	"0.5~rc1",
	"0.5",
	"=v0.5",
	"=0.5.0",
	"0.5+106-gabc1234",
	"0.5.1",
	"0.13.1-dev",
	"=0.13.1dev",
	"=0.13.1.git",
	"=0.13.1~git",
	"0.13.1dev.1",
	"0.13.1~git20240301",
	"0.13.1",
	"0.13.1+fcr",
	"0.13.1-1",
	"0.13.1-2",
	"0.13.1-2+b1",
	"=0.13.1-2+b01",
	"0.13.1-2+b2",
	"0.13.1-10",
	"0.14.0",
	"1.2-beta",
	"1.2-beta2",
	"1.2-beta10",
	"1.2",
	"1.2.0.0.0.0.0.1",
	"1.7.0~~1",
	"1.7.0~1",
	"=1.7.0.~1",
	"1.7.0~git",
	"=1.7.0-nightly",
	"1.7.0-alpha",
	"=1.7.0a",
	"1.7.0a1",
	"1.7.0-beta1",
	"=1.7.0b1",
	"=1.7 beta 1",
	"1.7.0-pre",
	"1.7.0-rc",
	"1.7.0-rc1",
	"=1.7.0 RC 1",
	"=1.7.0rc1",
	"=1.7-rc.1",
	"=1.7.0~rc1",
	"1.7.0-rc1-2",
	"1.7.0-rc2",
	"1.7.0-rc10",
	"1.7.0",
	"=1.7",
	"=1.7-final",
	"=1.7.0 stable",
	"1.7.0+b1",
	"1.7.0+dfsg~rc1",
	"1.7.0+dfsg",
	"1.7.0-1~bpo12+1",
	"1.7.0-1",
	"1.7.1-dev",
	"1.7.1",
	"1.10",
	"2.11.3",
	"=Conversations 2.11.3",
	"2.11.3+fcr",
	"=Conversations 2.11.3+fcr",
	"2.14.1",
	"2.14.12",
	"=2.14.12 (libpurple 2.14.12)",
	"=2.14.12 (libpurple 2.99)",
	"=Pidgin/2.14.12",
	"2.14.12-1",
	"2.14.12.1",
	"5.0-dev",
	"5.0 beta",
	"=5.0beta",
	"5.0 beta 2",
	"=5.0  beta\t2",
	"=5.0-beta-2",
	"5.0",
	"=5",
	"=(5.0)",
	"6.4.4",
	"=Monal 6.4.4 (1082)",
	"10",
	"14.0.1",
	"2024-13",
	"2024.2.29",
	"2024-03-01",
	"=20240301",
	"=2024.3.1",
	"=build of 2024-03-01",
	"2024-03-01-1",
	"20240301.5",
	"20240301123456",
	"2024.10",
	"=2024-10",
	"999999999999999999",
	"1000000000000000000",
	"=99999999999999999999999999999",
};

static void test_every_pair_of_the_ladder_is_in_order(void **state)
{
	enum { RUNGS = sizeof(ladder) / sizeof(ladder[0]) };
	unsigned level[RUNGS];
	unsigned at = 0;

	(void)state;
	for (size_t i = 0; i < RUNGS; i++)
		level[i] = ladder[i][0] == '=' || i == 0 ? at : ++at;
	for (size_t i = 0; i < RUNGS; i++)
		for (size_t j = 0; j < RUNGS; j++) {
			const char *a = ladder[i] + (ladder[i][0] == '='), *b = ladder[j] + (ladder[j][0] == '=');

			if (order(a, b) != sign((int)level[i] - (int)level[j]))
				fail_msg("'%s' against '%s' gives %d", a, b, order(a, b));
		}
}

static void test_the_version_is_found_in_text_around_it(void **state)
{
	static const char *const rows[][2] = {
		{"Conversations 2.11.3+fcr", "2.11.3+fcr"},
		{"2.14.12 (libpurple 2.14.12)", "2.14.12"},
		{"5 (libpurple 2.14.12)", "5"},
		{"(libpurple 2.14.12)", "2.14.12"},
		{"v1.2", "1.2"},
		{"Version v1.2,", "1.2"},
		{"XMPP2 client", ""},
		{"Gajim1.7.3", "1.7.3"},
		{"Swift 4.0-rc1 for Linux", "4.0-rc1"},
		{"5.0 beta 2 of today", "5.0 beta 2"},
		{"1.2 build 7", "1.2"},
		{"0.13.1-2+b1", "0.13.1-2+b1"},
		{"7-1.1", "7-1.1"},
		{"1:2.14.12-1", "2.14.12-1"},
		{"client 3 version 2.5.1", "2.5.1"},
		{"2.5.1.", "2.5.1"},
		{"0.5+106-gabc123", "0.5+106-gabc123"},
		{"a1b2c3d", "a1b2c3d"},
		{"1b2c3d4e", "1b2c3d4e"},
		{"1b2c3d", "1b2c3d"},
		{"gabc123", "gabc123"},
		{"0.18.2dev.master.0a1b2c3d", "0.18.2dev.master.0a1b2c3d"},
		{"-", ""},
		{"\xC3\xA4"
		 "1",
			"1"},
		{"\xFF\xFE 3.1", "3.1"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_str(version_find(str_from(rows[i][0])), rows[i][1]);
}

static void test_too_long_is_unknown(void **state)
{
	char text[VERSION_TEXT_MAX + 1];

	(void)state;
	memset(text, '1', sizeof(text));
	assert_int_equal(version_read(str_of(text, VERSION_TEXT_MAX)).kind, VERSION_NUMBERED);
	assert_int_equal(version_read(str_of(text, sizeof(text))).kind, VERSION_UNKNOWN);
	for (size_t i = 1; i < sizeof(text); i += 2)
		text[i] = '.';
	assert_int_equal(version_read(str_of(text, VERSION_TEXT_MAX)).suffix_len, 118); /* full, and its end */
	for (size_t i = 1; i < sizeof(text); i += 2)
		text[i] = '~';
	assert_int_equal(version_read(str_of(text, VERSION_TEXT_MAX)).kind, VERSION_NUMBERED);
}

/* --- properties, of texts made of the pieces that versions are made of --- */

static uint64_t seed = 20240301;

static unsigned some(unsigned n)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(seed >> 33) % n;
}

static const char *const pieces[] = {"0", "1", "2", "10", "14", "2024", "20240301", "-03-01", ".", ".", ".", "-", "+",
	"~", " ", "_", "v", "rc", "beta", "alpha", "a", "b", "dev", "git", "gabc1234", "abc1234", "fcr", "(", ")",
	"Gajim", "x", ",", "\xC3\xBC", "18446744073709551616"};

static void make(char *out, size_t room)
{
	unsigned n = some(9);

	*out = '\0';
	while (n--)
		strncat(out, pieces[some(sizeof(pieces) / sizeof(pieces[0]))], room - strlen(out) - 1);
}

static void test_it_is_antisymmetric_and_transitive(void **state)
{
	enum { COUNT = 220 };
	static char text[COUNT][256];
	static signed char is[COUNT][COUNT];

	(void)state;
	for (int round = 0; round < 4; round++) {
		for (size_t i = 0; i < COUNT; i++)
			make(text[i], sizeof(text[i]));
		for (size_t i = 0; i < COUNT; i++)
			for (size_t j = 0; j < COUNT; j++)
				is[i][j] = (signed char)order(text[i], text[j]);
		for (size_t i = 0; i < COUNT; i++)
			for (size_t j = 0; j < COUNT; j++) {
				if (is[i][j] != -is[j][i])
					fail_msg("'%s' and '%s' are not antisymmetric", text[i], text[j]);
				for (size_t k = 0; k < COUNT; k++)
					if (is[i][j] <= 0 && is[j][k] <= 0 &&
						is[i][k] != (is[i][j] + is[j][k] < 0 ? -1 : 0))
						fail_msg("'%s', '%s', '%s' are not transitive", text[i], text[j],
							text[k]);
			}
	}
}

static void test_white_space_and_case_mean_nothing(void **state)
{
	char text[256], other[1024];

	(void)state;
	for (int round = 0; round < 20000; round++) {
		size_t n = 0;

		make(text, sizeof(text));
		n += (size_t)snprintf(other, sizeof(other), "%*s", (int)some(3), "");
		for (const char *c = text; *c; c++) {
			other[n++] = *c >= 'a' && *c <= 'z' && some(2) ? (char)(*c - 32) : *c;
			if (*c == ' ')
				n += (size_t)snprintf(other + n, sizeof(other) - n, "%s", some(2) ? "\t" : " \n ");
		}
		n += (size_t)snprintf(other + n, sizeof(other) - n, "%*s", (int)some(3), "");
		if (n <= VERSION_TEXT_MAX && version_compare_text(str_from(text), str_of(other, n)) != 0)
			fail_msg("'%s' and '%.*s' differ", text, (int)n, other);
	}
}

/* A pre-release of a version is below it, a build above it and below the next. */
static void test_stages_and_builds_lie_around_their_version(void **state)
{
	static const char *const before[] = {
		"~1", "~git", "-dev", "-git", "-alpha1", "b2", "-beta.3", "-pre1", "-rc1", " rc 2", "rc1+b1"};
	static const char *const behind[] = {
		"-1", "+b1", "-2+b1", "+fcr", "-free", "+git20240301", "-gabc1234", "+106-gabc1234"};

	(void)state;
	for (int round = 0; round < 3000; round++) {
		char base[64], next[64], text[128];
		unsigned major = some(30), minor = some(200), patch = some(300);

		snprintf(base, sizeof(base), "%u.%u.%u", major, minor, patch);
		snprintf(next, sizeof(next), "%u.%u.%u-dev", major, minor, patch + 1);
		snprintf(text, sizeof(text), "%s%s", base, before[some(sizeof(before) / sizeof(before[0]))]);
		assert_int_equal(order(text, base), -1);
		snprintf(text, sizeof(text), "%s%s", base, behind[some(sizeof(behind) / sizeof(behind[0]))]);
		assert_int_equal(order(text, base), 1);
		assert_int_equal(order(text, next), -1);
	}
}

/* --- ranges --- */

static bool holds(const char *range, const char *version)
{
	struct arena *arena = arena_new(0);
	const struct version_range *r;
	struct err err = {.text = ""};
	bool in;

	if (version_range_parse(&r, str_from(range), arena, &err))
		fail_msg("'%s': %s", range, err.text);
	in = version_range_holds_text(r, str_from(version));
	arena_free(arena);
	return in;
}

static void test_ranges_hold(void **state)
{
	static const struct {
		const char *range, *in, *out; /* parted by | */
	} rows[] = {
		{">=2.0, <2.14.12", "2.0|2.0-1|2.14.11|2.14.12-rc1|2.14.9 (libpurple 2.14.12)",
			"2.0-rc1|2.14.12|2.14.12-1|3|1.9|1||abc1234|none"},
		{"<5", "4.9|4.99.1-2|5-rc1|5.0 beta 2|0", "5|5.0.0|5.1||abc1234|20240301"},
		{"<= 0.13.1", "0.13.1|0.13.1-2+b1|0.13.1~git|0.13.0", "0.13.2|0.13.2-dev|0.13.1.1|"},
		{">0.13.1", "0.13.1.1|0.13.2|0.13.2-dev|0.14", "0.13.1|0.13.1-2+b1|0.13.1+fcr|0.13.1-rc1|"},
		{"1.7.*", "1.7|1.7.0-rc1|1.7.9|1.7.9.1|1.7-dev|v1.7", "1.8|1.70|1.6.9|1.8-dev|"},
		{"1.7.x || 2.*", "1.7.1|2|2.9", "1.8|3|"},
		{"1.7.0", "1.7|1.7.0|1.7.0-1|1.7.0+fcr", "1.7.0-rc1|1.7.1|1.7.0.1|"},
		{"== v1.7.0-rc1", "1.7rc1|1.7.0-rc1|1.7.0~rc1", "1.7.0|1.7.0-rc2|1.7.0-rc11"},
		{"=1.7.0-rc", "1.7-rc|1.7-cr", "1.7.0-rc1|1.7"},
		{"!=1.7", "1.7.1|1.7-rc1|abc1234|3", "1.7.0|1.7-2|"},
		{">=1, !=1.5, <2", "1.4|1.6|1.5-rc1", "1.5|1.5-1|2|0.9|"},
		{"<1 || >=2, <3 || 4.0.1", "0.9|2|2.9|4.0.1|4.0.1-2", "1|3|4.0.2|4|"},
		{">=2024-03-01, <2024-06", "20240301|2024.05.31|2024-04-30|20240301120000",
			"2024-02-29|20240601|7.1|"},
		{"*", "1|0|abc1234|2024-03-01", "|none"},
		{"unknown", "|none|abc1234|rc1", "1|0"},
		{"<5 || unknown", "4||nothing|abc1234", "5"},
		{"* || UNKNOWN", "4||nothing|abc1234", "\x01"},
		{"abc1234", "abc1234|gabc1234|ABC1234567|master-abc1234", "abc1235|1.0|1.0-gabc1234|"},
		{"!=abc1234567", "abc9999|1.0", "abc1234|abc1234567|"},
		{"<5.0 beta 2", "5.0 beta|5.0-beta1|5.0a9", "5.0 beta 2|5.0-rc1|5"},
		{"=1.7.0-2, <=1.7.0", "1.7.0-2|1.7.0-2+b1", "1.7.0|1.7.0-1"},
		{"\t>=\t1.0 ,<2 ", "1.5", "2"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		for (int side = 0; side < 2; side++) {
			struct str list = str_from(side ? rows[i].out : rows[i].in);

			if (list.len == 1 && list.data[0] == '\x01')
				continue;
			for (size_t at = 0, end; at <= list.len; at = end + 1) {
				char version[64];

				end = str_find(list, '|', at);
				snprintf(version, sizeof(version), "%.*s", (int)(end - at), list.data + at);
				if (holds(rows[i].range, version) == (side == 1))
					fail_msg("'%s' %s '%s'", rows[i].range,
						side ? "holds for" : "does not hold for", version);
			}
		}
}

static void test_bad_ranges_are_refused_with_the_place(void **state)
{
	static const char *const rows[][2] = {
		{"", "has nothing where a version should be"},
		{" , 1", "has nothing"},
		{"<", "'<' in the range"},
		{">=1,", "has nothing"},
		{"1 ||", "has nothing"},
		{"|| 1", "has nothing"},
		{"1 | 2", "'1 | 2' in the range of versions '1 | 2' has more in it"},
		{"foo", "'foo' in the range of versions 'foo' is not a version"},
		{">=2.0 <3", "has more in it than a version"},
		{">=2.0 and <3", "has more in it"},
		{"Gajim 1.7", "has more in it"},
		{"=>2", "has more in it"},
		{"<1.7.*", "a star stands alone"},
		{"1.*.2", "has more in it"},
		{"1*", "is no version with a star"},
		{"foo.*", "is no version with a star"},
		{"1.7-rc1.*", "is no version with a star"},
		{">=3, <2", "can never hold"},
		{">3, <3", "can never hold"},
		{"=1, =2", "can never hold"},
		{"unknown, <5", "an alternative of its own"},
		{"<abc1234", "neither above nor below"},
		{"1,1,1,1,1,1,1,1,1", "more than 8 terms"},
		{"1||1||1||1||1||1||1||1||1||1||1||1||1||1||1||1||1", "17 alternatives"},
	};
	char longest[VERSION_RANGE_MAX + 1];
	const struct version_range *r = NULL;
	struct arena *arena = arena_new(0);
	struct err err;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		err.text[0] = '\0';
		if (version_range_parse(&r, str_from(rows[i][0]), arena, &err) != -EINVAL ||
			!strstr(err.text, rows[i][1]))
			fail_msg("'%s' gives '%s', not '%s'", rows[i][0], err.text, rows[i][1]);
	}
	memset(longest, ' ', sizeof(longest));
	longest[0] = '1';
	assert_int_equal(version_range_parse(&r, str_of(longest, sizeof(longest)), arena, &err), -EINVAL);
	assert_int_equal(version_range_parse(&r, str_of(longest, sizeof(longest) - 1), arena, &err), 0);
	assert_int_equal(version_range_parse(&r, STR("foo"), arena, NULL), -EINVAL);
	arena_free(arena);
}

static void test_memory_that_is_out_is_told(void **state)
{
	struct arena *arena = arena_new(64);
	const struct version_range *r;
	struct err err;

	(void)state;
	assert_int_equal(version_range_parse(&r, STR("1 || 2"), arena, &err), -ENOMEM);
	arena_free(arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_pair_of_the_ladder_is_in_order),
		cmocka_unit_test(test_the_version_is_found_in_text_around_it),
		cmocka_unit_test(test_too_long_is_unknown),
		cmocka_unit_test(test_it_is_antisymmetric_and_transitive),
		cmocka_unit_test(test_white_space_and_case_mean_nothing),
		cmocka_unit_test(test_stages_and_builds_lie_around_their_version),
		cmocka_unit_test(test_ranges_hold),
		cmocka_unit_test(test_bad_ranges_are_refused_with_the_place),
		cmocka_unit_test(test_memory_that_is_out_is_told),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
