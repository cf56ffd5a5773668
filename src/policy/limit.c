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

/* Bookmarks are one's own alone; other nodes others go by: the keys of one's devices, whom one shows what. */
static bool takes_back(const struct node *pubsub)
{
	const struct node *what = str_eq(pubsub->ns, NS_PUBSUB) ? node_child(pubsub, STR("retract"), NS_PUBSUB) : NULL;

	return what && !str_eq(node_attr(what, STR("node")), NS_BOOKMARKS);
}

/* XEP-0077, 0494, 0191, 0441, what is done with nodes of XEP-0163 but publishing, and XEP-0050 wherever it goes. */
static bool administers(const struct node *stanza)
{
	const struct node *what = str_is(stanza->name, "iq") && str_is(node_attr(stanza, STR("type")), "set")
					  ? node_first_element(stanza)
					  : NULL;

	return what && (str_eq(what->ns, NS_REGISTER) || str_eq(what->ns, NS_CAM) || str_eq(what->ns, NS_BLOCKING) ||
			       str_eq(what->ns, NS_COMMANDS) || str_eq(what->ns, NS_PUBSUB_OWNER) || takes_back(what) ||
			       node_is(what, STR("prefs"), NS_MAM));
}

unsigned limit_wanted(unsigned limits)
{
	unsigned wanted = 0;

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (limits & table[i].limits)
			wanted |= table[i].matter;
	return wanted;
}

static void block(const struct limit_rule *r, const char *limit, struct arena *arena, struct verdict *v)
{
	struct finding f = {.rule = r->rule, .action = ACTION_BLOCK, .mode = MODE_ENFORCE, .detail = str_from(limit)};
	struct notice n = {.lang = r->lang, .text = r->text};

	verdict_add(v, arena, &f, r->text.len ? &n : NULL);
}

void policy_limit(const struct limit_rule *r, const struct matter_case *c, unsigned matter, struct arena *arena,
	struct verdict *v)
{
	if (matter & MATTER_SPEECH && only_shows_itself(c))
		matter &= ~(unsigned)MATTER_SPEECH;
	else if (asks_somebody(c->stanza))
		matter |= MATTER_SPEECH;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (r->limits & table[i].limits && matter & table[i].matter)
			block(r, table[i].name, arena, v);
	if (r->limits & LIMIT_ACCOUNT && administers(c->stanza))
		block(r, "account", arena, v);
}
