#include "route/rooms_board.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/log.h"

/* One room. Behind the card stand its strings: the address, the name, for each seat nickname and address, and
 * the addresses of those it counts against; of these lists each item as u16 length and bytes. */
struct card {
	struct jid jid;
	struct str name, people, holders;
	bool public;
	char text[];
};

/* Somebody whom rooms count against. */
struct holder {
	struct str jid; /* view of text */
	size_t rooms;
	char text[];
};

struct board {
	pthread_rwlock_t lock;
	struct map cards;   /* bare JID -> struct card */
	struct map holders; /* bare JID -> struct holder */
};

struct board *board_new(void)
{
	struct board *b = calloc(1, sizeof(*b));

	if (!b)
		return NULL;
	pthread_rwlock_init(&b->lock, NULL);
	map_init(&b->cards);
	map_init(&b->holders);
	return b;
}

static void map_free(struct map *m)
{
	struct map_slot *slot;

	for (size_t i = 0; (slot = map_next(m, &i));)
		free(slot->value);
	map_done(m);
}

struct board *board_free(struct board *b)
{
	if (!b)
		return NULL;
	map_free(&b->cards);
	map_free(&b->holders);
	pthread_rwlock_destroy(&b->lock);
	free(b);
	return NULL;
}

/* The item at *at, which moves behind it. False at the end. */
static bool next_item(struct str items, size_t *at, struct str *out)
{
	size_t len;

	if (*at + 2 > items.len)
		return false;
	len = (unsigned char)items.data[*at] | (size_t)(unsigned char)items.data[*at + 1] << 8;
	*out = str_cut(items, *at + 2, *at + 2 + len);
	*at += 2 + len;
	return true;
}

/* ---- whom rooms count against; under the lock ---- */

static struct holder *holder_new(struct board *b, struct str jid)
{
	struct holder *h = malloc(sizeof(*h) + jid.len);

	if (!h)
		return NULL;
	memcpy(h->text, jid.data, jid.len);
	h->jid = str_of(h->text, jid.len);
	h->rooms = 0;
	if (map_put(&b->holders, h->jid, h)) {
		free(h);
		return NULL;
	}
	return h;
}

static void holders_less(struct board *b, struct str holders)
{
	struct str jid;

	for (size_t at = 0; next_item(holders, &at, &jid);) {
		struct holder *h = map_get(&b->holders, jid);

		if (h && --h->rooms == 0)
			free(map_del(&b->holders, jid));
	}
}

/* False: memory is out, and nobody has been counted. */
static bool holders_more(struct board *b, struct str holders)
{
	struct str jid;

	for (size_t at = 0, done = 0; next_item(holders, &at, &jid); done = at) {
		struct holder *h = map_get(&b->holders, jid);

		if (!h)
			h = holder_new(b, jid);
		if (!h) {
			holders_less(b, str_cut(holders, 0, done));
			return false;
		}
		h->rooms++;
	}
	return true;
}

static size_t rooms_of(const struct board *b, struct str jid)
{
	const struct holder *h = map_get(&b->holders, jid);

	return h ? h->rooms : 0;
}

/* ---- writing ---- */

static void put_item(struct buf *out, struct str item)
{
	unsigned char head[2] = {(unsigned char)item.len, (unsigned char)(item.len >> 8)};

	buf_put(out, head, sizeof(head));
	buf_str(out, item);
}

static void put_people(struct buf *out, const struct room *r)
{
	room_each_occupant(o, r)
	{
		occupant_each_seat(s, o)
		{
			put_item(out, o->nick);
			put_item(out, s->jid.full);
		}
	}
}

static void put_holders(struct buf *out, const struct room *r)
{
	struct map_slot *slot;

	if (r->creator.len) {
		put_item(out, r->creator);
		return;
	}
	for (size_t i = 0; (slot = map_next(&r->affiliations, &i));) {
		const struct affiliated *a = slot->value;

		if (a->affiliation == AFFILIATION_OWNER)
			put_item(out, a->jid);
	}
}

static struct str keep(char **at, struct str s)
{
	struct str kept = str_of(*at, s.len);

	if (s.len)
		memcpy(*at, s.data, s.len);
	*at += s.len;
	return kept;
}

static struct card *card_new(struct str jid, struct str name, struct str people, struct str holders)
{
	struct card *c = malloc(sizeof(*c) + jid.len + name.len + people.len + holders.len);
	char *at;

	if (!c)
		return NULL;
	at = c->text;
	c->jid = jid_split(keep(&at, jid));
	c->name = keep(&at, name);
	c->people = keep(&at, people);
	c->holders = keep(&at, holders);
	c->public = false;
	return c;
}

/* Under the lock; takes the card when true. The old one's key goes with it, so the new one's is put in its place. */
static bool card_put(struct board *b, struct card *c)
{
	struct card *old = map_get(&b->cards, c->jid.bare);
	bool same = old && str_eq(old->holders, c->holders);

	if (!same && !holders_more(b, c->holders))
		return false;
	if (map_put(&b->cards, c->jid.bare, c)) {
		if (!same)
			holders_less(b, c->holders);
		return false;
	}
	if (old && !same)
		holders_less(b, old->holders);
	free(old);
	return true;
}

