/* Requests about nodes, their forms, the store's text of a node, and capabilities, from one payload as a stream would give it:
 * the first byte says whether it is of a set. What has been taken must come back from the store's text as it was, and a list of
 * bookmarks that became items must be those items when it is read again. */
#include <stdlib.h>

#include "pubsub/bookmarks.h"
#include "pubsub/caps.h"
#include "pubsub/event.h"
#include "pubsub/place.h"
#include "pubsub/request.h"
#include "stanza/ns.h"
#include "stanza/tokenizer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct xml_limits limits = {.stanza_bytes = 1 << 18,
	.depth = 64,
	.attributes = 64,
	.attribute_bytes = 16384,
	.name_bytes = 1024,
	.children = 1000,
	.nodes = 10000,
	.arena_bytes = 8 << 20};

static struct node *read_xml(struct str text, struct arena **arena)
{
	struct tokenizer *t = tokenizer_new(&limits);
	struct str head = STR("<s:stream xmlns='jabber:client' xmlns:s='http://etherx.jabber.org/streams'>");
	const char *at = head.data;
	struct node *n = NULL;

	*arena = NULL;
	if (!t || tokenizer_feed(t, &at, &head.len, &n, arena) != XML_STREAM_OPEN)
		abort();
	arena_free(*arena);
	*arena = NULL;
	if (tokenizer_feed(t, &text.data, &text.len, &n, arena) != XML_STANZA)
		n = NULL;
	tokenizer_free(t);
	return n;
}

static void text_comes_back(const struct place *p)
{
	struct buf one = BUF_INIT(0), two = BUF_INIT(0);
	struct place *again = place_new(p->name);

	place_put_text(&one, p);
	if (!again || !place_take_text(again, buf_view(&one)))
		abort();
	place_put_text(&two, again);
	if (!str_eq(buf_view(&one), buf_view(&two)))
		abort();
	buf_clear(&two);
	options_put_form(&two, &again->options, STR("x\x1fz"));
	place_free(again);
	buf_done(&one);
	buf_done(&two);
}

static void try_form(const struct node *form, bool preconditions, struct arena *arena)
{
	struct place *p = place_new(STR("n"));
	struct node_options copy;

	if (!p || !options_copy(&copy, &p->options))
		abort();
	if ((preconditions ? options_take_preconditions(&copy, form, arena) : options_take_form(&copy, form, arena)) ==
		PUBSUB_OK) {
		options_done(&p->options);
		p->options = copy;
		if (!options_equal(&copy, &p->options))
			abort();
		text_comes_back(p);
	} else {
		options_done(&copy);
	}
	place_free(p);
}

/* Who is shut out is not let in, and who has left and stands for nothing is not there. */
static void try_people(struct place *p)
{
	for (size_t i = 0; i < p->people_len; i++) {
		struct jid jid = jid_split(p->people[i].jid);
		struct onlooker who = {.bare = p->people[i].jid, .subscribed = i % 2, .groups = STR("Friends\x1fWork")};

		if (place_admits(p, &who) == PUBSUB_OK && p->people[i].kind == STANDING_OUTCAST)
			abort();
		if (p->people[i].subscribed && place_is_full_for(p, &jid))
			abort();
	}
	while (p->people_len) {
		struct str jid = p->people[0].jid;
		char *copy = str_dupz(jid);

		jid = str_of(copy, jid.len);
		place_leave(p, jid_split(jid).bare);
		if (!copy || place_affiliate(p, jid, STANDING_NONE) != PUBSUB_OK || place_standing(p, jid))
			abort();
		free(copy);
	}
}

static void try_text(struct str text)
{
	struct place *p = place_new(STR("n"));

	if (p && place_take_text(p, text)) {
		text_comes_back(p);
		try_people(p);
	}
	place_free(p);
}

static void try_caps(const struct node *info, struct arena *arena)
{
	struct buf ver = BUF_INIT(0), nodes = BUF_INIT(0);

	if (caps_ver(&ver, STR("sha-256"), info, arena)) {
		struct caps caps = {.hash = STR("sha-256"), .ver = buf_view(&ver)};

		if (!caps_verify(&caps, info, arena))
			abort();
	}
	caps_put_interests(&nodes, info);
	buf_done(&ver);
	buf_done(&nodes);
}

static void try_bookmarks(const struct node *list, struct arena *arena)
{
	struct bookmarks none = {.len = 0}, listed, items;
	struct bookmarks_change change;
	struct buf text = BUF_INIT(0);
	struct arena *again;
	struct node *n;

	if (!bookmarks_of_list(&listed, list, arena) || !bookmarks_diff(&change, &none, &listed, true, arena))
		return;
	buf_lit(&text, "<items xmlns='http://jabber.org/protocol/pubsub'>");
	for (size_t i = 0; i < change.len; i++)
		item_put(&text, &(struct pubsub_item){.id = change.ids[i], .payload = change.payloads[i]}, true);
	buf_lit(&text, "</items>");
	n = read_xml(buf_view(&text), &again); /* NULL: beyond the limits */
	if (n && bookmarks_of_items(&items, n, again) && bookmarks_diff(&change, &items, &listed, true, again) &&
		(change.len || change.gone_len || change.total != listed.len))
		abort();
	arena_free(again);
	buf_clear(&text);
	bookmarks_put_list(&text, &listed, list, NS_PRIVATE);
	buf_done(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = str_of((const char *)data, size);
	struct pubsub_request rq;
	struct arena *arena;
	struct caps caps;
	struct node *n;

	try_text(text);
	if (!size)
		return 0;
	n = read_xml(str_cut(text, 1, size), &arena);
	if (n && pubsub_request_read(&rq, n, data[0] & 1, arena) == PUBSUB_OK && rq.form)
		try_form(rq.form, rq.verb == VERB_PUBLISH, arena);
	if (n)
		try_caps(n, arena);
	if (n)
		try_bookmarks(n, arena);
	if (n && caps_read(&caps, n) && caps.ver.len > CAPS_VER_MAX)
		abort();
	arena_free(arena);
	return 0;
}
