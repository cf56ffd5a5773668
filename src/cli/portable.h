/* XEP-0227: accounts with what belongs to them as XML. Read as a stream, a person's child at a time, so that the size of
 * the file does not matter; XInclude of files below the first one's folder. Written from a copy of the store. */
#pragma once

#include "cli/intake.h"

#define NS_PIE STR("urn:xmpp:pie:0")
#define NS_PIE_SCRAM STR("urn:xmpp:pie:0#scram")
#define NS_PIE_MAM STR("urn:xmpp:pie:0#mam")

/* Is it a folder with documents in it, as `export --each` makes one? */
bool portable_is_folder(const char *path);

/* Takes in a file and what it includes, or all documents (*.xml) of a folder. 0 or an exit code after saying why. */
[[nodiscard]] int portable_read(struct intake *in, const struct cli *cli, const char *path);
