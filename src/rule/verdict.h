/* What was decided about one stanza, and why. The stages policy and inspect write it, record keeps it, route
 * acts on it. It is data, never control flow: nothing is refused by writing a verdict.
 *
 * All strings live in the arena given to the writing functions (the parcel's), so a verdict stays readable
 * after the policy that made it has been replaced. A zeroed verdict means: allowed, nothing found, no policy
 * consulted. Not thread-safe; it travels with its parcel. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/phrase.h"
#include "base/str.h"
#include "rule/kind.h"

/* In order of strength. */
enum action {
	ACTION_ALLOW, /* a rule that allows lifts what other rules found inside the text it matched */
	ACTION_LOG,   /* delivered; the finding is in the record */
	ACTION_STRIP, /* delivered without what the rule names; rules of type namespace */
	ACTION_BLOCK, /* not delivered; the sender gets the rule's notice */
	ACTION_COUNT,
};

enum mode {
	MODE_OBSERVE, /* the finding is recorded and changes nothing */
	MODE_ENFORCE,
	MODE_COUNT,
};

/* Why an engine could not decide. What then happens is the policy's `on_error`. */
enum cannot_tell {
	CANNOT_TELL_NONE,
	CANNOT_TELL_CEILING,   /* more text than policy.yaml's inspect_bytes */
	CANNOT_TELL_MEMORY,    /* the arena or the engine's memory was full */
	CANNOT_TELL_HITS,      /* more matches than can be kept apart */
	CANNOT_TELL_ENGINE,    /* the matching engine failed */
	CANNOT_TELL_NO_POLICY, /* no policy is loaded */
	CANNOT_TELL_COUNT,
};

struct finding {
	struct finding *next; /* in the order found */
	struct str rule;      /* id; empty for an engine that could not tell */
	enum action action;   /* what the rule asks for */
	enum mode mode;
	enum text_kind kind; /* which text of the stanza; KIND_NONE for a wall */
	size_t offset,
		length;    /* bytes of that text as the client sent it; length 0 when only the end is known */
	struct str detail; /* dictionary and category, detector, or namespace; never the matched text */
};

struct notice {
	struct notice *next; /* the first is the default language */
	struct str lang;     /* BCP 47, lower case; may be empty */
	struct str text;
};

/* A rule that stops nothing yet: on its date it would have. */
struct warning {
	struct warning *next;
	struct str rule, date; /* id; the date as the rule writes it */
	const struct notice *notice; /* of the rule; NULL: it has none */
};

enum {
	VERDICT_FINDINGS_MAX =
		64, /* kept; further ones are counted. The strongest is always among those kept */
	POLICY_VERSION_LEN = 16,
};

struct verdict {
	enum action action; /* the strongest that is enforced */
	enum cannot_tell cannot_tell;
	bool strips; /* something must be taken out before it is delivered (rule/namespace.h) */
	struct finding *findings, *last;
	size_t count;          /* in the list */
	size_t dropped;        /* beyond VERDICT_FINDINGS_MAX */
	struct warning *warnings; /* each rule once; for the sender (rule/warning.h) */
	struct str rule;       /* id of the rule that decided `action`; empty when none did */
	struct notice *notice; /* of that rule, for the sender; NULL when it has none */
	char policy_version[POLICY_VERSION_LEN + 1]; /* "" when no policy was consulted */
};

/* Adds a finding (copied, with its strings) and raises the action when it is enforced and stronger than what
 * is there; then `notice` (borrowed list, copied) becomes the verdict's. When the arena is full the verdict
 * becomes CANNOT_TELL_MEMORY, and the caller must act on it (policy_set_cannot_tell). */
void verdict_add(
	struct verdict *v, struct arena *arena, const struct finding *f, const struct notice *notice);

/* What the server itself says of it, in each of its languages; a list in `out`. */
const struct notice *notice_of(struct notice out[LANGUAGES], enum phrase p);

/* Adds a warning (copied), unless that rule has one. When the arena is full there is none. */
void verdict_warn(struct verdict *v, struct arena *arena, const struct warning *w);

/* The text in the language nearest to `lang` (exact tag, then its primary subtag, then the first of the
 * list), or NULL when there is none. `lang` may be empty. */
const struct notice *notice_choose(const struct notice *list, struct str lang);

extern const char *const action_names[ACTION_COUNT];           /* "allow", "log", "strip", "block" */
extern const char *const mode_names[MODE_COUNT];               /* "observe", "enforce" */
extern const char *const cannot_tell_names[CANNOT_TELL_COUNT]; /* "" for none, "ceiling", "memory", ... */

static inline bool verdict_blocks(const struct verdict *v)
{
	return v->action == ACTION_BLOCK;
}

/* The verdict as a JSON object for the record and for --json:
 * {"action":"block","policy":"<version>","rule":"id","cannot_tell":"ceiling","findings":[{"rule":"..","action":"..",
 *  "mode":"..","kind":"..","offset":0,"length":4,"detail":".."}],"dropped":0}. Empty parts are left out. */
void verdict_put_json(struct buf *out, const struct verdict *v);
