/* Does a case fit what a rule says of clients? */
#include "rule/client_reader.h"

static char small(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

/* One star at a time: after each the shortest run that lets the rest fit is enough. */
bool client_pattern_fits(struct str pattern, struct str text)
{
	size_t p = 0, t = 0, star = SIZE_MAX, again = 0;

	while (t < text.len) {
		if (p < pattern.len && pattern.data[p] == '*') {
			star = p++;
			again = t;
		} else if (p < pattern.len && small(pattern.data[p]) == small(text.data[t])) {
			p++;
			t++;
		} else if (star != SIZE_MAX) {
			p = star + 1;
			t = ++again;
		} else {
			return false;
		}
	}
	while (p < pattern.len && pattern.data[p] == '*')
		p++;
	return p == pattern.len;
}

static bool names_fit(const struct client_names *names, struct str text)
{
	for (size_t i = 0; i < names->count; i++)
		if (client_pattern_fits(names->list[i], text))
			return text.len > 0;
	return names->count == 0;
}

/* A hash is Base64: case is part of it. */
static bool hashes_fit(const struct client_names *hashes, struct str text)
{
	for (size_t i = 0; i < hashes->count; i++)
		if (str_eq(hashes->list[i], text))
			return true;
	return hashes->count == 0;
}

/* "TLSv1.3 TLS_AES_128_GCM_SHA256": a pattern is for all of it, or for one of its words. */
static bool tls_fits(const struct client_names *names, struct str text)
{
	size_t space = str_find(text, ' ', 0);

	if (names->count == 0 || names_fit(names, text))
		return true;
	return names_fit(names, str_cut(text, 0, space)) ||
	       (space < text.len && names_fit(names, str_cut(text, space + 1, text.len)));
}

static bool networks_fit(const struct client_match *m, const struct client_view *v)
{
	for (size_t i = 0; i < m->network_count; i++)
		if (v->located && network_has(&m->networks[i], &v->address))
			return true;
	return m->network_count == 0;
}

static bool speaks_of_client(const struct client_match *m)
{
	return m->products.count || m->systems.count || m->caps.count || m->ja4.count || m->versions || m->classes ||
	       m->unapproved;
}

/* Early: what it is called is all that will not change; who is silent may still speak. */
static bool is_certain(const struct client_match *m, const struct client_view *v)
{
	return !m->unapproved && (!m->classes || v->product.len) && (!m->versions || v->version_text.len);
}

static bool client_fits(const struct client_match *m, const struct client_view *v)
{
	const struct judgement *j = v->c->client;

	if (v->c->early && !is_certain(m, v))
		return false;
	if (m->classes && !(m->classes & 1u << j->class))
		return false;
	if (m->unapproved && v->approved)
		return false;
	return names_fit(&m->products, v->product) && names_fit(&m->systems, j->os) && hashes_fit(&m->caps, j->caps) &&
	       names_fit(&m->ja4, j->ja4) && (!m->versions || version_range_holds(m->versions, &v->version));
}

bool client_surroundings_fit(const struct client_match *m, const struct client_view *v)
{
	return names_fit(&m->mechanisms, v->c->mechanism) && tls_fits(&m->tls, v->c->tls) && networks_fit(m, v);
}

bool client_match_holds(const struct client_match *m, const struct client_view *v)
{
	return client_surroundings_fit(m, v) && (!speaks_of_client(m) || (v->judged && client_fits(m, v)));
}

static bool client_may_fit(const struct client_match *m, const struct client_view *v)
{
	const struct judgement *j = v->c->client;

	if (m->classes && v->product.len && !(m->classes & 1u << CLIENT_NAMED))
		return false;
	return (!v->product.len || names_fit(&m->products, v->product)) && (!j->os.len || names_fit(&m->systems, j->os)) &&
	       names_fit(&m->ja4, j->ja4) &&
	       (!m->versions || !v->version_text.len || version_range_holds(m->versions, &v->version));
}

bool client_match_may_hold(const struct client_match *m, const struct client_view *v)
{
	return client_surroundings_fit(m, v) && (!speaks_of_client(m) || !v->judged || client_may_fit(m, v));
}

static void small_copy(struct str text, char *out)
{
	for (size_t i = 0; i < text.len; i++)
		out[i] = small(text.data[i]);
}

/* Maps have names in small letters; a name that is longer than all that can be in them is in none. */
void *client_map_get(const struct map *map, struct str name)
{
	char key[CLIENT_NAME_MAX];

	if (name.len == 0 || name.len > sizeof(key))
		return NULL;
	small_copy(name, key);
	return map_get(map, str_of(key, name.len));
}

struct str client_small(struct arena *arena, struct str name)
{
	char *copy = arena_bytes(arena, name.len + 1);

	if (!copy)
		return STR_NONE;
	small_copy(name, copy);
	return str_of(copy, name.len);
}

/* An entry that names no system is for all of them; a client that does not tell its own fits all entries. */
static bool product_fits(const struct client_product *p, struct str product, struct str os)
{
	return str_eq_nocase(p->product, product) && (!p->os.len || !os.len || client_pattern_fits(p->os, os));
}

const struct client_product *client_product_find(const struct client_set *set, struct str product, struct str os)
{
	const struct client_product *first = client_map_get(&set->approved, product);
	const struct client_product *general = NULL;

	if (!first)
		return NULL;
	for (const struct client_product *p = first; p < set->products + set->product_count; p++) {
		if (!product_fits(p, product, os))
			continue;
		if (p->os.len && os.len)
			return p;
		if (!general || (general->os.len && !p->os.len))
			general = p;
	}
	return general;
}

void client_view_make(const struct client_set *set, const struct client_case *c, struct client_view *out)
{
	const struct client_hash *known = NULL;

	*out = (struct client_view){.c = c, .judged = c->client != NULL};
	out->located = network_address_parse(c->address, &out->address);
	if (!c->client)
		return;
	if (c->client->caps.len)
		known = map_get(&set->hashes, c->client->caps);
	if (!c->early || c->client->basis >= BASIS_AGENT) {
		out->product = known ? known->product->product : c->client->product;
		out->version_text = known && known->version.len ? known->version : c->client->version;
	}
	out->version = version_read(out->version_text);
	out->approved = c->client->class == CLIENT_SILENT ? known != NULL
							    : client_product_find(set, out->product, c->client->os) != NULL;
}
