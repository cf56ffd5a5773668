/* Gates are necessary conditions: with them the same is found as without. Texts are made from the expressions
 * themselves, then bent in the ways the folds know. */
#include "check.h"

#include "../rule/policy_dir.h"
#include "base/buf.h"
#include "base/fold.h"
#include "base/text.h"
#include "inspect/inspect_private.h"

enum {
	TEXTS = 20000,
	HITS_LEAST = 4000, /* or the test says little */
};

static const char *const expressions[] = {
	"project[ -]tordertur[ -]?[0-9]{3,5}",
	"torfolper-[0-9]{2}/[0-9]{4}",
	"(the )?station (offer|price|contract) (is|are) (strictly )?(secret|confidential)",
	"proturper .{0,20}stimorman",
	"[a-z]{2}[0-9]{2}( ?[a-z0-9]{4}){3,6}",
	"(send|give|tell) (me |us )?(your|ur|the) (\\w+ )?(password|passwd|pin|one[- ]time (code|password))",
	"(bitte|please) best\u00e4tigen",
	"-----BEGIN (RSA |EC )?PRIVATE KEY( BLOCK)?-----",
	"(AKIA|ASIA)[0-9A-Z]{16}",
	"gh[pousr]_[0-9A-Za-z]{36}",
	"eyJ[0-9A-Za-z_-]{10,}\\.eyJ[0-9A-Za-z_-]{10,}\\.[0-9A-Za-z_-]{10,}",
	"[a-z0-9._%+-]+@(gmail|yahoo)\\.com",
	"api[_ -]?key\\s*[:=]\\s*\\S{10,}",
	"(\\d[ -]?){15}\\d",
	"off  the   record",
	"x{2}yz{1,3}w+kk?s",
	"sm\\(a\\) kisks",
	"paragraph(a|b) \\(a\\)",
	"a.+b.+c",
	"ko{3,}l ?a+ss",
	"(ab|cd|(ef|gh)ij){2}kl",
	"\u03bd\u03af\u03ba\u03b7 wins",
	"[Kk][-_.]sk(y|ies)",
};

enum {
	EXPRESSIONS = sizeof(expressions) / sizeof(*expressions),
};

static uint64_t state = 20261122;

static unsigned chance(unsigned below)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (unsigned)(state >> 33) % below;
}

/* ---- a text that an expression matches ---- */

static const char *either_make(const char *x, struct buf *out);

static const char *class_make(const char *x, struct buf *out)
{
	char list[200];
	size_t n = 0;

	for (; *x != ']'; x++) {
		if (x[1] == '-' && x[2] != ']') {
			for (char c = x[0]; c <= x[2]; c++)
				list[n++] = c;
			x += 2;
		} else {
			list[n++] = *x;
		}
	}
	buf_putc(out, list[chance((unsigned)n)]);
	return x + 1;
}

static const char *escape_make(const char *x, struct buf *out)
{
	static const char classes[] = "dwsS", *const of[] = {"0123456789", "az_09AZ", " \t", "x!9@Q"};
	const char *found = strchr(classes, *x);

	buf_putc(out, found ? of[found - classes][chance((unsigned)strlen(of[found - classes]))] : *x);
	return x + 1;
}

static const char *atom_make(const char *x, struct buf *out)
{
	char c = *x++;

	switch (c) {
	case '(':
		return either_make(x, out) + 1;
	case '[':
		return class_make(x, out);
	case '\\':
		return escape_make(x, out);
	case '.':
		buf_putc(out, "a z-9"[chance(5)]);
		return x;
	default:
		buf_putc(out, c);
		return x;
	}
}

