#include "check.h"

#include "net/tls_memory.h"

#include <openssl/crypto.h>
#include <string.h>

enum { RECORD = 16 * 1024 + 400 };

static void a_record_buffer_is_used_again(void **state)
{
	char *first = OPENSSL_malloc(RECORD), *again;

	(void)state;
	assert_non_null(first);
	memset(first, 'x', RECORD);
	OPENSSL_free(first);
	again = OPENSSL_malloc(RECORD + 64);
	assert_ptr_equal(again, first);
	memset(again, 'y', RECORD + 64);
	OPENSSL_free(again);
}

static void what_is_kept_is_bounded_and_other_sizes_are_left_alone(void **state)
{
	char *many[32], *small = OPENSSL_malloc(100), *large = OPENSSL_malloc(200000);

	(void)state;
	for (int i = 0; i < 32; i++) {
		many[i] = OPENSSL_malloc(RECORD);
		assert_non_null(many[i]);
		memset(many[i], i, RECORD);
	}
	for (int i = 0; i < 32; i++) {
		assert_int_equal(many[i][RECORD - 1], i);
		OPENSSL_free(many[i]);
	}
	small = OPENSSL_realloc(small, RECORD);
	assert_non_null(small);
	memset(small, 'z', RECORD);
	small = OPENSSL_realloc(small, 10);
	assert_int_equal(small[9], 'z');
	OPENSSL_free(small);
	OPENSSL_free(large);
	assert_null(OPENSSL_malloc(0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_record_buffer_is_used_again),
		cmocka_unit_test(what_is_kept_is_bounded_and_other_sizes_are_left_alone),
	};

	if (tls_memory_pool())
		return 1;
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
