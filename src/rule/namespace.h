/* Rules of type namespace: which extensions people may use with whom (RFC 6120 8.4). What a client does not send its
 * recipient's client cannot stumble over.
 *
 * An enforced rule refuses a stanza that has an element of such a namespace, at whatever depth, or takes the elements
 * out. A question (an IQ of type get or set) whose payload would have to go is refused instead. An enforced rule that
 * allows exempts what it names from all others. One with a campaign observes from its first date on, warns whoever it will
 * stop from `warn_from` on, and is enforced from the last one on. */
#pragma once

#include "rule/policy_set.h"
#include "rule/subject.h"
#include "stanza/node.h"

/* Adds a finding for each rule and namespace; its `detail` is the namespace, as the client wrote it. `to` NULL: it is
 * not for one person. When there are more than a verdict holds, or memory is out, the policy's on_error decides. */
void namespace_decide(const struct policy_set *set, const struct node *stanza, const struct subject *from,
	const struct subject *to, struct arena *arena, struct verdict *v);

/* Takes out what enforced rules found, unless all of it is refused. True: the stanza is another one now. */
bool namespace_strip(const struct verdict *v, struct node *stanza);

/* Does the rule name this namespace? For samples. */
[[nodiscard]] bool namespace_is_named(const struct rule *r, struct str ns);
/* What no rule can take away: people could not log in, or the server's own answers would be stopped. */
[[nodiscard]] bool namespace_is_core(struct str ns);
