#include "route/history_kind.h"

#include "route/message.h"
#include "stanza/ns.h"

bool history_takes(struct str type, const struct node *stanza)
{
	enum message_type t = message_type(type);

	return (t == MESSAGE_CHAT || t == MESSAGE_NORMAL) && !node_child(stanza, STR("no-store"), NS_HINTS) &&
	       !node_child(stanza, STR("no-permanent-store"), NS_HINTS);
}
