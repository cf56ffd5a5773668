/* What a name looks like: two names with one skeleton are hard to tell apart on a screen (Unicode Technical Standard 39,
 * section 4). Skeletons are for comparing, never for showing, and are not kept: they change with the table
 * (skeleton_data.c, of one fixed Unicode version).
 *
 * Not hot: for names that are chosen, requests of people who do not know each other, and the index of colleagues. A name of
 * twenty characters takes some microseconds. Input is valid UTF-8. Thread-safe. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/str.h"

enum {
	SKELETON_E_LONG = 1, /* more than a name has */
	SKELETON_MAX = 1024, /* bytes of the longest text */
};

/* Appends the skeleton as the standard has it: NFD, each character by what it looks like, NFD; characters that are not shown
 * are left out. 0, SKELETON_E_LONG, -ENOMEM. */
[[nodiscard]] int skeleton_put(struct str text, struct buf *out);

/* How people compare names: case, spaces and punctuation count for nothing. There are two such forms, since a capital I looks
 * like a small l and becomes a small i: two names are taken for one if either form is the same. A form may be empty. */
enum skeleton_form {
	SKELETON_FOLDED, /* case goes first */
	SKELETON_SHOWN,  /* case goes last */
	SKELETON_LOOSE,  /* as SHOWN; and i is l, 0 is o: for names that nobody may come near to */
	SKELETON_FORMS,
};
[[nodiscard]] int skeleton_put_name(struct str text, enum skeleton_form form, struct buf *out);

/* Could a reader take the one for the other? False when memory is out, or one of them is too long or shows nothing. */
[[nodiscard]] bool skeleton_is_same_name(struct str a, struct str b);

/* Are all its letters of one way of writing (UTS 39 section 5.1)? Japanese, Korean and Chinese mix scripts as one. */
[[nodiscard]] bool skeleton_is_one_script(struct str text);

/* Does a word of it mix scripts that people do not mix: is it beyond Highly Restrictive (UTS 39 section 5.2)? Latin goes with
 * Japanese, Korean and Chinese. Words end at spaces: a name in two scripts, one beside the other, is none. */
[[nodiscard]] bool skeleton_is_mixed(struct str text);
