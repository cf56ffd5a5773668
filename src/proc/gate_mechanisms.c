/* Which SCRAM mechanisms every account can use: counted at the start, and again when accounts have changed. */
#include <errno.h>

#include "base/log.h"
#include "proc/gate.h"

static void take(struct gate *g, const uint64_t *lacking)
{
	unsigned kinds = 0;

	for (unsigned kind = 0; kind < STORE_VERIFIER_KINDS; kind++) {
		g->lacking[kind] = lacking[kind];
		kinds |= (unsigned)(lacking[kind] > 0) << kind;
	}
	g->lacking_kinds = kinds;
	if (g->xmpp)
		xmpp_set_lacking(g->xmpp, kinds);
}

static void on_counted(struct store_req *req, int result)
{
	if (result == 0)
		take(req->owner, req->lacking);
	store_req_release(req);
}

void gate_mechanisms_tick(struct gate *g)
{
	uint64_t version = store_accounts_version(g->store);

	if (version == g->lacking_version || g->lacking_req.pending)
		return;
	g->lacking_version = version;
	if (store_verifier_lacking(g->store, &g->lacking_req))
		log_error("out of memory: the offered mechanisms stay as they are");
}

int gate_mechanisms_open(struct gate *g)
{
	int r;

	store_req_init(&g->lacking_req, on_counted, g);
	g->lacking_version = store_accounts_version(g->store);
	r = store_verifier_lacking(g->store, &g->lacking_req);
	if (r == 0)
		r = store_wait(&g->lacking_req);
	if (r == 0)
		take(g, g->lacking_req.lacking);
	store_req_release(&g->lacking_req);
	return r > 0 ? -EIO : r;
}
