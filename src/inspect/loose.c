/* A piece of text becomes a row of classes (letters, and signs as the letter they stand for) with repetitions
 * taken away; words with the same row are in one bucket; each is then compared character by character. */
#include "inspect/loose.h"

#include <errno.h>

#include "base/fold.h"
#include "inspect/odd.h"
#include "inspect/piece.h"
#include "inspect/words.h"

enum {
	UNITS_MIN = 3,
	UNITS_MAX = 40, /* letters of the longest word */
	PHRASE_MAX = 5, /* words of a phrase that is looked for across white space */
	CLASSES = 26,
	CHUNK_MAX = 256, /* bytes of a piece of text that is still taken for one word */
	TRIM_MAX = 2, /* single letters around letters apart that may be words of their own: "you a f o o" */
};

struct entry {
	struct entry *next; /* in its bucket */
	const struct lexicon_word *word;
	char letters[UNITS_MAX]; /* without spaces and signs */
	uint8_t len;
	uint8_t words;
	bool open_left, open_right;
};

struct loose {
	struct entry **buckets;  /* by the row of classes */
	struct entry **by_shape; /* by first letter and length, for hidden letters */
	struct entry
		*open[CLASSES];  /* words that go on to the right only, by the class of their first letter */
	struct entry *open_left; /* words that go on to the left */
	/* For pieces of so many words (1: any), by the class of the first letter: the classes, as bits, that
	 * the last letter may have. Most pieces of text end here. */
	uint32_t ends[PHRASE_MAX + 1][CLASSES];
	/* By the class of the first letter: the classes, as bits, that words go on with; and by the first
	 * two. */
	uint32_t second[CLASSES], third[CLASSES][CLASSES];
	size_t mask;
	unsigned words_max; /* of the longest phrase, at most PHRASE_MAX */
};

/* ---- the index ---- */

static size_t row_hash(const char *classes, size_t len)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < len; i++)
		h = (h ^ (uint8_t)classes[i]) * UINT64_C(0x100000001b3);
	return (size_t)(h ^ h >> 32);
}

/* Classes with repetitions taken away; returns the length. */
static size_t row_of(const char *letters, size_t len, char *row)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		char class = class_of(letters[i]);

		if (n == 0 || row[n - 1] != class)
			row[n++] = class;
	}
	return n;
}

static size_t shape_of(char first, size_t len)
{
	return (size_t)(first - 'a') * (UNITS_MAX + 1) + len;
}

/* Only words of ASCII letters, spaces and signs between them are guessed at. */
static bool entry_fill(struct entry *e, const struct lexicon_word *word)
{
	*e = (struct entry){.word = word, .words = 1};
	for (size_t i = 0; i < word->text.len; i++) {
		char c = word->text.data[i];

		e->words += c == ' ';
		if (c == ' ' || c == '-' || c == '\'' || c == '.')
			continue;
		if (!is(c, IS_LETTER) || e->len == UNITS_MAX)
			return false;
		e->letters[e->len++] = c;
	}
	for (const struct lexicon_owner *o = word->owners; o; o = o->next) {
		e->open_left |= o->evasions && !o->swapped && o->open_left;
		e->open_right |= o->evasions && !o->swapped && o->open_right;
	}
	return e->len >= UNITS_MIN;
}

static void chain_put(struct entry **chain, const struct entry *e, struct entry *place)
{
	*place = *e;
	place->next = *chain;
	*chain = place;
}

static unsigned class_index(char class)
{
	return (unsigned)(class - 'a');
}

/* Says in l->ends where pieces that can be this word begin and end. */
static void ends_put(uint32_t ends[CLASSES], const struct entry *e)
{
	unsigned first = class_index(class_of(e->letters[0]));
	uint32_t last =
		e->open_right ? UINT32_MAX : UINT32_C(1) << class_index(class_of(e->letters[e->len - 1]));

	if (!e->open_left)
		ends[first] |= last;
	else
		for (size_t i = 0; i < CLASSES; i++)
			ends[i] |= last;
}

