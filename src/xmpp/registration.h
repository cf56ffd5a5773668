/* Accounts by invitation (XEP-0445 with XEP-0077): what a client may ask before it has logged in, on TLS only.
 *
 *   <preauth token/> --> store: is it open? --> accepted
 *   <query username password/> --> worker: verifiers --> record --> store: account and invitation at once --> answer
 *
 * The record has the line before anything is done. From then on the account is made also when the client has gone
 * meanwhile; until then a stream that ends takes all of it along. Private to src/xmpp. */
#pragma once

#include "xmpp/stream.h"

/* An IQ of these protocols, where invitations are on. */
bool registration_is_request(const struct stream *s, const struct node *n);
void registration_iq(struct stream *s, const struct node *n);

/* The stream features, while there is an open invitation. */
void registration_features(const struct stream *s, struct buf *out);
