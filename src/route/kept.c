#include "route/kept.h"

#include <string.h>

void kept_take(struct kept *k, const struct receipt *receipt)
{
	struct str id = receipt ? receipt_id(receipt) : STR_NONE;

	*k = (struct kept){.seq = 0};
	if (!receipt || receipt_is_signal(receipt) || id.len != RECORD_ID)
		return;
	k->seq = receipt_seq(receipt);
	k->time_us = receipt_time_us(receipt);
	memcpy(k->id, id.data, RECORD_ID);
}

const struct receipt *kept_receipt(const struct kept *k, struct arena *arena, struct record *record)
{
	if (k->seq == 0)
		return record_signal(record, SIGNAL_PRESENCE);
	return record_receipt_stored(arena, k->seq, k->time_us, str_of(k->id, RECORD_ID));
}
