#include "inspect/expressions.h"

#include <errno.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/cleanup.h"

enum {
	FLAGS = HS_FLAG_UTF8 | HS_FLAG_MULTILINE,
	DIGITS_LEAST = 3, /* fewer digits, or shorter runs, are in too many texts to be worth a group */
	RUN_LEAST = 16,
	LOOK_ENDS_MAX = 64,   /* matches of one expression in one part that are kept apart */
	LOOK_BACK_MAX = 1024, /* bytes a start is looked for before an end */
};

/* ---- compiling ---- */

static unsigned flags_of(const struct expression *x)
{
	return FLAGS | (x->regex->keep_case ? 0 : HS_FLAG_CASELESS);
}

static enum expression_group group_of(const struct need *need)
{
	if (need->digits >= DIGITS_LEAST)
		return GROUP_DIGITS;
	if (need->at)
		return GROUP_AT;
	return need->run >= RUN_LEAST ? GROUP_RUN : GROUP_TEXT;
}

static int refuse(const struct expression *x, struct problems *problems, const char *what)
{
	problem_add(problems, x->rule->file, x->regex->line, x->regex->column, "rule '%.*s', regex %s: %s",
		STR_FMT(x->rule->id), LOG_STR(x->regex->text), what);
	return -EINVAL;
}

static int refuse_compile(const struct expression *x, struct problems *problems, hs_compile_error_t *error)
{
	int ret = refuse(x, problems, error ? error->message : "the engine refused it");

	hs_free_compile_error(error);
	return ret;
}

/* Places that mean the whole text have no meaning where several texts are looked at together. */
static bool has_text_anchor(struct str regex)
{
	for (size_t i = 0; i + 1 < regex.len; i++) {
		if (regex.data[i] != '\\')
			continue;
		i++;
		if (regex.data[i] == 'A' || regex.data[i] == 'z' || regex.data[i] == 'Z' ||
			regex.data[i] == 'G')
			return true;
	}
	return false;
}

/* `text` ends in NUL. */
static int expression_check(struct expression *x, struct problems *problems)
{
	hs_compile_error_t *error = NULL;
	hs_expr_info_t *info = NULL;

	if (memchr(x->regex->text.data, '\0', x->regex->text.len))
		return refuse(x, problems, "a NUL character");
	if (has_text_anchor(x->regex->text))
		return refuse(x, problems,
			"\\A, \\Z, \\z and \\G are not supported; use ^ and $, which are line ends");
	if (hs_expression_info(x->regex->text.data, flags_of(x), &info, &error))
		return refuse_compile(x, problems, error);
	x->min_width = info->min_width;
	free(info);
	if (x->min_width == 0)
		return refuse(x, problems, "it matches the empty text, so it would match everything");
	x->need = need_of(x->regex->text);
	x->group = group_of(&x->need);
	return 0;
}

struct batch {
	const char **texts;
	unsigned *flags, *ids;
	unsigned count;
};

static void batch_done(struct batch *b)
{
	free(b->texts);
	free(b->flags);
	free(b->ids);
}

static int group_compile(struct expressions *e, enum expression_group group, struct problems *problems)
{
	AUTO(batch_done)
	struct batch b = {
		.texts = calloc(e->count + 1, sizeof(*b.texts)),
		.flags = calloc(e->count + 1, sizeof(*b.flags)),
		.ids = calloc(e->count + 1, sizeof(*b.ids)),
	};
	hs_compile_error_t *error = NULL;
	unsigned least = NEED_MAX;

	if (!b.texts || !b.flags || !b.ids)
		return -ENOMEM;
	for (size_t i = 0; i < e->count; i++) {
		const struct expression *x = &e->list[i];
		unsigned has = group == GROUP_DIGITS ? x->need.digits : x->need.run;

		if (x->group != group)
			continue;
		b.texts[b.count] = x->regex->text.data;
		b.flags[b.count] = flags_of(x);
		b.ids[b.count++] = (unsigned)i;
		least = has < least ? has : least;
	}
	e->group[group].least = least;
	if (b.count == 0 || !hs_compile_multi(b.texts, b.flags, b.ids, b.count, HS_MODE_BLOCK, NULL,
				    &e->group[group].db, &error))
		return 0;
	return refuse_compile(
		&e->list[error->expression >= 0 ? b.ids[error->expression] : b.ids[0]], problems, error);
}

static void list_fill(struct expressions *e, const struct rule_set *rules)
{
	for (size_t i = 0; i < rule_set_count(rules); i++) {
		const struct rule *rule = rule_set_rule(rules, i);

		for (size_t k = 0; k < rule->regex_count; k++)
			e->list[e->count++] = (struct expression){.rule = rule, .regex = &rule->regexes[k]};
	}
}

