/* What the record is told of sessions. */
#pragma once

#include "route/session.h"

void note_session_open(const struct session *s);
void note_session_resumed(const struct session *s, const struct errand *e);
/* `reason` in a few words. */
void note_session_close(const struct session *s, const char *reason);
