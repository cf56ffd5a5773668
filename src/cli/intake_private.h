/* An import under way, for the files that take things in: contacts, items, nodes, history. */
#pragma once

#include <openssl/evp.h>

#include "base/map.h"
#include "cli/intake.h"
#include "cli/progress.h"
#include "cli/witness.h"
#include "jid/jid.h"
#include "pubsub/place.h"

enum {
	PERSON_BYTES = 256 << 20, /* of one person's roster, requests and lists */
	ITEM_BYTES = 1 << 20,     /* of one waiting message, vCard, item */
};

struct contact {
	struct contact *next;
	struct store_roster_item item;
};

struct name {
	struct name *next;
	struct str jid;
};

struct node_taken {
	struct node_taken *next;
	struct place *place;
};

struct intake {
	const struct cli *cli;
	const char *source, *format;
	struct people people;
	struct witness *witness;
	struct store_req req;
	EVP_MD_CTX *hash;
	struct progress progress, messages;
	struct tally tally;
	uint64_t there, rooms_there, seq;
	bool failed;
	struct map rooms;            /* addresses of those that are there, */
	struct arena *rooms_arena; /* which has them; NULL: not known yet */

	/* the person begun */
	struct arena *arena;
	struct jid jid;
	struct store_verifier verifiers[STORE_VERIFIER_KINDS];
	bool disabled;
	struct contact *contacts;
	struct name *blocked;
	struct node_taken *nodes;
	struct history_taken *history;
	bool adds; /* to what is there: its nodes, and the time of the newest message of its history (0: none) */
	struct str *nodes_there;
	size_t nodes_there_len;
	uint64_t newest_us;
	struct room_taken *room; /* begun in the place of a person; NULL: none */
	size_t contacts_len, blocked_len, nodes_len;
};

/* Says why, and that nothing is lost by running it again. CLI_INTERNAL. */
[[nodiscard]] int intake_failed(struct intake *in, const char *text);

/* Canonical, in the person's arena. */
[[nodiscard]] bool intake_address(struct intake *in, struct str text, struct jid *out);

/* What others may be shown stands in the record before it is in the store: `xml` for the person begun, or a room's address,
 * as the line whose number is *out_seq. 0 or an exit code. */
[[nodiscard]] int intake_record(struct intake *in, const char *command, const struct buf *xml, uint64_t *out_seq);

enum {
	INTAKE_ID = 22,
};

/* The same for the same thing: brought in twice it is there once. */
void intake_id(const struct intake *in, struct str xml, uint64_t time_us, char out[INTAKE_ID + 1]);

/* Of intake_end(): what has been gathered goes into the store. 0 or an exit code. */
[[nodiscard]] int intake_put_contacts(struct intake *in);
[[nodiscard]] int intake_put_blocked(struct intake *in);
[[nodiscard]] int intake_put_nodes(struct intake *in);
[[nodiscard]] int intake_put_history(struct intake *in);
/* Of the person or room begun, all. */
void intake_forget(struct intake *in);
void intake_forget_nodes(struct intake *in);
void intake_forget_history(struct intake *in);
void intake_forget_room(struct intake *in);
uint64_t intake_history_began(const struct intake *in); /* 0: there is none */

/* Of intake_more_begin(): what is there. 0 or an exit code. */
[[nodiscard]] int intake_know_nodes(struct intake *in);
[[nodiscard]] int intake_know_newest(struct intake *in);
