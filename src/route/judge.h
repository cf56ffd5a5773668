/* What program is at the other end of a session, and may it be there? Judged on the session's home loop.
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
 * Whoever's capabilities are known is asked nothing. What is answered later is looked at when it comes: a session is judged
 * again whenever it shows something new, when the policy changes, and at the dates of campaigns.
 *
 * The verdict: allowed; warned, by a headline once a login; restricted, by the limits of its standing (policy/limit.h); denied,
 * by a stream error with the reason, before anything it has sent went anywhere. */
#pragma once

#include "parcel/parcel.h"
#include "pubsub/caps.h"
#include "route/session.h"

struct probation;
struct interest;

/* The session has been made: sets s->standing, unless it is to be judged first. */
void judge_bind(struct session *s);
/* Something of it waits to be judged; `caps` of its presence, with an empty `ver` where it shows none. */
void judge_shows(struct session *s, const struct caps *caps);
/* It has broadcast available presence. */
void judge_presence(struct session *s, const struct node *presence);
/* An IQ result or error to the server from this session: perhaps the answer to a question from here. */
void judge_answer(struct session *s, const struct parcel *p);
/* interest.h: what its capabilities stand for is known; nobody has ever shown them; it was asked there and has answered
 * something else. */
void judge_caps(struct session *s, const struct interest *e);
void judge_stranger(struct session *s);
void judge_disco(struct session *s, const struct parcel *answer);
/* It goes on over a new connection. */
void judge_resumed(struct session *s);
/* The session is ending; it is being freed. */
void judge_end(struct session *s);
void judge_free(struct session *s);

/* Another policy is in force, or a date has come: all sessions of the home are decided about again. */
void judge_all(struct home *h);
/* Once a second: has a date come? */
void judge_tick(struct home *h);

/* One home's share. */
[[nodiscard]] int judge_init(struct home *h); /* 0 or -ENOMEM; before the loop runs */
void judge_done(struct home *h);
