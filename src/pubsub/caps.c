#include "pubsub/caps.h"

#include <openssl/evp.h>
#include <stdlib.h>

#include "base/text.h"
#include "stanza/ns.h"

enum {
	PARTS_MAX = 2000, /* identities, features, fields or values of one answer */
};

bool caps_read(struct caps *out, const struct node *presence)
{
	const struct node *c = node_child(presence, STR("c"), NS_CAPS);

	if (!c)
		return false;
	*out = (struct caps){.hash = node_attr(c, STR("hash")),
		.ver = node_attr(c, STR("ver")),
		.node = node_attr(c, STR("node"))};
	return (str_is(out->hash, "sha-1") || str_is(out->hash, "sha-256")) && out->ver.len &&
	       out->ver.len <= CAPS_VER_MAX && out->node.len <= 1024;
}

/* ---- sorted lists of strings ---- */

struct parts {
	struct str *items;
	size_t len;
	struct arena *arena;
	bool failed;
};

static bool parts_init(struct parts *p, struct arena *arena)
{
	*p = (struct parts){.items = arena_alloc(arena, PARTS_MAX * sizeof(struct str)), .arena = arena};
	p->failed = !p->items;
	return p->items != NULL;
}

static void parts_add(struct parts *p, struct str s)
{
	if (p->failed || p->len == PARTS_MAX)
		p->failed = true;
	else
		p->items[p->len++] = s;
}

/* What is joined by '<' must have none in it: else another list of identities, features and forms hashes to the same, with another
 * name, or without the version (XEP-0115 section 8). */
static void parts_add_plain(struct parts *p, struct str s)
{
	if (str_find(s, '<', 0) < s.len)
		p->failed = true;
	else
		parts_add(p, s);
}

/* i;octet: bytewise, a prefix before what goes on. What is joined of several parts is sorted by these: `end`, which stands
 * behind each, comes before any other byte. */
static int compare(const struct str *x, const struct str *y, char end)
{
	for (size_t i = 0; i < x->len && i < y->len; i++) {
		if (x->data[i] == y->data[i])
			continue;
		if (x->data[i] == end || y->data[i] == end)
			return x->data[i] == end ? -1 : 1;
		return (unsigned char)x->data[i] < (unsigned char)y->data[i] ? -1 : 1;
	}
	return (x->len > y->len) - (x->len < y->len);
}

static int by_octets(const void *a, const void *b)
{
	return compare(a, b, '\0'); /* which no XML holds */
}

static int by_fields(const void *a, const void *b)
{
	return compare(a, b, '<');
}

static int by_slashes(const void *a, const void *b)
{
	return compare(a, b, '/');
}

/* False: one stands there twice. */
static bool parts_sort(struct parts *p, int (*order)(const void *a, const void *b))
{
	if (p->failed)
		return false;
	qsort(p->items, p->len, sizeof(struct str), order);
	for (size_t i = 1; i < p->len; i++)
		if (str_eq(p->items[i - 1], p->items[i]))
			return false;
	return true;
}

static void parts_put(struct buf *out, const struct parts *p)
{
	for (size_t i = 0; i < p->len; i++) {
		buf_str(out, p->items[i]);
		buf_putc(out, '<');
	}
}

/* ---- the string S (5.1) ---- */

/* A slash may stand in the last part alone. */
static void add_identity(struct parts *parts, const struct node *n)
{
	struct str category = node_attr(n, STR("category")), type = node_attr(n, STR("type")),
		   lang = node_attr_ns(n, STR("lang"), NS_XML);

	if (str_find(category, '/', 0) < category.len || str_find(type, '/', 0) < type.len ||
		str_find(lang, '/', 0) < lang.len)
		parts->failed = true;
	else
		parts_add_plain(parts, arena_printf(parts->arena, "%.*s/%.*s/%.*s/%.*s", STR_FMT(category), STR_FMT(type),
					       STR_FMT(lang), STR_FMT(node_attr(n, STR("name")))));
}

static bool put_identities(struct buf *s, const struct node *info, struct arena *arena)
{
	struct parts parts;

	if (!parts_init(&parts, arena))
		return false;
	for (const struct node *n = node_first_element(info); n; n = node_next_element(n))
		if (node_is(n, STR("identity"), NS_DISCO_INFO))
			add_identity(&parts, n);
	if (!parts_sort(&parts, by_slashes))
		return false;
	parts_put(s, &parts);
	return true;
}

