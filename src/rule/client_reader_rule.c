/* Reads one rule about clients, or one virtual patch, key by key, and checks that its parts fit together. */
#include "base/log.h"
#include "rule/client_reader.h"
#include "rule/namespace.h"
#include "rule/rule_set.h"

#define COUNT(array) (sizeof(array) / sizeof(*(array)))

struct draft {
	struct client_rule *rule;
	const struct yml_node *clients, *effect, *mode, *restrict_, *campaign, *emergency, *samples, *notice;
};

static struct who anyone(void)
{
	static const struct who_term term = {.kind = WHO_ANYONE};

	return (struct who){.terms = &term, .count = 1};
}

static void id_read(struct rule_reader *reader, const struct yml_node *node, struct str *out)
{
	if (!reader_text(reader, node, "id", 64, out))
		return;
	if (!dictionary_name_is_valid(*out)) {
		reader_problem(reader, node, "id: found '%s'; accepted: small letters, digits and '-'", LOG_STR(node->text));
		*out = STR_NONE;
	}
}

static void read_id(struct rule_reader *reader, const struct yml_node *node, void *owner)
{
	id_read(reader, node, &((struct draft *)owner)->rule->id);
}

static void read_purpose(struct rule_reader *reader, const struct yml_node *node, void *owner)
{
	(void)!reader_text(reader, node, "purpose", 500, &((struct draft *)owner)->rule->purpose);
}

static void read_clients(struct rule_reader *reader, const struct yml_node *node, void *owner)
{
	struct draft *d = owner;

	d->clients = node;
	client_match_read(reader, node, &d->rule->match);
}

static void read_from(struct rule_reader *reader, const struct yml_node *node, void *owner)
{
	((struct draft *)owner)->rule->from = who_read(reader, node);
}

static void read_not_from(struct rule_reader *reader, const struct yml_node *node, void *owner)
{
	((struct draft *)owner)->rule->not_from = who_read(reader, node);
}

static void read_effect(struct rule_reader *reader, const struct yml_node *node, void *owner)
{
	struct draft *d = owner;
	int effect = reader_word(reader, node, "effect", client_effect_names, CLIENT_EFFECTS);

	d->effect = node;
	if (effect >= 0)
		d->rule->effect = (enum client_effect)effect;
}

static void read_restrict(struct rule_reader *reader, const struct yml_node *node, void *owner)
{
	struct draft *d = owner;

	d->restrict_ = node;
	for (const struct yml_node *item = reader_item(node, NULL); item; item = reader_item(node, item)) {
		int limit = reader_word(reader, item, "restrict", client_limit_names, COUNT(client_limit_names));

		if (limit >= 0)
			d->rule->limits |= 1u << limit;
	}
}

static int mode_read(struct rule_reader *reader, const struct yml_node *node)
{
	int mode = reader_word(reader, node, "mode", mode_names, MODE_COUNT);

	return mode >= 0 ? mode : MODE_OBSERVE;
}

static void read_mode(struct rule_reader *reader, const struct yml_node *node, void *owner)
{
	struct draft *d = owner;

	d->mode = node;
	d->rule->mode = (enum mode)mode_read(reader, node);
}

static void read_emergency(struct rule_reader *reader, const struct yml_node *node, void *owner)
{
	struct draft *d = owner;
	bool yes = false;

	d->emergency = node;
	if (!yml_bool(node, &yes))
		reader_problem(reader, node, "emergency: found '%s'; accepted: true, false", LOG_STR(node->text));
	d->rule->rank = yes ? CLIENT_RANK_EMERGENCY : CLIENT_RANK_ORDINARY;
}

static void read_expires(struct rule_reader *reader, const struct yml_node *node, void *owner)
{
	struct client_rule *r = ((struct draft *)owner)->rule;

	(void)!client_date_read(reader, node, "expires", &r->expires_us, &r->expires);
}

static void read_reason(struct rule_reader *reader, const struct yml_node *node, void *owner)
{
	((struct draft *)owner)->rule->reason = client_words_read(reader, node, "reason");
}

