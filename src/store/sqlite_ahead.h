/* Reading ahead. The rows of a page of somebody's archive lie far apart in the file, as do the blocks of a long list, and
 * SQLite reads them one after the other: from a cold disk that is a wait for each. Here the pages of the file they are on
 * are found first, by walking down the tree of the table a level at a time, and asked for at once.
 *
 * Only a hint to the system: what is read here is looked at for nothing else, so it does not matter that it may be older
 * than what SQLite sees, or torn. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sq;
struct sq_ahead;

enum {
	SQ_AHEAD_MAX = 128, /* rows or pages asked for at once */
};

/* NULL: memory is out, or the file cannot be opened; then nothing is read ahead.
 *
 * The file is open until sq_ahead_free(), which has to come after the last connection of this process to it is closed:
 * closing any descriptor of a file takes away all locks that the process has on it. */
struct sq_ahead *sq_ahead_new(const char *path);
struct sq_ahead *sq_ahead_free(struct sq_ahead *a); /* accepts NULL */

/* The rows of `archive` with these numbers will be read. The thread of the connection that reads archives; at most
 * SQ_AHEAD_MAX, the others are left out. */
void sq_ahead_rows(struct sq *q, const uint64_t *seq, size_t len);

/* The owner's blocks that begin between these two (both excluded) will be read, from the end that comes first: as many as
 * are on `pages` pages, at most SQ_AHEAD_MAX. The same thread. */
void sq_ahead_list(struct sq *q, uint64_t owner, uint64_t low, uint64_t high, bool down, size_t pages);
