/* A person as rules see one. Filled by whoever has the account directory; rules never look anything up. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

struct subject {
	struct str jid;           /* bare JID, prepared (RFC 7622) */
	struct str domain;        /* its domain part, prepared */
	struct str resource;      /* where one of them is meant; empty: all */
	const struct str *groups; /* as written in the account, compared without regard to ASCII case */
	size_t group_count;
	bool inside; /* the domain is one of ours */
};

/* Fills jid, domain and inside from a bare JID, without groups; `jid` is borrowed. */
struct subject subject_of(struct str jid, bool inside);
