/* TLS handshakes that failed: counted, and told to whoever reads the log in one line an address and minute, with the
 * reason and what to do about it. One place for the whole process, of a fixed size; any thread. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

/* By where they came from: this machine, private and link-local networks (RFC 1918, 3927, 4193, 4291), anywhere else. */
struct handshake_failures {
	uint64_t loopback, local, elsewhere;
};

/* One failed with the error at the end of OpenSSL's queue, which stays the caller's to empty. `from` may be NULL: unknown.
 * Who went away without a word (a look whether the port is open) is not counted. */
void handshake_failed(const struct sockaddr *from);

void handshake_failures(struct handshake_failures *out); /* since start */

/* For tests: what is said for OpenSSL's error `code`; and whether a line is due for `from` at that minute. */
const char *handshake_reason(unsigned long code);
bool handshake_is_due(const struct sockaddr *from, uint64_t minute);