/* Says in l->second and l->third how pieces that can be this word begin. */
static void starts_put(struct loose *l, const struct entry *e, const char *row, size_t len)
{
	unsigned first = class_index(row[0]);
	uint32_t *third;

	if (e->open_left || len < 2) {
		memset(e->open_left ? l->second : &l->second[first], 0xff,
			e->open_left ? sizeof(l->second) : sizeof(*l->second));
		return;
	}
	third = &l->third[first][class_index(row[1])];
	l->second[first] |= UINT32_C(1) << class_index(row[1]);
	*third |= len > 2 ? UINT32_C(1) << class_index(row[2]) : UINT32_MAX;
}

static void entry_put(struct loose *l, const struct entry *e, struct entry *place)
{
	char row[UNITS_MAX];
	size_t n = row_of(e->letters, e->len, row);

	chain_put(&l->buckets[row_hash(row, n) & l->mask], e, &place[0]);
	chain_put(&l->by_shape[shape_of(e->letters[0], e->len)], e, &place[1]);
	if (e->open_left)
		chain_put(&l->open_left, e, &place[2]);
	else if (e->open_right)
		chain_put(&l->open[class_index(class_of(e->letters[0]))], e, &place[2]);
	ends_put(l->ends[1], e);
	starts_put(l, e, row, n);
	if (e->words > 1 && e->words <= PHRASE_MAX) {
		ends_put(l->ends[e->words], e);
		l->words_max = e->words > l->words_max ? e->words : l->words_max;
	}
}

static bool is_evasive(const struct lexicon_word *word)
{
	for (const struct lexicon_owner *o = word->owners; o; o = o->next)
		if (o->evasions && !o->swapped)
			return true;
	return false;
}

int loose_new(struct loose **out, const struct lexicon *lexicon, struct arena *arena)
{
	struct loose *l = arena_zalloc(arena, sizeof(*l));
	struct entry *places = arena_alloc(arena, (lexicon->evasive * 3 + 1) * sizeof(*places)), e;
	size_t buckets = 64;

	*out = NULL;
	if (lexicon->evasive == 0)
		return 0;
	while (buckets < lexicon->evasive * 2)
		buckets *= 2;
	if (!l || !places)
		return -ENOMEM;
	l->mask = buckets - 1;
	l->buckets = arena_zalloc(arena, buckets * sizeof(*l->buckets));
	l->by_shape = arena_zalloc(arena, shape_of('z' + 1, 0) * sizeof(*l->by_shape));
	if (!l->buckets || !l->by_shape)
		return -ENOMEM;
	for (size_t i = 0; i < lexicon->count; i++) {
		if (!is_evasive(&lexicon->words[i]) || !entry_fill(&e, &lexicon->words[i]))
			continue;
		entry_put(l, &e, places);
		places += 3;
	}
	*out = l;
	return 0;
}

/* ---- comparing ---- */

/* Whether the unit can be this letter. A letter is itself: only signs are read as what they look like. */
static bool unit_is(const struct unit *u, char letter)
{
	if (u->letter)
		return u->c == letter;
	return u->class && u->class == (letter == 'l' ? 'i' : letter);
}

/* Places reached in the word after each unit, as bits. A repeated unit may stay where it is when letters are
 * repeated on purpose. With open ends, the match may begin at any unit and end before the last. */
static bool entry_matches(const struct entry *e, const struct piece *p, bool open)
{
	uint64_t start = 1, done = UINT64_C(1) << e->len, at = start;

	for (size_t i = 0; i < p->len; i++) {
		uint64_t is = 0;

		for (size_t k = 0; k < e->len; k++)
			is |= (uint64_t)unit_is(&p->units[i], e->letters[k]) << k;
		at = (at & is) << 1 | (p->stretched ? at & is << 1 : 0);
		if (open && e->open_right && at & done)
			return true;
		if (open && e->open_left)
			at |= start;
		if (!at)
			return false;
	}
	return at & done;
}

