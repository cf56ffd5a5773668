/* Client state indication (XEP-0352): the client's word goes to the session, which acts on it (route/quiet.h). It is not
 * answered and counts for nothing. */
#include "stanza/ns.h"
#include "xmpp/stream.h"

bool csi_is_nonza(const struct node *n)
{
	return str_eq(n->ns, NS_CSI) && (str_is(n->name, "active") || str_is(n->name, "inactive"));
}

void csi_nonza(struct stream *s, const struct node *n)
{
	struct errand *e = errand_new(ERRAND_STATE, &s->port);

	if (!e)
		return; /* only an indication */
	e->origin = origin_ref(s->origin);
	e->inactive = str_is(n->name, "inactive");
	s->xl->xmpp->env.errand(s->xl->xmpp->env.owner, e);
}
