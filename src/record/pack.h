/* The file of a sealed segment: lines in gzip members (RFC 1952) that follow each other, each of whole lines and
 * of about a MiB. Written once and read again by whoever wrote it; other readers take zlib. One thread. */
#pragma once

#include "base/str.h"

struct pack;

enum {
	PACK_MEMBER = 1 << 20, /* bytes of lines after which a member ends */
};

/* fd is borrowed: an empty file, open for reading and writing. 0 or -ENOMEM. */
[[nodiscard]] int pack_new(struct pack **out, int fd);
struct pack *pack_free(struct pack *p); /* accepts NULL, returns NULL */
void pack_freep(struct pack **p);

/* Adds a line; it gets its newline here. 1: a member was written with it; 0; or -errno. */
[[nodiscard]] int pack_put(struct pack *p, struct str line);

/* Writes what is left. Nothing can be added after it. 0 or -errno. */
[[nodiscard]] int pack_end(struct pack *p);

/* After pack_end: the lines of the next member, read from the file, each with its newline; valid until the next
 * call. 1; 0: the end; -EBADMSG: not what was written; or -errno. */
[[nodiscard]] int pack_next(struct pack *p, struct str *out);
