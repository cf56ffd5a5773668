/* Preparation and enforcement of strings that people choose (PRECIS, RFC 8264), with the two profiles of RFC
 * 8265. The derived properties come from a table of one fixed Unicode version (precis_unicode_version), so a
 * name that was accepted once keeps its canonical form when the system's libraries are upgraded. Thread-safe.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/str.h"

enum {
	PRECIS_E_REFUSED = 1, /* not valid UTF-8, empty, or holds a character the profile does not allow */
	PRECIS_E_LONG,        /* the result does not fit below `out`'s ceiling */
};

/* UsernameCaseMapped (RFC 8265 section 3.3): width and case mapped, NFC, IdentifierClass, Bidi Rule (RFC
 * 5893). Appends to `out` on success only. 0, PRECIS_E_*, -ENOMEM. */
[[nodiscard]] int precis_username(struct str text, struct buf *out);

/* OpaqueString (RFC 8265 section 4.2): spaces become U+0020, NFC, FreeformClass; case is kept. For resources
 * and passwords; working memory is wiped before it is released. The same returns. */
[[nodiscard]] int precis_opaque(struct str text, struct buf *out);

/* RFC 8264 section 8. */
enum precis_class {
	PRECIS_UNASSIGNED,
	PRECIS_DISALLOWED,
	PRECIS_PVALID,   /* in both string classes */
	PRECIS_FREE,     /* FREE_PVAL / ID_DIS: in FreeformClass only */
	PRECIS_CONTEXTJ, /* joiners: allowed where RFC 5892 appendix A.1, A.2 says */
	PRECIS_CONTEXTO, /* RFC 5892 appendix A.3 to A.9 */
};

enum precis_class precis_class_of(uint32_t code_point);

/* "14.0.0": the Unicode version of the table. */
const char *precis_unicode_version(void);
