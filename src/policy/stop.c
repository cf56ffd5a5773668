#include "policy/stop.h"

unsigned stop_wanted(const struct policy_set *set, const struct channel_rules *channels)
{
	return (set ? lockdown_matters(policy_set_lockdown(set)) : 0) | channels->refused | channels->reported;
}

/* In order of what is said where several apply. */
static const struct channel {
	unsigned matter;
	struct str rule;
	struct notice notices[2];
} channels_known[] = {
	{MATTER_WEAK_CALL, STR("channel-weak-call"),
		{{.lang = STR("en"),
			 .text = STR("Calls without DTLS-SRTP are not allowed here: what is said would be less protected than "
				     "what is written. Use a client that encrypts calls.")},
			{.lang = STR("de"),
				.text = STR("Anrufe ohne DTLS-SRTP sind hier nicht erlaubt: Gesprochenes wäre schlechter geschützt "
					    "als Geschriebenes. Benutzen Sie ein Programm, das Anrufe verschlüsselt.")}}},
	{MATTER_WEAK_FILE, STR("channel-weak-file"),
		{{.lang = STR("en"),
			 .text = STR("Files over unprotected connections are not allowed here: not over http: or ftp:, and not "
				     "straight from device to device over SOCKS5.")},
			{.lang = STR("de"),
				.text = STR("Dateien über ungeschützte Verbindungen sind hier nicht erlaubt: nicht über http: oder "
					    "ftp: und nicht über SOCKS5 direkt von Gerät zu Gerät.")}}},
	{MATTER_IN_BAND, STR("channel-in-band-file"),
		{{.lang = STR("en"), .text = STR("Files inside the conversation (SI, IBB) are not allowed here.")},
			{.lang = STR("de"), .text = STR("Dateien innerhalb der Unterhaltung (SI, IBB) sind hier nicht erlaubt.")}}},
};

static void channel_decide(const struct channel *c, const struct channel_rules *rules, struct arena *arena, struct verdict *v)
{
	struct notice second = c->notices[1], first = c->notices[0];
	struct finding f = {.rule = c->rule, .action = rules->refused & c->matter ? ACTION_BLOCK : ACTION_LOG,
		.mode = MODE_ENFORCE};

	first.next = &second;
	verdict_add(v, arena, &f, f.action == ACTION_BLOCK ? &first : NULL);
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
