#include "record_fake.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"

struct receipt {
	uint64_t seq, time_us;
	char id[RECORD_ID];
	bool signal;
};

struct record record_fake;
static const struct receipt signal_receipt = {.signal = true};

uint64_t receipt_seq(const struct receipt *r)
{
	return r->seq;
}

uint64_t receipt_time_us(const struct receipt *r)
{
	return r->time_us;
}

struct str receipt_id(const struct receipt *r)
{
	return str_of(r->id, r->signal ? 0 : RECORD_ID);
}

bool receipt_is_signal(const struct receipt *r)
{
	return r->signal;
}

const struct receipt *record_receipt_stored(struct arena *a, uint64_t seq, uint64_t time_us, struct str id)
{
	struct receipt *r = seq && id.len == RECORD_ID ? arena_zalloc(a, sizeof(*r)) : NULL;

	if (!r)
		return NULL;
	r->seq = seq;
	r->time_us = time_us;
	memcpy(r->id, id.data, RECORD_ID);
	return r;
}

const struct receipt *record_fake_receipt(struct arena *a, char id[24])
{
	record_fake.seq++;
	record_id(id);
	id[RECORD_ID] = '\0';
	return record_receipt_stored(a, record_fake.seq, clock_utc_us(), str_of(id, RECORD_ID));
}

void record_id(char out[RECORD_ID])
{
	static unsigned number;
	char text[RECORD_ID + 1];

	snprintf(text, sizeof(text), "id%020u", ++number);
	memcpy(out, text, RECORD_ID);
}

int record_append(struct record *r, const struct entry *entry, struct waiter *w)
{
	(void)entry;
	(void)w;
	r->events++;
	return 0;
}

void record_delivered(struct record *r, uint64_t seq, struct str who)
{
	(void)seq;
	(void)who;
	r->delivered++;
}

void record_offline(struct record *r, uint64_t seq, struct str who)
{
	(void)seq;
	(void)who;
	r->offline++;
}

void record_fetched(struct record *r, uint64_t seq, struct str who)
{
	(void)seq;
	(void)who;
	r->fetched++;
}

const struct receipt *record_signal(struct record *r, enum record_signal kind)
{
	(void)r;
	(void)kind;
	return &signal_receipt;
}

void record_stats(const struct record *r, struct record_stats *out)
{
	*out = (struct record_stats){.appended = r->seq, .receipted = r->seq, .up = true};
}
