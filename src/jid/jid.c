/* ASCII addresses, nearly all there are, are checked by one pass over a table of 256 bytes and lower-cased
 * while they are copied. A byte above 0x7F, an A-label or a bracket sends its part the long way (precis.c,
 * domain.c). */
#include "jid/jid.h"

#include <errno.h>

#include "jid/domain.h"
#include "jid/precis.h"

enum {
	LOCAL = 1,    /* may stand in a localpart */
	RESOURCE = 2, /* may stand in a resourcepart */
};

/* 0x21-0x7E without " & ' / : < > @ in localparts (RFC 7622 section 3.3.1); 0x20-0x7E in resources. */
static const unsigned char allowed[256] = {
	[' '] = RESOURCE,
	['!'] = LOCAL | RESOURCE,
	['"'] = RESOURCE,
	['#' ... '%'] = LOCAL | RESOURCE,
	['&' ... '\''] = RESOURCE,
	['(' ... '.'] = LOCAL | RESOURCE,
	['/'] = RESOURCE,
	['0' ... '9'] = LOCAL | RESOURCE,
	[':'] = RESOURCE,
	[';'] = LOCAL | RESOURCE,
	['<'] = RESOURCE,
	['='] = LOCAL | RESOURCE,
	['>'] = RESOURCE,
	['?'] = LOCAL | RESOURCE,
	['@'] = RESOURCE,
	['A' ... '~'] = LOCAL | RESOURCE,
};

/* One part on its way: where it is now, and whether it is canonical but for ASCII upper case. */
struct part {
	struct str text;
	bool lower;      /* copy in lower case */
	struct buf made; /* the long way's result, empty on the short one */
};

struct parts {
	struct part local, domain, resource;
};

/* 1: simple, 0: needs the long way. */
static bool is_simple(struct str s, unsigned char mask)
{
	unsigned char all = mask;

	for (size_t i = 0; i < s.len; i++)
		all &= allowed[(unsigned char)s.data[i]];
	return all != 0 && s.len <= JID_PART_MAX;
}

static int outcome(int r)
{
	return r > 0 ? JID_E_MALFORMED : r;
}

/* After PRECIS has mapped full-width forms, so that none of the eight comes back that way. */
static bool has_forbidden(struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		if ((unsigned char)s.data[i] < 0x80 && !(allowed[(unsigned char)s.data[i]] & LOCAL))
			return true;
	return false;
}

static int part_make(struct part *p, int (*make)(struct str, struct buf *))
{
	int r;

	p->made = BUF_INIT(JID_PART_MAX);
	r = make(p->text, &p->made);
	if (r)
		return outcome(r);
	p->text = buf_view(&p->made);
	return p->text.len ? 0 : JID_E_MALFORMED;
}

static int prepare_local(struct part *p)
{
	int r;

	p->lower = true;
	if (is_simple(p->text, LOCAL))
		return 0;
	p->lower = false;
	r = part_make(p, precis_username);
	if (r)
		return r;
	return has_forbidden(p->text) ? JID_E_MALFORMED : 0;
}

static int prepare_resource(struct part *p)
{
	return is_simple(p->text, RESOURCE) ? 0 : part_make(p, precis_opaque);
}

static int prepare_domain(struct part *p)
{
	p->lower = domain_is_simple(&p->text);
	return p->lower ? 0 : part_make(p, domain_prepare);
}

static char *put(char *to, const struct part *p)
{
	if (!p->lower) {
		memcpy(to, p->text.data, p->text.len);
		return to + p->text.len;
	}
	for (size_t i = 0; i < p->text.len; i++) {
		char c = p->text.data[i];

		*to++ = (char)(c | (c >= 'A' && c <= 'Z' ? 0x20 : 0));
	}
	return to;
}

static int assemble(struct jid *out, const struct parts *p, struct arena *arena)
{
	size_t at = p->local.text.len > 0, slash = p->resource.text.len > 0;
	size_t local = p->local.text.len, domain = p->domain.text.len, resource = p->resource.text.len;
	char *start = arena_bytes(arena, local + at + domain + slash + resource), *to = start;

	if (!start)
		return -ENOMEM;
	if (at) {
		to = put(to, &p->local);
		*to++ = '@';
	}
	to = put(to, &p->domain);
	if (slash) {
		*to++ = '/';
		put(to, &p->resource);
	}
	out->local = str_of(start, local);
	out->domain = str_of(start + local + at, domain);
	out->bare = str_of(start, local + at + domain);
	out->resource = slash ? str_of(start + out->bare.len + 1, resource) : STR_NONE;
	out->full = str_of(start, out->bare.len + slash + resource);
	return 0;
}

