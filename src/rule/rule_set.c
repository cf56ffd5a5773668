#include "rule/rule_set.h"

#include <errno.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/map.h"
#include "conf/yaml.h"
#include "rule/client_reader.h"
#include "rule/rule_reader.h"
#include "rule/source.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

enum {
	INSPECT_BYTES_DEFAULT = 262144,
	INSPECT_BYTES_MIN = 1024,
	INSPECT_BYTES_MAX = 1 << 20,
	TREES_MAX = RULE_FILES_MAX * 2 + 1,
};

struct rule_set {
	struct arena *arena;
	struct yml *trees[TREES_MAX]; /* rules borrow strings from them */
	size_t tree_count;
	struct dictionary *dictionaries;
	struct client_set *clients; /* in the arena */
	struct rule *rules;
	const struct rule **by_type[RULE_TYPE_COUNT]; /* in order */
	size_t type_count[RULE_TYPE_COUNT];
	struct map by_id;
	size_t count, room, words, regexes;
	enum action on_error;
	const struct notice *error_notice;
	size_t inspect_bytes;
	unsigned there, filled; /* folders: struct sources */
	char version[POLICY_VERSION_LEN + 1];
};

struct rule_set *rule_set_free(struct rule_set *set)
{
	if (!set)
		return NULL;
	for (size_t i = 0; i < set->tree_count; i++)
		yml_free(set->trees[i]);
	map_done(&set->by_id);
	client_set_free(set->clients);
	free(set->rules);
	for (size_t i = 0; i < RULE_TYPE_COUNT; i++)
		free(set->by_type[i]);
	arena_free(set->arena);
	free(set);
	return NULL;
}

/* ---- policy.yaml ---- */

static void read_on_error(struct rule_reader *reader, const struct yml_node *node, void *owner)
{
	static const char *const names[] = {"block", "allow"};
	struct rule_set *set = owner;
	int found = reader_word(reader, node, "on_error", names, COUNT(names));

	set->on_error = found == 1 ? ACTION_ALLOW : ACTION_BLOCK;
}

static void read_inspect_bytes(struct rule_reader *reader, const struct yml_node *node, void *owner)
{
	unsigned long long bytes;
	struct rule_set *set = owner;

	if (!yml_u64(node, INSPECT_BYTES_MAX, &bytes) || bytes < INSPECT_BYTES_MIN) {
		reader_problem(reader, node, "inspect_bytes: found '%s'; accepted: a number from %d to %d",
			LOG_STR(node->text), INSPECT_BYTES_MIN, INSPECT_BYTES_MAX);
		return;
	}
	set->inspect_bytes = (size_t)bytes;
}

static void read_error_notice(struct rule_reader *reader, const struct yml_node *node, void *owner)
{
	((struct rule_set *)owner)->error_notice = notice_read(reader, node);
}

static const struct reader_key policy_keys[] = {
	{"on_error", read_on_error},
	{"inspect_bytes", read_inspect_bytes},
	{"notice", read_error_notice},
};

static void policy_read(struct rule_set *set, struct rule_reader *reader, const struct yml_node *root)
{
	if (!reader_map(reader, root, "policy.yaml", policy_keys, COUNT(policy_keys), set))
		return;
	if (!yml_get(root, "on_error"))
		reader_problem(reader, root,
			"there is no 'on_error': what happens to a text that could not be inspected; "
			"accepted: block, allow");
	else if (set->on_error == ACTION_BLOCK && !set->error_notice)
		reader_problem(reader, root, "'on_error: block' needs a 'notice' for the sender");
}

/* ---- rules ---- */

static int rules_grow(struct rule_set *set)
{
	size_t room = set->room ? set->room * 2 : 32;
	struct rule *rules;

	if (set->count < set->room)
		return 0;
	rules = reallocarray(set->rules, room, sizeof(*rules));
	if (!rules)
		return -ENOMEM;
	set->rules = rules;
	set->room = room;
	return 0;
}

/* Ids are looked up while rules still move, so the map holds places (from 1), not pointers. */
static int id_take(struct rule_set *set, struct rule_reader *reader, const struct yml_node *node)
{
	const struct rule *rule = &set->rules[set->count];
	size_t other = (size_t)(uintptr_t)map_get(&set->by_id, rule->id);

	if (rule->id.len == 0)
		return 0;
	if (other) {
		reader_problem(reader, node, "id: '%.*s' is taken by the rule at %.*s:%u", STR_FMT(rule->id),
			STR_FMT(set->rules[other - 1].file), set->rules[other - 1].line);
		return 0;
	}
	return map_put(&set->by_id, rule->id, (void *)(uintptr_t)(set->count + 1));
}

