#include "inspect/hits.h"

#include <errno.h>
#include <stdlib.h>

int hits_init(struct hits *h)
{
	memset(h, 0, sizeof(*h));
	h->list = calloc(HITS_MAX, sizeof(*h->list));
	return h->list ? 0 : -ENOMEM;
}

void hits_done(struct hits *h)
{
	free(h->list);
	free(h->seen);
	free(h->marks);
	memset(h, 0, sizeof(*h));
}

static int marks_reset(struct hits *h, size_t count)
{
	if (count > h->marks_room) {
		uint8_t *marks = realloc(h->marks, count);

		if (!marks)
			return -ENOMEM;
		h->marks = marks;
		h->marks_room = count;
	}
	if (count)
		memset(h->marks, 0, count);
	h->marked = false;
	return 0;
}

int hits_reset(struct hits *h, const struct rule_set *rules, size_t expression_count, bool keep_all)
{
	size_t count = rule_set_count(rules);

	h->rules = rules;
	h->keep_all = keep_all;
	h->count = 0;
	h->overflow = false;
	if (count > h->seen_room || ++h->stamp == 0) {
		uint32_t *seen = calloc(count + 1, sizeof(*seen));

		if (!seen)
			return -ENOMEM;
		free(h->seen);
		h->seen = seen;
		h->seen_room = count;
		h->stamp = 1;
	}
	return marks_reset(h, expression_count);
}

bool hits_wants(const struct hits *h, uint32_t rule, enum text_kind kind)
{
	if (!(rule_set_rule(h->rules, rule)->kinds & UINT32_C(1) << kind))
		return false;
	return h->keep_all || h->seen[rule] != h->stamp;
}

void hits_add(struct hits *h, const struct hit *hit)
{
	h->seen[hit->rule] = h->stamp;
	if (h->count == HITS_MAX)
		h->overflow = true;
	else
		h->list[h->count++] = *hit;
}
