/* Inside of the tokenizer, shared by its files only: tokenizer.c drives, xml_tag.c reads tags, xml_text.c
 * what stands between them, xml_ns.c resolves prefixes, xml_decl.c reads the XML declaration.
 *
 * A step consumes what it can from the cursor. Running out of bytes in the middle of a token, it moves the
 * part it has seen to `pending`, returns STEP_MORE and is called again with what comes next: no byte is
 * looked at twice, and there is no second reader with its own idea of where a token ends. A token that is
 * whole in the input is never copied there.
 *
 *              +------------------------- PROLOG --'<?'--> DECL
 *              v                                            |
 *   IDLE --> MARKUP <--------------------- TEXT <-----------+ (to PROLOG)
 *    ^ ^      | | '!' --> BANG --> CDATA ---^ ^  '&' --> REFERENCE --> back to TEXT or VALUE
 *    | |      | '/' --> END_NAME --> END_SPACE -+
 *    | |      name --> TAG_NAME --> TAG_SPACE --> ATTR_NAME --> ATTR_EQUALS --> ATTR_QUOTE --> VALUE --+
 *    | |                               | ^------------------------------------------------------------+
 *    | |                               '/' --> TAG_EMPTY
 *    +-+---- the end of a stanza, of the stream header;   </stream> --> EPILOG
 */
#pragma once

#include "base/buf.h"
#include "stanza/tokenizer.h"
#include "stanza/xml_char.h"

enum {
	/* Declarations in force at one place. Each lookup of a prefix walks them, so this bounds what a name
	   can cost. */
	NS_SCOPE_MAX = 128,
	XML_DECL_MAX = 256, /* bytes of an XML declaration */
};

enum state {
	STATE_PROLOG, /* before the stream header */
	STATE_DECL,   /* behind <? */
	STATE_IDLE,   /* between stanzas */
	STATE_EPILOG, /* behind </stream:stream> */
	STATE_TEXT,
	STATE_MARKUP, /* behind < */
	STATE_BANG,   /* behind <! */
	STATE_CDATA,
	STATE_REFERENCE, /* behind & */
	STATE_TAG_NAME,
	STATE_TAG_SPACE, /* in a start tag, where an attribute or the end may come */
	STATE_ATTR_NAME,
	STATE_ATTR_EQUALS,
	STATE_ATTR_QUOTE,
	STATE_VALUE,
	STATE_TAG_EMPTY, /* behind / in a start tag */
	STATE_END_NAME,  /* behind </ */
	STATE_END_SPACE,
	STATE_ROOT_EMPTY, /* <stream:stream/>: opened, its > is still to be read */
	STATES,
};

enum step {
	STEP_ON,   /* go on in t->state */
	STEP_MORE, /* all bytes are consumed */
	STEP_OPEN,
	STEP_STANZA,
	STEP_CLOSE,
	STEP_FAIL, /* t->error is set */
};

struct cursor {
	const char *p, *end; /* end: of the data or of what the unit may still take, whichever comes first */
	const char *data_end;
	const char *unit; /* where counting for the unit began in this piece */
};

/* One namespace declaration in force, innermost first. Those of the stream header live in struct stream, the
 * others in the stanza's arena. */
struct binding {
	struct binding *next;
	const struct element *owner; /* NULL: the stream header */
	struct str prefix, uri;
	struct str
		here; /* of the header's: the URI's copy in the stanza's arena, or the constant it equals */
};

struct element {
	struct node node; /* first: nodes of the tree are elements */
	struct str qname; /* as written, to compare the end tag with */
	unsigned children;
};

/* What stays of the stream header: one block of memory. */
struct stream {
	struct stream *outer; /* of a container: what it stands in */
	unsigned level;       /* containers around it */
	size_t size; /* of the block */
	struct str qname;
	unsigned bindings;
	struct binding binding[];
};

struct tokenizer {
	const struct xml_limits *limits;
	struct stream *stream; /* NULL before the header is complete; the innermost container */
	xml_container_fn *is_container; /* NULL: there are none */
	void *container_owner;
	struct binding *scope;
	unsigned scope_len;
	enum xml_error error;
	const char *error_text;

