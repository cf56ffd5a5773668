/* One value: from a YAML node into the field of its row, and back to text. Inside of conf. */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "conf/schema.h"
#include "conf/yaml.h"

/* Reads `node` into *field (of the row's type), with its checks. Relative paths are put behind `dir`. Texts
 * go to `arena`. 0, or -EINVAL with "'found' found; accepted: ..." in *err, or -ENOMEM. */
[[nodiscard]] int setting_read(const struct setting *row, const struct yml_node *node, struct str dir,
	struct arena *arena, void *field, struct err *err);

/* The value as YAML. */
void setting_put_yaml(const struct setting *row, const void *field, struct buf *out);
void setting_put_json(const struct setting *row, const void *field, struct buf *out);

/* Position of `word` among "a|b|c", or -1; the i-th word, or STR_NONE. */
int setting_word_index(const char *words, struct str word);
struct str setting_word(const char *words, int index);

/* The table's checks. */
int check_loopback(const void *value, struct err *err);
int check_nonempty(const void *value, struct err *err);
int check_labels(const void *value, struct err *err);
int check_reaches(const void *value, struct err *err);
int check_choices(const void *value, struct err *err);
int check_networks(const void *value, struct err *err);
int check_uris(const void *value, struct err *err);
int check_word(const void *value, struct err *err);
int check_socket_path(const void *value, struct err *err);
int check_account_name(const void *value, struct err *err);
int check_host(const void *value, struct err *err);
int check_mailbox(const void *value, struct err *err);
int check_mailboxes(const void *value, struct err *err);
