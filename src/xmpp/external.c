#include "xmpp/external.h"

#include <errno.h>

#include "account/directory.h"
#include "conf/settings.h"
#include "jid/jid.h"
#include "net/tls_client.h"

enum { ARENA_MAX = 64 << 10 };

static bool is_there(const struct stream *s, struct str jid)
{
	const struct person *p = directory_get(s->xl->xmpp->env.directory, jid);

	person_unref(p);
	return p != NULL;
}

static bool is_among(struct str jid, const struct str *all, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (str_eq(all[i], jid))
			return true;
	return false;
}

/* The accounts of this domain that the certificate names, each once. */
static size_t accounts(const struct stream *s, struct arena *arena, struct str out[TLS_CLIENT_NAMES_MAX])
{
	struct str names[TLS_CLIENT_NAMES_MAX];
	size_t n = tls_client_names(s->conn.ssl, s->xl->settings->sasl_external_mail, arena, names), len = 0;
	struct jid jid;

	for (size_t i = 0; i < n; i++)
		if (jid_parse(&jid, names[i], arena) == 0 && jid_is_bare(&jid) && !jid_is_domain(&jid) &&
				str_eq(jid.domain, s->domain) && !is_among(jid.bare, out, len) && is_there(s, jid.bare))
			out[len++] = jid.bare;
	return len;
}

bool external_is_offered(const struct stream *s)
{
	struct str found[TLS_CLIENT_NAMES_MAX];
	struct arena *arena;
	size_t n;

	if (!s->conn.ssl || !tls_client_is_verified(s->conn.ssl))
		return false;
	arena = arena_new(ARENA_MAX);
	n = arena ? accounts(s, arena, found) : 0;
	arena_free(arena);
	return n > 0;
}

int external_decide(const struct stream *s, struct str authzid, struct arena *arena, struct str *out)
{
	struct str found[TLS_CLIENT_NAMES_MAX];
	size_t n = accounts(s, arena, found);
	struct jid jid;
	int r;

	if (n == 0)
		return arena_is_full(arena) ? -ENOMEM : SCRAM_E_UNKNOWN_USER;
	*out = found[0];
	if (authzid.len == 0)
		return n == 1 ? 0 : SCRAM_E_AUTHZID;
	r = jid_parse(&jid, authzid, arena);
	if (r < 0)
		return r;
	if (r || !jid_is_bare(&jid) || !is_among(jid.bare, found, n))
		return SCRAM_E_AUTHZID;
	*out = jid.bare;
	return 0;
}
