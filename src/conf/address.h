/* Addresses and domain names as settings write them. */
#pragma once

#include <stdbool.h>
#include <sys/socket.h>

#include "base/str.h"

/* "192.0.2.1:5222" or "[2001:db8::1]:5222"; a number for the port, 1 to 65535. */
[[nodiscard]] bool address_parse(struct str text, struct sockaddr_storage *out, socklen_t *out_len);

/* A DNS name in small letters: labels of letters, digits and inner hyphens (or UTF-8 beyond ASCII), each at
 * most 63 bytes, 253 together. Whether XMPP accepts it as a domain is judged by jid/. */
bool domain_is_valid(struct str name);
