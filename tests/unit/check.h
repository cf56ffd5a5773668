/* What every unit test includes: cmocka with the headers it wants first, printing TAP for meson. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/str.h"

#define assert_str(actual, expected)                                                                                   \
	do {                                                                                                           \
		struct str actual_ = (actual), expected_ = str_from(expected);                                         \
		if (!str_eq(actual_, expected_))                                                                       \
			fail_msg("'%.*s' is not '%.*s'", STR_FMT(actual_), STR_FMT(expected_));                       \
	} while (0)
