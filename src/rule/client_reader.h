/* Reads policy/clients/NAME.yaml. Private to rule/. */
#pragma once

#include "rule/client_set.h"
#include "rule/rule_reader.h"

enum {
	CLIENT_NAME_MAX = 128, /* bytes of a product's name in a policy */
};

/* The set while it is read and as it stays; all in the reader's arena. */
struct client_set {
	struct client_rule *rules; /* the default, where there is one, is one of them */
	size_t count, room;
	struct client_patch *patches;
	size_t patch_count, patch_room;
	struct client_product *products;
	size_t product_count, product_room;
	struct client_product *baselines; /* product and minimum alone */
	size_t baseline_count, baseline_room;
	struct client_advisory *advisories;
	size_t advisory_count, advisory_room;
	size_t hash_count, sample_count;
	struct str help;              /* of the whole policy */
	const struct yml_node *by_default, *helped; /* where it was said */
	struct str default_file;
	struct map ids;               /* rules and patches: to the place "file:line" as text */

	/* ---- indexes, made at the end ---- */
	struct map by_product;        /* small letters: struct client_bucket */
	struct client_bucket {
		const struct client_rule **rules;
		size_t count, room;
	} general;                    /* rules that name no product, or patterns */
	struct map approved;          /* small letters: struct client_product, first of its name */
	struct map hashes;            /* struct client_hash */
	uint64_t *dates;              /* sorted */
	size_t date_count;
};

struct client_set *client_set_new(struct arena *arena);
void client_set_free(struct client_set *set); /* maps; accepts NULL */

/* One file. 0 or -ENOMEM; what is wrong is in the reader's problems. */
[[nodiscard]] int client_file_read(struct client_set *set, struct rule_reader *reader, const struct yml_node *root);
/* After the last file: the indexes. */
[[nodiscard]] int client_set_settle(struct client_set *set, struct arena *arena);

/* client_reader_rule.c: `node` is a member of `rules`, or the value of `default`. */
void client_rule_read(struct rule_reader *reader, const struct yml_node *node, struct client_rule *out);
void client_default_read(struct rule_reader *reader, const struct yml_node *node, struct client_rule *out);
void client_patch_read(struct rule_reader *reader, const struct yml_node *node, struct client_patch *out);

void client_campaign_read(struct rule_reader *reader, const struct yml_node *node, struct client_campaign *out);

/* client_reader_match.c */
void client_match_read(struct rule_reader *reader, const struct yml_node *node, struct client_match *out);
struct client_names client_names_read(struct rule_reader *reader, const struct yml_node *node, const char *what);
/* A hash as patterns and the catalogue write it, as "sha-1 VER". */
bool client_hash_read(struct rule_reader *reader, const struct yml_node *node, struct str text, struct str *out);
/* A date (its first moment, UTC) or an RFC 3339 time. False with a problem added. */
bool client_date_read(
	struct rule_reader *reader, const struct yml_node *node, const char *what, uint64_t *out_us, struct str *out_text);
const struct notice *client_words_read(struct rule_reader *reader, const struct yml_node *node, const char *what);

/* client_sample.c */
void client_samples_read(struct rule_reader *reader, const struct yml_node *node, struct client_rule *rule);

/* client_match.c */
struct client_view {
	const struct client_case *c;
	struct str product; /* the catalogue's word for the hash, else the judgement's */
	struct str version_text;
	struct version version;
	struct network address;
	bool judged, located, approved;
};
void client_view_make(const struct client_set *set, const struct client_case *c, struct client_view *out);
bool client_match_holds(const struct client_match *m, const struct client_view *v);
/* What it says beside the client: mechanism, TLS, network. */
bool client_surroundings_fit(const struct client_match *m, const struct client_view *v);
/* Could it hold once the client has shown more? */
bool client_match_may_hold(const struct client_match *m, const struct client_view *v);
bool client_pattern_fits(struct str pattern, struct str text);
/* Warns of names of products, systems and mechanisms that are one letter away from one that is known. */
void client_rule_doubt(const struct client_set *set, const struct client_rule *r, struct problems *warnings);
/* The entry for this product, best the one of this system; NULL: it is not approved. */
const struct client_product *client_product_find(const struct client_set *set, struct str product, struct str os);
/* The least version that counts as good; empty: none is named. */
struct str client_minimum(const struct client_set *set, struct str product, struct str os);
/* Maps by name have small letters as keys. */
void *client_map_get(const struct map *map, struct str name);
struct str client_small(struct arena *arena, struct str name);

/* client_text.c: NULL, or which {name} in a notice is none of those that are filled in, and which are; on the arena. Braces
 * around anything but one word of small letters are text. */
const char *client_notice_fault(struct str text, struct arena *arena);
