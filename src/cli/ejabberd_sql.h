/* The SQLite database of an ejabberd (sql_type: sqlite): what of its dump's tables lies there, in the same way. Only read. */
#pragma once

#include "cli/intake.h"

/* Is the file a database of SQLite? */
bool ejabberd_sql_wrote(const char *path);

/* 0 or an exit code after saying why. The option --domain says whose people they are where the tables do not. */
[[nodiscard]] int ejabberd_sql_read(struct intake *in, const struct cli *cli, const char *path);
