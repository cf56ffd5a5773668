#include "route/note.h"

#include "base/log.h"
#include "client/seen.h"
#include "rule/client_patch.h"
#include "rule/client_set.h"

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

/* ---- clients ---- */

void note_list_add(struct buf *out, struct str word)
{
	unsigned char head[2] = {(unsigned char)word.len, (unsigned char)(word.len >> 8)};

	buf_put(out, head, sizeof(head));
	buf_str(out, word);
}

void note_client(const struct session *s, const struct judgement *client, const struct client_signals *seen)
{
	struct buf name = BUF_INIT(0), signals = BUF_INIT(0), judged = BUF_INIT(0), against = BUF_INIT(0);
	struct extra extra[4];
	size_t n = 0;

	buf_str(&name, client->product);
	if (client->version.len)
		buf_printf(&name, " %.*s", STR_FMT(client->version));
	seen_put_json(&signals, seen);
	judgement_put_json(&judged, client);
	for (unsigned bit = 0; bit < CLIENT_CONTRADICTIONS; bit++)
		if (client->contradictions & 1u << bit)
			note_list_add(&against, str_from(client_contradiction_names[bit]));
	if (name.len)
		extra[n++] = (struct extra){.key = KEY_CLIENT, .text = buf_view(&name)};
	extra[n++] = (struct extra){.key = KEY_SIGNALS, .text = buf_view(&signals)};
	extra[n++] = (struct extra){.key = KEY_JUDGEMENT, .text = buf_view(&judged)};
	if (against.len)
		extra[n++] = (struct extra){.key = KEY_CONTRADICTS, .text = buf_view(&against)};
	if (!buf_failed(&name) && !buf_failed(&signals) && !buf_failed(&judged) && !buf_failed(&against))
		note(s, EVENT_CLIENT, s->origin->address, client_class_names[client->class], extra, n);
	buf_done(&name);
	buf_done(&signals);
	buf_done(&judged);
	buf_done(&against);
}

void note_client_rule(const struct session *s, const struct standing *standing)
{
	const struct origin *o = s->origin;
	struct buf list = BUF_INIT(0);
	struct extra extra;
	struct entry entry = {.type = EVENT_CLIENT_RULE,
		.from = o->jid.full,
		.from_id = o->person ? o->person->id : STR_NONE,
		.session = o->session,
		.resource = o->jid.resource,
		.address = o->address,
		.action = str_from(client_effect_names[standing->effect]),
		.rules = &standing->rule,
		.rules_len = standing->rule.len ? 1 : 0,
		.text = standing->text};

	for (size_t i = 0; i < sizeof(client_limit_names) / sizeof(client_limit_names[0]); i++)
		if (standing->limits & 1u << i)
			note_list_add(&list, str_from(client_limit_names[i]));
	extra = (struct extra){.key = KEY_LIMITS, .text = buf_view(&list)};
	if (list.len && !buf_failed(&list)) {
		entry.extra = &extra;
		entry.extra_len = 1;
	}
	if (record_append(s->user->home->record, &entry, NULL))
		log_warn("a decision about a client could not be recorded");
	buf_done(&list);
}

void note_client_patch(const struct session *s, const struct patch_finding *found, bool kept, uint64_t seq)
{
	const struct origin *o = s->origin;
	bool acted = found->rule.len > 0;
	struct extra extra = {.key = KEY_OF_SEQ, .number = seq};
	struct entry entry = {.type = EVENT_CLIENT_RULE,
		.from = o->jid.full,
		.from_id = o->person ? o->person->id : STR_NONE,
		.session = o->session,
		.resource = o->jid.resource,
		.action = !acted ? STR("log") : kept ? STR("block") : STR("strip"),
		.rules = acted ? &found->rule : &found->observed,
		.rules_len = 1,
		.extra = &extra,
		.extra_len = seq ? 1 : 0};

	if (record_append(s->user->home->record, &entry, NULL))
		log_warn("a patch of a stanza could not be recorded");
}

static bool note_of_device(const struct user *u, const struct origin *o, struct str address, struct str text,
	const struct extra *extra, size_t len, struct waiter *waiter)
{
	struct entry entry = {.type = EVENT_DEVICE,
		.from = o->jid.full,
		.from_id = o->person ? o->person->id : STR_NONE,
		.session = o->session,
		.resource = o->jid.resource,
		.address = address,
		.text = text,
		.extra = extra,
		.extra_len = len};

	if (record_append(u->home->record, &entry, waiter) == 0)
		return true;
	log_warn("what there is to say of a device could not be recorded");
	return false;
}

bool note_device(const struct user *u, const struct origin *o, const char *command, const struct newcome *n, unsigned told,
	struct str text, struct waiter *waiter)
{
	bool is_new = str_is(str_from(command), "new");
	const struct extra extra[] = {
		{.key = KEY_COMMAND, .text = str_from(command)},
		{.key = KEY_TARGET, .text = n->id},
		{.key = KEY_COUNT, .number = told},
		{.key = KEY_SOFTWARE, .text = n->product},
		{.key = KEY_DEVICE, .text = n->device},
		{.key = KEY_AGENT, .text = is_new ? o->agent_id : STR_NONE},
	};

	return note_of_device(u, o, n->address, text, extra, sizeof(extra) / sizeof(extra[0]), waiter);
}

void note_access(const struct user *u, const struct origin *o, const struct route_device *d)
{
	const struct extra extra[] = {
		{.key = KEY_COMMAND, .text = STR("revoke")},
		{.key = KEY_TARGET, .text = d->id},
		{.key = KEY_COUNT, .number = d->connected},
		{.key = KEY_SOFTWARE, .text = d->product},
		{.key = KEY_DEVICE, .text = d->device},
		{.key = KEY_AGENT, .text = d->agent},
	};

	(void)note_of_device(u, o, o->address, STR_NONE, extra, sizeof(extra) / sizeof(extra[0]), NULL);
}
