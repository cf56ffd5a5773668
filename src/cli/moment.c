#include "cli/moment.h"

#include <string.h>

#include "base/clock.h"

bool moment_span(const char *text, unsigned long long *out)
{
	static const struct {
		const char *unit;
		unsigned seconds;
	} units[] = {{"s", 1}, {"min", 60}, {"h", 3600}, {"d", 86400}};
	struct str all = str_from(text);
	size_t digits = strspn(text, "0123456789");
	unsigned long long n;

	if (!str_to_u64(str_cut(all, 0, digits), 100000000, &n))
		return false;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (strcmp(text + digits, units[i].unit) == 0) {
			*out = n * units[i].seconds;
			return true;
		}
	return false;
}

bool moment_put(struct buf *out, const char *text)
{
	struct buf whole = BUF_INIT(64);
	unsigned long long ago;
	uint64_t us = 0, now = clock_utc_us();
	bool ok = true;

	if (moment_span(text, &ago)) {
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
