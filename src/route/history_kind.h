/* What of all content people's archives hold. */
#pragma once

#include "stanza/node.h"

/* Is it of a kind that archives hold? Content of type chat or normal without a hint against it (XEP-0334). */
[[nodiscard]] bool history_takes(struct str type, const struct node *stanza);
