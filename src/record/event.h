/* The words of the record: types of lines and members of a line, with the codes they travel by between gate
 * and recorder. Both tables are append-only: a code keeps its meaning for good, a name is never used for
 * something else (docs/record-format.md lists them). */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

/* code, constant, JSON name, may come from a gate */
#define EVENT_TABLE(X)                                                                                       \
	X(1, SEGMENT, "segment", false)                                                                      \
	X(2, BATCH, "batch", false)                                                                          \
	X(3, RECOVERED, "recovered", false)                                                                  \
	X(4, CONTENT, "content", true)                                                                       \
	X(5, DELIVERED, "delivered", true)                                                                   \
	X(6, OFFLINE, "offline", true)                                                                       \
	X(7, FETCHED, "fetched", true)                                                                       \
	X(8, LOGIN, "login", true)                                                                           \
	X(9, LOGIN_FAILED, "login-failed", true)                                                             \
	X(10, SESSION_OPEN, "session-open", true)                                                            \
	X(11, SESSION_CLOSE, "session-close", true)                                                          \
	X(12, ADMIN, "admin", true)                                                                          \
	X(13, POLICY, "policy", true)                                                                        \
	X(14, START, "start", true)                                                                          \
	X(15, STOP, "stop", true)                                                                            \
	X(16, ACCESS, "access", true)                                                                        \
	X(17, ALARM, "alarm", true)                                                                          \
	X(18, ROSTER, "roster", true)                                                                        \
	X(19, BLOCKLIST, "blocklist", true)                                                                  \
	X(20, REFUSED, "refused", true)                                                                      \
	X(21, REPORT, "report", true)                                                                        \
	X(22, CLIENT, "client", true)                                                                        \
	X(23, CLIENT_RULE, "client-rule", true)                                                              \
	X(24, MAIL, "mail", true)                                                                            \
	X(25, DEVICE, "device", true)                                                                       \
	X(26, TAKEOVER, "takeover", true)                                                                    \
	X(27, PARALLEL, "parallel", true)

enum event {
	EVENT_NONE,
#define X(code, name, text, gate) EVENT_##name = code,
	EVENT_TABLE(X)
#undef X
		EVENT_END
};

enum event_value {
	VALUE_STRING,
	VALUE_NUMBER, /* unsigned, below 2^53 */
	VALUE_BOOL,
	VALUE_LIST,  /* array of strings; on the link: u16 length and bytes, each */
	VALUE_PAIRS, /* array of [number, string]; on the link: u64, u16 length and bytes, each */
};

