/* Encodings of bytes as text: hex, base64, UTF-8, and the escapers for the places text is put into; the address of a
 * connection as text. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"

void hex_put(struct buf *b, const void *data, size_t len); /* lower case */
[[nodiscard]] bool hex_parse(struct str text, void *out, size_t len); /* exactly 2*len digits */

void base64_put(struct buf *b, const void *data, size_t len); /* RFC 4648 section 4, padded */
void base64url_put(struct buf *b, const void *data, size_t len); /* section 5, no padding */

/* Strict: canonical padding, no white space, no stray bits. Appends to b. */
[[nodiscard]] bool base64_parse(struct str text, struct buf *b);

/* Bytes of the character at s.data[at] (at < s.len), 1 to 4; 0 when it is not valid. */
[[nodiscard]] size_t utf8_length(struct str s, size_t at);

/* Strict UTF-8 (no overlong forms, no surrogates, nothing above U+10FFFF). */
[[nodiscard]] bool utf8_is_valid(struct str s);

/* Decodes one code point of valid UTF-8 at *at and moves *at behind it. */
uint32_t utf8_next(struct str s, size_t *at);
void utf8_put(struct buf *b, uint32_t code_point);

/* The inside of a JSON string (no quotes around it). Input must be valid UTF-8. */
void json_escape(struct buf *b, struct str s);
/* "..." with quotes. */
void json_quote(struct buf *b, struct str s);

/* For log lines and terminals: control bytes, DEL, C1, bidi controls and invalid UTF-8 become \xNN or \u{N};
 * at most `max` bytes of input are shown, then "...". */
void log_escape(struct buf *b, struct str s, size_t max);

/* The address of a connection without its port: "10.0.0.1:5222" is 10.0.0.1, "[::1]:5222" is ::1; without a port it is itself.
 * A view. */
struct str network_host(struct str address);
