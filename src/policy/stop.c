#include "policy/stop.h"

unsigned stop_wanted(const struct policy_set *set, const struct channel_rules *channels)
{
	return (set ? lockdown_matters(policy_set_lockdown(set)) : 0) | channels->refused | channels->reported;
}

/* In order of what is said where several apply. */
static const struct channel {
	unsigned matter;
	struct str rule;
	enum phrase says;
} channels_known[] = {
	{MATTER_WEAK_CALL, STR("channel-weak-call"), PHRASE_WEAK_CALL},
	{MATTER_WEAK_FILE, STR("channel-weak-file"), PHRASE_WEAK_FILE},
	{MATTER_IN_BAND, STR("channel-in-band-file"), PHRASE_IN_BAND_FILE},
};

static void channel_decide(const struct channel *c, const struct channel_rules *rules, struct arena *arena, struct verdict *v)
{
	struct notice notices[LANGUAGES];
	struct finding f = {.rule = c->rule, .action = rules->refused & c->matter ? ACTION_BLOCK : ACTION_LOG,
		.mode = MODE_ENFORCE};

	verdict_add(v, arena, &f, f.action == ACTION_BLOCK ? notice_of(notices, c->says) : NULL);
	if (v->action < f.action)
		v->action = f.action;
}

void stop_decide(const struct policy_set *set, const struct channel_rules *channels, const struct node *stanza, unsigned matter,
	const struct lockdown_party *from, const struct lockdown_party *to, struct arena *arena, struct verdict *v)
{
	const struct lockdown *l = set ? policy_set_lockdown(set) : NULL;
	const struct lockdown_switch *s = lockdown_stops(l, matter, from, to);

	if (!s)
		s = lockdown_stops_payload(l, matter, stanza, from);
	if (s)
		lockdown_decide(s, arena, v);
	for (size_t i = 0; i < sizeof(channels_known) / sizeof(channels_known[0]); i++)
		if (channels_known[i].matter & matter & (channels->refused | channels->reported))
			channel_decide(&channels_known[i], channels, arena, v);
}
