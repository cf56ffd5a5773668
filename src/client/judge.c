#include "client/judge.h"

#include "base/buf.h"
#include "base/text.h"
#include "client/ja4.h"
#include "client/os.h"

/* Where a product can be told from, the most worth first. */
enum source {
	FROM_CAPS,     /* the hash in the table */
	FROM_FORM,     /* XEP-0232 */
	FROM_IDENTITY, /* XEP-0030 */
	FROM_NODE,
	FROM_AGENT,
	FROM_VERSION,
	FROM_RESOURCE,
	FROM_TLS,
	SOURCES,
};

/* What one signal says. */
struct claim {
	struct str product;                /* canonical, or as it says; empty: nothing */
	struct str version;                /* empty: nothing */
	const struct product *known;       /* NULL: none that is shipped */
	const struct version_range *range; /* of FROM_CAPS and FROM_TLS */
};

struct case_of {
	const struct client_table *table;
	struct client_signals s; /* bounded and trimmed */
	struct claim claim[SOURCES];
	bool verified; /* what it answered hashes to what it shows */
	bool broken;   /* it answered, and does not */
};

static const unsigned confidence_of[CLIENT_BASES] = {[BASIS_TLS] = 10,
	[BASIS_RESOURCE] = 20,
	[BASIS_VERSION] = 40,
	[BASIS_AGENT] = 50,
	[BASIS_NODE] = 50,
	[BASIS_IDENTITY] = 80,
	[BASIS_CAPS] = 90};

enum { CONFIDENCE_HASH_SEEN = 60, CONFIDENCE_FAMILY = 5, CONFIDENCE_CONTRADICTION = 15, CONFIDENCE_LEAST = 5 };

/* --- the signals --- */

/* Without white space around, and not longer than is looked at; whole characters. */
static struct str bounded(struct str s)
{
	s = str_trim(s);
	if (s.len <= SIGNAL_TEXT_MAX)
		return s;
	s.len = SIGNAL_TEXT_MAX;
	while (s.len && ((unsigned char)s.data[s.len] & 0xC0) == 0x80)
		s.len--;
	return str_trim(s);
}

static void bound_signals(struct client_signals *s)
{
	struct str *all[] = {&s->caps_hash, &s->caps_ver, &s->caps_node, &s->disco_category, &s->disco_type,
		&s->disco_name, &s->form_software, &s->form_version, &s->form_os, &s->form_os_version,
		&s->version_name, &s->version_version, &s->version_os, &s->agent_id, &s->agent_software,
		&s->agent_device, &s->resource, &s->ja4};

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		*all[i] = bounded(*all[i]);
}

/* --- what each says --- */

/* The version in a text, or the whole text when it has none ("nightly"). */
static struct str version_text(struct str text)
{
	struct str found = version_find(text);

	return found.len ? found : text;
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static struct str without_tail(struct str s)
{
	while (s.len && strchr(" \t/-_:,;.(", s.data[s.len - 1]))
		s.len--;
	/* "App v2", "App version 2" */
	if (s.len > 2 && is_space(s.data[s.len - 2]) && (s.data[s.len - 1] == 'v' || s.data[s.len - 1] == 'V'))
		return without_tail(str_cut(s, 0, s.len - 1));
	if (s.len > 8 && is_space(s.data[s.len - 8]) && str_eq_nocase(str_cut(s, s.len - 7, s.len), STR("version")))
		return without_tail(str_cut(s, 0, s.len - 7));
	return s;
}

/* A name as a program gives it: a product that is known, else the name without the version behind it. */
static struct claim claim_of_name(const struct client_table *table, struct str name)
{
	struct claim c = {};
	struct str rest, found;

