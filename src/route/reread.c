#include "route/reread.h"

#include "stanza/tokenizer.h"

static const struct xml_limits limits = {.stanza_bytes = 4 << 20,
	.depth = 300,
	.attributes = 2000,
	.attribute_bytes = 2 << 20,
	.name_bytes = 70000,
	.children = 200000,
	.nodes = 2000000,
	.arena_bytes = 0};

static enum xml_event feed(struct tokenizer *t, struct str text, struct node **out, struct arena **arena)
{
	const char *data = text.data;
	size_t len = text.len;

	return tokenizer_feed(t, &data, &len, out, arena);
}

struct node *reread_stanza(struct str xml, struct arena **arena)
{
	struct tokenizer *t = tokenizer_new(&limits);
	struct node *root = NULL, *stanza = NULL;
	struct arena *head = NULL;

	*arena = NULL;
	if (!t)
		return NULL;
	if (feed(t,
		    STR("<stream:stream xmlns='jabber:client' "
			"xmlns:stream='http://etherx.jabber.org/streams'>"),
		    &root, &head) == XML_STREAM_OPEN) {
		arena_free(head);
		if (feed(t, xml, &stanza, arena) != XML_STANZA)
			stanza = NULL;
	}
	tokenizer_free(t);
	return stanza;
}
