/* Where the other files of the installation are: from the environment, beside this executable (installed, or
 * in a build directory), or where the build was configured to put them. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

enum {
	PLACE_MAX = 4096,
};

/* Both write PLACE_MAX bytes at most. The path of a server executable ("supervisor", "recorder", "reader").
 * False when it is nowhere; out then holds the place it was expected at. */
[[nodiscard]] bool place_libexec(const char *name, char *out);

/* The folder of the sample policy (rules/, dictionaries/). The same. */
[[nodiscard]] bool place_rules(char *out);
