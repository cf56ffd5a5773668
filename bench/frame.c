/* Top-level pieces of a stream; see frame.h. */
#include "frame.h"

/* Returns the byte after the '>' that ends the tag at `at`, or NULL when it has not arrived. */
static const char *tag_end(const char *at, const char *end)
{
	struct str tag = str_tag((struct str){at, (size_t)(end - at)});

	return tag.len ? tag.data + tag.len : NULL;
}

/* Returns the byte after the element that starts at `at`, or NULL when it has not all arrived. */
static const char *element_end(const char *at, const char *end)
{
	int depth = 0;

	while (at && at < end && (at = memchr(at, '<', (size_t)(end - at)))) {
		const char *after = tag_end(at, end);

		if (!after)
			return NULL;
		if (at[1] == '/')
			depth--;
		else if (after[-2] != '/')
			depth++;
		if (!depth)
			return after;
		at = after;
	}
	return NULL;
}

static bool frame_is_blank(char byte)
{
	return byte == ' ' || byte == '\n' || byte == '\r' || byte == '\t';
}

enum frame_kind frame_next(struct str data, struct str *out)
{
	const char *at = data.data;
	const char *end = data.data + data.len;
	enum frame_kind kind = FRAME_STANZA;
	const char *after;

	while (at < end && frame_is_blank(*at))
		at++;
	if (end - at < 3)
		return at < end && *at != '<' ? FRAME_BAD : FRAME_PARTIAL;
	if (*at != '<')
		return FRAME_BAD;

	if (at[1] == '?')
		kind = FRAME_DECLARATION;
	else if (at[1] == '/')
		kind = FRAME_CLOSE;
	else if (str_starts((struct str){at, (size_t)(end - at)}, STR("<stream:stream")))
		kind = FRAME_OPEN;

	after = kind == FRAME_STANZA ? element_end(at, end) : tag_end(at, end);
	if (!after)
		return FRAME_PARTIAL;
	*out = (struct str){at, (size_t)(after - at)};
	return kind;
}
