/* Requests of ad-hoc commands: any stanza that asks for one. A form is refused with a reason, or its values are of the
 * command's own fields, as many as each may have, and are the same when they have been shown and sent back. A session goes on
 * only for who began it. */
#include <stdlib.h>
#include <string.h>

#include "command/dialog.h"
#include "command/form.h"
#include "stanza/ns.h"
#include "stanza/tokenizer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct xml_limits limits = {.stanza_bytes = 1 << 20,
	.depth = 50,
	.attributes = 50,
	.attribute_bytes = 50000,
	.name_bytes = 1000,
	.children = 2000,
	.nodes = 10000};

/* The first stanza of the text; NULL: there is none. */
static struct node *stanza_of(struct str text, struct arena **out_arena)
{
	static const char head[] = "<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>";
	struct tokenizer *t = tokenizer_new(&limits);
	const char *at = head;
	size_t len = sizeof(head) - 1;
	struct node *node = NULL;
	struct arena *arena = NULL;

	if (tokenizer_feed(t, &at, &len, &node, &arena) != XML_STREAM_OPEN)
		abort();
	arena_free(arena);
	arena = NULL;
	node = NULL;
	at = text.data;
	len = text.len;
	if (tokenizer_feed(t, &at, &len, &node, &arena) != XML_STANZA) {
		arena_free(arena);
		arena = NULL;
		node = NULL;
	}
	tokenizer_free(t);
	*out_arena = arena;
	return node;
}

/* ---- forms ---- */

static const struct field *field_of(const struct command *c, const char *var)
{
	for (const struct field *f = c->fields; f && f->var; f++)
		if (strcmp(f->var, var) == 0)
			return f;
	abort();
}

static void values_fit(const struct command *c, const json_t *values)
{
	const char *var;
	json_t *list;

	json_object_foreach((json_t *)(uintptr_t)values, var, list) {
		const struct field *f = field_of(c, var);
		size_t n = json_array_size(list), most = f->type == FIELD_JIDS || f->type == FIELD_LINES ? FORM_VALUES_MAX : 1;

		if (n == 0 || n > most || f->type == FIELD_SECRET)
			abort();
	}
}

static void form_comes_back(const struct command *c, const json_t *values)
{
	struct buf text = BUF_INIT(0);
	struct arena *arena;
	const char *fault;
	struct node *form;
	json_t *again;

	form_put(&text, c, values);
	form = stanza_of(buf_view(&text), &arena);
	again = form ? form_take(c, form, arena, &fault) : NULL;
	if (!again || !json_equal(values, again))
		abort();
	json_decref(again);
	arena_free(arena);
	buf_clear(&text);
	form_put_result(&text, c, values, STR("<more/>"));
	if (!stanza_of(buf_view(&text), &arena))
		abort();
	arena_free(arena);
	form_first(values, "accountjid");
	form_text(values, "motd", &text);
	buf_done(&text);
}

static void take_form(const struct command *c, const struct node *request, struct arena *arena)
{
	const struct node *form = node_child(request, STR("x"), NS_DATA_FORMS);
	const char *fault = NULL;
	json_t *values = form ? form_take(c, form, arena, &fault) : NULL;

	if (form && !values && !fault)
		abort();
	if (!values)
		return;
	values_fit(c, values);
	form_comes_back(c, values);
	json_decref(values);
}

/* ---- sessions ---- */

static void take_dialog(const struct command *c, const struct node *request)
{
	struct dialog_request rq = {.command = c,
		.who = STR("admin@example.org/desk"),
		.session = node_attr(request, STR("sessionid")),
		.action = node_attr(request, STR("action")),
		.lang = node_attr_ns(request, STR("lang"), NS_XML)};
	char id[DIALOG_ID + 1], again[DIALOG_ID + 1];
	enum dialog_step step;
	struct dialogs d;

	dialogs_init(&d);
	step = dialog_take(&d, &rq, id);
	if (step == DIALOG_SUBMIT || step == DIALOG_CANCEL) /* nobody has begun one */
		abort();
	if (step == DIALOG_BEGIN && d.count) {
		rq.session = str_of(id, DIALOG_ID);
		rq.who = STR("mallory@example.org/desk");
		if (dialog_take(&d, &rq, again) == DIALOG_SUBMIT)
			abort();
		rq.who = STR("admin@example.org/desk");
		if (dialog_take(&d, &rq, again) != DIALOG_SUBMIT)
			abort();
		dialog_end(&d, rq.session);
		if (dialog_take(&d, &rq, again) != DIALOG_E_EXPIRED)
			abort();
		rq.session = STR("");
		rq.now = DIALOG_SECONDS;
		dialog_condition(dialog_take(&d, &rq, again));
	}
	dialog_condition(step);
	dialogs_done(&d);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = NULL;
	const struct node *stanza = stanza_of(str_of((const char *)data, size), &arena);
	const struct node *request = stanza ? node_child(stanza, STR("command"), NS_COMMANDS) : NULL;
	const struct command *c = request ? command_find(node_attr(request, STR("node"))) : NULL;

	if (!command_at(0)) /* the table has some */
		abort();
	if (c) {
		take_form(c, request, arena);
		take_dialog(c, request);
	}
	arena_free(arena);
	return 0;
}