	/* The unit in progress: the header, a stanza, or an end tag. */
	struct arena *arena;
	struct element *current; /* innermost open element; NULL directly in the stream */
	size_t unit_left;        /* bytes it may still take */
	unsigned depth, nodes;
	size_t ns_bytes; /* of namespace names, counted at each use that is written out */

	/* The start tag in progress. Until it is resolved an attribute's name is as written and ns is its
	 * prefix. */
	struct element *tag;
	struct attr *attr, **attr_end;
	unsigned attrs;
	size_t value_bytes; /* of the value being read, as written */

	struct buf pending; /* the part of a token that came in earlier pieces, or that had to be decoded */
	size_t checked;     /* bytes of pending text known to be valid */
	unsigned char high; /* bit 7: the token has bytes above 0x7f */

	uint8_t state; /* enum state */
	uint8_t back;  /* where a reference returns to */
	char quote;
	uint8_t brackets; /* ']' just before, 0 to 2 */
	uint8_t matched;  /* of "[CDATA[" */
	bool cr;          /* a carriage return was just before: a line feed now is its second half */
	bool spaced;      /* white space before this place in the tag */
	bool started;     /* at least one byte of the stream has been seen */
	bool in_unit;

	/* A reference: its name so far, or its number. */
	uint8_t ref_kind, ref_len;
	char ref_name[4];
	uint32_t ref_value;
};

/* tokenizer.c */
enum step tokenizer_fail(struct tokenizer *t, enum xml_error error, const char *text);
void *tokenizer_alloc(struct tokenizer *t, size_t size); /* from the arena; NULL: t->error is set */
[[nodiscard]] bool tokenizer_dup(struct tokenizer *t, struct str s, struct str *out);
[[nodiscard]] bool tokenizer_stash(struct tokenizer *t, const char *from, const char *to);

/* The token that ends at `to`: the bytes themselves, or pending ones with them behind. Valid until pending
 * changes. */
[[nodiscard]] bool tokenizer_token(struct tokenizer *t, const char *from, const char *to, struct str *out);

static inline void tokenizer_token_done(struct tokenizer *t)
{
	t->pending.len = 0;
	t->checked = 0;
	t->high = 0;
}

static inline enum step step_malformed(struct tokenizer *t, const char *text)
{
	return tokenizer_fail(t, XML_E_NOT_WELL_FORMED, text);
}

/* xml_text.c */
enum step step_text(struct tokenizer *t, struct cursor *c);
enum step step_bang(struct tokenizer *t, struct cursor *c);
enum step step_cdata(struct tokenizer *t, struct cursor *c);
enum step step_reference(struct tokenizer *t, struct cursor *c);
void reference_begin(struct tokenizer *t, enum state back);
[[nodiscard]] bool text_flush(struct tokenizer *t);                /* makes pending text a node */
[[nodiscard]] bool text_add(struct tokenizer *t, struct str text); /* valid text that is complete */

/* xml_tag.c */
enum step step_tag_name(struct tokenizer *t, struct cursor *c);
enum step step_tag_space(struct tokenizer *t, struct cursor *c);
enum step step_attr_name(struct tokenizer *t, struct cursor *c);
enum step step_attr_equals(struct tokenizer *t, struct cursor *c);
enum step step_attr_quote(struct tokenizer *t, struct cursor *c);
enum step step_value(struct tokenizer *t, struct cursor *c);
enum step step_tag_empty(struct tokenizer *t, struct cursor *c);
enum step step_end_name(struct tokenizer *t, struct cursor *c);
enum step step_end_space(struct tokenizer *t, struct cursor *c);

/* Counts one node more below t->current and in the stanza; false: a limit. */
[[nodiscard]] bool node_charge(struct tokenizer *t);

/* xml_ns.c */
[[nodiscard]] bool ns_resolve(struct tokenizer *t, struct element *e); /* declarations, element, attributes */
void ns_leave(struct tokenizer *t, const struct element *e);
void ns_stanza_begin(struct tokenizer *t);
[[nodiscard]] bool ns_keep_stream(struct tokenizer *t, const struct element *root);

/* xml_decl.c */
enum step step_decl(struct tokenizer *t, struct cursor *c);
