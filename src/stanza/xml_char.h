/* What a character may be: UTF-8, the Char and name productions of XML 1.0 (fifth edition, 2.2 and 2.3), and
 * fast runs over plain bytes. Shared by the tokenizer and the serialiser; stateless. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/str.h"

enum {
	XML_SPACE = 1, /* white space of the grammar */
	XML_NAME =
		2, /* may stand in a qualified name; every byte above 0x7f counts until the name is checked */
	XML_START = 4, /* may begin a name or the part behind the colon */
	XML_CHECK = 8, /* a name with such a byte (a colon, one above 0x7f) is to be looked at as a whole */
};

extern const unsigned char xml_class[256];

static inline bool xml_is(char c, unsigned classes)
{
	return xml_class[(unsigned char)c] & classes;
}

/* Bytes from p on that are neither below 0x20 nor one of a, b, c: returns where the run ends. What stood
 * above 0x7f is or-ed into *high (bit 7), to be checked with xml_chars_valid(). */
const char *xml_run(const char *p, const char *end, char a, char b, char c, unsigned char *high);

/* Bytes from p on that the serialiser may copy as they are: ASCII from 0x20 without < > & ' ". */
const char *xml_run_plain(const char *p, const char *end);

/* Length of the UTF-8 sequence of an XML character at p (p < end), 0 if there is none: cut off, overlong, a
 * surrogate, above U+10FFFF, U+FFFE, U+FFFF or a control character. */
unsigned xml_char_length(const char *p, const char *end);

bool xml_chars_valid(struct str s);
bool xml_char_is_legal(uint32_t code_point);

/* A qualified name (Namespaces in XML 1.0, section 4): at most one colon, both parts names. *out_prefix is
 * the length of the part before the colon, 0 without one. */
[[nodiscard]] bool xml_qname_valid(struct str name, size_t *out_prefix);
