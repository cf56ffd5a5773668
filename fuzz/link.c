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

static bool take(void *owner, struct str payload)
{
	struct buf *shown = owner;

	assert(payload.len && payload.len <= PAYLOAD_MAX);
	assert(!payload_host(payload).len || !payload_is_file(payload));
	payload_put_harmless(shown, payload);
	return true;
}

static void carry(const struct node *stanza)
{
	struct buf shown = BUF_INIT(0);

	payload_each(stanza, take, &shown);
	assert(!payload_is_in(stanza, STR("http://not.there/")) || shown.len);
	buf_done(&shown);
}

/* As text, as an attribute, as a file's name and as its hash. */
static void carry_all(struct str text)
{
	struct arena *arena = arena_new(0);
	struct node *stanza = node_new(arena, STR("message"), STR("jabber:client")), *file, *hash;

	node_add_text(arena, node_add(arena, stanza, STR("body"), STR("jabber:client")), text);
	file = node_add(arena, stanza, STR("file"), STR("urn:xmpp:file:metadata:0"));
	node_add_text(arena, node_add(arena, file, STR("name"), file->ns), text);
	node_add_text(arena, node_add(arena, file, STR("size"), file->ns), STR("1"));
	hash = node_add(arena, file, STR("hash"), STR("urn:xmpp:hashes:2"));
	node_set_attr(arena, hash, STR("algo"), STR("sha-256"));
	node_add_text(arena, hash, text);
	file = node_add(arena, stanza, STR("file"), STR("http://jabber.org/protocol/si/profile/file-transfer"));
	node_set_attr(arena, file, STR("name"), text);
	node_set_attr(arena, file, STR("size"), STR("1"));
	carry(stanza);
	arena_free(arena);
}

/* What is read of what somebody writes is read of itself alike. */
static void read_as_written(struct str text)
{
	struct buf once = BUF_INIT(0), twice = BUF_INIT(0);

	if (payload_read(&once, text)) {
		assert(once.len <= PAYLOAD_MAX);
		(void)payload_read(&twice, buf_view(&once));
	}
	buf_done(&once);
	buf_done(&twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = str_of((const char *)data, size);
	bool found = link_in(text);

	carry_all(text);
	read_as_written(text);

	assert(!found || link_may_be_in(text));
	assert(byte_by_byte(text) == found);
	assert(!found || with_tail(text, STR(" and more")));
	assert(with_tail(text, STR(" https://example.org")));
	return 0;
}
