/* A reader for the syntax of expressions that keeps, for each piece, bounds instead of a tree. */
#include "inspect/need.h"

enum {
	GROUPS_MAX = 64, /* nested */
	REPEATS_MAX = 8, /* of one piece that are spelled out in literals */
	CLASS_MAX = 8,   /* characters of a class that are */
	MANY = NEED_MAX, /* no upper bound on repetitions is told from this one */
	APART_MAX = 4,   /* sets of literals kept of one expression */
};

/* Texts in what a piece matches. */
struct spelling {
	const struct literals *tail;             /* each match ends in one of these; NULL: anything */
	const struct literals *best;             /* each match contains one of these; NULL: nothing known */
	bool exact;                              /* each match is one of `tail` */
	const struct literals *apart[APART_MAX]; /* and one of each of these, elsewhere; NULL ends */
};

/* The least length of a row of bytes of one kind, in every match of a piece: at its start, at its end,
 * anywhere.
 */
struct row {
	unsigned prefix, suffix, best;
	bool whole; /* nothing in it is of another kind; then its least width is `best` */
};

/* Bounds on what a piece matches. */
struct piece {
	unsigned digits;
	struct row dense, number; /* no white space; digits */
	bool at;
	struct spelling spelling;
};

struct reader {
	struct str text;
	struct arena *arena; /* of sets of literals */
	size_t i;
	unsigned depth;
	bool lost; /* something not understood: the whole expression needs nothing */
};

static const struct piece nothing = {
	.dense = {.whole = true},
	.number = {.whole = true},
	.spelling = {.tail = &literals_empty, .exact = true},
};

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

/* ---- spelling ---- */

static struct spelling spelling_of_chars(struct reader *r, struct str chars)
{
	const struct literals *set = literals_of_chars(r->arena, chars);

	return (struct spelling){.tail = set, .best = set, .exact = set != NULL};
}

static void apart_put(struct spelling *s, const struct literals *set)
{
	for (size_t i = 0; set && i < APART_MAX && s->apart[i] != set; i++) {
		if (s->apart[i])
			continue;
		s->apart[i] = set;
		return;
	}
}

static void apart_put_all(struct spelling *s, const struct spelling *from)
{
	for (size_t i = 0; i < APART_MAX && from->apart[i]; i++)
		apart_put(s, from->apart[i]);
}

/* The rarest of all that is known. */
static const struct literals *spelling_rarest(const struct spelling *s)
{
	const struct literals *best = s->best;

	for (size_t i = 0; i < APART_MAX && s->apart[i]; i++)
		best = literals_rarer(best, s->apart[i]);
	return best;
}

/* One stretch of the text: what a ends in goes on in b. */
static bool spelling_join(
	struct reader *r, const struct spelling *a, const struct spelling *b, struct spelling *out)
{
	const struct literals *both = NULL;

	if (b->exact)
		both = literals_then(r->arena, a->tail ? a->tail : &literals_empty, b->tail);
	if (!both)
		return false;
	out->tail = both;
	out->exact = a->exact;
	out->best = literals_rarer(literals_rarer(a->best, b->best), literals_reduce(r->arena, both));
	return true;
}

static struct spelling spelling_then(struct reader *r, struct spelling a, struct spelling b)
{
	struct spelling out = {.tail = b.tail, .best = b.best};
	bool joined = spelling_join(r, &a, &b, &out);

	apart_put_all(&out, &a);
	if (!joined)
		apart_put(&out, a.best);
	apart_put_all(&out, &b);
	return out;
}

static struct spelling spelling_or(struct reader *r, struct spelling a, struct spelling b)
{
	struct spelling out = {
		.tail = literals_or(r->arena, a.tail, b.tail),
		.best = literals_or(r->arena, spelling_rarest(&a), spelling_rarest(&b)),
	};

	out.exact = a.exact && b.exact && out.tail;
	return out;
}

