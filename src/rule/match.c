/* What a content rule looks for: words, dictionaries, expressions, detectors. Any of them makes it match. */
#include "base/log.h"
#include "rule/namespace.h"
#include "rule/rule_reader.h"
#include "rule/rule_set.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

enum {
	DICTIONARIES_MAX = 64, /* one rule names */
	REGEXES_MAX = 500,     /* one rule holds */
	NAMESPACES_MAX = 500,
	NAMESPACE_BYTES_MAX = 200,
};

struct match {
	const struct yml_node *words, *dictionary, *regex, *detector, *namespaces, *not_namespaces;
	bool keep_case, has_case, evasions;
};

static void read_words(struct rule_reader *reader, const struct yml_node *node, void *owner)
{
	(void)reader;
	((struct match *)owner)->words = node;
}

static void read_dictionary(struct rule_reader *reader, const struct yml_node *node, void *owner)
{
	(void)reader;
	((struct match *)owner)->dictionary = node;
}

static void read_regex(struct rule_reader *reader, const struct yml_node *node, void *owner)
{
	(void)reader;
	((struct match *)owner)->regex = node;
}

static void read_detector(struct rule_reader *reader, const struct yml_node *node, void *owner)
{
	(void)reader;
	((struct match *)owner)->detector = node;
}

static void read_case(struct rule_reader *reader, const struct yml_node *node, void *owner)
{
	static const char *const names[] = {"ignore", "exact"};
	struct match *m = owner;

	m->has_case = true;
	m->keep_case = reader_word(reader, node, "case", names, COUNT(names)) == 1;
}

static void read_evasions(struct rule_reader *reader, const struct yml_node *node, void *owner)
{
	struct match *m = owner;

	if (!yml_bool(node, &m->evasions))
		reader_problem(
			reader, node, "evasions: found '%s'; accepted: true, false", LOG_STR(node->text));
}

static void read_namespaces(struct rule_reader *reader, const struct yml_node *node, void *owner)
{
	(void)reader;
	((struct match *)owner)->namespaces = node;
}

static void read_not_namespaces(struct rule_reader *reader, const struct yml_node *node, void *owner)
{
	(void)reader;
	((struct match *)owner)->not_namespaces = node;
}

static const struct reader_key match_keys[] = {
	{"words", read_words},
	{"dictionary", read_dictionary},
	{"regex", read_regex},
	{"detector", read_detector},
	{"case", read_case},
	{"evasions", read_evasions},
	{"namespaces", read_namespaces},
	{"not_namespaces", read_not_namespaces},
};

/* The dictionary of "name" or "name/category"; *category is then the second part. */
static struct dictionary *dictionary_find(struct rule_reader *reader, struct str ref, struct str *category)
{
	size_t slash = str_find(ref, '/', 0);
	struct str name = str_cut(ref, 0, slash);

	*category = slash < ref.len ? str_cut(ref, slash + 1, ref.len) : STR_NONE;
	for (struct dictionary *d = reader->dictionaries; d; d = d->next)
		if (str_eq(d->name, name))
			return d;
	return NULL;
}

static void dictionary_unknown(struct rule_reader *reader, const struct yml_node *item)
{
	const char *names[DICTIONARIES_MAX];
	size_t count = 0;

	for (struct dictionary *d = reader->dictionaries; d && count < COUNT(names); d = d->next)
		names[count++] = arena_printf(reader->arena, "%.*s", STR_FMT(d->name)).data;
	if (count)
		reader_choice(
			reader, item, "dictionary (a file dictionaries/NAME.txt)", item->text, names, count);
	else
		reader_problem(reader, item, "dictionary: found '%s', but there is no file in dictionaries/",
			LOG_STR(item->text));
}

struct word_list {
	struct rule_word *words;
	size_t count;
};

static void list_take(struct word_list *list, const struct dictionary *d, struct str category)
{
	for (size_t i = 0; i < d->count; i++)
		if (!category.data || str_eq(d->words[i].category, category))
			list->words[list->count++] = d->words[i].word;
}

static void take_dictionary(struct rule_reader *reader, const struct yml_node *item, struct word_list *list)
{
	struct str category;
	struct dictionary *d = dictionary_find(reader, item->text, &category);
	size_t before = list->count;

	if (!d) {
		dictionary_unknown(reader, item);
		return;
	}
	d->used = true;
	list_take(list, d, category);
	if (list->count == before)
		reader_problem(reader, item, "dictionary: '%s' has no words", LOG_STR(item->text));
}

static void take_word(struct rule_reader *reader, const struct yml_node *item, struct word_list *list)
{
	struct rule_word *word = &list->words[list->count];
	const char *wrong = item->kind == YML_SCALAR ? dictionary_word_parse(str_trim(item->text), word)
						     : "something that is no word";

	if (wrong) {
		reader_problem(reader, item, "words: found %s", wrong);
		return;
	}
	word->line = item->line;
	list->count++;
}