/* code, constant, JSON name, type of the value, may come from a gate */
#define EVENT_KEY_TABLE(X)                                                                                   \
	X(1, ID, "id", STRING, true)                                                                         \
	X(2, SRC, "src", STRING, false)                                                                      \
	X(3, CONV, "conv", STRING, true)                                                                     \
	X(4, CSEQ, "cseq", NUMBER, false)                                                                    \
	X(5, FROM, "from", STRING, true)                                                                     \
	X(6, FROM_ID, "from_id", STRING, true)                                                               \
	X(7, TO, "to", STRING, true)                                                                         \
	X(8, TO_ID, "to_id", STRING, true)                                                                   \
	X(9, KIND, "kind", STRING, true)                                                                     \
	X(10, STANZA, "stanza", STRING, true)                                                                \
	X(11, DELIVER, "deliver", STRING, true)                                                              \
	X(12, ACTION, "action", STRING, true)                                                                \
	X(13, RULES, "rules", LIST, true)                                                                    \
	X(14, POLICY, "policy", STRING, true)                                                                \
	X(15, RETENTION, "retention", STRING, true)                                                          \
	X(16, SESSION, "session", STRING, true)                                                              \
	X(17, RESOURCE, "resource", STRING, true)                                                            \
	X(18, ADDRESS, "address", STRING, true)                                                              \
	X(19, SM, "sm", STRING, true)                                                                        \
	X(20, SM_H, "sm_h", NUMBER, true)                                                                    \
	X(21, REASON, "reason", STRING, true)                                                                \
	X(22, TEXT, "text", STRING, true)                                                                    \
	X(23, OF, "of", PAIRS, true)                                                                         \
	X(24, ACTOR, "actor", STRING, true) /* who did an administrator's act */                             \
	X(25, ACTOR_ID, "actor_id", STRING, true)                                                            \
	X(26, TARGET, "target", STRING, true) /* to what or whom */                                          \
	X(27, COMMAND, "command", STRING, true)                                                              \
	X(28, MECHANISM, "mechanism", STRING, true) /* SASL */                                               \
	X(29, TLS, "tls", STRING, true)             /* version and cipher */                                 \
	X(30, VERSION, "version", STRING, true)     /* of the software, of a policy */                       \
	X(31, HASH, "hash", STRING, true)                                                                    \
	X(32, COUNT, "count", NUMBER, true)                                                                  \
	X(33, BYTES, "bytes", NUMBER, true)                                                                  \
	X(34, SECONDS, "seconds", NUMBER, true)                                                              \
	X(35, OF_SEQ, "of_seq", NUMBER, true)   /* the line this one is about */                             \
	X(36, OBSERVED, "observed", LIST, true) /* rules that only watched */                                \
	X(37, FINDINGS, "findings", LIST, true)                                                              \
	X(38, MEMBERS, "members", LIST, true) /* whom a room's entry was for */                              \
	X(39, ROOM, "room", STRING, true)                                                                    \
	X(40, CLIENT, "client", STRING, true) /* product and version, a claim */                             \
	X(41, LANGUAGE, "language", STRING, true)                                                            \
	X(42, FILTER, "filter", STRING, true) /* what a reader of the record asked for */                    \
	X(43, UID, "uid", NUMBER, true)       /* of the kernel, for local acts */                            \
	X(44, OK, "ok", BOOL, true)                                                                          \
	X(45, CERT_ISSUER, "cert_issuer", STRING, true) /* of the client's certificate */                    \
	X(46, CERT_SERIAL, "cert_serial", STRING, true)                                                      \
	X(47, CERT_SHA256, "cert_sha256", STRING, true)                                                      \
	X(48, NICK, "nick", STRING, true) /* the sender's in the room */                                     \
	X(49, REPORTED, "reported", LIST, true) /* stanza-ids */                                             \
	X(50, SIGNALS, "signals", STRING, true) /* what a client has shown of itself, as JSON */             \
	X(51, JUDGEMENT, "judgement", STRING, true) /* what is made of that, as JSON */                      \
	X(52, CONTRADICTS, "contradicts", LIST, true) /* signals that speak of different products */   \
	X(53, LIMITS, "limits", LIST, true) /* what a client may not do */ \
	X(54, AGENT, "agent", STRING, true) /* which installation a client says it is (XEP-0388), a claim; and: */ \
	X(55, SOFTWARE, "software", STRING, true)                                                            \
	X(56, DEVICE, "device", STRING, true)                                                                \
	X(57, BEFORE, "before", STRING, true) /* address of the connection there was */                \
	X(58, SIGNS, "signs", LIST, true) /* what speaks for somebody else's hand */                   \
	X(59, NETWORKS, "networks", LIST, true)

enum event_key {
	KEY_NONE,
#define X(code, name, text, type, gate) KEY_##name = code,
	EVENT_KEY_TABLE(X)
#undef X
		KEY_END
};

struct event_type {
	struct str name;
	bool gate; /* may come from a gate */
};

enum { EVENT_LEAD = 16 };

struct event_member {
	struct str name;
	char lead[EVENT_LEAD]; /* ,"name": */
	uint8_t lead_len;
	bool gate;
	enum event_value value;
};

extern const struct event_type event_types[EVENT_END];
extern const struct event_member event_members[KEY_END];

/* NULL for a code that is not in the table. */
static inline const struct event_type *event_type(uint64_t code)
{
	return code > 0 && code < EVENT_END ? &event_types[code] : NULL;
}

static inline const struct event_member *event_member(uint64_t code)
{
	return code > 0 && code < KEY_END ? &event_members[code] : NULL;
}

/* EVENT_NONE, KEY_NONE when unknown. */
enum event event_by_name(struct str name);
enum event_key event_key_by_name(struct str name);
