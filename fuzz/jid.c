/* Addresses and passwords: any bytes. What is accepted is canonical: valid UTF-8 within its lengths, made of
 * its parts, and its own canonical form; a password prepared twice stays as it is. */
#include <stdint.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/text.h"
#include "jid/jid.h"
#include "jid/precis.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void need(bool holds)
{
	if (!holds)
		abort();
}

static void check_parts(const struct jid *j)
{
	struct jid split = jid_split(j->full);

	need(utf8_is_valid(j->full));
	need(j->domain.len > 0 && j->domain.len <= JID_PART_MAX);
	need(j->local.len <= JID_PART_MAX && j->resource.len <= JID_PART_MAX);
	need(str_eq(split.local, j->local) && str_eq(split.domain, j->domain));
	need(str_eq(split.resource, j->resource) && str_eq(split.bare, j->bare));
	need(j->full.len == j->bare.len + (j->resource.len ? j->resource.len + 1 : 0));
	for (size_t i = 0; i < j->local.len; i++)
		need(!memchr("\"&'/:<>@ ", j->local.data[i], 9));
	for (size_t i = 0; i < j->full.len; i++)
		need((unsigned char)j->full.data[i] >= 0x20 && j->full.data[i] != 0x7F);
}

static void check_address(struct str text, struct arena *arena)
{
	struct jid j, again;

	if (jid_parse(&j, text, arena))
		return;
	check_parts(&j);
	need(jid_parse(&again, j.full, arena) == 0 && jid_eq(&j, &again));
	need(jid_home(j.bare, 3) < 3);
	need(jid_make(&again, j.local, j.domain, j.resource, arena) == 0 && jid_eq(&j, &again));
	if (j.resource.len)
		need(jid_with_resource(&again, &j, j.resource, arena) == 0 && jid_eq(&j, &again));
}

static void check_profile(struct str text, int (*profile)(struct str, struct buf *))
{
	struct buf once = BUF_INIT(0), twice = BUF_INIT(0);

	if (profile(text, &once) == 0) {
		need(utf8_is_valid(buf_view(&once)) && once.len > 0);
		need(profile(buf_view(&once), &twice) == 0 && str_eq(buf_view(&once), buf_view(&twice)));
	}
	buf_done(&once);
	buf_done(&twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = str_of((const char *)data, size), part;
	struct arena *arena = arena_new(1 << 20);

	check_address(text, arena);
	check_profile(text, precis_opaque);
	check_profile(text, precis_username);
	if (jid_prepare_local(&part, text, arena) == 0)
		need(part.len > 0 && part.len <= JID_PART_MAX);
	if (jid_prepare_domain(&part, text, arena) == 0)
		need(part.len > 0 && part.len <= JID_PART_MAX);
	arena_free(arena);
	return 0;
}