static void parts_done(struct parts *p)
{
	if (p->local.made.data)
		buf_done(&p->local.made);
	if (p->domain.made.data)
		buf_done(&p->domain.made);
	if (p->resource.made.data)
		buf_done(&p->resource.made);
}

static int parts_prepare(struct parts *p)
{
	int r = prepare_domain(&p->domain);

	if (r == 0 && p->local.text.len)
		r = prepare_local(&p->local);
	if (r == 0 && p->resource.text.len)
		r = prepare_resource(&p->resource);
	return r;
}

int jid_make(struct jid *out, struct str local, struct str domain, struct str resource, struct arena *arena)
{
	struct parts p = {.local.text = local, .domain.text = domain, .resource.text = resource};
	int r = parts_prepare(&p);

	if (r == 0)
		r = assemble(out, &p, arena);
	parts_done(&p);
	return r;
}

/* RFC 7622 section 3.2: what is behind the first slash is the resource, then what is before the first @ the
 * localpart. */
int jid_parse(struct jid *out, struct str text, struct arena *arena)
{
	const char *slash = text.len ? memchr(text.data, '/', text.len) : NULL;
	size_t bare = slash ? (size_t)(slash - text.data) : text.len;
	const char *at = bare ? memchr(text.data, '@', bare) : NULL;
	size_t local = at ? (size_t)(at - text.data) : 0, domain = at ? local + 1 : 0;

	if (text.len == 0)
		return JID_E_MALFORMED;
	if ((slash && bare + 1 == text.len) || (at && local == 0))
		return JID_E_MALFORMED; /* a part that is there and empty */
	return jid_make(out, str_of(text.data, local), str_of(text.data + domain, bare - domain),
		slash ? str_cut(text, bare + 1, text.len) : STR_NONE, arena);
}

int jid_with_resource(struct jid *out, const struct jid *bare, struct str resource, struct arena *arena)
{
	struct parts p = {.local.text = bare->local, .domain.text = bare->domain, .resource.text = resource};
	int r = resource.len ? prepare_resource(&p.resource) : JID_E_MALFORMED;

	if (r == 0)
		r = assemble(out, &p, arena);
	parts_done(&p);
	return r;
}

struct jid jid_split(struct str canonical)
{
	size_t bare = str_find(canonical, '/', 0), at = str_find(str_cut(canonical, 0, bare), '@', 0);
	struct jid j = {.full = canonical, .bare = str_cut(canonical, 0, bare)};

	if (at < bare)
		j.local = str_cut(canonical, 0, at);
	j.domain = str_cut(canonical, at < bare ? at + 1 : 0, bare);
	if (bare < canonical.len)
		j.resource = str_cut(canonical, bare + 1, canonical.len);
	return j;
}

struct jid jid_dup(struct arena *arena, const struct jid *jid)
{
	struct str copy = arena_dup(arena, jid->full);

	return copy.data ? jid_split(copy) : (struct jid){};
}

static int part_dup(struct str *out, struct part *p, struct arena *arena)
{
	char *to = arena_bytes(arena, p->text.len);

	if (!to)
		return -ENOMEM;
	put(to, p);
	*out = str_of(to, p->text.len);
	return 0;
}

int jid_prepare_local(struct str *out, struct str text, struct arena *arena)
{
	struct part p = {.text = text};
	int r = text.len ? prepare_local(&p) : JID_E_MALFORMED;

	if (r == 0)
		r = part_dup(out, &p, arena);
	if (p.made.data)
		buf_done(&p.made);
	return r;
}

int jid_prepare_domain(struct str *out, struct str text, struct arena *arena)
{
	struct part p = {.text = text};
	int r = prepare_domain(&p);

	if (r == 0)
		r = part_dup(out, &p, arena);
	if (p.made.data)
		buf_done(&p.made);
	return r;
}

/* FNV-1a; the high bits choose, they are mixed best. */
unsigned jid_home(struct str bare, unsigned n)
{
	uint64_t h = 0xcbf29ce484222325ULL;

	if (n == 1)
		return 0;
	for (size_t i = 0; i < bare.len; i++)
		h = (h ^ (unsigned char)bare.data[i]) * 0x100000001b3ULL;
	return (unsigned)((h >> 32) * n >> 32);
}
