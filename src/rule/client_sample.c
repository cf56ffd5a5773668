/* Samples of rules about clients: a client, a person and a time, and what the rule is to do. */
#include "base/log.h"
#include "jid/jid.h"
#include "rule/client_reader.h"
#include "rule/rule_set.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

#define TEXT_KEY(member, field)                                                                                           \
	static void read_##member(struct rule_reader *reader, const struct yml_node *node, void *owner)                   \
	{                                                                                                                 \
		(void)!reader_text(reader, node, #member, 256, &((struct client_sample *)owner)->field);                  \
	}

TEXT_KEY(product, client->product)
TEXT_KEY(version, client->version)
TEXT_KEY(os, client->os)
TEXT_KEY(ja4, client->ja4)
TEXT_KEY(network, address)
TEXT_KEY(mechanism, mechanism)
TEXT_KEY(tls, tls)

static void read_caps(struct rule_reader *reader, const struct yml_node *node, void *owner)
{
	struct str text;

	if (reader_text(reader, node, "caps", 256, &text))
		(void)!client_hash_read(reader, node, text, &((struct client_sample *)owner)->client->caps);
}

/* `login`: the client has not been seen yet. */
static void read_class(struct rule_reader *reader, const struct yml_node *node, void *owner)
{
	static const char *const names[] = {"named", "unknown", "silent", "login"};
	struct client_sample *s = owner;
	int class = reader_word(reader, node, "class", names, COUNT(names));

	s->login = class == CLIENT_CLASSES;
	if (class >= 0 && !s->login)
		s->client->class = (enum client_class)class;
}

static void read_person(struct rule_reader *reader, const struct yml_node *node, void *owner)
{
	((struct client_sample *)owner)->person = sample_subject_read(reader, node);
}

static void read_at(struct rule_reader *reader, const struct yml_node *node, void *owner)
{
	struct str text;

	(void)!client_date_read(reader, node, "at", &((struct client_sample *)owner)->at_us, &text);
}

static void read_effect(struct rule_reader *reader, const struct yml_node *node, void *owner)
{
	static const char *const names[] = {"allow", "advise", "warn", "restrict", "deny", "none"};
	struct client_sample *s = owner;
	int effect = reader_word(reader, node, "effect", names, COUNT(names));

	s->none = effect == CLIENT_EFFECTS;
	if (effect >= 0 && !s->none)
		s->effect = (enum client_effect)effect;
}

static const struct reader_key sample_keys[] = {
	{"product", read_product},
	{"version", read_version},
	{"os", read_os},
	{"caps", read_caps},
	{"ja4", read_ja4},
	{"class", read_class},
	{"network", read_network},
	{"mechanism", read_mechanism},
	{"tls", read_tls},
	{"from", read_person},
	{"at", read_at},
	{"effect", read_effect},
};

static void sample_read(struct rule_reader *reader, const struct yml_node *node, struct client_sample *out)
{
	out->line = node->line;
	out->client = arena_zalloc(reader->arena, sizeof(*out->client));
	if (!out->client)
		return;
	out->client->class = yml_get(node, "product") || yml_get(node, "caps") ? CLIENT_NAMED : CLIENT_UNKNOWN;
	if (reader_map(reader, node, "sample", sample_keys, COUNT(sample_keys), out) && !yml_get(node, "effect"))
		reader_problem(reader, node, "the sample has no 'effect'; accepted: allow, advise, warn, restrict, deny, none");
}

void client_samples_read(struct rule_reader *reader, const struct yml_node *node, struct client_rule *rule)
{
	struct client_sample *list;

	if (node->kind != YML_LIST || node->len > RULE_SAMPLES_MAX) {
		reader_problem(reader, node, "samples: found %s; accepted: a list of at most %d",
			node->kind == YML_LIST ? "more" : yml_kind_name(node->kind), RULE_SAMPLES_MAX);
		return;
	}
	list = arena_zalloc(reader->arena, (node->len + 1) * sizeof(*list));
	if (!list)
		return;
	yml_each(item, node) sample_read(reader, item, &list[rule->sample_count++]);
	rule->samples = list;
}

/* ---- running them ---- */

/* What the rule says: NULL: nothing. */
static const char *said_of(
	const struct client_set *set, const struct client_rule *r, const struct client_sample *s, uint64_t now_us)
{
	struct client_case c = {
		.client = s->login ? NULL : s->client,
		.person = s->person,
		.address = s->address,
		.mechanism = s->mechanism,
		.tls = s->tls,
		.now_us = s->at_us ? s->at_us : now_us,
	};

	return client_rule_applies(set, r, &c) ? client_effect_names[client_rule_stage(r, c.now_us)] : NULL;
}

/* Where a rule forbids, `allow` says no more than `none`. */
static const char *expected_of(const struct client_rule *r, const struct client_sample *s)
{
	return s->none || (s->effect == CLIENT_ALLOW && r->effect != CLIENT_ALLOW) ? NULL : client_effect_names[s->effect];
}

static bool sample_holds(const struct client_set *set, const struct client_rule *r, const struct client_sample *s,
	uint64_t now_us, struct problems *errors)
{
	const char *said = said_of(set, r, s, now_us), *expected = expected_of(r, s);

	if (said == expected)
		return true;
	problem_add(errors, r->file, s->line, 0, "rule '%.*s': the sample says %s, but the rule says %s", STR_FMT(r->id),
		expected ? expected : "none", said ? said : "none");
	return false;
}

void client_set_check(const struct client_set *set, uint64_t now_us, struct problems *errors, struct problems *warnings,
	size_t *out_passed, size_t *out_failed)
{
	for (size_t i = 0; set && i < set->count; i++) {
		const struct client_rule *r = &set->rules[i];

		if (r->sample_count == 0 && r->rank == CLIENT_RANK_ORDINARY)
			problem_add(warnings, r->file, r->line, 0, "rule '%.*s' has no sample", STR_FMT(r->id));
		client_rule_doubt(set, r, warnings);
		for (size_t k = 0; k < r->sample_count; k++)
			*(sample_holds(set, r, &r->samples[k], now_us, errors) ? out_passed : out_failed) += 1;
	}
}
