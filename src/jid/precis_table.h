/* Questions to the character table. Private to src/jid. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "jid/precis.h"
#include "jid/precis_data.h"

/* The property word of one code point. */
uint16_t precis_word(uint32_t code_point);

static inline enum precis_class precis_word_class(uint16_t word)
{
	return (enum precis_class)(word & PRECIS_CLASS_BITS);
}

static inline enum precis_bidi precis_word_bidi(uint16_t word)
{
	return (enum precis_bidi)(word >> PRECIS_BIDI_SHIFT & 15);
}

static inline enum precis_joining precis_word_joining(uint16_t word)
{
	return (enum precis_joining)(word >> PRECIS_JOINING_SHIFT & 7);
}

static inline enum precis_script precis_word_script(uint16_t word)
{
	return (enum precis_script)(word >> PRECIS_SCRIPT_SHIFT & 3);
}

uint32_t precis_map_width(uint32_t code_point);
uint32_t precis_map_lower(uint32_t code_point); /* without context: see precis.c for the two that need more */

/* Whether the code point at `at`, of class CONTEXTJ or CONTEXTO, may stand there (RFC 5892 appendix A). */
bool precis_context_allows(const uint32_t *text, size_t len, size_t at);

/* The Bidi Rule (RFC 5893 section 2); true for text without right-to-left characters. */
bool precis_bidi_allows(const uint32_t *text, size_t len);
