/* Searches in text views; see str.h. */
#include "str.h"

bool str_has(struct str s, struct str needle)
{
	return memmem(s.data, s.len, needle.data, needle.len) != NULL;
}

bool str_between(struct str s, struct str open, struct str close, struct str *out)
{
	const char *from = memmem(s.data, s.len, open.data, open.len);
	const char *to;

	if (!from)
		return false;
	from += open.len;
	to = memmem(from, (size_t)(s.data + s.len - from), close.data, close.len);
	if (!to)
		return false;
	*out = (struct str){from, (size_t)(to - from)};
	return true;
}

struct str str_tag(struct str stanza)
{
	char quote = 0;

	for (size_t i = 0; i < stanza.len; i++) {
		char byte = stanza.data[i];

		if (quote)
			quote = byte == quote ? 0 : quote;
		else if (byte == '"' || byte == '\'')
			quote = byte;
		else if (byte == '>')
			return (struct str){stanza.data, i + 1};
	}
	return (struct str){stanza.data, 0};
}

bool str_attribute(struct str tag, struct str name, struct str *out)
{
	const char *end = tag.data + tag.len;
	const char *at = tag.data;

	while ((at = memmem(at, (size_t)(end - at), name.data, name.len))) {
		const char *value = at + name.len;

		if (at > tag.data && at[-1] == ' ' && end - value > 2 && value[0] == '=' &&
			(value[1] == '"' || value[1] == '\'')) {
			const char *close = memchr(value + 2, value[1], (size_t)(end - value - 2));

			if (!close)
				return false;
			*out = (struct str){value + 2, (size_t)(close - value - 2)};
			return true;
		}
		at = value;
	}
	return false;
}
