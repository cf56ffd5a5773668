/* Notices and samples of a rule. */
#include "base/log.h"
#include "rule/rule_reader.h"
#include "rule/rule_set.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

static bool lang_is_valid(struct str lang)
{
	if (lang.len < 2 || lang.len > 35)
		return false;
	for (size_t i = 0; i < lang.len; i++) {
		char c = (char)(lang.data[i] | 0x20);

		if (!(c >= 'a' && c <= 'z') && !(lang.data[i] >= '0' && lang.data[i] <= '9') &&
			lang.data[i] != '-')
			return false;
	}
	return true;
}

const struct notice *notice_read(struct rule_reader *reader, const struct yml_node *node)
{
	struct notice *first = NULL, **end = &first;

	if (node->kind != YML_MAP || node->len == 0) {
		reader_problem(reader, node,
			"notice: found %s; accepted: a map from language to text (en: ...)",
			node->kind == YML_MAP ? "an empty map" : yml_kind_name(node->kind));
		return NULL;
	}
	yml_each(member, node)
	{
		struct notice *n = arena_zalloc(reader->arena, sizeof(*n));

		if (!n || !reader_text(reader, member, "notice", RULE_NOTICE_BYTES_MAX, &n->text))
			continue;
		if (!lang_is_valid(member->key)) {
			reader_problem(reader, member,
				"notice: found '%s'; accepted: a language tag such as en or de-CH",
				LOG_STR(member->key));
			continue;
		}
		n->lang = member->key;
		*end = n;
		end = &n->next;
	}
	return first;
}

struct draft {
	const struct rule *rule;
	struct rule_sample *sample;
	const struct yml_node *text, *verdict, *from, *to;
};

static void read_text(struct rule_reader *reader, const struct yml_node *node, void *owner)
{
	struct draft *d = owner;

	d->text = node;
	(void)!reader_text(reader, node, "text", RULE_SAMPLE_BYTES_MAX, &d->sample->text);
}

static void read_verdict(struct rule_reader *reader, const struct yml_node *node, void *owner)
{
	static const char *const names[] = {"clean", "hit"};
	struct draft *d = owner;

	d->verdict = node;
	d->sample->hit = reader_word(reader, node, "verdict", names, COUNT(names)) == 1;
}

static void read_kind(struct rule_reader *reader, const struct yml_node *node, void *owner)
{
	struct draft *d = owner;
	bool wall = d->rule->type == RULE_WALL;
	int kind = reader_word(reader, node, "kind", wall ? wall_kind_names : kind_names,
		wall ? (size_t)WALL_KIND_COUNT : (size_t)KIND_COUNT);

	if (kind >= 0 && wall)
		d->sample->wall_kind = (enum wall_kind)kind;
	else if (kind >= 0)
		d->sample->kind = (enum text_kind)kind;
}

/* person:, group:, domain:, inside and outside together describe one person. */
const struct subject *sample_subject_read(struct rule_reader *reader, const struct yml_node *node)
{
	struct subject *person = arena_zalloc(reader->arena, sizeof(*person));
	struct who who = who_read(reader, node);
	struct str *groups = arena_alloc(reader->arena, (who.count + 1) * sizeof(*groups));

	if (!person || !groups)
		return NULL;
	person->groups = groups;
	person->inside = true;
	for (size_t i = 0; i < who.count; i++) {
		const struct who_term *term = &who.terms[i];

		if (term->kind == WHO_OUTSIDE)
			person->inside = false;
		else if (term->kind == WHO_GROUP)
			groups[person->group_count++] = term->name;
		else if (term->kind == WHO_DOMAIN)
			person->domain = term->name;
		else if (term->kind == WHO_PERSON)
			person->jid = term->name;
	}
	if (person->jid.len && !person->domain.len)
		person->domain = subject_of(person->jid, true).domain;
	return person;
}

static void read_from(struct rule_reader *reader, const struct yml_node *node, void *owner)
{
	struct draft *d = owner;

	d->from = node;
	d->sample->from = sample_subject_read(reader, node);
}

static void read_to(struct rule_reader *reader, const struct yml_node *node, void *owner)
{
	struct draft *d = owner;

	d->to = node;
	d->sample->to = sample_subject_read(reader, node);
}

static const struct reader_key sample_keys[] = {
	{"text", read_text},
	{"verdict", read_verdict},
	{"kind", read_kind},
	{"from", read_from},
	{"to", read_to},
};

/* The kind a sample is tried as when it names none: the first of the rule's. */
static enum text_kind kind_first(const struct rule *rule)
{
	for (unsigned k = KIND_NONE + 1; k < KIND_COUNT; k++)
		if (rule->kinds & UINT32_C(1) << k)
			return (enum text_kind)k;
	return KIND_MESSAGE;
}

static void sample_read(struct rule_reader *reader, const struct yml_node *node, struct draft *d)
{
	bool wall = d->rule->type == RULE_WALL;

	*d->sample = (struct rule_sample){.line = node->line, .kind = kind_first(d->rule)};
	if (!reader_map(reader, node, "sample", sample_keys, COUNT(sample_keys), d))
		return;
	if (!d->verdict)
		reader_problem(reader, node, "the sample has no 'verdict'; accepted: hit, clean");
	if (!wall && !d->text)
		reader_problem(reader, node, "the sample has no 'text'");
	if (wall && (!d->from || !d->to))
		reader_problem(reader, node, "the sample of a wall needs 'from' and 'to'");
}

void samples_read(struct rule_reader *reader, const struct yml_node *node, struct rule *rule)
{
	struct rule_sample *list;

	if (node->kind != YML_LIST || node->len > RULE_SAMPLES_MAX) {
		reader_problem(reader, node, "samples: found %s; accepted: a list of at most %d",
			node->kind == YML_LIST ? "more" : yml_kind_name(node->kind), RULE_SAMPLES_MAX);
		return;
	}
	list = arena_zalloc(reader->arena, (node->len + 1) * sizeof(*list));
	if (!list)
		return;
	rule->samples = list;
	yml_each(item, node)
	{
		struct draft d = {.rule = rule, .sample = &list[rule->sample_count]};

		sample_read(reader, item, &d);
		rule->sample_count++;
	}
}
