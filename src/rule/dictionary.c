#include "rule/dictionary.h"

#include "base/log.h"
#include "base/text.h"
#include "rule/rule_set.h"

struct reader {
	struct arena *arena;
	struct problems *problems;
	struct str file, text, category, source;
	unsigned line;
	size_t at;
};

bool dictionary_name_is_valid(struct str name)
{
	if (name.len == 0 || name.len > 64 || name.data[0] == '-')
		return false;
	for (size_t i = 0; i < name.len; i++) {
		char c = name.data[i];

		if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'))
			return false;
	}
	return true;
}

const char *dictionary_word_parse(struct str text, struct rule_word *out)
{
	struct rule_word word = {.text = text};

	if (str_starts(word.text, STR("*"))) {
		word.open_left = true;
		word.text = str_cut(word.text, 1, word.text.len);
	}
	if (str_ends(word.text, STR("*"))) {
		word.open_right = true;
		word.text = str_cut(word.text, 0, word.text.len - 1);
	}
	if (word.text.len == 0)
		return "an empty word";
	if (word.text.len > RULE_WORD_BYTES_MAX)
		return "a word of more than 256 bytes";
	if (!utf8_is_valid(word.text))
		return "text that is not UTF-8";
	if (str_find(word.text, '*', 0) < word.text.len)
		return "a '*' inside a word; accepted: one at either end";
	*out = word;
	return NULL;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* The next line without its comment and the white space around it. False at the end. */
static bool line_next(struct reader *r, struct str *out)
{
	size_t end;
	struct str line;

	if (r->at >= r->text.len)
		return false;
	end = str_find(r->text, '\n', r->at);
	line = str_cut(r->text, r->at, end);
	r->at = end + 1;
	r->line++;
	for (size_t i = 0; i < line.len; i++) {
		if (line.data[i] == '#' && (i == 0 || is_blank(line.data[i - 1]))) {
			line = str_cut(line, 0, i);
			break;
		}
	}
	*out = str_trim(line);
	return true;
}

static void category_read(struct reader *r, struct str name, struct str line)
{
	struct str category = str_ends(line, STR("]")) ? str_trim(str_cut(line, 1, line.len - 1)) : STR_NONE;

	if (!dictionary_name_is_valid(category)) {
		problem_add(r->problems, r->file, r->line, 0,
			"found %s; accepted: [category] of small letters, digits and '-'", LOG_STR(line));
		return;
	}
	r->category = category;
	r->source = arena_printf(r->arena, "%.*s/%.*s", STR_FMT(name), STR_FMT(category));
}

static size_t lines_of(struct str text)
{
	size_t n = 1;

	for (size_t i = 0; i < text.len; i++)
		n += text.data[i] == '\n';
	return n;
}

struct dictionary *dictionary_parse(
	struct str name, struct str file, struct str text, struct arena *arena, struct problems *problems)
{
	struct reader r = {.arena = arena, .problems = problems, .file = file, .text = text, .source = name};
	struct dictionary *d = arena_zalloc(arena, sizeof(*d));
	struct dictionary_word *words = arena_alloc(arena, lines_of(text) * sizeof(*words));
	struct str line;

	if (!d || !words)
		return NULL;
	*d = (struct dictionary){.name = name, .words = words};
	while (line_next(&r, &line)) {
		struct dictionary_word *w = &words[d->count];
		const char *wrong;

		if (line.len == 0)
			continue;
		if (line.data[0] == '[') {
			category_read(&r, name, line);
			continue;
		}
		wrong = dictionary_word_parse(line, &w->word);
		if (wrong) {
			problem_add(problems, file, r.line, 0, "found %s in %s", wrong, LOG_STR(line));
			continue;
		}
		w->word.line = r.line;
		w->word.source = r.source;
		w->category = r.category;
		d->count++;
	}
	return d;
}