static struct spelling spelling_times(struct reader *r, struct spelling s, unsigned least, unsigned most)
{
	struct spelling out = nothing.spelling;

	if (least == 0) {
		out.tail = literals_or(r->arena, s.tail, &literals_empty);
		out.exact = s.exact && most == 1 && out.tail;
		return out;
	}
	for (unsigned i = 0; i < least && i < REPEATS_MAX; i++)
		out = spelling_then(r, out, s);
	out.exact &= least == most && least <= REPEATS_MAX;
	return out;
}

/* ---- pieces ---- */

static struct row row_then(struct row a, struct row b)
{
	return (struct row){
		.prefix = capped(a.whole ? a.prefix + b.prefix : a.prefix),
		.suffix = capped(b.whole ? a.suffix + b.suffix : b.suffix),
		.best = larger(capped(a.suffix + b.prefix), larger(a.best, b.best)),
		.whole = a.whole && b.whole,
	};
}

static struct row row_or(struct row a, struct row b)
{
	return (struct row){
		.prefix = smaller(a.prefix, b.prefix),
		.suffix = smaller(a.suffix, b.suffix),
		.best = smaller(a.best, b.best),
		.whole = a.whole && b.whole,
	};
}

static struct piece bounds_then(struct piece a, struct piece b)
{
	return (struct piece){
		.digits = capped(a.digits + b.digits),
		.dense = row_then(a.dense, b.dense),
		.number = row_then(a.number, b.number),
		.at = a.at || b.at,
	};
}

static struct piece piece_then(struct reader *r, struct piece a, struct piece b)
{
	struct piece out = bounds_then(a, b);

	out.spelling = spelling_then(r, a.spelling, b.spelling);
	return out;
}

static struct piece piece_or(struct reader *r, struct piece a, struct piece b)
{
	return (struct piece){
		.digits = smaller(a.digits, b.digits),
		.dense = row_or(a.dense, b.dense),
		.number = row_or(a.number, b.number),
		.at = a.at && b.at,
		.spelling = spelling_or(r, a.spelling, b.spelling),
	};
}

static struct piece piece_times(struct reader *r, struct piece p, unsigned least, unsigned most)
{
	struct piece out = {.dense = {.whole = p.dense.whole}, .number = {.whole = p.number.whole}};

	if (least == 1 && most == 1)
		return p;
	for (unsigned i = 0; i < least && i < NEED_MAX; i++)
		out = i == 0 ? p : bounds_then(out, p);
	out.spelling = spelling_times(r, p.spelling, least, most);
	return out;
}

static struct row row_of(bool such)
{
	return (struct row){.prefix = such, .suffix = such, .best = such, .whole = such};
}

static struct piece of_char(bool digit, bool dense, bool at)
{
	return (struct piece){.digits = digit, .dense = row_of(dense), .number = row_of(digit), .at = at};
}

static bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static struct piece of_literal(struct reader *r, char c)
{
	struct piece p = of_char(is_digit(c), !is_space(c), c == '@');

	p.spelling = spelling_of_chars(r, str_of(&c, 1));
	return p;
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
	return of_literal(r, c);
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
			return peek(r) != '-';
		}
		*from = *to = c;
		return peek(r) != '-' && !((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c));
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

/* The characters of a small class. */
struct members {
	char list[CLASS_MAX];
	size_t count;
	bool many;
};

static void members_add(struct members *m, char from, char to)
{
	for (unsigned c = (unsigned char)from; c <= (unsigned char)to; c++) {
		if (m->count == CLASS_MAX) {
			m->many = true;
			return;
		}
		m->list[m->count++] = (char)c;
	}
}

/* Up to the closing bracket. A `]` inside [:name:] would end it too early: such classes give the whole thing
 * up. */
static struct piece class_read(struct reader *r)
{
	bool negated = take(r, '^'), digits = true, dense = true, at = true, first = true;
	struct members members = {};
	struct piece p;

