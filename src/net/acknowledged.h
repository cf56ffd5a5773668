/* What the other end of a TCP connection has acknowledged. */
#pragma once

#include <stdint.h>

/* Bytes since the connection was made; 0 when that cannot be known. */
uint64_t socket_acknowledged(int fd);
