/* What is held of a client, made of what it shows. Pure: nothing is asked, nothing is kept, the time is linear in the length of the
 * signals. What counts for the product, most first:
 *
 *   caps       its hash is verified and in the table                                         90
 *   identity   its hash is verified: the software form (XEP-0232) or its identity            80
 *   node       the hash is in the table but not verified, or its node is a known product's   60, 50
 *   agent      SASL2's software                                                              50
 *   version    the answer to XEP-0092, or an identity without a verified hash                40
 *   resource   one of the form that a product makes                                          20
 *   tls        a fingerprint that the table names a product for                              10
 *
 * The numbers are the confidence in percent; 5 more where the TLS library is one the product is built with, 15 less for each
 * contradiction, never below 5. The version comes from the same signals in the same order, from those that speak of this product or
 * its kin; where the table says which versions show a hash and the client claims another, the table's word counts.
 * A client that shows nothing and answers nothing is silent; one that answers, but without a name that leads anywhere, unknown. */
#pragma once

#include "client/judgement.h"
#include "client/signals.h"
#include "client/table.h"

enum {
	SIGNAL_TEXT_MAX = 256, /* bytes of each signal that are looked at */
};

/* One reference; NULL: memory is out. */
[[nodiscard]] struct judgement *client_judge(const struct client_table *table, const struct client_signals *signals);
