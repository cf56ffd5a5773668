/* The layout of the character table that tools/make-precis-table writes. Private to src/jid. */
#pragma once

#include <stdint.h>

/* What a property word holds, from its low bits up. */
enum {
	PRECIS_CLASS_BITS = 7,    /* enum precis_class */
	PRECIS_BIDI_SHIFT = 3,    /* 4 bits: enum precis_bidi */
	PRECIS_JOINING_SHIFT = 7, /* 3 bits: enum precis_joining */
	PRECIS_SCRIPT_SHIFT = 10, /* 2 bits: enum precis_script */
	PRECIS_VIRAMA = 1 << 12,  /* canonical combining class 9 */
	PRECIS_CASED = 1 << 13,
	PRECIS_CASE_IGNORABLE = 1 << 14,
	PRECIS_SPACE = 1 << 15, /* general category Zs */
};

/* Bidi_Class; OTHER are those that the Bidi Rule never allows. */
enum precis_bidi {
	BIDI_OTHER,
	BIDI_L,
	BIDI_R,
	BIDI_AL,
	BIDI_AN,
	BIDI_EN,
	BIDI_ES,
	BIDI_CS,
	BIDI_ET,
	BIDI_ON,
	BIDI_BN,
	BIDI_NSM,
};

/* Joining_Type. */
enum precis_joining {
	JOINING_U,
	JOINING_L,
	JOINING_R,
	JOINING_D,
	JOINING_T,
	JOINING_C,
};

/* The scripts that context rules ask for. */
enum precis_script {
	SCRIPT_ANY,
	SCRIPT_GREEK,
	SCRIPT_HEBREW,
	SCRIPT_EAST_ASIAN, /* Hiragana, Katakana, Han */
};

/* `count` code points from `first`, `step` apart, each moves by `delta`. */
struct precis_mapping {
	uint32_t first;
	uint16_t count;
	uint16_t step;
	int32_t delta;
};

extern const char precis_data_version[];
extern const uint16_t precis_words[];
extern const uint32_t precis_runs[]; /* first code point << 8 | index into precis_words; ascending */
extern const unsigned precis_runs_len;
extern const struct precis_mapping precis_lower[]; /* simple lower case; ascending */
extern const unsigned precis_lower_len;
extern const struct precis_mapping precis_width[]; /* <wide> and <narrow> decompositions; ascending */
extern const unsigned precis_width_len;
