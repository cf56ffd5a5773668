/* What a client asks of its history: any stanza as <query/>. What is accepted has bounds that hold. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "base/clock.h"
#include "jid/jid.h"
#include "route/history_form.h"
#include "stanza/tokenizer.h"

enum {
	PAGE = 20,
};

static const struct xml_limits limits = {.stanza_bytes = 1 << 16,
	.depth = 64,
	.attributes = 64,
	.attribute_bytes = 4096,
	.name_bytes = 1024,
	.children = 1000,
	.nodes = 10000,
	.arena_bytes = 1 << 20};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct history_asked *asked, struct arena *arena)
{
	const struct store_archive_query *q = &asked->query;
	struct jid with;

	assert(q->max <= PAGE && q->ids_len <= PAGE && (q->max || q->count));
	for (size_t i = 0; i < q->ids_len; i++)
		assert(q->ids[i].len);
	assert(q->with.len == 0 || (jid_parse(&with, q->with, arena) == 0 && str_eq(with.full, q->with)));
}

/* A time that is read and written is read as the same again. */
static void check_time(struct str text)
{
	struct buf b = BUF_INIT(0);
	uint64_t us, again = 0;

	if (!clock_parse(text, &us))
		return;
	clock_put_us(&b, us);
	assert(us > UINT64_C(253402300799999999) || (clock_parse(buf_view(&b), &again) && again == us));
	buf_done(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char head[] =
		"<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>";
	struct tokenizer *t = tokenizer_new(&limits);
	const char *at = head, *text = (const char *)data;
	size_t len = sizeof(head) - 1, left = size;
	struct arena *arena = NULL;
	struct history_asked asked;
	struct node *root = NULL;

	check_time(str_of(text, size));
	if (t && tokenizer_feed(t, &at, &len, &root, &arena) == XML_STREAM_OPEN) {
		arena_free(arena);
		arena = NULL;
		if (tokenizer_feed(t, &text, &left, &root, &arena) == XML_STANZA) {
			if (history_form_read(&asked, root, PAGE, arena) == STANZA_CONDITIONS)
				check(&asked, arena);
			arena_free(arena);
		}
	}
	tokenizer_free(t);
	return 0;
}
