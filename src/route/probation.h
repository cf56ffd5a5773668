/* Until it is known what program a session is: what it shows, what it is asked, and how long is waited (ruling.h: what is made of
 * it). On the session's home loop.
 *
 *   bind --- a rule needs to know ---> on probation: what it sends waits in stage admit (xmpp/admit.c), what comes for it in
 *     |                                the lobby (deliver.h); the server asks, for clients.wait_seconds at most
 *     +----- no rule does -----------> stands as everybody does; asked for the inventory alone (clients.ask)
 *
 * A session on probation is judged as soon as there is nothing more worth waiting for:
 *   - its capabilities are known, from others who have shown them or from its own answer, and lead to product and version; or
 *   - both questions are answered (XEP-0030 and XEP-0092; an error is an answer); or
 *   - one is, and ANSWER_MS have gone by since; or
 *   - the time is over. What has answered nothing by then is of the class `silent`.
 * Whoever's capabilities are known is asked nothing, or only for version and system and afterwards: where the version is one that
 * others with the same hash have said, or they tell no system. Where a rule for it is about systems that is waited for. What is
 * answered later is looked at when it comes: a session is judged again whenever it shows something new, when the policy changes,
 * and at the dates of campaigns. */
#pragma once

#include "parcel/parcel.h"
#include "pubsub/caps.h"
#include "route/session.h"

struct probation;
struct interest;

/* The session has been made: sets s->standing, unless it is to be judged first. */
void probation_bind(struct session *s);
/* Its device is known, or known not to be (confirmation.h), and it has no standing yet. */
void probation_met(struct session *s);
/* Something of it waits to be judged; `caps` of its presence, with an empty `ver` where it shows none. */
void probation_shows(struct session *s, const struct caps *caps);
/* It has broadcast available presence. */
void probation_presence(struct session *s, const struct node *presence);
/* An IQ result or error to the server from this session: perhaps the answer to a question from here. */
void probation_answer(struct session *s, const struct parcel *p);
/* interest.h: what its capabilities stand for is known; nobody has ever shown them; it was asked there and has answered
 * something else. */
void probation_caps(struct session *s, const struct interest *e);
void probation_stranger(struct session *s);
void probation_disco(struct session *s, const struct parcel *answer);
/* Other rules are in force, and now it matters what it is: asked at once, while it goes on; a session without a connection finds the
 * questions when it is resumed. */
void probation_ask(struct session *s);
/* It goes on over a new connection. */
void probation_resumed(struct session *s);
/* The session is ending; it is being freed. */
void probation_end(struct session *s);
void probation_free(struct session *s);
