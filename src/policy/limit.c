#include "policy/limit.h"

#include "stanza/ns.h"

static const struct {
	unsigned limits;
	unsigned matter;
	const char *name;
} table[] = {
	{LIMIT_SPEAK, MATTER_SPEECH | MATTER_FILE | MATTER_CALL, "speak"},
	{LIMIT_FILES, MATTER_FILE, "files"},
	{LIMIT_OUTSIDE, MATTER_OUTSIDE, "outside"},
	{LIMIT_HISTORY | LIMIT_HEAR, MATTER_HISTORY, "history"},
};

/* Being there is not speaking; a text beside it is. */
static bool only_shows_itself(const struct matter_case *c)
{
	return str_is(c->stanza->name, "presence") && (c->room || !node_attr(c->stanza, STR("to")).len) &&
	       !node_child(c->stanza, STR("status"), NS_CLIENT);
}

/* Nobody reads anything but a name, and it is said to somebody all the same (rule/matter.h does not count it as speech). */
static bool asks_somebody(const struct node *stanza)
{
	return str_is(stanza->name, "presence") && str_is(node_attr(stanza, STR("type")), "subscribe");
}

unsigned limit_wanted(unsigned limits)
{
	unsigned wanted = 0;

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (limits & table[i].limits)
			wanted |= table[i].matter;
	return wanted;
}

void policy_limit(const struct limit_rule *r, const struct matter_case *c, unsigned matter, struct arena *arena,
	struct verdict *v)
{
	if (matter & MATTER_SPEECH && only_shows_itself(c))
		matter &= ~(unsigned)MATTER_SPEECH;
	else if (asks_somebody(c->stanza))
		matter |= MATTER_SPEECH;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		struct finding f = {.rule = r->rule, .action = ACTION_BLOCK, .mode = MODE_ENFORCE, .detail = str_from(table[i].name)};
		struct notice n = {.lang = r->lang, .text = r->text};

		if (r->limits & table[i].limits && matter & table[i].matter)
			verdict_add(v, arena, &f, r->text.len ? &n : NULL);
	}
}
