/* A document of JSON or YAML, as somebody else wrote it: one tree for both, in which every field still knows its line. */
#pragma once

#include <jansson.h>

#include "base/err.h"
#include "base/str.h"

struct document {
	json_t *root;    /* scalars of YAML are texts, or null */
	struct yml *yml; /* NULL: it is JSON */
	struct str text; /* borrowed */
};

/* `name` is what errors call it: "NAME:LINE: ...". A text that begins with '{' is JSON. 0, or -EINVAL with *err;
 * document_close() in both cases. */
[[nodiscard]] int document_read(struct document *out, struct str text, const char *name, struct err *err);
void document_close(struct document *d);

/* The line where the field begins, as far as the path leads: "affected[0].ranges[1].type"; what stands in no document, or is no
 * path, is at the line of what would hold it. From 1. */
unsigned document_line(const struct document *d, const char *path);
