/* A reader for the syntax of expressions that keeps, for each piece, bounds instead of a tree. */
#include "inspect/need.h"

enum {
	GROUPS_MAX = 64, /* nested */
};

/* Bounds on what a piece matches. `dense`: nothing in it can be white space; then its least width is `best`.
 */
struct piece {
	unsigned digits;
	unsigned prefix, suffix, best; /* least run without white space: at the start, at the end, anywhere */
	bool at, dense;
};

struct reader {
	struct str text;
	size_t i;
	unsigned depth;
	bool lost; /* something not understood: the whole expression needs nothing */
};

static const struct piece nothing = {.dense = true};

static unsigned capped(unsigned n)
{
	return n < NEED_MAX ? n : NEED_MAX;
}

static unsigned larger(unsigned a, unsigned b)
{
	return a > b ? a : b;
}

static unsigned smaller(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

static struct piece piece_then(struct piece a, struct piece b)
{
	return (struct piece){
		.digits = capped(a.digits + b.digits),
		.prefix = capped(a.dense ? a.prefix + b.prefix : a.prefix),
		.suffix = capped(b.dense ? a.suffix + b.suffix : b.suffix),
		.best = larger(capped(a.suffix + b.prefix), larger(a.best, b.best)),
		.at = a.at || b.at,
		.dense = a.dense && b.dense,
	};
}

static struct piece piece_or(struct piece a, struct piece b)
{
	return (struct piece){
		.digits = smaller(a.digits, b.digits),
		.prefix = smaller(a.prefix, b.prefix),
		.suffix = smaller(a.suffix, b.suffix),
		.best = smaller(a.best, b.best),
		.at = a.at && b.at,
		.dense = a.dense && b.dense,
	};
}

static struct piece piece_times(struct piece p, unsigned least)
{
	struct piece out = {.dense = p.dense};

	for (unsigned i = 0; i < least && i < NEED_MAX; i++)
		out = i == 0 ? p : piece_then(out, p);
	return out;
}

static struct piece of_char(bool digit, bool dense, bool at)
{
	return (struct piece){
		.digits = digit, .prefix = dense, .suffix = dense, .best = dense, .at = at, .dense = dense};
}

static bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static struct piece of_literal(char c)
{
	return of_char(is_digit(c), !is_space(c), c == '@');
}

static bool more(const struct reader *r)
{
	return r->i < r->text.len;
}

static char peek(const struct reader *r)
{
	return more(r) ? r->text.data[r->i] : '\0';
}

static bool take(struct reader *r, char c)
{
	if (!more(r) || r->text.data[r->i] != c)
		return false;
	r->i++;
	return true;
}

static struct piece lost(struct reader *r)
{
	r->lost = true;
	r->i = r->text.len;
	return (struct piece){};
}

/* Behind a backslash. Codes (\x41, \101) are taken as any character, which is always true. */
static struct piece escape_read(struct reader *r)
{
	char c = peek(r);

	r->i++;
	switch (c) {
	case 'd':
		return of_char(true, true, false);
	case 'w':
	case 'S':
		return of_char(false, true, false);
	case 'b':
	case 'B':
		return nothing;
	case 's':
	case 'D':
	case 'W':
	case 'n':
	case 't':
	case 'r':
	case 'f':
	case 'v':
		return of_char(false, false, false);
	default:
		break;
	}
	if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) || c == '\0')
		return lost(r); /* codes, properties, quoting, back-references */
	return of_literal(c);
}

/* One member of a class: *from to *to; false for what needs a closer look (then the class is any character).
 */
static bool class_member(struct reader *r, char *from, char *to)
{
	*from = *to = peek(r);
	r->i++;
	if (*from == '\\') {
		char c = peek(r);

		r->i++;
		if (c == 'd') {
			*from = '0';
			*to = '9';
			return true;
		}
		*from = *to = c;
		return !((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c));
	}
	if (*from == '[' && (peek(r) == ':' || peek(r) == '.' || peek(r) == '='))
		return false;
	if (peek(r) == '-' && r->i + 1 < r->text.len && r->text.data[r->i + 1] != ']') {
		r->i++;
		*to = peek(r);
		r->i++;
		return *to != '\\' && *to != '[';
	}
	return true;
}