static int rule_add(struct rule_set *set, struct rule_reader *reader, const struct yml_node *node)
{
	int ret = rules_grow(set);

	if (ret)
		return ret;
	if (set->count == RULE_COUNT_MAX) {
		reader_problem(reader, node, "more than %d rules", RULE_COUNT_MAX);
		return -EINVAL;
	}
	set->rules[set->count] = (struct rule){.index = set->count};
	rule_read(reader, node, &set->rules[set->count]);
	ret = id_take(set, reader, node);
	set->regexes += set->rules[set->count].regex_count;
	set->words += set->rules[set->count].word_count;
	set->type_count[set->rules[set->count].type]++;
	set->count++;
	return ret;
}

static int rules_read(struct rule_set *set, struct rule_reader *reader, const struct yml_node *root)
{
	static const char *const keys[] = {"rules"};
	int ret = 0;

	yml_each(member, root)
	{
		if (!str_is(member->key, "rules")) {
			reader_choice(reader, member, "rule file", member->key, keys, COUNT(keys));
			continue;
		}
		if (member->kind != YML_LIST) {
			reader_problem(reader, member, "rules: found a %s; accepted: a list of rules",
				yml_kind_name(member->kind));
			continue;
		}
		yml_each(item, member)
		{
			ret = rule_add(set, reader, item);
			if (ret)
				return ret;
		}
	}
	if (root->kind != YML_MAP)
		reader_problem(
			reader, root, "found a %s; accepted: 'rules:' and a list", yml_kind_name(root->kind));
	return 0;
}

/* ---- the whole directory ---- */

/* The YAML reader puts "file:line: " before its text; a problem has these apart. */
static void yml_problem(struct rule_reader *reader, const struct err *err)
{
	struct str text = str_from(err->text),
		   head = arena_printf(reader->arena, "%.*s:", STR_FMT(reader->file));
	unsigned long long line = 0;
	size_t colon;

	if (str_starts(text, head)) {
		colon = str_find(text, ':', head.len);
		if (str_to_u64(str_cut(text, head.len, colon), 1u << 30, &line))
			text = str_trim(str_cut(text, colon + 1, text.len));
		else
			line = 0;
	}
	problem_add(reader->problems, reader->file, (unsigned)line, 0, "%.*s", STR_FMT(text));
}

/* NULL when the text is no YAML we accept (a problem says why). */
static const struct yml_node *tree_read(
	struct rule_set *set, struct rule_reader *reader, const struct source *source)
{
	struct str name = arena_printf(set->arena, "%.*s", STR_FMT(source->file));
	struct err err = {};
	struct yml *tree;

	reader->file = source->file;
	if (yml_parse(&tree, source->text, name.data ? name.data : "", &err)) {
		yml_problem(reader, &err);
		return NULL;
	}
	set->trees[set->tree_count++] = tree;
	return yml_root(tree);
}

static int dictionaries_read(struct rule_set *set, const struct sources *sources, struct problems *problems)
{
	for (const struct source *s = sources->dictionaries; s; s = s->next) {
		struct dictionary *d = dictionary_parse(s->name, s->file, s->text, set->arena, problems);

		if (!d)
			return -ENOMEM;
		if (!dictionary_name_is_valid(s->name))
			problem_add(problems, s->file, 0, 0,
				"file name; accepted: small letters, digits and '-'");
		d->next = set->dictionaries;
		set->dictionaries = d;
	}
	return 0;
}

static int types_gather(struct rule_set *set)
{
	size_t n[RULE_TYPE_COUNT] = {};

	for (size_t i = 0; i < RULE_TYPE_COUNT; i++) {
		set->by_type[i] = calloc(set->type_count[i] + 1, sizeof(struct rule *));
		if (!set->by_type[i])
			return -ENOMEM;
	}
	for (size_t i = 0; i < set->count; i++) {
		enum rule_type type = set->rules[i].type;

		set->by_type[type][n[type]++] = &set->rules[i];
	}
	return 0;
}

/* The record names rules by their ids alone. */
static void ids_compare(const struct rule_set *set, struct rule_reader *reader)
{
	struct map_slot *slot;

	for (size_t i = 0; (slot = map_next(&set->clients->ids, &i));) {
		const struct rule *other = rule_set_find(set, slot->key);

		if (other)
			problem_add(reader->problems, other->file, other->line, 0, "id: '%.*s' is taken by the rule at %s",
				STR_FMT(slot->key), (const char *)slot->value);
	}
}

