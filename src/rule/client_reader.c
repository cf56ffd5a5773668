/* One file of policy/clients: its lists, and what holds for the whole policy. */
#include "rule/client_reader.h"

#include <errno.h>

#include "base/log.h"
#include "rule/rule_set.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

struct file {
	struct client_set *set;
	int failed; /* -ENOMEM */
};

/* Room for one more of a list in the arena; NULL when memory is out. */
static void *grown(struct arena *arena, void *list, size_t count, size_t *room, size_t size)
{
	size_t more = *room ? *room * 2 : 16;
	void *moved;

	if (count < *room)
		return list;
	moved = arena_zalloc(arena, more * size);
	if (moved && count)
		memcpy(moved, list, count * size);
	if (moved)
		*room = more;
	return moved;
}

/* True: there is room for one more, in *list. */
static bool room_made(struct rule_reader *reader, struct file *f, const struct yml_node *node, void **list, size_t count,
	size_t *room, size_t size, size_t most, const char *what)
{
	void *moved;

	if (count == most) {
		reader_problem(reader, node, "more than %zu %s", most, what);
		return false;
	}
	moved = grown(reader->arena, *list, count, room, size);
	if (!moved) {
		f->failed = -ENOMEM;
		return false;
	}
	*list = moved;
	return true;
}

#define ROOM(reader, f, node, list, count, room, most, what)                                                              \
	({                                                                                                                \
		void *list_ = (list);                                                                                     \
		bool made_ = room_made(reader, f, node, &list_, count, &(room), sizeof(*(list)), most, what);             \
		(list) = list_;                                                                                           \
		made_;                                                                                                    \
	})

/* Calls each() for the items of a list; nothing written is an empty list. */
static void list_each_item(struct rule_reader *reader, const struct yml_node *node, struct file *f, const char *what,
	void (*each)(struct rule_reader *reader, const struct yml_node *item, struct file *f))
{
	if (yml_is_null(node))
		return;
	if (node->kind != YML_LIST) {
		reader_problem(reader, node, "%s: found a %s; accepted: a list", what, yml_kind_name(node->kind));
		return;
	}
	yml_each(item, node)
	{
		if (f->failed == 0)
			each(reader, item, f);
	}
}

static void id_take(struct rule_reader *reader, const struct yml_node *node, struct file *f, struct str id)
{
	const char *other = map_get(&f->set->ids, id);
	struct str place = arena_printf(reader->arena, "%.*s:%u%c", STR_FMT(reader->file), node->line, 0);

	if (id.len == 0)
		return;
	if (str_is(id, "default"))
		reader_problem(reader, node, "id: 'default' is the policy's default; take another");
	else if (other)
		reader_problem(reader, node, "id: '%.*s' is taken by the rule at %s", STR_FMT(id), other);
	else if (!place.data || map_put(&f->set->ids, id, (void *)(uintptr_t)place.data))
		f->failed = -ENOMEM;
}

/* ---- rules, patches ---- */

static void rule_item(struct rule_reader *reader, const struct yml_node *node, struct file *f)
{
	struct client_set *s = f->set;

	if (!ROOM(reader, f, node, s->rules, s->count, s->room, CLIENT_RULES_MAX, "rules about clients"))
		return;
	client_rule_read(reader, node, &s->rules[s->count]);
	id_take(reader, node, f, s->rules[s->count++].id);
}

static void read_rules(struct rule_reader *reader, const struct yml_node *node, void *owner)
{
	list_each_item(reader, node, owner, "rules", rule_item);
}

static void patch_item(struct rule_reader *reader, const struct yml_node *node, struct file *f)
{
	struct client_set *s = f->set;

	if (!ROOM(reader, f, node, s->patches, s->patch_count, s->patch_room, CLIENT_PATCHES_MAX, "patches"))
		return;
	client_patch_read(reader, node, &s->patches[s->patch_count]);
	id_take(reader, node, f, s->patches[s->patch_count++].id);
}

static void read_patches(struct rule_reader *reader, const struct yml_node *node, void *owner)
{
	list_each_item(reader, node, owner, "patches", patch_item);
}

/* ---- what holds for the whole policy ---- */

static void read_default(struct rule_reader *reader, const struct yml_node *node, void *owner)
{
	struct file *f = owner;
	struct client_set *s = f->set;

	if (s->by_default) {
		reader_problem(reader, node, "default: it is said at %.*s:%u already; only one file may", STR_FMT(s->default_file),
			s->by_default->line);
		return;
	}
	s->by_default = node;
	s->default_file = reader->file;
	if (!ROOM(reader, f, node, s->rules, s->count, s->room, CLIENT_RULES_MAX, "rules about clients"))
		return;
	client_default_read(reader, node, &s->rules[s->count]);
	/* one that allows changes nothing */
	s->count += s->rules[s->count].effect != CLIENT_ALLOW;
}

