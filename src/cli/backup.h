/* What a backup is, for `gatehouse backup` and `gatehouse restore`. A folder, complete in itself:
 *
 *   SHA256SUMS         of every file below; written last: a folder without it is no backup
 *   manifest.json      versions, how far store and record go, the record's newest checkpoint
 *   gatehouse.yaml, VERSION, policy/
 *   store/gatehouse.db
 *   record/            segments, leaf hashes, checkpoints, what starts moved aside
 *   tls/, keys/        certificate and public key; private ones only when asked for
 *
 * The store is copied before the record. So the record reaches at least as far as the store has applied it, and what
 * the store lacks is taken from the record when the server starts. */
#pragma once

#include "cli/cli.h"
#include "cli/sums.h"

enum {
	BACKUP_FORMAT = 1,
	BACKUP_PATH = 4096,
};

#define BACKUP_SUMS "SHA256SUMS"
#define BACKUP_MANIFEST "manifest.json"
#define BACKUP_STORE "store/gatehouse.db"

/* Where a file of a backup belongs by these settings. False: nowhere (the manifest, an unknown one). */
[[nodiscard]] bool backup_place(const struct settings *s, const char *path, char out[BACKUP_PATH]);

/* The newest finished backup in a folder of backups. False: there is none. */
[[nodiscard]] bool backup_newest(const char *folder, char out[BACKUP_PATH]);

/* DIR/PATH. False: too long. */
[[nodiscard]] bool backup_join(char out[BACKUP_PATH], const char *folder, const char *path);

/* Makes the folders between `folder`, which is there, and the last part of `path` below it. 0 or -errno. */
[[nodiscard]] int backup_make_folders(const char *folder, const char *path, unsigned mode);

/* Flushes a folder's entries to the disk. 0 or -errno. */
[[nodiscard]] int backup_sync_folder(const char *path);

/* A folder that this program made and filled, with all below it. */
void backup_remove(const char *path);

/* Reads SHA256SUMS and the manifest of a backup. 0, or an exit code after saying why (of what version it is, or what is
 * missing). *out_manifest is the caller's. */
[[nodiscard]] int backup_load(const struct cli *cli, const char *folder, struct sums *out, json_t **out_manifest);
