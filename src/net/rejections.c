#include "net/rejections.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>

#include "base/arena.h"
#include "base/map.h"

struct kept {
	struct rejection is;
	size_t room; /* bytes that is.reason may have where it stands */
};

static struct {
	pthread_mutex_t lock;
	struct arena *arena;
	struct map by_key; /* -> struct kept */
	uint64_t lost;     /* had no place */
} all = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* Whole characters of it. */
static struct str bounded(struct str s, size_t max)
{
	size_t len = s.len < max ? s.len : max;

	while (len > 0 && len < s.len && ((unsigned char)s.data[len] & 0xc0) == 0x80)
		len--;
	return str_cut(s, 0, len);
}

static struct kept *rejection_add(struct str key, const struct rejection *r)
{
	struct kept *kept = all.by_key.len < REJECTIONS_KEPT ? arena_zalloc(all.arena, sizeof(*kept)) : NULL;

	if (!kept)
		return NULL;
	kept->is = (struct rejection){.kind = arena_dup(all.arena, r->kind),
		.address = arena_dup(all.arena, r->address),
		.owner = arena_dup(all.arena, r->owner),
		.product = arena_dup(all.arena, bounded(r->product, REJECTION_TEXT_MAX)),
		.version = arena_dup(all.arena, bounded(r->version, REJECTION_TEXT_MAX)),
		.rule = arena_dup(all.arena, r->rule)};
	key = arena_dup(all.arena, key);
	return arena_is_full(all.arena) || map_put(&all.by_key, key, kept) ? NULL : kept;
}

/* The last one stays. It grows by doubling, so that one who varies it takes twice the longest. */
static void put_reason(struct kept *kept, struct str reason)
{
	size_t room = 2 * kept->room > reason.len ? 2 * kept->room : reason.len;
	char *at = (char *)(size_t)kept->is.reason.data;

	if (reason.len > kept->room) {
		at = arena_bytes(all.arena, room);
		kept->room = at ? room : 0;
	}
	if (reason.len && at)
		memcpy(at, reason.data, reason.len);
	kept->is.reason = at ? str_of(at, reason.len) : STR_NONE;
}

static void note(const struct rejection *r)
{
	struct kept *kept;
	struct str key, reason = bounded(r->reason, REJECTION_REASON_MAX);
	char text[4096];
	int len = snprintf(text, sizeof(text), "%.*s\x1f%.*s\x1f%.*s\x1f%.*s\x1f%.*s\x1f%.*s", STR_FMT(r->kind),
		STR_FMT(r->address), STR_FMT(r->owner), STR_FMT(bounded(r->product, REJECTION_TEXT_MAX)),
		STR_FMT(bounded(r->version, REJECTION_TEXT_MAX)), STR_FMT(r->rule));

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
	kept->is.count++;
	put_reason(kept, reason);
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
		each(owner, &((const struct kept *)slot->value)->is);
	if (lost)
		each(owner, &(struct rejection){.kind = STR("many"), .reason = STR("more than are told apart"), .count = lost});
	map_done(&taken);
	arena_free(arena);
}