/* An upper bound, so that the list is allocated once. */
static size_t words_room(struct rule_reader *reader, const struct match *m)
{
	size_t room = m->words ? reader_items(m->words) : 0;
	struct str category;

	if (!m->dictionary)
		return room;
	for (const struct yml_node *i = reader_item(m->dictionary, NULL); i;
		i = reader_item(m->dictionary, i)) {
		const struct dictionary *d = dictionary_find(reader, i->text, &category);

		room += d ? d->count : 0;
	}
	return room;
}

static void words_settle(struct rule_reader *reader, const struct match *m, struct rule *rule)
{
	size_t room = words_room(reader, m);
	struct word_list list = {};

	if (room > RULE_WORDS_MAX - reader->words) {
		reader_problem(reader, m->dictionary ? m->dictionary : m->words,
			"more than %d words in all rules together", RULE_WORDS_MAX);
		return;
	}
	reader->words += room;
	list.words = arena_zalloc(reader->arena, (room ? room : 1) * sizeof(*list.words));
	if (!list.words)
		return;
	if (m->words)
		for (const struct yml_node *i = reader_item(m->words, NULL); i; i = reader_item(m->words, i))
			take_word(reader, i, &list);
	if (m->dictionary)
		for (const struct yml_node *i = reader_item(m->dictionary, NULL); i;
			i = reader_item(m->dictionary, i))
			take_dictionary(reader, i, &list);
	rule->words = list.words;
	rule->word_count = list.count;
	rule->evasions = m->evasions;
}

static void regexes_settle(struct rule_reader *reader, const struct match *m, struct rule *rule)
{
	size_t room = m->regex ? reader_items(m->regex) : 0;
	struct rule_regex *list = arena_zalloc(reader->arena, (room ? room : 1) * sizeof(*list));

	if (!m->regex || !list)
		return;
	if (room > REGEXES_MAX) {
		reader_problem(reader, m->regex, "regex: found %zu; accepted: at most %d", room, REGEXES_MAX);
		return;
	}
	rule->regexes = list;
	for (const struct yml_node *i = reader_item(m->regex, NULL); i; i = reader_item(m->regex, i)) {
		struct rule_regex *regex = &list[rule->regex_count];

		if (!reader_text(reader, i, "regex", RULE_REGEX_BYTES_MAX, &regex->text))
			continue;
		regex->line = i->line;
		regex->column = i->column;
		regex->keep_case = m->keep_case;
		rule->regex_count++;
	}
}

static void namespaces_settle(struct rule_reader *reader, const struct yml_node *node, struct rule *rule)
{
	size_t room = reader_items(node);
	struct str *list = arena_zalloc(reader->arena, (room ? room : 1) * sizeof(*list));

	if (room > NAMESPACES_MAX) {
		reader_problem(reader, node, "found %zu; accepted: at most %d", room, NAMESPACES_MAX);
		return;
	}
	for (const struct yml_node *i = reader_item(node, NULL); list && i; i = reader_item(node, i)) {
		struct str *name = &list[rule->namespace_count];

		if (!reader_text(reader, i, "namespace", NAMESPACE_BYTES_MAX, name))
			continue;
		if (namespace_is_core(*name))
			reader_problem(reader, i, "namespace: nobody can do without '%s'", LOG_STR(*name));
		rule->namespace_count++;
	}
	rule->namespaces = list;
}

static void namespace_match_settle(
	struct rule_reader *reader, const struct yml_node *node, const struct match *m, struct rule *rule)
{
	rule->all_but = m->not_namespaces;
	if (!m->namespaces == !m->not_namespaces)
		reader_problem(reader, node, "match: accepted in a rule of type namespace: namespaces, or not_namespaces");
	else
		namespaces_settle(reader, m->namespaces ? m->namespaces : m->not_namespaces, rule);
	if (m->words || m->dictionary || m->regex || m->detector || m->has_case || m->evasions)
		reader_problem(reader, node, "match: what is said is looked at by rules of type content");
}

void match_read(struct rule_reader *reader, const struct yml_node *node, struct rule *rule)
{
	struct match m = {};

	if (!reader_map(reader, node, "match", match_keys, COUNT(match_keys), &m))
		return;
	if (rule->type == RULE_NAMESPACE) {
		namespace_match_settle(reader, node, &m, rule);
		return;
	}
	if (m.namespaces || m.not_namespaces)
		reader_problem(reader, node, "match: 'namespaces' is for rules of type namespace");
	if (!m.words && !m.dictionary && !m.regex && !m.detector)
		reader_problem(reader, node,
			"match: found nothing to look for; accepted: words, dictionary, regex, detector");
	if (m.has_case && !m.regex)
		reader_problem(reader, node, "match: 'case' is for 'regex'; words are found in any case");
	if (m.evasions && !m.words && !m.dictionary)
		reader_problem(reader, node, "match: 'evasions' is for 'words' and 'dictionary'");
	words_settle(reader, &m, rule);
	regexes_settle(reader, &m, rule);
	if (!m.detector)
		return;
	for (const struct yml_node *i = reader_item(m.detector, NULL); i; i = reader_item(m.detector, i)) {
		int detector = reader_word(reader, i, "detector", detector_names, DETECTOR_COUNT);

		if (detector >= 0)
			rule->detectors |= UINT32_C(1) << detector;
	}
}
