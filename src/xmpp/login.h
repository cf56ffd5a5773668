/* A login under way. The mechanisms (login.c) know nothing of how their messages are written: two syntaxes share them,
 * that of RFC 6120 section 6 (sasl.c) and that of XEP-0388 (sasl2.c). Private to src/xmpp. */
#pragma once

#include "account/hashed_token.h"
#include "account/plain.h"
#include "account/scram.h"
#include "store/store.h"
#include "xmpp/stream.h"

enum { PAYLOAD_MAX = 4096 }; /* bytes of one message, decoded */

enum login_step {
	STEP_FIRST,  /* waits for the client's first message (none came with the request) */
	STEP_LOOKUP,
	STEP_FINAL,  /* waits for the client's final message */
	STEP_DELAY,  /* a failure is answered late */
	STEP_SETTLE, /* proven; its tokens are being written */
};

struct login_syntax {
	void (*challenge)(struct stream *s, struct str payload); /* empty: the client has to begin */
	/* `text`: for the person, may be empty. */
	void (*failure)(struct stream *s, const char *condition, struct str text);
	/* The stream knows its person already. `payload`: of the mechanism, may be empty. */
	void (*success)(struct login *l, struct str payload);
	bool has_tokens; /* XEP-0484 */
};

/* token.c: of a device's tokens, in this login. */
struct token_login {
	bool proves;             /* one is the proof, by this mechanism: */
	enum ht_mechanism mechanism;
	struct ht_message message;
	uint8_t answer[HT_HASH]; /* the server's proof */
	bool counts, invalidate; /* <fast/> */
	uint64_t count;
	struct str used;         /* its seed, in the arena */
	bool is_due;             /* it is to be replaced */
	bool wanted;             /* a new one, for this mechanism: */
	enum ht_mechanism wanted_for;
	char seed[HT_SEED + 1];  /* of the new one; empty: there is none */
	char text[HT_TOKEN + 1];
	uint64_t expires_us;
};

struct sasl2_request; /* sasl2.h */

struct login {
	const struct login_syntax *syntax;
	struct sasl2_request *request; /* in the arena; NULL: RFC 6120 */
	struct stream *stream; /* held by a reference to its port while `pending` */
	struct scram *scram;
	struct arena *arena;
	struct plain plain;
	struct token_login token;
	const struct person *before; /* counted; who it was when the password was looked up; NULL: nobody, or none was */
	const struct person *person; /* counted; proven; while tokens are written, and: */
	struct str payload;          /* of the mechanism's success; in the arena */
	struct store_verifier verifier;
	enum store_verifier_kind kind; /* of the verifier */
	bool has_verifier;
	struct store_req req;
	uv_work_t work;
	struct timer delay;
	struct sockaddr_storage peer;
	enum login_step step;
	const char *mechanism;
	const char *condition; /* of the failure that is being delayed */
	struct str jid;        /* the claimed account */
	unsigned iterations;   /* of the settings when it began: the worker must not look into what a reload replaces */
	int outcome;
	bool is_plain, is_external, refused, pending, orphan;
};

/* ---- login.c: for the syntaxes ---- */

/* Begins one; the stream's earlier one is over. False: there is no such mechanism, and the failure has been said. */
[[nodiscard]] bool login_begin(struct stream *s, const struct login_syntax *syntax, struct str mechanism);
/* The client's first message, and its answer to the challenge. */
void login_first(struct login *l, struct str message);
void login_answer(struct login *l, struct str message);
/* A failure before any password was in play; the login is over. */
void login_fail(struct stream *s, const struct login_syntax *syntax, const char *condition);
/* The text of an element, decoded: NULL, or the condition that answers it. */
[[nodiscard]] const char *login_decode(struct str text, struct buf *out);
/* It may be a password: as it was decoded, and as it stands in the tree. */
void login_wipe_payload(struct buf *payload);
void login_wipe_element(const struct node *n);

/* ---- login.c: for token.c ---- */

/* An answer is awaited; the stream stands still. login_arrived() first of all when it comes: false when nobody waits for it
 * any more. */
void login_depart(struct login *l);
bool login_arrived(struct login *l);
/* Input goes on, unless something further is awaited. */
void login_hear(struct stream *s);
/* Nobody can guess a token: the address is counted, the account is not. The login is over. */
void login_reject_token(struct login *l, const char *condition, struct str reason);
void login_break(struct login *l, const char *condition);
/* The proof is good: is the person let in? */
void login_succeed(struct login *l, struct str payload);
/* And everything is written: takes the reference to the person. */
void login_admit(struct login *l, const struct person *person, struct str payload);
/* For `gatehouse clients refused` (net/rejections.h). `rule`: of a switch its id. */
void login_refused(const struct stream *s, const char *kind, struct str owner, struct str rule, struct str reason);

/* ---- token.c ---- */

bool tokens_have(const struct stream *s, enum ht_mechanism m);
void tokens_put_feature(const struct stream *s, struct buf *out); /* <fast/>, if there are any */
/* Which account the client's first message claims: the throttle has been asked by the caller. */
void token_look_up(struct login *l);
/* Writes what this login changes of the device's tokens, and then admits; takes the reference. False: nothing changes, and nothing has
 * been done. */
[[nodiscard]] bool token_settle(struct login *l, const struct person *person, struct str payload);
void token_put(const struct login *l, struct buf *out); /* <token/>, if there is a new one */
