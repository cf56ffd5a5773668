/* What text parsers get from the tokenizer: valid UTF-8. A byte of the input that is none becomes U+FFFD. */
#pragma once

#include <stdint.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/text.h"

static inline void need(bool holds)
{
	if (!holds)
		abort();
}

/* A view of `out`, which the caller frees; never without data, so that an empty one is a text, too. */
static inline struct str valid_text(const uint8_t *data, size_t size, struct buf *out)
{
	for (size_t i = 0; i < size;) {
		size_t n = 1;

		while (n < 4 && i + n < size && !utf8_is_valid(str_of((const char *)data + i, n)))
			n++;
		if (utf8_is_valid(str_of((const char *)data + i, n))) {
			buf_put(out, data + i, n);
			i += n;
		} else {
			buf_lit(out, "\xef\xbf\xbd");
			i++;
		}
	}
	need(!buf_failed(out));
	return out->len ? buf_view(out) : STR("");
}