static void read_reference(struct rule_reader *reader, const struct yml_node *node, void *owner)
{
	(void)!reader_text(reader, node, "reference", 500, &((struct draft *)owner)->rule->reference);
}

static void read_link(struct rule_reader *reader, const struct yml_node *node, void *owner)
{
	(void)!reader_text(reader, node, "link", 500, &((struct draft *)owner)->rule->link);
}

static void read_help(struct rule_reader *reader, const struct yml_node *node, void *owner)
{
	(void)!reader_text(reader, node, "help", 500, &((struct draft *)owner)->rule->help);
}

static void read_notice(struct rule_reader *reader, const struct yml_node *node, void *owner)
{
	struct draft *d = owner;

	d->notice = node;
	d->rule->notice = client_words_read(reader, node, "notice");
}

static void read_samples(struct rule_reader *reader, const struct yml_node *node, void *owner)
{
	(void)reader;
	((struct draft *)owner)->samples = node;
}

/* ---- campaign ---- */

static void read_notice_from(struct rule_reader *reader, const struct yml_node *node, void *owner)
{
	struct str text;

	(void)!client_date_read(reader, node, "notice_from", &((struct client_campaign *)owner)->notice_us, &text);
}

static void read_warn_from(struct rule_reader *reader, const struct yml_node *node, void *owner)
{
	struct str text;

	(void)!client_date_read(reader, node, "warn_from", &((struct client_campaign *)owner)->warn_us, &text);
}

static void read_deny_from(struct rule_reader *reader, const struct yml_node *node, void *owner)
{
	struct client_campaign *c = owner;

	(void)!client_date_read(reader, node, "deny_from", &c->deny_us, &c->deny_from);
}

static void read_remind_days(struct rule_reader *reader, const struct yml_node *node, void *owner)
{
	unsigned long long days;

	if (!yml_u64(node, 365, &days))
		reader_problem(reader, node, "remind_days: found '%s'; accepted: a number of days from 0 (mail goes once) to 365",
			LOG_STR(node->text));
	else
		((struct client_campaign *)owner)->remind_days = (unsigned)days;
}

static const struct reader_key campaign_keys[] = {
	{"notice_from", read_notice_from},
	{"warn_from", read_warn_from},
	{"deny_from", read_deny_from},
	{"remind_days", read_remind_days},
};

static void in_order(struct rule_reader *reader, const struct yml_node *node, uint64_t before, const char *before_name,
	uint64_t after, const char *after_name)
{
	if (before && after && before >= after)
		reader_problem(reader, node, "campaign: %s is not before %s; accepted: notice_from < warn_from < deny_from",
			before_name, after_name);
}

void client_campaign_read(struct rule_reader *reader, const struct yml_node *node, struct client_campaign *c)
{
	size_t before = reader->problems->count;

	c->remind_days = CLIENT_REMIND_DAYS_DEFAULT;
	if (!reader_map(reader, node, "campaign", campaign_keys, COUNT(campaign_keys), c))
		return;
	if (!c->deny_us && reader->problems->count == before)
		reader_problem(reader, node, "the campaign has no 'deny_from': when its effect begins");
	in_order(reader, node, c->notice_us, "notice_from", c->warn_us, "warn_from");
	in_order(reader, node, c->warn_us, "warn_from", c->deny_us, "deny_from");
	in_order(reader, node, c->notice_us, "notice_from", c->deny_us, "deny_from");
}

static void read_campaign(struct rule_reader *reader, const struct yml_node *node, void *owner)
{
	struct draft *d = owner;

	d->campaign = node;
	client_campaign_read(reader, node, &d->rule->campaign);
	d->rule->dated = d->rule->campaign.deny_us > 0;
}

/* ---- exceptions ---- */

static void read_exception_who(struct rule_reader *reader, const struct yml_node *node, void *owner)
{
	((struct client_exception *)owner)->who = who_read(reader, node);
}

