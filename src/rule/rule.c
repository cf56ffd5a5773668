/* Reads one rule, key by key, and checks that its parts fit together. */
#include "rule/rule.h"

#include "base/log.h"
#include "conf/nearest.h"
#include "rule/client_reader.h"
#include "rule/rule_reader.h"
#include "rule/rule_set.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

const char *const detector_names[DETECTOR_COUNT] = {
	[DETECTOR_PAYMENT_CARD] = "payment-card",
};

static const char *const type_names[RULE_TYPE_COUNT] = {
	[RULE_CONTENT] = "content", [RULE_WALL] = "wall",
	[RULE_NAMESPACE] = "namespace"};

enum direction {
	DIRECTION_ONE_WAY,
	DIRECTION_BOTH,
};

static const char *const direction_names[] = {[DIRECTION_ONE_WAY] = "one-way", [DIRECTION_BOTH] = "both"};

/* A rule while it is read; nodes are kept where their meaning depends on other keys. */
struct draft {
	struct rule *rule;
	const struct yml_node *action, *mode, *match, *kinds, *samples, *from, *to, *direction, *campaign;
};

bool rule_is_about(const struct rule *r, const struct subject *from, const struct subject *to)
{
	if (from && (!who_has(&r->from, from) || who_has(&r->not_from, from)))
		return false;
	return !to || (who_has(&r->to, to) && !who_has(&r->not_to, to));
}

bool rule_mode_at(const struct rule *r, uint64_t now_us, enum mode *out)
{
	*out = now_us < r->begin_us ? MODE_OBSERVE : r->mode;
	return now_us >= r->watch_us;
}

bool rule_warns_at(const struct rule *r, uint64_t now_us)
{
	return r->mode == MODE_ENFORCE && r->warn_us && now_us >= r->warn_us && now_us < r->begin_us;
}

static void read_id(struct rule_reader *reader, const struct yml_node *node, void *owner)
{
	struct draft *d = owner;

	if (!reader_text(reader, node, "id", 64, &d->rule->id))
		return;
	if (!dictionary_name_is_valid(d->rule->id)) {
		reader_problem(reader, node, "id: found '%s'; accepted: small letters, digits and '-'",
			LOG_STR(node->text));
		d->rule->id = STR_NONE;
	}
}

static void read_type(struct rule_reader *reader, const struct yml_node *node, void *owner)
{
	struct draft *d = owner;
	int type = reader_word(reader, node, "type", type_names, COUNT(type_names));

	if (type >= 0)
		d->rule->type = (enum rule_type)type;
}

static void read_purpose(struct rule_reader *reader, const struct yml_node *node, void *owner)
{
	struct draft *d = owner;

	(void)!reader_text(reader, node, "purpose", 500, &d->rule->purpose);
}

static void read_from(struct rule_reader *reader, const struct yml_node *node, void *owner)
{
	struct draft *d = owner;

	d->from = node;
	d->rule->from = who_read(reader, node);
}

static void read_to(struct rule_reader *reader, const struct yml_node *node, void *owner)
{
	struct draft *d = owner;

	d->to = node;
	d->rule->to = who_read(reader, node);
}

static void read_not_from(struct rule_reader *reader, const struct yml_node *node, void *owner)
{
	struct draft *d = owner;

	d->rule->not_from = who_read(reader, node);
}

static void read_not_to(struct rule_reader *reader, const struct yml_node *node, void *owner)
{
	struct draft *d = owner;

	d->rule->not_to = who_read(reader, node);
}

static void read_direction(struct rule_reader *reader, const struct yml_node *node, void *owner)
{
	struct draft *d = owner;

	d->direction = node;
	d->rule->both_ways = reader_word(reader, node, "direction", direction_names,
				     COUNT(direction_names)) == DIRECTION_BOTH;
}

static void read_kinds(struct rule_reader *reader, const struct yml_node *node, void *owner)
{
	(void)reader;
	((struct draft *)owner)->kinds = node;
}

static void read_match(struct rule_reader *reader, const struct yml_node *node, void *owner)
{
	(void)reader;
	((struct draft *)owner)->match = node;
}

static void read_action(struct rule_reader *reader, const struct yml_node *node, void *owner)
{
	struct draft *d = owner;
	int action = reader_word(reader, node, "action", action_names, ACTION_COUNT);

	d->action = node;
	if (action >= 0)
		d->rule->action = (enum action)action;
}

static void read_mode(struct rule_reader *reader, const struct yml_node *node, void *owner)
{
	struct draft *d = owner;
	int mode = reader_word(reader, node, "mode", mode_names, MODE_COUNT);

	d->mode = node;
	if (mode >= 0)
		d->rule->mode = (enum mode)mode;
}

static void read_notice(struct rule_reader *reader, const struct yml_node *node, void *owner)
{
	struct draft *d = owner;

	d->rule->notice = notice_read(reader, node);
}

