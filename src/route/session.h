/* A bound resource. Lives on its user's home loop; its connection (port) may be on another, or gone for a
 * while (XEP-0198). What the server sends to it goes through deliver.h, which keeps count. */
#pragma once

#include "parcel/errand.h"
#include "parcel/origin.h"
#include "parcel/port.h"
#include "route/home.h"
#include "route/inventory.h"
#include "route/kept.h"
#include "route/newcomer.h"
#include "route/sm.h"
#include "route/user.h"

/* How a session ends that is not ended yet. */
struct doom {
	const char *reason;           /* static: for the record */
	const char *condition, *text; /* static: of its stream error */
	struct standing *standing;    /* counted: what the person is told instead; NULL: that text */
	bool said;                    /* its connection has been closed with it */
};

struct session {
	struct user *user;
	struct list link;      /* user->sessions */
	struct origin *origin; /* counted */
	struct port *port;     /* counted; NULL: detached */
	struct blob *presence; /* last one broadcast, without `to`; NULL: not available */
	struct kept kept;      /* receipt of that presence */
	struct map *directed; /* full or bare JID -> its bytes: told of our presence outside the roster; NULL:
				 none */
	struct sm *sm;        /* NULL: no stream management */
	struct moved *moved;  /* owned; channel.h: the connection it goes on over; NULL: it has been on one only */
	struct standing *standing; /* counted: how it stands with the rules about clients; NULL: not judged yet (ruling.h) */
	struct seen *seen;    /* owned: what its client has shown of itself; NULL: nothing, memory was out */
	struct probation *probation; /* owned; while something of its client is asked for (probation.h) */
	struct sm *lobby;     /* owned; what came for it before it was judged (deliver.h); NULL: nothing */
	size_t lobby_bytes;
	struct quiet *quiet;  /* owned; NULL: the client is active (XEP-0352) */
	struct client_patches *patches; /* counted; patch.h; NULL: none, as for most */
	struct interest *interest; /* what its client wants to hear of (interest.h); NULL: nothing that is known */
	struct waiter_for *waiting; /* for that to become known (interest.h); the entry's it waits for; NULL: for nothing */
	struct forewarned *forewarned; /* owned; what is told before its date (forewarn.h); NULL: nothing yet */
	struct sighting sighting; /* of its client, for the inventory */
	struct newcomer newcomer; /* was its device known? */
	struct list unacked;  /* in home->unacked */
	struct list fresh;    /* in home->fresh */
	uint32_t fresh_until; /* loop_seconds() */
	uint32_t detached_until; /* loop_seconds() */
	struct list doomed;   /* in home->doomed, or in the list of who ends it: session_is_ending() */
	struct doom doom;     /* while it is ending */
	struct timer timer;   /* resumption time, or the wait for the old connection */
	struct errand *resuming; /* waits for the old connection to go */
	uint64_t connected_us;
	uint64_t arrived_us; /* in the network it is in */
	unsigned resume_seconds; /* how long it waits for its client */
	uint32_t handled;        /* inbound stanzas handled when the connection broke */
	int priority;
	bool interested;   /* has asked for the roster: gets roster pushes */
	bool wants_blocks; /* has asked for the block list */
	bool carbons;
	bool synced;  /* knows the end of its archive since it was bound (XEP-0386): what stands there is not sent again */
	bool warned;  /* by a headline, since it was bound */
	bool backlog; /* more waits offline than it may be given now: new messages go behind it */
};

struct session *session_by_resource(const struct user *u, struct str resource);
struct session *session_by_origin(const struct user *u, const struct origin *o);

static inline bool session_is_available(const struct session *s)
{
	return s->presence != NULL;
}

/* It is to be ended, in this pass or, where there are many, in one of the next. Until then nothing comes from it (origin->ending),
 * and nothing goes to it but the server's own words; it is not resumed. */
static inline bool session_is_ending(const struct session *s)
{
	return !list_is_empty(&s->doomed);
}

/* May it get something from there? A client of which a rule says that it has to do with nobody outside may not. */
static inline bool session_may_get(const struct session *s, const struct jid *from)
{
	return !s->standing || !(s->standing->limits & LIMIT_OUTSIDE) || home_is_inside(s->user->home, from->domain);
}

/* May it be given what people write (rule/client_rule.h)? */
static inline bool session_may_hear(const struct session *s)
{
	return !s->standing || !(s->standing->limits & LIMIT_HEAR);
}

/* And what was written before? */
static inline bool session_may_look_back(const struct session *s)
{
	return !s->standing || !(s->standing->limits & (LIMIT_HISTORY | LIMIT_HEAR));
}

/* May get messages addressed to the account (RFC 6121 8.5.2.1.1). */
static inline bool session_takes_messages(const struct session *s)
{
	return s->presence && s->priority >= 0 && !s->backlog && !session_is_ending(s);
}

#define session_each(s, u) for (struct session *s = session_first(u); s; s = session_next(s))

static inline struct session *session_first(const struct user *u)
{
	return list_is_empty(&u->sessions) ? NULL : container_of(u->sessions.next, struct session, link);
}

static inline struct session *session_next(const struct session *s)
{
	return s->link.next == &s->user->sessions ? NULL : container_of(s->link.next, struct session, link);
}

/* The errands, on the home loop. Each consumes the errand. */
void session_run_errand(struct task *task);

/* Binds e->resource, or one the server makes; sets e->origin. 0 or why not. */
[[nodiscard]] enum errand_error session_bind(struct user *u, struct errand *e);

/* XEP-0198: begins to count, with what e asks for. *text, in e's arena, is what is to be said. False: it cannot. */
[[nodiscard]] bool session_manage(struct session *s, struct errand *e, struct str *text);

/* XEP-0198: e goes on with the session it names, perhaps once its old connection has gone, or it is answered that it cannot. */
void session_ask_resume(struct user *u, struct errand *e);

/* Ends it because what e binds takes its place; `text`, static, is what its connection is told. */
void session_replace(struct session *old, const struct errand *e, const char *text);

/* Ends it: unavailable presence goes out, unacknowledged content to the offline queue. `condition` NULL: its
 * connection is gone already. Frees s. `reason` is for the record. */
void session_end(struct session *s, const char *condition, const char *text, const char *reason);

/* The same at the end of this pass; for callers that are walking over sessions. Closes the connection at once. Of very many, in
 * shares of the next passes: from now on each of them is ending. */
void session_doom(struct session *s, const char *condition, const char *text, const char *reason);

/* The same with what the standing tells the person, by a headline and by the stream error. */
void session_doom_told(struct session *s, const char *condition, struct standing *standing, const char *reason);

/* From now on it is ending; the caller has it in this list, and ends it soon. It leaves the list when it ends by itself. */
void session_condemn(struct session *s, struct list *into, const char *reason);

/* When the loops have stopped: frees them without a word to anybody. */
void sessions_discard(struct user *u);

/* Hands the session an answer in which another person's content stands, by its receipt; from any home. Nobody is there any
 * more: it is dropped. */
void session_answer_content(struct origin *o, struct blob *stanza, const struct kept *kept);

/* origin->answer. */
void session_answer(struct origin *o, struct port *port, struct blob *stanza);
