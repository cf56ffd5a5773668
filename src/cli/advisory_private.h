/* Private to advisory*.c: what reading one advisory holds. Functions return 0, or -EINVAL or -ENOMEM with the error set. */
#pragma once

#include <jansson.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "cli/advisory.h"

enum {
	ADVISORY_FIELD_MAX = 128,
	ADVISORY_PATH_MAX = 160,
};

struct reading {
	struct advisory *out;
	struct arena *arena;
	struct err *err;
	struct str product, versions; /* the administrator's */
	struct str known;             /* of the package: "<= 1.0.13", where its database says no more; empty: nothing */
	char path[ADVISORY_PATH_MAX]; /* of the field that is wrong */
};

/* Puts together what a field is called: "affected[0].package". What is too long is cut. */
void advisory_path(char out[ADVISORY_PATH_MAX], const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* "FIELD: what": -EINVAL; the field is kept for the line. */
int advisory_wrong(struct reading *r, const char *field, const char *what);
int advisory_found(struct reading *r, const char *field, struct str found, const char *what); /* "FIELD: found 'X'; WHAT" */
/* A text without control characters, cut at `max` bytes; empty where it is not there. */
int advisory_take(
	struct reading *r, const json_t *object, const char *key, const char *field, size_t max, struct str *out);
int advisory_need(struct reading *r, const json_t *object, const char *key, const char *field, struct str *out);

/* advisory_range.c: what is affected, as the text of a range (client/version.h) behind what `out` holds already. */
int advisory_events(struct reading *r, const json_t *list, const char *path, struct buf *out);
int advisory_ranges(struct reading *r, const json_t *ranges, const char *path, struct buf *out);
/* Versions one by one: those that the range so far does not hold are added. Where there is no range they must be few. */
int advisory_versions(struct reading *r, const json_t *versions, const char *path, struct buf *out);
/* What was put together must be a range; on the arena. Empty: nothing was. */
int advisory_range_keep(struct reading *r, struct buf *text, const char *path, struct str *out);
