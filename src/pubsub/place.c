#include "pubsub/place.h"

#include <stdlib.h>

#include "pubsub/bookmarks.h"

static const char *const words[] = {
	[STANDING_NONE] = "none",
	[STANDING_MEMBER] = "member",
	[STANDING_PUBLISHER] = "publisher",
	[STANDING_OUTCAST] = "outcast",
};

static bool is_secret(struct str name)
{
	return str_eq(name, BOOKMARKS_NODE) || str_eq(name, BOOKMARKS_LIST) || str_is(name, "urn:xmpp:mds:displayed:0");
}

struct place *place_new(struct str name)
{
	struct place *p = calloc(1, sizeof(*p) + name.len);

	if (!p)
		return NULL;
	memcpy(p->text, name.data, name.len);
	p->name = str_of(p->text, name.len);
	options_init(&p->options);
	p->secret = is_secret(name);
	if (p->secret) {
		p->options.access = ACCESS_WHITELIST;
		p->options.send_last = SEND_LAST_NEVER;
		p->options.items_max = 0;
	}
	return p;
}

enum pubsub_fault place_allows(const struct place *p, const struct node_options *o, enum node_access widest)
{
	if (o->access < (uint32_t)widest)
		return PUBSUB_E_ACCESS_MODEL;
	return p->secret && o->access != ACCESS_WHITELIST ? PUBSUB_E_ACCESS_MODEL : PUBSUB_OK;
}

struct place *place_free(struct place *p)
{
	if (!p)
		return NULL;
	for (size_t i = 0; i < p->people_len; i++)
		free((char *)(uintptr_t)p->people[i].jid.data);
	free(p->people);
	options_done(&p->options);
	free(p);
	return NULL;
}

/* ---- who may look in ---- */

static bool is_in_group(const struct node_options *o, const struct onlooker *who)
{
	struct str rest = o->groups, name;

	while (list_next(&rest, &name))
		if (list_holds(who->groups, name) || (who->shares && who->shares(who->roster, who->bare, name)))
			return true;
	return false;
}

enum pubsub_fault place_admits(const struct place *p, const struct onlooker *who)
{
	const struct place_standing *s = place_standing(p, who->bare);

	if (who->owner)
		return PUBSUB_OK;
	if (p->secret)
		return PUBSUB_E_CLOSED;
	if (s && s->kind == STANDING_OUTCAST)
		return PUBSUB_E_OUTCAST;
	if (s && s->kind != STANDING_NONE)
		return PUBSUB_OK;
	switch (p->options.access < (uint32_t)who->widest ? who->widest : (enum node_access)p->options.access) {
	case ACCESS_OPEN:
		return PUBSUB_OK;
	case ACCESS_PRESENCE:
		return who->subscribed ? PUBSUB_OK : PUBSUB_E_PRESENCE;
	case ACCESS_ROSTER:
		return who->subscribed && is_in_group(&p->options, who) ? PUBSUB_OK : PUBSUB_E_GROUP;
	case ACCESS_WHITELIST:
		break;
	}
	return PUBSUB_E_CLOSED;
}

/* ---- people ---- */

const struct place_standing *place_standing(const struct place *p, struct str jid)
{
	for (size_t i = 0; i < p->people_len; i++)
		if (str_eq(p->people[i].jid, jid))
			return &p->people[i];
	return NULL;
}

static void drop_empty(struct place *p)
{
	for (size_t i = 0; i < p->people_len;) {
		if (p->people[i].kind != STANDING_NONE || p->people[i].subscribed) {
			i++;
			continue;
		}
		free((char *)(uintptr_t)p->people[i].jid.data);
		p->people[i] = p->people[--p->people_len];
	}
}

/* The entry, made when missing. NULL with *fault set. */
static struct place_standing *entry(struct place *p, struct str jid, enum pubsub_fault *fault)
{
	const struct place_standing *s = place_standing(p, jid);
	struct place_standing *more;
	char *copy;

