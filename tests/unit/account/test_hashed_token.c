/* Hashed tokens: the hashes of draft-schmaus-kitten-sasl-ht, computed elsewhere (Python's hmac), and what is no message. */
#include "check.h"

#include <string.h>

#include "account/hashed_token.h"
#include "account/scram.h"
#include "base/text.h"

static const char token[] = "fastAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
static const struct account_secret secret = {.bytes = {7}};

static void bytes_of(const char *hex, uint8_t out[HT_HASH])
{
	assert_true(hex_parse(str_from(hex), out, HT_HASH));
}

static void proof_and_answer_are_the_drafts(void **state)
{
	static const struct {
		bool bound;
		const char *initiator, *responder;
	} vectors[] = {
		{false, "cb2a677221c092af9eeae8d34a7acedf710bd6d77ac9031b23f19750bebd7ed4",
			"1edeab04066352607af256d40eae22402d4646c56c48497bf70e40b758bbfacd"},
		{true, "ef5b9ffaf1b7a898d7d8264cf752594246afa0b0e8ef64921577b10b976a1237",
			"9a4e6253348652b9532817d2354f332e7b40a0d0e9d12755ecf76bbdf3b65f06"},
	};
	uint8_t data[32], proof[HT_HASH], answer[HT_HASH], expected[HT_HASH];

	(void)state;
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)i;
	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		struct str binding = vectors[i].bound ? str_of((const char *)data, sizeof(data)) : STR_NONE;

		bytes_of(vectors[i].initiator, proof);
		bytes_of(vectors[i].responder, expected);
		assert_int_equal(ht_check(token, binding, proof, answer), 0);
		assert_memory_equal(answer, expected, HT_HASH);
		proof[31] ^= 1;
		assert_int_equal(ht_check(token, binding, proof, answer), SCRAM_E_WRONG_PASSWORD);
		bytes_of(vectors[!i].initiator, proof);
		assert_int_equal(ht_check(token, binding, proof, answer), SCRAM_E_WRONG_PASSWORD);
	}
}

static void a_token_is_made_from_whose_it_is(void **state)
{
	struct ht_name name = {.owner = STR("alice@example.org"),
		.key = STR("d4565fa7-4d72-4749-b3d3-740edbf87770"),
		.mechanism = STR("HT-SHA-256-EXPR"),
		.seed = STR("seed")};
	char made[HT_TOKEN + 1], other[HT_TOKEN + 1];

	(void)state;
	assert_int_equal(ht_token(made, &secret, &name), 0);
	assert_string_equal(made, "fastJTBq5b0jj_CLJp2_ZreQdL5oNl_XxGiLB03p3oOLP24");
	name.mechanism = STR("HT-SHA-256-NONE");
	assert_int_equal(ht_token(other, &secret, &name), 0);
	assert_string_not_equal(made, other);
	/* what belongs to one part cannot move to the next */
	name = (struct ht_name){.owner = STR("a"), .key = STR("bc"), .mechanism = STR("m"), .seed = STR("s")};
	assert_int_equal(ht_token(made, &secret, &name), 0);
	name = (struct ht_name){.owner = STR("ab"), .key = STR("c"), .mechanism = STR("m"), .seed = STR("s")};
	assert_int_equal(ht_token(other, &secret, &name), 0);
	assert_string_not_equal(made, other);
}

static void seeds_differ(void **state)
{
	char a[HT_SEED + 1], b[HT_SEED + 1];

	(void)state;
	ht_seed_new(a);
	ht_seed_new(b);
	assert_int_equal(strlen(a), HT_SEED);
	assert_string_not_equal(a, b);
}

static void names_of_mechanisms_go_both_ways(void **state)
{
	enum ht_mechanism m;

	(void)state;
	for (int i = 0; i < HT_MECHANISMS; i++) {
		assert_true(ht_mechanism_parse(str_from(ht_mechanism_name((enum ht_mechanism)i)), &m));
		assert_int_equal(m, i);
	}
	assert_false(ht_mechanism_parse(STR("HT-SHA-256-UNIQ"), &m));
	assert_false(ht_mechanism_parse(STR("ht-sha-256-none"), &m));
	assert_false(ht_mechanism_parse(STR(""), &m));
}

#define X32 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"

static int parse(struct ht_message *m, const char *text, size_t len, struct arena *arena)
{
	return ht_parse(m, str_of(text, len), STR("example.org"), arena);
}

static void messages_are_a_name_and_a_hash(void **state)
{
	struct arena *arena = arena_new(0);
	struct ht_message m;

	(void)state;
	assert_int_equal(parse(&m, "Alice\0" X32, 38, arena), 0);
	assert_str(m.jid, "alice@example.org");
	assert_memory_equal(m.proof, X32, HT_HASH);
	assert_int_equal(parse(&m, "\0" X32, 33, arena), SCRAM_E_MALFORMED);
	assert_int_equal(parse(&m, "alice\0" X32 "x", 39, arena), SCRAM_E_MALFORMED);
	assert_int_equal(parse(&m, "alice\0" X32, 37, arena), SCRAM_E_MALFORMED);
	assert_int_equal(parse(&m, X32 X32, 64, arena), SCRAM_E_MALFORMED);
	assert_int_equal(parse(&m, "\xC3\0" X32, 34, arena), SCRAM_E_MALFORMED);
	assert_int_equal(parse(&m, "", 0, arena), SCRAM_E_MALFORMED);
	/* a hash may hold a NUL; a name that is no localpart leads nowhere */
	assert_int_equal(parse(&m, "alice\0\0xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", 38, arena), 0);
	assert_int_equal(parse(&m, "a@b\0" X32, 36, arena), 0);
	assert_int_equal(m.jid.len, 0);
	arena_free(arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(proof_and_answer_are_the_drafts),
		cmocka_unit_test(a_token_is_made_from_whose_it_is),
		cmocka_unit_test(seeds_differ),
		cmocka_unit_test(names_of_mechanisms_go_both_ways),
		cmocka_unit_test(messages_are_a_name_and_a_hash),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
