#include "route/answer.h"

#include "stanza/ns.h"
#include "stanza/stanza_error.h"

enum {
	ANSWER_ARENA = 64 << 10,
	SENT_BODY_MAX = 8 << 10,
};

/* An application's own condition; an empty name: none. */
struct condition {
	struct str name, ns;
};

static const struct condition none;

static void answer_with(struct parcel *p, enum stanza_condition condition, enum stanza_error_type type,
	struct str text, struct str lang, struct condition app)
{
	struct arena *arena;
	struct node *extra = NULL;

	if (!stanza_may_be_answered(p->stanza))
		return;
	arena = arena_new(ANSWER_ARENA);
	if (!arena)
		return;
	if (app.name.len)
		extra = node_new(arena, app.name, app.ns);
	parcel_answer(p, stanza_error_reply(arena, p->stanza, condition, type, text, lang, extra));
	arena_free(arena);
}

void answer_error(struct parcel *p, enum stanza_condition condition, const char *text)
{
	answer_with(p, condition, STANZA_TYPE_DEFAULT, str_from(text), STR("en"), none);
}

void answer_error_as(
	struct parcel *p, enum stanza_condition condition, enum stanza_error_type type, const char *text)
{
	answer_with(p, condition, type, str_from(text), STR("en"), none);
}

/* Without what is in it: a password is not said again. */
static void put_wish(struct arena *arena, struct node *reply, const struct parcel *p)
{
	struct node *x = NULL;

	if (p->kind == PARCEL_PRESENCE && node_child(p->stanza, STR("x"), NS_MUC))
		x = node_new(arena, STR("x"), NS_MUC);
	if (x)
		node_prepend(reply, x);
}

void answer_error_of_room(
	struct parcel *p, enum stanza_condition condition, enum stanza_error_type type, const char *text)
{
	struct arena *arena = stanza_may_be_answered(p->stanza) ? arena_new(ANSWER_ARENA) : NULL;
	struct node *reply = NULL;

	if (arena)
		reply = stanza_error_reply(arena, p->stanza, condition, type, str_from(text), STR("en"), NULL);
	if (reply) {
		node_set_attr(arena, node_child(reply, STR("error"), NS_CLIENT), STR("by"), p->to.bare);
		put_wish(arena, reply, p);
	}
	if (reply && !arena_is_full(arena))
		parcel_answer(p, reply);
	arena_free(arena);
}

void answer_error_app(struct parcel *p, enum stanza_condition condition, const char *text, struct str name, struct str ns)
{
	/* bad-request stands with `modify`, not-allowed with `cancel` by the RFC, which is what XEPs want of them */
	answer_with(p, condition, STANZA_TYPE_DEFAULT, str_from(text), STR("en"), (struct condition){name, ns});
}

void answer_blocked_by_self(struct parcel *p)
{
	answer_with(p, STANZA_NOT_ACCEPTABLE, STANZA_TYPE_CANCEL, STR_NONE, STR("en"),
		(struct condition){STR("blocked"), NS_BLOCKING_ERRORS});
}

/* RFC 6120 8.3.1: what was sent may stand before the error. Clients built on libpurple show an error only with the words that
 * it is about. */
static void put_sent_bodies(struct arena *arena, struct node *reply, const struct node *stanza)
{
	size_t left = SENT_BODY_MAX;

	for (const struct node *c = node_first_element(stanza); c; c = node_next_element(c)) {
		struct node *copy = NULL;

		if (node_is(c, STR("body"), NS_CLIENT) && node_text(c, arena).len <= left)
			copy = node_copy(arena, c);
		if (!copy)
			continue;
		left -= node_text(c, arena).len;
		node_prepend(reply, copy);
	}
}

static void answer_refused(struct parcel *p, struct str text, struct str lang)
{
	struct arena *arena = stanza_may_be_answered(p->stanza) ? arena_new(ANSWER_ARENA) : NULL;
	struct node *reply;

	if (!arena)
		return;
	reply = stanza_error_reply(
		arena, p->stanza, STANZA_POLICY_VIOLATION, STANZA_TYPE_MODIFY, text, lang, NULL);
	if (reply && p->kind == PARCEL_MESSAGE)
		put_sent_bodies(arena, reply, p->stanza);
	if (reply && !arena_is_full(arena))
		parcel_answer(p, reply);
	arena_free(arena);
}

/* The language the sender wrote in, or else the one of his account. */
static struct str sender_language(const struct parcel *p)
{
	struct str lang = node_attr_ns(p->stanza, STR("lang"), NS_XML);

	if (lang.len == 0 && p->origin->person)
		lang = p->origin->person->language;
	return lang;
}

void answer_verdict(struct parcel *p)
{
	const struct notice *n = notice_choose(p->verdict.notice, sender_language(p));

	if (n)
		answer_refused(p, n->text, n->lang);
	else
		answer_refused(p, STR("This is not allowed here."), STR("en"));
}

void answer_result(struct parcel *p)
{
	struct arena *arena = arena_new(ANSWER_ARENA);

	if (!arena)
		return;
	parcel_answer(p, stanza_iq_result(arena, p->stanza));
	arena_free(arena);
}

void answer_text(struct parcel *p, struct buf *text)
{
	struct blob *b = buf_failed(text) ? NULL : blob_new(buf_view(text));

	if (b)
		p->origin->answer(p->origin, p->port, b);
	blob_unref(b);
	buf_done(text);
}

void parcel_end(struct parcel *p)
{
	hold_unref(p->hold);
	parcel_unref(p);
}

void parcel_pass(struct parcel *p, struct home *to, void (*run)(struct task *task))
{
	p->task.run = run;
	loop_post(to->loop, &p->task);
}
