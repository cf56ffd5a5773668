/* Operating systems as programs name them ("Linux 6.1.0-18-amd64", "Windows 10 Pro", "Mac OS X 10.15", "Debian GNU/Linux 12"),
 * by one name each, so that rules and lists can speak of them. */
#pragma once

#include "base/str.h"

/* "Linux", "Windows", "macOS", "iOS", "Android", "FreeBSD", ..; what is known of none: the text as it is, trimmed. Views of
 * `text` or constant. */
struct str os_family(struct str text);

enum { OS_FAMILIES_MAX = 32 };

/* The names that os_family() knows, each once; how many. Constant. */
size_t os_families(const char *out[OS_FAMILIES_MAX]);
