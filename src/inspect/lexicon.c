#include "inspect/lexicon.h"

#include <errno.h>

#include "base/buf.h"
#include "base/fold.h"
#include "base/log.h"
#include "base/map.h"
#include "base/text.h"

enum casing {
	CASING_KEPT,
	CASING_SMALL,
	CASING_CAPITAL,
	CASING_COUNT,
};

enum {
	SWAP_MIN = 4, /* letters of a word whose letters may be exchanged */
	SWAP_MAX = 32,
};

struct builder {
	struct lexicon *lexicon;
	struct arena *arena;
	struct map by_text; /* folded text -> struct lexicon_word */
	struct problems *problems;
};

/* Simple case of Greek and Cyrillic letters; others stay. */
static uint32_t letter_case(uint32_t c, enum casing casing)
{
	bool small = casing == CASING_SMALL;

	if (casing == CASING_KEPT)
		return c;
	if (small && ((c >= 0x391 && c <= 0x3a9) || (c >= 0x410 && c <= 0x42f)))
		return c + 0x20;
	if (!small && ((c >= 0x3b1 && c <= 0x3c9 && c != 0x3c2) || (c >= 0x430 && c <= 0x44f)))
		return c - 0x20;
	if (small && c >= 0x400 && c <= 0x40f)
		return c + 0x50;
	if (!small && c >= 0x450 && c <= 0x45f)
		return c - 0x50;
	if ((c >= 0x460 && c <= 0x481) || (c >= 0x48a && c <= 0x4bf) || (c >= 0x4d0 && c <= 0x52f))
		return small ? c | 1 : c & ~UINT32_C(1);
	return c;
}

static bool is_native(struct str text)
{
	for (size_t i = 0; i < text.len; i++)
		if (lexicon_is_native(text.data[i]))
			return true;
	return false;
}

static struct lexicon_word *word_take(struct builder *b, struct str folded)
{
	struct lexicon_word *word = map_get(&b->by_text, folded);

	if (word)
		return word;
	word = &b->lexicon->words[b->lexicon->count];
	word->text = arena_dup(b->arena, folded);
	if (!word->text.data || map_put(&b->by_text, word->text, word))
		return NULL;
	b->lexicon->count++;
	return word;
}

/* The word folded as written in `casing`; `scratch` is empty. */
static struct str word_fold(struct str text, enum casing casing, struct buf *scratch)
{
	struct fold_stats stats;
	size_t at = 0, len;
	char *to;

	while (at < text.len)
		utf8_put(scratch, letter_case(utf8_next(text, &at), casing));
	len = scratch->len;
	to = buf_room(scratch, len * FOLD_GROWTH + 1);
	if (!to)
		return STR_NONE;
	return str_trim(str_of(to, fold_word(str_of(scratch->data, len), to, &stats)));
}

/* Adds an owner to the folded text. 0 or -ENOMEM. */
static int text_add(struct builder *b, const struct rule *rule, const struct rule_word *from,
	struct str folded, bool swapped)
{
	struct lexicon_owner *owner = arena_alloc(b->arena, sizeof(*owner));
	struct lexicon_word *word = owner ? word_take(b, folded) : NULL;

	if (!word)
		return -ENOMEM;
	*owner = (struct lexicon_owner){
		.next = word->owners,
		.rule = (uint32_t)rule->index,
		.open_left = from->open_left,
		.open_right = from->open_right,
		.evasions = rule->evasions,
		.swapped = swapped,
		.native = is_native(from->text),
		.source = from->source,
	};
	word->owners = owner;
	return 0;
}

static bool is_letter(char c)
{
	return c >= 'a' && c <= 'z';
}

/* The word with each two neighbouring letters but the first exchanged: people read it all the same. */
static int swaps_add(
	struct builder *b, const struct rule *rule, const struct rule_word *from, struct str folded)
{
	char text[SWAP_MAX];
	int ret = 0;

	if (folded.len < SWAP_MIN || folded.len > SWAP_MAX)
		return 0;
	for (size_t i = 1; i + 1 < folded.len && ret == 0; i++) {
		char a = folded.data[i], c = folded.data[i + 1];

		if (!is_letter(folded.data[i - 1]) || !is_letter(a) || !is_letter(c) || a == c)
			continue;
		memcpy(text, folded.data, folded.len);
		text[i] = c;
		text[i + 1] = a;
		ret = text_add(b, rule, from, str_of(text, folded.len), true);
	}
	return ret;
}

static int word_add(
	struct builder *b, const struct rule *rule, const struct rule_word *from, enum casing casing)
{
	struct buf scratch = BUF_INIT(0);
	struct str folded = word_fold(from->text, casing, &scratch);
	int ret;

	if (folded.data && folded.len == 0) {
		problem_add(b->problems, from->source.len ? from->source : rule->file, from->line, 0,
			"the word %s has only characters that nobody sees", LOG_STR(from->text));
		ret = -EINVAL;
	} else {
		ret = folded.data ? text_add(b, rule, from, folded, false) : -ENOMEM;
		if (ret == 0 && rule->evasions)
			ret = swaps_add(b, rule, from, folded);
	}
	buf_done(&scratch);
	return ret;
}

/* Look-alikes differ between capital and small letters (Cyrillic В is b, в is b too, but Greek Ν is n and ν
 * is v), so a word of such an alphabet is looked for in both. */
static int rule_add(struct builder *b, const struct rule *rule)
{
	int ret = 0;

	for (size_t i = 0; i < rule->word_count && ret != -ENOMEM; i++) {
		int casings = is_native(rule->words[i].text) ? CASING_COUNT : 1;

		for (int casing = 0; casing < casings && ret != -ENOMEM; casing++) {
			int one = word_add(b, rule, &rule->words[i], (enum casing)casing);

			ret = one ? one : ret;
		}
	}
	return ret;
}

static void evasive_count(struct lexicon *lexicon)
{
	for (size_t i = 0; i < lexicon->count; i++) {
		const struct lexicon_owner *o = lexicon->words[i].owners;

		while (o && (!o->evasions || o->swapped))
			o = o->next;
		lexicon->evasive += o != NULL;
	}
}

/* An upper bound of how many texts there will be. */
static size_t words_room(const struct rule_set *rules)
{
	size_t room = 1;

	for (size_t i = 0; i < rule_set_count(rules); i++) {
		const struct rule *rule = rule_set_rule(rules, i);

		room += rule->word_count * CASING_COUNT * (rule->evasions ? SWAP_MAX : 1);
	}
	return room;
}

int lexicon_new(
	struct lexicon **out, const struct rule_set *rules, struct arena *arena, struct problems *problems)
{
	struct builder b = {.arena = arena, .problems = problems};
	int ret = 0;

	b.lexicon = arena_zalloc(arena, sizeof(*b.lexicon));
	if (!b.lexicon)
		return -ENOMEM;
	b.lexicon->words = arena_zalloc(arena, words_room(rules) * sizeof(*b.lexicon->words));
	if (!b.lexicon->words)
		return -ENOMEM;
	map_init(&b.by_text);
	for (size_t i = 0; i < rule_set_count(rules) && ret != -ENOMEM; i++) {
		int one = rule_add(&b, rule_set_rule(rules, i));

		ret = one ? one : ret;
	}
	map_done(&b.by_text);
	if (ret)
		return ret;
	evasive_count(b.lexicon);
	*out = b.lexicon;
	return 0;
}
