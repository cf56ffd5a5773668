/* The server's side of SCRAM (RFC 5802, 7677; -PLUS with tls-exporter, RFC 9266, and tls-server-end-point,
 * RFC 5929), one object a login attempt. It never waits: the caller looks the user up in between. Messages
 * are the decoded SASL payloads; base64 and XML around them are the caller's.
 *
 *   scram_new -> scram_client_first -> (look up scram_jid(), kind scram_kind()) -> scram_set_verifier
 *             -> scram_server_first -> scram_client_final -> scram_user() is proven, or a reason
 *
 * A user that does not exist goes the same way with made-up credentials (stable salt, the usual iteration
 * count) and fails at the end like a wrong password. One loop at a time; holds at most some 6 KiB. Freed
 * objects are wiped. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "account/secret.h"
#include "base/buf.h"
#include "base/str.h"
#include "store/rows.h"

struct scram;

/* In the order of preference, strongest first, is: larger number first. */
enum scram_mechanism {
	SCRAM_SHA_1,
	SCRAM_SHA_1_PLUS,
	SCRAM_SHA_256,
	SCRAM_SHA_256_PLUS,
	SCRAM_SHA_512,
	SCRAM_SHA_512_PLUS,
	SCRAM_MECHANISMS,
};

enum {
	SCRAM_MESSAGE_MAX = 4096, /* bytes of one client message */
	SCRAM_USER_MAX = 1023,
	SCRAM_NONCE_MAX = 512, /* bytes of the client's nonce */
};

/* Outcomes; scram_condition() names the SASL failure (RFC 6120 section 6.5) that the client is told,
 * scram_reason() the exact cause for log and record, which the client is not told. */
enum scram_outcome {
	SCRAM_E_MALFORMED = 1, /* grammar, length, encoding */
	SCRAM_E_AUTHZID,       /* wants to act for somebody else */
	SCRAM_E_EXTENSION,     /* a mandatory extension (m=): always refused */
	SCRAM_E_DOWNGRADE,     /* gs2 flag y though -PLUS was offered, or p without a -PLUS mechanism */
	SCRAM_E_BINDING_TYPE,  /* a channel-binding type that is not available on this connection */
	SCRAM_E_BINDING,       /* the channel-binding data or the gs2 header is not ours */
	SCRAM_E_NONCE,         /* the final message is for another exchange */
	SCRAM_E_UNKNOWN_USER,  /* no such account, or no verifier of this kind */
	SCRAM_E_WRONG_PASSWORD,
	SCRAM_E_STATE, /* a message out of order */
};

struct scram_setup {
	enum scram_mechanism mechanism;
	/* Channel-binding data of this connection, raw; empty: not available. Both empty: -PLUS was not
	 * offered. Copied. */
	struct str tls_exporter;             /* 32 bytes, label EXPORTER-Channel-Binding */
	struct str tls_server_end_point;     /* hash of the server's certificate */
	struct str tls_unique;               /* the client's Finished message: docs/decisions/0005 */
	bool plus_offered;                   /* any -PLUS mechanism was in the list this client saw */
	struct str domain;                   /* of the stream, canonical; copied */
	const struct account_secret *secret; /* borrowed: must outlive the object */
	uint32_t iterations;                 /* what made-up credentials claim: the setting sasl.iterations */
};

/* "SCRAM-SHA-256-PLUS" -> the mechanism; false when it is none of ours. */
[[nodiscard]] bool scram_mechanism_parse(struct str name, enum scram_mechanism *out);
const char *scram_mechanism_name(enum scram_mechanism m);
bool scram_is_plus(enum scram_mechanism m);
enum store_verifier_kind scram_kind_of(enum scram_mechanism m);

[[nodiscard]] int scram_new(struct scram **out, const struct scram_setup *setup); /* 0, -EINVAL, -ENOMEM */
struct scram *scram_free(struct scram *s); /* accepts NULL, returns NULL */

/* The client's first message. 0: look up scram_jid(). */
[[nodiscard]] int scram_client_first(struct scram *s, struct str message);

/* Valid after scram_client_first. The bare JID the client claims to be; proven only after scram_client_final
 * returned 0. When the name is no possible localpart this is empty: do not look up, pass NULL to
 * scram_set_verifier. */
struct str scram_jid(const struct scram *s);
struct str scram_user(
	const struct scram *s); /* the prepared localpart, or the text as sent when it is none */
enum store_verifier_kind scram_kind(const struct scram *s);

/* What the look-up found; NULL for an unknown user. Copied. */
void scram_set_verifier(struct scram *s, const struct store_verifier *v);

/* Appends the server's first message. 0 or negative. */
[[nodiscard]] int scram_server_first(struct scram *s, struct buf *out);

/* Checks the proof; on success appends the server's final message ("v=..."). */
[[nodiscard]] int scram_client_final(struct scram *s, struct str message, struct buf *out);

/* The channel-binding type used ("tls-exporter"), or "" without one. */
const char *scram_binding_type(const struct scram *s);

/* "not-authorized", "malformed-request" or "invalid-authzid" for any result that is not 0
 * ("temporary-auth-failure" for a negative one). */
const char *scram_condition(int outcome);
/* One sentence for the log and the record. */
const char *scram_reason(int outcome);
