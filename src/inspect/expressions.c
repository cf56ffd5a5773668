#include "inspect/expressions.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/cleanup.h"

enum {
	FLAGS = HS_FLAG_MULTILINE,
	RUN_LEAST = 16, /* shorter runs are in too many texts to be worth a bundle */
};

/* ---- compiling ---- */

static unsigned flags_of(const struct expression *x)
{
	return FLAGS | (x->wide ? HS_FLAG_UTF8 : 0) | (x->regex->keep_case ? 0 : HS_FLAG_CASELESS);
}

static enum expression_group group_of(const struct need *need)
{
	if (need->literals[0])
		return GROUP_LITERAL;
	if (need->digits)
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

/* Whether the expression can tell one character beyond ASCII from another: it has one, or a code for one, or
 * changes what the engine takes for a letter. */
static bool is_wide(struct str regex)
{
	for (size_t i = 0; i < regex.len; i++) {
		char c = regex.data[i];

		if ((uint8_t)c >= 0x80 || (c == '(' && i + 1 < regex.len && regex.data[i + 1] == '*'))
			return true;
		if (c != '\\')
			continue;
		c = ++i < regex.len ? regex.data[i] : '\0';
		if ((uint8_t)c >= 0x80 || (c && !strchr("dDwWsSbBntrfv", c) && isalnum((unsigned char)c)))
			return true;
	}
	return false;
}

static uint8_t marks_of(const struct need *need)
{
	uint8_t marks = 0;

	for (unsigned i = 0; i < NEED_SETS; i++)
		marks |= (uint8_t)((need->literals[i] != NULL) << i);
	return marks;
}

/* `text` ends in NUL. */
static int expression_check(struct expression *x, struct arena *arena, struct problems *problems)
{
	hs_compile_error_t *error = NULL;
	hs_expr_info_t *info = NULL;

	if (memchr(x->regex->text.data, '\0', x->regex->text.len))
		return refuse(x, problems, "a NUL character");
	if (has_text_anchor(x->regex->text))
		return refuse(x, problems,
			"\\A, \\Z, \\z and \\G are not supported; use ^ and $, which are line ends");
	x->wide = is_wide(x->regex->text);
	if (hs_expression_info(x->regex->text.data, flags_of(x), &info, &error))
		return refuse_compile(x, problems, error);
	x->min_width = info->min_width;
	free(info);
	if (x->min_width == 0)
		return refuse(x, problems, "it matches the empty text, so it would match everything");
	x->need = need_of(x->regex->text, arena);
	x->marks = marks_of(&x->need);
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

static int bundle_compile(struct expressions *e, struct bundle *bundle, struct problems *problems)
{
	AUTO(batch_done)
	struct batch b = {
		.texts = calloc(bundle->count, sizeof(*b.texts)),
		.flags = calloc(bundle->count, sizeof(*b.flags)),
		.ids = calloc(bundle->count, sizeof(*b.ids)),
	};
	hs_compile_error_t *error = NULL;

	if (!b.texts || !b.flags || !b.ids)
		return -ENOMEM;
	for (uint32_t i = bundle->first; i < bundle->first + bundle->count; i++) {
		b.texts[b.count] = e->list[i].regex->text.data;
		b.flags[b.count] = flags_of(&e->list[i]);
		b.ids[b.count++] = i;
	}
	if (!hs_compile_multi(b.texts, b.flags, b.ids, b.count, HS_MODE_BLOCK, NULL, &bundle->db, &error))
		return 0;
	return refuse_compile(
		&e->list[bundle->first + (error->expression >= 0 ? (unsigned)error->expression : 0)],
		problems, error);
}

/* Expressions with alike needs side by side; otherwise in the order of the rules. */
static int by_need(const void *a, const void *b)
{
	const struct expression *x = a, *y = b;

	if (x->group != y->group)
		return x->group < y->group ? -1 : 1;
	if (x->group == GROUP_DIGITS && x->need.digits != y->need.digits)
		return x->need.digits < y->need.digits ? -1 : 1;
	if (x->group == GROUP_RUN && x->need.run != y->need.run)
		return x->need.run < y->need.run ? -1 : 1;
	if (x->group == GROUP_TEXT && x->wide != y->wide)
		return x->wide ? 1 : -1;
	return x->regex < y->regex ? -1 : x->regex > y->regex;
}

/* What is always scanned is one bundle a view, of any size. Compiled together, others cost more time than
 * each alone, and more memory. */
static bool is_bundled(const struct bundle *with, const struct expression *x, enum view view)
{
	return with && x->group == GROUP_TEXT && with->view == view;
}

static int bundles_fill(struct expressions *e)
{
	struct bundle *b = NULL;

	qsort(e->list, e->count, sizeof(*e->list), by_need);
	e->bundles = calloc(e->count + 1, sizeof(*e->bundles));
	if (!e->bundles)
		return -ENOMEM;
	for (uint32_t i = 0; i < e->count; i++) {
		struct expression *x = &e->list[i];
		enum view view = x->wide ? VIEW_LIGHT : VIEW_NARROW;

		if (!(i > 0 && e->list[i - 1].group == GROUP_TEXT && is_bundled(b, x, view))) {
			b = &e->bundles[e->bundle_count++];
			*b = (struct bundle){.first = i, .view = view};
			for (size_t group = x->group + 1; group <= GROUP_COUNT; group++)
				e->groups[group] = e->bundle_count;
		}
		b->count++;
		x->bundle = (uint32_t)(e->bundle_count - 1);
	}
	return 0;
}

static int by_text(const void *a, const void *b)
{
	const struct key *x = a, *y = b;
	int order = str_cmp(x->text, y->text);

	return order ? order : x->expression < y->expression ? -1 : 1;
}

static size_t literals_count(const struct need *need)
{
	size_t n = 0;

	for (unsigned i = 0; i < NEED_SETS; i++)
		n += need->literals[i] ? need->literals[i]->count : 0;
	return n;
}

static void keys_put(struct expressions *e, uint32_t expression)
{
	for (unsigned set = 0; set < NEED_SETS; set++) {
		const struct literals *l = e->list[expression].need.literals[set];

		for (size_t i = 0; l && i < l->count; i++)
			e->keys[e->key_count++] = (struct key){
				.text = l->list[i], .expression = expression, .mark = (uint8_t)(1u << set)};
	}
}

static int keys_fill(struct expressions *e)
{
	size_t room = 1;

	for (size_t i = 0; i < e->count; i++)
		room += literals_count(&e->list[i].need);
	e->keys = calloc(room, sizeof(*e->keys));
	if (!e->keys)
		return -ENOMEM;
	for (uint32_t i = 0; i < e->count; i++)
		keys_put(e, i);
	qsort(e->keys, e->key_count, sizeof(*e->keys), by_text);
	return 0;
}

static void list_fill(struct expressions *e, const struct rule_set *rules)
{
	for (size_t i = 0; i < rule_set_count(rules); i++) {
		const struct rule *rule = rule_set_rule(rules, i);

		for (size_t k = 0; k < rule->regex_count; k++)
			e->list[e->count++] = (struct expression){.rule = rule, .regex = &rule->regexes[k]};
	}
}

int expressions_init(
	struct expressions *e, const struct rule_set *rules, struct arena *arena, struct problems *problems)
{
	int ret = 0;

	*e = (struct expressions){.list = calloc(rule_set_regex_count(rules) + 1, sizeof(*e->list))};
	if (!e->list)
		return -ENOMEM;
	list_fill(e, rules);
	for (size_t i = 0; i < e->count; i++) {
		int one = expression_check(&e->list[i], arena, problems);

		ret = one ? one : ret;
	}
	if (ret == 0)
		ret = bundles_fill(e);
	if (ret == 0)
		ret = keys_fill(e);
	for (size_t i = 0; i < e->bundle_count && ret == 0; i++)
		ret = bundle_compile(e, &e->bundles[i], problems);
	return ret;
}

void expressions_done(struct expressions *e)
{
	for (size_t i = 0; i < e->bundle_count; i++)
		hs_free_database(e->bundles[i].db);
	free(e->bundles);
	free(e->keys);
	free(e->list);
	*e = (struct expressions){};
}

int expressions_scratch(const struct expressions *e, hs_scratch_t **scratch)
{
	for (size_t i = 0; i < e->bundle_count; i++)
		if (hs_alloc_scratch(e->bundles[i].db, scratch))
			return -ENOMEM;
	return 0;
}