	while (more(r) && (first || peek(r) != ']')) {
		char from, to;

		first = false;
		if (!class_member(r, &from, &to)) {
			if (r->text.data[r->i - 1] == '[' || peek(r) == ':')
				return lost(r);
			digits = dense = at = false;
			members.many = true;
			continue;
		}
		digits &= is_digit(from) && is_digit(to);
		dense &= (unsigned char)from > ' ' && (unsigned char)to >= (unsigned char)from;
		at &= from == '@' && to == '@';
		members_add(&members, from, to);
	}
	if (!take(r, ']'))
		return lost(r);
	if (negated)
		return of_char(false, false, false);
	p = of_char(digits, dense, at);
	if (!members.many)
		p.spelling = spelling_of_chars(r, str_of(members.list, members.count));
	return p;
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
	return of_literal(r, c);
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

struct times {
	unsigned least, most;
};

static struct times braces_read(struct reader *r)
{
	struct times t;

	t.least = t.most = number_read(r);
	if (take(r, ',')) {
		/* without its first number it may also be a brace that is only a brace */
		t.most = is_digit(peek(r)) && t.least ? number_read(r) : MANY;
		(void)number_read(r);
	}
	if (!take(r, '}'))
		(void)lost(r);
	return t;
}

/* How often the atom before is wanted; once when nothing is said. */
static struct times times_read(struct reader *r)
{
	struct times t = {1, MANY};
	char c = peek(r), next = r->i + 1 < r->text.len ? r->text.data[r->i + 1] : '\0';

	/* a brace that is only a brace is read as a character next */
	if (!(c == '*' || c == '?' || c == '+' || (c == '{' && (is_digit(next) || next == ','))))
		return (struct times){1, 1};
	r->i++;
	if (c == '{')
		t = braces_read(r);
	else if (c != '+')
		t = (struct times){0, c == '?' ? 1 : MANY};
	if (!take(r, '?') && take(r, '+'))
		(void)lost(r);
	return t;
}

static struct piece sequence_read(struct reader *r)
{
	struct piece out = nothing;

	while (more(r) && peek(r) != '|' && peek(r) != ')') {
		struct piece p = atom_read(r);
		struct times t = times_read(r);

		out = piece_then(r, out, piece_times(r, p, t.least, t.most));
	}
	return out;
}

static struct piece either_read(struct reader *r)
{
	struct piece out = sequence_read(r);

	while (take(r, '|'))
		out = piece_or(r, out, sequence_read(r));
	return out;
}

/* The rarest set that is of use, `than` aside; NULL when there is none. */
static const struct literals *rarest_but(const struct spelling *s, const struct literals *than)
{
	const struct literals *best = NULL;

	for (size_t i = 0; i <= APART_MAX; i++) {
		const struct literals *set = i < APART_MAX ? s->apart[i] : s->best;

		if (set && set != than && set->least >= LITERAL_LEAST)
			best = literals_rarer(best, set);
	}
	return best;
}

static void literals_choose(const struct spelling *s, struct arena *arena, struct need *out)
{
	const struct literals *first = rarest_but(s, NULL), *second;

	if (!first)
		return;
	out->literals[0] = literals_dup(arena, first);
	second = literals_are_rare(first) ? NULL : rarest_but(s, first);
	if (second && out->literals[0])
		out->literals[1] = literals_dup(arena, second);
}

struct need need_of(struct str regex, struct arena *arena)
{
	struct reader r = {.text = regex, .arena = arena_new(0)};
	struct need need = {};
	struct piece p;

	if (!r.arena)
		return need;
	p = either_read(&r);
	if (!r.lost && !more(&r)) {
		need = (struct need){
			.digits = p.digits, .number = p.number.best, .run = p.dense.best, .at = p.at};
		literals_choose(&p.spelling, arena, &need);
	}
	arena_free(r.arena);
	return need;
}
