#include "route/note.h"

#include "base/log.h"

static void note(const struct session *s, enum event type, struct str address, const char *reason,
	const struct extra *extra, size_t len)
{
	const struct origin *o = s->origin;
	struct entry entry = {.type = type,
		.from = o->jid.full,
		.from_id = o->person ? o->person->id : STR_NONE,
		.session = o->session,
		.resource = o->jid.resource,
		.address = address,
		.reason = str_from(reason),
		.extra = extra,
		.extra_len = len};

	if (record_append(s->user->home->record, &entry, NULL))
		log_warn("a session event could not be recorded");
}

void note_session_open(const struct session *s)
{
	const struct extra extra[] = {
		{.key = KEY_TLS, .text = s->origin->tls},
		{.key = KEY_MECHANISM, .text = s->origin->mechanism},
	};

	note(s, EVENT_SESSION_OPEN, s->origin->address, NULL, extra, 2);
}

void note_session_resumed(const struct session *s, const struct errand *e)
{
	const struct extra extra[] = {
		{.key = KEY_TLS, .text = e->tls},
		{.key = KEY_MECHANISM, .text = e->mechanism},
	};

	note(s, EVENT_SESSION_OPEN, e->address, "resumed", extra, 2);
}

void note_session_close(const struct session *s, const char *reason)
{
	note(s, EVENT_SESSION_CLOSE, s->origin->address, reason, NULL, 0);
}
