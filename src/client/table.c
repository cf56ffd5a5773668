#include "client/table.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/map.h"
#include "client/ja4.h"
#include "client/products.h"

struct client_table {
	_Atomic unsigned refs;
	struct arena *arena;
	struct map caps, ja4; /* -> struct client_known */
};

enum { KEY_MAX = 256, SEPARATOR = '\x1f' };

/* --- words --- */

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_alnum(char c)
{
	return is_digit(c) || (lower(c) >= 'a' && lower(c) <= 'z') || (unsigned char)c >= 0x80;
}

static bool starts_nocase(struct str s, struct str prefix)
{
	if (s.len < prefix.len || (prefix.len && lower(s.data[0]) != lower(prefix.data[0])))
		return false;
	return str_eq_nocase(str_cut(s, 0, prefix.len), prefix);
}

/* The next part of a list; *at moves on. False: there is none. */
static bool next_part(struct str list, size_t *at, struct str *out)
{
	size_t end;

	if (!list.data || *at > list.len)
		return false;
	end = str_find(list, '|', *at);
	*out = str_cut(list, *at, end);
	*at = end + 1;
	return out->len > 0;
}

static bool list_has(const char *list, struct str word)
{
	struct str part;

	for (size_t at = 0; word.len && next_part(str_from(list), &at, &part);)
		if (str_eq_nocase(part, word))
			return true;
	return false;
}

/* --- making one --- */

static struct str caps_key(char buf[KEY_MAX], struct str hash, struct str ver)
{
	if (hash.len + 1 + ver.len > KEY_MAX)
		return STR_NONE;
	for (size_t i = 0; i < hash.len; i++)
		buf[i] = lower(hash.data[i]);
	buf[hash.len] = SEPARATOR;
	if (ver.len)
		memcpy(buf + hash.len + 1, ver.data, ver.len);
	return str_of(buf, hash.len + 1 + ver.len);
}

/* What the fleet says of a hash does not undo which versions are known to show it. */
static void keep_range(struct client_known *known, const struct client_known *before)
{
	if (!before || !before->range || !str_eq_nocase(before->product, known->product))
		return;
	known->range = before->range;
	if (known->version.len == 0 || !version_range_holds_text(known->range, known->version))
		known->version = before->version;
}

static int add_row(struct client_table *t, const struct client_row *row, struct err *err)
{
	char buf[KEY_MAX];
	bool is_caps = row->caps_ver.len > 0;
	struct str key = is_caps ? caps_key(buf, row->caps_hash, row->caps_ver) : row->ja4;
	struct client_known *known = arena_zalloc(t->arena, sizeof(*known));
	int ret = 0;

	if (!known)
		return -ENOMEM;
	if (key.len == 0 || row->product.len == 0)
		return err_set(err, -EINVAL, "a row of the table of clients has no %s", key.len ? "product" : "hash");
	known->product = arena_dup(t->arena, row->product);
	known->version = arena_dup(t->arena, row->version);
	if (row->range.len)
		ret = version_range_parse(&known->range, row->range, t->arena, err);
	else
		keep_range(known, map_get(is_caps ? &t->caps : &t->ja4, key));
	key = arena_dup(t->arena, key);
	if (arena_is_full(t->arena))
		return -ENOMEM;
	return ret ? ret : map_put(is_caps ? &t->caps : &t->ja4, key, known);
}

static int add_shipped(struct client_table *t, struct err *err)
{
	for (size_t i = 0; i < client_hashes_count; i++) {
		const struct shipped_hash *h = &client_hashes[i];
		int ret = add_row(t,
			&(struct client_row){.caps_hash = STR("sha-1"),
				.caps_ver = str_from(h->ver),
				.product = str_from(h->product),
				.version = str_from(h->version),
				.range = str_from(h->range)},
			err);

		if (ret)
			return ret;
	}
	return 0;
}

int client_table_new(struct client_table **out, const struct client_row *rows, size_t count, struct err *err)
{
	struct client_table *t;
	int ret;

	if (count > CLIENT_ROWS_MAX)
		return err_set(err, -E2BIG, "the table of clients has %zu rows; at most %d are accepted", count,
			CLIENT_ROWS_MAX);
	t = calloc(1, sizeof(*t));
	if (!t)
		return err_set(err, -ENOMEM, "out of memory");
	t->refs = 1;
	t->arena = arena_new(0);
	map_init(&t->caps);
	map_init(&t->ja4);
	ret = t->arena ? add_shipped(t, err) : err_set(err, -ENOMEM, "out of memory");
	for (size_t i = 0; ret == 0 && i < count; i++)
		ret = add_row(t, &rows[i], err);
	if (ret) {
		client_table_unref(t);
		return ret;
	}
	*out = t;
	return 0;
}

struct client_table *client_table_ref(struct client_table *t)
{
	if (t)
		atomic_fetch_add_explicit(&t->refs, 1, memory_order_relaxed);
	return t;
}