	if (name.len == 0)
		return c;
	c.known = client_table_name(table, name, &rest);
	c.product = c.known ? str_from(c.known->name) : name;
	found = version_find(c.known ? rest : name);
	if (version_read(found).kind != VERSION_NUMBERED)
		return c;
	if (!c.known) {
		struct str front = without_tail(str_cut(name, 0, (size_t)(found.data - name.data)));

		if (front.len == 0) /* "3D Chat": the number is the name's */
			return c;
		c.product = front;
	}
	c.version = found;
	return c;
}

static struct claim claim_of_known(const struct client_table *table, const struct client_known *known)
{
	struct claim c = {};
	struct str rest;

	if (!known)
		return c;
	c.known = client_table_name(table, known->product, &rest);
	c.product = c.known && rest.len == 0 ? str_from(c.known->name) : known->product;
	c.version = known->version;
	c.range = known->range;
	return c;
}

static struct claim claim_of_node(const struct client_table *table, struct str node)
{
	struct claim c = {.known = client_table_node(table, node)};
	size_t ver;

	if (!c.known)
		return c;
	c.product = str_from(c.known->name);
	/* ".../ver/1.8.3", as slixmpp's */
	for (ver = 0; ver + 5 < node.len; ver++)
		if (str_eq(str_cut(node, ver, ver + 5), STR("/ver/")))
			c.version = version_find(str_cut(node, ver + 5, node.len));
	return c;
}

static struct claim claim_of_resource(const struct client_table *table, struct str resource)
{
	struct claim c = {};
	struct str rest;

	c.known = client_table_resource(table, resource, &rest);
	if (!c.known)
		return c;
	c.product = str_from(c.known->name);
	if (rest.len && rest.data[0] == ' ') /* "Spark 2.9.4"; behind a dot stands what is random */
		c.version = version_find(rest);
	return c;
}

static void hear(struct case_of *x)
{
	const struct client_signals *s = &x->s;
	bool in_doubt = x->broken;

	x->claim[FROM_CAPS] =
		claim_of_known(x->table, in_doubt ? NULL : client_table_caps(x->table, s->caps_hash, s->caps_ver));
	x->claim[FROM_FORM] = claim_of_name(x->table, s->form_software);
	if (s->form_version.len)
		x->claim[FROM_FORM].version = version_text(s->form_version);
	x->claim[FROM_IDENTITY] = claim_of_name(x->table, s->disco_name);
	x->claim[FROM_NODE] = claim_of_node(x->table, s->caps_node);
	x->claim[FROM_AGENT] = claim_of_name(x->table, s->agent_software);
	x->claim[FROM_VERSION] = claim_of_name(x->table, s->version_name);
	if (s->version_version.len)
		x->claim[FROM_VERSION].version = version_text(s->version_version);
	x->claim[FROM_RESOURCE] = claim_of_resource(x->table, s->resource);
	x->claim[FROM_TLS] = claim_of_known(x->table, client_table_ja4(x->table, s->ja4));
}

/* --- which one counts --- */

static enum client_basis basis_of(const struct case_of *x, enum source from)
{
	static const enum client_basis worth[SOURCES] = {BASIS_CAPS, BASIS_IDENTITY, BASIS_IDENTITY, BASIS_NODE,
		BASIS_AGENT, BASIS_VERSION, BASIS_RESOURCE, BASIS_TLS};

	if (from == FROM_CAPS && !x->verified)
		return BASIS_NODE;
	if ((from == FROM_FORM || from == FROM_IDENTITY) && !x->verified)
		return BASIS_VERSION;
	return worth[from];
}

/* A library's node or hash says less than a name: a program built on it has the same. */
static bool is_vague(const struct case_of *x, enum source from)
{
	const struct claim *c = &x->claim[from];

	if ((from != FROM_NODE && from != FROM_CAPS) || !c->known)
		return false;
	if (c->known->library)
		return true;
	for (enum source other = FROM_FORM; other <= FROM_VERSION; other++) {
		const struct product *p = x->claim[other].known;

		/* what was forked shows what it was forked from */
		if (other != FROM_NODE && p && p != c->known && product_is_kin(p, c->known) && !p->library)
			return true;
	}
	return false;
}

/* The signal that tells the product; SOURCES: none does. */
static enum source best_source(const struct case_of *x)
{
	enum source best = SOURCES;

