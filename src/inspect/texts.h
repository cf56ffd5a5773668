/* The texts of one stanza, laid side by side so that each engine passes over them once: folded for words,
 * lightly folded for expressions and numbers, with a line feed between them. Filled by extract.h. Belongs to
 * one thread's scratch and is used again for the next stanza; memory grows to the largest stanza seen
 * (FOLD_GROWTH times the policy's inspect_bytes at most). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "rule/kind.h"
#include "rule/verdict.h"

enum view {
	VIEW_WORD,   /* fold_word() */
	VIEW_LIGHT,  /* fold_light() */
	VIEW_NARROW, /* fold_narrow() */
	VIEW_COUNT,
};

struct text_part {
	struct str text;  /* as the client sent it; borrowed from the stanza or from `joined` */
	size_t joined_at; /* while collecting: place in `joined`, or SIZE_MAX */
	size_t at[VIEW_COUNT], len[VIEW_COUNT]; /* its place in each view */
	unsigned digits;                        /* decimal digits of any script */
	size_t lacks_number, lacks_run; /* no run of so many digits, or bytes without white space, is in it */
	bool ascii;                     /* as sent */
	bool same[VIEW_COUNT];          /* offsets are those of the text as sent */
	enum text_kind kind;
};

struct text_run {
	char *data;
	size_t len, room;
};

struct texts {
	struct text_part *parts;
	size_t count, room;
	struct text_run joined; /* texts put together from several nodes */
	struct text_run view[VIEW_COUNT];
	size_t bytes, ceiling;
	unsigned digits_max; /* of the part with most */
	size_t digits_width; /* the most bytes that a view of a part with digits can have */
	uint64_t *odd;       /* bits for the bytes of the word view (odd.h) */
	size_t odd_room;     /* words of bits */
	bool folded[VIEW_COUNT];
	enum cannot_tell failed;
};

void texts_done(struct texts *t);
void texts_reset(struct texts *t, size_t ceiling);

/* Adds a text; empty ones are dropped. Beyond the ceiling or memory, t->failed says so and nothing more is
 * added. */
void texts_add(struct texts *t, enum text_kind kind, struct str text);

/* A text from pieces: open, put any number, close. */
void texts_open(struct texts *t);
void texts_put(struct texts *t, struct str piece);
void texts_close(struct texts *t, enum text_kind kind);

/* Makes a view, once. False: t->failed. */
bool texts_fold(struct texts *t, enum view view);

/* Marks where something odd begins in the word view, which must be folded. False: nowhere, or t->failed. */
bool texts_mark_odd(struct texts *t);

struct str texts_view(const struct texts *t, enum view view);
struct str texts_part(const struct texts *t, enum view view, size_t part); /* one part of the view */

/* The part that holds the byte at `offset` of the view. */
size_t texts_part_at(const struct texts *t, enum view view, size_t offset);

/* The most bytes that a view of the part can have. */
size_t text_part_width(const struct text_part *part);

/* The place in part->text that a place in its folded form came from. */
size_t text_part_origin(const struct text_part *part, enum view view, size_t offset);
