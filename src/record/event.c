#include "record/event.h"

const struct event_type event_types[] = {
#define X(code, name, text, gate) [code] = {STR(text), gate},
	EVENT_TABLE(X)
#undef X
};

#define LEAD(text) ",\"" text "\":"
#define X(code, name, text, type, gate) _Static_assert(sizeof(LEAD(text)) <= EVENT_LEAD, "a long name");
EVENT_KEY_TABLE(X)
#undef X

const struct event_member event_members[] = {
#define X(code, name, text, type, gate)                                                                      \
	[code] = {STR(text), LEAD(text), sizeof(LEAD(text)) - 1, gate, VALUE_##type},
	EVENT_KEY_TABLE(X)
#undef X
};

enum event event_by_name(struct str name)
{
	for (unsigned i = 1; i < EVENT_END; i++)
		if (str_eq(event_types[i].name, name))
			return (enum event)i;
	return EVENT_NONE;
}

enum event_key event_key_by_name(struct str name)
{
	for (unsigned i = 1; i < KEY_END; i++)
		if (str_eq(event_members[i].name, name))
			return (enum event_key)i;
	return KEY_NONE;
}
