#include "record/outcome.h"

#include <endian.h>

enum {
	WHO_MAX = 3071, /* bytes of the longest JID */
	PAIRS_MAX = 256 << 10,
};

static unsigned kind_of(enum event type)
{
	return type == EVENT_DELIVERED ? 0 : type == EVENT_OFFLINE ? 1 : 2;
}

void outcomes_init(struct outcomes *o)
{
	*o = (struct outcomes){};
}

void outcomes_done(struct outcomes *o)
{
	for (unsigned i = 0; i < OUTCOME_KINDS; i++)
		buf_done(&o->kinds[i].pairs);
	buf_done(&o->taken);
}

bool outcomes_add(struct outcomes *o, enum event type, uint64_t seq, struct str who)
{
	struct buf *b = &o->kinds[kind_of(type)].pairs;
	uint64_t number = htole64(seq);
	uint16_t len;

	if (who.len > WHO_MAX)
		who.len = 0;
	len = htole16((uint16_t)who.len);
	buf_put(b, &number, sizeof(number));
	buf_put(b, &len, sizeof(len));
	buf_str(b, who);
	if (++o->kinds[kind_of(type)].count >= OUTCOMES_MAX || b->len > PAIRS_MAX)
		o->kinds[kind_of(type)].due = true;
	return o->kinds[kind_of(type)].due;
}

void outcomes_due(struct outcomes *o)
{
	for (unsigned i = 0; i < OUTCOME_KINDS; i++)
		o->kinds[i].due = o->kinds[i].count > 0;
}

bool outcomes_take(struct outcomes *o)
{
	static const enum event types[OUTCOME_KINDS] = {EVENT_DELIVERED, EVENT_OFFLINE, EVENT_FETCHED};

	for (unsigned i = 0; i < OUTCOME_KINDS; i++) {
		if (!o->kinds[i].due)
			continue;
		struct buf swap = o->taken;

		o->taken = o->kinds[i].pairs;
		o->kinds[i].pairs = swap;
		buf_clear(&o->kinds[i].pairs);
		o->kinds[i].count = 0;
		o->kinds[i].due = false;
		o->type = types[i];
		return true;
	}
	return false;
}