/* Reads a quantifier and draws a number. */
static const char *times_make(const char *x, unsigned *times)
{
	unsigned least = 1, most = 1;
	int len = 0;

	*times = 1;
	if (*x == '?' || *x == '*' || *x == '+') {
		*times = *x == '?' ? chance(2) : chance(5) + (*x == '+');
		return x + 1;
	}
	if (*x != '{')
		return x;
	if (sscanf(x, "{%u,%u}%n", &least, &most, &len) != 2 || !len) {
		most = sscanf(x, "{%u,}%n", &least, &len) == 1 && len ? least + 3 : least;
		x = strchr(x, '}') + 1;
	} else {
		x += len;
	}
	*times = least + chance(most - least + 1);
	return x;
}

static const char *sequence_make(const char *x, struct buf *out)
{
	while (*x && *x != '|' && *x != ')') {
		struct buf skipped = BUF_INIT(0);
		const char *atom = x;
		unsigned times;

		x = times_make(atom_make(x, &skipped), &times);
		for (unsigned i = 0; i < times; i++)
			atom_make(atom, out);
		buf_done(&skipped);
	}
	return x;
}

/* One of the alternatives; returns where they end. */
static const char *either_make(const char *x, struct buf *out)
{
	struct buf made[8];
	unsigned n = 0;

	do {
		made[n] = BUF_INIT(0);
		x = sequence_make(x + (n > 0), &made[n]);
		n++;
	} while (*x == '|' && n < 8);
	buf_str(out, buf_view(&made[chance(n)]));
	for (unsigned i = 0; i < n; i++)
		buf_done(&made[i]);
	return x;
}

/* ---- bending it ---- */

static void bent_put(struct buf *out, char c)
{
	switch (chance(60)) {
	case 0:
		buf_lit(out, "\u200b");
		break;
	case 1:
		c = (char)(c >= 'a' && c <= 'z' ? c & ~0x20 : c);
		break;
	case 2:
		if (c > ' ' && c < 0x7f) {
			utf8_put(out, 0xff00u + (unsigned char)c - 0x20);
			return;
		}
		break;
	case 3:
		if (c == 'k' || c == 's') {
			utf8_put(out, c == 'k' ? 0x212a : 0x17f);
			return;
		}
		break;
	case 4:
		if (c == ' ') {
			buf_lit(out, "\u00a0");
			return;
		}
		break;
	case 5:
		buf_putc(out, ' ');
		break;
	default:
		break;
	}
	buf_putc(out, c);
}

static void text_make(struct buf *out)
{
	struct buf made = BUF_INIT(0);

	for (unsigned i = 1 + chance(3); i > 0; i--) {
		buf_putc(&made, " \n.a"[chance(4)]);
		either_make(expressions[chance(EXPRESSIONS)], &made);
	}
	for (size_t i = 0; i < made.len; i++) {
		if (made.len - i > 3 && !memcmp(made.data + i, "(a)", 3) && chance(2)) {
			buf_lit(out, "\u249c");
			i += 2;
		} else {
			bent_put(out, made.data[i]);
		}
	}
	buf_done(&made);
}

static struct policy_dir policy_make(void)
{
	struct buf rules = BUF_INIT(0);
	struct policy_dir dir;

	buf_lit(&rules, "rules:\n");
	for (size_t i = 0; i < EXPRESSIONS; i++)
		buf_printf(&rules,
			"- {id: x%zu, purpose: p, match: {regex: ['%s']}, action: log, mode: enforce}\n", i,
			expressions[i]);
	dir = policy_dir_make(buf_cstr(&rules));
	buf_done(&rules);
	return dir;
}

