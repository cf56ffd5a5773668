/* Networks as rules and settings write them: 192.0.2.0/24, 2001:db8::/32, or one address. An IPv4 address in IPv6 form (::ffff:192.0.2.1)
 * is the IPv4 address. */
#pragma once

#include <stdbool.h>

#include "base/str.h"

struct network {
	unsigned char address[16]; /* IPv4 in the form ::ffff:a.b.c.d */
	unsigned bits;             /* of the 128 */
};

/* False: it is none, or has bits beyond its prefix. */
[[nodiscard]] bool network_parse(struct str text, struct network *out);
/* One address without port; a zone (%eth0) is left out. */
[[nodiscard]] bool network_address_parse(struct str text, struct network *out);
/* One address as connections write it, with a port: "192.0.2.1:5222", "[2001:db8::1]:5222"; or without. */
[[nodiscard]] bool network_peer_parse(struct str text, struct network *out);
/* Two addresses of what is mostly one network: the same /24 of IPv4, the same /48 of IPv6. */
[[nodiscard]] bool network_is_near(const struct network *a, const struct network *b);
/* What all of those have in common, as bytes of `address`: the others are 0. */
struct network network_around(const struct network *address);
[[nodiscard]] bool network_has(const struct network *net, const struct network *address);
