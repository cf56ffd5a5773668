/* The generated table behind fold.c; nobody else includes this. */
#pragma once

#include <stddef.h>
#include <stdint.h>

enum {
	FOLD_PAGE = 128,
	FOLD_PAGES = 0x110000 / FOLD_PAGE,
	FOLD_KEEP = 0,
	FOLD_DROP = 1,
};

extern const uint8_t fold_pool[]; /* at an entry: length, then as many bytes of UTF-8 */
extern const uint8_t fold_word_index[FOLD_PAGES];
extern const uint16_t fold_word_pages[][FOLD_PAGE];
extern const uint8_t fold_light_index[FOLD_PAGES];
extern const uint16_t fold_light_pages[][FOLD_PAGE];

struct fold_range {
	uint32_t first, last;
};

extern const struct fold_range fold_words[]; /* sorted */
extern const size_t fold_words_count;
