/* In builds made for tests (-Dtest_hooks=true) only: the gate, or the courier, tries what its confinement must refuse, as code planted by
 * an attacker would, and says how it went. GATEHOUSE_PROBE names what: open-segment, open-key, exec, ptrace; for the courier GATEHOUSE_PROBE_COURIER
 * does: exec, ptrace, netlink, or a path to open. */
#pragma once

#include "conf/settings.h"

#ifdef GATEHOUSE_TEST_HOOKS
void probe_confinement(const struct settings *settings);
void probe_courier(void);
#else
static inline void probe_courier(void)
{
}

static inline void probe_confinement(const struct settings *settings)
{
	(void)settings;
}
#endif
