#include "way/spread.h"

#include "account/outbreak.h"
#include "conf/service.h"
#include "rule/matter.h"
#include "rule/payload.h"

enum { PAYLOADS_MAX = 16 }; /* of a stanza that are counted */

struct spreading {
	struct parcel *p;
	struct way_loop *wl;
	struct outbreak_limits limits;
	unsigned len;
};

static struct outbreak_limits limits_of(const struct settings *s)
{
	return (struct outbreak_limits){.recipients = (unsigned)s->outbreak_recipients,
			.relayed = (unsigned)s->outbreak_relayed,
			.seconds = (unsigned)s->outbreak_seconds};
}

/* example.org and whatever ends in .example.org */
static bool is_below(struct str host, struct str domain)
{
	if (!str_ends(host, domain))
		return false;
	return host.len == domain.len || host.data[host.len - domain.len - 1] == '.';
}

static bool is_trusted(const struct settings *s, struct str payload)
{
	struct str host = payload_host(payload);

	for (size_t i = 0; i < s->outbreak_trusted_hosts.len; i++)
		if (is_below(host, s->outbreak_trusted_hosts.items[i]))
			return true;
	return false;
}

static bool count(void *owner, struct str payload)
{
	struct spreading *s = owner;

	if (!is_trusted(s->wl->settings, payload))
		outbreak_count(s->wl->outbreak, &s->limits, payload, s->p->origin->jid.bare, s->p->to.bare,
				loop_ms(s->wl->loop), NULL);
	return ++s->len < PAYLOADS_MAX;
}

/* Each recipient has been chosen: what is said in a room is said once. */
static bool is_from_one_to_one(const struct parcel *p, const struct settings *settings)
{
	return p->kind != PARCEL_PRESENCE && p->has_to && p->to.local.len && !str_is(p->type, "error") &&
	       !str_is(p->type, "result") && !settings_is_rooms(settings, p->to.domain);
}

void spread_watch(struct parcel *p, struct way_loop *wl)
{
	struct spreading s = {.p = p, .wl = wl};

	if (!wl->outbreak || wl->settings->outbreak_action == SETTINGS_OUTBREAK_OFF || !(p->matter & (MATTER_LINK | MATTER_FILE)) ||
			!is_from_one_to_one(p, wl->settings))
		return;
	s.limits = limits_of(wl->settings);
	payload_each(p->stanza, count, &s);
}
