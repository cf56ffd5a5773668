/* Data in the form of Lua tables: read to the end or refused without reading outside it, always moving on; strings that
 * are views lie inside the text; what is found by a key is what stands there. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "cli/lua.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned long sum; /* every byte of every string is looked at */

static void look(const struct lua *v, unsigned depth)
{
	assert(depth <= LUA_DEPTH + 1);
	if (v->kind == LUA_STRING)
		for (size_t i = 0; i < v->string.len; i++)
			sum += (unsigned char)v->string.data[i];
	for (const struct lua_pair *p = v->kind == LUA_TABLE ? v->pairs : NULL; p; p = p->next) {
		look(&p->key, depth + 1);
		look(&p->value, depth + 1);
		if (p->key.kind == LUA_STRING)
			assert(lua_get(v, p->key.string));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = str_of((const char *)data, size);
	struct arena *arena = arena_new(16 << 20);
	struct lua v;
	size_t at = 0, before;
	int r;

	assert(arena);
	do {
		before = at;
		r = lua_next(text, &at, arena, &v);
		assert(at <= size + 1 && (r <= 0 || at > before));
		if (r > 0)
			look(&v, 0);
	} while (r > 0);
	arena_free(arena);
	return 0;
}
