#include "store/prefs.h"

static bool names(const struct str *list, size_t len, const struct jid *peer)
{
	for (size_t i = 0; i < len; i++)
		if (str_eq(list[i], peer->bare) || str_eq(list[i], peer->full))
			return true;
	return false;
}

bool store_prefs_allow(const struct store_prefs *prefs, const struct jid *peer, bool in_roster)
{
	if (!prefs)
		return true;
	if (names(prefs->never, prefs->never_len, peer))
		return false;
	if (names(prefs->always, prefs->always_len, peer))
		return true;
	return prefs->fallback == STORE_KEEP_ALL || (prefs->fallback == STORE_KEEP_ROSTER && in_roster);
}