/* Hidden letters can be any; enough must be seen for the guess to be one. */
static bool entry_matches_hidden(const struct entry *e, const struct piece *p)
{
	unsigned seen = 0;

	for (size_t i = 0; i < p->len; i++) {
		if (p->units[i].hidden)
			continue;
		if (!unit_is(&p->units[i], e->letters[i]))
			return false;
		seen++;
	}
	return seen >= 2 && seen * 3 >= p->len;
}

struct search {
	const struct loose *loose;
	const struct texts *texts;
	struct hits *hits;
	size_t part;
	struct str text;     /* the part's word view */
	size_t at;           /* where that begins in the whole */
	struct piece *piece; /* to read into */
	bool gated;
	unsigned words; /* the piece is of so many words; 1: letters may have lost the spaces between them */
};

static bool search_wants(const struct search *s, const struct entry *e)
{
	return s->words == 1 || s->words == e->words;
}

/* Whether some word has these ends. A class that is not known (0) may be any. */
static bool search_has_ends(const struct search *s, char first, char last)
{
	const uint32_t *ends = s->loose->ends[s->words];

	if (!first)
		return true;
	return ends[class_index(first)] & (last ? UINT32_C(1) << class_index(last) : UINT32_MAX);
}

static void search_hit(struct search *s, const struct entry *e, const struct piece *p)
{
	word_hit(e->word, s->texts, s->part, p->units[0].at, p->units[p->len - 1].end, true, s->hits);
}

static void piece_look_hidden(struct search *s, const struct piece *p)
{
	if (p->len < UNITS_MIN || p->len > UNITS_MAX || !p->units[0].class || p->units[0].hidden)
		return;
	for (char first = 'a'; first <= 'z'; first++) {
		if (!unit_is(&p->units[0], first))
			continue;
		for (const struct entry *e = s->loose->by_shape[shape_of(first, p->len)]; e; e = e->next)
			if (search_wants(s, e) && entry_matches_hidden(e, p))
				search_hit(s, e, p);
	}
}

/* Digits alone are numbers, and a letter with digits is a name of something (a55): signs must leave a word.
 */
static bool piece_is_wordlike(const struct piece *p)
{
	return p->letters >= 2 || (p->letters == 1 && p->digits == 0);
}

static void chain_look(struct search *s, const struct entry *chain, const struct piece *p, bool open)
{
	for (const struct entry *e = chain; e; e = e->next)
		if (search_wants(s, e) && entry_matches(e, p, open))
			search_hit(s, e, p);
}

static void piece_look(struct search *s, const struct piece *p)
{
	char row[PIECE_MAX];
	size_t n = 0;

	if (p->len < UNITS_MIN || !piece_is_wordlike(p))
		return;
	for (size_t i = 0; i < p->len; i++)
		if (n == 0 || row[n - 1] != p->units[i].class)
			row[n++] = p->units[i].class;
	chain_look(s, s->loose->buckets[row_hash(row, n) & s->loose->mask], p, false);
	chain_look(s, s->loose->open[class_index(p->units[0].class)], p, true);
	chain_look(s, s->loose->open_left, p, true);
}

static bool is_punctuation(char c)
{
	return (uint8_t)c < 0x80 && !is(c, IS_LETTER | IS_DIGIT);
}

static void chunk_look_as(struct search *s, size_t from, size_t to, enum reading reading)
{
	struct piece *p = s->piece;

	if (to - from > CHUNK_MAX || !piece_read(p, s->text, from, to, reading))
		return;
	if (reading == READ_HIDDEN)
		piece_look_hidden(s, p);
	else if (p->len != to - from || p->letters != p->len || p->stretched)
		piece_look(s, p);
}

/* What a chunk has that makes it worth a reading. */
struct traits {
	unsigned pairs; /* letters like the one before */
	bool sign;      /* something besides letters */
	bool apart;     /* a sign that could be a letter, and could stand between letters too */
	bool hides;
};

static struct traits traits_of(struct str text, size_t from, size_t to)
{
	struct traits t = {};

