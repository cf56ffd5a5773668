/* Versions and ranges: any bytes as two versions and a range, parted by line ends. The order is antisymmetric, and transitive
 * with what is known; what was found is read as the same version; a range is refused with a reason or agrees with the order. */
#include <stdint.h>
#include <stdlib.h>

#include "base/arena.h"
#include "client/version.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const known[] = {"", "abc1234", "0", "1.2-dev", "1.2-rc1", "1.2", "1.2-2+b1", "2.14.12",
	"2024-03-01", "999999999999999999999"};

static void need(bool holds)
{
	if (!holds)
		abort();
}

static int sign(int r)
{
	return (r > 0) - (r < 0);
}

static void check_order(struct str a, struct str b)
{
	int between = sign(version_compare_text(a, b));

	need(between == -sign(version_compare_text(b, a)));
	need(version_compare_text(a, a) == 0);
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		int left = sign(version_compare_text(a, str_from(known[i])));
		int right = sign(version_compare_text(str_from(known[i]), b));

		if (left == right)
			need(between == left);
		else if (left == 0 || right == 0)
			need(between == left + right);
	}
}

static void check_place(struct str text)
{
	struct str where = version_find(text);
	struct version v = version_read(text);

	need((v.kind == VERSION_UNKNOWN) == (where.len == 0));
	if (where.len) {
		need(where.data >= text.data && where.data + where.len <= text.data + text.len);
		need(version_compare_text(where, text) == 0);
	}
	need(v.suffix_len <= VERSION_SUFFIX_MAX && v.parts <= VERSION_PARTS_MAX);
}

static void check_range(struct str range, struct str version)
{
	struct arena *arena = arena_new(1 << 16);
	const struct version_range *r, *not ;
	struct err err = {.text = ""};
	char text[VERSION_TEXT_MAX + 8] = ">=";
	struct str exact = version_find(version);

	if (version_range_parse(&r, range, arena, &err) == 0) {
		if (version_range_holds_text(r, version))
			need(exact.len || version_range_holds_text(r, STR("")));
	} else {
		need(err.text[0] != '\0');
	}
	/* "1.x" is a version, too, but in a range all those of 1 */
	if (version_read(version).kind == VERSION_NUMBERED && !str_ends(exact, STR("x")) &&
		!str_ends(exact, STR("X"))) {
		memcpy(text + 2, exact.data, exact.len);
		need(version_range_parse(&r, str_of(text, exact.len + 2), arena, &err) == 0 &&
			version_range_holds_text(r, version));
		text[0] = '!';
		need(version_range_parse(&not, str_of(text, exact.len + 2), arena, &err) == 0);
		need(!version_range_holds_text(not, version));
	}
	arena_free(arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = str_of((const char *)data, size);
	size_t first = str_find(text, '\n', 0), second = str_find(text, '\n', first + 1);
	struct str a = str_cut(text, 0, first), b = str_cut(text, first + 1, second),
		   range = str_cut(text, second + 1, size);

	check_order(a, b);
	check_place(a);
	check_place(b);
	check_range(range, a);
	check_range(range, b);
	return 0;
}
