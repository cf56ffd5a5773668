#include "cli/moment.h"

#include "base/clock.h"
#include "cli/cli.h"

bool moment_put(struct buf *out, const char *text)
{
	struct buf whole = BUF_INIT(64);
	unsigned long long ago;
	uint64_t us = 0, now = clock_utc_us();
	bool ok = true;

	if (cli_duration(text, &ago)) {
		us = now > ago * 1000000 ? now - ago * 1000000 : 1;
	} else {
		buf_printf(&whole, "%s%s", text, strchr(text, 'T') ? "" : "T00:00:00Z");
		ok = !buf_failed(&whole) && clock_parse(buf_view(&whole), &us);
	}
	if (ok)
		clock_put(out, us);
	buf_done(&whole);
	return ok;
}
