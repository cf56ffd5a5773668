/* Shared by server.c (the loop) and served.c (one link). */
#pragma once

#include "base/buf.h"
#include "base/list.h"
#include "record/link.h"
#include "record/replay.h"
#include "record/server.h"

enum {
	READ_BYTES = 512 << 10, /* one read of a link */
	IN_MAX = LINK_ENTRY_MAX + FRAME_HEADER + READ_BYTES,
	OUT_MAX = 64 << 20,
	OUT_PAUSE = 1 << 20, /* replay waits while that much is queued */
};

struct server {
	struct server_config c;
	int epoll_fd;
	struct list links;
	unsigned pending;  /* entries in the present flush */
	bool awaited;      /* somebody may be waiting for one of them */
	uint64_t since_us; /* when the first of them came, monotonic */
	bool full;         /* as the links were told */
	bool watch_write;
	int failed; /* what ended writing; -errno, 0: nothing */
	uint64_t tick_us; /* when the next tick is due, monotonic */
};

struct served {
	struct list link;
	uint32_t index;
	int fd;
	bool ready;       /* HELLO was answered */
	bool dead;        /* to be freed at the end of the pass */
	bool waiting;     /* `in` may hold a whole frame that could not be taken yet */
	uint32_t watched; /* epoll events */
	char boot[9];
	char src[48]; /* BOOT.LINK. and room for the number of an entry */
	size_t src_head;
	uint64_t next_n;
	struct buf in, out;
	struct buf runs; /* of struct link_receipt: entries of the present flush */
	struct replay *replay;
	unsigned credit; /* REPLAY frames the gate is ready for */
};

/* Takes over fd. */
[[nodiscard]] int served_new(struct server *s, uint32_t index, int fd);
void served_free(struct served *l);
void served_fail(struct served *l, const char *why); /* why NULL: the peer went away */

/* Reads once, then served_take. 0 or -errno of the journal. */
[[nodiscard]] int served_read(struct server *s, struct served *l);

/* Takes frames for as long as the journal has room. */
[[nodiscard]] int served_take(struct server *s, struct served *l);
void served_send(struct server *s, struct served *l);
void served_watch(struct server *s, struct served *l);
void served_replay(struct server *s, struct served *l);
void served_receipts(struct server *s, struct served *l, uint64_t time_us);

/* Flushes and gives receipts. 0, JOURNAL_E_FULL or -errno. */
[[nodiscard]] int server_flush(struct server *s);
