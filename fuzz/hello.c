/* ClientHellos: any bytes are refused, or have a fingerprint of its form, the same each time; what is cut off or longer is refused. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "client/ja4.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void need(bool holds)
{
	if (!holds)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str hello = str_of((const char *)data, size);
	char out[JA4_LEN] = "untouched", again[JA4_LEN];

	if (!ja4_of_hello(hello, out)) {
		need(memcmp(out, "untouched", 9) == 0);
		return 0;
	}
	need(ja4_is_valid(str_of(out, JA4_LEN)));
	need(ja4_of_hello(hello, again) && memcmp(out, again, JA4_LEN) == 0);
	need(!ja4_of_hello(str_of(hello.data, size - 1), again));
	return 0;
}
