/* Answers to a stanza: errors (RFC 6120 section 8.3) and IQ results (8.2.3). An answer is built in the
 * caller's arena, has `to` and `from` of the stanza exchanged and its id, and never repeats the content it
 * answers. Strings of the stanza are copied, so the answer may outlive it. NULL: the arena is full. */
#pragma once

#include <stdbool.h>

#include "stanza/node.h"

/* Defined conditions (RFC 6120 8.3.3), in its order. */
enum stanza_condition {
	STANZA_BAD_REQUEST,
	STANZA_CONFLICT,
	STANZA_FEATURE_NOT_IMPLEMENTED,
	STANZA_FORBIDDEN,
	STANZA_GONE,
	STANZA_INTERNAL_SERVER_ERROR,
	STANZA_ITEM_NOT_FOUND,
	STANZA_JID_MALFORMED,
	STANZA_NOT_ACCEPTABLE,
	STANZA_NOT_ALLOWED,
	STANZA_NOT_AUTHORIZED,
	STANZA_POLICY_VIOLATION,
	STANZA_RECIPIENT_UNAVAILABLE,
	STANZA_REDIRECT,
	STANZA_REGISTRATION_REQUIRED,
	STANZA_REMOTE_SERVER_NOT_FOUND,
	STANZA_REMOTE_SERVER_TIMEOUT,
	STANZA_RESOURCE_CONSTRAINT,
	STANZA_SERVICE_UNAVAILABLE,
	STANZA_SUBSCRIPTION_REQUIRED,
	STANZA_UNDEFINED_CONDITION,
	STANZA_UNEXPECTED_REQUEST,
	STANZA_CONDITIONS,
};

/* What the sender may do about it (RFC 6120 8.3.2). */
enum stanza_error_type {
	STANZA_TYPE_DEFAULT, /* the one the RFC associates with the condition */
	STANZA_TYPE_AUTH,
	STANZA_TYPE_CANCEL,
	STANZA_TYPE_CONTINUE,
	STANZA_TYPE_MODIFY,
	STANZA_TYPE_WAIT,
};

struct str stanza_condition_name(enum stanza_condition condition);
enum stanza_error_type stanza_condition_type(enum stanza_condition condition);

/* False for what must never be answered with an error: an error, and an IQ result (RFC 6120 8.3.1, 8.2.3). */
bool stanza_may_be_answered(const struct node *stanza);

/* A stanza of the same kind with type='error'. `text` (data NULL: none) becomes <text xml:lang='lang'>,
 * `lang` may be STR_NONE for "en"; both are copied. `app` (NULL: none) is an application's own condition, a
 * detached node of the same arena; it becomes the last child of <error/>. */
struct node *stanza_error_reply(struct arena *arena, const struct node *stanza,
	enum stanza_condition condition, enum stanza_error_type type, struct str text, struct str lang,
	struct node *app);

/* The <error/> element alone, for answers put together elsewhere; `ns` is the content namespace. */
struct node *stanza_error_node(struct arena *arena, struct str ns, enum stanza_condition condition,
	enum stanza_error_type type, struct str text, struct str lang);

/* An empty <iq type='result'/>; add the payload with node_add(). */
struct node *stanza_iq_result(struct arena *arena, const struct node *iq);
