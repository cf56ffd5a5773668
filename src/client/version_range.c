/* Ranges of versions (version.h): alternatives of terms, as they stand in the text. */
#include "client/version.h"

#include <errno.h>

enum term_kind {
	TERM_LESS,
	TERM_LESS_EQUAL,
	TERM_MORE,
	TERM_MORE_EQUAL,
	TERM_EQUAL,
	TERM_NOT,
	TERM_STAR,
	TERM_UNKNOWN
};

struct term {
	enum term_kind kind;
	unsigned parts; /* of TERM_STAR: so many parts are these; 0: any version */
	struct version bound;
};

struct alternative {
	size_t terms;
	struct term term[VERSION_TERMS_MAX];
};

struct version_range {
	size_t count;
	struct alternative alternative[];
};

enum { HASH_SHOWN = 6, QUOTED_MAX = 80 /* bytes of a range in an error */ };

/* The same, or a build of it: what stands behind is no pre-release. */
static bool is_build_of(const struct version *v, const struct version *bound)
{
	size_t same = bound->suffix_len - 1u; /* without its end */

	if (v->kind != VERSION_NUMBERED || bound->kind != VERSION_NUMBERED)
		return false;
	if (memcmp(v->part, bound->part, sizeof(v->part)) != 0 || v->suffix_len < bound->suffix_len)
		return false;
	if (memcmp(v->suffix, bound->suffix, same) != 0)
		return false;
	return v->suffix[same] == bound->suffix[same] || (!bound->open && v->suffix[same] > bound->suffix[same]);
}

/* --- reading --- */

struct reading {
	struct str text;
	struct err *err;
};

static const char accepted[] = "e.g. \">=2.0, <2.14.12\", \"1.7.*\", \"<5 || >=6\", \"*\" or \"unknown\"";

/* From the longest: the first that fits is meant. */
static const struct operator
{
	struct str text;
	enum term_kind kind;
}
operators[] = {
	{STR("<="), TERM_LESS_EQUAL},
	{STR(">="), TERM_MORE_EQUAL},
	{STR("=="), TERM_EQUAL},
	{STR("!="), TERM_NOT},
	{STR("<"), TERM_LESS},
	{STR(">"), TERM_MORE},
	{STR("="), TERM_EQUAL},
};

static struct str take_operator(struct str term, struct str *op, enum term_kind *kind)
{
	*op = STR_NONE;
	*kind = TERM_EQUAL;
	for (size_t i = 0; i < sizeof(operators) / sizeof(operators[0]); i++)
		if (str_starts(term, operators[i].text)) {
			*op = operators[i].text;
			*kind = operators[i].kind;
			return str_trim(str_cut(term, op->len, term.len));
		}
	return term;
}

static int not_a_version(const struct reading *r, struct str text, const char *why)
{
	struct str word = str_cut(text, 0, QUOTED_MAX), range = str_cut(r->text, 0, QUOTED_MAX);

	return err_set(r->err, -EINVAL, "'%.*s' in the range of versions '%.*s' %s; write %s", STR_FMT(word),
		STR_FMT(range), why, accepted);
}

/* "1.7.*" */
static int read_star(const struct reading *r, struct term *t, struct str text, struct str op)
{
	struct str front = str_cut(text, 0, text.len - 1);

	if (op.len)
		return not_a_version(r, text, "has a star behind an operator, but a star stands alone");
	t->kind = TERM_STAR;
	if (front.len == 0)
		return 0;
	front = str_cut(front, 0, front.len - 1);
	t->bound = version_read(front);
	t->parts = t->bound.parts;
	if (!str_ends(str_cut(text, 0, text.len - 1), STR(".")) || t->bound.kind != VERSION_NUMBERED ||
		t->bound.suffix_len > 1 || version_find(front).len != front.len)
		return not_a_version(r, text, "is no version with a star for its last part");
	return 0;
}

static bool has_star(struct str text)
{
	return str_ends(text, STR("*")) || str_ends(text, STR(".x")) || str_ends(text, STR(".X"));
}

static int read_term(const struct reading *r, struct term *t, struct str text)
{
	struct str op, version = take_operator(str_trim(text), &op, &t->kind), rest;

	if (version.len == 0)
		return not_a_version(r, str_trim(text),
			op.len ? "has no version behind it" : "has nothing where a version should be");
	if (str_eq_nocase(version, STR("unknown")) && !op.len) {
		t->kind = TERM_UNKNOWN;
		return 0;
	}
	if (has_star(version))
		return read_star(r, t, version, op);
	t->bound = version_read(version);
	rest = version_find(version);
	if (t->bound.kind == VERSION_UNKNOWN)
		return not_a_version(r, version, "is not a version");
	/* a v in front is part of no version, but common */
	if (rest.len + (size_t)(rest.data - version.data) != version.len || rest.data > version.data + 1 ||
		(rest.data > version.data && version.data[0] != 'v' && version.data[0] != 'V'))
		return not_a_version(r, version, "has more in it than a version");
	if (t->bound.kind == VERSION_HASH && t->kind != TERM_EQUAL && t->kind != TERM_NOT)
		return not_a_version(r, version, "is a hash, which is neither above nor below anything");
	return 0;
}

static bool is_upper(const struct term *t)
{
	return t->kind == TERM_LESS || t->kind == TERM_LESS_EQUAL || t->kind == TERM_EQUAL;
}

static bool is_lower(const struct term *t)
{
	return t->kind == TERM_MORE || t->kind == TERM_MORE_EQUAL || t->kind == TERM_EQUAL;
}

