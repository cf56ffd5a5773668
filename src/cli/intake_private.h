/* An import under way, for the files that take things in: contacts, items, nodes, history. */
#pragma once

#include <openssl/evp.h>

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
	struct progress progress;
	struct tally tally;
	uint64_t there, seq;
	bool failed;

	/* the person begun */
	struct arena *arena;
	struct jid jid;
	struct store_verifier verifiers[STORE_VERIFIER_KINDS];
	bool disabled;
	struct contact *contacts;
	struct name *blocked;
	struct node_taken *nodes;
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
void intake_forget_nodes(struct intake *in);
