/* Is there a link in a text: something that a client, or a person, opens by touching it? Found are
 *   anything with a scheme and "://" (RFC 3986: http, https, ftp, file, smb, aesgcm, ..; IPv4, [IPv6] and names of any script),
 *   data:, javascript:, vbscript:, magnet:, and file: without the slashes,
 *   www.NAME,
 *   NAME.TLD with a well-known top-level domain or one in punycode; of the two-letter ones only with a path behind it,
 *   1.2.3.4/ and 1.2.3.4:80,
 *   \\host\share.
 * Addresses of people (local@domain, xmpp:) and mail are none. One pass over the bytes, no memory but the finder itself, whatever the
 * text; it may come in pieces cut anywhere. */
#pragma once

#include <stdbool.h>

#include "base/str.h"

enum {
	LINK_WORD_MAX = 24, /* bytes of a scheme or top-level domain that are looked at */
};

struct link_finder {
	bool found;
	/* the scheme: letters, digits, + . - */
	unsigned scheme_len;
	bool scheme_alpha;
	unsigned slashes;       /* behind it: 1 ':', 2 ":/", 3 "://" */
	bool opaque;            /* the scheme needs no slashes */
	/* the name */
	unsigned labels;        /* complete ones */
	unsigned octets;        /* of them in order, numbers up to 255 */
	unsigned number;        /* value of the label, if it is a number */
	bool numeric, alive, mail, www, dot;
	unsigned backslashes;   /* 2: of a share; 3: its host */
	unsigned word_len;      /* of the label or scheme so far; beyond LINK_WORD_MAX it only counts */
	char word[LINK_WORD_MAX]; /* lower case */
};

void link_begin(struct link_finder *f);
void link_feed(struct link_finder *f, struct str text);
/* The text is over: was there one? */
[[nodiscard]] bool link_end(struct link_finder *f);

/* False: certainly none, at a fraction of the price; of a text that comes in one piece. Every link has a dot or a colon that a sentence
 * does not end with, or a backslash. */
[[nodiscard]] bool link_may_be_in(struct str text);

/* White space and what stands around links. */
[[nodiscard]] bool link_is_edge(unsigned char c);

/* All of it at once. */
[[nodiscard]] bool link_in(struct str text);
