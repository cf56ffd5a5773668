/* Reads rules out of one parsed YAML file. Private to rule/. */
#pragma once

#include "base/map.h"
#include "conf/yaml.h"
#include "rule/dictionary.h"
#include "rule/problem.h"
#include "rule/rule.h"

struct rule_reader {
	struct arena *arena; /* of the set */
	struct problems *problems;
	struct str file; /* relative to the policy directory; lives as long as the set */
	struct dictionary *dictionaries;
	size_t words; /* counted over the whole set, against RULE_WORDS_MAX */
};

/* Fills one rule from a node of the list `rules`. What is wrong is in reader->problems (the rule is then half
 * filled and must not be used); strings borrow from the YAML tree and the dictionaries. */
void rule_read(struct rule_reader *reader, const struct yml_node *node, struct rule *out);

/* `match` of a content rule. */
void match_read(struct rule_reader *reader, const struct yml_node *node, struct rule *rule);

/* `notice`: a map from language tags to texts. */
const struct notice *notice_read(struct rule_reader *reader, const struct yml_node *node);

/* The `samples` of a rule whose type and kinds are known. */
void samples_read(struct rule_reader *reader, const struct yml_node *node, struct rule *rule);

/* One person, as a sample describes him: person:, group:, domain:, inside, outside together. */
const struct subject *sample_subject_read(struct rule_reader *reader, const struct yml_node *node);

/* Adds a problem at the node's place. */
void reader_problem(struct rule_reader *reader, const struct yml_node *node, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* "found X; did you mean a? accepted: a, b, c" */
void reader_choice(struct rule_reader *reader, const struct yml_node *node, const char *what,
	struct str found, const char *const *accepted, size_t count);

/* A scalar that is one of `accepted`; its index, or -1 with a problem added. */
int reader_word(struct rule_reader *reader, const struct yml_node *node, const char *what,
	const char *const *accepted, size_t count);
/* A scalar of 1 to max bytes of text; false with a problem added. */
bool reader_text(struct rule_reader *reader, const struct yml_node *node, const char *what, size_t max,
	struct str *out);

/* One list item or, for a node that is a scalar, the node itself: "a list of X or one X". NULL at the end. */
const struct yml_node *reader_item(const struct yml_node *node, const struct yml_node *previous);
size_t reader_items(const struct yml_node *node);

/* One key of a map and what reads it. */
struct reader_key {
	const char *name;
	void (*read)(struct rule_reader *reader, const struct yml_node *node, void *owner);
};
/* Reads each member by its key's function; unknown keys are problems. False when the node is no map. */
bool reader_map(struct rule_reader *reader, const struct yml_node *node, const char *what,
	const struct reader_key *keys, size_t count, void *owner);

/* A list of who terms. */
struct who who_read(struct rule_reader *reader, const struct yml_node *node);
