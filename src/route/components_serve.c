#include "route/components_serve.h"

#include "route/answer.h"
#include "route/disco.h"
#include "route/iq.h"
#include "stanza/ns.h"

void components_serve(struct home *h, struct parcel *p)
{
	const struct node *payload = iq_payload(p);
	bool get = str_is(p->type, "get");

	if (!iq_is_request(p) || !payload) {
		parcel_end(p); /* an answer to a ping of ours */
	} else if (p->to.resource.len == 0 && get && node_is(payload, STR("query"), NS_DISCO_INFO)) {
		disco_info_for(h, p);
	} else if (p->to.resource.len == 0 && get && node_is(payload, STR("query"), NS_DISCO_ITEMS)) {
		disco_items_for(h, p);
	} else if (p->to.resource.len == 0 && get && node_is(payload, STR("query"), NS_VERSION)) {
		iq_version_answer(p);
	} else if (p->to.resource.len == 0 && get && node_is(payload, STR("ping"), NS_PING)) {
		answer_result(p);
		parcel_end(p);
	} else {
		answer_error(p, STANZA_SERVICE_UNAVAILABLE, NULL);
		parcel_end(p);
	}
}
