/* Advisories about weak clients, as databases write them: documents of OSV (https://ossf.github.io/osv-schema/), in JSON, and a
 * short form of our own with the same words, in JSON or YAML:
 *
 *   id: GH-2026-1                           required
 *   product: Gajim                          required (or `package`)
 *   affected: "<1.8.4"                      required: a range (rules/README.md), or a list of {introduced, fixed, last_affected}
 *   fixed, severity, summary, aliases, references (one address or a list), published, modified
 *
 * From one a proposed rule is made, a file of policy/clients that only observes. Pure; everything lives in the arena. */
#pragma once

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

enum {
	ADVISORY_BYTES_MAX = 4 << 20,
	ADVISORY_PACKAGES_MAX = 16,
};

struct advisory {
	struct str id, aliases, summary, severity, reference, published, modified, fixed;
	struct advisory_package {
		struct str product, affected; /* a range as rules have it; empty: it could not be made */
		struct str ecosystem;         /* "" in our own form */
	} packages[ADVISORY_PACKAGES_MAX];
	size_t count;
	struct str doubt; /* what the administrator should look at; empty: nothing */
};

/* `product`, `versions`: said by the administrator, instead of what the document says; empty: not. 0, or -EINVAL with *err
 * "NAME:LINE: FIELD: what was found; what is accepted or done about it". */
[[nodiscard]] int advisory_read(struct advisory *out, struct str text, const char *name, struct str product,
	struct str versions, struct arena *arena, struct err *err);

/* The id of its first rule, and the name of its file without folder: "advisory-cve-2026-1234". Several ids may have
 * the same: the caller sees to it. */
struct str advisory_slug(struct str id, struct arena *arena);

/* The file of policy/clients. */
void advisory_put_rule(struct buf *out, const struct advisory *a, struct str slug, struct str imported, struct str by);

/* A text in double quotes, as YAML and JSON read it alike. */
void yaml_quote(struct buf *out, struct str text);
