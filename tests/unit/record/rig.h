/* A record in a folder of its own under /tmp, for tests. */
#pragma once

#include "record/journal.h"

struct rig {
	char dir[64];
	uint64_t segment_bytes;
};

void rig_make(struct rig *rig, uint64_t segment_bytes);
void rig_remove(struct rig *rig);
void rig_clear(struct rig *rig); /* everything but the key */

/* Opens a journal on it (its key is made at the first time). 0 or what journal_open returned. */
int rig_open(struct rig *rig, struct journal **out, struct err *err);

/* The raw file of a segment. */
void rig_read(const struct rig *rig, uint64_t serial, struct buf *out);
void rig_write(const struct rig *rig, const char *name, struct str data);

/* Fields of a content entry with this text and conversation. */
/* Adds a content entry with an identity of its own and returns its number. */
uint64_t rig_add(struct journal *j, const char *text, const char *conv);
void rig_content(struct buf *fields, const char *text, const char *conv);
