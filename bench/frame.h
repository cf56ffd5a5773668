/* Cuts a server's stream into its top-level pieces. Keeps no state: a piece that is not complete yet is
 * looked at again from its beginning when more has come. */
#ifndef BENCH_FRAME_H
#define BENCH_FRAME_H

#include "str.h"

enum frame_kind {
	FRAME_PARTIAL,     /* nothing complete yet */
	FRAME_DECLARATION, /* <?xml ... ?> */
	FRAME_OPEN,        /* <stream:stream ...> */
	FRAME_STANZA,      /* one whole child of the stream */
	FRAME_CLOSE,       /* </stream:stream> */
	FRAME_BAD,         /* cannot be a stream */
};

/* Finds the first piece of `data`. *out is set (without leading white space) for all but PARTIAL and BAD;
 * what follows it starts at out->data + out->len. */
enum frame_kind frame_next(struct str data, struct str *out);

#endif