static void read_exception_until(struct rule_reader *reader, const struct yml_node *node, void *owner)
{
	struct client_exception *e = owner;

	(void)!client_date_read(reader, node, "until", &e->until_us, &e->until);
}

static void read_exception_owner(struct rule_reader *reader, const struct yml_node *node, void *owner)
{
	(void)!reader_text(reader, node, "owner", 200, &((struct client_exception *)owner)->owner);
}

static void read_exception_reason(struct rule_reader *reader, const struct yml_node *node, void *owner)
{
	(void)!reader_text(reader, node, "reason", 500, &((struct client_exception *)owner)->reason);
}

static const struct reader_key exception_keys[] = {
	{"who", read_exception_who},
	{"until", read_exception_until},
	{"owner", read_exception_owner},
	{"reason", read_exception_reason},
};

static void exception_read(struct rule_reader *reader, const struct yml_node *node, struct client_exception *out)
{
	static const char *const needed[] = {"who", "until", "owner", "reason"};

	out->line = node->line;
	if (!reader_map(reader, node, "exception", exception_keys, COUNT(exception_keys), out))
		return;
	for (size_t i = 0; i < COUNT(needed); i++)
		if (!yml_get(node, needed[i]))
			reader_problem(reader, node, "the exception has no '%s'; it needs who, until, owner and reason", needed[i]);
}

static void read_exceptions(struct rule_reader *reader, const struct yml_node *node, void *owner)
{
	struct client_rule *r = ((struct draft *)owner)->rule;
	struct client_exception *list;

	if (node->kind != YML_LIST || node->len > CLIENT_EXCEPTIONS_MAX) {
		reader_problem(reader, node, "exceptions: found %s; accepted: a list of at most %d",
			node->kind == YML_LIST ? "more" : yml_kind_name(node->kind), CLIENT_EXCEPTIONS_MAX);
		return;
	}
	list = arena_zalloc(reader->arena, (node->len + 1) * sizeof(*list));
	if (!list)
		return;
	yml_each(item, node) exception_read(reader, item, &list[r->exception_count++]);
	r->exceptions = list;
}

/* ---- the rule ---- */

static const struct reader_key rule_keys[] = {
	{"id", read_id},
	{"purpose", read_purpose},
	{"clients", read_clients},
	{"from", read_from},
	{"not_from", read_not_from},
	{"effect", read_effect},
	{"restrict", read_restrict},
	{"mode", read_mode},
	{"emergency", read_emergency},
	{"campaign", read_campaign},
	{"expires", read_expires},
	{"reason", read_reason},
	{"reference", read_reference},
	{"link", read_link},
	{"help", read_help},
	{"notice", read_notice},
	{"exceptions", read_exceptions},
	{"samples", read_samples},
};

static void need(struct rule_reader *reader, const struct yml_node *rule, bool there, const char *what)
{
	if (!there)
		reader_problem(reader, rule, "the rule has no %s", what);
}

static void notice_check(struct rule_reader *reader, const struct draft *d)
{
	for (const struct notice *n = d->rule->notice; n; n = n->next) {
		const char *fault = client_notice_fault(n->text, reader->arena);

		if (fault)
			reader_problem(reader, d->notice, "notice: %s", fault);
	}
}

static void draft_check(struct rule_reader *reader, const struct yml_node *node, const struct draft *d)
{
	const struct client_rule *r = d->rule;

	need(reader, node, d->effect, "'effect'; accepted: allow, advise, warn, restrict, deny");
	need(reader, node, d->mode, "'mode'; accepted: observe, enforce");
	if (r->effect == CLIENT_RESTRICT)
		need(reader, node, r->limits, "'restrict': what is taken from the client; accepted: speak, files, outside, or a "
					      "list of these");
	else if (d->restrict_ && d->effect)
		reader_problem(reader, d->restrict_, "'restrict' is for 'effect: restrict'");
	if (r->dated && d->effect && r->effect != CLIENT_RESTRICT && r->effect != CLIENT_DENY)
		reader_problem(reader, d->campaign, "a campaign ends in 'effect: restrict' or 'effect: deny'");
	if (r->effect == CLIENT_ALLOW && d->effect && r->exception_count)
		reader_problem(reader, node, "a rule that allows has no exceptions; use 'not_from'");
	if (r->dated && r->expires_us && r->expires_us <= r->campaign.deny_us)
		reader_problem(reader, d->campaign, "the rule expires before its campaign comes to 'deny_from'");
	notice_check(reader, d);
}

