#include "route/channel.h"

#include <stdlib.h>

#include "base/network.h"
#include "base/text.h"

struct moved {
	struct channel channel;
	char text[];
};

struct channel channel_first(const struct session *s)
{
	const struct origin *o = s->origin;

	return (struct channel){.address = o->address, .tls = o->tls, .mechanism = o->mechanism};
}

struct channel channel_of(const struct session *s)
{
	return s->moved ? s->moved->channel : channel_first(s);
}

struct channel channel_of_errand(const struct errand *e)
{
	return (struct channel){.address = e->address, .tls = e->tls, .mechanism = e->mechanism};
}

static struct str put(char **at, struct str s)
{
	struct str out = str_of(*at, s.len);

	if (s.len)
		memcpy(*at, s.data, s.len);
	*at += s.len;
	return out;
}

bool channel_move(struct session *s, const struct channel *to)
{
	struct moved *m = malloc(sizeof(*m) + to->address.len + to->tls.len + to->mechanism.len);
	char *at;

	if (!m)
		return false;
	at = m->text;
	m->channel.address = put(&at, to->address);
	m->channel.tls = put(&at, to->tls);
	m->channel.mechanism = put(&at, to->mechanism);
	free(s->moved);
	s->moved = m;
	return true;
}

/* ---- its class ---- */

static unsigned tls_rank(struct str tls)
{
	static const char *const versions[] = {"TLSv1.2 ", "TLSv1.3 "};

	for (unsigned i = 0; i < 2; i++)
		if (str_starts(tls, str_from(versions[i])))
			return i + 1;
	return 0;
}

static bool ends(struct str s, struct str with)
{
	return s.len >= with.len && str_eq(str_cut(s, s.len - with.len, s.len), with);
}

static unsigned proof_rank(struct str mechanism)
{
	bool token = str_starts(mechanism, STR("HT-"));

	if (str_is(mechanism, "EXTERNAL") || ends(mechanism, STR("-PLUS")) || (token && !ends(mechanism, STR("-NONE"))))
		return 2;
	return token || str_starts(mechanism, STR("SCRAM-"));
}

bool channel_is_weaker(const struct channel *now, const struct channel *then)
{
	return tls_rank(now->tls) < tls_rank(then->tls) || proof_rank(now->mechanism) < proof_rank(then->mechanism);
}

/* ---- where it comes from ---- */

static bool is_known(const struct settings *settings, const struct network *address)
{
	struct network net;

	for (size_t i = 0; i < settings->clients_networks.len; i++)
		if (network_parse(settings->clients_networks.items[i], &net) && network_has(&net, address))
			return true;
	return false;
}

bool channel_is_known(const struct settings *settings, struct str address)
{
	struct network at;

	return network_peer_parse(address, &at) && is_known(settings, &at);
}

uint32_t channel_network(struct str address)
{
	struct network at, around;

	if (!network_peer_parse(address, &at))
		return (uint32_t)map_hash(network_host(address));
	around = network_around(&at);
	return (uint32_t)map_hash(str_of((const char *)around.address, sizeof(around.address)));
}

bool channel_is_far(const struct settings *settings, struct str a, struct str b)
{
	struct network from, to;

	if (!network_peer_parse(a, &from) || !network_peer_parse(b, &to))
		return !str_eq(network_host(a), network_host(b));
	return !network_is_near(&from, &to) && !(is_known(settings, &from) && is_known(settings, &to));
}
