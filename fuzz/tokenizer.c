/* The tokenizer against expat: an input is accepted by both or by neither, and the trees are equal. Expat is
 * told what XMPP refuses on top of XML (RFC 6120, 11.1). Further, whatever the pieces the bytes come in, the
 * result is the same; and what the serialiser writes of each stanza is read back as the same tree, by both.
 *
 * An input that begins with '+' is put inside a stream; any other is the whole stream. */
#include <expat.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "stanza/ns.h"
#include "stanza/tokenizer.h"
#include "stanza/xml_out.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define OPEN "<s:stream xmlns='jabber:client' xmlns:s='http://etherx.jabber.org/streams'>"
#define CLOSE "</s:stream>"

enum { SEPARATOR = 1 }; /* between the parts of what is dumped; cannot occur in XML */

#define LIMITS(bytes)                                                                                        \
	{                                                                                                    \
		.stanza_bytes = (bytes), .depth = 1 << 20, .attributes = 1 << 20,                            \
		.attribute_bytes = 1 << 20, .name_bytes = 1 << 20, .children = 1 << 20, .nodes = 1 << 20     \
	}

/* What is written may be longer than what was read. */
static const struct xml_limits limits = LIMITS(1 << 18), roomier = LIMITS(1 << 24);

/* What a parser made of an input. Two are equal when their text is. */
struct result {
	struct buf dump; /* the tree, stanza after stanza; without the stream header */
	struct buf root;
	bool closed;
	enum xml_error error;
};

static void result_done(struct result *r)
{
	buf_done(&r->dump);
	buf_done(&r->root);
}

static _Noreturn void complain(const char *what, struct str doc, const struct result *ours)
{
	fprintf(stderr, "%s\ndocument: %.*s\nclosed %d, error %d\ntree: %.*s\n", what, STR_FMT(doc),
		ours->closed, ours->error, STR_FMT(buf_view(&ours->dump)));
	abort();
}

static bool result_same(const struct result *a, const struct result *b)
{
	return a->closed == b->closed && str_eq(buf_view(&a->dump), buf_view(&b->dump)) &&
	       str_eq(buf_view(&a->root), buf_view(&b->root));
}

/* ---- dumping; both parsers' output comes down to the same calls ---- */

static void dump_name(struct buf *to, char kind, struct str name, struct str ns)
{
	buf_putc(to, SEPARATOR);
	buf_putc(to, kind);
	buf_str(to, ns);
	buf_putc(to, SEPARATOR);
	buf_str(to, name);
}

static void dump_value(struct buf *to, struct str value)
{
	buf_putc(to, SEPARATOR);
	buf_putc(to, '=');
	buf_str(to, value);
}

/* A start tag with its attributes. */
static void dump_start(struct buf *to, const struct node *n)
{
	dump_name(to, '<', n->name, n->ns);
	for (const struct attr *a = n->attrs; a; a = a->next) {
		dump_name(to, '@', a->name, a->ns);
		dump_value(to, a->value);
	}
}

static void dump_end(struct buf *to)
{
	buf_putc(to, SEPARATOR);
	buf_putc(to, '>');
}

static void dump_text(struct buf *to, struct str text, bool joined)
{
	if (!joined) {
		buf_putc(to, SEPARATOR);
		buf_putc(to, 't');
	}
	buf_str(to, text);
}

static void dump_tree(struct buf *to, const struct node *top)
{
	const struct node *n = top;

	for (;;) {
		if (n->kind == NODE_TEXT)
			dump_text(to, n->text, false);
		else
			dump_start(to, n);
		if (n->first) {
			n = n->first;
			continue;
		}
		if (n->kind == NODE_ELEMENT)
			dump_end(to);
		while (n != top && !n->next) {
			n = n->parent;
			dump_end(to);
		}
		if (n == top)
			return;
		n = n->next;
	}
}

/* ---- ours ---- */

static void check_copy(const struct node *n)
{
	struct buf a = BUF_INIT(0), b = BUF_INIT(0);
	struct arena *arena = arena_new(0);
	struct node *copy = node_copy(arena, n);

	dump_tree(&a, n);
	dump_tree(&b, copy);
	if (!str_eq(buf_view(&a), buf_view(&b)))
		abort();
	buf_done(&a);
	buf_done(&b);
	arena_free(arena);
}

