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

static const struct str *dup_list(struct arena *arena, const struct str *list, size_t len)
{
	struct str *copy = arena_zalloc(arena, len * sizeof(*copy) + 1);

	for (size_t i = 0; copy && i < len; i++)
		copy[i] = arena_dup(arena, list[i]);
	return copy;
}

struct store_prefs *store_prefs_dup(struct arena *arena, const struct store_prefs *prefs)
{
	struct store_prefs *copy = arena_alloc(arena, sizeof(*copy));

	if (!copy)
		return NULL;
	*copy = *prefs;
	copy->always = dup_list(arena, prefs->always, prefs->always_len);
	copy->never = dup_list(arena, prefs->never, prefs->never_len);
	return arena_is_full(arena) ? NULL : copy;
}
