/* A piece of folded text as a row of units: letters, and signs as the letters they stand for. What loose.h
 * compares with words. Pure; a piece belongs to its user. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

enum {
	PIECE_MAX = 64, /* units */
};

enum {
	IS_LETTER = 1,
	IS_DIGIT = 2,
	IS_SPACE = 4,
	IS_BETWEEN = 8, /* can stand between letters that are kept apart */
	IS_HIDING = 16, /* stands for a letter that is not shown */
	IS_EDGE = 32,   /* at the end of a word rather part of it than punctuation */
};

struct character {
	char class; /* the letter it looks like, 0 for none; i and l look alike: both are class i */
	uint8_t is;
};

extern const struct character piece_characters[256];

static inline char class_of(char c)
{
	return piece_characters[(uint8_t)c].class;
}

static inline bool is(char c, uint8_t what)
{
	return piece_characters[(uint8_t)c].is & what;
}

/* What a character can be. */
struct unit {
	uint32_t at, end; /* bytes in the text */
	char c;           /* as it stands there; 0 for a sign of several bytes */
	char class;       /* the letter its look stands for */
	bool letter, hidden;
};

struct piece {
	struct unit units[PIECE_MAX];
	size_t len;
	unsigned letters, digits;
	bool stretched; /* letters are repeated on purpose */
	bool hides;     /* has letters hidden */
};

void piece_clear(struct piece *p);

/* More than three of one in a row say no more than three. */
void piece_put(struct piece *p, struct unit unit);
struct unit piece_unit(char c, size_t at);

/* To be called when all units are in: sets `stretched`. Three in a row, or two places with two, are no
 * spelling of a word. */
void piece_judge(struct piece *p);

enum reading {
	READ_SIGNS,   /* what can be a letter is one; the rest stands between */
	READ_LETTERS, /* only letters and digits count; every sign stands between */
	READ_HIDDEN,  /* every character counts, hidden ones too */
};

/* Reads [from, to) of the text. False when something is there that is neither letter nor between letters. */
bool piece_read(struct piece *p, struct str text, size_t from, size_t to, enum reading reading);

/* The units [from, to) of another piece. */
void piece_cut(struct piece *cut, const struct piece *p, size_t from, size_t to);