/* Takes the events of one piece; `again` (or NULL) receives each stanza as the serialiser writes it. */
static void ours_feed(struct tokenizer *t, const char *data, size_t len, struct result *r, struct buf *again)
{
	struct xml_stamp none = {};
	struct arena *arena;
	struct node *n;

	do {
		switch (tokenizer_feed(t, &data, &len, &n, &arena)) {
		case XML_STREAM_OPEN:
			dump_start(&r->root, n);
			arena_free(arena);
			break;
		case XML_STANZA:
			dump_tree(&r->dump, n);
			if (again) {
				size_t start = again->len, middle;

				xml_put(again, n, NS_CLIENT);
				middle = again->len;
				xml_put_stamped(again, n, NS_CLIENT, &none);
				if (!str_eq(str_cut(buf_view(again), start, middle),
					    str_cut(buf_view(again), middle, again->len)))
					abort();
				again->len = middle;
				check_copy(n);
			}
			arena_free(arena);
			break;
		case XML_STREAM_CLOSE:
			r->closed = true;
			break;
		case XML_ERROR:
			r->error = tokenizer_error(t);
			r->closed = false;
			return;
		case XML_MORE:
			if (len)
				abort();
			break;
		}
	} while (len);
}

/* Feeds `doc` in pieces of up to `piece` bytes, each in a block of its own that is gone afterwards. */
static struct result ours_parse(
	const struct xml_limits *within, struct str doc, size_t piece, struct buf *again)
{
	struct tokenizer *t = tokenizer_new(within);
	struct result r = {};
	uint64_t seed = doc.len * 0x9e3779b97f4a7c15ULL + 1;

	for (size_t at = 0; at < doc.len && !r.error;) {
		size_t n = doc.len - at;
		char *block;

		seed = seed * 6364136223846793005ULL + 1442695040888963407ULL + (unsigned char)doc.data[at];
		if (piece)
			n = 1 + (seed >> 33) % piece;
		if (n > doc.len - at)
			n = doc.len - at;
		block = malloc(n);
		memcpy(block, doc.data + at, n);
		ours_feed(t, block, n, &r, again);
		free(block);
		at += n;
	}
	if (!r.error && (doc.len == 0 || !r.closed))
		r.closed = false;
	tokenizer_free(t);
	return r;
}

/* ---- expat's ---- */

struct expat {
	XML_Parser parser;
	struct result r;
	unsigned depth;
	bool texting, refused;
};

/* Expat writes "uri SEPARATOR local", or "local". */
static void expat_name(struct buf *to, char kind, const char *name)
{
	const char *separator = strchr(name, SEPARATOR);

	if (separator)
		dump_name(to, kind, str_from(separator + 1), str_of(name, (size_t)(separator - name)));
	else
		dump_name(to, kind, str_from(name), STR_NONE);
}

static void on_start(void *owner, const char *name, const char **attrs)
{
	struct expat *e = owner;
	struct buf *to = e->depth++ ? &e->r.dump : &e->r.root;

	e->texting = false;
	expat_name(to, '<', name);
	for (; *attrs; attrs += 2) {
		expat_name(to, '@', attrs[0]);
		dump_value(to, str_from(attrs[1]));
	}
}

static void on_end(void *owner, const char *name)
{
	struct expat *e = owner;

	(void)name;
	e->texting = false;
	if (--e->depth)
		dump_end(&e->r.dump);
}

static void on_text(void *owner, const char *text, int len)
{
	struct expat *e = owner;

	if (e->depth == 1) {
		e->refused |= strspn(text, " \t\r\n") < (size_t)len &&
			      !str_is_empty(str_trim(str_of(text, (size_t)len)));
		return;
	}
	dump_text(&e->r.dump, str_of(text, (size_t)len), e->texting);
	e->texting = true;
}

static void on_comment(void *owner, const char *text)
{
	(void)text;
	((struct expat *)owner)->refused = true;
}

static void on_instruction(void *owner, const char *target, const char *text)
{
	(void)target;
	(void)text;
	((struct expat *)owner)->refused = true;
}

static void on_doctype(void *owner, const char *name, const char *system, const char *public, int internal)
{
	struct expat *e = owner;

	(void)name;
	(void)system;
	(void)public;
	(void)internal;
	e->refused = true;
	XML_StopParser(e->parser, XML_FALSE);
}