void client_rule_read(struct rule_reader *reader, const struct yml_node *node, struct client_rule *out)
{
	struct draft d = {.rule = out};

	*out = (struct client_rule){.file = reader->file, .line = node->line, .from = anyone(), .rank = CLIENT_RANK_ORDINARY};
	if (!reader_map(reader, node, "rule", rule_keys, COUNT(rule_keys), &d))
		return;
	need(reader, node, out->id.len || yml_get(node, "id"), "'id'");
	need(reader, node, out->purpose.len || yml_get(node, "purpose"), "'purpose'");
	need(reader, node, d.clients, "'clients'; accepted: any, or a map with product, os, versions, ...");
	draft_check(reader, node, &d);
	if (d.samples)
		client_samples_read(reader, d.samples, out);
}

/* ---- the default ---- */

static const struct {
	const char *word;
	enum client_effect effect;
} default_words[] = {{"allow", CLIENT_ALLOW}, {"deny", CLIENT_DENY}};

static void not_here(struct rule_reader *reader, const struct yml_node *node, const struct yml_node *found, const char *what)
{
	(void)node;
	if (found)
		reader_problem(reader, found, "'%s' does not belong in the default", what);
}

static void default_word(struct rule_reader *reader, const struct yml_node *node, struct client_rule *out)
{
	static const char *const words[] = {"allow", "deny"};
	int word = reader_word(reader, node, "default (or a map like a rule)", words, COUNT(words));

	out->mode = MODE_ENFORCE;
	if (word >= 0)
		out->effect = default_words[word].effect;
}

/* A rule about all that no entry of the catalogue is about, below all others. */
void client_default_read(struct rule_reader *reader, const struct yml_node *node, struct client_rule *out)
{
	struct draft d = {.rule = out};

	*out = (struct client_rule){.file = reader->file, .line = node->line, .from = anyone()};
	if (node->kind == YML_SCALAR) {
		default_word(reader, node, out);
	} else if (reader_map(reader, node, "default", rule_keys, COUNT(rule_keys), &d)) {
		not_here(reader, node, yml_get(node, "id"), "id");
		not_here(reader, node, d.clients, "clients");
		not_here(reader, node, d.emergency, "emergency");
		draft_check(reader, node, &d);
		if (d.samples)
			client_samples_read(reader, d.samples, out);
	}
	out->id = STR("default");
	out->purpose = STR("Clients that the catalogue does not approve.");
	out->rank = CLIENT_RANK_DEFAULT;
	out->match = (struct client_match){.unapproved = true};
}

/* ---- patches ---- */

static void read_patch_id(struct rule_reader *reader, const struct yml_node *node, void *owner)
{
	id_read(reader, node, &((struct client_patch *)owner)->id);
}

static void read_patch_purpose(struct rule_reader *reader, const struct yml_node *node, void *owner)
{
	(void)!reader_text(reader, node, "purpose", 500, &((struct client_patch *)owner)->purpose);
}

static void read_patch_clients(struct rule_reader *reader, const struct yml_node *node, void *owner)
{
	client_match_read(reader, node, &((struct client_patch *)owner)->match);
}

static void read_patch_from(struct rule_reader *reader, const struct yml_node *node, void *owner)
{
	((struct client_patch *)owner)->from = who_read(reader, node);
}

static void read_patch_not_from(struct rule_reader *reader, const struct yml_node *node, void *owner)
{
	((struct client_patch *)owner)->not_from = who_read(reader, node);
}

