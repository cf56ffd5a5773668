/* How often each rule about clients has denied somebody since the server was started, for monitoring: the store has who and when
 * (route/inventory.h). Bounded. Thread-safe: one lock, for a denial costs a login. */
#pragma once

#include <stdint.h>

#include "base/str.h"

enum {
	DENIALS_RULES = 256, /* what comes after these is counted together */
};

struct denials;

[[nodiscard]] struct denials *denials_new(void); /* NULL: memory is out */
struct denials *denials_free(struct denials *d); /* accepts NULL, returns NULL */

void denials_count(struct denials *d, struct str rule); /* accepts NULL */
/* In the order of their first denial; `rule` lives for the call. The one for all others is called "others". */
void denials_each(struct denials *d, void (*each)(void *owner, struct str rule, uint64_t count), void *owner);
