/* A stanza as the parser makes it. Behind check.h. */
#pragma once

#include "stanza/tokenizer.h"

/* A stanza in jabber:client. The tree lives in *arena, the caller's. */
static inline struct node *tree_of(const char *xml, struct arena **arena)
{
	static const struct xml_limits limits = {.stanza_bytes = 8192, .depth = 20, .attributes = 20, .attribute_bytes = 1000,
		.name_bytes = 100, .children = 100, .nodes = 200};
	const char *head = "<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>";
	size_t head_len = strlen(head), len = strlen(xml);
	struct tokenizer *t = tokenizer_new(&limits);
	struct node *n = NULL;

	assert_int_equal(tokenizer_feed(t, &head, &head_len, &n, arena), XML_STREAM_OPEN);
	arena_free(*arena);
	assert_int_equal(tokenizer_feed(t, &xml, &len, &n, arena), XML_STANZA);
	tokenizer_free(t);
	return n;
}
