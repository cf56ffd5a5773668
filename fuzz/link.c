/* Links in texts: found alike however the text is cut, and never lost by what comes behind. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "rule/link.h"
#include "rule/payload.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool byte_by_byte(struct str text)
{
	struct link_finder f;

	link_begin(&f);
	for (size_t i = 0; i < text.len; i++)
		link_feed(&f, str_cut(text, i, i + 1));
	return link_end(&f);
}

static bool with_tail(struct str text, struct str tail)
{
	struct link_finder f;

	link_begin(&f);
	link_feed(&f, text);
	link_feed(&f, tail);
	return link_end(&f);
}

static bool is_bounded(void *owner, struct str payload)
{
	(void)owner;
	assert(payload.len && payload.len <= PAYLOAD_MAX);
	return true;
}

static void carry(struct str text)
{
	struct node said = {.kind = NODE_TEXT, .text = text};
	struct node stanza = {.kind = NODE_ELEMENT, .name = STR("body"), .first = &said, .last = &said};

	said.parent = &stanza;
	payload_each(&stanza, is_bounded, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = str_of((const char *)data, size);
	bool found = link_in(text);

	carry(text);

	assert(byte_by_byte(text) == found);
	assert(!found || with_tail(text, STR(" and more")));
	assert(with_tail(text, STR(" https://example.org")));
	return 0;
}