	for (int vague = 0; vague < 2 && best == SOURCES; vague++)
		for (enum source from = 0; from < SOURCES; from++) {
			if (x->claim[from].product.len == 0 || is_vague(x, from) != (vague == 1))
				continue;
			if (best == SOURCES || basis_of(x, from) > basis_of(x, best))
				best = from;
		}
	return best;
}

static bool is_same_product(const struct claim *a, const struct claim *b)
{
	if (a->known && b->known)
		return product_is_kin(a->known, b->known);
	if ((a->known && a->known->library) || (b->known && b->known->library))
		return true;
	return str_eq_nocase(a->product, b->product);
}

static bool differ(const struct claim *a, const struct claim *b)
{
	return a->product.len && b->product.len && !is_same_product(a, b);
}

/* --- contradictions --- */

static unsigned name_contradictions(const struct case_of *x, enum source best)
{
	static const enum source names[] = {FROM_FORM, FROM_IDENTITY, FROM_VERSION};
	const struct claim *c = x->claim;
	unsigned bits = 0;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (differ(&c[FROM_CAPS], &c[names[i]]))
			bits |= CONTRADICTS_CAPS;
		if (differ(&c[FROM_NODE], &c[names[i]]))
			bits |= CONTRADICTS_NODE;
		/* two names: the one that is hashed is what the hash stands for */
		if (differ(&c[FROM_IDENTITY], &c[names[i]]) || differ(&c[FROM_FORM], &c[names[i]]))
			bits |= CONTRADICTS_CAPS;
	}
	if (differ(&c[FROM_CAPS], &c[FROM_NODE]))
		bits |= CONTRADICTS_CAPS | CONTRADICTS_NODE;
	if (best < SOURCES && differ(&c[FROM_AGENT], &c[best]))
		bits |= CONTRADICTS_AGENT;
	if (best == FROM_AGENT)
		for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
			bits |= differ(&c[FROM_AGENT], &c[names[i]]) ? CONTRADICTS_AGENT : 0;
	if (best < SOURCES && differ(&c[FROM_RESOURCE], &c[best]))
		bits |= CONTRADICTS_RESOURCE;
	return bits;
}

static bool is_tls_strange(const struct case_of *x, const struct claim *best)
{
	unsigned family = tls_family_of(x->s.ja4);

	return family && best->known && best->known->tls && !(best->known->tls & family);
}

static bool is_tls_usual(const struct case_of *x, const struct claim *best)
{
	return best->known && (best->known->tls & tls_family_of(x->s.ja4));
}

/* One is the other, or a build of it. */
static bool is_same_version(struct str a, struct str b)
{
	struct version x = version_read(a), y = version_read(b);

	if (x.kind != y.kind || x.kind == VERSION_UNKNOWN)
		return x.kind == y.kind && str_eq_nocase(a, b);
	if (memcmp(x.part, y.part, sizeof(x.part)) != 0)
		return false;
	return x.suffix_len <= 1 || y.suffix_len <= 1 || version_compare(&x, &y) == 0;
}

/* --- the version --- */

static bool is_in_range(const struct claim *c, struct str version)
{
	return !c->range || version_range_holds_text(c->range, version);
}

/* The version that the client says it is, of signals of this product or its kin. A library's version is not its program's. */
static struct str said_version(const struct case_of *x, enum source best, bool *differs)
{
	struct str said = STR_NONE;

	for (enum source from = FROM_FORM; from < FROM_TLS; from++) {
		const struct claim *c = &x->claim[from];

		if (c->version.len == 0 || differ(c, &x->claim[best]))
			continue;
		if (c->known && c->known->library && c->known != x->claim[best].known)
			continue;
		if (said.len == 0)
			said = c->version;
		else if (!is_same_version(said, c->version))
			*differs = true;
	}
	return said;
}

static struct str judge_version(const struct case_of *x, enum source best, bool *differs)
{
	const struct claim *table = x->claim[FROM_CAPS].product.len ? &x->claim[FROM_CAPS] : &x->claim[FROM_TLS];
	struct str said;

