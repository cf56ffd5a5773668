/* What every part of a rule file is read with: places, choices, texts, lists and maps. */
#include "rule/rule_reader.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/buf.h"
#include "base/log.h"
#include "conf/nearest.h"
#include "jid/jid.h"

void reader_problem(struct rule_reader *reader, const struct yml_node *node, const char *fmt, ...)
{
	char text[480];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	problem_add(reader->problems, reader->file, node->line, node->column, "%s", text);
}

void reader_choice(struct rule_reader *reader, const struct yml_node *node, const char *what,
	struct str found, const char *const *accepted, size_t count)
{
	const char *near = nearest_word(found, accepted, count);
	struct buf text = BUF_INIT(4096);

	/* The likely one first: the end of a long line may be cut off on its way to the reader. */
	buf_printf(&text, "%s: found '%s'; ", what, LOG_STR(found));
	if (near)
		buf_printf(&text, "did you mean '%s'? ", near);
	buf_printf(&text, "accepted: ");
	for (size_t i = 0; i < count; i++)
		if (accepted[i][0])
			buf_printf(&text, "%s%s", accepted[i], i + 1 < count ? ", " : "");
	reader_problem(reader, node, "%s", buf_failed(&text) ? what : buf_cstr(&text));
	buf_done(&text);
}

int reader_word(struct rule_reader *reader, const struct yml_node *node, const char *what,
	const char *const *accepted, size_t count)
{
	if (node->kind != YML_SCALAR) {
		reader_problem(
			reader, node, "%s: found a %s; accepted: one word", what, yml_kind_name(node->kind));
		return -1;
	}
	for (size_t i = 0; i < count; i++)
		if (node->text.len && str_eq(node->text, str_from(accepted[i])))
			return (int)i;
	reader_choice(reader, node, what, node->text, accepted, count);
	return -1;
}

bool reader_text(struct rule_reader *reader, const struct yml_node *node, const char *what, size_t max,
	struct str *out)
{
	if (node->kind != YML_SCALAR) {
		reader_problem(
			reader, node, "%s: found a %s; accepted: text", what, yml_kind_name(node->kind));
		return false;
	}
	if (node->text.len == 0 || node->text.len > max) {
		reader_problem(
			reader, node, "%s: found %zu bytes; accepted: 1 to %zu", what, node->text.len, max);
		return false;
	}
	*out = node->text;
	return true;
}

const struct yml_node *reader_item(const struct yml_node *node, const struct yml_node *previous)
{
	if (node->kind != YML_LIST)
		return previous ? NULL : node;
	return previous ? previous->next : node->first;
}

size_t reader_items(const struct yml_node *node)
{
	return node->kind == YML_LIST ? node->len : 1;
}

bool reader_map(struct rule_reader *reader, const struct yml_node *node, const char *what,
	const struct reader_key *keys, size_t count, void *owner)
{
	const char *names[32];

	if (node->kind != YML_MAP) {
		reader_problem(reader, node, "%s: found a %s; accepted: a map (key: value)", what,
			yml_kind_name(node->kind));
		return false;
	}
	for (size_t i = 0; i < count; i++)
		names[i] = keys[i].name;
	yml_each(member, node)
	{
		size_t i = 0;

		while (i < count && !str_eq(member->key, str_from(keys[i].name)))
			i++;
		if (i < count)
			keys[i].read(reader, member, owner);
		else
			reader_choice(reader, member, what, member->key, names, count);
	}
	return true;
}

/* People and domains are compared with addresses in canonical form. */
static bool term_canonical(struct rule_reader *reader, struct who_term *term)
{
	struct jid jid;

	if (term->kind == WHO_DOMAIN)
		return jid_prepare_domain(&term->name, term->name, reader->arena) == 0;
	if (term->kind != WHO_PERSON)
		return true;
	if (jid_parse(&jid, term->name, reader->arena) || !jid_is_bare(&jid) || !jid.local.len)
		return false;
	term->name = jid.bare;
	return true;
}

struct who who_read(struct rule_reader *reader, const struct yml_node *node)
{
	size_t count = reader_items(node), n = 0;
	struct who_term *terms = arena_alloc(reader->arena, (count ? count : 1) * sizeof(*terms));

	if (node->kind == YML_MAP || count == 0 || !terms) {
		reader_problem(reader, node,
			"found %s; accepted: anyone, inside, outside, person:JID, group:NAME, "
			"domain:NAME, or a list of these",
			node->kind == YML_MAP ? "a map" : "an empty list");
		return (struct who){};
	}
	for (const struct yml_node *item = reader_item(node, NULL); item; item = reader_item(node, item)) {
		if (item->kind != YML_SCALAR || !who_term_parse(item->text, &terms[n])) {
			reader_problem(reader, item,
				"found '%s'; accepted: anyone, inside, outside, person:JID, "
				"group:NAME, domain:NAME",
				LOG_STR(item->text));
			continue;
		}
		if (!term_canonical(reader, &terms[n])) {
			reader_problem(reader, item, "found '%s', which is not %s", LOG_STR(item->text),
				terms[n].kind == WHO_PERSON ? "the address of a person without resource"
							    : "a domain name");
			continue;
		}
		n++;
	}
	return (struct who){.terms = terms, .count = n};
}
