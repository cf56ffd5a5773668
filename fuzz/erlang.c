/* Terms of Erlang as text: read to the end or refused without reading outside it, always moving on; depth and counts are what
 * they are said to be; what is found by a name is what stands there. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "cli/erlang.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned long sum; /* every byte of every text is looked at */

static void look(const struct erlang *v, unsigned depth)
{
	size_t n = 0;

	assert(depth <= ERLANG_DEPTH);
	for (size_t i = 0; i < v->text.len; i++)
		sum += (unsigned char)v->text.data[i];
	for (const struct erlang *each = v->items; each; each = each->next) {
		if (v->kind != ERLANG_MAP)
			assert(n > 8 || erlang_item(v, n) == each);
		if (v->kind == ERLANG_LIST && each->kind == ERLANG_TUPLE && each->len == 2 && erlang_is(each->items, "name"))
			assert(erlang_property(v, "name"));
		n++;
		look(each, depth + 1);
	}
	assert(n == v->len && (v->kind != ERLANG_MAP || n % 2 == 0));
	assert(erlang_text(v).data == NULL || v->kind == ERLANG_BINARY || v->kind == ERLANG_STRING);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = str_of((const char *)data, size);
	struct arena *arena = arena_new(16 << 20);
	struct erlang v;
	size_t at = 0, before;
	int r;

	assert(arena);
	do {
		before = at;
		r = erlang_next(text, &at, arena, &v);
		assert(at <= size && (r <= 0 || at > before));
		if (r > 0)
			look(&v, 0);
	} while (r > 0);
	arena_free(arena);
	return 0;
}
