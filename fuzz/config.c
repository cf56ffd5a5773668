/* gatehouse.yaml: any bytes. What is accepted must print as YAML that is accepted again and means the same.
 */
#include <stdint.h>
#include <stdlib.h>

#include "base/buf.h"
#include "conf/settings.h"
#include "conf/yaml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_print(const struct settings *s)
{
	struct buf first = BUF_INIT(0), second = BUF_INIT(0);
	struct settings *again = NULL;
	struct err err = {};

	settings_print_json(s, &first);
	settings_print(s, &second);
	if (settings_parse(&again, "/srv/gatehouse", buf_view(&second), "printed", &err))
		abort();
	buf_clear(&second);
	settings_print_json(again, &second);
	if (!str_eq(buf_view(&first), buf_view(&second)))
		abort();
	settings_free(again);
	buf_done(&first);
	buf_done(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = str_of((const char *)data, size);
	struct settings *s = NULL;
	struct err err = {};

	if (settings_parse(&s, "/srv/gatehouse", text, "fuzz", &err)) {
		if (!err.text[0])
			abort(); /* refused without a reason */
		return 0;
	}
	check_print(s);
	settings_free(s);
	return 0;
}
