/* The one tokenizer of the product: bytes of an XMPP stream (RFC 6120 section 11) in, stream header and
 * stanza trees out. It refuses what XMPP refuses (DTD, comments, processing instructions, entities beyond the
 * five: 11.1), checks UTF-8, XML characters, names, namespaces (unbound or reserved prefixes, duplicate
 * attributes also after resolution) and holds to the limits below before memory is spent. It is fed in pieces
 * of any size and is linear in the bytes, whatever the pieces. Idle between stanzas it holds no buffer. Not
 * thread-safe: one per stream, one thread. */
#pragma once

#include <stddef.h>

#include "stanza/node.h"

struct xml_limits {
	/* Of one child of the stream, markup included; also of the stream header. The same number bounds what
	 * its uses of namespaces come to when each is written out, so that a stanza does not grow by being
	 * delivered. */
	size_t stanza_bytes;
	unsigned depth;         /* elements below the stream root, the stanza itself being 1 */
	unsigned attributes;    /* per element, namespace declarations included */
	size_t attribute_bytes; /* one value, as written */
	size_t name_bytes;      /* one qualified name */
	unsigned children;      /* nodes directly in one element */
	unsigned nodes;         /* nodes of one stanza */
	size_t arena_bytes;     /* ceiling of a stanza's arena */
};

enum xml_event {
	XML_MORE,         /* all bytes are consumed; nothing complete yet */
	XML_STREAM_OPEN,  /* *out is the stream header's element, without children */
	XML_STANZA,       /* *out is a complete child of the stream root; *arena is now the caller's */
	XML_STREAM_CLOSE, /* </stream:stream>, or the end tag of a container */
	XML_ERROR,        /* see tokenizer_error(); every later call returns this again */
};

/* The stream error condition that answers it (RFC 6120 4.9.3). */
enum xml_error {
	XML_E_NONE,
	XML_E_NOT_WELL_FORMED,
	XML_E_RESTRICTED, /* restricted-xml */
	XML_E_BAD_PREFIX, /* bad-namespace-prefix: not bound, or a reserved one misused */
	XML_E_BAD_FORMAT, /* bad-format: text directly in the stream, between stanzas */
	XML_E_ENCODING,   /* unsupported-encoding: an XML declaration that names another than UTF-8 */
	XML_E_TOO_BIG,    /* policy-violation: a limit; tokenizer_error_text() says which */
	XML_E_MEMORY,     /* internal-server-error */
};

struct tokenizer;

/* `limits` is borrowed and may be changed between stanzas (tokenizer_set_limits after login). */
[[nodiscard]] struct tokenizer *tokenizer_new(const struct xml_limits *limits);
struct tokenizer *tokenizer_free(struct tokenizer *t);
void tokenizer_set_limits(struct tokenizer *t, const struct xml_limits *limits);

/* For documents that are larger than memory: a direct child of the root, or of another container, for which this says yes
 * when its start tag is complete, is not gathered but entered like the root: XML_STREAM_OPEN with its element, then its
 * children as stanzas, then XML_STREAM_CLOSE. An empty one (<a/>) is a stanza. At most XML_CONTAINERS inside each other.
 * Before the first byte. */
enum { XML_CONTAINERS = 16 };
typedef bool xml_container_fn(void *owner, const struct node *element);
void tokenizer_set_containers(struct tokenizer *t, xml_container_fn *is_container, void *owner);

/* Starts a new stream (after STARTTLS and SASL): forgets all state and bytes. */
void tokenizer_reset(struct tokenizer *t);

/* Feeds bytes. Consumes from *data (moving it and *len) up to and including the first event and returns it;
 * call again while *len > 0 and no error. White space between stanzas is consumed silently (XML_MORE). On
 * XML_STREAM_OPEN and XML_STANZA, *out is the tree and *arena the arena that holds it: the caller frees it
 * with arena_free(). Adjacent text (also across CDATA sections and references) is one text node, however the
 * bytes were cut. */
enum xml_event tokenizer_feed(
	struct tokenizer *t, const char **data, size_t *len, struct node **out, struct arena **arena);

enum xml_error tokenizer_error(const struct tokenizer *t);
const char *tokenizer_error_text(const struct tokenizer *t); /* for the stream error's <text/>; never NULL */

/* The default namespace that the stream header declared (the content namespace, RFC 6120 4.8.2); empty before the header
 * or without one. */
struct str tokenizer_content_ns(const struct tokenizer *t);

/* Bytes of memory the tokenizer holds now (0 extra when idle between stanzas): for per-connection budgets. */
size_t tokenizer_held(const struct tokenizer *t);
