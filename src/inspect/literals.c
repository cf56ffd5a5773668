#include "inspect/literals.h"

#include <limits.h>
#include <string.h>

enum {
	SCORE_LENGTH = 4, /* what a byte of the shortest is worth, against: */
	SCORE_DOUBLE = 3, /* twice as many literals */
	SCORE_BYTES = 12, /* more bytes than these make no text rarer */
	SCORE_RARE = 20,  /* in few texts from here on */
};

const struct literals literals_empty = {.count = 1, .list = {{.data = "", .len = 0}}};

static struct literals *set_new(struct arena *arena, size_t room)
{
	struct literals *set;

	if (room > LITERALS_MAX)
		return NULL;
	set = arena_alloc(arena, sizeof(*set) + room * sizeof(*set->list));
	if (set)
		*set = (struct literals){.least = LITERAL_BYTES};
	return set;
}

static bool set_has(const struct literals *set, struct str text)
{
	for (size_t i = 0; i < set->count; i++)
		if (str_eq(set->list[i], text))
			return true;
	return false;
}

static void set_put(struct literals *set, struct str text)
{
	if (set_has(set, text))
		return;
	set->list[set->count++] = text;
	set->least = text.len < set->least ? text.len : set->least;
}

/* A letter in brackets is one character in some texts, and its fold has none: brackets are left to the
 * engine, as is what is not printable. */
static bool is_literal(char c)
{
	return c >= ' ' && c <= '~' && c != '(' && c != ')';
}

const struct literals *literals_of_chars(struct arena *arena, struct str chars)
{
	struct literals *set = set_new(arena, chars.len);
	char *bytes = arena_bytes(arena, chars.len);

	if (!set || !bytes || chars.len == 0)
		return NULL;
	for (size_t i = 0; i < chars.len; i++) {
		char c = chars.data[i];

		if (!is_literal(c))
			return NULL;
		bytes[i] = c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
		set_put(set, str_of(bytes + i, 1));
	}
	return set;
}

/* One space where two meet. Nothing in `data` when it is too long or memory is out. */
static struct str text_then(struct arena *arena, struct str a, struct str b)
{
	char *bytes;

	if (a.len && b.len && a.data[a.len - 1] == ' ' && b.data[0] == ' ')
		b = str_cut(b, 1, b.len);
	if (a.len + b.len > LITERAL_BYTES)
		return STR_NONE;
	bytes = arena_bytes(arena, a.len + b.len + 1);
	if (!bytes)
		return STR_NONE;
	memcpy(bytes, a.data, a.len);
	memcpy(bytes + a.len, b.data, b.len);
	return str_of(bytes, a.len + b.len);
}

const struct literals *literals_then(struct arena *arena, const struct literals *a, const struct literals *b)
{
	struct literals *set = a && b ? set_new(arena, a->count * b->count) : NULL;

	if (!set)
		return NULL;
	for (size_t i = 0; i < a->count; i++) {
		for (size_t k = 0; k < b->count; k++) {
			struct str text = text_then(arena, a->list[i], b->list[k]);

			if (!text.data)
				return NULL;
			set_put(set, text);
		}
	}
	return set;
}

const struct literals *literals_or(struct arena *arena, const struct literals *a, const struct literals *b)
{
	struct literals *set = a && b ? set_new(arena, a->count + b->count) : NULL;

	if (!set)
		return NULL;
	for (size_t i = 0; i < a->count; i++)
		set_put(set, a->list[i]);
	for (size_t i = 0; i < b->count; i++)
		set_put(set, b->list[i]);
	return set;
}

static bool contains_another(const struct literals *a, struct str text)
{
	for (size_t i = 0; i < a->count; i++)
		if (a->list[i].len < text.len && memmem(text.data, text.len, a->list[i].data, a->list[i].len))
			return true;
	return false;
}

const struct literals *literals_reduce(struct arena *arena, const struct literals *a)
{
	struct literals *set = a ? set_new(arena, a->count) : NULL;

	if (!set)
		return NULL;
	for (size_t i = 0; i < a->count; i++)
		if (!contains_another(a, a->list[i]))
			set_put(set, a->list[i]);
	return set;
}

static int score(const struct literals *set)
{
	int least = set->least < SCORE_BYTES ? (int)set->least : SCORE_BYTES, doubles = 0;

	if (set->least < LITERAL_LEAST)
		return INT_MIN;
	while (set->count > (size_t)1 << doubles)
		doubles++;
	return least * SCORE_LENGTH - doubles * SCORE_DOUBLE;
}

const struct literals *literals_rarer(const struct literals *a, const struct literals *b)
{
	if (!a || !b)
		return a ? a : b;
	return score(b) > score(a) ? b : a;
}

bool literals_are_rare(const struct literals *a)
{
	return score(a) >= SCORE_RARE;
}

const struct literals *literals_dup(struct arena *arena, const struct literals *a)
{
	struct literals *set = a ? set_new(arena, a->count) : NULL;

	if (!set)
		return NULL;
	for (size_t i = 0; i < a->count; i++) {
		struct str text = arena_dup(arena, a->list[i]);

		if (!text.data)
			return NULL;
		set_put(set, text);
	}
	return set;
}
