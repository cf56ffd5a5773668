/* What a client shows of itself: any bytes as its signals, one a line. A judgement is made, bounded, of valid views, the same each time,
 * and can be written as JSON; who says nothing has no product, who has a product is named. */
#include <stdint.h>
#include <stdlib.h>

#include "base/buf.h"
#include "client/judge.h"
#include "client/os.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void need(bool holds)
{
	if (!holds)
		abort();
}

static struct client_table *table(void)
{
	static const struct client_row rows[] = {{.caps_hash = STR("sha-1"),
							 .caps_ver = STR("eA=="),
							 .product = STR("Gajim"),
							 .version = STR("1.7.3"),
							 .range = STR("1.7.*")},
		{.ja4 = STR("t13d291200_723694b0fccc_5671b5df5029"), .product = STR("Acme"), .version = STR("2")}};
	static struct client_table *made;

	if (!made)
		need(client_table_new(&made, rows, sizeof(rows) / sizeof(rows[0]), NULL) == 0);
	return made;
}

static void check(const struct judgement *j)
{
	struct buf json = BUF_INIT(0);

	need(j->confidence <= 100 && j->class < CLIENT_CLASSES && j->basis < CLIENT_BASES);
	need((j->product.len > 0) == (j->class == CLIENT_NAMED) &&
		(j->basis != BASIS_NONE) == (j->class == CLIENT_NAMED));
	need(j->product.len <= SIGNAL_TEXT_MAX && j->version.len <= SIGNAL_TEXT_MAX && j->os.len <= SIGNAL_TEXT_MAX);
	judgement_put_json(&json, j);
	need(!buf_failed(&json) && json.len > 2);
	buf_done(&json);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct client_signals s = {};
	struct str *fields[] = {&s.version_name, &s.version_version, &s.version_os, &s.disco_name, &s.caps_node,
		&s.caps_ver, &s.resource, &s.agent_software, &s.agent_device, &s.agent_id, &s.form_software,
		&s.form_version, &s.form_os, &s.form_os_version, &s.ja4, &s.caps_hash, &s.disco_category,
		&s.disco_type};
	struct str text = str_of((const char *)data, size);
	struct judgement *j, *again;
	unsigned flags = size ? data[0] : 0;

	s.caps_verified = flags & 1;
	s.disco = flags >> 1 & 3;
	s.version = flags >> 3 & 3;
	for (size_t i = 0, at = 1; i < sizeof(fields) / sizeof(fields[0]) && at < size; i++) {
		size_t end = str_find(text, '\n', at);

		*fields[i] = str_cut(text, at, end);
		at = end + 1;
	}
	j = client_judge(table(), &s);
	again = client_judge(table(), &s);
	need(j && again && judgement_is_same(j, again));
	check(j);
	judgement_unref(j);
	judgement_unref(again);
	return 0;
}
