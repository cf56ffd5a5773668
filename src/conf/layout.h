/* The version of the data directory's layout, which DIR/VERSION carries: what stands where, and the form of
 * the files that have no version of their own. A server must not touch what a later version has written. */
#pragma once

#include "base/err.h"

enum {
	LAYOUT_VERSION = 1, /* what init writes, and the latest that is known */
};

/* 0: DIR/VERSION is known, or there is none (settings alone are being looked at). -EPROTO with *err naming
 * the file: it is of a later version, or no version at all. Or the negative errno of reading it. */
[[nodiscard]] int layout_check(const char *dir, struct err *err);