	for (size_t i = from; i < to; i++) {
		char c = text.data[i];

		if (is(c, IS_LETTER)) {
			t.pairs += i > from && c == text.data[i - 1];
			continue;
		}
		t.sign = true;
		t.apart |= is(c, IS_BETWEEN) && class_of(c);
		t.hides |= is(c, IS_HIDING);
	}
	return t;
}

static bool traits_are_odd(const struct traits *t)
{
	return t->sign || t->pairs > 1;
}

static void span_look(struct search *s, size_t from, size_t to)
{
	struct traits t;

	if (to - from < UNITS_MIN ||
		!search_has_ends(s, class_of(s->text.data[from]), class_of(s->text.data[to - 1])))
		return;
	t = traits_of(s->text, from, to);
	if (!traits_are_odd(&t))
		return;
	chunk_look_as(s, from, to, READ_SIGNS);
	if (t.apart)
		chunk_look_as(s, from, to, READ_LETTERS);
	if (t.hides)
		chunk_look_as(s, from, to, READ_HIDDEN);
}

struct chunk {
	size_t at, end;     /* without white space */
	size_t left, right; /* without punctuation at the ends */
	bool odd;
};

static struct chunk chunk_of(struct str text, size_t at, size_t end)
{
	struct chunk c = {.at = at, .end = end, .left = at, .right = end};
	struct traits t;

	while (c.left < end && is_punctuation(text.data[c.left]))
		c.left++;
	while (c.right > c.left && is_punctuation(text.data[c.right - 1]))
		c.right--;
	t = traits_of(text, c.left, c.right);
	c.odd = traits_are_odd(&t);
	return c;
}

/* What is left of a chunk without the signs at its ends, and with those that could belong to it. */
static void chunk_look(struct search *s, const struct chunk *c)
{
	size_t from = c->left, to = c->right;

	if (c->odd)
		span_look(s, from, to);
	while (from > c->at && is(s->text.data[from - 1], IS_EDGE))
		from--;
	while (to < c->end && is(s->text.data[to], IS_EDGE))
		to++;
	if (from < c->left)
		span_look(s, from, c->right);
	if (to > c->right)
		span_look(s, c->left, to);
	if (from < c->left && to > c->right)
		span_look(s, from, to);
}

/* Phrases that end with the last of the chunks, if any of their words is odd. */
static void phrase_look(struct search *s, const struct chunk *chunks, size_t count)
{
	const struct chunk *last = &chunks[count - 1];
	bool odd = last->odd;

	for (unsigned words = 2; words <= s->loose->words_max && words <= count; words++) {
		const struct chunk *first = &chunks[count - words];

		odd |= first->odd;
		if (!odd || first->left == first->right || last->left == last->right)
			continue;
		s->words = words;
		span_look(s, first->left, last->right);
	}
	s->words = 1;
}

/* The next odd place at or behind `from`; the text's length when there is none. */
static size_t search_odd(const struct search *s, size_t from)
{
	return odd_next(s->texts->odd, s->at + from, s->at + s->text.len) - s->at;
}

/* ---- letters apart ---- */

/* The place of the only letter of a chunk, signs around it aside; `to` when it is not such a chunk. */
static size_t single_of(struct str text, size_t from, size_t to)
{
	size_t found = to;

	for (size_t i = from; i < to; i++) {
		char c = text.data[i];

		if (is(c, IS_LETTER | IS_DIGIT) || (to - from == 1 && class_of(c))) {
			if (found != to)
				return to;
			found = i;
		} else if (!is_punctuation(c)) {
			return to;
		}
	}
	return found;
}

static bool is_word_alone(char c)
{
	return c == 'a' || c == 'i' || c == 'u' || c == 'r' || c == 'y' || c == 'n';
}

