/* Data in the form of Lua table constructors, as Prosody keeps it: `return {...}` or `item({...})` after `item({...})`.
 * Values only: nothing is run. All lives in the arena; strings that needed no unescaping are views into the text. */
#pragma once

#include <stdbool.h>

#include "base/arena.h"
#include "base/str.h"

enum lua_kind {
	LUA_NIL,
	LUA_BOOL,
	LUA_NUMBER,
	LUA_STRING,
	LUA_TABLE,
};

struct lua_pair;

struct lua {
	enum lua_kind kind;
	bool boolean;
	double number;
	struct str string;
	struct lua_pair *pairs; /* of a table, in the order of the text */
};

/* Items without a key have the numbers 1, 2, 3 ... */
struct lua_pair {
	struct lua_pair *next;
	struct lua key, value;
};

enum {
	LUA_DEPTH = 100,
};

/* The next value behind *at: behind "return" or inside of "item(...)", with what ends the statement. 1: *out is one;
 * 0: nothing is left; -EBADMSG: this is no such text (*at is where); -ENOMEM. */
[[nodiscard]] int lua_next(struct str text, size_t *at, struct arena *arena, struct lua *out);

/* The value of a table's field; NULL: it has none, or is no table. */
const struct lua *lua_get(const struct lua *table, struct str key);
/* A field that is a string, else STR_NONE. */
struct str lua_text(const struct lua *table, struct str key);