int expressions_init(struct expressions *e, const struct rule_set *rules, struct problems *problems)
{
	int ret = 0;

	*e = (struct expressions){.list = calloc(rule_set_regex_count(rules) + 1, sizeof(*e->list))};
	if (!e->list)
		return -ENOMEM;
	list_fill(e, rules);
	for (size_t i = 0; i < e->count; i++) {
		int one = expression_check(&e->list[i], problems);

		ret = one ? one : ret;
	}
	for (int g = 0; g < GROUP_COUNT && ret == 0; g++)
		ret = group_compile(e, (enum expression_group)g, problems);
	return ret;
}

void expressions_done(struct expressions *e)
{
	for (int g = 0; g < GROUP_COUNT; g++)
		hs_free_database(e->group[g].db);
	free(e->list);
	*e = (struct expressions){};
}

int expressions_scratch(const struct expressions *e, hs_scratch_t **scratch)
{
	for (int g = 0; g < GROUP_COUNT; g++)
		if (e->group[g].db && hs_alloc_scratch(e->group[g].db, scratch))
			return -ENOMEM;
	return 0;
}

/* ---- finding ---- */

static bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* A run of `least` covers a place of the grid of that width: look there first. */
static bool has_run(struct str text, size_t least)
{
	for (size_t i = least - 1; i < text.len; i += least) {
		size_t from = i, to = i;

		if (is_space(text.data[i]))
			continue;
		while (from > 0 && !is_space(text.data[from - 1]))
			from--;
		while (to < text.len && to - from < least && !is_space(text.data[to]))
			to++;
		if (to - from >= least)
			return true;
	}
	return false;
}

static bool group_is_due(const struct expressions *e, enum expression_group group, const struct texts *texts)
{
	struct str view = texts_view(texts, VIEW_LIGHT);

	if (!e->group[group].db)
		return false;
	switch (group) {
	case GROUP_DIGITS:
		return texts->digits_max >= e->group[group].least;
	case GROUP_AT:
		return memchr(view.data, '@', view.len) != NULL;
	case GROUP_RUN:
		return has_run(view, e->group[group].least);
	case GROUP_TEXT:
	case GROUP_COUNT:
		break;
	}
	return true;
}

struct scan {
	const struct expressions *expressions;
	const struct texts *texts;
	struct hits *hits;
	bool overflow;
};

static int on_match(unsigned id, unsigned long long from, unsigned long long to, unsigned flags, void *owner)
{
	struct scan *s = owner;
	struct hits *h = s->hits;
	size_t part = texts_part_at(s->texts, VIEW_LIGHT, (size_t)to - 1);
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

static int on_look(unsigned id, unsigned long long from, unsigned long long to, unsigned flags, void *owner)
{
	struct look *l = owner;
	uint32_t *run = l->count ? l->ends[l->count - 1] : NULL;

	(void)from;
	(void)flags;
	if (id != l->report.expression)
		return 0;
	if (run && (uint32_t)to <= run[1] + 4) {
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

	(void)hs_scan(l->expressions->group[x->group].db, l->text.data + from, (unsigned)(end - from), 0,
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
	l.text = texts_part(s->texts, VIEW_LIGHT, report.part);
	l.report = report;
	l.count = 0;
	l.overflow = false;
	if (hs_scan(s->expressions->group[x->group].db, l.text.data, (unsigned)l.text.len, 0, scratch,
		    on_look, &l) &&
		!l.overflow)
		return false;
	for (size_t i = 0; i < l.count; i++)
		hits_add(s->hits, &(struct hit){.rule = (uint32_t)x->rule->index,
					  .part = report.part,
					  .at = (uint32_t)start_of(&l, l.ends[i][0]),
					  .end = l.ends[i][1],
					  .view = VIEW_LIGHT});
	s->hits->overflow |= l.overflow;
	return true;
}

static enum cannot_tell group_find(const struct expressions *e, enum expression_group group,
	hs_scratch_t *scratch, const struct texts *texts, struct hits *hits)
{
	struct scan s = {.expressions = e, .texts = texts, .hits = hits};
	struct str view = texts_view(texts, VIEW_LIGHT);
	hs_error_t error;

	hits->report_count = 0;
	error = hs_scan(e->group[group].db, view.data, (unsigned)view.len, 0, scratch, on_match, &s);
	if (s.overflow)
		return CANNOT_TELL_HITS;
	if (error)
		return CANNOT_TELL_ENGINE;
	for (size_t i = 0; i < hits->report_count; i++)
		if (!look_again(&s, hits->reports[i], scratch))
			return CANNOT_TELL_ENGINE;
	return CANNOT_TELL_NONE;
}

enum cannot_tell expressions_find(const struct expressions *e, hs_scratch_t *scratch, struct texts *texts,
	bool gated, struct hits *hits)
{
	if (e->count == 0)
		return CANNOT_TELL_NONE;
	if (!texts_fold(texts, VIEW_LIGHT))
		return texts->failed;
	for (int g = 0; g < GROUP_COUNT; g++) {
		enum cannot_tell why;

		if (!e->group[g].db || (gated && !group_is_due(e, (enum expression_group)g, texts)))
			continue;
		why = group_find(e, (enum expression_group)g, scratch, texts, hits);
		if (why)
			return why;
	}
	return CANNOT_TELL_NONE;
}
