#include "base/network.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

static const unsigned char mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

/* *out_width: how many bits its kind of address has. */
static bool address_take(struct str text, struct network *out, unsigned *out_width)
{
	char plain[INET6_ADDRSTRLEN];

	if (text.len == 0 || text.len >= sizeof(plain))
		return false;
	snprintf(plain, sizeof(plain), "%.*s", STR_FMT(text));
	memcpy(out->address, mapped, sizeof(mapped));
	out->bits = 128;
	*out_width = 32;
	if (inet_pton(AF_INET, plain, out->address + 12) == 1)
		return true;
	*out_width = 128;
	return inet_pton(AF_INET6, plain, out->address) == 1;
}

bool network_address_parse(struct str text, struct network *out)
{
	unsigned width;

	return address_take(str_cut(text, 0, str_find(text, '%', 0)), out, &width);
}

bool network_peer_parse(struct str text, struct network *out)
{
	return network_address_parse(network_host(text), out);
}

struct network network_around(const struct network *address)
{
	bool old = memcmp(address->address, mapped, sizeof(mapped)) == 0;
	struct network around = {.bits = old ? 128 - 32 + 24 : 48};

	memcpy(around.address, address->address, around.bits / 8);
	return around;
}

bool network_is_near(const struct network *a, const struct network *b)
{
	struct network around = network_around(a);

	return network_has(&around, b);
}

static bool bit_at(const struct network *net, unsigned at)
{
	return net->address[at / 8] & 0x80u >> at % 8;
}

bool network_parse(struct str text, struct network *out)
{
	size_t slash = str_find(text, '/', 0);
	unsigned long long bits;
	unsigned width;

	if (!address_take(str_cut(text, 0, slash), out, &width))
		return false;
	if (slash == text.len)
		return true;
	if (!str_to_u64(str_cut(text, slash + 1, text.len), width, &bits))
		return false;
	out->bits = 128 - width + (unsigned)bits;
	for (unsigned at = out->bits; at < 128; at++)
		if (bit_at(out, at))
			return false;
	return true;
}

bool network_has(const struct network *net, const struct network *address)
{
	unsigned whole = net->bits / 8, rest = net->bits % 8;

	if (memcmp(net->address, address->address, whole) != 0)
		return false;
	return rest == 0 || ((net->address[whole] ^ address->address[whole]) >> (8 - rest)) == 0;
}
