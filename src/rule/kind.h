/* The kinds of text one client can send to another, as rules name them, and the kinds of stanza walls speak
 * of. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

enum text_kind {
	KIND_NONE,
	KIND_MESSAGE,      /* "message": a body, in every language it is given */
	KIND_SUBJECT,      /* "subject" */
	KIND_XHTML,        /* "xhtml": XHTML-IM (XEP-0071), text and attribute values */
	KIND_CORRECTION,   /* "correction": a body that replaces an earlier one (XEP-0308) */
	KIND_STATUS,       /* "status": presence status text */
	KIND_NICK,         /* "nick": XEP-0172 */
	KIND_ROSTER_NAME,  /* "roster-name": item names and groups a client writes (RFC 6121 2) */
	KIND_SUBSCRIPTION, /* "subscription": text of a subscription request */
	KIND_RESOURCE,     /* "resource": resource parts of from and to */
	KIND_REASON,       /* "reason": of invitations and refusals */
	KIND_FORM,         /* "form": data forms (XEP-0004) */
	KIND_IDENTIFIER, /* "identifier": ids and threads, which a client chooses freely; detectors look here
			  * only when a rule names this kind, because numbers are usual in ids */
	KIND_IQ,         /* "iq": any other text in an IQ */
	KIND_OTHER,      /* "other": any text or attribute value in an element the product does not know */
	KIND_COUNT,
};

/* Sets of kinds are bits 1 << kind. */
#define KIND_ANY (((UINT32_C(1) << KIND_COUNT) - 1) & ~UINT32_C(1))

extern const char *const kind_names[KIND_COUNT]; /* "" for KIND_NONE */
[[nodiscard]] bool kind_parse(struct str name, enum text_kind *out);

enum wall_kind {
	WALL_MESSAGE,
	WALL_PRESENCE,     /* directed presence and presence to subscribers */
	WALL_SUBSCRIPTION, /* subscribe, subscribed, unsubscribe, unsubscribed */
	WALL_IQ,
	WALL_KIND_COUNT,
};

#define WALL_ANY ((UINT32_C(1) << WALL_KIND_COUNT) - 1)

extern const char *const wall_kind_names[WALL_KIND_COUNT]; /* "message", "presence", "subscription", "iq" */
