/* A node of somebody's (XEP-0163): how it is set, who has which standing with it, who has subscribed; and the decision who
 * may look in. Pure state, one heap object; items are not in it. */
#pragma once

#include "jid/jid.h"
#include "pubsub/options.h"

enum standing_kind {
	STANDING_NONE,
	STANDING_MEMBER,
	STANDING_PUBLISHER,
	STANDING_OUTCAST,
};

enum {
	PLACE_PEOPLE_MAX = 500, /* entries of one node */
	PLACE_OF_ONE_MAX = 10,  /* subscriptions that one account can make to it */
	PLACE_NAME_MAX = 1023,  /* bytes of a node's name, and of an item's id */
};

/* Somebody and the node. `jid` is bare where there is a standing; a subscription may be a full address's. */
struct place_standing {
	struct str jid; /* heap */
	uint8_t kind;   /* enum standing_kind */
	bool subscribed;
};

struct place {
	struct str name; /* views text */
	bool secret;     /* by its name: what nobody else ever sees (XEP-0402, XEP-0490 on XEP-0223) */
	struct node_options options;
	struct place_standing *people;
	size_t people_len;
	char text[];
};

[[nodiscard]] struct place *place_new(struct str name); /* with the preset; NULL: memory is out */
struct place *place_free(struct place *p);              /* accepts NULL, returns NULL */

/* Can a place of this kind be set like this? PUBSUB_OK, PUBSUB_E_ACCESS_MODEL: a secret one is for its owner, none is open to more
 * than `widest`. */
[[nodiscard]] enum pubsub_fault place_allows(const struct place *p, const struct node_options *o, enum node_access widest);

/* Who asks, as the owner of the node knows him. */
struct onlooker {
	struct str bare;
	bool owner;              /* the account itself */
	bool subscribed;         /* to the owner's presence */
	enum node_access widest; /* no node is open to more */
	struct str groups; /* of the owner's roster, in which he is: separated by U+001F */
	/* Other groups that the roster shows; NULL: none. */
	bool (*shares)(const void *roster, struct str bare, struct str group);
	const void *roster;
};

/* May he subscribe and retrieve items? PUBSUB_OK, or why not. */
[[nodiscard]] enum pubsub_fault place_admits(const struct place *p, const struct onlooker *who);

/* NULL: he is not among them. */
const struct place_standing *place_standing(const struct place *p, struct str jid);
/* Has this account made all the subscriptions it can, this one not among them? */
[[nodiscard]] bool place_is_full_for(const struct place *p, const struct jid *jid);
/* Ends the subscriptions of all addresses of an account. False: there were none. */
bool place_leave(struct place *p, struct str bare);
/* Changes or adds an entry; one that says nothing any more goes. PUBSUB_OK, PUBSUB_E_SUBSCRIPTIONS (too many), _FAILED. */
[[nodiscard]] enum pubsub_fault place_subscribe(struct place *p, struct str jid, bool subscribed);
[[nodiscard]] enum pubsub_fault place_affiliate(struct place *p, struct str bare, enum standing_kind kind);

/* "member" and the like; false: there is no such word. */
const char *standing_word(enum standing_kind kind);
[[nodiscard]] bool standing_parse(struct str word, enum standing_kind *out);

/* The store's text, and back. False: memory is out. */
void place_put_text(struct buf *out, const struct place *p);
[[nodiscard]] bool place_take_text(struct place *p, struct str text);
