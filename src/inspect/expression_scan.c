/* Finding expressions: which bundles are due, and where what they report lies. */
#include "inspect/expressions.h"
#include "base/fold.h"

enum {
	LOOK_ENDS_MAX = 64,   /* matches of one expression in one part that are kept apart */
	LOOK_BACK_MAX = 1024, /* bytes a start is looked for before an end */
	UTF8_MAX = 4,         /* bytes of a character */
};

/* ---- what is due ---- */

void expressions_mark(const struct expressions *e, size_t key, struct hits *hits)
{
	struct str text = e->keys[key].text;

	do {
		uint32_t x = e->keys[key].expression;

		hits->marks[x] |= e->keys[key].mark;
		hits->marked |= hits->marks[x] == e->list[x].marks;
		key++;
	} while (key < e->key_count && str_eq(e->keys[key].text, text));
}

static bool is_dense(char c)
{
	return c != ' ' && (uint8_t)(c - '\t') > '\r' - '\t';
}

static bool is_digit(char c)
{
	return (uint8_t)(c - '0') < 10;
}

/* Whether there are `least` bytes in a row that are `such`, `least` not 0. They cover a place of the grid of
 * that width: look there first. */
static inline bool has_run(struct str text, size_t least, bool (*such)(char))
{
	for (size_t i = least - 1; i < text.len; i += least) {
		size_t from = i, to = i;

		if (!such(text.data[i]))
			continue;
		while (from > 0 && such(text.data[from - 1]))
			from--;
		while (to < text.len && to - from < least && such(text.data[to]))
			to++;
		if (to - from >= least)
			return true;
	}
	return false;
}

/* Parts, or bundles, beside each other; none when first == end. */
struct range {
	size_t first, end;
};

/* Whether the part has a run of `least` such bytes; what it lacks is kept for the next expression. */
static inline bool part_has_run(
	struct texts *texts, size_t part, size_t least, bool (*such)(char), size_t *lacks)
{
	if (least < 2)
		return true;
	if (least >= *lacks)
		return false;
	if (has_run(texts_part(texts, VIEW_NARROW, part), least, such))
		return true;
	*lacks = least;
	return false;
}

/* Whether the part has what the expression needs, literals aside, and its rule wants it. */
static bool need_is_met(const struct expression *x, struct texts *texts, size_t part, const struct hits *hits)
{
	struct text_part *p = &texts->parts[part];
	struct str text;

	if (p->digits < x->need.digits || text_part_width(p) < x->min_width)
		return false;
	if (!hits_wants(hits, (uint32_t)x->rule->index, p->kind))
		return false;
	if ((x->need.run < 2 && x->need.number < 2 && !x->need.at) || !texts_fold(texts, VIEW_NARROW))
		return true;
	text = texts_part(texts, VIEW_NARROW, part);
	return (!x->need.at || memchr(text.data, '@', text.len)) &&
	       part_has_run(texts, part, x->need.number, is_digit, &p->lacks_number) &&
	       part_has_run(texts, part, x->need.run, is_dense, &p->lacks_run);
}

static void range_add(struct range *r, size_t part)
{
	if (r->first == r->end)
		r->first = part;
	r->end = part + 1;
}

/* From the first to the last part that the bundle could match in. */
static struct range bundle_range(
	const struct expressions *e, const struct bundle *b, struct texts *texts, const struct hits *hits)
{
	const struct expression *x = &e->list[b->first];
	struct range r = {};

	if (x->group == GROUP_TEXT)
		return (struct range){0, texts->count};
	if ((hits->marks[b->first] & x->marks) != x->marks ||
		(x->group == GROUP_DIGITS && x->min_width > texts->digits_width))
		return r;
	for (size_t part = 0; part < texts->count; part++)
		if (need_is_met(x, texts, part, hits))
			range_add(&r, part);
	return r;
}

