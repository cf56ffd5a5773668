#include "account/identity.h"

#include <errno.h>

#include "account/scram.h"
#include "jid/jid.h"

static int authzid_check(struct str authzid, struct str own, struct arena *arena)
{
	struct jid j;
	int r = jid_parse(&j, authzid, arena);

	if (r < 0)
		return r;
	return r == 0 && own.len && str_eq(j.full, own) ? 0 : SCRAM_E_AUTHZID;
}

int identity_make(struct str *out_user, struct str *out_jid, struct str name, struct str authzid,
	struct str domain, struct arena *arena)
{
	struct str local;
	int r;

	if (name.len == 0 || name.len > SCRAM_USER_MAX)
		return SCRAM_E_MALFORMED;
	r = jid_prepare_local(&local, name, arena);
	if (r < 0)
		return r;
	if (r == 0) {
		*out_user = local;
		*out_jid = arena_printf(arena, "%.*s@%.*s", STR_FMT(local), STR_FMT(domain));
	} else {
		*out_user = arena_dup(arena, name);
		*out_jid = STR_NONE;
	}
	if (arena_is_full(arena))
		return -ENOMEM;
	return authzid.len ? authzid_check(authzid, *out_jid, arena) : 0;
}
