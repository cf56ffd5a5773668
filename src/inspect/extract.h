/* Takes out of a stanza every text its sender chose: bodies in each language, subjects, XHTML-IM with its
 * links and descriptions, corrections, status, nicknames, roster names, reasons, forms, ids, resources, and
 * whatever stands in elements and attributes the product does not know; also in stanzas carried inside
 * (forwarded, carbons). What is not listed is taken as `other` or `iq`: nothing is exempt because it is
 * unknown. Left out: addresses but for their resources, and ids that consist of hexadecimal digits and '-'
 * alone (they say nothing, and most messages have one). */
#pragma once

#include "inspect/texts.h"
#include "stanza/node.h"

void extract_stanza(struct texts *out, const struct node *stanza);