	if (best == SOURCES)
		return STR_NONE;
	said = said_version(x, best, differs);
	if (table->product.len == 0 || differ(table, &x->claim[best]) ||
		(table == &x->claim[FROM_TLS] && best != FROM_TLS))
		return said;
	if (said.len == 0)
		return table->version;
	if (is_in_range(table, said))
		return said;
	*differs = true;
	return table->version.len ? table->version : said;
}

/* --- the rest --- */

static struct str judge_os(const struct case_of *x, const struct claim *best)
{
	const struct client_signals *s = &x->s;
	struct str said = s->form_os.len ? s->form_os : s->version_os;

	if (said.len)
		return os_family(said);
	return best && best->known ? str_from(best->known->os) : STR_NONE;
}

static bool has_spoken(const struct client_signals *s)
{
	return s->disco >= SIGNAL_RESULT || s->version >= SIGNAL_RESULT || s->caps_ver.len || s->caps_node.len ||
	       s->agent_id.len || s->agent_software.len || s->agent_device.len || s->disco_name.len ||
	       s->disco_category.len || s->version_name.len || s->version_version.len || s->form_software.len;
}

static unsigned judge_confidence(
	const struct case_of *x, enum source best, enum client_basis basis, unsigned contradictions)
{
	unsigned confidence, less = 0;

	if (best == SOURCES)
		return 0;
	confidence = best == FROM_CAPS && !x->verified ? CONFIDENCE_HASH_SEEN : confidence_of[basis];
	if (is_tls_usual(x, &x->claim[best]))
		confidence += CONFIDENCE_FAMILY;
	for (unsigned bits = contradictions; bits; bits &= bits - 1)
		less += CONFIDENCE_CONTRADICTION;
	return confidence > less + CONFIDENCE_LEAST ? confidence - less : CONFIDENCE_LEAST;
}

static void conclude(struct case_of *x, struct judgement *j)
{
	enum source best = best_source(x);
	bool differs = false;

	j->version = judge_version(x, best, &differs);
	j->contradictions = name_contradictions(x, best);
	if (x->broken)
		j->contradictions |= CONTRADICTS_DISCO;
	if (differs)
		j->contradictions |= CONTRADICTS_VERSION;
	if (best < SOURCES) {
		j->product = x->claim[best].product;
		j->basis = basis_of(x, best);
		if (is_tls_strange(x, &x->claim[best]))
			j->contradictions |= CONTRADICTS_TLS;
	}
	j->confidence = judge_confidence(x, best, j->basis, j->contradictions);
	j->os = judge_os(x, best < SOURCES ? &x->claim[best] : NULL);
	j->class = best < SOURCES ? CLIENT_NAMED : has_spoken(&x->s) ? CLIENT_UNKNOWN : CLIENT_SILENT;
}

struct judgement *client_judge(const struct client_table *table, const struct client_signals *signals)
{
	struct case_of x = {.table = table, .s = *signals};
	struct buf caps = BUF_INIT(0);
	struct judgement j = {}, *made;

	bound_signals(&x.s);
	x.verified = x.s.caps_verified && x.s.caps_ver.len;
	x.broken = !x.s.caps_verified && x.s.caps_ver.len && x.s.caps_hash.len && x.s.disco == SIGNAL_RESULT;
	hear(&x);
	conclude(&x, &j);
	if (x.verified)
		buf_printf(&caps, "%.*s %.*s", STR_FMT(x.s.caps_hash), STR_FMT(x.s.caps_ver));
	j.caps = buf_view(&caps);
	j.node = x.s.caps_node;
	j.agent = x.s.agent_id;
	j.device = x.s.agent_device;
	j.ja4 = ja4_is_valid(x.s.ja4) ? x.s.ja4 : STR_NONE;
	made = buf_failed(&caps) ? NULL : judgement_new(&j);
	buf_done(&caps);
	return made;
}
