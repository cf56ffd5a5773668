/* All rules of a policy directory, parsed and checked:
 *   DIR/policy.yaml          what holds for the whole set (on_error, inspect_bytes, notice)
 *   DIR/rules/NAME.yaml      rules, in the order of file names
 *   DIR/clients/NAME.yaml    rules about clients (client_set.h)
 *   DIR/dictionaries/NAME.txt  one word or phrase a line
 * Immutable; shared between threads; owned by its policy_set. */
#pragma once

#include <stddef.h>

#include "base/arena.h"
#include "rule/problem.h"
#include "rule/rule.h"

struct rule_set;
struct client_set;

enum {
	RULE_FILES_MAX = 200,
	RULE_FILE_BYTES_MAX = 1 << 20,
	RULE_COUNT_MAX = 2000,
	RULE_WORDS_MAX = 200000, /* of all rules together */
	RULE_WORD_BYTES_MAX = 256,
	RULE_REGEX_BYTES_MAX = 2000,
	RULE_SAMPLES_MAX = 200, /* a rule */
	RULE_SAMPLE_BYTES_MAX = 4096,
	RULE_NOTICE_BYTES_MAX = 1000,
};

/* One file as it is to be: read in the place of the one in the directory, so that a change can be judged before it is made. */
struct policy_change {
	struct str file; /* "clients/deny-gajim.yaml" */
	struct str text;
	bool gone; /* the file is to go */
};

/* 0; -EINVAL when problems were found (in `problems`, which must be given); -ENOMEM or another -errno when
 * the directory cannot be read (also in `problems`). `change` may be NULL. */
[[nodiscard]] int rule_set_load(
	struct rule_set **out, const char *dir, const struct policy_change *change, struct problems *problems);
struct rule_set *rule_set_free(struct rule_set *set);

size_t rule_set_count(const struct rule_set *set);
const struct rule *rule_set_rule(const struct rule_set *set, size_t index);  /* index < count */
const struct rule *rule_set_find(const struct rule_set *set, struct str id); /* or NULL */
/* The rules of type wall, in order. */
const struct rule *const *rule_set_walls(const struct rule_set *set, size_t *out_count);
/* The rules of type namespace, in order. */
const struct rule *const *rule_set_namespaces(const struct rule_set *set, size_t *out_count);
/* What policy/clients holds; never NULL. */
const struct client_set *rule_set_clients(const struct rule_set *set);
/* Dictionaries that no rule names: (for warnings) calls `each` with the name of each. */
void rule_set_unused(const struct rule_set *set, void (*each)(struct str name, void *owner), void *owner);
size_t rule_set_word_count(const struct rule_set *set);
size_t rule_set_regex_count(const struct rule_set *set);

enum policy_folder {
	FOLDER_RULES,
	FOLDER_CLIENTS,
	FOLDER_DICTIONARIES,
	FOLDERS,
};
extern const char *const policy_folder_names[FOLDERS];
/* A folder of which `before` has files, and that is not there any more in `now`; NULL: none. */
const char *rule_set_lost_folder(const struct rule_set *now, const struct rule_set *before);

/* First 64 bits of SHA-256 over the names and bytes of all files read, as POLICY_VERSION_LEN hex digits. */
const char *rule_set_version(const struct rule_set *set);

/* Of policy.yaml. */
enum action rule_set_on_error(const struct rule_set *set);              /* ACTION_BLOCK or ACTION_ALLOW */
const struct notice *rule_set_error_notice(const struct rule_set *set); /* for the sender when that blocks */
size_t rule_set_inspect_bytes(const struct rule_set *set); /* most text of one stanza that is inspected */
