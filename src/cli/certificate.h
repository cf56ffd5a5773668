/* The server's certificate: making one with a certificate authority of its own, and judging the one in use.
 */
#pragma once

#include "base/buf.h"
#include "base/err.h"
#include "conf/settings.h"

/* Makes in the folder `dir`: ca.key, ca.crt (ten years), server.key, server.crt (two years, then the CA's
 * certificate; all domains as subject alternative names, in their ASCII form). ECDSA P-256. Keys get mode
 * 0600. Existing files are overwritten. 0 or negative with *err set. */
[[nodiscard]] int certificate_make(const char *dir, const struct str *domains, size_t n, struct err *err);

/* Can the server use tls.certificate and tls.key of the settings, and the files for clients' certificates? 0, or -EINVAL / -errno with what is wrong
 * and the remedy. What works but soon will not (it ends in a few days, it lacks a domain) is put into
 * `warnings`. */
[[nodiscard]] int certificate_check(const struct settings *settings, struct buf *warnings, struct err *err);