static void read_help(struct rule_reader *reader, const struct yml_node *node, void *owner)
{
	struct client_set *s = ((struct file *)owner)->set;

	if (s->helped)
		reader_problem(reader, node, "help: another file of policy/clients says it already");
	s->helped = node;
	(void)!reader_text(reader, node, "help", 500, &s->help);
}

static bool version_is_good(struct rule_reader *reader, const struct yml_node *node, struct str text)
{
	if (version_read(text).kind == VERSION_NUMBERED)
		return true;
	reader_problem(reader, node, "found '%s'; accepted: a version such as 1.8.4 (in quotes)", LOG_STR(text));
	return false;
}

static void read_baseline(struct rule_reader *reader, const struct yml_node *node, void *owner)
{
	struct file *f = owner;
	struct client_set *s = f->set;

	if (node->kind != YML_MAP) {
		reader_problem(reader, node, "baseline: found a %s; accepted: a map from product to minimum version",
			yml_kind_name(node->kind));
		return;
	}
	yml_each(member, node)
	{
		struct str version;

		if (!reader_text(reader, member, "baseline", VERSION_TEXT_MAX, &version) ||
			!version_is_good(reader, member, version))
			continue;
		for (size_t i = 0; i < s->baseline_count; i++)
			if (str_eq_nocase(s->baselines[i].product, member->key))
				reader_problem(reader, member, "baseline: '%s' has one already, at %.*s:%u", LOG_STR(member->key),
					STR_FMT(s->baselines[i].file), s->baselines[i].line);
		if (ROOM(reader, f, node, s->baselines, s->baseline_count, s->baseline_room, CLIENT_PRODUCTS_MAX, "baselines"))
			s->baselines[s->baseline_count++] = (struct client_product){.product = member->key,
				.minimum = version, .file = reader->file, .line = member->key_line};
	}
}

/* ---- catalogue ---- */

struct entry {
	struct file *file;
	struct client_product *product;
	const struct yml_node *minimum;
};

static void read_product(struct rule_reader *reader, const struct yml_node *node, void *owner)
{
	struct client_product *p = ((struct entry *)owner)->product;

	if (reader_text(reader, node, "product", CLIENT_NAME_MAX, &p->product) &&
		str_find(p->product, '*', 0) < p->product.len)
		reader_problem(reader, node, "product: found '%s'; accepted: one product's whole name", LOG_STR(p->product));
}

static void read_os(struct rule_reader *reader, const struct yml_node *node, void *owner)
{
	(void)!reader_text(reader, node, "os", CLIENT_NAME_MAX, &((struct entry *)owner)->product->os);
}

static void read_minimum(struct rule_reader *reader, const struct yml_node *node, void *owner)
{
	struct client_product *p = ((struct entry *)owner)->product;

	if (reader_text(reader, node, "minimum", VERSION_TEXT_MAX, &p->minimum))
		(void)!version_is_good(reader, node, p->minimum);
}

static void read_link(struct rule_reader *reader, const struct yml_node *node, void *owner)
{
	(void)!reader_text(reader, node, "link", 500, &((struct entry *)owner)->product->link);
}

static void read_sha256(struct rule_reader *reader, const struct yml_node *node, void *owner)
{
	struct str *out = &((struct entry *)owner)->product->sha256;
	size_t digits = 0;

	if (!reader_text(reader, node, "sha256", 200, out))
		return;
	while (digits < out->len && strchr("0123456789abcdefABCDEF", out->data[digits]))
		digits++;
	if (digits != out->len || digits != 64)
		reader_problem(reader, node, "sha256: found '%s'; accepted: the 64 hexadecimal digits that sha256sum prints",
			LOG_STR(*out));
}

/* A hash stands for one version of one product. */
static void hash_read(struct rule_reader *reader, const struct yml_node *node, struct entry *e)
{
	struct client_hash *h = &e->product->hashes[e->product->hash_count];
	struct client_set *s = e->file->set;

	if (!client_hash_read(reader, node, node->key, &h->hash))
		return;
	if (!yml_is_null(node) && !reader_text(reader, node, "caps", VERSION_TEXT_MAX, &h->version))
		return;
	if (map_get(&s->hashes, h->hash))
		reader_problem(reader, node, "caps: '%s' is in the catalogue already", LOG_STR(h->hash));
	else if (++s->hash_count > CLIENT_HASHES_MAX)
		reader_problem(reader, node, "caps: more than %d hashes in the whole catalogue", CLIENT_HASHES_MAX);
	else if (map_put(&s->hashes, h->hash, h))
		e->file->failed = -ENOMEM;
	else
		e->product->hash_count++;
}

