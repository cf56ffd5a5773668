/* The store anew from the record: `gatehouse restore --from-record`. Accounts, rosters and wishes come from a copy of the
 * store (--store), where there is one; people's archives and the messages that wait for somebody come from the record
 * alone, rooms from both. The server must be stopped, and the store's file gone. */
#pragma once

#include "cli/cli.h"

int rebuild(struct cli *cli);
