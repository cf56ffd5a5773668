/* What a stream asks of its user's home loop, and the answer. The stream allocates it, route/ runs it on the home loop
 * and, for those that have an answer, sends it back to the port's loop, where `answer` runs and frees it.
 * SM_ENABLE and SM_RESUME: on success route/ itself writes <enabled/> or <resumed/> (and then what was not acknowledged)
 * to the port, so that it stands in order with the stanzas that are counted; the answer only tells the stream. <failed/>
 * is the stream's to write. OPEN writes its whole answer in the same way.
 * An errand holds a reference to its port. One stream's errands and parcels arrive at the home loop in order. */
#pragma once

#include "jid/jid.h"
#include "loop/loop.h"
#include "parcel/origin.h"
#include "parcel/port.h"
#include "parcel/standing.h"

enum errand_kind {
	ERRAND_BIND,      /* answered. in: person, bare jid, wanted resource; out: origin or error */
	ERRAND_SM_ENABLE, /* answered. in: wants_resume; out: sm_id, max */
	ERRAND_SM_RESUME, /* answered. in: person, bare jid, sm_id, h; out: origin, handled or error */
	ERRAND_OPEN,      /* answered. in: person, bare jid, opening, and for what it asks for resource, sm_id, h, wants_resume,
	                     max_seconds; out: origin, or none (nothing is bound), opening->resumed, handled, or error */
	ERRAND_SM_ACK,    /* h: the client's count of what it handled */
	ERRAND_STATE,     /* inactive: what the client says of itself (XEP-0352) */
	ERRAND_SHOWS,     /* what a session not judged yet has sent first: caps_*, empty where it shows none */
	ERRAND_COMPONENT, /* answered. in: bare (the domain), address; out: origin or error. GONE ends it, too */
	ERRAND_GONE,      /* the stream has ended and none of its parcels is under way; reason, handled */
};

enum errand_error {
	ERRAND_OK,
	ERRAND_E_CONFLICT,        /* bind: resource is taken by a session that stays; component: connected already */
	ERRAND_E_TOO_MANY,        /* bind: resource-constraint, sessions per account */
	ERRAND_E_BAD_RESOURCE,    /* bind: not a valid resourcepart */
	ERRAND_E_BARRED,          /* bind: a switch leaves this account, or this device, no session (rule/lockdown.h) */
	ERRAND_E_NO_ACCOUNT,      /* bind: removed, disabled or given a new password meanwhile */
	ERRAND_E_ITEM_NOT_FOUND,  /* resume: no such session (or not this account's); `handled` may say how far we got */
	ERRAND_E_COUNT_TOO_HIGH,  /* resume or ack: h beyond what was sent */
	ERRAND_E_FAILED,          /* internal */
};

enum gone_reason {
	GONE_CLOSED,  /* the client closed its stream properly: the session ends */
	GONE_LOST,    /* the connection broke or was found dead: resumable sessions wait */
	GONE_ERROR,   /* we ended it with a stream error: the session ends */
};

/* OPEN: what a login asks for with itself (XEP-0388 inline features: XEP-0386, XEP-0198). The home loop writes the whole
 * answer, for it says what has become of these, and nothing may come between it and what the session is sent:
 *
 *   head AUTHORIZATION-IDENTIFIER </authorization-identifier> [<resumed/> | <failed/>] [<bound/>] tail [features]
 *
 * Strings in the errand's arena. */
struct opening {
	struct str head, tail;
	struct str features_bound, features_unbound; /* behind it, unless a session was resumed */
	bool resume, bind, manage, carbons, inactive; /* wanted; manage: XEP-0198 <enable/> */
	bool resume_is_bad;          /* it lacks what it needs: only fails */
	bool resumed;                /* out */
};

struct errand {
	struct task task;
	enum errand_kind kind;
	enum errand_error error;
	struct port *port;
	void (*answer)(struct errand *e); /* on the port's loop */

	const struct person *person;      /* BIND, RESUME: counted reference, proven by SASL */
	struct origin *origin;      /* out of BIND and RESUME (a reference for the stream); in for the others */
	struct standing *standing;  /* out of BIND and RESUME (a reference for the stream); NULL: to be judged yet */
	struct arena *arena;        /* of the strings below; freed with the errand */
	struct jid bare;
	struct str resource;        /* BIND, OPEN: as asked for, unprepared; empty: the server makes one */
	struct str address, tls, mechanism;
	struct str ja4;             /* of the ClientHello (client/ja4.h) */
	struct str agent_id, agent_software, agent_device; /* origin.h */
	struct opening *opening;    /* OPEN; in the arena */
	struct str request_id;      /* BIND: id of the IQ; the stream's own note */
	struct str caps_hash, caps_ver, caps_node; /* SHOWS: of its presence (XEP-0115) */
	struct str sm_id;           /* in: RESUME; out: SM_ENABLE */
	bool wants_resume;
	bool inactive;              /* STATE */
	unsigned max_seconds;       /* SM_ENABLE. in: what the client asked for, 0: nothing; out: what it gets */
	uint32_t h;                 /* in: RESUME, ACK */
	uint32_t handled;           /* inbound stanzas handled. in: GONE; out: RESUME */
	bool has_handled;           /* RESUME failed, but `handled` is known */
	enum gone_reason reason;
	struct route *route;        /* route/'s own */
};

[[nodiscard]] struct errand *errand_new(enum errand_kind kind, struct port *port);
void errand_free(struct errand *e);

/* Answers: on the port's own loop at once, so that nothing written later comes before it; else by a task. */
void errand_answer(struct errand *e, enum errand_error error);
