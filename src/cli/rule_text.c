#include "cli/rule_text.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "conf/yaml.h"

/* ---- lines: from 1, as the reader counts them ---- */

/* Where line `n` begins; text.len when there are fewer. */
static size_t line_at(struct str text, unsigned n)
{
	size_t at = 0;

	for (; n > 1 && at < text.len; n--) {
		at = str_find(text, '\n', at);
		at += at < text.len;
	}
	return at;
}

static size_t blanks(struct str text, size_t at)
{
	size_t n = 0;

	while (at + n < text.len && text.data[at + n] == ' ')
		n++;
	return n;
}

/* ---- the rule ---- */

static const struct yml_node *rule_find(const struct yml_node *root, struct str id)
{
	static const char *const lists[] = {"rules", "patches"};

	for (size_t i = 0; i < sizeof(lists) / sizeof(*lists); i++) {
		const struct yml_node *list = yml_get(root, lists[i]);

		if (!list || list->kind != YML_LIST)
			continue;
		yml_each(item, list)
		{
			const struct yml_node *node = yml_get(item, "id");

			if (node && node->kind == YML_SCALAR && str_eq(node->text, id))
				return item;
		}
	}
	return NULL;
}

/* Each key begins a line of its own, but for the first behind its dash: then a member is a run of lines. */
static bool is_block(struct str text, const struct yml_node *rule)
{
	unsigned last = 0;

	yml_each(member, rule)
	{
		size_t at = line_at(text, member->key_line);

		at += blanks(text, at);
		if (member == rule->first && at + 1 < text.len && text.data[at] == '-')
			at += 1 + blanks(text, at + 1);
		if (member->key_line <= last || !str_starts(str_cut(text, at, text.len), member->key))
			return false;
		last = member->key_line;
	}
	return rule->kind == YML_MAP && rule->len > 0;
}

/* The line behind the last one of `node`: where what follows it in the document begins, less blank lines and comments
 * that stand before that at its own depth. */
static unsigned line_behind(struct str text, const struct yml_node *node)
{
	for (const struct yml_node *n = node; n; n = n->parent)
		if (n->next) {
			unsigned line = n->next->key_line ? n->next->key_line : n->next->line;
			size_t depth;

			/* comments above the next one are its own */
			depth = blanks(text, line_at(text, line));
			while (line > node->line + 1) {
				size_t at = line_at(text, line - 1), indent = blanks(text, at);

				if (at + indent >= text.len || text.data[at + indent] != '#' || indent < depth)
					break;
				line--;
			}
			return line;
		}
	return 0; /* to the end */
}

/* Without what the last lines hold for people alone. */
static size_t end_of(struct str text, const struct yml_node *node)
{
	unsigned line = line_behind(text, node);

	return line ? line_at(text, line) : text.len;
}

static int find(struct str text, struct str id, struct yml **out_tree, const struct yml_node **out, struct err *err)
{
	int r = yml_parse(out_tree, text, "the file", err);

	if (r)
		return r;
	*out = rule_find(yml_root(*out_tree), id);
	return *out ? 0 : -ENOENT;
}

static int not_block(const struct yml_node *rule, struct err *err)
{
	return err_set(err, -EINVAL,
		"the rule at line %u is not written with each key on a line of its own: change it there, then 'gatehouse reload'",
		rule->line);
}

static void put_quoted(struct buf *out, const char *name, struct str value, bool *first)
{
	if (!value.len)
		return;
	buf_printf(out, "%s%s: \"%.*s\"", *first ? "" : ", ", name, STR_FMT(value));
	*first = false;
}

static void put_campaign(struct buf *out, size_t indent, const struct rule_dates *d)
{
	bool first = true;

	buf_printf(out, "%*scampaign: { ", (int)indent, "");
	put_quoted(out, "notice_from", d->notice_from, &first);
	put_quoted(out, "warn_from", d->warn_from, &first);
	put_quoted(out, "deny_from", d->deny_from, &first);
	buf_lit(out, " }\n");
}

/* The text with [from, to) replaced. */
static void put_spliced(struct buf *out, struct str text, size_t from, size_t to, struct str by)
{
	buf_str(out, str_cut(text, 0, from));
	buf_str(out, by);
	buf_str(out, str_cut(text, to, text.len));
}

static int dates_put(struct str text, struct str id, const struct rule_dates *dates, struct buf *out, struct err *err)
{
	AUTO(yml_freep) struct yml *tree = NULL;
	struct buf line = BUF_INIT(4096);
	const struct yml_node *rule, *campaign, *mode;
	size_t from, to, indent;
	int r = find(text, id, &tree, &rule, err);

	if (r)
		return r;
	if (!is_block(text, rule))
		return not_block(rule, err);
	campaign = yml_get(rule, "campaign");
	mode = yml_get(rule, "mode");
	if (campaign == rule->first || mode == rule->first)
		return not_block(rule, err);
	from = line_at(text, campaign ? campaign->key_line : mode->key_line);
	to = campaign ? end_of(text, campaign) : from;
	indent = blanks(text, from);
	put_campaign(&line, indent, dates);
	put_spliced(out, text, from, to, buf_view(&line));
	buf_done(&line);
	return buf_failed(out) ? -ENOMEM : 0;
}

static int mode_put(struct str text, struct str id, struct buf *out, struct err *err)
{
	AUTO(yml_freep) struct yml *tree = NULL;
	const struct yml_node *rule, *mode;
	size_t from;
	int r = find(text, id, &tree, &rule, err);

	if (r)
		return r;
	mode = yml_get(rule, "mode");
	from = mode ? line_at(text, mode->line) + mode->column - 1 : 0;
	if (!mode || mode->quoted || !str_starts(str_cut(text, from, text.len), mode->text))
		return not_block(rule, err);
	put_spliced(out, text, from, from + mode->text.len, STR("enforce"));
	return buf_failed(out) ? -ENOMEM : 0;
}

int rule_text_enforce(struct str text, struct str id, const struct rule_dates *dates, struct buf *out, struct err *err)
{
	struct buf moded = BUF_INIT(2 << 20);
	int r = mode_put(text, id, &moded, err);

	if (r == 0 && dates->deny_from.len)
		r = dates_put(buf_view(&moded), id, dates, out, err);
	else if (r == 0)
		buf_str(out, buf_view(&moded));
	buf_done(&moded);
	return r;
}

/* ---- dropping ---- */

static bool is_empty(struct str text)
{
	AUTO(yml_freep) struct yml *tree = NULL;
	const struct yml_node *root;
	struct err err;

	if (yml_parse(&tree, text, "the file", &err))
		return false;
	root = yml_root(tree);
	yml_each(member, root) if (!yml_is_null(member) && (member->kind == YML_SCALAR || member->len > 0)) return false;
	return root->kind == YML_MAP;
}

int rule_text_drop(struct str text, struct str id, struct buf *out, bool *out_empty, struct err *err)
{
	AUTO(yml_freep) struct yml *tree = NULL;
	const struct yml_node *rule;
	size_t from, to;
	int r = find(text, id, &tree, &rule, err);

	if (r)
		return r;
	from = line_at(text, rule->line);
	if (from + blanks(text, from) >= text.len || text.data[from + blanks(text, from)] != '-')
		return not_block(rule, err);
	to = end_of(text, rule);
	put_spliced(out, text, from, to, STR_NONE);
	*out_empty = is_empty(buf_view(out));
	return buf_failed(out) ? -ENOMEM : 0;
}
