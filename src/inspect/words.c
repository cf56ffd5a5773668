#include "inspect/words.h"

#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/fold.h"

struct batch {
	const char **texts;
	size_t *lens;
	unsigned *flags, *ids;
	unsigned count;
};

static void batch_done(struct batch *b)
{
	free(b->texts);
	free(b->lens);
	free(b->flags);
	free(b->ids);
}

static void batch_add(struct batch *b, struct str text, size_t id)
{
	b->texts[b->count] = text.data;
	b->lens[b->count] = text.len;
	b->ids[b->count++] = (unsigned)id;
}

/* Ids of words come first, then those of keys. Several keys with one text are looked for once. */
static void batch_fill(struct batch *b, const struct lexicon *lexicon, const struct expressions *e)
{
	for (size_t i = 0; i < lexicon->count; i++)
		batch_add(b, lexicon->words[i].text, i);
	for (size_t i = 0; i < e->key_count; i++)
		if (i == 0 || !str_eq(e->keys[i].text, e->keys[i - 1].text))
			batch_add(b, e->keys[i].text, lexicon->count + i);
}

int words_init(struct words *w, const struct lexicon *lexicon, const struct expressions *expressions,
	struct problems *problems)
{
	size_t n = lexicon->count + expressions->key_count + 1;
	AUTO(batch_done)
	struct batch b = {
		.texts = calloc(n, sizeof(*b.texts)),
		.lens = calloc(n, sizeof(*b.lens)),
		.flags = calloc(n, sizeof(*b.flags)),
		.ids = calloc(n, sizeof(*b.ids)),
	};
	hs_compile_error_t *error = NULL;

	*w = (struct words){.lexicon = lexicon, .expressions = expressions};
	if (!b.texts || !b.lens || !b.flags || !b.ids)
		return -ENOMEM;
	batch_fill(&b, lexicon, expressions);
	if (b.count == 0 || !hs_compile_lit_multi(b.texts, b.flags, b.ids, b.lens, b.count, HS_MODE_BLOCK,
				    NULL, &w->db, &error))
		return 0;
	problem_add(problems, STR("rules"), 0, 0, "the words of all rules together: %s", error->message);
	hs_free_compile_error(error);
	return -EINVAL;
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
	const struct lexicon *lexicon = s->words->lexicon;
	const struct lexicon_word *word = &lexicon->words[id];
	size_t at, part;

	(void)from;
	(void)flags;
	if (id >= lexicon->count) {
		expressions_mark(s->words->expressions, id - lexicon->count, s->hits);
		return 0;
	}
	at = (size_t)to - word->text.len;
	part = texts_part_at(s->texts, VIEW_WORD, at);
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