static void gates_lose_nothing_of_what_expressions_match(void **unused)
{
	struct inspect_scratch *scratch = inspect_scratch_new();
	struct policy_dir dir = policy_make();
	struct policy_set *set;
	struct err err = {};
	size_t all = 0;

	(void)unused;
	if (policy_set_load(&set, dir.path, &inspect_engine, &err))
		fail_msg("%s", err.text);
	for (size_t i = 0; i < TEXTS; i++) {
		struct buf text = BUF_INIT(0);
		const struct hits *hits;
		size_t gated;

		text_make(&text);
		assert_int_equal(inspect_find(policy_set_engine(set), scratch, KIND_MESSAGE, buf_view(&text),
					 true, &hits),
			CANNOT_TELL_NONE);
		gated = hits->count;
		assert_int_equal(inspect_find(policy_set_engine(set), scratch, KIND_MESSAGE, buf_view(&text),
					 false, &hits),
			CANNOT_TELL_NONE);
		if (gated != hits->count)
			fail_msg("'%s': %zu hits, %zu without gates", buf_cstr(&text), gated, hits->count);
		all += gated;
		buf_done(&text);
	}
	if (all < HITS_LEAST)
		fail_msg("only %zu hits", all);
	policy_set_unref(set);
	inspect_scratch_free(scratch);
	policy_dir_remove(&dir);
	arena_pool_drain();
}

/* ---- loose spellings ---- */

static const char *const words[] = {"bluebird", "project bluebird", "ass*", "lil", "va te faire foutre",
	"committee", "night fall down", "o'neill", "zzz"};

static const struct str signs[] = {STR("."), STR("-"), STR("*"), STR("_"), STR("!"), STR("1"), STR("3"),
	STR("@"), STR("$"), STR(" "), STR("|"), STR("+"), STR("'"), STR("\""), STR("\u20ac"), STR("\u00a7"),
	STR("\u00a3"), STR("("), STR("0"), STR("/")};

static void spelling_make(const char *word, struct buf *out)
{
	unsigned kind = chance(6);

	for (const char *c = word; *c && *c != '*'; c++) {
		if (kind == 1 && c > word)
			buf_str(out, signs[chance(10)]);
		if (kind == 5)
			buf_printf(out, "(%c) ", *c);
		else if (kind < 3 && chance(5) == 0)
			buf_str(out, signs[chance(sizeof(signs) / sizeof(*signs))]);
		else
			buf_putc(out, *c);
		for (unsigned i = kind == 3 && chance(4) == 0 ? 1 + chance(3) : 0; i > 0; i--)
			buf_putc(out, *c);
	}
}

static void evasion_make(struct buf *out)
{
	static const char *const between[] = {" ", "  ", ", ", " so ", " a ", "-", "", " the "};

	for (unsigned i = 1 + chance(5); i > 0; i--) {
		spelling_make(words[chance(sizeof(words) / sizeof(*words))], out);
		buf_str(out, str_from(between[chance(sizeof(between) / sizeof(*between))]));
	}
}

static struct policy_dir words_make(void)
{
	struct buf rules = BUF_INIT(0);
	struct policy_dir dir;

	buf_lit(&rules, "rules:\n");
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		buf_printf(&rules,
			"- {id: w%zu, purpose: p, match: {words: [\"%s\"], evasions: true}, action: allow, "
			"mode: "
			"enforce}\n",
			i, words[i]);
	dir = policy_dir_make(buf_cstr(&rules));
	buf_done(&rules);
	return dir;
}

/* Every rule allows, so that every hit is kept. */
static void what_is_passed_over_holds_no_word(void **unused)
{
	struct inspect_scratch *scratch = inspect_scratch_new();
	struct policy_dir dir = words_make();
	struct policy_set *set;
	struct err err = {};
	size_t all = 0;

	(void)unused;
	if (policy_set_load(&set, dir.path, &inspect_engine, &err))
		fail_msg("%s", err.text);
	for (size_t i = 0; i < TEXTS; i++) {
		struct buf text = BUF_INIT(0);
		const struct inspect_set *engine = policy_set_engine(set);
		const struct hits *hits;
		size_t gated;

		evasion_make(&text);
		assert_int_equal(
			inspect_find(engine, scratch, KIND_MESSAGE, buf_view(&text), true, &hits), 0);
		gated = hits->count;
		assert_int_equal(
			inspect_find(engine, scratch, KIND_MESSAGE, buf_view(&text), false, &hits), 0);
		if (gated != hits->count)
			fail_msg("'%s': %zu hits, %zu of all", buf_cstr(&text), gated, hits->count);
		all += gated;
		buf_done(&text);
	}
	if (all < HITS_LEAST)
		fail_msg("only %zu hits", all);
	policy_set_unref(set);
	inspect_scratch_free(scratch);
	policy_dir_remove(&dir);
	arena_pool_drain();
}