static void read_hashes(struct rule_reader *reader, const struct yml_node *node, void *owner)
{
	struct entry *e = owner;

	if (node->kind != YML_MAP) {
		reader_problem(reader, node, "caps: found a %s; accepted: a map from hash to version", yml_kind_name(node->kind));
		return;
	}
	e->product->hashes = arena_zalloc(reader->arena, (node->len + 1) * sizeof(*e->product->hashes));
	if (!e->product->hashes)
		return;
	yml_each(member, node) hash_read(reader, member, e);
}

static const struct reader_key product_keys[] = {
	{"product", read_product},
	{"os", read_os},
	{"minimum", read_minimum},
	{"link", read_link},
	{"sha256", read_sha256},
	{"caps", read_hashes},
};

static void product_item(struct rule_reader *reader, const struct yml_node *node, struct file *f)
{
	struct client_set *s = f->set;
	struct entry e = {.file = f};

	if (!ROOM(reader, f, node, s->products, s->product_count, s->product_room, CLIENT_PRODUCTS_MAX, "clients in the catalogue"))
		return;
	e.product = &s->products[s->product_count];
	*e.product = (struct client_product){.file = reader->file, .line = node->line};
	if (!reader_map(reader, node, "catalogue", product_keys, COUNT(product_keys), &e))
		return;
	if (!yml_get(node, "product"))
		reader_problem(reader, node, "the entry has no 'product'");
	for (size_t i = 0; i < s->product_count; i++)
		if (str_eq_nocase(s->products[i].product, e.product->product) && str_eq_nocase(s->products[i].os, e.product->os))
			reader_problem(reader, node, "catalogue: '%s' stands at %.*s:%u already; an entry more needs another 'os'",
				LOG_STR(e.product->product), STR_FMT(s->products[i].file), s->products[i].line);
	s->product_count++;
}

static void read_catalogue(struct rule_reader *reader, const struct yml_node *node, void *owner)
{
	list_each_item(reader, node, owner, "catalogue", product_item);
}

/* ---- advisories ---- */

#define ADVISORY_KEY(member)                                                                                              \
	static void read_advisory_##member(struct rule_reader *reader, const struct yml_node *node, void *owner)          \
	{                                                                                                                 \
		(void)!reader_text(reader, node, #member, 1000, &((struct client_advisory *)owner)->member);              \
	}

ADVISORY_KEY(id)
ADVISORY_KEY(aliases)
ADVISORY_KEY(summary)
ADVISORY_KEY(severity)
ADVISORY_KEY(product)
ADVISORY_KEY(affected)
ADVISORY_KEY(fixed)
ADVISORY_KEY(reference)
ADVISORY_KEY(published)
ADVISORY_KEY(modified)
ADVISORY_KEY(imported)
ADVISORY_KEY(by)

static const struct reader_key advisory_keys[] = {
	{"id", read_advisory_id},
	{"aliases", read_advisory_aliases},
	{"summary", read_advisory_summary},
	{"severity", read_advisory_severity},
	{"product", read_advisory_product},
	{"affected", read_advisory_affected},
	{"fixed", read_advisory_fixed},
	{"reference", read_advisory_reference},
	{"published", read_advisory_published},
	{"modified", read_advisory_modified},
	{"imported", read_advisory_imported},
	{"by", read_advisory_by},
};

static void advisory_item(struct rule_reader *reader, const struct yml_node *node, struct file *f)
{
	struct client_set *s = f->set;
	struct client_advisory *a;

	if (!ROOM(reader, f, node, s->advisories, s->advisory_count, s->advisory_room, CLIENT_RULES_MAX, "advisories"))
		return;
	a = &s->advisories[s->advisory_count++];
	*a = (struct client_advisory){.file = reader->file, .line = node->line};
	if (reader_map(reader, node, "advisory", advisory_keys, COUNT(advisory_keys), a) && !yml_get(node, "id"))
		reader_problem(reader, node, "the advisory has no 'id'");
}

static void read_advisories(struct rule_reader *reader, const struct yml_node *node, void *owner)
{
	list_each_item(reader, node, owner, "advisories", advisory_item);
}

/* ---- the file ---- */

static const struct reader_key file_keys[] = {
	{"rules", read_rules},
	{"patches", read_patches},
	{"catalogue", read_catalogue},
	{"baseline", read_baseline},
	{"default", read_default},
	{"help", read_help},
	{"advisories", read_advisories},
};

int client_file_read(struct client_set *set, struct rule_reader *reader, const struct yml_node *root)
{
	struct file f = {.set = set};

	(void)!reader_map(reader, root, "file of clients", file_keys, COUNT(file_keys), &f);
	return f.failed;
}
