/* What the server itself has to say to a person: a message of type headline from the domain, which no client keeps or
 * answers (RFC 6121 5.2.2). What goes out here waits for nothing, so it is the server's own words, administrators' settings and
 * addresses; or the record has it already: what a client calls itself (newcomer.h, takeover.h), what spreads (alert.c), who is held off
 * (strangers.h). On the home loop. */
#pragma once

#include "base/language.h"
#include "route/session.h"

/* The language of whoever is behind the session (BCP 47); may be empty. */
struct str headline_language(const struct session *s);

/* To this session, before it is judged, too. `lang`: of the text; empty: it is not said. An empty text: nothing. */
void headline_give(struct session *s, struct str text, struct str lang);

/* Whom to ask, behind "get help": the first of contact.security, else of contact.support; or a full stop. */
void headline_put_help(struct buf *out, const struct settings *settings, enum language language);

/* All available sessions of the person but one (NULL: none is left out): how many these are. */
unsigned headline_readers(const struct user *u, const struct session *but);
/* And told. What was told to whom is the caller's to record. */
unsigned headline_tell(struct user *u, const struct session *but, struct str text, struct str lang);