/* Whatever the view an expression is looked for in: a character is one, and is not another. */
static void characters_beyond_ascii_are_characters(void **unused)
{
	static const struct {
		const char *regex, *text;
		bool hit;
	} cases[] = {
		{"nik\u00e9", "Nik\u00c9", true},
		{"nik\u00e9", "nik\u00e8", false},
		{"^a.c$", "a\u4e2dc", true},
		{"^.{2}$", "\u00e9\u4e2d", true},
		{"^.{2}$", "\u00e9", false},
		{"[^a]{4}", "a\u00e9\u00e9\u00e9a", false},
		{"^\\W+$", "\u4e2d", true},
		{"\\w\\W\\w", "a\u00e9b", true},
		{"\\bsk\\b", "\u017f\u212a", true},
		{"a\\x{e9}", "a\u00e9", true},
		{"a\\x{e9}", "a\u00e8", false},
		{"\\bend\\b", "\u00e9end\u00e9", true},
	};
	struct inspect_scratch *scratch = inspect_scratch_new();

	(void)unused;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct buf rules = BUF_INIT(0);
		struct policy_set *set;
		struct policy_dir dir;
		const struct hits *hits;
		struct err err = {};

		buf_printf(&rules,
			"rules:\n- {id: x, purpose: p, match: {regex: ['%s']}, action: log, mode: enforce}\n",
			cases[i].regex);
		dir = policy_dir_make(buf_cstr(&rules));
		buf_done(&rules);
		if (policy_set_load(&set, dir.path, &inspect_engine, &err))
			fail_msg("%s", err.text);
		assert_int_equal(inspect_find(policy_set_engine(set), scratch, KIND_MESSAGE,
					 str_from(cases[i].text), true, &hits),
			0);
		if ((hits->count > 0) != cases[i].hit)
			fail_msg("%s in %s", cases[i].regex, cases[i].text);
		policy_set_unref(set);
		policy_dir_remove(&dir);
	}
	inspect_scratch_free(scratch);
	arena_pool_drain();
}

/* Literals are looked for in the word view, expressions in the light view: what is ASCII in the light view is
 * its small letter in the word view, letters in brackets aside, which literals leave out. */
static void literals_of_the_light_view_are_in_the_word_view(void **unused)
{
	(void)unused;
	for (uint32_t c = 1; c < 0x110000; c++) {
		char light[64], word[64], again[64];
		struct buf in = BUF_INIT(0);
		struct fold_stats stats;
		size_t light_len, word_len, n;
		bool ascii = false;

		if (c >= 0xd800 && c < 0xe000)
			continue;
		utf8_put(&in, c);
		light_len = fold_light(buf_view(&in), light, &stats);
		word_len = fold_word(buf_view(&in), word, &stats);
		buf_done(&in);
		for (size_t i = 0; i < light_len; i++)
			ascii |= (uint8_t)light[i] < 0x80;
		if (light_len == 0 && word_len)
			fail_msg("U+%04X is gone from one view alone", c);
		if (!ascii || light[0] == '(')
			continue;
		n = fold_word(str_of(light, light_len), again, &stats);
		if (n != word_len || memcmp(again, word, n) ||
			(light_len > 1 && memchr(light, ' ', light_len)))
			fail_msg("U+%04X is %.*s and %.*s", c, (int)light_len, light, (int)word_len, word);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gates_lose_nothing_of_what_expressions_match),
		cmocka_unit_test(what_is_passed_over_holds_no_word),
		cmocka_unit_test(characters_beyond_ascii_are_characters),
		cmocka_unit_test(literals_of_the_light_view_are_in_the_word_view),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
