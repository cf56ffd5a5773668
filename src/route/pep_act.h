/* A request about nodes under way, for the files of its verbs (pep_node.c, pep_publish.c, pep_items.c, pep_people.c). What
 * changes a node changes it in memory first and is written; the answer and the event go out when it is on the disk. If the
 * store did not take it, the nodes are read anew. */
#pragma once

#include "pubsub/event.h"
#include "pubsub/request.h"
#include "route/pep.h"

/* What is told when the store has it. On the parcel's arena. */
struct news {
	struct news *next;
	struct str node;
	struct str to; /* whom alone; empty: all who want it */
	struct blob *event; /* counted */
};

struct act {
	struct store_req req;
	struct user *user; /* whose nodes */
	struct parcel *parcel;
	struct pubsub_request rq;
	struct str who; /* asks, bare */
	bool owner;     /* is the account itself */
	struct kept kept;
	struct str item;    /* the id of the item that is published, on the parcel's arena */
	struct buf answer;  /* payload of the result */
	struct news *news, **news_end;
	bool changed;       /* the nodes in memory are ahead of the store */
	bool must_exist;    /* the store says how many it deleted */
	struct str fresh;   /* a new subscriber; empty: none */
	bool made;          /* the node is there since this request */
};

/* A verb: PUBSUB_OK when it has been answered or will be, else why it is refused. */
typedef enum pubsub_fault pep_verb_fn(struct act *a);

pep_verb_fn pep_verb_create, pep_verb_configuration, pep_verb_configure, pep_verb_default, pep_verb_delete, pep_verb_purge;
pep_verb_fn pep_verb_publish, pep_verb_retract, pep_verb_items;
pep_verb_fn pep_verb_subscribe, pep_verb_unsubscribe, pep_verb_subscriptions, pep_verb_affiliations;
pep_verb_fn pep_verb_subscribers, pep_verb_set_subscribers, pep_verb_affiliated, pep_verb_affiliate;

struct store *act_store(const struct act *a);
struct place *act_place(const struct act *a); /* the node that was named; NULL: there is none */
struct str act_event_id(const struct act *a);
struct str act_random_name(struct act *a); /* on the parcel's arena */

/* Takes over the parcel's reference. NULL: it has been refused. */
struct act *act_new(struct user *owner, struct parcel *p);
/* Each ends it. */
void act_end(struct act *a);
void act_refuse(struct act *a, enum pubsub_fault fault);
void act_answer(struct act *a); /* with a->answer */
/* The same with items in it: others get it by the receipt of the newest; each item they were given is noted. */
void act_hand_over(struct act *a, const struct store_pep_items *items);

/* What is told of a node when the store has it; empties `text`. */
void act_event(struct act *a, struct str node, struct buf *text);
void act_event_to(struct act *a, struct str node, struct str to, struct buf *text);
/* Ends subscriptions of who may not look in any more, and tells him. */
void act_part(struct act *a, struct place *p);
void act_tell(struct act *a);
/* What ends most requests: tells and answers. */
store_done_fn act_on_written;
void act_finish(struct act *a);
/* Writes the node as it is now; items above what it keeps go. */
[[nodiscard]] enum pubsub_fault act_save(struct act *a, const struct place *p);

/* The node that was asked for: for its owner alone; one whose items are kept, for its owner alone; for who may look in. */
[[nodiscard]] enum pubsub_fault act_own_place(const struct act *a, struct place **out);
[[nodiscard]] enum pubsub_fault act_kept_place(const struct act *a, struct place **out);
[[nodiscard]] enum pubsub_fault act_open_place(const struct act *a, struct place **out);
/* A new one, in memory. `take` reads the form into it. */
[[nodiscard]] enum pubsub_fault act_place_add(struct act *a, struct place **out,
	enum pubsub_fault (*take)(struct node_options *o, const struct node *form, struct arena *arena));
/* How many items the node keeps. */
size_t act_items_max(const struct act *a, const struct node_options *o);
/* The node something is published to, made when missing, if it is as the request wants it; and the answer when it is done. */
[[nodiscard]] enum pubsub_fault pep_publish_place(struct act *a, struct place **out);
void pep_published_put(struct act *a, const struct place *p);
/* Asks the store to delete one item, or all when `id` is empty. */
[[nodiscard]] enum pubsub_fault act_items_delete(struct act *a, const struct place *p, struct str id);
