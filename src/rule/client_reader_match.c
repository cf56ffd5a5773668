/* The parts that rules about clients have in common: patterns, versions, networks, dates, texts by language. */
#include "base/clock.h"
#include "base/log.h"
#include "rule/client_reader.h"
#include "rule/rule_set.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

/* ---- lists of names ---- */

struct client_names client_names_read(struct rule_reader *reader, const struct yml_node *node, const char *what)
{
	size_t count = reader_items(node), n = 0;
	struct str *list;

	if (node->kind == YML_MAP || count == 0 || count > CLIENT_LIST_MAX) {
		reader_problem(reader, node, "%s: found %s; accepted: a name or a list of 1 to %d", what,
			node->kind == YML_MAP ? "a map" : count ? "more" : "an empty list", CLIENT_LIST_MAX);
		return (struct client_names){};
	}
	list = arena_alloc(reader->arena, count * sizeof(*list));
	for (const struct yml_node *item = reader_item(node, NULL); item && list; item = reader_item(node, item))
		if (reader_text(reader, item, what, CLIENT_NAME_MAX, &list[n]))
			n++;
	return (struct client_names){.list = list, .count = list ? n : 0};
}

static void read_products(struct rule_reader *reader, const struct yml_node *node, void *owner)
{
	((struct client_match *)owner)->products = client_names_read(reader, node, "product");
}

static void read_systems(struct rule_reader *reader, const struct yml_node *node, void *owner)
{
	((struct client_match *)owner)->systems = client_names_read(reader, node, "os");
}

static void read_ja4(struct rule_reader *reader, const struct yml_node *node, void *owner)
{
	((struct client_match *)owner)->ja4 = client_names_read(reader, node, "ja4");
}

static void read_mechanisms(struct rule_reader *reader, const struct yml_node *node, void *owner)
{
	((struct client_match *)owner)->mechanisms = client_names_read(reader, node, "mechanism");
}

static void read_tls(struct rule_reader *reader, const struct yml_node *node, void *owner)
{
	((struct client_match *)owner)->tls = client_names_read(reader, node, "tls");
}

/* "sha-1 VER"; the verification string alone is one of SHA-1, which is what all clients send (XEP-0115). */
bool client_hash_read(struct rule_reader *reader, const struct yml_node *node, struct str text, struct str *out)
{
	size_t space = str_find(text, ' ', 0);

	if (space == text.len) {
		*out = arena_printf(reader->arena, "sha-1 %.*s", STR_FMT(text));
		return out->data != NULL;
	}
	*out = text;
	if (space && space + 1 < text.len && str_find(text, ' ', space + 1) == text.len)
		return true;
	reader_problem(reader, node, "caps: found '%s'; accepted: the hash as clients show it, such as 'sha-1 KhcT9ZNFm7+GUUtjMdqOnVOlqrY='",
		LOG_STR(text));
	return false;
}

static void read_caps(struct rule_reader *reader, const struct yml_node *node, void *owner)
{
	struct client_names names = client_names_read(reader, node, "caps"), *out = &((struct client_match *)owner)->caps;
	struct str *list = arena_alloc(reader->arena, (names.count + 1) * sizeof(*list));
	size_t n = 0;

	for (size_t i = 0; i < names.count && list; i++)
		if (client_hash_read(reader, node, names.list[i], &list[n]))
			n++;
	*out = (struct client_names){.list = list, .count = n};
}

static void read_versions(struct rule_reader *reader, const struct yml_node *node, void *owner)
{
	struct client_match *m = owner;
	struct err err = {};

	if (!reader_text(reader, node, "versions", VERSION_RANGE_MAX, &m->versions_text))
		return;
	if (version_range_parse(&m->versions, m->versions_text, reader->arena, &err))
		reader_problem(reader, node, "versions: %s", err.text);
}

static void read_classes(struct rule_reader *reader, const struct yml_node *node, void *owner)
{
	struct client_match *m = owner;

	for (const struct yml_node *item = reader_item(node, NULL); item; item = reader_item(node, item)) {
		int class = reader_word(reader, item, "class", client_class_names, CLIENT_CLASSES);

		if (class >= 0)
			m->classes |= 1u << class;
	}
	if (node->kind == YML_LIST && node->len == 0)
		reader_problem(reader, node, "class: found an empty list; accepted: named, unknown, silent, or a list of these");
}

static void read_networks(struct rule_reader *reader, const struct yml_node *node, void *owner)
{
	struct client_names names = client_names_read(reader, node, "network");
	struct network *list = arena_alloc(reader->arena, (names.count + 1) * sizeof(*list));
	struct client_match *m = owner;

	for (size_t i = 0; i < names.count && list; i++) {
		if (!network_parse(names.list[i], &list[m->network_count]))
			reader_problem(reader, node,
				"network: found '%s'; accepted: a network with no bits behind its prefix, such as 10.0.0.0/8 or "
				"2001:db8::/32, or one address",
				LOG_STR(names.list[i]));
		else
			m->network_count++;
	}
	m->networks = list;
}

static const struct reader_key match_keys[] = {
	{"product", read_products},
	{"os", read_systems},
	{"versions", read_versions},
	{"caps", read_caps},
	{"ja4", read_ja4},
	{"class", read_classes},
	{"network", read_networks},
	{"mechanism", read_mechanisms},
	{"tls", read_tls},
};

void client_match_read(struct rule_reader *reader, const struct yml_node *node, struct client_match *out)
{
	if (node->kind == YML_SCALAR && str_is(node->text, "any"))
		return;
	if (node->kind != YML_MAP || node->len == 0) {
		reader_problem(reader, node,
			"clients: found %s; accepted: any, or a map with product, os, versions, caps, ja4, class, network, "
			"mechanism, tls",
			node->kind == YML_MAP ? "an empty map" : LOG_STR(str_from(yml_kind_name(node->kind))));
		return;
	}
	(void)!reader_map(reader, node, "clients", match_keys, COUNT(match_keys), out);
}

/* ---- dates ---- */

bool client_date_parse(struct str text, uint64_t *out_us)
{
	char whole[32];

	if (text.len != 10)
		return clock_parse(text, out_us);
	memcpy(whole, text.data, 10);
	memcpy(whole + 10, "T00:00:00Z", 10);
	return clock_parse(str_of(whole, 20), out_us);
}

bool client_date_read(
	struct rule_reader *reader, const struct yml_node *node, const char *what, uint64_t *out_us, struct str *out_text)
{
	if (node->kind == YML_SCALAR && client_date_parse(node->text, out_us)) {
		*out_text = node->text;
		return true;
	}
	reader_problem(reader, node,
		"%s: found '%s'; accepted: a day of the calendar (2026-10-15: its begin in UTC) or a time "
		"(2026-10-15T08:00:00+02:00)",
		what, node->kind == YML_SCALAR ? LOG_STR(node->text) : yml_kind_name(node->kind));
	return false;
}

/* ---- texts for people ---- */

/* One text, or one for each language. */
const struct notice *client_words_read(struct rule_reader *reader, const struct yml_node *node, const char *what)
{
	struct notice *n;

	if (node->kind == YML_MAP)
		return notice_read(reader, node);
	n = arena_zalloc(reader->arena, sizeof(*n));
	return n && reader_text(reader, node, what, RULE_NOTICE_BYTES_MAX, &n->text) ? n : NULL;
}
