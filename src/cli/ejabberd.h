/* The tables of an ejabberd as text (`ejabberdctl dump FILE`): rooms with what was said in them, and people's histories,
 * which its export of accounts (XEP-0227) leaves out. The accounts come from that export, before. */
#pragma once

#include "cli/intake.h"

/* Does the file begin like one? */
bool ejabberd_wrote(const char *path);

/* 0 or an exit code after saying why. */
[[nodiscard]] int ejabberd_read(struct intake *in, const struct cli *cli, const char *path);