static enum board_claim claim(struct board *b, struct card *c, struct str creator, size_t max, size_t max_by_person)
{
	if (b->cards.len >= max)
		return BOARD_E_FULL;
	if (rooms_of(b, creator) >= max_by_person)
		return BOARD_E_PERSON_FULL;
	return card_put(b, c) ? BOARD_CLAIMED : BOARD_E_MEMORY;
}

enum board_claim board_claim(
	struct board *b, struct str room, struct str creator, size_t max, size_t max_by_person)
{
	enum board_claim result = BOARD_E_MEMORY;
	struct buf holders = BUF_INIT(0);
	struct card *c;

	put_item(&holders, creator);
	c = buf_failed(&holders) ? NULL : card_new(room, STR(""), STR(""), buf_view(&holders));
	buf_done(&holders);
	if (!c)
		return result;
	pthread_rwlock_wrlock(&b->lock);
	result = claim(b, c, creator, max, max_by_person);
	pthread_rwlock_unlock(&b->lock);
	if (result != BOARD_CLAIMED)
		free(c);
	return result;
}

void board_put(struct board *b, const struct room *r)
{
	struct str name = r->config.name.len ? r->config.name : r->name;
	struct buf people = BUF_INIT(0), holders = BUF_INIT(0);
	struct card *c = NULL;
	bool ok;

	put_people(&people, r);
	put_holders(&holders, r);
	if (!buf_failed(&people) && !buf_failed(&holders))
		c = card_new(r->jid, name, buf_view(&people), buf_view(&holders));
	buf_done(&people);
	buf_done(&holders);
	if (c)
		c->public = r->config.public && !r->locked;
	pthread_rwlock_wrlock(&b->lock);
	ok = c && card_put(b, c);
	pthread_rwlock_unlock(&b->lock);
	if (!ok) {
		free(c);
		log_error("out of memory: who is in a room is not known to the record");
	}
}

void board_drop(struct board *b, struct str room)
{
	struct card *old;

	pthread_rwlock_wrlock(&b->lock);
	old = map_del(&b->cards, room);
	if (old)
		holders_less(b, old->holders);
	pthread_rwlock_unlock(&b->lock);
	free(old);
}

/* ---- reading ---- */

size_t board_count(struct board *b)
{
	size_t n;

	pthread_rwlock_rdlock(&b->lock);
	n = b->cards.len;
	pthread_rwlock_unlock(&b->lock);
	return n;
}

bool board_members(struct board *b, const struct jid *to, struct buf *out)
{
	const struct card *c;
	struct str nick, jid;

	pthread_rwlock_rdlock(&b->lock);
	c = map_get(&b->cards, to->bare);
	for (size_t at = 0; c && next_item(c->people, &at, &nick) && next_item(c->people, &at, &jid);)
		if (to->resource.len == 0 || str_eq(nick, to->resource))
			put_item(out, jid);
	pthread_rwlock_unlock(&b->lock);
	return c != NULL;
}

bool board_account(struct board *b, const struct jid *to, struct buf *out)
{
	const struct card *c;
	struct str nick, jid;
	bool found = false;

	pthread_rwlock_rdlock(&b->lock);
	c = map_get(&b->cards, to->bare);
	for (size_t at = 0;
		c && !found && next_item(c->people, &at, &nick) && next_item(c->people, &at, &jid);)
		if (str_eq(nick, to->resource)) {
			buf_str(out, jid_split(jid).bare);
			found = !buf_failed(out);
		}
	pthread_rwlock_unlock(&b->lock);
	return found;
}

bool board_nick(struct board *b, struct str room, struct str full, struct buf *out)
{
	const struct card *c;
	struct str nick, jid;
	bool found = false;

	pthread_rwlock_rdlock(&b->lock);
	c = map_get(&b->cards, room);
	for (size_t at = 0; c && !found && next_item(c->people, &at, &nick) && next_item(c->people, &at, &jid);)
		if (str_eq(jid, full)) {
			buf_str(out, nick);
			found = !buf_failed(out);
		}
	pthread_rwlock_unlock(&b->lock);
	return found;
}

static bool is_within(const struct card *c, struct str bare)
{
	struct str nick, jid;

	for (size_t at = 0; next_item(c->people, &at, &nick) && next_item(c->people, &at, &jid);)
		if (str_eq(jid_split(jid).bare, bare))
			return true;
	return false;
}

void board_each(struct board *b, struct str service, struct str bare,
	bool (*each)(void *owner, const struct board_room *room), void *owner)
{
	struct map_slot *slot;
	bool more = true;

	pthread_rwlock_rdlock(&b->lock);
	for (size_t i = 0; more && (slot = map_next(&b->cards, &i));) {
		const struct card *c = slot->value;
		struct board_room room = {.jid = c->jid.bare, .name = c->name, .public = c->public};

		if (!str_eq(c->jid.domain, service))
			continue;
		room.within = !c->public && is_within(c, bare);
		more = each(owner, &room);
	}
	pthread_rwlock_unlock(&b->lock);
}
