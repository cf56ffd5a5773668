#include "net/rejections.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>

#include "base/arena.h"
#include "base/map.h"

static struct {
	pthread_mutex_t lock;
	struct arena *arena;
	struct map by_key; /* -> struct rejection */
	uint64_t lost;     /* had no place */
} all = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* Whole characters of it. */
static struct str bounded(struct str s)
{
	size_t len = s.len < REJECTION_TEXT_MAX ? s.len : REJECTION_TEXT_MAX;

	while (len > 0 && len < s.len && ((unsigned char)s.data[len] & 0xc0) == 0x80)
		len--;
	return str_cut(s, 0, len);
}

static struct rejection *rejection_add(struct str key, const struct rejection *r)
{
	struct rejection *kept = all.by_key.len < REJECTIONS_KEPT ? arena_zalloc(all.arena, sizeof(*kept)) : NULL;

	if (!kept)
		return NULL;
	*kept = (struct rejection){.kind = arena_dup(all.arena, r->kind),
		.address = arena_dup(all.arena, r->address),
		.owner = arena_dup(all.arena, r->owner),
		.product = arena_dup(all.arena, bounded(r->product)),
		.version = arena_dup(all.arena, bounded(r->version)),
		.rule = arena_dup(all.arena, r->rule)};
	key = arena_dup(all.arena, key);
	return arena_is_full(all.arena) || map_put(&all.by_key, key, kept) ? NULL : kept;
}

static void note(const struct rejection *r)
{
	struct rejection *kept;
	struct str key, reason = bounded(r->reason);
	char text[4096];
	int len = snprintf(text, sizeof(text), "%.*s\x1f%.*s\x1f%.*s\x1f%.*s\x1f%.*s\x1f%.*s", STR_FMT(r->kind),
		STR_FMT(r->address), STR_FMT(r->owner), STR_FMT(bounded(r->product)), STR_FMT(bounded(r->version)), STR_FMT(r->rule));

	if (!all.arena)
		all.arena = arena_new(0);
	key = str_of(text, len > 0 && (size_t)len < sizeof(text) ? (size_t)len : 0);
	kept = all.arena && key.len ? map_get(&all.by_key, key) : NULL;
	if (!kept && all.arena && key.len)
		kept = rejection_add(key, r);
	if (!kept) {
		all.lost++;
		return;
	}
	kept->count++;
	/* one that repeats itself costs nothing more */
	if (!str_eq(kept->reason, reason) && kept->count < REJECTIONS_KEPT)
		kept->reason = arena_dup(all.arena, reason);
}

void rejection_note(const struct rejection *r)
{
	pthread_mutex_lock(&all.lock);
	note(r);
	pthread_mutex_unlock(&all.lock);
}

void rejection_note_tls(const struct sockaddr *from, const char *reason)
{
	char text[INET6_ADDRSTRLEN] = "";
	const void *at = NULL;

	if (from && from->sa_family == AF_INET)
		at = &((const struct sockaddr_in *)(const void *)from)->sin_addr;
	else if (from && from->sa_family == AF_INET6)
		at = &((const struct sockaddr_in6 *)(const void *)from)->sin6_addr;
	if (at)
		inet_ntop(from->sa_family, at, text, sizeof(text));
	rejection_note(&(struct rejection){.kind = STR("tls"), .address = str_from(text), .reason = str_from(reason)});
}

void rejections_take(void (*each)(void *owner, const struct rejection *r), void *owner)
{
	struct arena *arena;
	struct map taken;
	struct map_slot *slot;
	uint64_t lost;

	pthread_mutex_lock(&all.lock);
	arena = all.arena;
	taken = all.by_key;
	lost = all.lost;
	all.arena = NULL;
	map_init(&all.by_key);
	all.lost = 0;
	pthread_mutex_unlock(&all.lock);
	for (size_t i = 0; (slot = map_next(&taken, &i));)
		each(owner, slot->value);
	if (lost)
		each(owner, &(struct rejection){.kind = STR("many"), .reason = STR("more than are told apart"), .count = lost});
	map_done(&taken);
	arena_free(arena);
}
