#include "command/dialog.h"

#include <stdlib.h>

#include "base/map.h"
#include "base/rand.h"
#include "base/text.h"

struct dialog {
	struct list link;
	const struct command *command;
	uint64_t until;
	char id[DIALOG_ID + 1];
	size_t who_len;
	char who[];
};

void dialogs_init(struct dialogs *d)
{
	list_init(&d->list);
	d->count = 0;
}

static void drop(struct dialogs *d, struct dialog *dialog)
{
	list_remove(&dialog->link);
	d->count--;
	free(dialog);
}

void dialogs_done(struct dialogs *d)
{
	list_each_safe (it, &d->list)
		drop(d, container_of(it, struct dialog, link));
}

static struct str who_of(const struct dialog *dialog)
{
	return str_of(dialog->who, dialog->who_len);
}

/* ---- ids: a random half, and one that only we can compute from it, so that an id of ours is known as such when its
 * session has ended, without remembering it ---- */

static void id_put(char out[DIALOG_ID + 1], const unsigned char random[8], const struct dialog_request *rq)
{
	struct buf text = BUF_INIT(0);
	unsigned char seal[8];
	uint64_t hash;

	buf_put(&text, random, 8);
	buf_str(&text, rq->who);
	buf_str(&text, str_from(rq->command->name));
	hash = map_hash(buf_view(&text));
	memcpy(seal, &hash, sizeof(seal));
	buf_clear(&text);
	hex_put(&text, random, 8);
	hex_put(&text, seal, 8);
	if (buf_failed(&text))
		memset(out, '0', DIALOG_ID);
	else
		memcpy(out, text.data, DIALOG_ID);
	out[DIALOG_ID] = '\0';
	buf_done(&text);
}

static bool id_is_ours(const struct dialog_request *rq)
{
	char again[DIALOG_ID + 1];
	unsigned char random[8];

	if (rq->session.len != DIALOG_ID || !hex_parse(str_cut(rq->session, 0, 16), random, sizeof(random)))
		return false;
	id_put(again, random, rq);
	return str_eq(rq->session, str_of(again, DIALOG_ID));
}

/* ---- requests ---- */

static struct dialog *dialog_find(const struct dialogs *d, struct str id)
{
	list_each(it, &d->list) {
		struct dialog *dialog = container_of(it, struct dialog, link);

		if (str_eq(str_of(dialog->id, DIALOG_ID), id))
			return dialog;
	}
	return NULL;
}

static void expire(struct dialogs *d, uint64_t now)
{
	while (d->count) {
		struct dialog *oldest = container_of(d->list.next, struct dialog, link);

		if (oldest->until > now)
			return;
		drop(d, oldest);
	}
}

static struct str bare_of(struct str jid)
{
	return str_cut(jid, 0, str_find(jid, '/', 0));
}

static unsigned count_of(const struct dialogs *d, struct str bare)
{
	unsigned n = 0;

	list_each(it, &d->list)
		n += str_eq(bare_of(who_of(container_of(it, struct dialog, link))), bare);
	return n;
}

static enum dialog_step begin(struct dialogs *d, const struct dialog_request *rq, char out_id[DIALOG_ID + 1])
{
	struct dialog *dialog;
	unsigned char random[8];

	rand_pooled(random, sizeof(random));
	id_put(out_id, random, rq);
	if (rq->command->flags & COMMAND_AT_ONCE)
		return DIALOG_BEGIN;
	if (d->count == DIALOGS_MAX || count_of(d, bare_of(rq->who)) == DIALOGS_OF_ONE)
		return DIALOG_E_MANY;
	dialog = malloc(sizeof(*dialog) + rq->who.len);
	if (!dialog)
		return DIALOG_E_MEMORY;
	*dialog = (struct dialog){
		.command = rq->command, .until = rq->now + DIALOG_SECONDS, .who_len = rq->who.len};
	memcpy(dialog->id, out_id, DIALOG_ID + 1);
	memcpy(dialog->who, rq->who.data, rq->who.len);
	list_init(&dialog->link);
	list_append(&d->list, &dialog->link);
	d->count++;
	return DIALOG_BEGIN;
}

static bool is_action(struct str action)
{
	return action.len == 0 || str_is(action, "execute") || str_is(action, "complete") ||
	       str_is(action, "cancel") || str_is(action, "next") || str_is(action, "prev");
}

/* A tag of BCP 47 by its looks; what it says is answered in English. */
static bool is_language(struct str lang)
{
	for (size_t i = 0; i < lang.len; i++) {
		char c = lang.data[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-'))
			return false;
	}
	return lang.len <= 35;
}

static enum dialog_step go_on(struct dialogs *d, const struct dialog_request *rq)
{
	struct dialog *dialog = dialog_find(d, rq->session);

	if (!dialog)
		return id_is_ours(rq) ? DIALOG_E_EXPIRED : DIALOG_E_BAD_SESSION;
	if (dialog->command != rq->command || !str_eq(who_of(dialog), rq->who))
		return DIALOG_E_BAD_SESSION;
	if (str_is(rq->action, "cancel")) {
		drop(d, dialog);
		return DIALOG_CANCEL;
	}
	return str_is(rq->action, "next") || str_is(rq->action, "prev") ? DIALOG_E_BAD_ACTION : DIALOG_SUBMIT;
}

enum dialog_step dialog_take(struct dialogs *d, const struct dialog_request *rq, char out_id[DIALOG_ID + 1])
{
	out_id[0] = '\0';
	expire(d, rq->now);
	if (!is_action(rq->action))
		return DIALOG_E_MALFORMED_ACTION;
	if (!is_language(rq->lang))
		return DIALOG_E_BAD_LOCALE;
	if (!rq->session.data)
		return rq->action.len == 0 || str_is(rq->action, "execute") ? begin(d, rq, out_id)
									      : DIALOG_E_BAD_ACTION;
	if (rq->session.len == DIALOG_ID) {
		memcpy(out_id, rq->session.data, DIALOG_ID);
		out_id[DIALOG_ID] = '\0';
	}
	return go_on(d, rq);
}

void dialog_end(struct dialogs *d, struct str id)
{
	struct dialog *dialog = dialog_find(d, id);

	if (dialog)
		drop(d, dialog);
}

const char *dialog_condition(enum dialog_step step)
{
	switch (step) {
	case DIALOG_E_MALFORMED_ACTION:
		return "malformed-action";
	case DIALOG_E_BAD_ACTION:
		return "bad-action";
	case DIALOG_E_BAD_LOCALE:
		return "bad-locale";
	case DIALOG_E_BAD_PAYLOAD:
		return "bad-payload";
	case DIALOG_E_BAD_SESSION:
		return "bad-sessionid";
	case DIALOG_E_EXPIRED:
		return "session-expired";
	default:
		return NULL;
	}
}