static void on_declaration(void *owner, const char *version, const char *encoding, int standalone)
{
	struct expat *e = owner;

	(void)standalone;
	if (!version || strcmp(version, "1.0") != 0 || (encoding && strcasecmp(encoding, "utf-8") != 0))
		e->refused = true;
}

/* Expat knows the names of the fourth edition of XML 1.0, we those of the fifth, which has more of them above
 * ASCII: then it stops at such a character, and there is nothing to compare. */
static bool expat_lacks_name(struct expat *e, struct str doc)
{
	long at = XML_GetCurrentByteIndex(e->parser);

	return XML_GetErrorCode(e->parser) == XML_ERROR_INVALID_TOKEN && at >= 0 && (size_t)at < doc.len &&
	       (doc.data[at] & 0x80);
}

static struct result expat_parse(struct str doc, bool *out_lacks_name)
{
	struct expat e = {.parser = XML_ParserCreateNS("UTF-8", SEPARATOR)};
	bool ok;

	XML_SetUserData(e.parser, &e);
	XML_SetElementHandler(e.parser, on_start, on_end);
	XML_SetCharacterDataHandler(e.parser, on_text);
	XML_SetCommentHandler(e.parser, on_comment);
	XML_SetProcessingInstructionHandler(e.parser, on_instruction);
	XML_SetStartDoctypeDeclHandler(e.parser, on_doctype);
	XML_SetXmlDeclHandler(e.parser, on_declaration);
	ok = XML_Parse(e.parser, doc.data, (int)doc.len, 1) == XML_STATUS_OK;
	if (str_starts(doc, STR("\xef\xbb\xbf")))
		e.refused = true; /* a byte order mark: not allowed in XMPP (RFC 6120, 11.6) */
	*out_lacks_name = !ok && expat_lacks_name(&e, doc);
	e.r.closed = ok && !e.refused;
	XML_ParserFree(e.parser);
	return e.r;
}

/* ---- comparing ---- */

static void compare_written(struct str doc, const struct result *ours, const struct buf *stanzas)
{
	struct buf again = BUF_INIT(0);
	struct result read, expat;
	bool lacks_name;

	buf_lit(&again, OPEN);
	buf_str(&again, buf_view(stanzas));
	buf_lit(&again, CLOSE);
	read = ours_parse(&roomier, buf_view(&again), 0, NULL);
	expat = expat_parse(buf_view(&again), &lacks_name);
	if (!read.closed || !str_eq(buf_view(&read.dump), buf_view(&ours->dump)))
		complain("what is written is not what was read", buf_view(&again), ours);
	if (!lacks_name && !result_same(&read, &expat))
		complain("expat reads what is written otherwise", doc, &expat);
	result_done(&read);
	result_done(&expat);
	buf_done(&again);
}

static void compare(struct str doc)
{
	struct buf stanzas = BUF_INIT(0);
	struct result ours = ours_parse(&limits, doc, 0, &stanzas), expat;
	struct result pieces = ours_parse(&limits, doc, 1 + doc.len % 13, NULL);
	bool lacks_name;

	if (ours.error != pieces.error || !result_same(&ours, &pieces))
		complain("other pieces, another result", doc, &pieces);
	expat = expat_parse(doc, &lacks_name);
	if (ours.error == XML_E_TOO_BIG || (ours.closed && lacks_name))
		expat.closed = false;
	else if (ours.closed != expat.closed)
		complain(ours.closed ? "only we accept this" : "only expat accepts this", doc, &ours);
	if (ours.closed && expat.closed && !result_same(&ours, &expat))
		complain("expat sees another tree", doc, &expat);
	if (ours.closed)
		compare_written(doc, &ours, &stanzas);
	result_done(&ours);
	result_done(&pieces);
	result_done(&expat);
	buf_done(&stanzas);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf doc = BUF_INIT(0);

	if (size && data[0] == '+') {
		buf_lit(&doc, OPEN);
		buf_put(&doc, data + 1, size - 1);
		buf_lit(&doc, CLOSE);
	} else {
		buf_put(&doc, data, size);
	}
	compare(buf_view(&doc));
	buf_done(&doc);
	return 0;
}
