/* What a stanza carries to other places: its links (rule/link.h) and files, each in a form that stays the same whoever sends it
 * and however it is written:
 *   http://evil.example:8080/a?b=c   also for https, or without a scheme; without user, default port, fragment and last slash;
 *                                    the host in lower case, letters and digits not percent-encoded
 *   sha-256:W6pQ..                   the hash of a file (XEP-0300), by its algorithm
 *   file:NAME:SIZE                   name and size of a file that is offered
 * Who writes it with another query each time is not known again: that is what limits on links of strangers are for. */
#pragma once

#include <stdbool.h>

#include "base/buf.h"
#include "stanza/node.h"

enum {
	PAYLOAD_MAX = 1024, /* bytes of one; what is longer is cut */
};

/* Calls `each` for every one, in document order, a text's one after the other, perhaps the same twice; until it returns false. Its
 * str is valid during the call. One walk over the tree, no memory. */
void payload_each(const struct node *stanza, bool (*each)(void *owner, struct str payload), void *owner);

/* Does the stanza carry it? `payload` in the form above. */
[[nodiscard]] bool payload_is_in(const struct node *stanza, struct str payload);

/* Does it stand for a file, by its hash or name? */
[[nodiscard]] bool payload_is_file(struct str payload);

/* Of a link: the name or address of the place it leads to, without the port; empty: it has none. */
[[nodiscard]] struct str payload_host(struct str payload);

/* As people may read it: nobody opens it by touching it ("http://evil[.]example/x"). */
void payload_put_harmless(struct buf *out, struct str payload);

/* A link or hash as a person writes it, in the form above; false: it is neither (out is then empty), or memory is out. */
[[nodiscard]] bool payload_read(struct buf *out, struct str text);