/* Nothing can be above the one and below the other. */
static bool excludes(const struct term *low, const struct term *high)
{
	int order;

	if (!is_lower(low) || !is_upper(high) || low == high || low->bound.kind != high->bound.kind)
		return false;
	if (high->kind != TERM_LESS && is_build_of(&low->bound, &high->bound) && low->kind != TERM_MORE)
		return false;
	order = version_compare(&low->bound, &high->bound);
	return order > 0 || (order == 0 && (low->kind == TERM_MORE || high->kind == TERM_LESS));
}

static int check_alternative(const struct reading *r, const struct alternative *a, struct str text)
{
	for (size_t i = 0; i < a->terms; i++) {
		if (a->term[i].kind == TERM_UNKNOWN && a->terms > 1)
			return not_a_version(r, str_trim(text),
				"can never hold: 'unknown' is an alternative of its own (\"<5 || unknown\")");
		for (size_t j = 0; j < a->terms; j++)
			if (excludes(&a->term[i], &a->term[j]))
				return not_a_version(
					r, str_trim(text), "can never hold: its lower bound is above its upper one");
	}
	return 0;
}

static int read_alternative(const struct reading *r, struct alternative *a, struct str text)
{
	size_t from = 0;

	a->terms = 0;
	while (from <= text.len) {
		size_t end = str_find(text, ',', from);
		int ret;

		if (a->terms == VERSION_TERMS_MAX)
			return err_set(r->err, -EINVAL,
				"the range of versions '%.*s' has more than %d terms in one alternative",
				STR_FMT(str_cut(r->text, 0, QUOTED_MAX)), VERSION_TERMS_MAX);
		a->term[a->terms] = (struct term){};
		ret = read_term(r, &a->term[a->terms++], str_cut(text, from, end));
		if (ret)
			return ret;
		from = end + 1;
	}
	return check_alternative(r, a, text);
}

/* Where the next || stands, or the end. */
static size_t find_bars(struct str text, size_t from)
{
	size_t i = str_find(text, '|', from);

	while (i < text.len && !(i + 1 < text.len && text.data[i + 1] == '|'))
		i = str_find(text, '|', i + 1);
	return i;
}

static size_t count_alternatives(struct str text)
{
	size_t n = 1;

	for (size_t i = find_bars(text, 0); i < text.len; i = find_bars(text, i + 2))
		n++;
	return n;
}

int version_range_parse(const struct version_range **out, struct str text, struct arena *arena, struct err *err)
{
	struct reading r = {.text = text, .err = err};
	struct version_range *range;
	size_t n = count_alternatives(text), from = 0;

	if (text.len > VERSION_RANGE_MAX)
		return err_set(err, -EINVAL, "a range of versions has %zu bytes; at most %d are accepted", text.len,
			VERSION_RANGE_MAX);
	if (n > VERSION_ALTERNATIVES_MAX)
		return err_set(err, -EINVAL,
			"the range of versions '%.*s' has %zu alternatives; at most %d are accepted",
			STR_FMT(str_cut(text, 0, QUOTED_MAX)), n, VERSION_ALTERNATIVES_MAX);
	range = arena_alloc(arena, sizeof(*range) + n * sizeof(range->alternative[0]));
	if (!range)
		return err_set(err, -ENOMEM, "out of memory");
	range->count = n;
	for (size_t i = 0; i < n; i++) {
		size_t end = find_bars(text, from);
		int ret = read_alternative(&r, &range->alternative[i], str_cut(text, from, end));

		if (ret)
			return ret;
		from = end + 2;
	}
	*out = range;
	return 0;
}

/* --- holding --- */

static bool is_same_hash(const struct version *v, const struct version *bound)
{
	size_t n = v->suffix_len < bound->suffix_len ? v->suffix_len : bound->suffix_len;

	return v->kind == VERSION_HASH && bound->kind == VERSION_HASH && n >= HASH_SHOWN &&
	       memcmp(v->suffix, bound->suffix, n) == 0;
}

static bool is_equal(const struct version *v, const struct version *bound)
{
	return is_build_of(v, bound) || is_same_hash(v, bound);
}

static bool begins_with(const struct version *v, const struct term *t)
{
	if (t->parts == 0)
		return v->kind != VERSION_UNKNOWN;
	return v->kind == VERSION_NUMBERED && memcmp(v->part, t->bound.part, t->parts * sizeof(v->part[0])) == 0;
}

static bool term_holds(const struct term *t, const struct version *v)
{
	switch (t->kind) {
	case TERM_STAR:
		return begins_with(v, t);
	case TERM_UNKNOWN:
		return v->kind != VERSION_NUMBERED;
	case TERM_EQUAL:
		return is_equal(v, &t->bound);
	case TERM_NOT:
		return v->kind != VERSION_UNKNOWN && !is_equal(v, &t->bound);
	default:
		break;
	}
	if (v->kind != VERSION_NUMBERED)
		return false;
	if (t->kind == TERM_LESS)
		return version_compare(v, &t->bound) < 0;
	if (t->kind == TERM_LESS_EQUAL)
		return version_compare(v, &t->bound) <= 0 || is_build_of(v, &t->bound);
	if (t->kind == TERM_MORE)
		return version_compare(v, &t->bound) > 0 && !is_build_of(v, &t->bound);
	return version_compare(v, &t->bound) >= 0;
}

bool version_range_holds(const struct version_range *range, const struct version *v)
{
	for (size_t i = 0; i < range->count; i++) {
		const struct alternative *a = &range->alternative[i];
		size_t holding = 0;

		while (holding < a->terms && term_holds(&a->term[holding], v))
			holding++;
		if (holding == a->terms)
			return true;
	}
	return false;
}

bool version_range_holds_text(const struct version_range *range, struct str version)
{
	struct version v = version_read(version);

	return version_range_holds(range, &v);
}