static int clients_read(struct rule_set *set, struct rule_reader *reader, const struct sources *sources)
{
	int ret = 0;

	set->clients = client_set_new(set->arena);
	if (!set->clients)
		return -ENOMEM;
	for (const struct source *s = sources->clients; s && ret == 0; s = s->next) {
		const struct yml_node *root = tree_read(set, reader, s);

		ret = root ? client_file_read(set->clients, reader, root) : 0;
	}
	ids_compare(set, reader);
	return ret ? ret : client_set_settle(set->clients, set->arena);
}

static int set_read(
	struct rule_set *set, const char *dir, const struct policy_change *change, struct problems *problems)
{
	struct rule_reader reader = {.arena = set->arena, .problems = problems};
	const struct yml_node *root;
	struct sources sources;
	int ret = sources_read(&sources, dir, change, set->arena, problems);

	if (ret == 0)
		ret = dictionaries_read(set, &sources, problems);
	if (ret)
		return ret;
	set->there = sources.there;
	set->filled = sources.filled;
	reader.dictionaries = set->dictionaries;
	root = tree_read(set, &reader, sources.policy);
	if (root)
		policy_read(set, &reader, root);
	for (const struct source *s = sources.rules; s; s = s->next) {
		root = tree_read(set, &reader, s);
		ret = root ? rules_read(set, &reader, root) : 0;
		if (ret)
			return ret;
	}
	ret = clients_read(set, &reader, &sources);
	if (ret || arena_is_full(set->arena))
		return -ENOMEM;
	ret = types_gather(set);
	return ret ? ret : sources_version(&sources, set->version, POLICY_VERSION_LEN);
}

int rule_set_load(
	struct rule_set **out, const char *dir, const struct policy_change *change, struct problems *problems)
{
	struct rule_set *set = calloc(1, sizeof(*set));
	int ret;

	if (!set)
		return -ENOMEM;
	map_init(&set->by_id);
	set->inspect_bytes = INSPECT_BYTES_DEFAULT;
	set->on_error = ACTION_BLOCK;
	set->arena = arena_new(0);
	ret = set->arena ? set_read(set, dir, change, problems) : -ENOMEM;
	if (ret == 0 && problems->count)
		ret = -EINVAL;
	if (ret) {
		rule_set_free(set);
		return ret;
	}
	*out = set;
	return 0;
}

const char *rule_set_lost_folder(const struct rule_set *now, const struct rule_set *before)
{
	for (unsigned i = 0; i < FOLDERS; i++)
		if (before->filled & ~now->there & 1u << i)
			return policy_folder_names[i];
	return NULL;
}

size_t rule_set_count(const struct rule_set *set)
{
	return set->count;
}

const struct rule *rule_set_rule(const struct rule_set *set, size_t index)
{
	return &set->rules[index];
}

const struct rule *rule_set_find(const struct rule_set *set, struct str id)
{
	size_t place = (size_t)(uintptr_t)map_get(&set->by_id, id);

	return place ? &set->rules[place - 1] : NULL;
}

const struct rule *const *rule_set_walls(const struct rule_set *set, size_t *out_count)
{
	*out_count = set->type_count[RULE_WALL];
	return set->by_type[RULE_WALL];
}

const struct rule *const *rule_set_namespaces(const struct rule_set *set, size_t *out_count)
{
	*out_count = set->type_count[RULE_NAMESPACE];
	return set->by_type[RULE_NAMESPACE];
}

const struct client_set *rule_set_clients(const struct rule_set *set)
{
	return set->clients;
}

void rule_set_unused(const struct rule_set *set, void (*each)(struct str name, void *owner), void *owner)
{
	for (const struct dictionary *d = set->dictionaries; d; d = d->next)
		if (!d->used)
			each(d->name, owner);
}

size_t rule_set_word_count(const struct rule_set *set)
{
	return set->words;
}

size_t rule_set_regex_count(const struct rule_set *set)
{
	return set->regexes;
}

const char *rule_set_version(const struct rule_set *set)
{
	return set->version;
}

enum action rule_set_on_error(const struct rule_set *set)
{
	return set->on_error;
}

const struct notice *rule_set_error_notice(const struct rule_set *set)
{
	return set->error_notice;
}

size_t rule_set_inspect_bytes(const struct rule_set *set)
{
	return set->inspect_bytes;
}
