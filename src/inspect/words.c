#include "inspect/words.h"

#include <errno.h>
#include <stdlib.h>

#include "inspect/fold.h"

int words_init(struct words *w, const struct lexicon *lexicon, struct problems *problems)
{
	size_t n = lexicon->count;
	const char **texts = calloc(n + 1, sizeof(*texts));
	size_t *lens = calloc(n + 1, sizeof(*lens));
	unsigned *flags = calloc(n + 1, sizeof(*flags)), *ids = calloc(n + 1, sizeof(*ids));
	hs_compile_error_t *error = NULL;
	int ret = texts && lens && flags && ids ? 0 : -ENOMEM;

	*w = (struct words){.lexicon = lexicon};
	for (size_t i = 0; i < n && ret == 0; i++) {
		texts[i] = lexicon->words[i].text.data;
		lens[i] = lexicon->words[i].text.len;
		ids[i] = (unsigned)i;
	}
	if (ret == 0 && n &&
		hs_compile_lit_multi(
			texts, flags, ids, lens, (unsigned)n, HS_MODE_BLOCK, NULL, &w->db, &error)) {
		problem_add(
			problems, STR("rules"), 0, 0, "the words of all rules together: %s", error->message);
		hs_free_compile_error(error);
		ret = -EINVAL;
	}
	free(texts);
	free(lens);
	free(flags);
	free(ids);
	return ret;
}

void words_done(struct words *w)
{
	hs_free_database(w->db);
	*w = (struct words){};
}

/* ---- look-alikes of whole words in their own alphabet ---- */

struct letters {
	size_t ascii, native, rare; /* rare: native, but not of the everyday alphabets below */
};

static struct letters letters_count(struct str text)
{
	struct letters n = {};

	for (size_t i = 0; i < text.len; i++) {
		uint8_t c = (uint8_t)text.data[i], next = i + 1 < text.len ? (uint8_t)text.data[i + 1] : 0;

		n.ascii += c < 0x80 && fold_is_word_at(text, i);
		if (!lexicon_is_native(text.data[i]))
			continue;
		n.native++;
		/* U+0400-045F and U+0386-03CE: the letters of living Cyrillic and Greek, but і ѕ ј */
		n.rare += !(
			c == 0xd0 || (c == 0xd1 && next <= 0x8f) || c == 0xce || (c == 0xcf && next <= 0x8e));
	}
	return n;
}

/* A Latin word found in letters of another alphabet only, among text of that alphabet, is a word of that
 * language. */
static bool is_foreign(struct str text, size_t from, size_t to)
{
	struct letters in = letters_count(str_cut(text, from, to)), all;

	if (in.ascii || !in.native || in.rare)
		return false;
	all = letters_count(text);
	return all.native - in.native >= all.ascii;
}

/* Whether what stands there before folding is in the alphabet the owner means. */
static bool is_spelled_for(const struct lexicon_owner *o, const struct text_part *p, size_t at, size_t end)
{
	size_t from, to;

	if (p->ascii)
		return !o->native;
	from = text_part_origin(p, VIEW_WORD, at);
	to = text_part_origin(p, VIEW_WORD, end);
	if (o->native)
		return letters_count(str_cut(p->text, from, to)).native > 0;
	return !is_foreign(p->text, from, to);
}

void word_hit(const struct lexicon_word *word, const struct texts *texts, size_t part, size_t at, size_t end,
	bool evasive, struct hits *hits)
{
	const struct text_part *p = &texts->parts[part];
	struct str view = texts_part(texts, VIEW_WORD, part);
	bool left = fold_is_word_before(view, at) && fold_is_word_at(view, at);
	bool right = fold_is_word_at(view, end) && fold_is_word_before(view, end);

	for (const struct lexicon_owner *o = word->owners; o; o = o->next) {
		if ((left && !o->open_left) || (right && !o->open_right) || (evasive && !o->evasions) ||
			!hits_wants(hits, o->rule, p->kind))
			continue;
		if (!is_spelled_for(o, p, at, end))
			continue;
		hits_add(hits, &(struct hit){.rule = o->rule,
				       .part = (uint32_t)part,
				       .at = (uint32_t)at,
				       .end = (uint32_t)end,
				       .view = VIEW_WORD,
				       .detail = o->source});
	}
}

struct scan {
	const struct words *words;
	const struct texts *texts;
	struct hits *hits;
};

static int on_match(unsigned id, unsigned long long from, unsigned long long to, unsigned flags, void *owner)
{
	struct scan *s = owner;
	const struct lexicon_word *word = &s->words->lexicon->words[id];
	size_t at = (size_t)to - word->text.len, part = texts_part_at(s->texts, VIEW_WORD, at);

	(void)from;
	(void)flags;
	at -= s->texts->parts[part].at[VIEW_WORD];
	word_hit(word, s->texts, part, at, at + word->text.len, false, s->hits);
	return 0;
}

enum cannot_tell words_find(
	const struct words *w, hs_scratch_t *scratch, const struct texts *texts, struct hits *hits)
{
	struct scan s = {.words = w, .texts = texts, .hits = hits};
	struct str view = texts_view(texts, VIEW_WORD);

	if (!w->db)
		return CANNOT_TELL_NONE;
	return hs_scan(w->db, view.data, (unsigned)view.len, 0, scratch, on_match, &s) ? CANNOT_TELL_ENGINE
										       : CANNOT_TELL_NONE;
}
