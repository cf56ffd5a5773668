/* The connection a session lives on: from where it comes, and how well it is protected. Of two sorts of protection the class of a
 * channel is made; each may be less than that of another channel:
 *   - TLS: none (on test listeners) < 1.2 < 1.3. Ciphers make no difference: the server offers no weak ones;
 *   - how the login was proven: with the password itself (PLAIN) < by a proof of it, or of a token, that could be passed on <
 *     by one that is good for this connection alone (SCRAM-..-PLUS, HT-..-EXPR, HT-..-ENDP, a client certificate).
 * Direct TLS and STARTTLS are alike. */
#pragma once

#include "conf/settings.h"
#include "route/session.h"

struct channel {
	struct str address, tls, mechanism; /* views; as in origin.h */
};

/* The one it began on; the one it lives on now, or lived on last. */
struct channel channel_first(const struct session *s);
struct channel channel_of(const struct session *s);
struct channel channel_of_errand(const struct errand *e);

/* It goes on over this one. False: memory is out, and it seems to live on the one before. */
[[nodiscard]] bool channel_move(struct session *s, const struct channel *to);

/* Is one of the two less than it was? */
[[nodiscard]] bool channel_is_weaker(const struct channel *now, const struct channel *then);

/* Is the address in one of clients.networks? */
[[nodiscard]] bool channel_is_known(const struct settings *settings, struct str address);
/* The same for two addresses that are near each other. */
uint32_t channel_network(struct str address);
/* Two addresses of different networks (network_is_near), not both of them known. */
[[nodiscard]] bool channel_is_far(const struct settings *settings, struct str a, struct str b);
