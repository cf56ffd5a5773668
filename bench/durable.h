/* The second process of the durable floor, and the relay's end of its link. Records are framed with four
 * bytes of length; the process appends whatever has come to its file, calls fdatasync() and answers with the
 * number of records that are safe since the start, one running 64-bit number. The relay keeps what waits in
 * the order in which it came. */
#ifndef BENCH_DURABLE_H
#define BENCH_DURABLE_H

#include <sys/types.h>

#include "str.h"

struct durable;

/* Called for each record when it is safe. `record` is only valid during the call. */
typedef void (*durable_safe_fn)(void *owner, int number, struct str record);

/* Forks the process that writes `path`. */
struct durable *durable_new(const char *path, durable_safe_fn safe, void *owner);
int durable_fd(const struct durable *d);
pid_t durable_pid(const struct durable *d);

/* Queues a record for the line `number`; durable_send() sends what is queued, once a pass. */
void durable_add(struct durable *d, int number, struct str record);
void durable_send(struct durable *d);

/* To be called when durable_fd() is readable: reads receipts and hands on what is safe. */
void durable_receive(struct durable *d);

#endif