static bool put_features(struct buf *s, const struct node *info, struct arena *arena)
{
	struct parts parts;

	if (!parts_init(&parts, arena))
		return false;
	for (const struct node *n = node_first_element(info); n; n = node_next_element(n))
		if (node_is(n, STR("feature"), NS_DISCO_INFO))
			parts_add_plain(&parts, node_attr(n, STR("var")));
	if (!parts_sort(&parts, by_octets))
		return false;
	parts_put(s, &parts);
	return true;
}

/* "var<value<value<" of one field. data NULL: it is ill-formed. */
static struct str field_text(const struct node *field, struct arena *arena)
{
	struct str out, var = node_attr(field, STR("var"));
	struct parts values;
	struct buf b = BUF_INIT(0);

	if (!parts_init(&values, arena) || str_find(var, '<', 0) < var.len)
		return STR_NONE;
	for (const struct node *n = node_first_element(field); n; n = node_next_element(n))
		if (node_is(n, STR("value"), NS_DATA_FORMS))
			parts_add_plain(&values, node_text(n, arena));
	if (values.failed)
		return STR_NONE;
	(void)parts_sort(&values, by_octets); /* a value may stand there twice */
	buf_str(&b, var);
	buf_putc(&b, '<');
	parts_put(&b, &values);
	out = arena_dup(arena, buf_view(&b));
	buf_done(&b);
	return out;
}

/* 5.4 step 5: more than one type makes the answer ill-formed. */
static bool says_one_type(const struct node *field, struct str type, struct arena *arena)
{
	for (const struct node *n = node_first_element(field); n; n = node_next_element(n))
		if (node_is(n, STR("value"), NS_DATA_FORMS) && !str_eq(node_text(n, arena), type))
			return false;
	return true;
}

/* The hidden FORM_TYPE; empty: the form is to be ignored. data NULL: it says several, or one with '<'. */
static struct str form_type(const struct node *form, struct arena *arena)
{
	for (const struct node *n = node_first_element(form); n; n = node_next_element(n))
		if (node_is(n, STR("field"), NS_DATA_FORMS) && str_is(node_attr(n, STR("var")), "FORM_TYPE")) {
			const struct node *value = node_child(n, STR("value"), NS_DATA_FORMS);
			struct str type = value ? node_text(value, arena) : STR("");

			if (!says_one_type(n, type, arena) || str_find(type, '<', 0) < type.len)
				return STR_NONE;
			return type.len && str_is(node_attr(n, STR("type")), "hidden") ? type : STR("");
		}
	return STR("");
}

static struct str form_text(const struct node *form, struct arena *arena)
{
	struct str type = form_type(form, arena);
	struct parts fields;
	struct buf b = BUF_INIT(0);
	struct str out;

	if (!type.len)
		return type;
	if (!parts_init(&fields, arena))
		return STR_NONE;
	for (const struct node *n = node_first_element(form); n; n = node_next_element(n)) {
		struct str text = STR("");

		if (!node_is(n, STR("field"), NS_DATA_FORMS) || str_is(node_attr(n, STR("var")), "FORM_TYPE"))
			continue;
		text = field_text(n, arena);
		if (!text.data)
			return STR_NONE;
		parts_add(&fields, text);
	}
	if (fields.failed)
		return STR_NONE;
	(void)parts_sort(&fields, by_fields);
	buf_str(&b, type);
	buf_putc(&b, '<');
	for (size_t i = 0; i < fields.len; i++)
		buf_str(&b, fields.items[i]);
	out = arena_dup(arena, buf_view(&b));
	buf_done(&b);
	return out;
}

/* Two of one type are ill-formed: then one begins with the other's type. */
static bool same_type(struct str a, struct str b)
{
	return str_eq(str_cut(a, 0, str_find(a, '<', 0)), str_cut(b, 0, str_find(b, '<', 0)));
}

static bool put_forms(struct buf *s, const struct node *info, struct arena *arena)
{
	struct parts forms;

	if (!parts_init(&forms, arena))
		return false;
	for (const struct node *n = node_first_element(info); n; n = node_next_element(n)) {
		struct str text = node_is(n, STR("x"), NS_DATA_FORMS) ? form_text(n, arena) : STR("");

		if (!text.data)
			return false;
		if (text.len)
			parts_add(&forms, text);
	}
	if (!parts_sort(&forms, by_fields))
		return false;
	for (size_t i = 0; i < forms.len; i++) {
		if (i && same_type(forms.items[i - 1], forms.items[i]))
			return false;
		buf_str(s, forms.items[i]);
	}
	return true;
}

