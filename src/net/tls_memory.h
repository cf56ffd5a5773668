/* OpenSSL frees a connection's record buffers whenever they are empty, which keeps idle connections small and costs two
 * large allocations a record. The last few of them stay with the thread: the next record, of whichever connection,
 * finds one that is still in the cache. */
#pragma once

/* Before the first call into OpenSSL of the process. 0, or -EBUSY when OpenSSL has allocated already; then nothing
 * changes. */
int tls_memory_pool(void);
