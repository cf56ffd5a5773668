/* Data forms (XEP-0004) of commands: shown, filled in, read. FORM_TYPE is the one of XEP-0133 or XEP-0401 (XEP-0068).
 * Values: {"var": ["..", ..], ..} */
#pragma once

#include <jansson.h>

#include "base/arena.h"
#include "base/buf.h"
#include "command/command.h"
#include "stanza/node.h"

enum {
	FORM_VALUES_MAX = 1000, /* of one field */
};

/* <x type='form'/> of the command; `values` are shown in it, NULL: none. */
void form_put(struct buf *out, const struct command *c, const json_t *values);

/* <x type='result'/> with those of the command's results that `values` has; `more` is XML behind the fields. */
void form_put_result(struct buf *out, const struct command *c, const json_t *values, struct str more);

/* What a submitted form says: fields of the command only, empty values left out. FIELD_SECRET fields are not read. A new
 * object, or NULL and *out_fault says why (static text). */
[[nodiscard]] json_t *form_take(
	const struct command *c, const struct node *form, struct arena *arena, const char **out_fault);

/* The field's first value, STR_NONE without one; and all of them joined by newlines (false: there is none). */
struct str form_first(const json_t *values, const char *var);
bool form_text(const json_t *values, const char *var, struct buf *out);