bool caps_ver(struct buf *out, struct str hash, const struct node *info, struct arena *arena)
{
	const EVP_MD *md = str_is(hash, "sha-1") ? EVP_sha1() : EVP_sha256();
	unsigned char sum[EVP_MAX_MD_SIZE];
	struct buf s = BUF_INIT(0);
	unsigned len = 0;
	bool ok;

	ok = put_identities(&s, info, arena) && put_features(&s, info, arena) && put_forms(&s, info, arena) &&
	     !buf_failed(&s) && !arena_is_full(arena) && EVP_Digest(s.data, s.len, sum, &len, md, NULL);
	if (ok)
		base64_put(out, sum, len);
	buf_done(&s);
	return ok && !buf_failed(out);
}

bool caps_verify(const struct caps *caps, const struct node *info, struct arena *arena)
{
	struct buf ver = BUF_INIT(0);
	bool ok = caps_ver(&ver, caps->hash, info, arena) && str_eq(buf_view(&ver), caps->ver);

	buf_done(&ver);
	return ok;
}

void caps_put_interests(struct buf *out, const struct node *info)
{
	static const struct str notify = STR("+notify");
	unsigned count = 0;

	for (const struct node *n = node_first_element(info); n && count < CAPS_NAMES_MAX; n = node_next_element(n)) {
		struct str var = node_attr(n, STR("var"));

		if (!node_is(n, STR("feature"), NS_DISCO_INFO) || !str_ends(var, notify) || var.len == notify.len)
			continue;
		if (out->len + var.len > CAPS_LIST_MAX || str_find(var, '\x1f', 0) < var.len)
			continue;
		if (out->len)
			buf_putc(out, '\x1f');
		buf_str(out, str_cut(var, 0, var.len - notify.len));
		count++;
	}
}

/* Of a client, where it has several identities (XEP-0030 3.1); else the first. */
static const struct node *identity_of(const struct node *info)
{
	const struct node *first = NULL;

	for (const struct node *n = node_first_element(info); n; n = node_next_element(n)) {
		if (!node_is(n, STR("identity"), NS_DISCO_INFO))
			continue;
		if (str_is(node_attr(n, STR("category")), "client"))
			return n;
		if (!first)
			first = n;
	}
	return first;
}

static const struct node *software_form(const struct node *info, struct arena *arena)
{
	for (const struct node *n = node_first_element(info); n; n = node_next_element(n))
		if (node_is(n, STR("x"), NS_DATA_FORMS) && str_is(form_type(n, arena), "urn:xmpp:dataforms:softwareinfo"))
			return n;
	return NULL;
}

static void form_facts(struct str out[CAPS_FACTS], const struct node *form, struct arena *arena)
{
	static const struct {
		const char *var;
		enum caps_fact fact;
	} fields[] = {{"software", CAPS_SOFTWARE}, {"software_version", CAPS_VERSION}, {"os", CAPS_OS},
		{"os_version", CAPS_OS_VERSION}};

	for (const struct node *n = node_first_element(form); n; n = node_next_element(n)) {
		const struct node *value = node_child(n, STR("value"), NS_DATA_FORMS);

		for (size_t i = 0; value && i < sizeof(fields) / sizeof(fields[0]); i++)
			if (str_eq(node_attr(n, STR("var")), str_from(fields[i].var)))
				out[fields[i].fact] = node_text(value, arena);
	}
}

void caps_facts(struct str out[CAPS_FACTS], const struct node *info, struct arena *arena)
{
	const struct node *identity = identity_of(info), *form = software_form(info, arena);

	for (size_t i = 0; i < CAPS_FACTS; i++)
		out[i] = STR("");
	if (identity) {
		out[CAPS_CATEGORY] = node_attr(identity, STR("category"));
		out[CAPS_TYPE] = node_attr(identity, STR("type"));
		out[CAPS_NAME] = node_attr(identity, STR("name"));
	}
	if (form)
		form_facts(out, form, arena);
	for (size_t i = 0; i < CAPS_FACTS; i++)
		out[i] = str_cut(out[i], 0, out[i].len < CAPS_FACT_MAX ? out[i].len : CAPS_FACT_MAX);
}