static void read_patch_action(struct rule_reader *reader, const struct yml_node *node, void *owner)
{
	int action = reader_word(reader, node, "action", patch_action_names, COUNT(patch_action_names));

	if (action >= 0)
		((struct client_patch *)owner)->action = (enum patch_action)action;
}

static void read_patch_mode(struct rule_reader *reader, const struct yml_node *node, void *owner)
{
	((struct client_patch *)owner)->mode = (enum mode)mode_read(reader, node);
}

static void read_patch_expires(struct rule_reader *reader, const struct yml_node *node, void *owner)
{
	struct client_patch *p = owner;

	(void)!client_date_read(reader, node, "expires", &p->expires_us, &p->expires);
}

static void read_patch_reference(struct rule_reader *reader, const struct yml_node *node, void *owner)
{
	(void)!reader_text(reader, node, "reference", 500, &((struct client_patch *)owner)->reference);
}

static void read_element_namespace(struct rule_reader *reader, const struct yml_node *node, void *owner)
{
	(void)!reader_text(reader, node, "namespace", 500, &((struct patch_element *)owner)->ns);
}

static void read_element_name(struct rule_reader *reader, const struct yml_node *node, void *owner)
{
	(void)!reader_text(reader, node, "name", 200, &((struct patch_element *)owner)->name);
}

static const struct reader_key element_keys[] = {
	{"namespace", read_element_namespace},
	{"name", read_element_name},
};

/* A namespace that login and plain text rest on cannot go as a whole; one of its children may. */
static void element_read(struct rule_reader *reader, const struct yml_node *node, struct patch_element *out)
{
	size_t before = reader->problems->count;

	if (node->kind == YML_MAP)
		(void)!reader_map(reader, node, "element", element_keys, COUNT(element_keys), out);
	else
		read_element_namespace(reader, node, out);
	if (reader->problems->count == before && !out->ns.len)
		reader_problem(reader, node, "the element has no 'namespace'");
	else if (reader->problems->count == before && !out->name.len && namespace_is_core(out->ns))
		reader_problem(reader, node, "'%s' cannot be taken out as a whole; name a child of it with 'name'",
			LOG_STR(out->ns));
}

static void read_patch_elements(struct rule_reader *reader, const struct yml_node *node, void *owner)
{
	struct client_patch *p = owner;
	size_t count = node->kind == YML_LIST ? node->len : 1;
	struct patch_element *list = arena_zalloc(reader->arena, (count + 1) * sizeof(*list));

	if (!list)
		return;
	if (count == 0 || count > CLIENT_LIST_MAX) {
		reader_problem(reader, node, "elements: found %zu; accepted: 1 to %d, each a namespace or "
					     "{namespace: NS, name: NAME}",
			count, CLIENT_LIST_MAX);
		return;
	}
	if (node->kind != YML_LIST)
		element_read(reader, node, &list[p->element_count++]);
	else
		yml_each(item, node) element_read(reader, item, &list[p->element_count++]);
	p->elements = list;
}

static const struct reader_key patch_keys[] = {
	{"id", read_patch_id},
	{"purpose", read_patch_purpose},
	{"clients", read_patch_clients},
	{"from", read_patch_from},
	{"not_from", read_patch_not_from},
	{"elements", read_patch_elements},
	{"action", read_patch_action},
	{"mode", read_patch_mode},
	{"expires", read_patch_expires},
	{"reference", read_patch_reference},
};

void client_patch_read(struct rule_reader *reader, const struct yml_node *node, struct client_patch *out)
{
	static const char *const needed[] = {"id", "purpose", "clients", "elements", "action", "mode"};

	*out = (struct client_patch){.file = reader->file, .line = node->line, .from = anyone()};
	if (!reader_map(reader, node, "patch", patch_keys, COUNT(patch_keys), out))
		return;
	for (size_t i = 0; i < COUNT(needed); i++)
		if (!yml_get(node, needed[i]))
			reader_problem(reader, node, "the patch has no '%s'; it needs id, purpose, clients, elements, action and mode",
				needed[i]);
}
