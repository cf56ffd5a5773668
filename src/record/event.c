#include "record/event.h"

static const struct event_type types[] = {
#define X(code, name, text, gate) [code] = {STR(text), gate},
	EVENT_TABLE(X)
#undef X
};

static const struct event_member members[] = {
#define X(code, name, text, type, gate) [code] = {STR(text), STR(",\"" text "\":"), VALUE_##type, gate},
	EVENT_KEY_TABLE(X)
#undef X
};

const struct event_type *event_type(uint64_t code)
{
	return code > 0 && code < EVENT_END ? &types[code] : NULL;
}

const struct event_member *event_member(uint64_t code)
{
	return code > 0 && code < KEY_END ? &members[code] : NULL;
}

enum event event_by_name(struct str name)
{
	for (unsigned i = 1; i < EVENT_END; i++)
		if (str_eq(types[i].name, name))
			return (enum event)i;
	return EVENT_NONE;
}

enum event_key event_key_by_name(struct str name)
{
	for (unsigned i = 1; i < KEY_END; i++)
		if (str_eq(members[i].name, name))
			return (enum event_key)i;
	return KEY_NONE;
}
