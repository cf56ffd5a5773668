#include "inspect/piece.h"

#define LETTER(c) [c] = {c, IS_LETTER}
#define DIGIT(c, class) [c] = {class, IS_DIGIT}

const struct character piece_characters[256] = {
	LETTER('a'),
	LETTER('b'),
	LETTER('c'),
	LETTER('d'),
	LETTER('e'),
	LETTER('f'),
	LETTER('g'),
	LETTER('h'),
	LETTER('i'),
	LETTER('j'),
	LETTER('k'),
	['l'] = {'i', IS_LETTER},
	LETTER('m'),
	LETTER('n'),
	LETTER('o'),
	LETTER('p'),
	LETTER('q'),
	LETTER('r'),
	LETTER('s'),
	LETTER('t'),
	LETTER('u'),
	LETTER('v'),
	LETTER('w'),
	LETTER('x'),
	LETTER('y'),
	LETTER('z'),
	DIGIT('0', 'o'),
	DIGIT('1', 'i'),
	DIGIT('2', 'z'),
	DIGIT('3', 'e'),
	DIGIT('4', 'a'),
	DIGIT('5', 's'),
	DIGIT('6', 'g'),
	DIGIT('7', 't'),
	DIGIT('8', 'b'),
	DIGIT('9', 'g'),
	['!'] = {'i', IS_BETWEEN},
	['|'] = {'i', IS_BETWEEN | IS_EDGE},
	['+'] = {'t', IS_BETWEEN | IS_EDGE},
	['@'] = {'a', IS_EDGE},
	['$'] = {'s', IS_EDGE},
	['*'] = {0, IS_BETWEEN | IS_HIDING | IS_EDGE},
	['#'] = {0, IS_BETWEEN | IS_HIDING | IS_EDGE},
	['_'] = {0, IS_BETWEEN | IS_HIDING},
	['%'] = {0, IS_BETWEEN | IS_HIDING},
	['.'] = {0, IS_BETWEEN},
	['-'] = {0, IS_BETWEEN},
	['~'] = {0, IS_BETWEEN},
	['/'] = {0, IS_BETWEEN},
	['\\'] = {0, IS_BETWEEN},
	['='] = {0, IS_BETWEEN},
	[','] = {0, IS_BETWEEN},
	[':'] = {0, IS_BETWEEN},
	[';'] = {0, IS_BETWEEN},
	['^'] = {0, IS_BETWEEN},
	['&'] = {0, IS_BETWEEN},
	['?'] = {0, IS_BETWEEN},
	[' '] = {0, IS_SPACE},
	['\t'] = {0, IS_SPACE},
	['\n'] = {0, IS_SPACE},
	['\r'] = {0, IS_SPACE},
};

/* Signs beyond ASCII that stand for a letter; the length in bytes goes to *len. */
static char wide_sign_class(struct str text, size_t at, size_t *len)
{
	static const struct {
		struct str sign;
		char class;
	} signs[] = {
		{STR("\u20ac"), 'e'}, /* euro */
		{STR("\u00a3"), 'i'}, /* pound: an l */
		{STR("\u00a5"), 'y'}, /* yen */
		{STR("\u00a2"), 'c'}, /* cent */
		{STR("\u00a7"), 's'}, /* section */
		{STR("\u00d7"), 'x'}, /* times */
	};

	for (size_t i = 0; i < sizeof(signs) / sizeof(*signs); i++) {
		if (!str_starts(str_cut(text, at, text.len), signs[i].sign))
			continue;
		*len = signs[i].sign.len;
		return signs[i].class;
	}
	return '\0';
}

void piece_put(struct piece *p, struct unit unit)
{
	size_t n = p->len;

	if (n >= 3 && p->units[n - 1].class == unit.class && p->units[n - 2].class == unit.class &&
		p->units[n - 3].class == unit.class && !unit.hidden) {
		p->units[n - 1].end = unit.end;
		return;
	}
	if (n == PIECE_MAX)
		return;
	p->units[p->len++] = unit;
	p->letters += unit.letter;
	p->digits += is(unit.c, IS_DIGIT);
	p->hides |= unit.hidden;
}

struct unit piece_unit(char c, size_t at)
{
	return (struct unit){
		.c = c,
		.class = class_of(c),
		.letter = is(c, IS_LETTER),
		.hidden = is(c, IS_HIDING),
		.at = (uint32_t)at,
		.end = (uint32_t)at + 1,
	};
}

void piece_judge(struct piece *p)
{
	unsigned pairs = 0;

	for (size_t i = 1; i < p->len; i++) {
		if (p->units[i].class != p->units[i - 1].class)
			continue;
		pairs++;
		if (i > 1 && p->units[i].class == p->units[i - 2].class)
			p->stretched = true;
	}
	p->stretched |= pairs > 1;
}

static bool char_reads(char c, enum reading reading)
{
	switch (reading) {
	case READ_SIGNS:
		return class_of(c);
	case READ_LETTERS:
		return is(c, IS_LETTER | IS_DIGIT);
	case READ_HIDDEN:
		return class_of(c) || is(c, IS_HIDING);
	}
	return false;
}

void piece_clear(struct piece *p)
{
	p->len = 0;
	p->letters = p->digits = 0;
	p->stretched = p->hides = false;
}

bool piece_read(struct piece *p, struct str text, size_t from, size_t to, enum reading reading)
{
	piece_clear(p);
	for (size_t i = from; i < to; i++) {
		char c = text.data[i], class;
		size_t len = 1;

		if (char_reads(c, reading)) {
			piece_put(p, piece_unit(c, i));
			continue;
		}
		class = (uint8_t)c >= 0x80 ? wide_sign_class(text, i, &len) : '\0';
		if (class)
			piece_put(p,
				(struct unit){.class = class, .at = (uint32_t)i, .end = (uint32_t)(i + len)});
		else if (reading == READ_HIDDEN ? !is(c, IS_SPACE) : !is(c, IS_BETWEEN | IS_SPACE))
			return false;
		i += len - 1;
	}
	piece_judge(p);
	return true;
}

void piece_cut(struct piece *cut, const struct piece *p, size_t from, size_t to)
{
	piece_clear(cut);
	for (size_t i = from; i < to; i++)
		piece_put(cut, p->units[i]);
	piece_judge(cut);
}
