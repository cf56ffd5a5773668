/* The configuration of a room: the store's text and a submitted form, which must agree with what they print;
 * times in requests for history; messages of an archive. */
#include <stdlib.h>

#include "room/archived.h"
#include "room/history.h"
#include "stanza/ns.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void text_comes_back(const struct room_config *c)
{
	struct buf one = BUF_INIT(0), two = BUF_INIT(0);
	struct room_config again;

	config_init(&again);
	config_put_text(&one, c);
	if (!config_take_text(&again, buf_view(&one)))
		abort();
	config_put_text(&two, &again);
	if (!str_eq(buf_view(&one), buf_view(&two)))
		abort();
	buf_clear(&two);
	config_put_form(&two, &again);
	config_done(&again);
	buf_done(&one);
	buf_done(&two);
}

/* A message of the archive: its parts are in it, and a tombstone is one that can be read, once. */
static void archived_stays(struct str text, struct room_retraction t)
{
	struct buf once = BUF_INIT(0), twice = BUF_INIT(0);
	struct archived a;

	if (archived_read(text, &a) && a.start.len + a.inside.len + a.id.len + a.x.len + 10 != text.len)
		abort();
	if (archived_put_tombstone(&once, text, &t) &&
		(!archived_read(buf_view(&once), &a) || archived_put_tombstone(&twice, buf_view(&once), &t)))
		abort();
	buf_done(&once);
	buf_done(&twice);
}

/* Lines "field value" as fields of a form; lines of one field that follow each other are its values. */
static struct node *form_of(struct arena *arena, struct str text)
{
	struct node *form = node_new(arena, STR("x"), NS_DATA_FORMS), *field = NULL;

	for (size_t from = 0, to; from < text.len; from = to + 1) {
		size_t space;
		struct str var;

		to = str_find(text, '\n', from);
		space = str_find(str_cut(text, from, to), ' ', 0);
		var = str_cut(text, from, from + space);
		if (!field || !str_eq(node_attr(field, STR("var")), var)) {
			field = node_add(arena, form, STR("field"), NS_DATA_FORMS);
			node_set_attr(arena, field, STR("var"), var);
		}
		node_add_text(arena, node_add(arena, field, STR("value"), NS_DATA_FORMS),
			from + space < to ? str_cut(text, from + space + 1, to) : STR(""));
	}
	return form;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct str author = STR("31yp9lPc9N2G2fmc14qS6tJN713a14CSY-NOKOmuGe0"); /* of what lies in the corpus */
	struct str text = str_of((const char *)data, size);
	struct arena *arena = arena_new(0);
	struct room_config config, copy;
	unsigned long long us;

	config_init(&config);
	if (config_take_text(&config, text))
		text_comes_back(&config);
	if (config_copy(&copy, &config)) {
		if (config_differs(&copy, &config))
			abort();
		if (config_take_form(&copy, form_of(arena, text), arena) == 0)
			text_comes_back(&copy);
		config_done(&copy);
	}
	archived_stays(text, (struct room_retraction){.id = STR("x"), .by_id = STR("y"), .author_id = author});
	archived_stays(text, (struct room_retraction){.id = STR("x"), .moderator = STR("room/nick"), .reason = text});
	if (history_parse_time(text, &us) && us % 1000000)
		abort();
	config_done(&config);
	arena_free(arena);
	return 0;
}
