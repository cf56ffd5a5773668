/* Stage policy: may these two people talk, with this kind of stanza? Looks at who, never at what is said;
 * walls are in rule/wall.h. Writes the verdict, refuses nothing. Any thread; sets are immutable. */
#pragma once

#include "rule/policy_set.h"
#include "rule/subject.h"
#include "stanza/node.h"

/* `to` NULL: the stanza goes to no single person (presence to subscribers, our own server): no wall applies
 * here, and route asks wall_stands() for each recipient. Sets v->policy_version. `set` NULL: cannot tell,
 * blocked. */
void policy_stanza(const struct policy_set *set, const struct node *stanza, const struct subject *from,
	const struct subject *to, struct arena *arena, struct verdict *v);

/* Which kind of stanza it is for walls (RFC 6121 3: subscription types are a kind of their own). */
enum wall_kind policy_kind(const struct node *stanza);
