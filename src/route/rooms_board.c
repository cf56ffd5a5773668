#include "route/rooms_board.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/log.h"

/* One room. Behind the card stand its strings: the address, the name, and for each seat nickname and address,
 * each pair as u16 length and bytes. */
struct card {
	struct jid jid;
	struct str name, people;
	bool public;
	char text[];
};

struct board {
	pthread_rwlock_t lock;
	struct map cards; /* bare JID -> struct card */
};

struct board *board_new(void)
{
	struct board *b = calloc(1, sizeof(*b));

	if (!b)
		return NULL;
	pthread_rwlock_init(&b->lock, NULL);
	map_init(&b->cards);
	return b;
}

struct board *board_free(struct board *b)
{
	struct map_slot *slot;

	if (!b)
		return NULL;
	for (size_t i = 0; (slot = map_next(&b->cards, &i));)
		free(slot->value);
	map_done(&b->cards);
	pthread_rwlock_destroy(&b->lock);
	free(b);
	return NULL;
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

static struct card *card_of(const struct room *r, struct str people)
{
	struct str name = r->config.name.len ? r->config.name : r->name;
	struct card *c = malloc(sizeof(*c) + r->jid.len + name.len + people.len);
	char *at;

	if (!c)
		return NULL;
	at = c->text;
	memcpy(at, r->jid.data, r->jid.len);
	c->jid = jid_split(str_of(at, r->jid.len));
	at += r->jid.len;
	memcpy(at, name.data, name.len);
	c->name = str_of(at, name.len);
	at += name.len;
	if (people.len)
		memcpy(at, people.data, people.len);
	c->people = str_of(at, people.len);
	c->public = r->config.public && !r->locked;
	return c;
}

static bool card_put(struct board *b, struct card *c)
{
	struct card *old;
	bool ok;

	pthread_rwlock_wrlock(&b->lock);
	old = map_get(&b->cards, c->jid.bare);
	ok = map_put(&b->cards, c->jid.bare, c) == 0;
	pthread_rwlock_unlock(&b->lock);
	free(ok ? old : c);
	return ok;
}

void board_put(struct board *b, const struct room *r)
{
	struct buf people = BUF_INIT(0);
	struct card *c;

	put_people(&people, r);
	c = buf_failed(&people) ? NULL : card_of(r, buf_view(&people));
	if (!c || !card_put(b, c))
		log_error("out of memory: who is in a room is not known to the record");
	buf_done(&people);
}

void board_drop(struct board *b, struct str room)
{
	void *old;

	pthread_rwlock_wrlock(&b->lock);
	old = map_del(&b->cards, room);
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

/* The item at *at, which moves behind it. False at the end. */
static bool next_item(struct str people, size_t *at, struct str *out)
{
	size_t len;

	if (*at + 2 > people.len)
		return false;
	len = (unsigned char)people.data[*at] | (size_t)(unsigned char)people.data[*at + 1] << 8;
	*out = str_cut(people, *at + 2, *at + 2 + len);
	*at += 2 + len;
	return true;
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