	if (s)
		return &p->people[s - p->people];
	*fault = p->people_len < PLACE_PEOPLE_MAX ? PUBSUB_E_FAILED : PUBSUB_E_SUBSCRIPTIONS;
	if (p->people_len == PLACE_PEOPLE_MAX)
		return NULL;
	more = reallocarray(p->people, p->people_len + 1, sizeof(*more));
	if (!more)
		return NULL;
	p->people = more;
	copy = str_dupz(jid);
	if (!copy)
		return NULL;
	more[p->people_len] = (struct place_standing){.jid = str_of(copy, jid.len)};
	return &more[p->people_len++];
}

enum pubsub_fault place_subscribe(struct place *p, struct str jid, bool subscribed)
{
	enum pubsub_fault fault = PUBSUB_OK;
	struct place_standing *s = subscribed || place_standing(p, jid) ? entry(p, jid, &fault) : NULL;

	if (s) {
		s->subscribed = subscribed;
		drop_empty(p);
		return PUBSUB_OK;
	}
	return fault;
}

bool place_is_full_for(const struct place *p, const struct jid *jid)
{
	size_t n = 0;

	for (size_t i = 0; i < p->people_len; i++) {
		if (!p->people[i].subscribed)
			continue;
		if (str_eq(p->people[i].jid, jid->full))
			return false;
		n += str_eq(jid_split(p->people[i].jid).bare, jid->bare);
	}
	return n >= PLACE_OF_ONE_MAX;
}

bool place_leave(struct place *p, struct str bare)
{
	bool any = false;

	for (size_t i = 0; i < p->people_len; i++)
		if (p->people[i].subscribed && str_eq(jid_split(p->people[i].jid).bare, bare)) {
			p->people[i].subscribed = false;
			any = true;
		}
	drop_empty(p);
	return any;
}

enum pubsub_fault place_affiliate(struct place *p, struct str bare, enum standing_kind kind)
{
	enum pubsub_fault fault = PUBSUB_OK;
	struct place_standing *s = kind != STANDING_NONE || place_standing(p, bare) ? entry(p, bare, &fault) : NULL;

	if (s) {
		s->kind = (uint8_t)kind;
		if (kind == STANDING_OUTCAST)
			s->subscribed = false;
		drop_empty(p);
		return PUBSUB_OK;
	}
	return fault;
}

const char *standing_word(enum standing_kind kind)
{
	return words[kind];
}

bool standing_parse(struct str word, enum standing_kind *out)
{
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (str_eq(word, str_from(words[i]))) {
			*out = (enum standing_kind)i;
			return true;
		}
	return false;
}

/* ---- the store's text ---- */

static const struct str subscriber = STR("subscriber ");

void place_put_text(struct buf *out, const struct place *p)
{
	options_put_text(out, &p->options);
	for (size_t i = 0; i < p->people_len; i++) {
		const struct place_standing *s = &p->people[i];

		if (s->kind != STANDING_NONE)
			buf_printf(out, "%s %.*s\n", words[s->kind], STR_FMT(s->jid));
		if (s->subscribed)
			buf_printf(out, "subscriber %.*s\n", STR_FMT(s->jid));
	}
}

static bool line_take(struct place *p, struct str line)
{
	size_t space = str_find(line, ' ', 0);
	struct str jid = str_cut(line, space + 1, line.len);
	enum standing_kind kind;

	if (str_starts(line, subscriber))
		return place_subscribe(p, jid, true) != PUBSUB_E_FAILED;
	if (standing_parse(str_cut(line, 0, space), &kind))
		return place_affiliate(p, jid, kind) != PUBSUB_E_FAILED;
	return options_take_line(&p->options, line);
}

bool place_take_text(struct place *p, struct str text)
{
	bool ok = true;

	for (size_t from = 0, to; ok && from < text.len; from = to + 1) {
		to = str_find(text, '\n', from);
		ok = line_take(p, str_cut(text, from, to));
	}
	return ok;
}
