#include "route/parallel.h"

#include "account/directory.h"
#include "base/log.h"
#include "base/text.h"
#include "route/channel.h"
#include "route/newcomer.h"
#include "route/note.h"
#include "route/post.h"

enum {
	MORE_SECONDS = 5,         /* beyond the time in which a dead connection is noticed */
	AGAIN_SECONDS = 24 * 3600,
	LOOKS_AT_ONCE = 200,      /* in one tick */
};

enum use {
	USE_NONE,
	USE_ACCOUNT,
	USE_DEVICE,
};

static enum use use_of(const struct session *s, const struct session *other)
{
	const struct settings *settings = s->user->home->settings;
	struct str a = channel_of(s).address, b = channel_of(other).address, device = s->origin->agent_id;

	if (s == other || !s->port || !other->port || !channel_is_far(settings, a, b))
		return USE_NONE;
	if (device.len && str_eq(device, other->origin->agent_id))
		return USE_DEVICE;
	return channel_is_known(settings, a) || channel_is_known(settings, b) ? USE_NONE : USE_ACCOUNT;
}

bool parallel_is(const struct session *s)
{
	session_each(other, s->user) if (use_of(s, other)) return true;
	return false;
}

/* ---- when it has lasted ---- */

void parallel_met(struct session *s)
{
	struct home *h = s->user->home;

	if (h->settings->clients_parallel == SETTINGS_PARALLEL_OFF && !h->settings->devices_confirm_networks)
		return;
	list_remove(&s->fresh);
	s->fresh_until = (uint32_t)(loop_seconds(h->loop) + h->settings->ping_interval_seconds + h->settings->ping_timeout_seconds +
				    MORE_SECONDS);
	list_append(&h->fresh, &s->fresh);
}

void parallel_drop(struct session *s)
{
	list_remove(&s->fresh);
}

/* The same two networks have been told of today? An account has one memory of that, of the last two. */
static bool is_old_news(struct user *u, struct str a, struct str b)
{
	uint32_t pair = channel_network(a) ^ channel_network(b);
	uint64_t now = loop_seconds(u->home->loop);
	bool old = u->parallel_at && u->parallel_pair == pair && now - u->parallel_at < AGAIN_SECONDS;

	if (!old) {
		u->parallel_pair = pair;
		u->parallel_at = now;
	}
	return old;
}

static void record(const struct session *s, const struct session *other, enum use use)
{
	const struct origin *o = s->origin;
	struct buf networks = BUF_INIT(0);
	struct extra extra = {.key = KEY_NETWORKS};
	struct entry entry = {.type = EVENT_PARALLEL,
		.from = o->jid.full,
		.from_id = o->person ? o->person->id : STR_NONE,
		.session = o->session,
		.resource = o->jid.resource,
		.address = channel_of(s).address,
		.reason = use == USE_DEVICE ? STR("device") : STR("account"),
		.extra = &extra,
		.extra_len = 1};

	note_list_add(&networks, network_host(channel_of(s).address));
	note_list_add(&networks, network_host(channel_of(other).address));
	extra.text = buf_view(&networks);
	if (buf_failed(&networks) || record_append(s->user->home->record, &entry, NULL))
		log_warn("an account in use from two networks could not be recorded");
	buf_done(&networks);
}

static void mail(const struct session *s, const struct session *other, enum use use)
{
	const struct home *h = s->user->home;
	const struct origin *o = s->origin, *of = other->origin;
	struct str here = network_host(channel_of(s).address), there = network_host(channel_of(other).address);
	struct buf subject = BUF_INIT(0), body = BUF_INIT(0);
	struct post post = {.purpose = STR("parallel"), .about = o->jid.bare, .language = STR("en"), .since_us = POST_ALWAYS};

	buf_printf(&subject, "%.*s is in use from two networks", STR_FMT(o->jid.bare));
	buf_printf(&body, "%s %.*s is in use from two networks at once that are not in clients.networks:\n\n  %.*s  %.*s\n  %.*s  %.*s\n\n"
			"That may be somebody's desk and telephone, or a stolen password. To see what runs there:\n"
			"  gatehouse clients show %.*s\nTo end it:\n  gatehouse session close %.*s\n  gatehouse user password %.*s\n",
		use == USE_DEVICE ? "One installation of a program of" : "The account", STR_FMT(o->jid.bare), STR_FMT(here),
		STR_FMT(o->jid.full), STR_FMT(there), STR_FMT(of->jid.full), STR_FMT(o->jid.bare), STR_FMT(o->jid.full),
		STR_FMT(o->jid.bare));
	post.subject = buf_view(&subject);
	post.body = buf_view(&body);
	if (buf_failed(&subject) || buf_failed(&body) || post_admins(h->route->env.store, h->settings, &post) < 0)
		log_error("out of memory: a mail about an account in use from two networks is not sent");
	buf_done(&subject);
	buf_done(&body);
}

static bool is_known(const struct session *s)
{
	return channel_is_known(s->user->home->settings, channel_of(s).address);
}

static bool came_later(const struct session *s, const struct session *other)
{
	return s->arrived_us > other->arrived_us;
}

/* Who came later, or from elsewhere, is to be confirmed; each is looked at when its time has come. */
static void confirm(struct session *s, struct session *other)
{
	if (is_known(s))
		newcomer_beside(other, s);
	else if (is_known(other) || came_later(s, other))
		newcomer_beside(s, other);
}

static void look(struct session *s)
{
	struct home *h = s->user->home;

	session_each(other, s->user)
	{
		enum use use = use_of(s, other);

		if (use && h->settings->devices_confirm_networks)
			confirm(s, other);
		if (!use || is_old_news(s->user, channel_of(s).address, channel_of(other).address))
			continue;
		if (h->settings->clients_parallel == SETTINGS_PARALLEL_OFF)
			return;
		home_count(&h->figures.parallel, 1);
		record(s, other, use);
		if (h->settings->clients_parallel == SETTINGS_PARALLEL_TELL)
			mail(s, other, use);
		return;
	}
}

void parallel_tick(struct home *h)
{
	uint64_t now = loop_seconds(h->loop);

	for (unsigned n = 0; n < LOOKS_AT_ONCE && !list_is_empty(&h->fresh); n++) {
		struct session *s = container_of(h->fresh.next, struct session, fresh);

		if (s->fresh_until > now)
			return;
		list_remove(&s->fresh);
		if (s->port)
			look(s);
	}
}