static void singles_look(struct search *s, const struct piece *p)
{
	for (size_t left = 0; left <= TRIM_MAX && left + UNITS_MIN <= p->len; left++) {
		for (size_t right = 0; right <= TRIM_MAX && left + right + UNITS_MIN <= p->len; right++) {
			if (search_has_ends(s, p->units[left].class, p->units[p->len - 1 - right].class)) {
				piece_cut(s->piece, p, left, p->len - right);
				piece_look(s, s->piece);
			}
			if (!is_word_alone(p->units[p->len - 1 - right].c))
				break;
		}
		if (!is_word_alone(p->units[left].c))
			break;
	}
}

/* Where the next chunk at or behind *at lies, which moves to its end. False at the end of the text. */
static bool chunk_next(struct str text, size_t *at, struct chunk *out)
{
	size_t from = *at, to;

	while (from < text.len && is(text.data[from], IS_SPACE))
		from++;
	for (to = from; to < text.len && !is(text.data[to], IS_SPACE);)
		to++;
	*at = to;
	out->at = from;
	out->end = to;
	return from < to;
}

/* What of a part is looked at: chunks around odd places. */
struct window {
	struct chunk chunks[PHRASE_MAX]; /* the latest, for phrases */
	size_t count;
	size_t at, done;      /* where it is in the text; what ends before `done` was looked at before */
	size_t odd;           /* the next odd place at or behind the latest chunk's end */
	unsigned behind;      /* chunks since the last odd place */
	bool begun;           /* the odd place it is for was reached */
	struct piece singles; /* letters apart, the latest */
};

static unsigned words_around(const struct search *s)
{
	return s->loose->words_max ? s->loose->words_max - 1 : 0;
}

static size_t chunk_start(struct str text, size_t at)
{
	while (at > 0 && !is(text.data[at - 1], IS_SPACE))
		at--;
	return at;
}

/* Whether there is more to look at behind the latest chunk. */
static bool window_goes_on(const struct search *s, struct window *w, const struct chunk *latest)
{
	if (w->odd < latest->end) {
		w->odd = search_odd(s, latest->end);
		w->begun = true;
		w->behind = 0;
	} else {
		w->behind += w->begun;
	}
	return !w->begun || w->behind < words_around(s);
}

static void window_look(struct search *s, struct window *w)
{
	bool more = true;

	while (more) {
		struct chunk *c;
		size_t single;

		if (w->count == PHRASE_MAX)
			memmove(w->chunks, w->chunks + 1, --w->count * sizeof(*w->chunks));
		c = &w->chunks[w->count];
		if (!chunk_next(s->text, &w->at, c))
			break;
		*c = chunk_of(s->text, c->at, c->end);
		w->count++;
		if (c->end <= w->done)
			continue;
		single = single_of(s->text, c->at, c->end);
		if (single < c->end) {
			piece_put(&w->singles, piece_unit(s->text.data[single], single));
			if (w->odd < c->end)
				(void)window_goes_on(s, w, c);
			continue;
		}
		singles_look(s, &w->singles);
		piece_clear(&w->singles);
		chunk_look(s, c);
		phrase_look(s, w->chunks, w->count);
		more = window_goes_on(s, w, c);
	}
	singles_look(s, &w->singles);
	piece_clear(&w->singles);
	w->done = w->at;
}

enum follows {
	FOLLOWS_NOT,
	FOLLOWS,
	FOLLOWS_PERHAPS, /* what stands there can be read in several ways, or is hidden */
};

/* Whether what follows *at, where a letter of `class` is, can be one of the classes wanted (all: no matter
 * what). Moves *at there. */
static enum follows class_follows(struct str text, size_t *at, char class, uint32_t wanted)
{
	if (wanted == UINT32_MAX)
		return FOLLOWS_PERHAPS;
	while (wanted && ++*at < text.len) {
		char c = text.data[*at], next = class_of(c);
		bool between = is(c, IS_BETWEEN | IS_SPACE);

		if (next && next != class && wanted & UINT32_C(1) << class_index(next))
			return between ? FOLLOWS_PERHAPS : FOLLOWS;
		if (is(c, IS_HIDING) || (uint8_t)c >= 0x80)
			return FOLLOWS_PERHAPS;
		if (next != class && !between)
			return FOLLOWS_NOT;
	}
	return FOLLOWS_NOT;
}