struct client_table *client_table_unref(struct client_table *t)
{
	if (t && atomic_fetch_sub_explicit(&t->refs, 1, memory_order_acq_rel) == 1) {
		map_done(&t->caps);
		map_done(&t->ja4);
		arena_free(t->arena);
		free(t);
	}
	return NULL;
}

/* --- looking --- */

const struct client_known *client_table_caps(const struct client_table *t, struct str hash, struct str ver)
{
	char buf[KEY_MAX];
	struct str key = caps_key(buf, hash, ver);

	return key.len && ver.len ? map_get(&t->caps, key) : NULL;
}

const struct client_known *client_table_ja4(const struct client_table *t, struct str ja4)
{
	return ja4.len ? map_get(&t->ja4, ja4) : NULL;
}

/* An address without what its spellings differ in. */
static struct str bare_address(struct str node)
{
	for (size_t i = 0; i + 2 < node.len && i < 8; i++)
		if (str_eq(str_cut(node, i, i + 3), STR("://"))) {
			node = str_cut(node, i + 3, node.len);
			break;
		}
	return starts_nocase(node, STR("www.")) ? str_cut(node, 4, node.len) : node;
}

/* Finds the product with the longest entry that `fits`. */
static const struct product *longest(struct str text, const char *(*lists)(const struct product *, int),
	bool (*fits)(struct str rest), struct str *out_rest)
{
	const struct product *best = NULL;
	size_t best_len = 0;
	struct str part;

	for (size_t i = 0; text.len && i < client_products_count; i++)
		for (int list = 0; list < 2; list++)
			for (size_t at = 0; next_part(str_from(lists(&client_products[i], list)), &at, &part);)
				if (part.len > best_len && starts_nocase(text, part) &&
					fits(str_cut(text, part.len, text.len))) {
					best = &client_products[i];
					best_len = part.len;
				}
	*out_rest = best ? str_cut(text, best_len, text.len) : text;
	return best;
}

static const char *nodes_of(const struct product *p, int list)
{
	return list == 0 ? p->nodes : NULL;
}

static const char *names_of(const struct product *p, int list)
{
	return list == 0 ? p->name : p->names;
}

static const char *resources_of(const struct product *p, int list)
{
	return list == 0 ? p->resources : NULL;
}

static bool ends_address(struct str rest)
{
	return rest.len == 0 || strchr("/#?: ", rest.data[0]);
}

static bool ends_word(struct str rest)
{
	return rest.len == 0 || !is_alnum(rest.data[0]);
}

/* What may stand behind a product's name without making it the name of another: a version, something in brackets, where
 * it runs and how it is packaged. */
static bool ends_name(struct str rest)
{
	static const char words[] =
		"v|version|ver|build|im|messenger|client|app|xmpp|jabber|for|on|beta|alpha|dev|nightly|git|rc|legacy|"
		"portable|desktop|mobile|ios|ipados|macos|mac|android|linux|windows|web|flatpak|snap|free|f-droid";
	size_t i = 0, end;

	while (i < rest.len && strchr(" \t/-_:,;.", rest.data[i]) && rest.data[i])
		i++;
	if (i == rest.len || is_digit(rest.data[i]))
		return true;
	if (i == 0)
		return rest.data[0] == '(' || rest.data[0] == '[';
	if (strchr("([", rest.data[i]) ||
		(lower(rest.data[i]) == 'v' && i + 1 < rest.len && is_digit(rest.data[i + 1])))
		return true;
	end = i;
	while (end < rest.len && (is_alnum(rest.data[end]) || rest.data[end] == '-'))
		end++;
	return list_has(words, str_cut(rest, i, end));
}

const struct product *client_table_node(const struct client_table *t, struct str node)
{
	struct str rest;

	(void)t;
	return longest(bare_address(str_trim(node)), nodes_of, ends_address, &rest);
}

const struct product *client_table_name(const struct client_table *t, struct str name, struct str *out_rest)
{
	(void)t;
	return longest(str_trim(name), names_of, ends_name, out_rest);
}

const struct product *client_table_resource(const struct client_table *t, struct str resource, struct str *out_rest)
{
	(void)t;
	return longest(str_trim(resource), resources_of, ends_word, out_rest);
}

bool product_is_kin(const struct product *a, const struct product *b)
{
	if (a == b || a->library || b->library)
		return true;
	return list_has(a->kin, str_from(b->name)) || list_has(b->kin, str_from(a->name));
}

unsigned tls_family_of(struct str ja4)
{
	if (!ja4_is_valid(ja4))
		return 0;
	for (size_t i = 0; i < client_suites_count; i++)
		if (str_eq(str_cut(ja4, 11, 23), str_from(client_suites[i].digits)))
			return client_suites[i].family;
	return 0;
}
