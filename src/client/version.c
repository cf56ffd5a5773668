/* Reading a version and comparing two. A suffix becomes a key of bytes that compares like the suffix: each of its pieces
 * begins with a rank, a number follows as 8 bytes, a word as its letters and a 0; the end has a rank of its own. So the order is
 * total because that of bytes is. */
#include "client/version.h"

#include <string.h>

enum { HASH_MIN = 6, HASH_MAX = 40 };

static const uint64_t number_max = 1000000000000000000u;

/* Of the pieces of a suffix; the order of the numbers is the order of versions. */
enum rank {
	RANK_TILDE = 0x10,
	RANK_DEV = 0x20,
	RANK_ALPHA = 0x28,
	RANK_BETA = 0x30,
	RANK_PRE = 0x38,
	RANK_RC = 0x40,
	RANK_END = 0x80,
	RANK_WORD = 0x90,
	RANK_NUMBER = 0xA0,
	RANK_NOTHING = 0xFF, /* never in a key: the word is as if not there */
};

static const struct stage {
	const char *word;
	enum rank rank;
} stages[] = {
	{"dev", RANK_DEV},
	{"devel", RANK_DEV},
	{"develop", RANK_DEV},
	{"git", RANK_DEV},
	{"svn", RANK_DEV},
	{"hg", RANK_DEV},
	{"cvs", RANK_DEV},
	{"snapshot", RANK_DEV},
	{"nightly", RANK_DEV},
	{"master", RANK_DEV},
	{"main", RANK_DEV},
	{"trunk", RANK_DEV},
	{"wip", RANK_DEV},
	{"alpha", RANK_ALPHA},
	{"a", RANK_ALPHA},
	{"beta", RANK_BETA},
	{"b", RANK_BETA},
	{"pre", RANK_PRE},
	{"preview", RANK_PRE},
	{"milestone", RANK_PRE},
	{"rc", RANK_RC},
	{"cr", RANK_RC},
	{"final", RANK_NOTHING},
	{"release", RANK_NOTHING},
	{"stable", RANK_NOTHING},
	{"ga", RANK_NOTHING},
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_alnum(char c)
{
	return is_digit(c) || is_letter(c);
}

static bool is_hex(char c)
{
	return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

/* The character there; NUL behind the end. */
static char at(struct str s, size_t i)
{
	return i < s.len ? s.data[i] : '\0';
}

static size_t run_of(struct str s, size_t from, bool (*is)(char))
{
	while (from < s.len && is(s.data[from]))
		from++;
	return from;
}

static uint64_t number_of(struct str digits)
{
	uint64_t n = 0;

	for (size_t i = 0; i < digits.len && n < number_max; i++)
		n = n * 10 + (uint64_t)(digits.data[i] - '0');
	return n < number_max ? n : number_max;
}

/* --- dates --- */

static bool is_date(uint64_t year, uint64_t month, uint64_t day)
{
	return year >= 1970 && year < 2200 && month >= 1 && month <= 12 && day >= 1 && day <= 31;
}

/* 2024-03-01 or 2024-03 at the place: where it ends, else 0. */
static size_t dashed_date(struct str s, size_t from)
{
	static const char form[] = "dddd-dd-dd";
	size_t n = 0;

	while (n < sizeof(form) - 1 && (form[n] == 'd' ? is_digit(at(s, from + n)) : at(s, from + n) == form[n]))
		n++;
	if (n == 8) /* what is behind the dash is no number */
		n = 7;
	if ((n != 7 && n != 10) || is_digit(at(s, from + n)) || (n == 7 && is_letter(at(s, from + n))))
		return 0;
	if (!is_date(number_of(str_cut(s, from, from + 4)), number_of(str_cut(s, from + 5, from + 7)),
		    n == 7 ? 1 : number_of(str_cut(s, from + 8, from + 10))))
		return 0;
	return from + n;
}

/* 20240301 or 20240301123456. */
static bool is_closed_date(struct str digits)
{
	if ((digits.len != 8 && digits.len != 14) || run_of(digits, 0, is_digit) < digits.len)
		return false;
	return is_date(
		number_of(str_cut(digits, 0, 4)), number_of(str_cut(digits, 4, 6)), number_of(str_cut(digits, 6, 8)));
}

/* The digits of a hash without the g that git puts before them; empty: it is none. */
static struct str hash_of(struct str word)
{
	size_t digits = 0, least = word.len && is_digit(word.data[0]) ? HASH_MIN + 1 : HASH_MIN;

	if (word.len && lower(word.data[0]) == 'g')
		word = str_cut(word, 1, word.len);
	if (word.len < least || word.len > HASH_MAX)
		return STR_NONE;
	for (size_t i = 0; i < word.len; i++) {
		if (!is_hex(word.data[i]))
			return STR_NONE;
		digits += is_digit(word.data[i]);
	}
	return digits && digits < word.len && !is_closed_date(str_cut(word, 0, 8)) ? word : STR_NONE;
}

/* --- the suffix --- */

struct suffix {
	struct version *v;
	struct str s;
	size_t i;
	bool after; /* behind a +: nothing is a pre-release */
	bool full;
};

static void put_bytes(struct suffix *x, const void *data, size_t len)
{
	/* one byte is kept for the end */
	if (x->full || x->v->suffix_len + len + 1 > VERSION_SUFFIX_MAX) {
		x->full = true;
		return;
	}
	memcpy(x->v->suffix + x->v->suffix_len, data, len);
	x->v->suffix_len = (unsigned char)(x->v->suffix_len + len);
}

static void put_rank(struct suffix *x, enum rank rank)
{
	unsigned char byte = (unsigned char)rank;

	put_bytes(x, &byte, 1);
	x->v->open = rank < RANK_END;
}

static void put_number(struct suffix *x, uint64_t n)
{
	unsigned char bytes[9] = {RANK_NUMBER};

	for (int i = 8; i > 0; i--, n >>= 8)
		bytes[i] = (unsigned char)n;
	put_bytes(x, bytes, sizeof(bytes));
	x->v->open = false;
}

static void put_word(struct suffix *x, struct str word)
{
	unsigned char bytes[VERSION_SUFFIX_MAX] = {RANK_WORD};
	size_t n = word.len < sizeof(bytes) - 2 ? word.len : sizeof(bytes) - 2;

	for (size_t i = 0; i < n; i++)
		bytes[1 + i] = (unsigned char)lower(word.data[i]);
	put_bytes(x, bytes, n + 2);
	x->v->open = false;
}

static const struct stage *stage_of(struct str word)
{
	for (size_t i = 0; i < sizeof(stages) / sizeof(stages[0]); i++)
		if (str_eq_nocase(word, str_from(stages[i].word)))
			return &stages[i];
	return NULL;
}

/* A hash in a suffix has a letter behind a digit, so that "a20240301" is none; "gabc1234" is one always. */
static bool is_suffix_hash(struct str word)
{
	size_t i = 0;

	if (hash_of(word).len == 0)
		return false;
	if (lower(word.data[0]) == 'g')
		return true;
	while (i < word.len && !is_digit(word.data[i]))
		i++;
	while (i < word.len && is_digit(word.data[i]))
		i++;
	return i < word.len;
}

static void put_letters(struct suffix *x, struct str letters)
{
	const struct stage *stage = stage_of(letters);

	if (!stage || (x->after && stage->rank != RANK_NOTHING))
		put_word(x, letters);
	else if (stage->rank != RANK_NOTHING)
		put_rank(x, stage->rank);
}

/* The piece at x->i, a letter or a digit. */
static void suffix_piece(struct suffix *x)
{
	size_t end = run_of(x->s, x->i, is_alnum);
	bool digits = is_digit(x->s.data[x->i]);

	if (!is_suffix_hash(str_cut(x->s, x->i, end)))
		end = run_of(x->s, x->i, digits ? is_digit : is_letter);
	else
		digits = false;
	if (digits)
		put_number(x, number_of(str_cut(x->s, x->i, end)));
	else if (is_suffix_hash(str_cut(x->s, x->i, end)))
		put_word(x, str_cut(x->s, x->i, end));
	else
		put_letters(x, str_cut(x->s, x->i, end));
	x->i = end;
}

/* Whether the suffix goes on behind white space: with the name of a stage, or with the number of one just read. */
static bool goes_on(const struct suffix *x, size_t i)
{
	const struct stage *stage = stage_of(str_cut(x->s, i, run_of(x->s, i, is_letter)));

	if (is_digit(at(x->s, i)))
		return x->v->open && x->i && is_letter(x->s.data[x->i - 1]);
	return stage && strlen(stage->word) > 1;
}

static bool is_separator(char c)
{
	return c == '.' || c == '-' || c == '_' || c == '+' || c == '~';
}

/* 1.7.0~rc1 is 1.7.0-rc1; 1.7.0-1~bpo12 is below 1.7.0-1. */
static void separator(struct suffix *x, char c)
{
	size_t next = x->i + 1;

	x->after = c == '+' || (x->after && c != '~');
	if (c == '~' && !stage_of(str_cut(x->s, next, run_of(x->s, next, is_letter))))
		put_rank(x, RANK_TILDE);
	x->i = next;
}

static void suffix_read(struct suffix *x)
{
	for (;;) {
		char c = at(x->s, x->i);
		size_t next = run_of(x->s, x->i, is_space);

		if (is_alnum(c)) {
			suffix_piece(x);
		} else if (next > x->i && goes_on(x, next)) {
			x->i = next;
		} else if (is_separator(c) && is_alnum(at(x->s, run_of(x->s, x->i, is_separator)))) {
			separator(x, c);
		} else {
			break;
		}
	}
	x->v->suffix[x->v->suffix_len++] = RANK_END;
}

/* --- the parts --- */

static void add_part(struct suffix *x, uint64_t n)
{
	if (x->v->parts < VERSION_PARTS_MAX)
		x->v->part[x->v->parts++] = n;
	else
		put_number(x, n);
}

static void add_date(struct suffix *x, struct str digits)
{
	add_part(x, number_of(str_cut(digits, 0, 4)));
	add_part(x, number_of(str_cut(digits, 4, 6)));
	add_part(x, number_of(str_cut(digits, 6, 8)));
	if (digits.len > 8)
		add_part(x, number_of(str_cut(digits, 8, digits.len)));
}

static void parts_read(struct suffix *x)
{
	size_t date = dashed_date(x->s, x->i);
	struct str digits = str_cut(x->s, x->i, run_of(x->s, x->i, is_digit));

	if (date) {
		add_part(x, number_of(str_cut(x->s, x->i, x->i + 4)));
		add_part(x, number_of(str_cut(x->s, x->i + 5, x->i + 7)));
		if (date == x->i + 10)
			add_part(x, number_of(str_cut(x->s, x->i + 8, date)));
		x->i = date;
	} else if (is_closed_date(digits)) {
		add_date(x, digits);
		x->i += digits.len;
	} else {
		add_part(x, number_of(digits));
		x->i += digits.len;
	}
	while (at(x->s, x->i) == '.' && is_digit(at(x->s, x->i + 1))) {
		size_t end = run_of(x->s, x->i + 1, is_digit);

		add_part(x, number_of(str_cut(x->s, x->i + 1, end)));
		x->i = end;
	}
}

/* Reads the number at `place`; returns where it ends. */
static size_t read_number(struct version *v, struct str s, size_t place)
{
	struct suffix x = {.v = v, .s = s, .i = place};

	v->kind = VERSION_NUMBERED;
	parts_read(&x);
	v->open = false;
	suffix_read(&x);
	return x.i;
}

/* --- where it stands --- */

/* A number that begins at `i` is no part of a word: "v1.2" is none. */
static bool stands_free(struct str s, size_t i)
{
	if (i == 0 || !is_alnum(s.data[i - 1]))
		return true;
	return lower(s.data[i - 1]) == 'v' && (i == 1 || !is_alnum(s.data[i - 2]));
}

/* It has dots, or is a date with dashes. */
static bool is_dotted(struct str s, size_t i)
{
	size_t end = run_of(s, i, is_digit);

	return dashed_date(s, i) || (at(s, end) == '.' && is_digit(at(s, end + 1)));
}

struct places {
	size_t dotted, single, inside, hash; /* of the first of each; the length of the text: none */
};

static void note(size_t *place, size_t i, struct str s)
{
	if (*place == s.len)
		*place = i;
}

/* Notes what begins at the word [i, end), and returns where to look on: behind the whole version, for its parts are none. */
static size_t look_at_word(struct places *p, struct str s, size_t i, size_t end)
{
	struct version rest = {};
	size_t digit = i;

	if (!(at(s, end) == '.' && is_digit(at(s, end + 1))) && hash_of(str_cut(s, i, run_of(s, i, is_alnum))).len) {
		note(&p->hash, i, s);
		return end;
	}
	while (digit < end && !is_digit(s.data[digit]))
		digit++;
	if (digit == end)
		return end;
	if (stands_free(s, digit))
		note(is_dotted(s, digit) ? &p->dotted : &p->single, digit, s);
	else if (run_of(s, digit, is_digit) == end && is_dotted(s, digit))
		note(&p->inside, digit, s);
	else
		return end;
	return read_number(&rest, s, digit);
}

/* Looks outside of parentheses, or inside of them. */
static struct places look(struct str s, bool inside)
{
	struct places p = {s.len, s.len, s.len, s.len};
	unsigned depth = 0;
	size_t i = 0;

	while (i < s.len) {
		if (s.data[i] == '(')
			depth++;
		else if (s.data[i] == ')' && depth)
			depth--;
		if (is_alnum(s.data[i]) && (depth > 0) == inside)
			i = look_at_word(&p, s, i, run_of(s, i, is_alnum));
		else
			i++;
	}
	return p;
}

static size_t place_of_number(const struct places *p, struct str s)
{
	if (p->dotted < s.len)
		return p->dotted;
	return p->single < s.len ? p->single : p->inside;
}

static void read_hash(struct version *v, struct str word)
{
	struct str digits = hash_of(word);

	v->kind = VERSION_HASH;
	for (size_t i = 0; i < digits.len; i++)
		v->suffix[i] = (unsigned char)lower(digits.data[i]);
	v->suffix_len = (unsigned char)digits.len;
}

static bool read_at(struct version *v, struct str *where, struct str s, bool inside)
{
	struct places p = look(s, inside);
	size_t place = place_of_number(&p, s);

	if (place < s.len) {
		*where = str_cut(s, place, read_number(v, s, place));
	} else if (p.hash < s.len) {
		*where = str_cut(s, p.hash, run_of(s, p.hash, is_alnum));
		read_hash(v, *where);
	}
	return v->kind != VERSION_UNKNOWN;
}

static struct version read_and_find(struct str text, struct str *where)
{
	struct version v = {.kind = VERSION_UNKNOWN};

	*where = STR_NONE;
	if (text.len <= VERSION_TEXT_MAX && !read_at(&v, where, text, false))
		read_at(&v, where, text, true);
	return v;
}

struct version version_read(struct str text)
{
	struct str where;

	return read_and_find(text, &where);
}

struct str version_find(struct str text)
{
	struct str where;
	struct version v = read_and_find(text, &where);

	return v.kind == VERSION_UNKNOWN ? STR_NONE : where;
}

int version_compare(const struct version *a, const struct version *b)
{
	if (a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	for (size_t i = 0; i < VERSION_PARTS_MAX; i++)
		if (a->part[i] != b->part[i])
			return a->part[i] < b->part[i] ? -1 : 1;
	return str_cmp(
		str_of((const char *)a->suffix, a->suffix_len), str_of((const char *)b->suffix, b->suffix_len));
}

int version_compare_text(struct str a, struct str b)
{
	struct version x = version_read(a), y = version_read(b);

	return version_compare(&x, &y);
}