/* Whether a word can begin at the chunk there, or at an edge of it: what follows its first letter, whichever
 * way it is read, is what follows in some word. */
static bool chunk_starts_word(const struct search *s, size_t at)
{
	struct str text = s->text;
	enum follows follows;
	char first, second;

	for (; at < text.len && is_punctuation(text.data[at]); at++) {
		if (is(text.data[at], IS_EDGE))
			return true;
		if (is(text.data[at], IS_SPACE))
			return false;
	}
	if (at == text.len)
		return false;
	first = class_of(text.data[at]);
	if (!first)
		return true;
	follows = class_follows(text, &at, first, s->loose->second[class_index(first)]);
	if (follows != FOLLOWS)
		return follows;
	second = class_of(text.data[at]);
	return class_follows(text, &at, second, s->loose->third[class_index(first)][class_index(second)]);
}

/* The chunk before the one at `at`. False when that is the first. */
static bool chunk_before(struct str text, size_t at, struct chunk *out)
{
	out->end = at;
	while (out->end > 0 && is(text.data[out->end - 1], IS_SPACE))
		out->end--;
	out->at = chunk_start(text, out->end);
	return out->at < out->end;
}

/* As many chunks before the odd place as a phrase can have, and letters apart in any number. */
static size_t window_start(const struct search *s, size_t odd)
{
	size_t at = chunk_start(s->text, odd);
	struct chunk c;

	for (unsigned before = words_around(s); chunk_before(s->text, at, &c); at = c.at)
		if (single_of(s->text, c.at, c.end) == c.end && before-- == 0)
			break;
	return at;
}

/* Passes over a window in which no word can be: none begins in it, and too few letters stand apart. Goes as
 * far as window_look() would, so that what is found beside an odd place does not depend on it. False, with
 * nothing changed, when there may be one. */
static bool window_pass(const struct search *s, struct window *window)
{
	__attribute__((uninitialized)) struct window w;
	unsigned singles = 0;
	bool more = true;
	struct chunk c;

	w.at = window->at;
	w.odd = window->odd;
	w.behind = 0;
	w.begun = false;
	while (more && chunk_next(s->text, &w.at, &c)) {
		bool single;

		if (chunk_starts_word(s, c.at))
			return false;
		if (c.end <= window->done)
			continue;
		single = single_of(s->text, c.at, c.end) < c.end;
		singles += single;
		if (singles == UNITS_MIN)
			return false;
		if (!single)
			more = window_goes_on(s, &w, &c);
		else if (w.odd < c.end)
			(void)window_goes_on(s, &w, &c);
	}
	window->at = window->done = w.at;
	window->odd = w.odd;
	return true;
}

static void part_look(struct search *s, size_t odd)
{
	/* two kilobytes that the compiler would clear for each text; what is read of them is written before
	 */
	__attribute__((uninitialized)) struct piece piece;
	__attribute__((uninitialized)) struct window w;

	s->piece = &piece;
	s->words = 1;
	w.odd = odd;
	w.done = 0;
	piece_clear(&w.singles);
	while (w.odd < s->text.len) {
		w.at = window_start(s, w.odd);
		if (s->gated && window_pass(s, &w))
			continue;
		w.count = 0;
		w.behind = 0;
		w.begun = false;
		window_look(s, &w);
	}
}

void loose_find(const struct loose *l, struct texts *texts, bool gated, struct hits *hits)
{
	if (!l || !texts_mark_odd(texts))
		return;
	for (size_t i = 0; i < texts->count; i++) {
		struct search s = {.loose = l,
			.gated = gated,
			.texts = texts,
			.hits = hits,
			.part = i,
			.text = texts_part(texts, VIEW_WORD, i),
			.at = texts->parts[i].at[VIEW_WORD]};
		size_t odd = search_odd(&s, 0);

		if (odd < s.text.len)
			part_look(&s, odd);
	}
}
