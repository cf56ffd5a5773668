#include "account/turnstile.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/map.h"
#include "base/network.h"

enum { SETS = 1024, WAYS = 4, KEY_MAX = 512 };

struct place {
	uint64_t key; /* 0: nobody's */
	uint64_t denied_ms, until_ms;
	unsigned strikes;
	size_t rule_len;
	char *words; /* owned: the rule, then the text, NUL behind */
};

struct turnstile {
	pthread_mutex_t lock;
	struct place places[SETS][WAYS];
};

/* Of IPv6 the /64 in which whoever has one address has all of them. */
static struct str place_of(struct str address, struct network *net)
{
	bool six = network_address_parse(address, net) && str_find(address, ':', 0) < address.len;

	return six ? str_of((const char *)net->address, 8) : address;
}

/* Seeded (base/map.h): nobody can aim at another's place. */
static uint64_t key_of(const struct comer *c)
{
	char text[KEY_MAX * 5];
	struct network net;
	const struct str address = place_of(c->address, &net);
	const struct str *parts[] = {&c->account, &address, &c->agent, &c->ja4, &c->mechanism};
	size_t len = 0;
	uint64_t key;

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		size_t n = parts[i]->len < KEY_MAX - 1 ? parts[i]->len : KEY_MAX - 1;

		if (n)
			memcpy(text + len, parts[i]->data, n);
		len += n;
		text[len++] = '\0';
	}
	key = map_hash(str_of(text, len));
	return key ? key : 1;
}

struct turnstile *turnstile_new(void)
{
	struct turnstile *t = calloc(1, sizeof(*t));

	if (t)
		pthread_mutex_init(&t->lock, NULL);
	return t;
}

static void place_empty(struct place *p)
{
	free(p->words);
	*p = (struct place){.key = 0};
}

static void empty_all(struct turnstile *t)
{
	for (size_t i = 0; i < SETS; i++)
		for (size_t j = 0; j < WAYS; j++)
			if (t->places[i][j].key)
				place_empty(&t->places[i][j]);
}

struct turnstile *turnstile_free(struct turnstile *t)
{
	if (!t)
		return NULL;
	empty_all(t);
	pthread_mutex_destroy(&t->lock);
	free(t);
	return NULL;
}

static struct place *place_find(struct turnstile *t, uint64_t key)
{
	struct place *set = t->places[key % SETS];

	for (size_t i = 0; i < WAYS; i++)
		if (set[i].key == key)
			return &set[i];
	return NULL;
}

/* The one that was denied longest ago makes room. */
static struct place *place_take(struct turnstile *t, uint64_t key)
{
	struct place *set = t->places[key % SETS], *oldest = &set[0];

	for (size_t i = 1; i < WAYS; i++)
		if (set[i].denied_ms < oldest->denied_ms)
			oldest = &set[i];
	place_empty(oldest);
	oldest->key = key;
	return oldest;
}

static void place_say(struct place *p, struct str rule, struct str text)
{
	size_t len = text.len < TURNSTILE_TEXT_MAX ? text.len : TURNSTILE_TEXT_MAX;
	char *words = malloc(rule.len + len + 1);

	if (!words)
		return;
	while (len && len < text.len && ((unsigned char)text.data[len] & 0xc0) == 0x80)
		len--; /* not inside a character */
	if (rule.len)
		memcpy(words, rule.data, rule.len);
	if (len)
		memcpy(words + rule.len, text.data, len);
	words[rule.len + len] = '\0';
	free(p->words);
	p->words = words;
	p->rule_len = rule.len;
}

static uint64_t wait_after(unsigned strikes)
{
	uint64_t ms = TURNSTILE_FIRST_MS;

	if (strikes <= TURNSTILE_FREE)
		return 0;
	for (unsigned i = TURNSTILE_FREE + 1; i < strikes && ms < TURNSTILE_MOST_MS; i++)
		ms *= 2;
	return ms < TURNSTILE_MOST_MS ? ms : TURNSTILE_MOST_MS;
}

void turnstile_denied(struct turnstile *t, const struct comer *c, struct str rule, struct str text, uint64_t now_ms)
{
	uint64_t key = key_of(c);
	struct place *p;

	pthread_mutex_lock(&t->lock);
	p = place_find(t, key);
	if (!p)
		p = place_take(t, key);
	if (p->strikes && now_ms - p->denied_ms > TURNSTILE_FORGET_MS)
		p->strikes = 0;
	p->denied_ms = now_ms;
	p->until_ms = now_ms + wait_after(++p->strikes);
	place_say(p, rule, text);
	pthread_mutex_unlock(&t->lock);
}

void turnstile_passed(struct turnstile *t, const struct comer *c)
{
	struct place *p;

	pthread_mutex_lock(&t->lock);
	p = place_find(t, key_of(c));
	if (p)
		place_empty(p);
	pthread_mutex_unlock(&t->lock);
}

bool turnstile_holds(
	struct turnstile *t, const struct comer *c, uint64_t now_ms, struct arena *arena, struct str *rule, struct str *text)
{
	struct place *p;
	bool held;

	pthread_mutex_lock(&t->lock);
	p = place_find(t, key_of(c));
	held = p && now_ms < p->until_ms;
	if (held && p->words) {
		*rule = arena_dup(arena, str_of(p->words, p->rule_len));
		*text = arena_dup(arena, str_from(p->words + p->rule_len));
	}
	pthread_mutex_unlock(&t->lock);
	return held;
}

void turnstile_clear(struct turnstile *t)
{
	pthread_mutex_lock(&t->lock);
	empty_all(t);
	pthread_mutex_unlock(&t->lock);
}
