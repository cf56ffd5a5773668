#include "stanza/stanza_error.h"

#include "stanza/ns.h"

static const struct {
	struct str name;
	enum stanza_error_type type;
} conditions[STANZA_CONDITIONS] = {
	[STANZA_BAD_REQUEST] = {STR("bad-request"), STANZA_TYPE_MODIFY},
	[STANZA_CONFLICT] = {STR("conflict"), STANZA_TYPE_CANCEL},
	[STANZA_FEATURE_NOT_IMPLEMENTED] = {STR("feature-not-implemented"), STANZA_TYPE_CANCEL},
	[STANZA_FORBIDDEN] = {STR("forbidden"), STANZA_TYPE_AUTH},
	[STANZA_GONE] = {STR("gone"), STANZA_TYPE_CANCEL},
	[STANZA_INTERNAL_SERVER_ERROR] = {STR("internal-server-error"), STANZA_TYPE_CANCEL},
	[STANZA_ITEM_NOT_FOUND] = {STR("item-not-found"), STANZA_TYPE_CANCEL},
	[STANZA_JID_MALFORMED] = {STR("jid-malformed"), STANZA_TYPE_MODIFY},
	[STANZA_NOT_ACCEPTABLE] = {STR("not-acceptable"), STANZA_TYPE_MODIFY},
	[STANZA_NOT_ALLOWED] = {STR("not-allowed"), STANZA_TYPE_CANCEL},
	[STANZA_NOT_AUTHORIZED] = {STR("not-authorized"), STANZA_TYPE_AUTH},
	[STANZA_POLICY_VIOLATION] = {STR("policy-violation"), STANZA_TYPE_MODIFY},
	[STANZA_RECIPIENT_UNAVAILABLE] = {STR("recipient-unavailable"), STANZA_TYPE_WAIT},
	[STANZA_REDIRECT] = {STR("redirect"), STANZA_TYPE_MODIFY},
	[STANZA_REGISTRATION_REQUIRED] = {STR("registration-required"), STANZA_TYPE_AUTH},
	[STANZA_REMOTE_SERVER_NOT_FOUND] = {STR("remote-server-not-found"), STANZA_TYPE_CANCEL},
	[STANZA_REMOTE_SERVER_TIMEOUT] = {STR("remote-server-timeout"), STANZA_TYPE_WAIT},
	[STANZA_RESOURCE_CONSTRAINT] = {STR("resource-constraint"), STANZA_TYPE_WAIT},
	[STANZA_SERVICE_UNAVAILABLE] = {STR("service-unavailable"), STANZA_TYPE_CANCEL},
	[STANZA_SUBSCRIPTION_REQUIRED] = {STR("subscription-required"), STANZA_TYPE_AUTH},
	[STANZA_UNDEFINED_CONDITION] = {STR("undefined-condition"), STANZA_TYPE_CANCEL},
	[STANZA_UNEXPECTED_REQUEST] = {STR("unexpected-request"), STANZA_TYPE_WAIT},
};

static const struct str types[] = {
	[STANZA_TYPE_AUTH] = STR("auth"),
	[STANZA_TYPE_CANCEL] = STR("cancel"),
	[STANZA_TYPE_CONTINUE] = STR("continue"),
	[STANZA_TYPE_MODIFY] = STR("modify"),
	[STANZA_TYPE_WAIT] = STR("wait"),
};

struct str stanza_condition_name(enum stanza_condition condition)
{
	return conditions[condition].name;
}

enum stanza_error_type stanza_condition_type(enum stanza_condition condition)
{
	return conditions[condition].type;
}

bool stanza_may_be_answered(const struct node *stanza)
{
	struct str type = node_attr(stanza, STR("type"));

	if (str_is(type, "error"))
		return false;
	return !(str_is(stanza->name, "iq") && str_is(type, "result"));
}

static struct str keep(struct arena *arena, struct str s)
{
	return s.len ? arena_dup(arena, s) : STR("");
}

struct node *stanza_error_node(struct arena *arena, struct str ns, enum stanza_condition condition,
	enum stanza_error_type type, struct str text, struct str lang)
{
	struct node *error = node_new(arena, STR("error"), ns), *child;

	if (!error)
		return NULL;
	if (type == STANZA_TYPE_DEFAULT)
		type = conditions[condition].type;
	node_set_attr(arena, error, STR("type"), types[type]);
	node_add(arena, error, conditions[condition].name, NS_STANZA_ERRORS);
	if (text.data) {
		child = node_add(arena, error, STR("text"), NS_STANZA_ERRORS);
		node_set_attr_ns(arena, child, STR("lang"), NS_XML, lang.len ? keep(arena, lang) : STR("en"));
		node_add_text(arena, child, keep(arena, text));
	}
	return arena_is_full(arena) ? NULL : error;
}

/* The same kind of stanza on its way back: addresses exchanged, the id kept, nothing else. */
static struct node *answer_new(struct arena *arena, const struct node *stanza, struct str type)
{
	static const struct str pairs[][2] = {
		{STR("to"), STR("from")}, {STR("from"), STR("to")}, {STR("id"), STR("id")}};
	struct node *answer = node_new(arena, keep(arena, stanza->name), keep(arena, stanza->ns));

	if (!answer)
		return NULL;
	for (size_t i = 0; i < sizeof(pairs) / sizeof(*pairs); i++) {
		struct str value = node_attr(stanza, pairs[i][1]);

		if (value.data)
			node_set_attr(arena, answer, pairs[i][0], keep(arena, value));
	}
	node_set_attr(arena, answer, STR("type"), type);
	return arena_is_full(arena) ? NULL : answer;
}

struct node *stanza_error_reply(struct arena *arena, const struct node *stanza,
	enum stanza_condition condition, enum stanza_error_type type, struct str text, struct str lang,
	struct node *app)
{
	struct node *answer = answer_new(arena, stanza, STR("error"));
	struct node *error = stanza_error_node(arena, stanza->ns, condition, type, text, lang);

	if (!answer || !error)
		return NULL;
	error->ns = answer->ns;
	if (app)
		node_append(error, app);
	node_append(answer, error);
	return answer;
}

struct node *stanza_iq_result(struct arena *arena, const struct node *iq)
{
	return answer_new(arena, iq, STR("result"));
}
