#include "rule/kind.h"

const char *const kind_names[KIND_COUNT] = {
	[KIND_NONE] = "",
	[KIND_MESSAGE] = "message",
	[KIND_SUBJECT] = "subject",
	[KIND_XHTML] = "xhtml",
	[KIND_CORRECTION] = "correction",
	[KIND_STATUS] = "status",
	[KIND_NICK] = "nick",
	[KIND_ROSTER_NAME] = "roster-name",
	[KIND_SUBSCRIPTION] = "subscription",
	[KIND_RESOURCE] = "resource",
	[KIND_REASON] = "reason",
	[KIND_FORM] = "form",
	[KIND_IDENTIFIER] = "identifier",
	[KIND_IQ] = "iq",
	[KIND_OTHER] = "other",
};

const char *const wall_kind_names[WALL_KIND_COUNT] = {
	[WALL_MESSAGE] = "message",
	[WALL_PRESENCE] = "presence",
	[WALL_SUBSCRIPTION] = "subscription",
	[WALL_IQ] = "iq",
};

bool kind_parse(struct str name, enum text_kind *out)
{
	for (size_t i = KIND_NONE + 1; i < KIND_COUNT; i++) {
		if (str_eq(name, str_from(kind_names[i]))) {
			*out = (enum text_kind)i;
			return true;
		}
	}
	return false;
}