/* Up to the closing bracket. A `]` inside [:name:] would end it too early: such classes give the whole thing
 * up. */
static struct piece class_read(struct reader *r)
{
	bool negated = take(r, '^'), digits = true, dense = true, at = true, first = true;

	while (more(r) && (first || peek(r) != ']')) {
		char from, to;

		first = false;
		if (!class_member(r, &from, &to)) {
			if (r->text.data[r->i - 1] == '[' || peek(r) == ':')
				return lost(r);
			digits = dense = at = false;
			continue;
		}
		digits &= is_digit(from) && is_digit(to);
		dense &= (unsigned char)from > ' ' && (unsigned char)to >= (unsigned char)from;
		at &= from == '@' && to == '@';
	}
	if (!take(r, ']'))
		return lost(r);
	if (negated)
		return of_char(false, false, false);
	return of_char(digits, dense, at);
}

static struct piece either_read(struct reader *r);

/* Behind '('. */
static struct piece group_read(struct reader *r)
{
	struct piece p;

	if (++r->depth > GROUPS_MAX)
		return lost(r);
	if (take(r, '?')) {
		/* flags, comments, look-around, names: only (?: and (?i: (?s: (?m: and (?i) are followed */
		while (peek(r) == 'i' || peek(r) == 's' || peek(r) == 'm' || peek(r) == '-')
			r->i++;
		if (take(r, ')')) {
			r->depth--;
			return nothing;
		}
		if (!take(r, ':'))
			return lost(r);
	}
	p = either_read(r);
	r->depth--;
	return take(r, ')') ? p : lost(r);
}

static struct piece atom_read(struct reader *r)
{
	char c = peek(r);

	r->i++;
	switch (c) {
	case '\\':
		return escape_read(r);
	case '[':
		return class_read(r);
	case '(':
		return group_read(r);
	case '.':
		return of_char(false, false, false);
	case '^':
	case '$':
		return nothing;
	default:
		break;
	}
	/* a character of several bytes is one atom */
	while ((unsigned char)c >= 0x80 && ((unsigned char)peek(r) & 0xc0) == 0x80)
		r->i++;
	return of_literal(c);
}

static unsigned number_read(struct reader *r)
{
	unsigned n = 0;

	while (is_digit(peek(r))) {
		n = n < NEED_MAX ? n * 10 + (unsigned)(peek(r) - '0') : NEED_MAX;
		r->i++;
	}
	return n;
}

/* The least number of times the atom before is wanted; 1 when nothing is said. */
static unsigned least_read(struct reader *r)
{
	unsigned least = 1;
	size_t start = r->i;

	if (take(r, '*') || take(r, '?')) {
		least = 0;
	} else if (take(r, '+')) {
		least = 1;
	} else if (take(r, '{')) {
		if (!is_digit(peek(r)) && peek(r) != ',') {
			r->i = start;
			return 1; /* a brace that is only a brace: read as a character next */
		}
		least = number_read(r);
		if (take(r, ','))
			(void)number_read(r);
		if (!take(r, '}'))
			(void)lost(r);
	} else {
		return 1;
	}
	if (!take(r, '?') && take(r, '+'))
		(void)lost(r);
	return least;
}

static struct piece sequence_read(struct reader *r)
{
	struct piece out = nothing;

	while (more(r) && peek(r) != '|' && peek(r) != ')') {
		struct piece p = atom_read(r);

		out = piece_then(out, piece_times(p, least_read(r)));
	}
	return out;
}

static struct piece either_read(struct reader *r)
{
	struct piece out = sequence_read(r);

	while (take(r, '|'))
		out = piece_or(out, sequence_read(r));
	return out;
}

struct need need_of(struct str regex)
{
	struct reader r = {.text = regex};
	struct piece p = either_read(&r);

	if (r.lost || more(&r))
		return (struct need){};
	return (struct need){.digits = p.digits, .run = p.best, .at = p.at};
}
