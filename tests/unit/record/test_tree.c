#include "check.h"

#include "base/text.h"
#include "record/tree.h"

/* The test vectors of RFC 6962's reference implementation: eight leaves, the root after each. */
static const struct {
	struct str leaf;
	const char *root;
} vectors[] = {
	{STR_NONE, "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"},
	{{"\x00", 1}, "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"},
	{{"\x10", 1}, "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77"},
	{{"\x20\x21", 2}, "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"},
	{{"\x30\x31", 2}, "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4"},
	{{"\x40\x41\x42\x43", 4}, "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef"},
	{{"\x50\x51\x52\x53\x54\x55\x56\x57", 8},
		"ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c"},
	{{"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f", 16},
		"5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"},
};

static void assert_root(const struct tree *t, const char *hex)
{
	unsigned char root[TREE_HASH], expected[TREE_HASH];

	assert_true(hex_parse(str_from(hex), expected, sizeof(expected)));
	tree_root(t, root);
	assert_memory_equal(root, expected, TREE_HASH);
}

static void roots_are_those_of_the_rfc(void **state)
{
	unsigned char leaf[TREE_HASH];
	struct tree t;

	(void)state;
	tree_init(&t);
	assert_root(&t, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		tree_leaf(vectors[i].leaf, leaf);
		tree_append(&t, leaf);
		assert_root(&t, vectors[i].root);
	}
}

/* MTH by the recursive definition of RFC 9162 section 2.1.1. */
static void defined_root(unsigned char (*leaves)[TREE_HASH], size_t n, unsigned char out[TREE_HASH])
{
	char both[1 + 2 * TREE_HASH] = {1};
	size_t k = 1;

	if (n == 1) {
		memcpy(out, leaves[0], TREE_HASH);
		return;
	}
	while (k * 2 < n)
		k *= 2;
	defined_root(leaves, k, (unsigned char *)both + 1);
	defined_root(leaves + k, n - k, (unsigned char *)both + 1 + TREE_HASH);
	tree_sha256(str_of(both, sizeof(both)), out);
}

static void every_size_agrees_with_the_definition_and_can_be_resumed(void **state)
{
	static unsigned char leaves[130][TREE_HASH];
	unsigned char expected[TREE_HASH], root[TREE_HASH];
	struct tree t, again;

	(void)state;
	tree_init(&t);
	for (size_t n = 0; n < 130; n++) {
		tree_leaf(str_of((const char *)&n, sizeof(n)), leaves[n]);
		tree_append(&t, leaves[n]);
		defined_root(leaves, n + 1, expected);
		tree_root(&t, root);
		assert_memory_equal(root, expected, TREE_HASH);
		assert_true(tree_resume(&again, n + 1, t.peaks, t.peaks_len));
		tree_root(&again, root);
		assert_memory_equal(root, expected, TREE_HASH);
		assert_false(tree_resume(&again, n + 1, t.peaks, t.peaks_len + 1));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(roots_are_those_of_the_rfc),
		cmocka_unit_test(every_size_agrees_with_the_definition_and_can_be_resumed),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
