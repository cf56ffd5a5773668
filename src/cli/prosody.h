/* The data directory of a Prosody that keeps its data in files ("internal" storage): a folder a host, in it a folder a
 * store, in it a file a person, names in percent-encoding. Prosody must be stopped. */
#pragma once

#include "cli/intake.h"

/* Takes in all hosts of the folder. 0 or an exit code after saying why. A file that cannot be read as what it is to be
 * ends the import, with its name. */
[[nodiscard]] int prosody_read(struct intake *in, const struct cli *cli, const char *folder);
