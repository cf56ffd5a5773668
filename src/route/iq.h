/* IQs (RFC 6120 8.2.3, RFC 6121 8.5): one table of what the server itself answers, and the way to other
 * people's resources. */
#pragma once

#include "parcel/parcel.h"
#include "route/session.h"

/* On the sender's home, the sender being loaded. Takes over the parcel's reference. */
void iq_send(struct user *sender, struct parcel *p);

/* To an account of ours, whoever sends it. From any home; takes over the parcel's reference. */
void iq_pass(struct parcel *p);

/* XEP-0092. Takes over the parcel's reference. */
void iq_version_answer(struct parcel *p);

/* The one child of a get or set. */
static inline const struct node *iq_payload(const struct parcel *p)
{
	return node_first_element(p->stanza);
}

static inline bool iq_is_request(const struct parcel *p)
{
	return str_is(p->type, "get") || str_is(p->type, "set");
}

/* Requests that are forbidden to everybody but the account itself. */
[[nodiscard]] bool iq_is_owners(const struct node *payload);

/* May the one who asks know that the account is there, and what it can? Who gets its presence, unless a wall parts them. */
[[nodiscard]] bool iq_may_know(const struct user *u, const struct parcel *p);

/* "<iq type='result' ...>" that answers p; the caller adds the payload and "</iq>". */
void iq_put_result(struct buf *b, const struct parcel *p);