/* The bundles of a group that could be due. Numbers of digits are in rising order. */
static struct range group_range(const struct expressions *e, enum expression_group group,
	const struct texts *texts, const struct hits *hits)
{
	struct range r = {e->groups[group], e->groups[group + 1]};
	struct str words = texts_view(texts, VIEW_WORD);

	if ((group == GROUP_LITERAL && !hits->marked) ||
		(group == GROUP_AT && r.first < r.end && !memchr(words.data, '@', words.len)))
		r.end = r.first;
	while (group == GROUP_DIGITS && r.end > r.first &&
		e->list[e->bundles[r.end - 1].first].need.digits > texts->digits_max)
		r.end--;
	return r;
}

/* ---- scanning ---- */

struct scan {
	const struct expressions *expressions;
	const struct texts *texts;
	enum view view;
	struct hits *hits;
	size_t from; /* where in the view the scan began */
	bool overflow;
};

static int on_match(unsigned id, unsigned long long from, unsigned long long to, unsigned flags, void *owner)
{
	struct scan *s = owner;
	struct hits *h = s->hits;
	size_t part = texts_part_at(s->texts, s->view, s->from + (size_t)to - 1);
	const struct expression *x = &s->expressions->list[id];

	(void)from;
	(void)flags;
	if (!hits_wants(h, (uint32_t)x->rule->index, s->texts->parts[part].kind))
		return 0;
	for (size_t i = h->report_count; i > 0; i--)
		if (h->reports[i - 1].expression == id && h->reports[i - 1].part == part)
			return 0;
	if (h->report_count == REPORTS_MAX) {
		s->overflow = true;
		return 1;
	}
	h->reports[h->report_count++] = (struct report){.expression = id, .part = (uint32_t)part};
	return 0;
}

/* One expression in one part. The engine reports ends alone: each reported place is the end of some match. */
struct look {
	const struct expressions *expressions;
	hs_scratch_t *scratch;
	struct hits *hits;
	struct str text;
	struct report report;
	uint32_t ends[LOOK_ENDS_MAX]
		     [2]; /* first and last of ends that follow each other: one match, getting longer */
	size_t count;
	bool overflow;
};

/* Bytes between two ends, a character beyond ASCII for as many as it can have. */
static size_t gap_of(struct str text, size_t from, size_t to)
{
	size_t gap = to - from;

	for (size_t i = from; i < to; i++)
		gap += text.data[i] == FOLD_WIDE ? UTF8_MAX - 1 : 0;
	return gap;
}

static int on_look(unsigned id, unsigned long long from, unsigned long long to, unsigned flags, void *owner)
{
	struct look *l = owner;
	uint32_t *run = l->count ? l->ends[l->count - 1] : NULL;

	(void)from;
	(void)flags;
	if (id != l->report.expression)
		return 0;
	if (run && gap_of(l->text, run[1], (size_t)to) <= UTF8_MAX) {
		run[1] = (uint32_t)to;
		return 0;
	}
	if (l->count == LOOK_ENDS_MAX) {
		l->overflow = true;
		return 1;
	}
	l->ends[l->count][0] = l->ends[l->count][1] = (uint32_t)to;
	l->count++;
	return 0;
}

struct probe {
	unsigned expression;
	size_t end;
	bool found;
};

static int on_probe(unsigned id, unsigned long long from, unsigned long long to, unsigned flags, void *owner)
{
	struct probe *p = owner;

	(void)from;
	(void)flags;
	p->found |= id == p->expression && to == p->end;
	return p->found;
}

static bool probe_matches(const struct look *l, size_t from, size_t end)
{
	const struct expression *x = &l->expressions->list[l->report.expression];
	struct probe p = {.expression = l->report.expression, .end = end - from};

	(void)hs_scan(l->expressions->bundles[x->bundle].db, l->text.data + from, (unsigned)(end - from), 0,
		l->scratch, on_probe, &p);
	return p.found;
}

static size_t character_before(struct str text, size_t at)
{
	while (at > 0 && ((uint8_t)text.data[at] & 0xc0) == 0x80)
		at--;
	return at;
}

