/* Passing descriptors over a unix socket (SCM_RIGHTS). Blocking sockets or ones that are known to be ready. */
#pragma once

#include <stddef.h>
#include <sys/types.h>

/* Sends `len` (>= 1) bytes with one descriptor (or none: fd -1). 0 or -errno. */
[[nodiscard]] int fdpass_send(int socket, const void *data, size_t len, int fd);

/* Receives at most `len` bytes; *out_fd is the descriptor that came along (close-on-exec) or -1.
 * Number of bytes, 0 at the end, or -errno. */
[[nodiscard]] ssize_t fdpass_recv(int socket, void *data, size_t len, int *out_fd);
