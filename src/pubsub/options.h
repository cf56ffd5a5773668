/* How a node is set (XEP-0060 16.4.4): the values, the form that shows and changes them, the preconditions of a publish
 * request (7.1.5), and the text the store keeps. One table of fields makes all. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "pubsub/fault.h"
#include "stanza/node.h"

enum node_access {
	ACCESS_OPEN,
	ACCESS_PRESENCE,
	ACCESS_ROSTER,
	ACCESS_WHITELIST,
};

enum node_send_last {
	SEND_LAST_NEVER,
	SEND_LAST_ON_SUB,
	SEND_LAST_ON_SUB_AND_PRESENCE,
};

enum {
	OPTIONS_TEXT_MAX = 1024, /* bytes of a text, or of a list */
	OPTIONS_ITEMS_MAX = 1000000,
};

struct node_options {
	bool persist, deliver_payloads, deliver_notifications, notify_config, notify_delete, notify_retract;
	bool presence_based;
	uint32_t access, send_last, notification_type; /* positions among the words of the field */
	uint32_t items_max;                            /* 0: as many as the server keeps */
	struct str title, description, type;           /* heap; data NULL: empty. type: namespace of payloads */
	struct str groups;                             /* of the roster, separated by U+001F */
};

void options_init(struct node_options *o); /* as XEP-0163 wants them */
void options_done(struct node_options *o);
[[nodiscard]] bool options_copy(struct node_options *to, const struct node_options *from); /* false: memory is out */
[[nodiscard]] bool options_equal(const struct node_options *a, const struct node_options *b);

/* The fields, with values, as children of <x type='form'/>. `groups`: of the owner's roster, for him to choose from, separated
 * by U+001F; what was chosen before is offered in any case. */
void options_put_form(struct buf *out, const struct node_options *o, struct str groups);

/* The same as children of <x type='submit'/>: values only. */
void options_put_submit(struct buf *out, const struct node_options *o);

/* Takes over what a submitted configuration says; what it leaves out stays, fields of others are passed over. On failure *o
 * may have changed in part: work on a copy. PUBSUB_OK, PUBSUB_E_OPTIONS, _ACCESS_MODEL, _BAD, _FAILED. */
[[nodiscard]] enum pubsub_fault options_take_form(
	struct node_options *o, const struct node *form, struct arena *arena);
/* The same for publish-options: an unknown field is a precondition that is not met. */
[[nodiscard]] enum pubsub_fault options_take_preconditions(
	struct node_options *o, const struct node *form, struct arena *arena);

/* Lines "field value"; what is unknown or no value is passed over when read. */
void options_put_text(struct buf *out, const struct node_options *o);
[[nodiscard]] bool options_take_line(struct node_options *o, struct str line); /* false: memory is out */

/* Is one of the names in a list separated by U+001F? */
[[nodiscard]] bool list_holds(struct str list, struct str name);
/* The next name of such a list, in *out, which *rest then begins behind. False: there is no other. */
[[nodiscard]] bool list_next(struct str *rest, struct str *out);
