/* Entering rooms; see room.h. */
#include "room.h"

#include "clock.h"
#include "crowd.h"
#include "fatal.h"

unsigned room_occupants(const struct crowd *crowd)
{
	return crowd->opt->occupants < crowd->count ? crowd->opt->occupants : crowd->count;
}

unsigned room_of(const struct client *c)
{
	return c->index / room_occupants(c->crowd);
}

void room_address(const struct client *c, struct buf *out)
{
	const struct option_set *opt = c->crowd->opt;

	buf_print(out, "bench%u@%s.%s", room_of(c), opt->service, opt->domain);
}

void room_enter(struct client *c)
{
	client_print(c, "<presence to='");
	room_address(c, &c->out);
	client_print(c, "/n%u'><x xmlns='http://jabber.org/protocol/muc'><history maxstanzas='0'/></x></presence>", c->index);
	client_flush_later(c);
}

/* An instant room (section 10.1.2). Servers that lock none say yes too. */
static void room_open(struct client *c)
{
	client_print(c, "<iq type='set' id='open' to='");
	room_address(c, &c->out);
	client_print(c, "'><query xmlns='http://jabber.org/protocol/muc#owner'><x xmlns='jabber:x:data' type='submit'/>"
			"</query></iq>");
	client_flush_later(c);
}

bool room_stanza(struct client *c, struct room_seat *seat, struct str stanza)
{
	struct str type = {"", 0};

	if (!str_starts(stanza, STR("<presence")))
		return false;
	str_attribute(str_tag(stanza), STR("type"), &type);
	if (str_equal(type, STR("error")))
		fatal("cannot enter a room: %.*s", (int)stanza.len, stanza.data);
	if (type.len || !str_has(stanza, STR("http://jabber.org/protocol/muc#user")))
		return true;
	seat->seen++;
	if (str_has(stanza, STR("code='201'")) || str_has(stanza, STR("code=\"201\"")))
		room_open(c);
	if (str_has(stanza, STR("code='110'")) || str_has(stanza, STR("code=\"110\"")))
		seat->inside = true;
	return true;
}

/* Waits for every `step`-th client to be inside. */
static void room_await(struct crowd *crowd, const struct room_seat *seats, unsigned step)
{
	uint64_t end = clock_now() + clock_seconds(crowd->opt->drain + 20);

	for (unsigned i = 0; i < crowd->count;) {
		if (seats[i].inside) {
			i += step;
			continue;
		}
		if (clock_now() > end)
			fatal("client %u has not got into its room", i);
		crowd_pass(crowd, clock_now() + NS_PER_SECOND / 10);
	}
}

void room_make_all(struct crowd *crowd, struct room_seat *seats)
{
	unsigned step = room_occupants(crowd);

	for (unsigned i = 0; i < crowd->count; i += step)
		room_enter(&crowd->clients[i]);
	room_await(crowd, seats, step);
	crowd_rest(crowd, 0.3);
}

void room_enter_all(struct crowd *crowd, struct room_seat *seats)
{
	room_make_all(crowd, seats);
	for (unsigned i = 0; i < crowd->count; i++) {
		if (!seats[i].inside)
			room_enter(&crowd->clients[i]);
		if (i % crowd->opt->concurrency == 0)
			crowd_pass(crowd, clock_now());
	}
	room_await(crowd, seats, 1);
	crowd_rest(crowd, 0.5);
}