static void read_samples(struct rule_reader *reader, const struct yml_node *node, void *owner)
{
	(void)reader;
	((struct draft *)owner)->samples = node;
}

static void read_campaign(struct rule_reader *reader, const struct yml_node *node, void *owner)
{
	struct client_campaign c = {};
	struct draft *d = owner;

	d->campaign = node;
	client_campaign_read(reader, node, &c);
	d->rule->begin_us = c.deny_us;
	d->rule->begin = c.deny_from;
	d->rule->warn_us = c.warn_us;
	d->rule->watch_us = c.notice_us ? c.notice_us : c.warn_us ? c.warn_us : 0;
}

static const struct reader_key rule_keys[] = {
	{"id", read_id},
	{"type", read_type},
	{"purpose", read_purpose},
	{"from", read_from},
	{"to", read_to},
	{"not_from", read_not_from},
	{"not_to", read_not_to},
	{"direction", read_direction},
	{"kinds", read_kinds},
	{"match", read_match},
	{"action", read_action},
	{"mode", read_mode},
	{"campaign", read_campaign},
	{"notice", read_notice},
	{"samples", read_samples},
};

static void kinds_settle(struct rule_reader *reader, struct draft *d)
{
	bool wall = d->rule->type == RULE_WALL;
	const char *const *names = wall ? wall_kind_names : kind_names;
	size_t count = wall ? WALL_KIND_COUNT : KIND_COUNT;
	uint32_t *bits = wall ? &d->rule->wall_kinds : &d->rule->kinds;

	if (!d->kinds || (d->kinds->kind == YML_SCALAR && str_is(d->kinds->text, "any"))) {
		*bits = wall ? WALL_ANY : KIND_ANY;
		return;
	}
	for (const struct yml_node *item = reader_item(d->kinds, NULL); item;
		item = reader_item(d->kinds, item)) {
		int kind = reader_word(reader, item, "kinds (any, or a list)", names, count);

		if (kind >= 0)
			*bits |= UINT32_C(1) << kind;
	}
	if (d->kinds->kind == YML_LIST && d->kinds->len == 0)
		reader_problem(
			reader, d->kinds, "kinds: found an empty list; accepted: any, or a list of kinds");
	d->rule->names_identifiers = !wall && (*bits & UINT32_C(1) << KIND_IDENTIFIER);
}

static void need(struct rule_reader *reader, const struct yml_node *rule, bool there, const char *what)
{
	if (!there)
		reader_problem(reader, rule, "the rule has no %s", what);
}

static void refuse(
	struct rule_reader *reader, const struct yml_node *node, const char *what, const char *type)
{
	if (node)
		reader_problem(reader, node, "'%s' does not belong in a rule of type %s", what, type);
}

/* What must be there, and what must not, for the type. */
static void draft_check(struct rule_reader *reader, const struct yml_node *node, const struct draft *d)
{
	const struct rule *r = d->rule;

	need(reader, node, r->id.len, "'id'");
	need(reader, node, r->purpose.len, "'purpose'");
	need(reader, node, d->action, "'action'; accepted: allow, log, strip, block");
	need(reader, node, d->mode, "'mode'; accepted: observe, enforce");
	if (r->action == ACTION_BLOCK || r->action == ACTION_STRIP)
		need(reader, node, r->notice, "'notice'; a rule that refuses tells the sender why");
	if (r->action == ACTION_STRIP && r->type != RULE_NAMESPACE)
		reader_problem(reader, d->action, "action: 'strip' is for rules of type namespace");
	if (r->type != RULE_NAMESPACE)
		refuse(reader, d->campaign, "campaign", type_names[r->type]);
	else if (d->campaign && r->action != ACTION_BLOCK && r->action != ACTION_STRIP)
		reader_problem(reader, d->campaign, "a campaign ends in 'action: block' or 'action: strip'");
	if (r->type == RULE_WALL) {
		need(reader, node, d->from, "'from'");
		need(reader, node, d->to, "'to'");
		refuse(reader, d->match, "match", "wall");
	} else {
		need(reader, node, d->match, "'match'");
		refuse(reader, d->direction, "direction", type_names[r->type]);
		if (r->type == RULE_NAMESPACE)
			refuse(reader, d->kinds, "kinds", "namespace");
	}
}

static struct who anyone(void)
{
	static const struct who_term term = {.kind = WHO_ANYONE};

	return (struct who){.terms = &term, .count = 1};
}

void rule_read(struct rule_reader *reader, const struct yml_node *node, struct rule *out)
{
	struct draft draft = {.rule = out};

	out->file = reader->file;
	out->line = node->line;
	out->from = out->to = anyone();
	if (!reader_map(reader, node, "rule", rule_keys, COUNT(rule_keys), &draft))
		return;
	kinds_settle(reader, &draft);
	draft_check(reader, node, &draft);
	if (draft.match && out->type != RULE_WALL)
		match_read(reader, draft.match, out);
	if (draft.samples)
		samples_read(reader, draft.samples, out);
}