/* Where the shortest match that ends there begins: the last place from which it still matches. `end` itself
 * when that is too far back to be looked for. */
static size_t start_of(const struct look *l, size_t end)
{
	size_t low = end > LOOK_BACK_MAX ? character_before(l->text, end - LOOK_BACK_MAX) : 0, high = end;

	if (!probe_matches(l, low, end))
		return end;
	while (high - low > 1) {
		size_t middle = character_before(l->text, low + (high - low) / 2);

		if (middle == low)
			high = low + (high - low) / 2;
		else if (probe_matches(l, middle, end))
			low = middle;
		else
			high = middle;
	}
	return low;
}

static bool look_again(const struct scan *s, struct report report, hs_scratch_t *scratch)
{
	const struct expression *x = &s->expressions->list[report.expression];
	struct look l;

	if (!hits_wants(s->hits, (uint32_t)x->rule->index, s->texts->parts[report.part].kind))
		return true;
	l.expressions = s->expressions;
	l.scratch = scratch;
	l.hits = s->hits;
	l.text = texts_part(s->texts, s->view, report.part);
	l.report = report;
	l.count = 0;
	l.overflow = false;
	if (hs_scan(s->expressions->bundles[x->bundle].db, l.text.data, (unsigned)l.text.len, 0, scratch,
		    on_look, &l) &&
		!l.overflow)
		return false;
	for (size_t i = 0; i < l.count; i++)
		hits_add(s->hits, &(struct hit){.rule = (uint32_t)x->rule->index,
					  .part = report.part,
					  .at = (uint32_t)start_of(&l, l.ends[i][0]),
					  .end = l.ends[i][1],
					  .view = s->view});
	s->hits->overflow |= l.overflow;
	return true;
}

static enum cannot_tell bundle_find(const struct expressions *e, const struct bundle *b, struct range range,
	hs_scratch_t *scratch, struct texts *texts, struct hits *hits)
{
	const struct text_part *first = &texts->parts[range.first], *last = &texts->parts[range.end - 1];
	struct scan s = {.expressions = e, .texts = texts, .view = b->view, .hits = hits};
	struct str text;
	hs_error_t error;

	if (!texts_fold(texts, b->view))
		return texts->failed;
	s.from = first->at[b->view];
	text = str_cut(texts_view(texts, b->view), s.from, last->at[b->view] + last->len[b->view]);
	hits->report_count = 0;
	error = hs_scan(b->db, text.data, (unsigned)text.len, 0, scratch, on_match, &s);
	if (s.overflow)
		return CANNOT_TELL_HITS;
	if (error)
		return CANNOT_TELL_ENGINE;
	for (size_t i = 0; i < hits->report_count; i++)
		if (!look_again(&s, hits->reports[i], scratch))
			return CANNOT_TELL_ENGINE;
	return CANNOT_TELL_NONE;
}

static enum cannot_tell group_find(const struct expressions *e, enum expression_group group,
	hs_scratch_t *scratch, struct texts *texts, bool gated, struct hits *hits)
{
	struct range due = {e->groups[group], e->groups[group + 1]};

	if (gated)
		due = group_range(e, group, texts, hits);
	for (size_t i = due.first; i < due.end; i++) {
		struct range parts = {0, texts->count};
		enum cannot_tell why;

		if (gated)
			parts = bundle_range(e, &e->bundles[i], texts, hits);
		if (parts.first == parts.end)
			continue;
		why = bundle_find(e, &e->bundles[i], parts, scratch, texts, hits);
		if (why)
			return why;
	}
	return CANNOT_TELL_NONE;
}

enum cannot_tell expressions_find(const struct expressions *e, hs_scratch_t *scratch, struct texts *texts,
	bool gated, struct hits *hits)
{
	enum cannot_tell why = CANNOT_TELL_NONE;

	for (unsigned group = 0; group < GROUP_COUNT && !why; group++)
		why = group_find(e, (enum expression_group)group, scratch, texts, gated, hits);
	return why;
}
