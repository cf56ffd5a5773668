#include "route/components_shown.h"

#include <stdlib.h>

#include "base/buf.h"

void components_shown_init(struct shown *s)
{
	map_init(&s->pairs);
}

/* No address has a NUL in it. */
static struct str key_put(struct buf *b, struct str from, struct str to)
{
	buf_str(b, from);
	buf_putc(b, '\0');
	buf_str(b, to);
	return buf_failed(b) ? STR_NONE : buf_view(b);
}

bool components_shown_add(struct shown *s, struct str from, struct str to, size_t max)
{
	struct buf text = BUF_INIT(0);
	struct str key = key_put(&text, from, to);
	bool known = key.data && map_get(&s->pairs, key);
	char *copy = key.data && !known && s->pairs.len < max ? str_dupz(key) : NULL;

	if (copy && map_put(&s->pairs, str_of(copy, key.len), copy)) {
		free(copy);
		copy = NULL;
	}
	buf_done(&text);
	return known || copy;
}

void components_shown_remove(struct shown *s, struct str from, struct str to)
{
	struct buf text = BUF_INIT(0);
	struct str key = key_put(&text, from, to);

	if (key.data)
		free(map_del(&s->pairs, key));
	buf_done(&text);
}

void components_shown_clear(struct shown *s, void (*each)(void *owner, struct str from, struct str to), void *owner)
{
	struct map pairs = s->pairs;
	struct map_slot *slot;

	map_init(&s->pairs);
	for (size_t i = 0; (slot = map_next(&pairs, &i));) {
		size_t end = str_find(slot->key, '\0', 0);

		if (each)
			each(owner, str_cut(slot->key, 0, end), str_cut(slot->key, end + 1, slot->key.len));
		free(slot->value);
	}
	map_done(&pairs);
}
