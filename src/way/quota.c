#include "way/quota.h"

#include "conf/service.h"
#include "conf/settings.h"
#include "route/route.h"

static const uint64_t second_ns = 1000000000, hour_ns = 3600 * UINT64_C(1000000000);

const char *const quota_names[QUOTAS] = {"content", "rooms", "nicks", "requests"};

static const char *const texts[QUOTAS] = {
		"This account has sent as much as it may in an hour. Try again later.",
		"This account enters too many rooms. Try again later.",
		"Nicknames cannot be changed so often. Try again later.",
		"Too much is asked of this account. Try again later.",
};

static uint64_t now_of(const struct way_loop *wl)
{
	return loop_ms(wl->loop) * 1000000;
}

/* One more of `burst`, each of which comes back after `each` nanoseconds; nothing is taken for one that is too many. */
static bool takes(struct way_loop *wl, uint64_t key, uint64_t each, uint64_t burst)
{
	uint64_t now = now_of(wl), room = each * (burst - 1);

	return meter_look(wl->spent, key, room, now) == 0 && meter_take(wl->spent, key, each, each * burst, now) == 0;
}

/* ---- rooms ---- */

static bool is_at_room(const struct parcel *p, const struct way_loop *wl)
{
	return p->kind == PARCEL_PRESENCE && !p->type.len && p->has_to && p->to.resource.len &&
			settings_is_rooms(wl->settings, p->to.domain);
}

/* Enters, changes the nickname, or only says how he is. */
static bool may_be_there(const struct parcel *p, struct way_loop *wl, enum quota *out_over)
{
	const struct settings *s = wl->settings;
	struct str who = p->origin->jid.bare;

	buf_clear(&wl->nick);
	if (!route_room_nick(wl->route, &p->to, p->origin->jid.full, &wl->nick)) {
		*out_over = QUOTA_ROOMS;
		return takes(wl, meter_key(STR("rooms"), who), 60 * second_ns / s->limits_room_joins_per_minute, s->limits_room_joins);
	}
	*out_over = QUOTA_NICKS;
	return str_eq(buf_view(&wl->nick), p->to.resource) ||
			takes(wl, meter_key(who, p->to.bare), s->limits_nick_change_seconds * second_ns, s->limits_nick_changes);
}

/* ---- requests ---- */

/* To somebody else's account: the server answers, out of the store perhaps. What goes to a session is its client's to bear. */
static bool asks_account(const struct parcel *p, const struct way_loop *wl)
{
	return p->kind == PARCEL_IQ && (str_is(p->type, "get") || str_is(p->type, "set")) && p->has_to && jid_is_bare(&p->to) &&
			!jid_is_domain(&p->to) && settings_is_ours(wl->settings, p->to.domain) &&
			!str_eq(p->to.bare, p->origin->jid.bare);
}

static bool may_ask(const struct parcel *p, struct way_loop *wl)
{
	const struct settings *s = wl->settings;

	return takes(wl, meter_key(STR("requests"), p->to.bare), second_ns / s->limits_requests_per_second, s->limits_requests_burst);
}

/* ---- bytes ---- */

static uint64_t key_of_bytes(const struct parcel *p)
{
	static const uint64_t content = 0x636f6e74656e74; /* tells these keys from others of that table */

	return meter_key_hashed(content, p->origin->hash);
}

/* Paid for when it is known what it comes to: the one that goes beyond it passes. */
static bool has_bytes(const struct parcel *p, struct way_loop *wl)
{
	return p->class != CLASS_CONTENT || meter_look(wl->spent, key_of_bytes(p), hour_ns, now_of(wl)) == 0;
}

void quota_pay(const struct parcel *p, struct way_loop *wl, size_t bytes)
{
	uint64_t price = hour_ns / wl->settings->limits_content_bytes_per_hour;

	(void)meter_take(wl->spent, key_of_bytes(p), price * bytes, hour_ns, now_of(wl));
}

/* ---- the stage ---- */

static enum stage_result over(struct parcel *p, struct way_loop *wl, enum quota q)
{
	way_count(&wl->stats.over[q], 1);
	p->refusal = (struct refusal){
			.condition = STANZA_RESOURCE_CONSTRAINT, .type = STANZA_TYPE_WAIT, .text = str_from(texts[q])};
	return STAGE_REFUSE;
}

enum stage_result quota_take(struct parcel *p, struct way_loop *wl)
{
	enum quota q;

	if (!has_bytes(p, wl))
		return over(p, wl, QUOTA_CONTENT);
	if (is_at_room(p, wl) && !may_be_there(p, wl, &q))
		return over(p, wl, q);
	if (asks_account(p, wl) && !may_ask(p, wl))
		return over(p, wl, QUOTA_REQUESTS);
	return STAGE_NEXT;
}
