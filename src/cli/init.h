/* Inside of `gatehouse init`. */
#pragma once

#include "base/arena.h"
#include "base/err.h"
#include "cli/cli.h"

enum {
	INIT_DOMAINS_MAX = 64,
};

struct init {
	const struct cli *cli;
	struct arena *arena;
	char dir[4096];                       /* absolute once it exists */
	struct str domains[INIT_DOMAINS_MAX]; /* canonical, NUL behind */
	size_t domains_len;
	unsigned port_offset;
	bool demo, root;
	char record_group[128];
	json_t *said; /* what was done beyond the folder itself, for --json and people */
};

/* DIR/name in a buffer that lasts until the next call but three. */
const char *init_path(const struct init *in, const char *name);

/* Remembers a sentence that the person should read. */
void init_say(struct init *in, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* init_files.c: folders, certificate, keys, policy, store, VERSION; gatehouse.yaml last, so that a half-made
 * folder is not taken for a server. 0 or negative with *err. */
[[nodiscard]] int init_folders(struct init *in, struct err *err);
[[nodiscard]] int init_tls(struct init *in, struct err *err);
[[nodiscard]] int init_keys(struct init *in, struct err *err);
[[nodiscard]] int init_policy(struct init *in, struct err *err);
[[nodiscard]] int init_store(struct init *in, struct err *err);
[[nodiscard]] int init_settings(struct init *in, struct err *err);

/* Writes a whole file and makes it durable. 0 or -errno. */
[[nodiscard]] int init_write(const char *path, struct str text, unsigned mode, struct err *err);

/* init_users.c: system users and groups, and who owns what. */
[[nodiscard]] int init_users(struct init *in, struct err *err);
[[nodiscard]] int init_owners(struct init *in, struct err *err);

/* init_demo.c: three accounts with passwords in DIR/demo.txt, when all the rest is there. */
[[nodiscard]] int init_demo(struct init *in, struct err *err);
