/* Versions as programs write them, in one total order, and ranges of them.
 *
 * Reading. From a text of at most VERSION_TEXT_MAX bytes the version is taken, whatever stands around it: the first number
 * with dots (or date 2024-03-01) that is not part of a word, else the first number that is not part of a word, else the
 * first number with dots inside a word ("v1.2" counts as no word); what stands in parentheses comes last. So
 * "Conversations 2.11.3+fcr" is 2.11.3+fcr, "2.14.12 (libpurple 2.14.12)" is 2.14.12. Words are of ASCII letters
 * and digits; their case and the amount of white space mean nothing.
 *   parts     numbers with dots between. Missing ones are 0: 1.7 is 1.7.0. Numbers from 10^18 on are alike. A date (of
 *             1970 to 2199) is parts too: 2024-03-01, 20240301 and 2024.3.1 are the same; 2024-03 is 2024.3, 20240301123456 is
 *             2024.3.1.123456.
 *   suffix    what follows at once (". - _ + ~" and the border of letters and digits part it), or after a space where it
 *             begins with a word of the list below ("5.0 beta 2"). Order at one place of the suffix, low to high:
 *               ~ with anything but one of the following words;
 *               dev, devel, develop, git, svn, hg, cvs, snapshot, nightly, master, main, trunk, wip;
 *               alpha, a; beta, b; pre, preview, milestone; rc, cr;
 *               the end; any other word ("fcr", "free", "gabc1234"); a number ("-2").
 *             After a + nothing is a pre-release any more (0.13.1+b1, 0.5+git20240301) but with a ~. "final", "release",
 *             "stable", "ga" are as if not there.
 *   hash      a text without such a number but with a hash of 6 to 40 hexadecimal digits (7 where it begins
 *             with a number), a digit and a letter among them ("abc1234", "gabc1234", "master-abc1234"): it is known, but
 *             has no place among numbers.
 *   unknown   everything else: empty, without digits, too long.
 *
 * The order, low to high: unknown (all alike), hashes (by their text), numbers: by parts, then suffix. So
 *   1.7.0~1 < 1.7.0-dev = 1.7.0~git < 1.7.0-alpha < 1.7.0-beta1 < 1.7.0-rc1 < 1.7.0 = 1.7 < 1.7.0+fcr
 *   < 1.7.0-1 < 1.7.0-2+b1 < 1.7.1-dev < 1.7.1
 *
 * Ranges.
 *   ">=2.0, <2.14.12"     all terms with commas between must hold
 *   "<1.2 || 1.7.*"      one of the alternatives must
 *   < <= > >= = !=        a version alone is "="; "1.7.*" (or 1.7.x): its first parts are these, pre-releases too
 *   "*"                   any version that can be read
 *   "unknown"             an alternative of its own: no version, or one that cannot be read, or a hash
 * A bound stands for all builds of it: 1.7.0 in <= and = takes in 1.7.0-2 and 1.7.0+fcr, in > and != it leaves them out, but not
 * 1.7.0-rc1. A hash is inside "*", "=HASH" (a part of 6 digits is enough on either side), "!=HASH" and "unknown", and in no
 * other range; an unknown version inside "unknown" alone. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

enum {
	VERSION_TEXT_MAX = 256,
	VERSION_PARTS_MAX = 8, /* further ones are read as numbers of the suffix */
	VERSION_SUFFIX_MAX = 120, /* bytes of its key; what is beyond is not compared */
	VERSION_RANGE_MAX = 512,  /* bytes of its text */
	VERSION_ALTERNATIVES_MAX = 16,
	VERSION_TERMS_MAX = 8, /* of one alternative */
};

enum version_kind { VERSION_UNKNOWN, VERSION_HASH, VERSION_NUMBERED };

/* A value: copy as you like. */
struct version {
	enum version_kind kind;
	bool open; /* the suffix ends with the name of a stage: 1.7.0-rc has no builds */
	unsigned char suffix_len;
	unsigned char parts; /* as written; those beyond are 0 */
	uint64_t part[VERSION_PARTS_MAX];
	unsigned char suffix[VERSION_SUFFIX_MAX]; /* compares bytewise; of VERSION_HASH: the digits */
};

/* Any bytes. Never fails: what cannot be read is VERSION_UNKNOWN. */
[[nodiscard]] struct version version_read(struct str text);
/* Where in `text` the version stands ("2.11.3+fcr"); empty: nowhere. */
struct str version_find(struct str text);

/* Below 0, 0, above 0. */
[[nodiscard]] int version_compare(const struct version *a, const struct version *b);
[[nodiscard]] int version_compare_text(struct str a, struct str b);

struct version_range;

/* On the arena; keeps nothing of `text`. 0, -EINVAL (err: what is wrong where, and what is accepted), -ENOMEM. */
[[nodiscard]] int version_range_parse(
	const struct version_range **out, struct str text, struct arena *arena, struct err *err);
[[nodiscard]] bool version_range_holds(const struct version_range *range, const struct version *v);
[[nodiscard]] bool version_range_holds_text(const struct version_range *range, struct str version);
